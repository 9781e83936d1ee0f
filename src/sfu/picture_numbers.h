// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "plan/media.h"
#include "sfu/media_packet.h"

namespace heliograph::sfu {

// Bytes that stand in for the first ones of a payload, for one viewer; the shared payload is never changed.
struct PayloadPatch {
  std::array<uint8_t, 8> bytes{};
  uint8_t size = 0;

  base::ConstBytes span() const { return base::ConstBytes(bytes).first(size); }
};

// Reads them from a payload's descriptor; all absent for other codecs.
PictureNumbers read_picture_numbers(plan::Codec codec, base::ConstBytes payload);

// What is added to a source's numbers for one viewer: a decoder takes a jump for loss, so after a switch of layer they
// go on where they were.
struct PictureOffsets {
  int32_t picture_id = 0;
  int32_t tl0_pic_idx = 0;
  int32_t frame_number = 0;
  // Makes `next`, the first picture of the new source, follow on `last` as the viewer got it.
  static PictureOffsets continuing(const PictureNumbers& last, const PictureNumbers& next);
  PictureNumbers apply(const PictureNumbers& numbers) const;
  // The payload's descriptor with these offsets applied; empty when there is nothing to change.
  PayloadPatch patch(plan::Codec codec, base::ConstBytes payload) const;
};

}  // namespace heliograph::sfu
