// SPDX-License-Identifier: Apache-2.0
// A hostile publisher's packets to pictures for HLS: what comes out is well formed and in order, whatever goes in.
#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "base/check.h"
#include "hls/av1_headers.h"
#include "hls/frame_assembler.h"

namespace {

using namespace heliograph;

constexpr plan::Codec kCodecs[] = {plan::Codec::kH264, plan::Codec::kVp9, plan::Codec::kAv1, plan::Codec::kVp8};
// Parameter sets of libx264.
constexpr std::string_view kFmtp = "sprop-parameter-sets=Z0LADdkBQZ+fARAAAAMAEAAAAwMDwPFCpIA=,aMuDyyA=";

// 4-byte lengths that fill the sample, of NAL units that belong there.
bool is_h264_sample(base::ConstBytes data) {
  base::ByteReader in(data);
  while (in.left() > 0) {
    const auto nal = in.bytes(in.u32());
    if (!in.ok() || nal.empty() || (nal[0] & 0x1f) < 1 || (nal[0] & 0x1f) > 6) return false;
  }
  return true;
}
bool is_av1_sample(base::ConstBytes data) {
  while (!data.empty()) {
    const auto obu = hls::take_obu(data);
    if (!obu || (obu->whole[0] & 2) == 0 || obu->type == hls::ObuType::kTemporalDelimiter) return false;
  }
  return true;
}

class World {
 public:
  explicit World(uint8_t setup)
      : codec_(kCodecs[setup % 4]), assembler_(codec_, (setup & 4) != 0 ? kFmtp : "packetization-mode=1") {}

  void step(base::ByteReader& in) {
    const uint8_t action = in.u8();
    if (action < 16) return wait(action);
    if (action < 24) return change_source(action);
    packet(in);
    if (action < 240) take();
  }
  void take() {
    const uint64_t lost = assembler_.frames_lost();
    while (const auto frame = assembler_.take(now_)) check(*frame);
    CHECK(assembler_.frames_lost() >= lost);
    CHECK(assembler_.next_time() > now_);
    CHECK(assembler_.next_time().is_never() || assembler_.next_time() <= now_ + hls::FrameAssembler::kPatience);
  }

 private:
  void wait(uint8_t tens) {
    now_ = now_ + base::Duration::millis(tens * 10);
    take();
  }
  void change_source(uint8_t action) {
    source_ = action % 4;
    sequence_ = action;
  }
  // Flags: marker, next timestamp, any sequence number, any timestamp.
  void packet(base::ByteReader& in) {
    const uint8_t flags = in.u8();
    if ((flags & 2) != 0) timestamp_ += 3'000;
    if ((flags & 4) != 0) sequence_ += static_cast<int16_t>(in.u16());
    if ((flags & 8) != 0) timestamp_ = in.u32();
    hls::RtpPacket packet;
    packet.source = source_;
    packet.sequence = sequence_++;
    packet.timestamp = timestamp_;
    packet.marker = (flags & 1) != 0;
    packet.arrival = now_;
    packet.payload = in.bytes(std::min<size_t>(in.u8(), in.left()));
    assembler_.receive(now_, packet);
  }

  void check(const hls::Frame& frame) {
    CHECK(codec_ != plan::Codec::kVp8);
    CHECK(!frame.data.empty() && frame.data.size() <= 2 * hls::FrameAssembler::kMaxFrameBytes);
    CHECK(frame.keyframe == (frame.config != nullptr));
    if (frame.source != shown_) CHECK(frame.keyframe);
    shown_ = frame.source;
    if (codec_ == plan::Codec::kH264) CHECK(is_h264_sample(frame.data));
    if (codec_ == plan::Codec::kAv1) CHECK(is_av1_sample(frame.data));
    if (frame.config) check(*frame.config);
  }
  void check(const hls::VideoConfig& config) {
    CHECK(config.codec == codec_ && config.width > 0 && config.height > 0);
    CHECK(config.record.size() >= 4 && !config.codecs.empty());
  }

  plan::Codec codec_;
  hls::FrameAssembler assembler_;
  base::Timestamp now_ = base::Timestamp::from_micros(1'000'000);
  uint64_t source_ = 0;
  int64_t sequence_ = 0;
  uint32_t timestamp_ = 0;
  std::optional<uint64_t> shown_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  World world(data[0]);
  base::ByteReader in(base::ConstBytes(data, size).subspan(1));
  for (int steps = 0; in.left() > 0 && steps < 4'000; ++steps) world.step(in);
  world.take();
  return 0;
}
