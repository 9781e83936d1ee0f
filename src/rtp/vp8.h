// SPDX-License-Identifier: Apache-2.0
// The VP8 payload descriptor (RFC 7741 section 4.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace heliograph::rtp {

struct Vp8Descriptor {
  bool non_reference = false;       // N
  bool start_of_partition = false;  // S
  uint8_t partition = 0;            // PID, 0–7
  bool extended = false;            // X: the second byte is there, even where it announces nothing
  std::optional<uint16_t> picture_id;
  bool long_picture_id = false;  // M: 15 bits instead of 7
  std::optional<uint8_t> tl0_pic_idx;
  std::optional<uint8_t> temporal_id;  // TID, 0–3
  bool layer_sync = false;             // Y
  std::optional<uint8_t> key_idx;      // KEYIDX, 0–31
  uint8_t size = 0;                    // bytes of the descriptor, 1–6; parse() sets it

  // nullopt when the payload ends inside the descriptor.
  static std::optional<Vp8Descriptor> parse(base::ConstBytes payload);
  // The same descriptor with the fields as they are now; as long as parse() found it when no field came or went. The
  // reserved bits become zero.
  void write(base::ByteWriter& out) const;

  bool operator==(const Vp8Descriptor&) const = default;
};

// The first packet of a key frame: start of partition 0 and an inverse P bit (RFC 7741 sections 4.2 and 4.3).
bool vp8_starts_keyframe(base::ConstBytes payload);

}  // namespace heliograph::rtp
