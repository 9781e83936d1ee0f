// SPDX-License-Identifier: Apache-2.0
#include "rtp/vp9.h"

namespace heliograph::rtp {
namespace {

// First byte: I P L F B E V Z.
constexpr uint8_t kI = 0x80, kP = 0x40, kL = 0x20, kF = 0x10, kB = 0x08, kE = 0x04, kV = 0x02, kZ = 0x01;
constexpr int kMaxReferences = 3;  // P_DIFFs of one picture

void read_picture_id(base::ByteReader& in, Vp9Descriptor& d) {
  const uint8_t high = in.u8();
  d.long_picture_id = (high & 0x80) != 0;
  d.picture_id = static_cast<uint16_t>(d.long_picture_id ? (high & 0x7f) << 8 | in.u8() : high);
}

void read_layers(base::ByteReader& in, Vp9Descriptor& d) {
  const uint8_t layer = in.u8();
  d.has_layers = true;
  d.temporal_id = static_cast<uint8_t>(layer >> 5);
  d.switching_up = (layer & 0x10) != 0;
  d.spatial_id = static_cast<uint8_t>(layer >> 1 & 7);
  d.inter_layer = (layer & 1) != 0;
  if (!d.flexible) d.tl0_pic_idx = in.u8();
}

// P_DIFF N, as long as N says that another follows.
void skip_references(base::ByteReader& in) {
  for (int i = 0; i < kMaxReferences; ++i)
    if ((in.u8() & 1) == 0) return;
}

// RFC 9628 section 4.2.1: N_S Y G, sizes of the layers, the picture group.
void read_structure(base::ByteReader& in, Vp9Descriptor& d) {
  const size_t before = in.left();
  const uint8_t first = in.u8();
  d.has_structure = true;
  d.spatial_layers = static_cast<uint8_t>((first >> 5) + 1);
  if ((first & 0x10) != 0) in.skip(size_t{4} * d.spatial_layers);
  const int pictures = (first & 0x08) != 0 ? in.u8() : 0;
  for (int i = 0; i < pictures; ++i) in.skip(in.u8() >> 2 & 3);
  d.structure_size = static_cast<uint16_t>(before - in.left());
}

}  // namespace

std::optional<Vp9Descriptor> Vp9Descriptor::parse(base::ConstBytes payload) {
  base::ByteReader in(payload);
  Vp9Descriptor d;
  const uint8_t first = in.u8();
  d.inter_predicted = (first & kP) != 0;
  d.flexible = (first & kF) != 0;
  d.start_of_frame = (first & kB) != 0;
  d.end_of_frame = (first & kE) != 0;
  d.not_reference_up = (first & kZ) != 0;
  if ((first & kI) != 0) read_picture_id(in, d);
  if ((first & kL) != 0) read_layers(in, d);
  if (d.flexible && d.inter_predicted) skip_references(in);
  d.size = static_cast<uint8_t>(payload.size() - in.left());
  if ((first & kV) != 0) read_structure(in, d);
  if (!in.ok()) return std::nullopt;
  return d;
}

bool vp9_starts_keyframe(base::ConstBytes payload) {
  const auto d = Vp9Descriptor::parse(payload);
  return d && d->start_of_frame && !d->inter_predicted && d->spatial_id == 0;
}

}  // namespace heliograph::rtp
