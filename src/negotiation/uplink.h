// SPDX-License-Identifier: Apache-2.0
// The publisher offers, we answer.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/refusal.h"
#include "negotiation/capabilities.h"
#include "plan/media.h"
#include "plan/transport.h"

namespace heliograph::negotiation {

struct Uplink {
  std::string answer_sdp;
  plan::RemoteTransport remote;
  std::vector<plan::UplinkTrack> tracks;  // 1 or 2, in the offer's order; at most one of each kind
};

// The answer to an uplink's offer, and what it agrees on (B-20, B-21, B-24, B-50): the first audio and the first video
// line that send in a codec we take are published; lines that only receive or are inactive are answered inactive, so
// that a browser can use them later; all others get port 0. Refusals are 2001 with a reason that a developer can act
// on.
std::expected<Uplink, base::Refusal> answer(std::string_view offer_sdp, const plan::IceParameters& local_ice,
                                            SessionVersion session, const Capabilities& capabilities);

enum class UplinkChange {
  kRenegotiation,      // same ufrag and fingerprint: tracks were added or dropped
  kIceRestart,         // same fingerprint, other ICE credentials: the same PeerConnection
  kNewPeerConnection,  // other fingerprint
};
// What a second offer of a session is with respect to its first (B-22, B-23).
UplinkChange classify(const plan::RemoteTransport& before, const plan::RemoteTransport& after);

}  // namespace heliograph::negotiation
