// SPDX-License-Identifier: Apache-2.0
#include "hls/vp9_repeater.h"

#include <bit>

#include "hls/bit_reader.h"
#include "hls/vp9_frame_header.h"

namespace heliograph::hls {

void Vp9Repeater::see(base::ConstBytes sample) {
  const auto frames = split_superframe(sample);
  if (frames.empty()) shown_ = 0;
  for (const auto frame : frames) take(frame);
}

void Vp9Repeater::take(base::ConstBytes frame) {
  const auto header = Vp9FrameHeader::parse(frame);
  if (header && header->shows_existing) {
    const auto slot = static_cast<uint8_t>(1U << *header->shows_existing);
    if ((shown_ & slot) == 0) shown_ = slot;
    return;
  }
  shown_ = header && header->shown ? header->refreshed : 0;
  if (header) profile_ = header->profile;
}

std::optional<std::vector<uint8_t>> Vp9Repeater::repeat() const {
  if (shown_ == 0) return std::nullopt;
  BitWriter out;
  out.bits(2, 2);  // frame_marker
  out.bit((profile_ & 1) != 0);
  out.bit((profile_ & 2) != 0);
  if (profile_ == 3) out.bit(false);
  out.bit(true);  // show_existing_frame
  out.bits(static_cast<uint64_t>(std::countr_zero(shown_)), 3);
  return out.take();
}

}  // namespace heliograph::hls
