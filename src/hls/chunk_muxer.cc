// SPDX-License-Identifier: Apache-2.0
#include "hls/codec_parameters.h"
#include "hls/fragment_writer.h"
#include "hls/muxer.h"

namespace heliograph::hls {

struct ChunkMuxer::State {
  std::unique_ptr<FragmentWriter> writer;
  Blob init;
  bool is_audio = false;
  uint64_t refused = 0;

  template <class Config>
  static std::expected<std::unique_ptr<State>, base::Trouble> make(const Config& config, bool is_audio) {
    auto parameters = codec_parameters(config);
    if (!parameters) return std::unexpected(parameters.error());
    std::vector<libav::Parameters> tracks;
    tracks.push_back(std::move(*parameters));
    auto writer = FragmentWriter::create(std::move(tracks), /*with_index=*/false);
    if (!writer) return std::unexpected(writer.error());
    auto state = std::make_unique<State>();
    state->writer = std::move(*writer);
    state->init = state->writer->take();
    state->is_audio = is_audio;
    return state;
  }
};

ChunkMuxer::ChunkMuxer(std::unique_ptr<State> state) : state_(std::move(state)) {}
ChunkMuxer::~ChunkMuxer() = default;
ChunkMuxer::ChunkMuxer(ChunkMuxer&&) noexcept = default;
ChunkMuxer& ChunkMuxer::operator=(ChunkMuxer&&) noexcept = default;

std::expected<ChunkMuxer, base::Trouble> ChunkMuxer::create(const VideoConfig& config) {
  auto state = State::make(config, false);
  if (!state) return std::unexpected(state.error());
  return ChunkMuxer(std::move(*state));
}

std::expected<ChunkMuxer, base::Trouble> ChunkMuxer::create(const AudioConfig& config) {
  auto state = State::make(config, true);
  if (!state) return std::unexpected(state.error());
  return ChunkMuxer(std::move(*state));
}

const Blob& ChunkMuxer::init() const { return state_->init; }
uint64_t ChunkMuxer::refused() const { return state_->refused; }

void ChunkMuxer::add(const Sample& sample) {
  Sample whole = sample;
  whole.keyframe |= state_->is_audio;  // every frame of AAC and Opus is a sync sample
  if (!state_->writer->add(0, whole)) ++state_->refused;
}

Blob ChunkMuxer::flush() {
  state_->writer->flush();
  return state_->writer->take();
}

}  // namespace heliograph::hls
