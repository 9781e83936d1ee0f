// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/spsc_ring.h"
#include "plan/command.h"
#include "sfu/media_packet.h"
#include "sfu/sender_clock.h"

namespace heliograph::shard {

// What one shard says to another, in a ring of its own. A publication crosses to a shard once, however many viewers it
// has there. What makes HLS of publications (server/) is one more end of these rings: it watches as a shard does.
struct Crossing {
  enum class Kind : uint8_t {
    kWatch,            // viewer's shard → home: send me this publication
    kUnwatch,          // viewer's shard → home
    kRequestKeyframe,  // viewer's shard → home: on `packet.layer` of `kind`
    kTrack,            // home → viewer's shard: the publication has a track of this codec
    kMedia,            // home → viewer's shard
    kClock,            // home → viewer's shard: a sender report
    kEnded,            // home → viewer's shard
  };
  static constexpr size_t kMaxBytes = 1536;

  Kind what = Kind::kWatch;
  plan::Kind kind = plan::Kind::kAudio;
  plan::Codec codec = plan::Codec::kOpus;
  plan::PublicationId publication;
  plan::ShardIndex from = 0;
  sfu::MediaPacket packet;  // kMedia: its views mean nothing here, see extensions_size and bytes
  sfu::SenderClock::Report report;
  uint16_t extensions_size = 0;
  uint16_t payload_size = 0;
  std::array<uint8_t, kMaxBytes> bytes;  // extensions, then payload
};

// Ends of rings that there may be: who watches a publication is a mask of 64 bits.
inline constexpr size_t kMaxEnds = 64;

using CrossingRing = base::SpscRing<Crossing>;

// One shard's ends of the rings: [i] to and from shard i; its own are null. Owned by who wires the shards.
struct Crossings {
  std::vector<CrossingRing*> to;
  std::vector<CrossingRing*> from;
};

}  // namespace heliograph::shard
