// SPDX-License-Identifier: Apache-2.0
#include "hls/av1_repeater.h"

#include <bit>

#include "hls/bit_reader.h"

namespace heliograph::hls {
namespace {

constexpr uint8_t kAll = 0xff;

}  // namespace

Av1Repeater::Av1Repeater(base::ConstBytes record) {
  constexpr size_t kFixed = 4;  // configOBUs follow (AV1 ISOBMFF section 2.3.3)
  if (record.size() < kFixed) return;
  auto rest = record.subspan(kFixed);
  while (const auto obu = take_obu(rest))
    if (obu->type == ObuType::kSequenceHeader) sequence_ = Av1SequenceHeader::parse(obu->payload);
}

void Av1Repeater::forget() {
  repeatable_ = {};
  keyframe_.clear();
}

void Av1Repeater::see(base::ConstBytes sample) {
  std::optional<Shown> shown;
  int frames = 0;
  if (!take_all(sample, shown, frames)) return forget();
  if (!shown || shown->slots == 0) return;
  repeatable_ = shown->showable ? *shown : Shown();
  if (shown->key && frames == 1) keyframe_.assign(sample.begin(), sample.end());
}

bool Av1Repeater::take_all(base::ConstBytes sample, std::optional<Shown>& shown, int& frames) {
  while (const auto obu = take_obu(sample)) {
    if (obu->type == ObuType::kSequenceHeader) sequence_ = Av1SequenceHeader::parse(obu->payload);
    if (obu->type != ObuType::kFrame && obu->type != ObuType::kFrameHeader) continue;
    const auto header = sequence_ ? Av1FrameHeader::parse(obu->payload, *sequence_) : std::nullopt;
    if (!header) return false;
    ++frames;
    const auto taken = take(*obu, *header);
    if (header->shows_existing || header->shown) shown = taken;
  }
  return sample.empty();
}

Av1Repeater::Shown Av1Repeater::take(const Obu& obu, const Av1FrameHeader& header) {
  if (header.shows_existing) {
    const Slot slot = slots_[*header.shows_existing];
    if (!slot.key)
      return {
          .slots = static_cast<uint8_t>(1U << *header.shows_existing), .showable = true, .extension = obu.extension};
    // Showing a keyframe loads it into every slot (section 7.21), and is allowed but once (section 6.8.2).
    slots_.fill(slot);
    forget();
    Shown everywhere;
    everywhere.slots = kAll;
    return everywhere;
  }
  for (size_t i = 0; i < slots_.size(); ++i)
    if ((header.refreshed >> i & 1) != 0) slots_[i] = {.id = header.id, .key = header.type == Av1FrameHeader::kKey};
  repeatable_.slots = static_cast<uint8_t>(repeatable_.slots & ~header.refreshed);
  if (header.refreshed != 0) keyframe_.clear();
  return {.slots = header.refreshed,
          .showable = header.showable,
          .key = header.type == Av1FrameHeader::kKey,
          .extension = obu.extension};
}

std::optional<std::vector<uint8_t>> Av1Repeater::repeat() const {
  if (!keyframe_.empty()) return keyframe_;
  if (repeatable_.slots == 0) return std::nullopt;
  const auto slot = static_cast<size_t>(std::countr_zero(repeatable_.slots));
  BitWriter header;
  header.bit(true);  // show_existing_frame
  header.bits(slot, 3);
  header.bits(slots_[slot].id, sequence_->frame_id_bits);  // display_frame_id
  header.trailing();
  const auto payload = header.take();
  BitWriter out;
  out.bits(static_cast<uint64_t>(ObuType::kFrameHeader), 5);
  out.bit(repeatable_.extension.has_value());
  out.bit(true);  // obu_has_size_field
  out.bit(false);
  if (repeatable_.extension) out.bits(*repeatable_.extension, 8);
  out.bits(payload.size(), 8);  // leb128() of at most 4
  for (const uint8_t byte : payload) out.bits(byte, 8);
  return out.take();
}

}  // namespace heliograph::hls
