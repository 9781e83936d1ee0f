// SPDX-License-Identifier: Apache-2.0
#include "load/hls/track.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace heliograph::load::hls {
namespace {

constexpr auto kAfterTrouble = base::Duration::seconds(1);
constexpr auto kAfterNothingNew = base::Duration::millis(100);
constexpr int64_t kStall = 3;       // in durations of what is played
constexpr size_t kMaxWanted = 256;  // parts that are not fetched yet; who is further behind goes without the oldest

bool is_success(int status) { return status == 200 || status == 206; }

}  // namespace

Track::Track(Stage& stage, std::string target)
    : stage_(stage), target_(std::move(target)), rendition_(stage.rendition(target_)) {}

std::optional<Fetch> Track::next(base::Timestamp now) const {
  if (!wanted_.empty()) return wanted_.front();
  if (ended_ || now < not_before_) return std::nullopt;
  Fetch fetch{.kind = Fetch::Kind::kPlaylist, .target = reload_target()};
  if (next_ && can_block_ && !reload_all_) fetch.waits_for = next_;
  return fetch;
}

// draft-pantos-hls-rfc8216bis section 6.2.5: the directives, in alphabetical order.
std::string Track::reload_target() const {
  if (!next_ || !can_block_ || reload_all_) return target_;
  const char mark = target_.find('?') == target_.npos ? '?' : '&';
  auto target = fmt::format("{}{}_HLS_msn={}", target_, mark, next_->msn);
  if (part_duration_.us() > 0) target += fmt::format("&_HLS_part={}", next_->part);
  if (can_skip_) target += "&_HLS_skip=YES";
  return target;
}

void Track::on_failure(base::Timestamp now) {
  wanted_.clear();
  reload_all_ = true;
  not_before_ = now + kAfterTrouble;
}

void Track::on_answer(const Fetch& fetch, const Answered& answered) {
  auto& tally = stage_.tally;
  if (fetch.kind == Fetch::Kind::kPlaylist) return take_playlist(fetch, answered);
  if (!wanted_.empty()) wanted_.pop_front();
  if (!is_success(answered.status)) {
    ++tally.errors[answered.status];
    return;
  }
  if (answered.body_bytes == 0) ++tally.empty;
  if (fetch.kind != Fetch::Kind::kPart) return;
  ++tally.parts;
  if (tally.measuring) tally.part_fetch.add(answered.arrived - answered.asked);
}

void Track::take_playlist(const Fetch& fetch, const Answered& answered) {
  auto& tally = stage_.tally;
  if (!is_success(answered.status)) {
    ++tally.errors[answered.status];
    return on_failure(answered.arrived);
  }
  const auto playlist = parse_media(answered.body);
  if (!playlist) {
    ++tally.troubles[playlist.error()];
    return on_failure(answered.arrived);
  }
  ++tally.playlists;
  reload_all_ = false;
  ended_ = playlist->ended;
  if (!next_) return begin(*playlist, answered);
  move_on(*playlist, fetch, answered);
}

// At the live edge: what is there already is not fetched.
void Track::begin(const MediaPlaylist& playlist, const Answered& answered) {
  next_ = playlist.next();
  can_block_ = playlist.can_block;
  can_skip_ = playlist.can_skip;
  segment_duration_ = playlist.target;
  part_duration_ = playlist.part_target;
  moved_at_ = answered.arrived;
  if (!can_block_) not_before_ = answered.arrived + segment_duration_ / 2;
  want_map(playlist);
}

void Track::move_on(const MediaPlaylist& playlist, const Fetch& fetch, const Answered& answered) {
  auto& tally = stage_.tally;
  if (!can_block_) not_before_ = answered.arrived + segment_duration_ / 2;
  if (playlist.next() == *next_ && !ended_) {
    if (!can_block_ || !fetch.waits_for) return;
    ++tally.unmoved;
    not_before_ = answered.arrived + kAfterNothingNew;
    return;
  }
  if (playlist.next() < *next_) {
    ++tally.backwards;
    return on_failure(answered.arrived);
  }
  if (answered.arrived - moved_at_ > patience()) ++tally.stalls;
  moved_at_ = answered.arrived;
  check_order(playlist);
  note_times(playlist, fetch, answered);
  want_map(playlist);
  for (const auto& part : playlist.parts)
    if (part.id >= *next_) want(Fetch::Kind::kPart, part.uri);
  if (part_duration_.us() == 0) want(Fetch::Kind::kPart, playlist.last_uri);
  next_ = playlist.next();
}

// Every part from the expected one on, without one left out. A segment may end before the part that was asked for.
void Track::check_order(const MediaPlaylist& playlist) {
  PartId expected = *next_;
  if (part_duration_.us() == 0) {
    if (playlist.next_msn > expected.msn + 1) ++stage_.tally.holes;
    return;
  }
  const auto follows = [&expected](PartId id) { return id == expected || id == PartId{expected.msn + 1, 0}; };
  bool hole = false;
  for (const auto& part : playlist.parts) {
    if (part.id < *next_) continue;
    hole = hole || !follows(part.id);
    expected = {part.id.msn, part.id.part + 1};
  }
  if (hole || !follows(playlist.next())) ++stage_.tally.holes;
}

void Track::note_times(const MediaPlaylist& playlist, const Fetch& fetch, const Answered& answered) {
  auto& tally = stage_.tally;
  if (!tally.measuring) return;
  if (fetch.waits_for)
    stage_.availability.add(rendition_, *fetch.waits_for, answered.asked, answered.arrived);
  else
    tally.playlist_fetch.add(answered.arrived - answered.asked);
  if (playlist.parts.empty() || !playlist.parts.back().ends_at) return;
  const auto end = base::Timestamp::from_micros(*playlist.parts.back().ends_at - stage_.wall_offset_us);
  tally.playlist_age.add(answered.arrived - end);
}

void Track::want(Fetch::Kind kind, std::string_view uri) {
  if (!stage_.parts || uri.empty()) return;
  if (wanted_.size() >= kMaxWanted) wanted_.pop_front();
  wanted_.push_back({.kind = kind, .target = resolve(target_, uri)});
}

void Track::want_map(const MediaPlaylist& playlist) {
  if (playlist.map.empty() || playlist.map == map_) return;
  map_ = playlist.map;
  want(Fetch::Kind::kMap, map_);
}

base::Duration Track::patience() const {
  return (part_duration_.us() > 0 ? part_duration_ : segment_duration_) * kStall;
}

bool Track::playing(base::Timestamp now) const { return next_ && !ended_ && now - moved_at_ <= patience(); }

}  // namespace heliograph::load::hls
