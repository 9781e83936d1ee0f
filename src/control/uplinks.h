// SPDX-License-Identifier: Apache-2.0
// OFFER in m2m and a2m: a session's uplink and the publication that it feeds.
#pragma once

#include "control/peers.h"
#include "control/state.h"

namespace heliograph::control {

// From a member who may publish. Acks or refuses (B-20…B-26).
void receive_offer(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                   const signal::Offer& offer);
// UNPUBLISH by a publisher: the uplink ends, if there is one (B-54).
void receive_unpublish(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header);
// ICE and DTLS are up: the publication is in the list (B-26).
void uplink_connected(Turn& turn, const FoundPeer& found);
// Its PeerConnection did not come up, or did not come back. While the one before it still lives the publication goes
// back to that, since the client has not given it up either and its media still comes; otherwise it ends.
void uplink_lost(Turn& turn, OpenRoom& room, const SessionKey& key);
// The PeerConnection that another is about to replace is closed, because it has died or because the other is up.
void drop_previous(Turn& turn, Session& session);
// The publication ends, and with it everybody's downlink to it. Where there is no uplink, at most an HLS stream that
// waits for it.
void end_uplink(Turn& turn, OpenRoom& room, const SessionKey& key, Ending why);

}  // namespace heliograph::control
