// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "origin/stream.h"

namespace heliograph::origin {
namespace {

// In target durations. Twice the skip boundary, so that a playlist has something to skip; what has left it stays for as
// long as the playlist was (RFC 8216 section 6.2.2), of DVR no longer than of a live one.
constexpr int kLiveTargets = 2 * kSkipUntil;
// When memory is short: what the draft wants at least is three.
constexpr int kLeanTargets = 6;
constexpr int kLeanRetained = 2;

// What was made for good may be kept for good.
constexpr auto kForGood = base::Duration::infinite();

Span span_of(const House& house, const hls::Timing& timing, bool lean) {
  const auto memory = timing.target * (lean ? kLeanTargets : kLiveTargets);
  const auto dvr = house.disk == nullptr ? base::Duration() : house.options.dvr;
  return {.listed = std::max(memory, dvr),
          .memory = memory,
          .retained = timing.target * (lean ? kLeanRetained : kLiveTargets)};
}

}  // namespace

Rendition::Rendition(House& house, const hls::Timing& timing, hls::Rendition description, std::string folder)
    : house_(house),
      timing_(timing),
      description_(std::move(description)),
      folder_(std::move(folder)),
      window_(timing.target, span_of(house, timing, false)) {}

Rendition::~Rendition() {
  for (const auto& [msn, waiters] : reads_)
    for (const auto& waiter : waiters) waiter.reply->send(failure(404, "The stream is no longer there."));
  house_.numbers.memory_bytes -= accounted_;
  for (const auto& segment : window_.segments()) {
    if (!segment.stored) continue;
    house_.numbers.disk_bytes -= segment.size;
    house_.disk->remove(path_of(segment.msn));
  }
}

// Kind and name are what players know it by: they stay.
void Rendition::describe(const hls::Rendition& as) {
  const auto kind = description_.kind;
  auto name = std::move(description_.name);
  description_ = as;
  description_.kind = kind;
  description_.name = std::move(name);
}

void Rendition::add(const hls::Init& init) {
  window_.add(init);
  account();
}

void Rendition::add(const hls::Part& part) {
  window_.add(part);
  account();
}

void Rendition::end_segment(const hls::SegmentEnd& end) {
  Moves moves;
  window_.end_segment(end, moves);
  move(moves);
}

void Rendition::make_lean() {
  Moves moves;
  window_.set_span(span_of(house_, timing_, true), moves);
  move(moves);
}

std::string Rendition::path_of(uint64_t msn) const { return fmt::format("{}/{}.m4s", folder_, msn); }

void Rendition::account() {
  house_.numbers.memory_bytes += window_.memory_bytes() - accounted_;
  accounted_ = window_.memory_bytes();
}

void Rendition::move(const Moves& moves) {
  for (const auto& [msn, bytes] : moves.to_disk) {
    house_.numbers.disk_bytes += bytes->size();
    house_.disk->write(path_of(msn), bytes);
  }
  for (const auto& [msn, size] : moves.off_disk) {
    house_.numbers.disk_bytes -= size;
    house_.disk->remove(path_of(msn));
  }
  account();
}

std::string_view Rendition::content_type() const {
  return description_.kind == plan::Kind::kVideo ? "video/mp4" : "audio/mp4";
}

void Rendition::send(const Waiter& waiter, const hls::Blob& bytes) {
  auto response = media_answer(bytes, content_type(), waiter.ask.range, {kForGood, waiter.ask.is_private});
  if (response.status < 300) ++house_.numbers.parts;
  if (response.status < 300) house_.numbers.bytes += response.payload().size();
  waiter.reply->send(std::move(response));
}

void Rendition::answer_media(const Resource& resource, Waiter waiter, bool ended, bool may_wait) {
  const Point point{resource.number, resource.part};
  hls::Blob bytes;
  if (resource.kind == Resource::Kind::kInit && resource.number <= UINT32_MAX)
    bytes = window_.init(static_cast<uint32_t>(resource.number));
  if (resource.kind == Resource::Kind::kPart) bytes = window_.part(point);
  if (resource.kind == Resource::Kind::kSegment) bytes = window_.whole(point.msn);
  account();
  if (bytes) return send(waiter, bytes);
  const Segment* segment = window_.find(point.msn);
  const bool is_stored = resource.kind == Resource::Kind::kSegment && segment != nullptr && segment->stored;
  // Draft section 6.2.6: what the preload hint names is answered as soon as it is there.
  const bool is_hinted = resource.kind == Resource::Kind::kPart && point == window_.next() && !ended;
  if (!is_stored && !is_hinted)
    return waiter.reply->send(failure(404, "There is no such part of the stream.", {}, base::Duration::seconds(1)));
  if (!may_wait) return house_.turn_away(*waiter.reply);
  ++house_.numbers.blocked;
  if (is_stored) return read_back(point.msn, std::move(waiter));
  parts_.add(point, std::move(waiter));
}

void Rendition::settle(bool ended) {
  const auto due = parts_.take([&](Point point) { return ended || point != window_.next(); });
  for (const auto& [point, waiters] : due) {
    const auto bytes = window_.part(point);
    for (const auto& waiter : waiters) {
      if (bytes) {
        send(waiter, bytes);
      } else {
        // Its segment ended without it.
        waiter.reply->send(failure(404, "That part never came.", {}, base::Duration::seconds(1)));
      }
    }
  }
}

// All who want the same segment wait for one reading.
void Rendition::read_back(uint64_t msn, Waiter waiter) {
  const auto [read, is_first] = reads_.try_emplace(msn);
  read->second.push_back(std::move(waiter));
  if (!is_first) return;
  house_.disk->read(path_of(msn), [self = weak_from_this(), msn](const hls::Blob& bytes) {
    if (const auto rendition = self.lock()) rendition->was_read(msn, bytes);
  });
}

void Rendition::was_read(uint64_t msn, const hls::Blob& bytes) {
  const auto read = reads_.extract(msn);
  if (read.empty()) return;
  for (const auto& waiter : read.mapped()) {
    if (bytes) {
      send(waiter, bytes);
    } else {
      waiter.reply->send(failure(404, "That segment is no longer there."));
    }
  }
}

void Rendition::sweep(base::Timestamp now, std::vector<Waiter>& late) {
  playlists.sweep(now, late);
  parts_.sweep(now, late);
  for (auto& [msn, waiters] : reads_) origin::sweep(now, waiters, late);
}

}  // namespace heliograph::origin
