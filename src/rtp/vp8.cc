// SPDX-License-Identifier: Apache-2.0
#include "rtp/vp8.h"

namespace heliograph::rtp {
namespace {

// First byte: X R N S R PID; second: I L T K and four reserved bits.
constexpr uint8_t kX = 0x80, kN = 0x20, kS = 0x10, kPidMask = 0x07;
constexpr uint8_t kI = 0x80, kL = 0x40, kT = 0x20, kK = 0x10;
constexpr uint8_t kM = 0x80;

void read_extension(base::ByteReader& in, Vp8Descriptor& d) {
  const uint8_t present = in.u8();
  if ((present & kI) != 0) {
    const uint8_t high = in.u8();
    d.long_picture_id = (high & kM) != 0;
    d.picture_id = static_cast<uint16_t>(d.long_picture_id ? (high & 0x7f) << 8 | in.u8() : high);
  }
  if ((present & kL) != 0) d.tl0_pic_idx = in.u8();
  if ((present & (kT | kK)) == 0) return;
  const uint8_t layer = in.u8();
  if ((present & kT) != 0) {
    d.temporal_id = static_cast<uint8_t>(layer >> 6);
    d.layer_sync = (layer & 0x20) != 0;
  }
  if ((present & kK) != 0) d.key_idx = static_cast<uint8_t>(layer & 0x1f);
}

}  // namespace

std::optional<Vp8Descriptor> Vp8Descriptor::parse(base::ConstBytes payload) {
  base::ByteReader in(payload);
  Vp8Descriptor d;
  const uint8_t first = in.u8();
  d.extended = (first & kX) != 0;
  d.non_reference = (first & kN) != 0;
  d.start_of_partition = (first & kS) != 0;
  d.partition = first & kPidMask;
  if (d.extended) read_extension(in, d);
  if (!in.ok()) return std::nullopt;
  d.size = static_cast<uint8_t>(payload.size() - in.left());
  return d;
}

void Vp8Descriptor::write(base::ByteWriter& out) const {
  const auto present = static_cast<uint8_t>((picture_id ? kI : 0) | (tl0_pic_idx ? kL : 0) | (temporal_id ? kT : 0) |
                                            (key_idx ? kK : 0));
  const bool second = extended || present != 0;
  out.u8(static_cast<uint8_t>((second ? kX : 0) | (non_reference ? kN : 0) | (start_of_partition ? kS : 0) |
                              (partition & kPidMask)));
  if (!second) return;
  out.u8(present);
  if (picture_id && long_picture_id) out.u16(static_cast<uint16_t>(*picture_id | 0x8000));
  if (picture_id && !long_picture_id) out.u8(static_cast<uint8_t>(*picture_id & 0x7f));
  if (tl0_pic_idx) out.u8(*tl0_pic_idx);
  if (!temporal_id && !key_idx) return;
  out.u8(static_cast<uint8_t>(temporal_id.value_or(0) << 6 | (layer_sync ? 0x20 : 0) | (key_idx.value_or(0) & 0x1f)));
}

bool vp8_starts_keyframe(base::ConstBytes payload) {
  const auto d = Vp8Descriptor::parse(payload);
  if (!d || !d->start_of_partition || d->partition != 0 || payload.size() <= d->size) return false;
  return (payload[d->size] & 0x01) == 0;  // P, inverse key frame flag
}

}  // namespace heliograph::rtp
