// SPDX-License-Identifier: Apache-2.0
#include "srtp/source_table.h"

#include <algorithm>

namespace heliograph::srtp {
namespace {

constexpr uint64_t kLap = 1 << 16;
constexpr uint64_t kHalfLap = kLap / 2;

}  // namespace

uint64_t ReplayWindow::estimate(uint16_t sequence) const {
  if (!started_) return sequence;
  const uint64_t lap = newest_ & ~(kLap - 1);
  const uint64_t newest_sequence = newest_ & (kLap - 1);
  if (newest_sequence < kHalfLap) return sequence > newest_sequence + kHalfLap ? lap - kLap + sequence : lap + sequence;
  return newest_sequence - kHalfLap > sequence ? lap + kLap + sequence : lap + sequence;
}

ReplayWindow::Verdict ReplayWindow::check(uint64_t index) const {
  if (index > kMaxIndex) return Verdict::kTooOld;
  if (!started_ || index > newest_) return Verdict::kFresh;
  if (newest_ - index >= kWindow) return Verdict::kTooOld;
  const uint64_t word = seen_[index / 64 % seen_.size()];
  return (word >> (index % 64) & 1) != 0 ? Verdict::kReplayed : Verdict::kFresh;
}

void ReplayWindow::accept(uint64_t index) {
  if (!started_) newest_ = index;
  started_ = true;
  if (index > newest_) advance_to(index);
  seen_[index / 64 % seen_.size()] |= uint64_t{1} << (index % 64);
}

// The ring's bits of the indices that come into the window still say what was kWindow ago.
void ReplayWindow::advance_to(uint64_t index) {
  if (index - newest_ >= kWindow) {
    seen_.fill(0);
  } else {
    for (uint64_t i = newest_ + 1; i <= index; ++i) seen_[i / 64 % seen_.size()] &= ~(uint64_t{1} << (i % 64));
  }
  newest_ = index;
}

ReplayWindow* SourceTable::find(base::Ssrc ssrc) {
  if (last_found_ < ssrcs_.size() && ssrcs_[last_found_] == ssrc) return &windows_[last_found_];
  const auto found = std::ranges::find(ssrcs_, ssrc);
  if (found == ssrcs_.end()) return nullptr;
  last_found_ = static_cast<size_t>(found - ssrcs_.begin());
  return &windows_[last_found_];
}

ReplayWindow* SourceTable::add(base::Ssrc ssrc) {
  if (ssrcs_.size() == kMaxSources) return nullptr;
  last_found_ = ssrcs_.size();
  ssrcs_.push_back(ssrc);
  return &windows_.emplace_back();
}

}  // namespace heliograph::srtp
