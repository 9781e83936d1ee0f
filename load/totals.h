// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "load/histogram.h"

namespace heliograph::load {

// What all clients together have counted; only ever grows.
struct Totals {
  uint64_t sent = 0;               // RTP packets of publishers, without retransmissions
  uint64_t sent_bytes = 0;         // their payloads
  uint64_t resent = 0;             // asked of publishers by NACK
  uint64_t keyframe_requests = 0;  // PLI and FIR that publishers obeyed
  uint64_t received = 0;           // RTP packets that viewers decrypted, each once
  uint64_t received_bytes = 0;     // their payloads
  uint64_t repaired = 0;           // of received: by retransmission
  uint64_t nacks = 0;              // NACK packets that viewers sent
  Histogram delay;                 // from send() of the publisher to the viewer, while measuring
  Histogram join_to_media;         // from JOIN to the first packet of a keyframe; of audio where there is no video
  bool measuring = false;
};

}  // namespace heliograph::load
