// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/time.h"

namespace heliograph::sfu {

// By what a decoder tells that a picture is missing: PictureID and TL0PICIDX of VP8 and VP9 payload descriptors (RFC
// 7741 section 4.2, RFC 9628 section 4.2), frame_number of the dependency descriptor (AV1 RTP specification appendix
// A).
struct PictureNumbers {
  int32_t picture_id = -1;  // -1: there is none
  int32_t tl0_pic_idx = -1;
  uint8_t picture_id_bits = 0;  // 7 or 15
  int32_t frame_number = -1;    // 16 bits
};

// At most this many encodings of a track at a time (q, h, f).
inline constexpr size_t kMaxLayers = 3;
// Numbers of sources that each uplink of a publication has for itself, by the power of two: enough for every packet to
// be another source.
inline constexpr int kSourceBits = 40;
constexpr uint64_t first_source_of(uint64_t uplink) { return uplink << kSourceBits; }
constexpr uint64_t uplink_of(uint64_t source) { return source >> kSourceBits; }
// Of MediaPacket::extensions, in bytes.
inline constexpr size_t kMaxExtensions = 308;
// RTP padding (RFC 3550 section 5.1) that we put behind a payload, in bytes.
inline constexpr size_t kMaxPadding = 48;

// One packet of a publication as all its viewers share it: never changed after it was made. A view: what owns the bytes
// is said where one is handed out.
struct MediaPacket {
  int64_t sequence = 0;    // unwrapped, of its layer's source
  uint32_t timestamp = 0;  // RTP timestamp of the source
  base::Timestamp arrival;
  uint8_t layer = 0;  // place in the track's list of layers
  // Another one for each SSRC that takes the layer over; never comes back within a publication. It is half of what
  // says that a retransmission has the same bytes.
  uint64_t source = 0;
  bool marker = false;
  bool keyframe = false;  // a decoder can start here
  PictureNumbers numbers;
  uint8_t extension_ids = 0;   // a bit for each of kDownlinkExtensions' ids that is in `extensions`
  uint16_t descriptor_at = 0;  // where in `extensions` the dependency descriptor lies; only with a frame_number
  // RFC 8285 block with kDownlinkExtensions' ids, header word and padding included; or empty.
  base::ConstBytes extensions;
  base::ConstBytes payload;  // without RTP padding
  // What goes behind the payload to every viewer, so that datagrams are of one size: decided once, before the packet is
  // sent for the first time, for what is sent again must be the same bytes. Only of packets in a History, which has the
  // bytes.
  uint8_t padding = 0;
  base::ConstBytes padded_payload() const { return {payload.data(), payload.size() + padding}; }
};

}  // namespace heliograph::sfu
