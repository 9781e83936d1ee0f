// SPDX-License-Identifier: Apache-2.0
#include "load/h264.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "rtp/h264.h"

namespace heliograph::load {
namespace {

using rtp::NalKind;

// 640 × 360, constrained baseline, level 3.1.
constexpr std::array<uint8_t, 11> kSps = {0x67, 0x42, 0xc0, 0x1f, 0xda, 0x02, 0x80, 0xbf, 0xe5, 0xc0, 0x44};
constexpr std::array<uint8_t, 4> kPps = {0x68, 0xce, 0x3c, 0x80};
// user_data_unregistered (ITU-T H.264 annex D.1.6): payload type 5, its size, a UUID, the stamp without its stop bit.
constexpr size_t kUuidSize = 16;
constexpr std::array<uint8_t, 3> kSeiStart = {0x06, 0x05, kUuidSize + Stamp::kSize - 1};

constexpr uint8_t kReference = 3 << 5;  // nal_ref_idc
constexpr size_t kFuHeaderSize = 2;

// Bytes that are neither zero nor look like a start code.
void fill_with_noise(uint8_t* to, size_t size, base::Rng& rng) {
  for (size_t i = 0; i < size; i += 8) {
    const uint64_t noise = rng() | 0x0404040404040404;
    std::memcpy(to + i, &noise, std::min<size_t>(8, size - i));
  }
}

void append_unit(Payload& stap, base::ConstBytes nal) {
  stap.push_back(static_cast<uint8_t>(nal.size() >> 8));
  stap.push_back(static_cast<uint8_t>(nal.size()));
  stap.insert(stap.end(), nal.begin(), nal.end());
}

Payload parameter_sets(base::ConstBytes sps, base::ConstBytes pps, const Stamp& stamp, base::Rng& rng) {
  std::array<uint8_t, kSeiStart.size() + kUuidSize + Stamp::kSize> sei;
  std::ranges::copy(kSeiStart, sei.begin());
  fill_with_noise(sei.data() + kSeiStart.size(), kUuidSize, rng);
  stamp.write(sei.data() + sei.size() - Stamp::kSize);
  Payload stap = {static_cast<uint8_t>(kReference | static_cast<uint8_t>(NalKind::kStapA))};
  append_unit(stap, sps);
  append_unit(stap, pps);
  append_unit(stap, sei);
  return stap;
}

// What a slice begins with (ITU-T H.264 section 7.3.3): first_mb_in_slice 0, slice_type 7 or 5, the parameter set 0.
void begin_slice(uint8_t* to, NalKind kind) {
  if (kind == NalKind::kIdrSlice) {
    to[0] = 0b1000'1000;
    to[1] |= 0b1000'0000;
  } else {
    to[0] = 0b1001'1010 | (to[0] & 1);
  }
}

// What follows the headers of one packet of a slice; `begins`: of which it is the first.
void write_slice(uint8_t* to, size_t size, std::optional<NalKind> begins, const Stamp& stamp, base::Rng& rng) {
  fill_with_noise(to, size - Stamp::kSize, rng);
  if (begins) begin_slice(to, *begins);
  stamp.write(to + size - Stamp::kSize);
}

void append_slice(std::vector<Payload>& packets, NalKind kind, size_t size, Stamp stamp, base::Rng& rng) {
  const auto type = static_cast<uint8_t>(kind);
  if (size + 1 <= kMaxPayload) {
    auto& payload = packets.emplace_back(size + 1);
    payload[0] = static_cast<uint8_t>(kReference | type);
    return write_slice(payload.data() + 1, size, kind, stamp, rng);
  }
  const auto parts = split_about_equally(size, kMaxPayload - kFuHeaderSize);
  for (size_t i = 0; i < parts.size(); ++i, ++stamp.number) {
    auto& payload = packets.emplace_back(parts[i] + kFuHeaderSize);
    const uint8_t start = i == 0 ? 0x80 : 0;
    const uint8_t end = i + 1 == parts.size() ? 0x40 : 0;
    payload[0] = static_cast<uint8_t>(kReference | static_cast<uint8_t>(NalKind::kFuA));
    payload[1] = static_cast<uint8_t>(start | end | type);
    write_slice(payload.data() + kFuHeaderSize, parts[i], i == 0 ? std::optional(kind) : std::nullopt, stamp, rng);
  }
}

Payload with_stamp(std::initializer_list<uint8_t> header, base::ConstBytes body, const Stamp& stamp) {
  Payload payload(header);
  payload.insert(payload.end(), body.begin(), body.end());
  payload.resize(payload.size() + Stamp::kSize);
  stamp.write(payload.data() + payload.size() - Stamp::kSize);
  return payload;
}

void append_recorded(std::vector<Payload>& packets, base::ConstBytes nal, Stamp& stamp) {
  if (nal.size() + Stamp::kSize <= kMaxPayload) {
    packets.push_back(with_stamp({}, nal, stamp));
    ++stamp.number;
    return;
  }
  const auto fu_indicator = static_cast<uint8_t>((nal[0] & 0xe0) | static_cast<uint8_t>(NalKind::kFuA));
  const auto parts = split_about_equally(nal.size() - 1, kMaxPayload - kFuHeaderSize - Stamp::kSize);
  auto rest = nal.subspan(1);
  for (size_t i = 0; i < parts.size(); ++i, ++stamp.number) {
    const uint8_t start = i == 0 ? 0x80 : 0;
    const uint8_t end = i + 1 == parts.size() ? 0x40 : 0;
    const auto fu_header = static_cast<uint8_t>(start | end | (nal[0] & 0x1f));
    packets.push_back(with_stamp({fu_indicator, fu_header}, rest.first(parts[i]), stamp));
    rest = rest.subspan(parts[i]);
  }
}

}  // namespace

FrameSizes::FrameSizes(base::DataRate rate, double fps, uint64_t seed)
    : mean_(static_cast<double>(rate.bps()) / 8 / fps), rng_(seed) {}

size_t FrameSizes::next(bool keyframe) {
  // A fifth of the debt is paid a frame, and never more than half of a frame.
  const double repayment = std::clamp(debt_ / 5, -mean_ / 2, mean_ / 2);
  const double spread = 0.75 + static_cast<double>(rng_.below(501)) / 1000;  // 0.75–1.25
  const double wanted = keyframe ? mean_ * kKeyframeFactor : (mean_ - repayment) * spread;
  const size_t size = std::max(kMinBytes, static_cast<size_t>(wanted));
  debt_ += static_cast<double>(size) - mean_;
  return size;
}

std::vector<size_t> split_about_equally(size_t size, size_t most) {
  const size_t count = std::max<size_t>(1, (size + most - 1) / most);
  std::vector<size_t> parts(count, size / count);
  for (size_t i = count - size % count; i < count; ++i) ++parts[i];
  return parts;
}

std::vector<Payload> packetize_frame(bool keyframe, size_t size, uint32_t first_number, base::Timestamp now,
                                     base::Rng& rng) {
  std::vector<Payload> packets;
  Stamp stamp{first_number, now};
  if (keyframe) {
    packets.push_back(parameter_sets(kSps, kPps, stamp, rng));
    ++stamp.number;
  }
  append_slice(packets, keyframe ? NalKind::kIdrSlice : NalKind::kSlice, size, stamp, rng);
  return packets;
}

std::vector<Payload> packetize_recorded(const Recording& recording, const Recording::Frame& frame,
                                        uint32_t first_number, base::Timestamp now, base::Rng& rng) {
  std::vector<Payload> packets;
  Stamp stamp{first_number, now};
  if (frame.keyframe) {
    packets.push_back(parameter_sets(recording.sps, recording.pps, stamp, rng));
    ++stamp.number;
  }
  for (const auto& slice : frame.slices) append_recorded(packets, slice, stamp);
  return packets;
}

}  // namespace heliograph::load
