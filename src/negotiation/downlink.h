// SPDX-License-Identifier: Apache-2.0
// We offer, the viewer answers.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/refusal.h"
#include "base/rng.h"
#include "negotiation/capabilities.h"
#include "plan/media.h"
#include "plan/transport.h"

namespace heliograph::negotiation {

// What one viewer is to be offered.
struct DownlinkSpec {
  std::vector<plan::UplinkTrack> tracks;  // what the publisher negotiated; one line each, audio first (B-31)
  // The MediaStream's id and the CNAME. Characters that RFC 8830 does not allow become '_', and both are cut at 64.
  std::string stream_id;
  std::string cname;
};

struct DownlinkOffer {
  std::string sdp;
  std::vector<plan::DownlinkTrack> tracks;  // one a line, in order; mids are "0", "1"
  std::vector<std::string> refused;         // mids that an earlier answer refused: their lines stay, with port 0
  std::string stream_id;
  SessionVersion session;
};

struct DownlinkAnswer {
  plan::RemoteTransport remote;
  // The lines that the viewer takes, with the payload types, RTX, feedback and extensions of the answer; 1 or 2.
  std::vector<plan::DownlinkTrack> tracks;
};

// sendonly lines on one bundled transport, actpass, our own payload types and kDownlinkExtensions. SSRCs come from rng.
// Video lines are left out where capabilities.audio_only. At least one line must be left: control/ does not offer what
// is not there.
DownlinkOffer offer(const DownlinkSpec& spec, const plan::IceParameters& local_ice, SessionVersion session,
                    const Capabilities& capabilities, base::Rng& rng);

// An ICE restart on the same PeerConnection (B-33): fresh credentials, version + 1, the same lines and SSRCs. `taken`
// is what the last answer took (before.tracks when none came): other lines stay with port 0, as RFC 8829 section 5.2.2
// asks.
DownlinkOffer reoffer(const DownlinkOffer& before, std::span<const plan::DownlinkTrack> taken,
                      const plan::IceParameters& local_ice, const Capabilities& capabilities);

// What the viewer's answer took of our offer (B-34). Refusals are 2001: lines that are not the offer's, no line taken,
// no usable transport.
std::expected<DownlinkAnswer, base::Refusal> accept(std::string_view answer_sdp, const DownlinkOffer& offer);

}  // namespace heliograph::negotiation
