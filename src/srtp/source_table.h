// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ids.h"

namespace heliograph::srtp {

// Which indices of one source were accepted (RFC 3711 section 3.3.2): the newest one and the kWindow before it.
class ReplayWindow {
 public:
  // Ten times the 64 that the RFC asks for at least: a burst of simulcast video reordered by 100 ms still fits.
  static constexpr size_t kWindow = 1024;
  static constexpr uint64_t kMaxIndex = (uint64_t{1} << 48) - 1;
  enum class Verdict { kFresh, kReplayed, kTooOld };

  Verdict check(uint64_t index) const;
  // index was checked to be fresh and authentic.
  void accept(uint64_t index);
  // The 48-bit index of a sequence number, by the nearest lap to the newest (RFC 3711 section 3.3.1, appendix A); ROC 0
  // when nothing was accepted yet. May be "before zero": then a value of 2^48 or more, which no packet has.
  uint64_t estimate(uint16_t sequence) const;

 private:
  void advance_to(uint64_t index);

  std::array<uint64_t, kWindow / 64> seen_{};  // a ring of bits, by index
  uint64_t newest_ = 0;
  bool started_ = false;
};

// The windows of all SSRCs of one direction. When kMaxSources are there, more are refused: to forget one would let its
// packets be replayed, and would break its lap count.
class SourceTable {
 public:
  static constexpr size_t kMaxSources = 128;

  // nullptr: not heard yet.
  ReplayWindow* find(base::Ssrc ssrc);
  // nullptr when full.
  ReplayWindow* add(base::Ssrc ssrc);
  size_t size() const { return ssrcs_.size(); }

 private:
  std::vector<base::Ssrc> ssrcs_;
  std::vector<ReplayWindow> windows_;
  size_t last_found_ = 0;
};

}  // namespace heliograph::srtp
