// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/time.h"
#include "plan/command.h"
#include "sfu/media_packet.h"
#include "sfu/rate_meter.h"

namespace heliograph::sfu {

// The encodings of one video track from the lowest to the highest, and which of them a viewer's wish means. Owned by a
// Track.
//
// The order of rids or SSRCs says nothing that one may rely on, so encodings are ordered by what they carry, averaged
// over seconds, and two change places only when the lower one carries clearly more. What is weaker: a picture that
// stands still for long on the highest encoding alone would lose its place, for the order knows no resolutions.
class Ladder {
 public:
  // An encoding that has been silent for so long is not offered to viewers any more.
  static constexpr base::Duration kAliveWithin = base::Duration::millis(1500);
  // One that has just begun (again) is not compared: its rate does not say much yet.
  static constexpr base::Duration kSettling = base::Duration::seconds(1);
  static constexpr base::Duration kAveragedOver = base::Duration::seconds(5);
  static constexpr double kClearlyMore = 1.3;

  void on_packet(base::Timestamp now, uint8_t layer, size_t bytes);
  // It will not go on: who sent it has been replaced.
  void end(uint8_t layer) { rungs_[layer].heard = false; }
  bool ended(uint8_t layer) const { return !rungs_[layer].heard; }
  // Looks at the rates; to be called a few times a second.
  void rank(base::Timestamp now);

  bool alive(base::Timestamp now, uint8_t layer) const {
    return rungs_[layer].heard && now - rungs_[layer].last < kAliveWithin;
  }
  // What the wish means now; nullopt when no encoding is alive. The highest and the lowest are those of all that are
  // alive; medium is the one between of all that have been there, the lower one of two, and while that is silent its
  // nearest neighbour that is alive, the lower before the higher.
  std::optional<uint8_t> choose(base::Timestamp now, plan::Layer wish) const;

 private:
  struct Rung {
    RateMeter meter;
    bool heard = false;
    base::Timestamp since;  // alive without a break
    base::Timestamp last;
    double average = 0;  // bits a second
    bool settled = false;
  };
  void average(base::Timestamp now, Rung& rung, double weight);
  void insert(uint8_t layer);
  void sort();

  std::array<Rung, kMaxLayers> rungs_;
  std::array<uint8_t, kMaxLayers> order_{};  // from the lowest; those that have been compared
  size_t ranked_ = 0;
  base::Timestamp ranked_at_;
};

}  // namespace heliograph::sfu
