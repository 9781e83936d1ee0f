// SPDX-License-Identifier: Apache-2.0
// RTP header extensions (RFC 8285): between a=extmap and plan::ExtensionIds.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "plan/media.h"
#include "sdp/description.h"

namespace heliograph::negotiation {

// Which URI an id stands for, over all lines of one bundled transport.
using ExtensionNames = std::map<uint8_t, std::string>;

// The extensions of a line on which the other side sends, under the offer's ids. One id must mean the same on all
// bundled lines (RFC 8843 section 15; aiortc 1.4 offers otherwise): `names` remembers, and what contradicts it is left
// out.
plan::ExtensionIds read_uplink_extensions(const sdp::Media& offered, ExtensionNames& names);
// a=extmap lines of the answer, with the offer's direction mirrored (RFC 8285 section 6).
void write_answer_extensions(sdp::Media& answer, const sdp::Media& offered, const plan::ExtensionIds& taken);

// What we offer a viewer on a line of this codec: ids of plan::kDownlinkExtensions.
plan::ExtensionIds downlink_extensions(plan::Codec codec);
void write_offer_extensions(sdp::Media& offer, const plan::ExtensionIds& offered);
// Those of `offered` that the answer keeps, under the same id.
plan::ExtensionIds read_answered_extensions(const sdp::Media& answer, const plan::ExtensionIds& offered);

}  // namespace heliograph::negotiation
