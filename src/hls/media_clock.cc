// SPDX-License-Identifier: Apache-2.0
#include "hls/media_clock.h"

#include <algorithm>

namespace heliograph::hls {
namespace {

using base::Duration;
using base::Timestamp;
using plan::Kind;

// Heard so long ago, a source says nothing about the path any more.
constexpr Duration kFresh = Duration::seconds(10);
// Two reports whose sources would be further apart than that, in terms of when packets arrive, are wrong: no path holds
// one kind of media up for seconds. What agreed may be a little worse than what did not.
constexpr Duration kAgree = Duration::seconds(2);
constexpr Duration kStillAgree = Duration::seconds(3);

}  // namespace

void MediaClock::on_packet(Kind kind, uint64_t source, uint32_t timestamp, Timestamp arrival) {
  newest_arrival_ = std::max(newest_arrival_, arrival);
  if (const auto known = sources_.find(source); known != sources_.end()) {
    return known->second.clock.on_packet(timestamp, arrival);
  }
  if (sources_.size() >= kMaxSources) forget_oldest();
  sources_.emplace(source, Source{SourceClock(kind, timestamp, arrival)});
}

void MediaClock::forget_oldest() {
  sources_.erase(
      std::ranges::min_element(sources_, {}, [](const auto& entry) { return entry.second.clock.newest_arrival(); }));
}

void MediaClock::on_sender_report(Kind kind, uint64_t source, base::NtpTime ntp, uint32_t timestamp,
                                  Timestamp /*arrival*/) {
  const auto known = sources_.find(source);
  if (known == sources_.end() || known->second.clock.kind() != kind) return;
  if (ntp.value == 0) return;  // a sender without a wall clock (RFC 3550 section 6.4.1)
  if (!ntp_zero_) ntp_zero_ = ntp;
  known->second.clock.on_report(ntp - *ntp_zero_, timestamp);
}

// The source whose reports the others are compared with: the audio heard last, else any video.
const SourceClock* MediaClock::lead() const {
  const SourceClock* best = nullptr;
  for (const auto& [_, source] : sources_) {
    const SourceClock& clock = source.clock;
    if (!clock.report() || clock.newest_arrival() < newest_arrival_ - kFresh) continue;
    const bool better = !best || (clock.kind() == Kind::kAudio &&
                                  (best->kind() == Kind::kVideo || clock.newest_arrival() > best->newest_arrival()));
    if (better) best = &clock;
  }
  return best;
}

bool MediaClock::joins(Source& source, const SourceClock& lead) {
  if (!source.clock.report()) return source.joined = false;
  const Duration apart = source.clock.path() - lead.path();
  const Duration limit = source.joined ? kStillAgree : kAgree;
  return source.joined = apart <= limit && apart >= -limit;
}

// From the sender's wall clock to ours: by the fastest packet of all that go by it, so that none comes before its time.
Duration MediaClock::common_path(const SourceClock& lead) {
  Duration least = lead.path();
  for (auto& [_, source] : sources_) {
    const bool fresh = source.clock.newest_arrival() >= newest_arrival_ - kFresh;
    if (joins(source, lead) && fresh) least = std::min(least, source.clock.path());
  }
  return least;
}

Duration MediaClock::wanted_offset(Source& source) {
  const SourceClock* first = lead();
  if (!first || !joins(source, *first)) return source.clock.least();
  // Audio can only be moved slowly: video goes where audio is, not where it should be one day.
  if (&source.clock != first && first->kind() == Kind::kAudio && first->offset()) {
    return *source.clock.report() + (*first->offset() - *first->report());
  }
  return *source.clock.report() + common_path(*first);
}

std::optional<Timestamp> MediaClock::time_of(Kind kind, uint64_t source, uint32_t timestamp) {
  const auto known = sources_.find(source);
  if (known == sources_.end() || known->second.clock.kind() != kind) return std::nullopt;
  return known->second.clock.place(timestamp, wanted_offset(known->second));
}

}  // namespace heliograph::hls
