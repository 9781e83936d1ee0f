// SPDX-License-Identifier: Apache-2.0
#include "hls/source_clock.h"

#include <algorithm>

namespace heliograph::hls {
namespace {

using base::Duration;
using base::Timestamp;
using plan::Kind;

// A single odd packet is no other clock; so many in a row are.
constexpr int kEarlyPackets = 3;
// Packets held up by a network arrive in a burst, or between others that are not; a clock that was set back is late
// all the time.
constexpr Duration kLateFor = Duration::seconds(1);
// Nothing waits so long before it is placed: such a time is of another clock.
constexpr Duration kOldest = Duration::seconds(10);

// WebRTC's video codecs all have 90 kHz (RFC 7742 section 5 by their payload formats), Opus 48 kHz (RFC 7587 section
// 4.1).
constexpr int64_t rate(Kind kind) { return kind == Kind::kAudio ? 48'000 : 90'000; }

Duration magnitude(Duration d) { return d < Duration() ? -d : d; }

// The most by which the offset may move while `step` of media passes. Audio: 0.1 % is what AudioTrack follows with one
// sample in 20 ms, 0.4 % is 7 cents, about the least difference in pitch that a trained ear notices; for what could be
// seen as wrong lip movement. Video: 5 ms is less than half a refresh of a 60 Hz display, and a picture that stays long
// may move more.
Duration slew_limit(Kind kind, Duration step, Duration error) {
  if (kind == Kind::kVideo) return std::max(Duration::millis(5), step / 20);
  return error > Duration::millis(10) ? step / 250 : step / 1000;
}

}  // namespace

SourceClock::SourceClock(Kind kind, uint32_t timestamp, Timestamp arrival) : kind_(kind) { begin(timestamp, arrival); }

void SourceClock::begin(uint32_t timestamp, Timestamp arrival) {
  timestamps_ = {};
  origin_ = timestamps_.unwrap(timestamp);
  delay_.restart(arrival, arrival - Timestamp());
  early_ = 0;
  late_since_.reset();
  newest_arrival_ = std::max(newest_arrival_, arrival);
  report_.reset();
  offset_.reset();
  placed_.reset();
}

Duration SourceClock::media(int64_t ticks) const {
  return Duration::micros((ticks - origin_) * 1'000'000 / rate(kind_));
}

void SourceClock::on_packet(uint32_t timestamp, Timestamp arrival) {
  newest_arrival_ = std::max(newest_arrival_, arrival);
  const Duration delay = arrival - Timestamp() - media(timestamps_.peek(timestamp));
  const Duration off = delay - delay_.least();
  if (is_another_clock(off, arrival)) return begin(timestamp, arrival);
  if (off < -kStep) return;
  (void)timestamps_.unwrap(timestamp);
  delay_.add(arrival, delay);
}

bool SourceClock::is_another_clock(Duration off, Timestamp arrival) {
  early_ = off < -kStep ? early_ + 1 : 0;
  if (off <= kStep) {
    late_since_.reset();
  } else if (!late_since_) {
    late_since_ = arrival;
  }
  return early_ >= kEarlyPackets || (late_since_ && arrival - *late_since_ >= kLateFor);
}

void SourceClock::on_report(Duration ntp, uint32_t timestamp) { report_ = ntp - media(timestamps_.peek(timestamp)); }

void SourceClock::move(Duration step, bool settled, Duration wanted) {
  const Duration error = offset_ ? wanted - *offset_ : Duration();
  const Duration size = magnitude(error);
  if (!offset_ || !settled || size > (kind_ == Kind::kAudio ? kAudioStep : kStep)) {
    offset_ = wanted;
    return;
  }
  const Duration limit = slew_limit(kind_, step, size);
  *offset_ += std::clamp(error, -limit, limit);
}

// A sample cannot be of the future, nor of long ago: then its packets belong to a clock that is not known yet, and what
// is known is when they came.
Timestamp SourceClock::plausible(Timestamp time) const {
  return time > newest_arrival_ + kStep || time < newest_arrival_ - kOldest ? newest_arrival_ : time;
}

Timestamp SourceClock::place(uint32_t timestamp, Duration wanted) {
  const int64_t ticks = timestamps_.peek(timestamp);
  const bool newest = !placed_ || ticks > *placed_;
  if (newest) {
    move(placed_ ? media(ticks) - media(*placed_) : Duration(), media(ticks) >= kSettling, wanted);
    placed_ = ticks;
  }
  const Timestamp time = plausible(Timestamp() + media(ticks) + *offset_);
  // Reordering is not that deep: this clock was set back, which will be seen soon.
  if (!newest) return time < placed_at_ - kStep ? placed_at_ : std::min(time, placed_at_);
  return placed_at_ = std::max(time, placed_at_);
}

}  // namespace heliograph::hls
