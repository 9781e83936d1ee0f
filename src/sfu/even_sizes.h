// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "sfu/track.h"

namespace heliograph::sfu {

// Pads packets that go out together so that their datagrams are of one size: the kernel takes many as one UDP_SEGMENT
// message when all but the last are equal and the last is no larger. Encoders' packetizers cut a frame into parts that
// differ by a byte, the larger ones last, and extensions come and go: a few bytes of RTP padding (RFC 3550 section 5.1)
// save most of the messages. Packets that differ by more than kMaxPadding are left as they are: bytes on the wire are
// the viewer's. fresh: in the order of sending, just appended to the track, sent to nobody yet; of several layers, of
// which a viewer gets one.
void even_out(Track& track, std::span<const MediaPacket* const> fresh);

}  // namespace heliograph::sfu
