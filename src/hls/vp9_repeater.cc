// SPDX-License-Identifier: Apache-2.0
#include "hls/vp9_repeater.h"

#include <bit>

#include "hls/bit_reader.h"
#include "hls/vp9_frame_header.h"

namespace heliograph::hls {

// Of the frames of a superframe the last is what is seen: the others are not shown, or are lower spatial layers.
void Vp9Repeater::see(base::ConstBytes sample) {
  last_shown_ = false;
  std::optional<Vp9FrameHeader> last;
  for (const auto frame : split_superframe(sample)) {
    last = Vp9FrameHeader::parse(frame);
    if (!last) break;
    slots_ = static_cast<uint8_t>(slots_ & ~last->refreshed);
  }
  if (!last) return void(slots_ = 0);
  profile_ = last->profile;
  if (last->shows_existing) last->shown = true, last->refreshed = static_cast<uint8_t>(1U << *last->shows_existing);
  last_shown_ = last->shown;
  if (last->shown && last->refreshed != 0) slots_ = last->refreshed;
}

std::optional<std::vector<uint8_t>> Vp9Repeater::repeat() const {
  if (!last_shown_ || slots_ == 0) return std::nullopt;
  BitWriter out;
  out.bits(2, 2);  // frame_marker
  out.bit((profile_ & 1) != 0);
  out.bit((profile_ & 2) != 0);
  if (profile_ == 3) out.bit(false);
  out.bit(true);  // show_existing_frame
  out.bits(static_cast<uint64_t>(std::countr_zero(slots_)), 3);
  return out.take();
}

}  // namespace heliograph::hls
