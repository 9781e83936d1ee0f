// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "plan/command.h"
#include "plan/media.h"

namespace heliograph::control {

// What a peer is expected to cost its shard, in packets a second received or sent.
using PacketRate = uint64_t;

constexpr PacketRate rate_of(plan::Kind kind) { return kind == plan::Kind::kAudio ? 50 : 300; }
template <class Track>
PacketRate rate_of(const std::vector<Track>& tracks) {
  PacketRate sum = 0;
  for (const auto& track : tracks) sum += rate_of(track.kind);
  return sum;
}

// Which shard the next peer goes to (docs/decisions/0015-placement.md): books of what every shard forwards, kept by
// control itself, so that a burst of joins is spread before its first packet. Where a shard was measured to do more
// than the books say, the measure counts.
class Placement {
 public:
  // A publication crosses to another shard only where that shard has so much less to do than its home: six viewers of
  // audio and video.
  static constexpr PacketRate kCrossing = 6 * (rate_of(plan::Kind::kAudio) + rate_of(plan::Kind::kVideo));

  explicit Placement(size_t shards) : shards_(shards) {}

  // The shard with the least to do; those that are equal take turns.
  plan::ShardIndex of_publisher();
  // The publication's home or a shard that it crosses to already, unless another has less to do by kCrossing.
  plan::ShardIndex of_viewer(const plan::PublicationId& publication);

  // A peer comes, costs something else from now on, or goes. `watched`: the publication that it is sent, number 0 if
  // it publishes itself.
  void add(plan::ShardIndex shard, const plan::PublicationId& watched);
  void weigh(plan::ShardIndex shard, PacketRate before, PacketRate now);
  void remove(plan::ShardIndex shard, const plan::PublicationId& watched);
  // What each shard has really received and sent a second, lately.
  void measured(std::span<const PacketRate> rates);

  PacketRate load(plan::ShardIndex shard) const;
  std::vector<PacketRate> loads() const;
  // How many peers each shard has.
  std::vector<size_t> peers() const;

 private:
  struct Shard {
    size_t peers = 0;
    PacketRate booked = 0;
    PacketRate measured = 0;
    PacketRate booked_then = 0;  // when it was measured
  };

  template <class Cost>
  plan::ShardIndex cheapest(Cost cost);

  std::vector<Shard> shards_;
  std::map<uint64_t, std::vector<uint32_t>> viewers_;  // of a publication's number, by shard; none without viewers
  size_t next_ = 0;                                    // whose turn it is among equals
};

}  // namespace heliograph::control
