// SPDX-License-Identifier: Apache-2.0
// ICE in m2m and a2m. The server is ICE-lite (RFC 8445 section 2.5): it forms no checks of its own, so a candidate is
// looked at and let go. That keeps B-9 and B-53 for early ones too: they are accepted, and since none is stored there
// is nothing to run full.
#pragma once

#include "control/state.h"

namespace heliograph::control {

void receive_candidate(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                       const signal::Ice& ice);

}  // namespace heliograph::control
