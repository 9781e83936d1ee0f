// SPDX-License-Identifier: Apache-2.0
#include "hls/frame_assembler.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <variant>
#include <vector>

#include "hls/av1_depacketizer.h"
#include "hls/h264_depacketizer.h"
#include "hls/picture_buffer.h"
#include "hls/vp9_depacketizer.h"

namespace heliograph::hls {
namespace {

// A keyframe behind a hole is taken before the hole is given up; but what is asked for again comes within a round trip.
constexpr auto kEagerness = base::Duration::millis(100);
// Pictures of sources that others replaced, whole and not yet taken. The newest are given up when full.
constexpr size_t kMaxReadyBytes = 2 * FrameAssembler::kMaxFrameBytes;
// Sources whose late packets are still known as such.
constexpr size_t kMaxLeft = 8;

constexpr PictureBuffer::Limits kLimits{.packets = FrameAssembler::kMaxPackets,
                                        .bytes = 2 * FrameAssembler::kMaxFrameBytes,
                                        .picture_bytes = FrameAssembler::kMaxFrameBytes,
                                        .patience = FrameAssembler::kPatience,
                                        .eagerness = kEagerness};

// What has no place in mp4 (VP8), or is no video.
class NoDepacketizer {
 public:
  bool starts_keyframe(base::ConstBytes /*payload*/) const { return false; }
  std::optional<CodedPicture> assemble(std::span<const base::ConstBytes> /*payloads*/) { return std::nullopt; }
  void restart() {}
};

using Depacketizer = std::variant<NoDepacketizer, H264Depacketizer, Vp9Depacketizer, Av1Depacketizer>;

Depacketizer depacketizer_of(plan::Codec codec, std::string_view fmtp) {
  switch (codec) {
    case plan::Codec::kH264:
      return H264Depacketizer(fmtp);
    case plan::Codec::kVp9:
      return Vp9Depacketizer();
    case plan::Codec::kAv1:
      return Av1Depacketizer();
    case plan::Codec::kVp8:
    case plan::Codec::kOpus:
      break;
  }
  return NoDepacketizer();
}

std::vector<base::ConstBytes> payloads_of(const PictureBuffer::Picture& picture) {
  std::vector<base::ConstBytes> payloads;
  payloads.reserve(picture.size());
  for (const auto& packet : picture) payloads.emplace_back(packet.payload);
  return payloads;
}

}  // namespace

struct FrameAssembler::State {
  State(plan::Codec codec, std::string_view fmtp) : depacketizer(depacketizer_of(codec, fmtp)) {}

  bool packs() const { return !std::holds_alternative<NoDepacketizer>(depacketizer); }
  void leave_source(base::Timestamp now);
  std::optional<Frame> next(base::Timestamp now);
  std::optional<Frame> frame_of(const PictureBuffer::Picture& picture);

  Depacketizer depacketizer;
  PictureBuffer buffer{kLimits};
  std::optional<uint64_t> source;
  std::vector<uint64_t> left;  // sources before
  std::deque<Frame> ready;     // of those
  size_t ready_bytes = 0;
  uint64_t breaks = 0;  // of the buffer, as far as they were seen
  bool broken = true;   // needs a keyframe
  bool delivered = false;
  uint64_t lost = 0;  // beside those of the buffer
};

FrameAssembler::FrameAssembler(plan::Codec codec, std::string_view fmtp)
    : state_(std::make_unique<State>(codec, fmtp)) {}
FrameAssembler::~FrameAssembler() = default;
FrameAssembler::FrameAssembler(FrameAssembler&&) noexcept = default;
FrameAssembler& FrameAssembler::operator=(FrameAssembler&&) noexcept = default;

void FrameAssembler::receive(base::Timestamp now, const RtpPacket& packet) {
  auto& s = *state_;
  if (!s.packs() || std::ranges::find(s.left, packet.source) != s.left.end()) return;
  if (s.source && s.source != packet.source) s.leave_source(now);
  s.source = packet.source;
  const bool starts = std::visit([&](const auto& d) { return d.starts_keyframe(packet.payload); }, s.depacketizer);
  s.buffer.insert(now, packet, starts);
}

std::optional<Frame> FrameAssembler::take(base::Timestamp now) {
  auto& s = *state_;
  if (s.ready.empty()) return s.next(now);
  auto frame = std::move(s.ready.front());
  s.ready.pop_front();
  s.ready_bytes -= frame.data.size();
  return frame;
}

base::Timestamp FrameAssembler::next_time() const { return state_->buffer.next_time(); }

bool FrameAssembler::needs_keyframe() const {
  return state_->packs() && (state_->broken || state_->breaks != state_->buffer.breaks());
}

uint64_t FrameAssembler::frames_lost() const { return state_->lost + state_->buffer.lost(); }

void FrameAssembler::State::leave_source(base::Timestamp now) {
  while (auto frame = next(now)) {
    if (ready_bytes + frame->data.size() > kMaxReadyBytes) {
      ++lost;
      break;
    }
    ready_bytes += frame->data.size();
    ready.push_back(std::move(*frame));
  }
  lost += buffer.lost() + (buffer.empty() ? 0 : 1);
  buffer = PictureBuffer(kLimits);
  breaks = 0;
  broken = true;
  std::visit([](auto& d) { d.restart(); }, depacketizer);
  if (left.size() == kMaxLeft) left.erase(left.begin());
  left.push_back(*source);
}

std::optional<Frame> FrameAssembler::State::next(base::Timestamp now) {
  while (const auto picture = buffer.take(now)) {
    if (std::exchange(breaks, buffer.breaks()) != buffer.breaks()) broken = true;
    if (auto frame = frame_of(*picture)) return frame;
  }
  if (std::exchange(breaks, buffer.breaks()) != buffer.breaks()) broken = true;
  return std::nullopt;
}

std::optional<Frame> FrameAssembler::State::frame_of(const PictureBuffer::Picture& picture) {
  auto coded = std::visit([&](auto& d) { return d.assemble(payloads_of(picture)); }, depacketizer);
  if (coded && coded->data.empty()) return std::nullopt;
  if (!coded || (broken && !coded->keyframe)) {
    broken = true;
    lost += delivered ? 1 : 0;
    return std::nullopt;
  }
  broken = false;
  delivered = true;
  const auto first = std::ranges::min(picture, {}, &PictureBuffer::Packet::arrival).arrival;
  return Frame{.timestamp = picture.front().timestamp,
               .source = *source,
               .arrival = first,
               .keyframe = coded->keyframe,
               .data = std::move(coded->data),
               .config = std::move(coded->config)};
}

}  // namespace heliograph::hls
