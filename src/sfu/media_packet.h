// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/time.h"

namespace heliograph::sfu {

// The picture numbers inside VP8 and VP9 payload descriptors, PictureID and TL0PICIDX (RFC 7741 section 4.2, RFC 9628
// section 4.2).
struct PictureNumbers {
  int32_t picture_id = -1;  // -1: the descriptor has none
  int32_t tl0_pic_idx = -1;
  uint8_t picture_id_bits = 0;  // 7 or 15
};

// At most this many encodings of a track at a time (q, h, f).
inline constexpr size_t kMaxLayers = 3;

// One packet of a publication as all its viewers share it: never changed after it was made. A view: what owns the bytes
// is said where one is handed out.
struct MediaPacket {
  int64_t sequence = 0;    // unwrapped, of its layer's source
  uint32_t timestamp = 0;  // RTP timestamp of the source
  base::Timestamp arrival;
  uint8_t layer = 0;   // place in the track's list of layers
  uint8_t source = 0;  // grows when another SSRC takes the layer over
  bool marker = false;
  bool keyframe = false;   // a decoder can start here
  PictureNumbers numbers;  // VP8 and VP9
  base::ConstBytes
      extensions;            // RFC 8285 block with kDownlinkExtensions' ids, header word and padding included; or empty
  base::ConstBytes payload;  // without RTP padding
};

}  // namespace heliograph::sfu
