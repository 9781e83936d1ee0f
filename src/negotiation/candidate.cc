// SPDX-License-Identifier: Apache-2.0
#include "negotiation/candidate.h"

#include "sdp/candidate.h"

namespace heliograph::negotiation {

bool is_candidate(std::string_view attribute) { return sdp::parse_candidate(attribute).has_value(); }

}  // namespace heliograph::negotiation
