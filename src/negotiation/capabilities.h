// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/socket_address.h"
#include "crypto/fingerprint.h"
#include "plan/media.h"

namespace heliograph::negotiation {

// Simulcast layers that are taken from one line; the offer's first ones.
inline constexpr size_t kMaxLayers = 3;

// What we bring to every description that we write.
struct Capabilities {
  std::vector<base::SocketAddress> candidates;  // where UDP is heard, as clients reach it; the preferred one first
  crypto::Fingerprint fingerprint;              // of our certificate
  bool audio_only = false;                      // a2m: video lines are answered with port 0 and not offered
  // The first of these that is offered is taken, before the offer's own order: on a restart the codec that the living
  // publication has, so that its viewers notice nothing (B-22); when the uplink goes to HLS what an mp4 may hold
  // (B-25).
  std::vector<plan::Codec> preferred_video = {};
};

// o= of a description of ours: one id for the life of a PeerConnection, the version one higher each time (RFC 8829
// section 5.2.2).
struct SessionVersion {
  uint64_t session_id = 0;  // below 2^63
  uint64_t version = 1;
};

}  // namespace heliograph::negotiation
