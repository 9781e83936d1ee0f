// SPDX-License-Identifier: Apache-2.0
#include "hls/segment_writer.h"

#include <algorithm>
#include <utility>

namespace heliograph::hls {

void SegmentWriter::use(ChunkMuxer muxer, Updates& out) {
  out.emplace_back(Init{.rendition = rendition_, .number = inits_++, .bytes = muxer.init()});
  muxer_.emplace(std::move(muxer));
}

void SegmentWriter::begin_segment(int64_t at, bool discontinuity, Updates& out) {
  end_segment(out);
  open_ = true;
  discontinuity_ = discontinuity;
  next_part_ = 0;
  segment_bytes_ = 0;
  segment_start_ = part_start_ = at;
}

void SegmentWriter::add(const Sample& sample) {
  if (!muxer_) return;
  if (std::exchange(empty_, false)) independent_ = sample.keyframe;
  muxer_->add(sample);
}

void SegmentWriter::end_part(base::Timestamp now, int64_t end, Updates& out) {
  if (std::exchange(empty_, true)) return;
  auto bytes = muxer_->flush();
  if (!bytes) return;
  segment_bytes_ += bytes->size();
  ++parts_;
  if (now - std::max(epoch_.time(end, rate_), epoch_.opened) > kLate) ++parts_late_;
  out.emplace_back(Part{.rendition = rendition_,
                        .msn = next_msn_,
                        .index = next_part_++,
                        .duration = Epoch::span(end - part_start_, rate_),
                        .independent = independent_,
                        .bytes = std::move(bytes),
                        .init = inits_ - 1,
                        .discontinuity = discontinuity_,
                        .starts_at = epoch_.unix_us + Epoch::span(segment_start_, rate_).us()});
  part_start_ = end;
}

// A segment without a part is none: its number stays free.
void SegmentWriter::end_segment(Updates& out) {
  if (!std::exchange(open_, false) || next_part_ == 0) return;
  out.emplace_back(SegmentEnd{
      .rendition = rendition_, .msn = next_msn_++, .duration = Epoch::span(part_start_ - segment_start_, rate_)});
  measure();
}

void SegmentWriter::measure() {
  const auto rate =
      base::DataRate::of(static_cast<int64_t>(segment_bytes_), Epoch::span(part_start_ - segment_start_, rate_));
  peak_ = std::max(peak_, rate);
  average_ = average_ == base::DataRate() ? rate : average_ * 0.75 + rate * 0.25;
}

}  // namespace heliograph::hls
