// SPDX-License-Identifier: Apache-2.0
// For tests: RTP packets as publishers send them.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/check.h"
#include "plan/media.h"
#include "rtp/header_writer.h"
#include "rtp/packet.h"
#include "rtp/vp8.h"

namespace heliograph::sfu::testing {

struct Packet {
  uint32_t ssrc = 1;
  uint8_t type = 96;
  uint16_t sequence = 0;
  uint32_t timestamp = 0;
  bool marker = false;
  std::vector<std::pair<uint8_t, std::vector<uint8_t>>> extensions = {};
  std::vector<uint8_t> payload = {};
};

inline std::vector<uint8_t> text(std::string_view s) { return {s.begin(), s.end()}; }

// The bytes of a packet, and the view of them.
class Wire {
 public:
  explicit Wire(const Packet& p) : bytes_(1500) {
    rtp::Header header{.marker = p.marker,
                       .payload_type = base::PayloadType(p.type),
                       .sequence_number = p.sequence,
                       .timestamp = p.timestamp,
                       .ssrc = base::Ssrc(p.ssrc)};
    std::vector<rtp::Extension> extensions;
    for (const auto& [id, value] : p.extensions) extensions.push_back({id, value});
    bytes_.resize(rtp::write_header(bytes_, header, extensions));
    CHECK(!bytes_.empty());
    bytes_.insert(bytes_.end(), p.payload.begin(), p.payload.end());
  }
  rtp::PacketView view() const { return *rtp::PacketView::parse(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
};

// A VP8 payload with a 15-bit PictureID and a TL0PICIDX (RFC 7741 section 4.2), then `filler`.
inline std::vector<uint8_t> vp8(bool keyframe, uint16_t picture_id, uint8_t tl0_pic_idx,
                                const std::vector<uint8_t>& filler = {}, bool first = true) {
  rtp::Vp8Descriptor d;
  d.extended = true;
  d.start_of_partition = first;
  d.picture_id = picture_id;
  d.long_picture_id = true;
  d.tl0_pic_idx = tl0_pic_idx;
  std::vector<uint8_t> payload(16);
  base::ByteWriter out(payload);
  d.write(out);
  out.u8(keyframe ? 0 : 1);  // RFC 7741 section 4.3: P
  payload.resize(out.size());
  payload.insert(payload.end(), filler.begin(), filler.end());
  return payload;
}

}  // namespace heliograph::sfu::testing
