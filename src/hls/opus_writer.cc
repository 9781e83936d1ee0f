// SPDX-License-Identifier: Apache-2.0
#include "hls/sample_writer.h"

namespace heliograph::hls {
namespace {

constexpr int64_t kTolerance = 960;  // 20 ms, one packet of most senders

// OpusHead (RFC 7845 section 5.1): version 1, two channels, no pre-skip, 48 kHz, no gain, mapping family 0. Packets may
// be mono or stereo all the same: a decoder gives as many channels as it was made for (RFC 6716 section 2.1.2). No
// pre-skip: a stream that is joined in the middle has no beginning to be skipped.
constexpr uint8_t kHead[] = {'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 2, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0};

// Packets as they are.
class OpusWriter : public SampleWriter {
 public:
  OpusWriter() {
    config_.codec = AudioCodec::kOpus;
    config_.record.assign(std::begin(kHead), std::end(kHead));
    config_.codecs = "opus";
  }

  const AudioConfig& config() const override { return config_; }
  Grain grain() const override { return {.tolerance = kTolerance, .whole = true}; }
  int64_t write_silence(int64_t duration) override {
    const int64_t begin = end_;
    for (auto packet = opus_silence(duration); !packet.empty(); packet = opus_silence(begin + duration - end_)) {
      append(parse_opus_packet(packet)->duration, packet);
    }
    return end_ - begin;
  }
  int64_t write(const OpusPacket& packet, base::ConstBytes payload, const Laying&) override {
    append(packet.duration, payload);
    return packet.duration;
  }

 private:
  void append(uint32_t duration, base::ConstBytes packet) {
    samples().push_back({end_, duration, {packet.begin(), packet.end()}});
    end_ += duration;
  }

  AudioConfig config_;
  int64_t end_ = 0;
};

}  // namespace

std::unique_ptr<SampleWriter> make_opus_writer() { return std::make_unique<OpusWriter>(); }

}  // namespace heliograph::hls
