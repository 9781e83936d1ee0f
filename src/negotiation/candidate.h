// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace heliograph::negotiation {

// Whether "candidate:…" follows the grammar (RFC 8839 section 5.1): names, TCP and any address family do (B-41). More
// is not asked of it: an ICE-lite agent learns where the client is from its checks (RFC 8445 section 2.5).
bool is_candidate(std::string_view attribute);

}  // namespace heliograph::negotiation
