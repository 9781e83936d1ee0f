// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "load/histogram.h"

namespace heliograph::load {

// Who joins: those who are there while the others come, and the burst after them.
enum class Wave : uint8_t { kRunning, kBurst };
inline constexpr size_t kWaves = 2;

// How long it took to come in, of each PeerConnection that watches.
struct JoinTimes {
  Histogram join_to_connected;  // from JOIN to DTLS being up
  Histogram join_to_media;      // from JOIN to the first packet of a keyframe; of audio where there is no video
  Histogram open_to_media;      // the same from the WebSocket's connect()
};

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
  std::array<JoinTimes, kWaves> joins;
  // From send() of the publisher to the viewer's kernel, since the last DelayLog::cut().
  std::array<Histogram, kWaves> recent_delay;

  JoinTimes& of(Wave wave) { return joins[static_cast<size_t>(wave)]; }
  const JoinTimes& of(Wave wave) const { return joins[static_cast<size_t>(wave)]; }
};

}  // namespace heliograph::load
