// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/state.h"

namespace heliograph::control {

// What a client said, checked in the order of B-52 and given to whom it concerns.
void dispatch(Turn& turn, ConnectionId connection, const signal::Signal& signal);

}  // namespace heliograph::control
