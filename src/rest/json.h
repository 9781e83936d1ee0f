// SPDX-License-Identifier: Apache-2.0
// What the control plane tells an operator, as JSON.
#pragma once

#include <boost/json/object.hpp>

#include "control/admin.h"

namespace heliograph::rest {

boost::json::object to_json(const control::RoomSummary& room);
boost::json::object to_json(const control::Participant& participant);
boost::json::object to_json(const control::HlsStatus& hls);
boost::json::object to_json(const control::RoomStats& stats);

}  // namespace heliograph::rest
