// SPDX-License-Identifier: Apache-2.0
#include "origin/window.h"

#include <algorithm>
#include <memory>

namespace heliograph::origin {
namespace {

hls::Blob cut(const hls::Blob& bytes, size_t first, size_t size) {
  const auto begin = bytes->begin() + static_cast<std::ptrdiff_t>(first);
  return std::make_shared<std::vector<uint8_t>>(begin, begin + static_cast<std::ptrdiff_t>(size));
}

}  // namespace

Window::Window(base::Duration target, Span span) : target_(target), span_(span) {}

bool Window::add(const hls::Init& init) {
  if (!init.bytes || inits_.contains(init.number)) return false;
  inits_.emplace(init.number, init.bytes);
  memory_bytes_ += init.bytes->size();
  while (inits_.size() > kMaxInits) {
    memory_bytes_ -= inits_.begin()->second->size();
    inits_.erase(inits_.begin());
  }
  return true;
}

bool Window::add(const hls::Part& part) {
  if (Point{part.msn, part.index} != next_ || !part.bytes || part.index >= kMaxParts || part.duration.us() < 0)
    return false;
  if (part.index == 0)
    segments_.push_back({.msn = part.msn,
                         .begins = ends(),
                         .discontinuity = part.discontinuity,
                         .init = part.init,
                         .starts_at = part.starts_at});
  auto& segment = segments_.back();
  segment.parts.push_back({part.duration, part.independent, segment.size, part.bytes->size(), part.bytes});
  segment.size += part.bytes->size();
  segment.duration += part.duration;
  memory_bytes_ += part.bytes->size();
  ++next_.part;
  return true;
}

bool Window::end_segment(const hls::SegmentEnd& end, Moves& moves) {
  if (end.msn != next_.msn || next_.part == 0 || end.duration.us() < 0) return false;
  segments_.back().duration = end.duration;
  segments_.back().whole = true;
  next_ = {next_.msn + 1, 0};
  trim(moves);
  return true;
}

void Window::set_span(Span span, Moves& moves) {
  span_ = span;
  trim(moves);
}

Point Window::last() const {
  if (segments_.empty()) return {};
  return {segments_.back().msn, static_cast<uint32_t>(segments_.back().parts.size() - 1)};
}

Point Window::resolve(Point point) const {
  if (point.part == Point::kWhole || point.msn >= next_.msn) return point;
  const Segment* segment = find(point.msn);
  return segment != nullptr && point.part >= segment->parts.size() ? Point{point.msn + 1, 0} : point;
}

bool Window::has(Point point) const {
  point = resolve(point);
  if (point.part == Point::kWhole) return point.msn < next_.msn;
  return point < next_;
}

const Segment* Window::find(uint64_t msn) const {
  if (segments_.empty() || msn < segments_.front().msn || msn > segments_.back().msn) return nullptr;
  return &segments_[static_cast<size_t>(msn - segments_.front().msn)];
}

hls::Blob Window::whole(uint64_t msn) {
  const Segment* found = find(msn);
  if (found == nullptr || !found->whole || found->stored) return nullptr;
  auto& segment = at(msn);
  join(segment);
  return segment.bytes;
}

hls::Blob Window::part(Point point) {
  const Segment* segment = find(point.msn);
  if (segment == nullptr || segment->stored || point.part >= segment->parts.size()) return nullptr;
  const auto& part = segment->parts[point.part];
  return part.bytes ? part.bytes : cut(segment->bytes, part.first, part.size);
}

hls::Blob Window::init(uint32_t number) const {
  const auto found = inits_.find(number);
  return found == inits_.end() ? nullptr : found->second;
}

// A whole segment is asked for by some hundred players or by none: its bytes are put together once, for all of them.
void Window::join(Segment& segment) {
  if (segment.bytes) return;
  auto bytes = std::make_shared<std::vector<uint8_t>>();
  bytes->reserve(segment.size);
  for (const auto& part : segment.parts) bytes->insert(bytes->end(), part.bytes->begin(), part.bytes->end());
  memory_bytes_ += bytes->size();
  segment.bytes = std::move(bytes);
}

void Window::drop_bytes(Segment& segment) {
  for (auto& part : segment.parts) {
    if (part.bytes) memory_bytes_ -= part.bytes->size();
    part.bytes = nullptr;
  }
  if (segment.bytes) memory_bytes_ -= segment.bytes->size();
  segment.bytes = nullptr;
}

void Window::trim(Moves& moves) {
  if (segments_.empty()) return;
  trim_list();
  drop_parts();
  to_disk(moves);
  free_oldest(moves);
}

void Window::trim_list() {
  while (listed_from_ + 1 < next_.msn && is_older(at(listed_from_), span_.listed)) {
    // Draft section 4.4.3.3: a discontinuity whose tag leaves the playlist is counted.
    if (at(listed_from_).discontinuity) ++discontinuities_gone_;
    ++listed_from_;
  }
}

// Parts are asked for at the live edge only; later it is one blob, so that the bytes are not there twice.
void Window::drop_parts() {
  for (; parts_from_ < next_.msn && is_older(at(parts_from_), target_ * kPartsKept); ++parts_from_) {
    auto& segment = at(parts_from_);
    join(segment);
    for (auto& part : segment.parts) {
      memory_bytes_ -= part.size;
      part.bytes = nullptr;
    }
  }
}

void Window::to_disk(Moves& moves) {
  for (; memory_from_ < next_.msn && is_older(at(memory_from_), span_.memory); ++memory_from_) {
    // What has left the playlist by now is not worth the way.
    if (span_.memory >= span_.listed) continue;
    auto& segment = at(memory_from_);
    join(segment);
    moves.to_disk.emplace_back(segment.msn, segment.bytes);
    drop_bytes(segment);
    segment.stored = true;
  }
}

void Window::free_oldest(Moves& moves) {
  while (segments_.front().msn < listed_from_ && is_older(segments_.front(), span_.listed + span_.retained)) {
    auto& segment = segments_.front();
    if (segment.stored) moves.off_disk.emplace_back(segment.msn, segment.size);
    drop_bytes(segment);
    segments_.pop_front();
  }
  parts_from_ = std::max(parts_from_, segments_.front().msn);
  memory_from_ = std::max(memory_from_, segments_.front().msn);
  // Inits count up: what none of these segments needs is below the first one's.
  while (inits_.size() > 1 && inits_.begin()->first < segments_.front().init) {
    memory_bytes_ -= inits_.begin()->second->size();
    inits_.erase(inits_.begin());
  }
}

}  // namespace heliograph::origin
