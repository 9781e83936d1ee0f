// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "hls/aac_encoder.h"
#include "hls/opus_decoder.h"
#include "hls/sample_writer.h"
#include "hls/splice.h"
#include "hls/stretch.h"

namespace heliograph::hls {
namespace {

constexpr int64_t kTolerance = 2'880;  // 60 ms; less is made good slowly

// Decoded, joined, encoded again.
class AacWriter : public SampleWriter {
 public:
  AacWriter(OpusDecoder decoder, AacEncoder encoder) : decoder_(std::move(decoder)), encoder_(std::move(encoder)) {}

  const AudioConfig& config() const override { return encoder_.config(); }
  Grain grain() const override { return {.tolerance = kTolerance}; }
  int64_t write_silence(int64_t duration) override;
  int64_t write(const OpusPacket& packet, base::ConstBytes payload, const Laying& laying) override;
  void reset() override { decoder_.reset(); }

 private:
  OpusDecoder decoder_;
  AacEncoder encoder_;
  Splice splice_;
  std::vector<Stereo> stretched_;
  bool silent_ = true;
};

int64_t AacWriter::write_silence(int64_t duration) {
  if (!std::exchange(silent_, true)) splice_.cut();
  std::array<Stereo, AacEncoder::kFrame> block;
  for (int64_t left = duration; left > 0;) {
    const auto now = std::span(block).first(std::min(block.size(), static_cast<size_t>(left)));
    std::ranges::fill(now, Stereo());
    splice_.pass_silence(now);
    encoder_.encode(now, samples());
    left -= static_cast<int64_t>(now.size());
  }
  return duration;
}

int64_t AacWriter::write(const OpusPacket& packet, base::ConstBytes payload, const Laying& laying) {
  const auto skip = static_cast<size_t>(laying.skip);
  std::span<Stereo> sound = decoder_.decode(packet, payload);
  if (sound.size() <= skip) return write_silence(int64_t{packet.duration} - laying.skip);
  sound = sound.subspan(skip);
  if (laying.stretch != 0) {
    stretch(sound, static_cast<size_t>(static_cast<int64_t>(sound.size()) + laying.stretch), stretched_);
    sound = stretched_;
  }
  if (!std::exchange(silent_, false) && !laying.joins) splice_.cut();
  splice_.pass_sound(sound);
  encoder_.encode(sound, samples());
  return static_cast<int64_t>(sound.size());
}

}  // namespace

std::expected<std::unique_ptr<SampleWriter>, base::Trouble> make_aac_writer() {
  auto decoder = OpusDecoder::create();
  if (!decoder) return std::unexpected(decoder.error());
  auto encoder = AacEncoder::create();
  if (!encoder) return std::unexpected(encoder.error());
  return std::make_unique<AacWriter>(std::move(*decoder), std::move(*encoder));
}

}  // namespace heliograph::hls
