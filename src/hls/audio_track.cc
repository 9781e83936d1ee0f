// SPDX-License-Identifier: Apache-2.0
#include "hls/audio_track.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/unwrapper.h"
#include "hls/opus_packet.h"
#include "hls/packet_queue.h"
#include "hls/sample_writer.h"

namespace heliograph::hls {
namespace {

using base::Duration;
using base::Timestamp;

constexpr size_t kMaxPayload = 8'192;                      // bytes; an Opus packet of 120 ms at 510 kbit/s has 7,650
constexpr Duration kMaxAhead = Duration::seconds(1);       // a packet is not of the future: MediaClock's kStep, doubled
constexpr int64_t kMaxWaiting = 10 * int64_t{kAudioRate};  // samples that nobody takes
constexpr int64_t kSilence = 960;                          // what is given up is given up in pieces of 20 ms

// Clocks are followed by one sample in 20 ms (0.1 %), and by four (0.4 %, 7 cents) where lips and voice would begin to
// part; less than half a millisecond is none.
constexpr int64_t kCorrectionEvery = 960;
constexpr int64_t kTooSmall = 24;
constexpr int64_t kLarge = 480;

int64_t to_grid(Duration time) {
  const int64_t scaled = time.us() * (kAudioRate / 1'000);
  return (scaled + (scaled < 0 ? -500 : 500)) / 1'000;
}

}  // namespace

struct AudioTrack::State {
  explicit State(std::unique_ptr<SampleWriter> w) : writer(std::move(w)), grain(writer->grain()) {}

  void step();
  void lay_next();
  int64_t position_of(const HeldPacket& packet);
  void fill_up_to(int64_t position);
  void lay(const HeldPacket& packet, int64_t position);
  int64_t correction(int64_t duration);
  bool full() const;

  std::unique_ptr<SampleWriter> writer;
  SampleWriter::Grain grain;
  PacketQueue queue;
  std::optional<Timestamp> epoch;
  int64_t end = 0;  // of what is laid, on the grid; samples may be behind by what the writer holds back

  // The source that is being laid.
  std::optional<uint64_t> turn;
  base::Unwrapper<uint32_t> timestamps;
  int64_t shift = 0;            // from timestamps to the grid, as packets were laid
  int64_t error = 0;            // by which the packet's true time is later
  int64_t since_corrected = 0;  // samples
  bool joins = false;           // the next packet continues what was laid last
};

// Of a packet's first sample: where its timestamp puts it behind those before, as long as that is about true.
int64_t AudioTrack::State::position_of(const HeldPacket& packet) {
  const bool same_source = turn == packet.turn;
  if (!same_source) {
    writer->reset();
    timestamps = {};
    turn = packet.turn;
  }
  const int64_t ticks = timestamps.unwrap(packet.timestamp);
  const int64_t at = to_grid(packet.at - *epoch);
  error = at - (ticks + shift);
  if (!same_source || std::abs(error) > grain.tolerance) {
    shift = at - ticks;
    error = 0;
  }
  return ticks + shift;
}

void AudioTrack::State::fill_up_to(int64_t position) {
  if (position <= end) return;
  end += writer->write_silence(position - end);
  joins = false;
}

int64_t AudioTrack::State::correction(int64_t duration) {
  since_corrected = std::min(since_corrected + duration, std::max(duration, kCorrectionEvery));
  if (since_corrected < kCorrectionEvery || std::abs(error) < kTooSmall) return 0;
  const int64_t most = std::exchange(since_corrected, 0) / kCorrectionEvery * (std::abs(error) > kLarge ? 4 : 1);
  return std::clamp(error, -most, most);
}

void AudioTrack::State::lay(const HeldPacket& packet, int64_t position) {
  const int64_t duration = packet.opus.duration;
  const int64_t overlap = std::max<int64_t>(0, end - position);
  if (grain.whole ? overlap > duration / 2 : overlap >= duration) {
    joins = false;
    return;  // too late: its place is taken
  }
  Laying laying{.joins = joins && overlap == 0};
  if (!grain.whole)
    laying = {.skip = overlap, .stretch = overlap == 0 ? correction(duration) : 0, .joins = laying.joins};
  end += writer->write(packet.opus, packet.payload, laying);
  shift += end - (position + duration);  // by how much it became longer, or lies beside its place
  joins = true;
}

void AudioTrack::State::lay_next() {
  joins = joins && queue.is_next();
  const HeldPacket packet = queue.take();
  const int64_t position = position_of(packet);
  fill_up_to(position);
  lay(packet, position);
}

// The front packet, or a second of the silence before it: a caller who was away for an hour must not get that at once.
void AudioTrack::State::step() {
  const bool far = to_grid(queue.front().at - *epoch) > end + kAudioRate;
  far ? fill_up_to(end + kAudioRate) : lay_next();
}

bool AudioTrack::State::full() const {
  const auto& samples = writer->samples();
  return !samples.empty() && end - samples.front().at >= kMaxWaiting;
}

std::expected<AudioTrack, base::Trouble> AudioTrack::create(AudioCodec codec) {
  if (codec == AudioCodec::kOpus) return AudioTrack(std::make_unique<State>(make_opus_writer()));
  auto writer = make_aac_writer();
  if (!writer) return std::unexpected(writer.error());
  return AudioTrack(std::make_unique<State>(std::move(*writer)));
}

AudioTrack::AudioTrack(std::unique_ptr<State> state) : state_(std::move(state)) {}
AudioTrack::~AudioTrack() = default;
AudioTrack::AudioTrack(AudioTrack&&) noexcept = default;
AudioTrack& AudioTrack::operator=(AudioTrack&&) noexcept = default;

const AudioConfig& AudioTrack::config() const { return state_->writer->config(); }

void AudioTrack::start(Timestamp epoch) { state_->epoch = epoch; }

void AudioTrack::receive(const RtpPacket& packet, Timestamp at) {
  State& s = *state_;
  if (packet.payload.size() > kMaxPayload || at > packet.arrival + kMaxAhead) return;
  const auto opus = parse_opus_packet(packet.payload);
  if (!opus) return;  // as if it were lost
  s.queue.put(packet, at, *opus);
  while (s.queue.size() > kMaxPackets) {
    if (s.epoch && !s.full()) {
      s.step();
    } else {
      (void)s.queue.take();
    }
  }
}

void AudioTrack::advance(Timestamp now) {
  State& s = *state_;
  if (!s.epoch) return;
  const Timestamp given_up = now - kPatience;
  while (!s.queue.empty() && !s.full() && (s.queue.is_next() || s.queue.front().at <= given_up)) s.step();
  const int64_t target = to_grid(given_up - *s.epoch);
  while (s.end + kSilence <= target && !s.full()) s.fill_up_to(s.end + kSilence);
}

std::optional<AudioSample> AudioTrack::take() {
  auto& samples = state_->writer->samples();
  if (samples.empty()) return std::nullopt;
  AudioSample sample = std::move(samples.front());
  samples.pop_front();
  return sample;
}

}  // namespace heliograph::hls
