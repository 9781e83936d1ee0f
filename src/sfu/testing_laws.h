// SPDX-License-Identifier: Apache-2.0
// For tests: what every viewer of a Subscription may rely on, whatever the publisher and the network do.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rtp/packet.h"
#include "sfu/subscription.h"

namespace heliograph::sfu::testing {

// Is told of every packet that leaves, first sendings and retransmissions alike. breach() says the first law broken.
class Laws {
 public:
  explicit Laws(plan::Codec codec = plan::Codec::kVp8) : codec_(codec) {}

  void sent(const Subscription& subscription, const MediaPacket& packet, const Rewrite& rewrite) {
    auto bytes = bytes_of(subscription, packet, rewrite);
    const auto [found, fresh] =
        sent_.try_emplace(rewrite.index, Sent{packet.layer, packet.source, packet.sequence, {}});
    if (fresh) {
      found->second.timestamp = rewrite.timestamp;
      found->second.source_timestamp = packet.timestamp;
      found->second.picture_id = picture_id_of(rewrite, packet);
      found->second.keyframe = packet.keyframe;
      found->second.bytes = std::move(bytes);
      check_neighbours(found);
    } else if (found->second.bytes != bytes) {
      breach("an index came back with other bytes (RFC 7714 section 8.1)", rewrite.index);
    }
  }

  // The line was resumed: what follows may begin anew, even with the same source.
  void resumed() { resumed_at_.push_back(newest()); }

  const std::optional<std::string>& breach() const { return breach_; }
  size_t count() const { return sent_.size(); }
  bool has_sent(uint64_t index) const { return sent_.contains(index); }
  uint64_t newest() const { return sent_.empty() ? 0 : sent_.rbegin()->first; }

 private:
  struct Sent {
    uint8_t layer;
    uint64_t source;
    int64_t sequence;
    std::vector<uint8_t> bytes;
    uint32_t timestamp = 0;
    uint32_t source_timestamp = 0;
    int32_t picture_id = -1;
    bool keyframe = false;
  };
  using Place = std::map<uint64_t, Sent>::iterator;

  static std::vector<uint8_t> bytes_of(const Subscription& subscription, const MediaPacket& packet,
                                       const Rewrite& rewrite) {
    std::vector<uint8_t> bytes(rtp::kFixedHeaderSize + kMaxExtensions);
    bytes.resize(subscription.write_header(packet, rewrite, bytes.data()));
    const auto patch = rewrite.patch.span();
    bytes.insert(bytes.end(), patch.begin(), patch.end());
    const auto rest = packet.payload.subspan(patch.size());
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    return bytes;
  }
  int32_t picture_id_of(const Rewrite& rewrite, const MediaPacket& packet) const {
    std::vector<uint8_t> payload(packet.payload.begin(), packet.payload.end());
    std::ranges::copy(rewrite.patch.span(), payload.begin());
    const auto numbers = read_picture_numbers(codec_, payload);
    return numbers.picture_id_bits == 15 ? numbers.picture_id : -1;  // a publisher may change to 7 bits and back
  }

  void check_neighbours(Place at) {
    if (at != sent_.begin()) check_pair(*std::prev(at), *at);
    if (std::next(at) != sent_.end()) check_pair(*at, *std::next(at));
  }
  void check_pair(const std::pair<const uint64_t, Sent>& before, const std::pair<const uint64_t, Sent>& after) {
    const auto& a = before.second;
    const auto& b = after.second;
    const auto step = static_cast<int32_t>(b.timestamp - a.timestamp);
    const bool same_life =
        std::ranges::none_of(resumed_at_, [&](uint64_t last) { return before.first <= last && last < after.first; });
    if (same_life && a.layer == b.layer && a.source == b.source) {
      // Within a source a hole stays a hole, and nothing else is one (RFC 3550 section 7.1).
      if (b.sequence - a.sequence != static_cast<int64_t>(after.first - before.first))
        breach("numbers within a source moved against each other", after.first);
      if (static_cast<uint32_t>(step) != b.source_timestamp - a.source_timestamp)
        breach("timestamps within a source moved against each other", after.first);
      return;
    }
    if (!b.keyframe && after.first == before.first + 1) breach("another source begins without a keyframe", after.first);
    if (step <= 0) breach("a switch turns the timestamp back", after.first);
    if (after.first == before.first + 1 && a.picture_id >= 0 && b.picture_id >= 0 &&
        b.picture_id != ((a.picture_id + 1) & 0x7fff))
      breach("a switch leaves a hole in the picture ids", after.first);
  }
  void breach(const char* what, uint64_t index) {
    if (!breach_) breach_ = std::string(what) + ", at " + std::to_string(index);
  }

  plan::Codec codec_;
  std::map<uint64_t, Sent> sent_;
  std::vector<uint64_t> resumed_at_;
  std::optional<std::string> breach_;
};

}  // namespace heliograph::sfu::testing
