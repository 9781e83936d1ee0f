// SPDX-License-Identifier: Apache-2.0
// The VP9 payload descriptor (RFC 9628 section 4.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace heliograph::rtp {

struct Vp9Descriptor {
  bool inter_predicted = false;   // P
  bool flexible = false;          // F
  bool start_of_frame = false;    // B
  bool end_of_frame = false;      // E
  bool not_reference_up = false;  // Z: no higher spatial layer needs this one
  std::optional<uint16_t> picture_id;
  bool long_picture_id = false;  // 15 bits instead of 7
  bool has_layers = false;       // L
  uint8_t temporal_id = 0;       // TID; 0 without layers
  uint8_t spatial_id = 0;        // SID; 0 without layers
  bool switching_up = false;     // U
  bool inter_layer = false;      // D
  std::optional<uint8_t> tl0_pic_idx;
  bool has_structure = false;   // V: a scalability structure is here
  uint8_t spatial_layers = 0;   // of the structure, 1–8; 0 without one
  uint8_t size = 0;             // bytes of the descriptor up to the scalability structure
  uint16_t structure_size = 0;  // bytes of the structure; the VP9 data begins after both

  static std::optional<Vp9Descriptor> parse(base::ConstBytes payload);

  bool operator==(const Vp9Descriptor&) const = default;
};

// The first packet of a picture that needs none before it: begins a frame of spatial layer 0, not inter-predicted.
bool vp9_starts_keyframe(base::ConstBytes payload);

}  // namespace heliograph::rtp
