// SPDX-License-Identifier: Apache-2.0
// What clients say besides what load/signals.h has.
#pragma once

#include <string>
#include <string_view>

#include "load/signals.h"

namespace heliograph::sim {

using load::Session;

std::string restarting_offer(const Session& who, std::string_view sdp);
std::string restarting_watch(const Session& who, const Session& publisher);
std::string unpublish(const Session& who);
std::string unwatch(const Session& who, const Session& publisher);
std::string update(const Session& who, bool video, bool audio);
// layer: "h", "m", "l" or "auto".
std::string simulcast_update(const Session& who, const Session& publisher, std::string_view layer, bool pause);
std::string kick(const Session& who, const Session& whom);
std::string end_of_candidates(const Session& who, const Session& publisher);

}  // namespace heliograph::sim
