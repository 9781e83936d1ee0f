// SPDX-License-Identifier: Apache-2.0
// The RTP streams of an uplink's line: simulcast by rid (RFC 8853), and those that are named by SSRC (RFC 5576).
#pragma once

#include <string>
#include <vector>

#include "plan/media.h"
#include "sdp/description.h"

namespace heliograph::negotiation {

// The rids that we take, in the offer's order, at most kMaxLayers; the first of alternatives; only those whose a=rid
// lets `codec` through. Empty: the line sends one encoding without a rid.
std::vector<std::string> choose_rids(const sdp::Media& offered, const plan::CodecParameters& codec);
// a=rid:… recv and a=simulcast:recv lines.
void write_rids(sdp::Media& answer, const sdp::Media& offered, const std::vector<std::string>& rids,
                const plan::CodecParameters& codec);

// The streams that a=ssrc and a=ssrc-group declare: SIM's order first, then the lines' own; at most kMaxLayers. RTX is
// kept only where the codec has a payload type for it.
std::vector<plan::DeclaredSource> declared_sources(const sdp::Media& offered, const plan::CodecParameters& codec);

}  // namespace heliograph::negotiation
