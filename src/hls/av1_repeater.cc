// SPDX-License-Identifier: Apache-2.0
#include "hls/av1_repeater.h"

#include <bit>

#include "hls/bit_reader.h"

namespace heliograph::hls {

Av1Repeater::Av1Repeater(base::ConstBytes record) {
  constexpr size_t kFixed = 4;  // configOBUs follow (AV1 ISOBMFF section 2.3.3)
  if (record.size() < kFixed) return;
  auto rest = record.subspan(kFixed);
  while (const auto obu = take_obu(rest))
    if (obu->type == ObuType::kSequenceHeader) sequence_ = Av1SequenceHeader::parse(obu->payload);
}

void Av1Repeater::see(base::ConstBytes sample) {
  shown_ = 0;
  keyframe_.clear();
  int frames = 0;
  bool key = false;
  auto rest = sample;
  while (const auto obu = take_obu(rest)) {
    if (obu->type == ObuType::kSequenceHeader) sequence_ = Av1SequenceHeader::parse(obu->payload);
    if (obu->type != ObuType::kFrame && obu->type != ObuType::kFrameHeader) continue;
    const auto header = sequence_ ? Av1FrameHeader::parse(obu->payload, *sequence_) : std::nullopt;
    if (!header) return void(shown_ = 0);
    ++frames;
    key = !header->shows_existing && header->type == Av1FrameHeader::kKey && header->shown;
    take(*obu, *header);
  }
  if (!rest.empty()) shown_ = 0;
  if (rest.empty() && frames == 1 && key) keyframe_.assign(sample.begin(), sample.end());
}

void Av1Repeater::take(const Obu& obu, const Av1FrameHeader& header) {
  if (header.shows_existing) {
    const Slot slot = slots_[*header.shows_existing];
    // Showing a keyframe loads it into every slot (section 7.21), and is allowed but once (section 6.8.2).
    if (slot.key) slots_.fill(slot);
    shown_ = slot.key ? 0 : static_cast<uint8_t>(1U << *header.shows_existing);
  } else {
    for (size_t i = 0; i < slots_.size(); ++i)
      if ((header.refreshed >> i & 1) != 0) slots_[i] = {.id = header.id, .key = header.type == Av1FrameHeader::kKey};
    if (header.shown) shown_ = header.showable ? header.refreshed : 0;
    if (!header.shown) shown_ = static_cast<uint8_t>(shown_ & ~header.refreshed);
  }
  extension_ = obu.extension;
}

std::optional<std::vector<uint8_t>> Av1Repeater::repeat() const {
  if (!keyframe_.empty()) return keyframe_;
  if (shown_ == 0) return std::nullopt;
  const auto slot = static_cast<size_t>(std::countr_zero(shown_));
  BitWriter header;
  header.bit(true);  // show_existing_frame
  header.bits(slot, 3);
  header.bits(slots_[slot].id, sequence_->frame_id_bits);  // display_frame_id
  header.trailing();
  const auto payload = header.take();
  BitWriter out;
  out.bits(static_cast<uint64_t>(ObuType::kFrameHeader), 5);
  out.bit(extension_.has_value());
  out.bit(true);  // obu_has_size_field
  out.bit(false);
  if (extension_) out.bits(*extension_, 8);
  out.bits(payload.size(), 8);  // leb128() of at most 4
  for (const uint8_t byte : payload) out.bits(byte, 8);
  return out.take();
}

}  // namespace heliograph::hls
