// SPDX-License-Identifier: Apache-2.0
#include "rtcp/remb.h"

#include <algorithm>
#include <bit>

namespace heliograph::rtcp {
namespace {

constexpr uint32_t kIdentifier = 0x52454d42;  // "REMB"
constexpr int kMantissaBits = 18;

}  // namespace

std::optional<Remb> Remb::parse(const Block& block) {
  if (!block.is(PacketType::kPayloadSpecificFeedback, kFormat)) return std::nullopt;
  base::ByteReader in(block.body);
  Remb remb;
  remb.sender = read_feedback_sources(in).sender;
  if (in.u32() != kIdentifier) return std::nullopt;
  const uint8_t count = in.u8();
  const uint32_t rate = in.u24();
  const uint32_t exponent = rate >> kMantissaBits;
  const uint64_t mantissa = rate & ((1u << kMantissaBits) - 1);
  if (std::bit_width(mantissa) + exponent > 63) return std::nullopt;
  remb.bitrate = base::DataRate::bps(static_cast<int64_t>(mantissa << exponent));
  // A list longer than ours is cut, one longer than the block is malformed.
  for (uint8_t i = 0; i < count; ++i) remb.sources.push_back(base::Ssrc(in.u32()));
  if (!in.ok()) return std::nullopt;
  return remb;
}

void Remb::write(base::ByteWriter& out) const {
  const auto bps = static_cast<uint64_t>(bitrate.bps());
  const int width = static_cast<int>(std::bit_width(bps));
  const int exponent = std::max(0, width - kMantissaBits);
  // The media source is zero (draft section 2.2).
  write_feedback_header(out, PacketType::kPayloadSpecificFeedback, kFormat, {sender, base::Ssrc(0)},
                        8 + 4 * sources.size());
  out.u32(kIdentifier);
  out.u8(static_cast<uint8_t>(sources.size()));
  out.u24(static_cast<uint32_t>(exponent) << kMantissaBits | static_cast<uint32_t>(bps >> exponent));
  for (const auto source : sources) out.u32(source.value);
}

}  // namespace heliograph::rtcp
