// SPDX-License-Identifier: Apache-2.0
#include "hls/picture_buffer.h"

#include <algorithm>
#include <utility>

namespace heliograph::hls {

void PictureBuffer::insert(base::Timestamp now, const RtpPacket& packet, bool starts_keyframe) {
  if (begun_ && settled_ && is_late(packet)) return;
  next_time_ = now;
  const bool before_all = !settled_ && packet.sequence < next_ + (begins_ ? 0 : 1);
  if (!begun_ || before_all) begin(packet.sequence, starts_keyframe);
  keep(now, packet);
  if (starts_keyframe) {
    if (starts_.size() == kMaxStarts) starts_.erase(starts_.begin());
    starts_.push_back({.sequence = packet.sequence, .end = packet.sequence});
  }
  if (held_.size() > limits_.packets || bytes_ > limits_.bytes) give_up_to(held_.rbegin()->first + 1, false);
}

// Whatever does not begin a keyframe lacks something before it: that is a hole as any other.
void PictureBuffer::begin(int64_t sequence, bool starts_keyframe) {
  next_ = end_ = starts_keyframe ? sequence : sequence - 1;
  picture_bytes_ = 0;
  whole_ = false;
  begins_ = starts_keyframe;
  begun_ = true;
}

bool PictureBuffer::is_late(const RtpPacket& packet) {
  if (packet.sequence >= next_) return strays_ = 0, false;
  strays_ = next_ - packet.sequence > kStray ? strays_ + 1 : 0;
  if (strays_ < kMaxStrays) return true;
  give_up_to(std::max(next_, held_.empty() ? next_ : held_.rbegin()->first + 1), false);
  begun_ = settled_ = false;
  strays_ = 0;
  return false;
}

void PictureBuffer::keep(base::Timestamp now, const RtpPacket& packet) {
  const auto after = held_.lower_bound(packet.sequence);
  if (after != held_.end() && after->first == packet.sequence) return;
  const auto noticed = after == held_.end() ? now : std::min(now, after->second.noticed);
  held_.emplace_hint(after, packet.sequence,
                     Packet{.timestamp = packet.timestamp,
                            .marker = packet.marker,
                            .arrival = packet.arrival,
                            .noticed = noticed,
                            .payload = {packet.payload.begin(), packet.payload.end()}});
  bytes_ += packet.payload.size();
}

std::optional<PictureBuffer::Picture> PictureBuffer::take(base::Timestamp now) {
  next_time_ = base::Timestamp::never();
  while (begun_) {
    if (!whole_) whole_ = extend(next_, end_, picture_bytes_);
    if (picture_bytes_ > limits_.picture_bytes) {
      give_up_to(end_, false);
    } else if (whole_) {
      auto picture = extract();
      if (picture.empty()) continue;
      next_time_ = now;
      delivered_ = true;
      return picture;
    } else if (!skip_hole(now)) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

bool PictureBuffer::extend(int64_t begin, int64_t& end, size_t& bytes) const {
  for (auto it = held_.find(end); it != held_.end() && it->first == end; ++it) {
    if (end > begin && it->second.timestamp != held_.at(begin).timestamp) return true;
    bytes += it->second.payload.size();
    ++end;
    if (it->second.marker) return true;
  }
  return false;
}

// Of a picture whose beginning was lost, what a decoder can begin with may still be there.
PictureBuffer::Picture PictureBuffer::extract() {
  int64_t first = begins_ ? next_ : end_;
  if (!begins_)
    for (const auto& start : starts_) first = std::min(first, start.sequence);
  if (first == end_) count_lost(held_.at(next_).timestamp);
  Picture picture;
  picture.reserve(static_cast<size_t>(end_ - first));
  for (int64_t sequence = first; sequence < end_; ++sequence) {
    auto& packet = held_.at(sequence);
    bytes_ -= packet.payload.size();
    picture.push_back(std::move(packet));
    packet.payload.clear();
  }
  move_to(end_, true);
  return picture;
}

bool PictureBuffer::skip_hole(base::Timestamp now) {
  const auto beyond = held_.upper_bound(end_);
  if (beyond == held_.end()) return false;
  // In the beginning there is nothing to be lost by it.
  const auto eager = beyond->second.noticed + (settled_ ? limits_.eagerness : base::Duration());
  const auto patient = beyond->second.noticed + limits_.patience;
  const auto keyframe = whole_keyframe();
  if (keyframe && now >= eager) return give_up_to(*keyframe, true), true;
  if (now >= patient) return give_up_to(beyond->first, false), true;
  next_time_ = keyframe ? eager : patient;
  return false;
}

std::optional<int64_t> PictureBuffer::whole_keyframe() {
  std::optional<int64_t> first;
  for (auto& start : starts_) {
    size_t bytes = 0;
    if (!start.whole) start.whole = extend(start.sequence, start.end, bytes);
    if (start.whole && (!first || start.sequence < *first)) first = start.sequence;
  }
  return first;
}

void PictureBuffer::give_up_to(int64_t sequence, bool begins) {
  ++breaks_;
  const auto end = held_.lower_bound(sequence);
  if (held_.begin() == end && delivered_) ++lost_;  // all that there was of it is missing
  for (auto it = held_.begin(); it != end; ++it) count_lost(it->second.timestamp);
  move_to(sequence, begins);
}

void PictureBuffer::move_to(int64_t sequence, bool begins) {
  const auto end = held_.lower_bound(sequence);
  for (auto it = held_.begin(); it != end; ++it) bytes_ -= it->second.payload.size();
  held_.erase(held_.begin(), end);
  std::erase_if(starts_, [=](const Start& start) { return start.sequence < sequence; });
  begin(sequence, true);
  begins_ = begins;
  settled_ = true;
}

void PictureBuffer::count_lost(uint32_t timestamp) {
  if (delivered_ && lost_timestamp_ != timestamp) ++lost_;
  lost_timestamp_ = timestamp;
}

}  // namespace heliograph::hls
