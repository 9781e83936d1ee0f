// SPDX-License-Identifier: Apache-2.0
#include "sfu/picture_numbers.h"

#include <algorithm>

#include "rtp/vp8.h"
#include "rtp/vp9.h"

namespace heliograph::sfu {
namespace {

constexpr int32_t wrap(int32_t value, uint8_t bits) { return value & ((1 << bits) - 1); }

PictureNumbers from_vp8(const rtp::Vp8Descriptor& d) {
  return {d.picture_id ? *d.picture_id : -1, d.tl0_pic_idx ? *d.tl0_pic_idx : -1,
          static_cast<uint8_t>(d.long_picture_id ? 15 : 7), -1};
}
PictureNumbers from_vp9(const rtp::Vp9Descriptor& d) {
  return {d.picture_id ? *d.picture_id : -1, d.tl0_pic_idx ? *d.tl0_pic_idx : -1,
          static_cast<uint8_t>(d.long_picture_id ? 15 : 7), -1};
}

PayloadPatch patch_vp8(const PictureOffsets& offsets, base::ConstBytes payload) {
  PayloadPatch patch;
  auto d = rtp::Vp8Descriptor::parse(payload);
  if (!d) return patch;
  const auto numbers = offsets.apply(from_vp8(*d));
  if (d->picture_id) d->picture_id = static_cast<uint16_t>(numbers.picture_id);
  if (d->tl0_pic_idx) d->tl0_pic_idx = static_cast<uint8_t>(numbers.tl0_pic_idx);
  base::ByteWriter out(patch.bytes);
  d->write(out);
  // Only a descriptor of the same size can stand in for the one it replaces.
  if (out.ok() && out.size() == d->size) patch.size = d->size;
  return patch;
}

PayloadPatch patch_vp9(const PictureOffsets& offsets, base::ConstBytes payload) {
  PayloadPatch patch;
  const auto d = rtp::Vp9Descriptor::parse(payload);
  if (!d || !d->picture_id) return patch;
  const auto numbers = offsets.apply(from_vp9(*d));
  const size_t id_size = d->long_picture_id ? 2 : 1;
  const size_t tl0_at = 1 + id_size + 1;  // behind the flags, the picture id and the layer indices
  patch.size = static_cast<uint8_t>(d->tl0_pic_idx ? tl0_at + 1 : 1 + id_size);
  std::copy_n(payload.begin(), patch.size, patch.bytes.begin());
  if (d->long_picture_id) {
    base::store_be(&patch.bytes[1], static_cast<uint16_t>(0x8000 | numbers.picture_id));
  } else {
    patch.bytes[1] = static_cast<uint8_t>(numbers.picture_id);
  }
  if (d->tl0_pic_idx) patch.bytes[tl0_at] = static_cast<uint8_t>(numbers.tl0_pic_idx);
  return patch;
}

}  // namespace

PictureNumbers read_picture_numbers(plan::Codec codec, base::ConstBytes payload) {
  if (codec == plan::Codec::kVp8) {
    if (const auto d = rtp::Vp8Descriptor::parse(payload)) return from_vp8(*d);
  } else if (codec == plan::Codec::kVp9) {
    if (const auto d = rtp::Vp9Descriptor::parse(payload)) return from_vp9(*d);
  }
  return {};
}

PictureOffsets PictureOffsets::continuing(const PictureNumbers& last, const PictureNumbers& next) {
  PictureOffsets offsets;
  if (last.picture_id >= 0 && next.picture_id >= 0)
    offsets.picture_id = wrap(last.picture_id + 1 - next.picture_id, next.picture_id_bits);
  if (last.tl0_pic_idx >= 0 && next.tl0_pic_idx >= 0)
    offsets.tl0_pic_idx = wrap(last.tl0_pic_idx + 1 - next.tl0_pic_idx, 8);
  if (last.frame_number >= 0 && next.frame_number >= 0)
    offsets.frame_number = wrap(last.frame_number + 1 - next.frame_number, 16);
  return offsets;
}

PictureNumbers PictureOffsets::apply(const PictureNumbers& numbers) const {
  PictureNumbers out = numbers;
  if (out.picture_id >= 0) out.picture_id = wrap(out.picture_id + picture_id, numbers.picture_id_bits);
  if (out.tl0_pic_idx >= 0) out.tl0_pic_idx = wrap(out.tl0_pic_idx + tl0_pic_idx, 8);
  if (out.frame_number >= 0) out.frame_number = wrap(out.frame_number + frame_number, 16);
  return out;
}

PayloadPatch PictureOffsets::patch(plan::Codec codec, base::ConstBytes payload) const {
  if (picture_id == 0 && tl0_pic_idx == 0) return {};
  if (codec == plan::Codec::kVp8) return patch_vp8(*this, payload);
  if (codec == plan::Codec::kVp9) return patch_vp9(*this, payload);
  return {};
}

}  // namespace heliograph::sfu
