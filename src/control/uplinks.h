// SPDX-License-Identifier: Apache-2.0
// OFFER in m2m and a2m: a session's uplink and the publication that it feeds.
#pragma once

#include "control/peers.h"
#include "control/state.h"

namespace heliograph::control {

// From a member who may publish. Acks or refuses (B-20…B-26).
void receive_offer(Turn& turn, OpenRoom& room, ConnectionId connection, const signal::Header& header,
                   const signal::Offer& offer);
// ICE and DTLS are up: the publication is in the list (B-26).
void uplink_connected(Turn& turn, const FoundPeer& found);
// The publication ends, and with it everybody's downlink to it. Nothing when there is no uplink.
void end_uplink(Turn& turn, OpenRoom& room, const SessionKey& key);

}  // namespace heliograph::control
