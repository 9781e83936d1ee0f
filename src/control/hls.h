// SPDX-License-Identifier: Apache-2.0
// Which publications are HLS streams too (B-25): what the packager is told of them, and what the room hears.
#pragma once

#include <map>
#include <string>

#include "control/state.h"
#include "plan/hls.h"

namespace heliograph::control {

// Where the playlist of a session of this room is, or would be.
std::string hls_url(const OpenRoom& room, const SessionKey& key);
// "" when what the session publishes is not forwarded.
std::string hls_of(const OpenRoom& room, const SessionKey& key);

// What the packager must know: every publication that is forwarded, `prefix` aside. A pure function of the room.
std::map<SessionKey, plan::StartHls> hls_wanted(const OpenRoom& room);
// StartHls and StopHls until it was told exactly that; at the end of every turn.
void sync_hls(Turn& turn, OpenRoom& room);

// Whether the session may have a stream. When the server has as many as it may: counted, logged, and no.
bool may_forward(const Turn& turn, const OpenRoom& room, const SessionKey& key);
// The publication of the session ends in this turn, or none of its is forwarded from now on. kMeant ends a stream that
// waits for its publisher, too.
void end_hls(Turn& turn, OpenRoom& room, const SessionKey& key, Ending why);
// The room closes: every stream of it is over.
void end_all_hls(Turn& turn, OpenRoom& room);

// The packager says so: remembered, and pushed to the room when it is new there.
void hls_changed(Turn& turn, const plan::HlsChanged& changed);
// The publisher has not come back, nor has the packager said that it is over.
void hls_held_too_long(Turn& turn, OpenRoom& room, const SessionKey& key);

}  // namespace heliograph::control
