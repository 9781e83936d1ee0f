// SPDX-License-Identifier: Apache-2.0
#include "rtp/h264.h"

namespace heliograph::rtp {
namespace {

constexpr NalKind kind_of(uint8_t header) { return static_cast<NalKind>(header & 0x1f); }

// A slice header begins with first_mb_in_slice as ue(v), where zero is a single 1 bit (ITU-T H.264 sections 7.3.3
// and 9.1).
bool first_slice(const NalStart& nal) { return !nal.body.empty() && (nal.body[0] & 0x80) != 0; }

}  // namespace

NalReader::NalReader(base::ConstBytes payload) {
  if (payload.empty()) return;
  switch (kind_of(payload[0])) {
    case NalKind::kStapA:
      aggregate_ = payload.subspan(1);
      break;
    case NalKind::kStapB:
      aggregate_ = payload.subspan(payload.size() < 3 ? payload.size() : 3);
      break;  // DON
    case NalKind::kFuA:
    case NalKind::kFuB:
      open_fragment(payload);
      break;
    default:
      single_ = NalStart{kind_of(payload[0]), payload.subspan(1), payload[0]};
  }
}

// RFC 6184 section 5.8: FU indicator, FU header (S E R type), and in FU-B the DON.
void NalReader::open_fragment(base::ConstBytes payload) {
  const size_t header = kind_of(payload[0]) == NalKind::kFuB ? 4 : 2;
  if (payload.size() < header || (payload[1] & 0x80) == 0) return;
  const auto whole = static_cast<uint8_t>((payload[0] & 0xe0) | (payload[1] & 0x1f));
  single_ = NalStart{kind_of(payload[1]), payload.subspan(header), whole};
}

std::optional<NalStart> NalReader::next() {
  if (single_) {
    const auto nal = *single_;
    single_.reset();
    return nal;
  }
  base::ByteReader in(aggregate_);
  const auto unit = in.bytes(in.u16());  // RFC 6184 section 5.7.1
  aggregate_ = in.rest();
  if (!in.ok() || unit.empty()) return std::nullopt;
  return NalStart{kind_of(unit[0]), unit.subspan(1), unit[0]};
}

bool h264_starts_keyframe(base::ConstBytes payload) {
  NalReader reader(payload);
  while (const auto nal = reader.next()) {
    if (nal->kind == NalKind::kSps) return true;
    if (nal->kind == NalKind::kIdrSlice && first_slice(*nal)) return true;
  }
  return false;
}

}  // namespace heliograph::rtp
