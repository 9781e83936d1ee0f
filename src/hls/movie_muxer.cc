// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "hls/codec_parameters.h"
#include "hls/fragment_writer.h"
#include "hls/muxer.h"

namespace heliograph::hls {
namespace {

// Of time that video's and audio's timescales are whole parts of, Hz.
constexpr int64_t kCommonRate = 720'000;
constexpr int64_t kUnitsOfVideo = kCommonRate / kVideoRate;
constexpr int64_t kUnitsOfAudio = kCommonRate / kAudioRate;

constexpr size_t kMaxHeldBytes = 16 * 1024 * 1024;  // more: the movie begins with the earliest of what there is
constexpr size_t kMaxHeldSamples = 4'096;           // the same

}  // namespace

struct MovieMuxer::State {
  // A sample of the first fragment, held until it is known which is the earliest.
  struct Held {
    bool is_video;
    Sample sample;
    std::vector<uint8_t> data;
  };

  std::unique_ptr<FragmentWriter> writer;
  std::optional<size_t> video, audio;  // the writer's tracks
  bool is_h264 = false;
  std::vector<uint8_t> record;          // what parameter_sets was made of
  std::vector<uint8_t> parameter_sets;  // of H.264, before each keyframe
  std::vector<uint8_t> keyframe;        // scratch
  std::vector<Held> held;
  size_t held_bytes = 0;
  std::optional<int64_t> origin;  // in kCommonRate, the movie's time 0
  bool is_finished = false;
  uint64_t refused = 0;

  std::expected<void, base::Trouble> open(const VideoConfig* video_config, const AudioConfig* audio_config);
  void use(const VideoConfig& config);
  void add(bool is_video, const Sample& sample);
  void write(bool is_video, const Sample& sample);
  void begin();
  void flush();
};

namespace {

int64_t units_of(bool is_video) { return is_video ? kUnitsOfVideo : kUnitsOfAudio; }

template <class Config>
std::expected<void, base::Trouble> add_track(const Config* config, std::vector<libav::Parameters>& tracks,
                                             std::optional<size_t>& index) {
  if (config == nullptr) return {};
  auto parameters = codec_parameters(*config);
  if (!parameters) return std::unexpected(parameters.error());
  index = tracks.size();
  tracks.push_back(std::move(*parameters));
  return {};
}

}  // namespace

std::expected<void, base::Trouble> MovieMuxer::State::open(const VideoConfig* video_config,
                                                           const AudioConfig* audio_config) {
  std::vector<libav::Parameters> tracks;
  if (auto added = add_track(video_config, tracks, video); !added) return added;
  if (auto added = add_track(audio_config, tracks, audio); !added) return added;
  auto made = FragmentWriter::create(std::move(tracks), /*with_index=*/true);
  if (!made) return std::unexpected(made.error());
  writer = std::move(*made);
  is_h264 = video_config != nullptr && video_config->codec == plan::Codec::kH264;
  if (video_config != nullptr) use(*video_config);
  return {};
}

void MovieMuxer::State::use(const VideoConfig& config) {
  if (!is_h264 || config.record == record) return;
  record = config.record;
  parameter_sets = hls::parameter_sets(record);
}

void MovieMuxer::State::add(bool is_video, const Sample& sample) {
  if (is_finished || !(is_video ? video : audio)) return void(++refused);
  if (origin) return write(is_video, sample);
  Held& copy = held.emplace_back(is_video, sample, std::vector(sample.data.begin(), sample.data.end()));
  copy.sample.data = copy.data;
  held_bytes += copy.data.size();
  if (held_bytes > kMaxHeldBytes || held.size() >= kMaxHeldSamples) begin();
}

void MovieMuxer::State::write(bool is_video, const Sample& sample) {
  Sample moved = sample;
  const int64_t offset = *origin / units_of(is_video);
  moved.dts -= offset;
  moved.pts -= offset;
  if (!writer->add(is_video ? *video : *audio, moved)) ++refused;
}

// The movie's time begins with the earliest sample of the first fragment.
void MovieMuxer::State::begin() {
  const auto begin_of = [](const Held& one) { return one.sample.dts * units_of(one.is_video); };
  origin = begin_of(*std::ranges::min_element(held, {}, begin_of));
  for (const auto& one : held) write(one.is_video, one.sample);
  held = {};
}

void MovieMuxer::State::flush() {
  if (!held.empty()) begin();
  if (origin) writer->flush();
}

MovieMuxer::MovieMuxer(std::unique_ptr<State> state) : state_(std::move(state)) {}
MovieMuxer::~MovieMuxer() = default;
MovieMuxer::MovieMuxer(MovieMuxer&&) noexcept = default;
MovieMuxer& MovieMuxer::operator=(MovieMuxer&&) noexcept = default;

std::expected<MovieMuxer, base::Trouble> MovieMuxer::create(const VideoConfig* video, const AudioConfig* audio) {
  auto state = std::make_unique<State>();
  if (auto opened = state->open(video, audio); !opened) return std::unexpected(opened.error());
  return MovieMuxer(std::move(state));
}

uint64_t MovieMuxer::refused() const { return state_->refused; }

void MovieMuxer::add_video(const Sample& sample, const VideoConfig* config) {
  if (config != nullptr) state_->use(*config);
  if (!sample.keyframe || state_->parameter_sets.empty()) return state_->add(true, sample);
  auto& keyframe = state_->keyframe;
  keyframe.assign(state_->parameter_sets.begin(), state_->parameter_sets.end());
  keyframe.insert(keyframe.end(), sample.data.begin(), sample.data.end());
  Sample with_sets = sample;
  with_sets.data = keyframe;
  state_->add(true, with_sets);
}

void MovieMuxer::add_audio(const Sample& sample) {
  Sample whole = sample;
  whole.keyframe = true;  // every frame of AAC and Opus is a sync sample
  state_->add(false, whole);
}

Blob MovieMuxer::flush() {
  if (state_->is_finished) return nullptr;
  state_->flush();
  return state_->origin ? state_->writer->take() : nullptr;
}

Blob MovieMuxer::finish() {
  if (state_->is_finished) return nullptr;
  state_->flush();
  state_->is_finished = true;
  if (!state_->origin) return nullptr;
  state_->writer->finish();
  return state_->writer->take();
}

}  // namespace heliograph::hls
