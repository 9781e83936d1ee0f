// SPDX-License-Identifier: Apache-2.0
#include "hls/packager.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "hls/audio_rendition.h"
#include "hls/media_clock.h"
#include "hls/recorder.h"
#include "hls/slate.h"
#include "hls/video_layers.h"
#include "hls/video_rendition.h"

namespace heliograph::hls {
namespace {

using base::Duration;
using base::Timestamp;

// How often time is looked after.
constexpr Duration kTick = Duration::millis(20);
// A part is closed this long after its end though no later picture has come: an assembler's patience, and a tick.
constexpr Duration kLateness = Duration::millis(300);
// The first pictures are looked at for so long before the stream opens, to see how many a second there are.
constexpr Duration kObserve = Duration::seconds(1);
// A camera that sends nothing does not hold the sound back for longer than this.
constexpr Duration kNoVideo = Duration::seconds(3);
// A keyframe this long before a segment's end is as good as one at its end: somebody else has asked for it.
constexpr Duration kEarly = Duration::millis(600);
// What it takes a publisher to answer a request for a keyframe, usually.
constexpr Duration kAskAhead = Duration::millis(150);
// The layers of simulcast do not bring their keyframes at the same moment.
constexpr Duration kOtherLayers = Duration::millis(400);
// Between two segments, if something forces one: a picture of another size, a camera that comes or goes.
constexpr Duration kShortest = Duration::millis(500);
// A segment is ended so long before EXTINF, rounded, would pass EXT-X-TARGETDURATION: the sound's ends a little later.
constexpr Duration kMargin = Duration::millis(150);
constexpr uint16_t kSlateWidth = 640, kSlateHeight = 360;
// Of RtpPacket::source: room for another publication's, which may have the same numbers.
constexpr int kGenerationShift = 56;

bool takes(plan::Codec codec) { return codec != plan::Codec::kVp8; }

const plan::UplinkTrack* find(const std::vector<plan::UplinkTrack>& tracks, plan::Kind kind) {
  const auto found =
      std::ranges::find_if(tracks, [&](const auto& t) { return t.kind == kind && takes(t.codec.codec); });
  return found == tracks.end() ? nullptr : &*found;
}

size_t layers_of(const plan::UplinkTrack& track) { return std::clamp<size_t>(track.rids.size(), 1, kMaxLayers); }

}  // namespace

struct Packager::State {
  State(Timestamp now, int64_t unix_now, const PackagerOptions& o, const plan::StartHls& s);

  // Life
  void add_sound(AudioCodec codec);
  void set_tracks();
  bool goes_on_with(const plan::StartHls& next) const;
  void open_when_due(Timestamp now, PackagerOut& out);
  void open(Timestamp now, Timestamp epoch, Duration observed, PackagerOut& out);
  bool is_slow(Duration observed) const;
  void step(Timestamp now, PackagerOut& out);

  // Video
  void take_frames(Timestamp now, PackagerOut& out);
  void on_frame(Timestamp now, size_t layer, TimedFrame frame, PackagerOut& out);
  bool may_begin(size_t layer, const TimedFrame& frame) const;
  bool fits(size_t layer, const Frame& frame) const;
  void deliver(Timestamp now, size_t layer, const TimedFrame& frame, Updates& out);
  void cut_when_due(Timestamp now, PackagerOut& out);
  void cut_sound_when_due(Timestamp now);
  void cut(Timestamp now, PackagerOut& out);
  void cut_to_slate(Timestamp now, PackagerOut& out);
  void begin_segment(Timestamp at);
  std::shared_ptr<const Slate> slate_for(size_t rendition);
  void fill(Timestamp now, Updates& out);
  bool all_slates() const;
  Timestamp settled(Timestamp now) const;

  // What it is made of
  PackagerOptions options;
  plan::StartHls start;
  Epoch epoch;  // before it is open: any moment, for the wall clock
  Timing timing;
  MediaClock clock;
  uint64_t generation = 0;  // of the publication
  std::optional<plan::Codec> video_codec;
  VideoLayers layers;
  std::vector<VideoRendition> video;
  std::vector<AudioRendition> audio;
  std::vector<std::optional<size_t>> feeds;  // of each video rendition: a layer; none: a slate
  std::map<std::pair<uint16_t, uint16_t>, std::shared_ptr<const Slate>> slates;
  std::optional<Recorder> recorder;

  // Where it stands
  bool opened = false;
  std::optional<Timestamp> first_packet;
  std::optional<Timestamp> first_sound;     // when it is to be heard
  std::optional<Timestamp> first_keyframe;  // when it came
  Timestamp segment_began;                  // media time
  Timestamp segment_ends;                   // aimed at
  Timestamp delivered;                      // the latest picture of a segment
  Timestamp next_tick;
  uint64_t slate_count = 0;
};

Packager::State::State(Timestamp now, int64_t unix_now, const PackagerOptions& o, const plan::StartHls& s)
    : options(o), start(s), epoch{now, unix_now, now}, next_tick(now + kTick) {
  if (const auto* track = find(start.tracks, plan::Kind::kVideo)) {
    video_codec = track->codec.codec;
    feeds.resize(layers_of(*track));
  }
  const bool sounds = find(start.tracks, plan::Kind::kAudio) != nullptr;
  if (sounds && options.aac) add_sound(AudioCodec::kAac);
  if (sounds && options.opus) add_sound(AudioCodec::kOpus);
  if (options.record) recorder.emplace();
  set_tracks();
}

void Packager::State::add_sound(AudioCodec codec) {
  if (auto made = AudioRendition::create(feeds.size() + audio.size(), codec)) audio.push_back(std::move(*made));
}

void Packager::State::set_tracks() {
  ++generation;
  clock = {};
  if (const auto* track = find(start.tracks, plan::Kind::kVideo)) layers.begin(*track);
}

bool Packager::State::goes_on_with(const plan::StartHls& next) const {
  const auto* track = find(next.tracks, plan::Kind::kVideo);
  if (track != nullptr && track->codec.codec != video_codec) return false;
  return find(next.tracks, plan::Kind::kAudio) == nullptr || !audio.empty();
}

// Frames a second, over all that came since the first keyframe.
bool Packager::State::is_slow(Duration observed) const {
  size_t most = 0;
  for (size_t i = 0; i < kMaxLayers; ++i) most = std::max(most, layers[i].waiting.size());
  return most > 0 && static_cast<double>(most) < kSlowBelow * observed.to_seconds();
}

void Packager::State::open_when_due(Timestamp now, PackagerOut& out) {
  if (opened || !first_packet) return;
  if (!video_codec) {
    if (first_sound && now - *first_sound >= kLateness) open(now, *first_sound, {}, out);
    return;
  }
  if (!start.video) {
    layers.drop_waiting();
    if (now - *first_packet >= kLateness) open(now, now - kLateness, {}, out);
  } else if (first_keyframe && layers.any_ready()) {
    if (now - *first_keyframe < kObserve) return;
    Timestamp earliest = Timestamp::never();
    for (const size_t i : layers.ready()) earliest = std::min(earliest, layers[i].waiting.front().at);
    open(now, earliest, now - *first_keyframe, out);
  } else if (now - *first_packet >= kNoVideo && !audio.empty()) {
    open(now, now - kLateness, {}, out);
  }
}

void Packager::State::open(Timestamp now, Timestamp at, Duration observed, PackagerOut& out) {
  opened = true;
  timing = is_slow(observed) ? options.slow : options.live;
  epoch = {at, epoch.unix_us + (at - epoch.at).us(), now};
  segment_began = segment_ends = at;
  Recorder* const to = recorder ? &*recorder : nullptr;
  for (size_t i = 0; i < feeds.size(); ++i)
    video.emplace_back(i, "v" + std::to_string(i), timing, epoch, i == 0 ? to : nullptr);
  PackagerOut later;
  for (size_t i = 0; i < audio.size(); ++i) audio[i].start(epoch, timing, i == 0 ? to : nullptr, later.updates);
  if (!video.empty()) layers.any_ready() ? cut(now, later) : cut_to_slate(now, later);
  if (video.empty()) begin_segment(at);
  Opened message{.timing = timing, .renditions = {}};
  for (const auto& r : video) message.renditions.push_back(r.described());
  for (const auto& r : audio) message.renditions.push_back(r.described());
  out.updates.emplace_back(std::move(message));
  std::ranges::move(later.updates, std::back_inserter(out.updates));
}

void Packager::State::take_frames(Timestamp now, PackagerOut& out) {
  if (!video_codec) return;
  for (size_t i = 0; i < kMaxLayers; ++i)
    while (auto frame = layers.take(now, i))
      if (const auto at = clock.time_of(plan::Kind::kVideo, frame->source, frame->timestamp))
        on_frame(now, i, {std::move(*frame), *at}, out);
}

void Packager::State::on_frame(Timestamp now, size_t index, TimedFrame frame, PackagerOut& out) {
  auto& layer = layers[index];
  if (!opened) {
    if (frame.frame.keyframe && !first_keyframe) first_keyframe = now;
    if (layer.ready() || frame.frame.keyframe) layer.wait(now, std::move(frame));
    return;
  }
  if (layer.ready() || may_begin(index, frame)) return layer.wait(now, std::move(frame));
  if (!fits(index, frame.frame)) {
    layer.skipping = true;
    return;
  }
  deliver(now, index, frame, out.updates);
}

// A keyframe that the next segment can begin with, when it is time, or when there is a reason not to wait for it.
bool Packager::State::may_begin(size_t index, const TimedFrame& frame) const {
  if (!frame.frame.keyframe || !start.video) return false;
  if (frame.at >= segment_ends - std::min(kEarly, timing.segment * 3 / 10)) return true;
  if (frame.at - segment_began < kShortest) return false;
  return all_slates() || !fits(index, frame.frame);
}

// Whether it can go on in the segments that it feeds: another format needs another initialisation segment.
bool Packager::State::fits(size_t index, const Frame& frame) const {
  if (!frame.config) return true;
  for (size_t r = 0; r < video.size(); ++r)
    if (feeds[r] == index && *video[r].config() != *frame.config) return false;
  return true;
}

void Packager::State::deliver(Timestamp now, size_t index, const TimedFrame& frame, Updates& out) {
  for (size_t r = 0; r < video.size(); ++r)
    if (feeds[r] == index) {
      video[r].append(now, frame.frame, epoch.ticks(frame.at, kVideoRate), out);
      delivered = std::max(delivered, frame.at);
    }
}

bool Packager::State::all_slates() const {
  return std::ranges::all_of(video, [](const auto& r) { return r.is_slate(); });
}

void Packager::State::cut_when_due(Timestamp now, PackagerOut& out) {
  if (!opened) return;
  if (video.empty()) return cut_sound_when_due(now);
  if (!start.video) layers.drop_waiting();
  if (layers.any_ready()) {
    if (layers.all_ready(now, kOtherLayers)) cut(now, out);
    return;
  }
  const auto media_now = now - kLateness;
  const auto last = segment_began + timing.target - kMargin;
  const bool goes_off = !start.video && !all_slates() && media_now - segment_began >= kShortest;
  if (goes_off || media_now >= (all_slates() ? segment_ends : last)) cut_to_slate(now, out);
}

void Packager::State::cut_sound_when_due(Timestamp now) {
  if (now < segment_ends) return;
  for (auto& r : audio) r.cut(segment_ends, false);
  begin_segment(segment_ends);
}

// Every rendition begins a segment, each with the best layer for it of those that are ready.
void Packager::State::cut(Timestamp now, PackagerOut& out) {
  const auto ready = layers.ready();
  const bool opening = !video[0].config();
  bool discontinuity = false;
  for (size_t r = 0; r < video.size(); ++r) {
    feeds[r] = ready[std::min(video.size() - 1 - r, ready.size() - 1)];
    const auto& before = video[r].config();
    discontinuity = discontinuity || (before && *before != *layers[*feeds[r]].waiting.front().frame.config);
  }
  for (size_t r = 0; r < video.size(); ++r) {
    const auto& first = layers[*feeds[r]].waiting.front();
    const auto below = static_cast<int>(video.size() - r) - static_cast<int>(std::min(video.size() - r, ready.size()));
    video[r].cut(now, epoch.ticks(first.at, kVideoRate), first.frame.config, nullptr, below, discontinuity,
                 out.updates);
  }
  const auto at = std::max(segment_began, epoch.time(video[0].segment_start(), kVideoRate));
  for (auto& r : audio)
    if (!opening) r.cut(at, discontinuity);
  begin_segment(at);
  for (const size_t i : ready)
    for (const auto& frame : std::exchange(layers[i].waiting, {})) deliver(now, i, frame, out.updates);
}

void Packager::State::cut_to_slate(Timestamp now, PackagerOut& out) {
  bool discontinuity = false;
  std::vector<std::shared_ptr<const Slate>> chosen;
  for (size_t r = 0; r < video.size(); ++r) {
    chosen.push_back(slate_for(r));
    if (!chosen.back()) return;
    const auto& before = video[r].config();
    discontinuity = discontinuity || (before && *before != *chosen[r]->config);
    if (feeds[r] || !before) ++slate_count;
  }
  const bool opening = !video[0].config();
  const auto tick = opening ? 0 : epoch.ticks(now - kLateness, kVideoRate);
  for (size_t r = 0; r < video.size(); ++r) {
    feeds[r].reset();
    video[r].cut(now, tick, chosen[r]->config, chosen[r], static_cast<int>(video.size() - 1 - r), discontinuity,
                 out.updates);
  }
  const auto at = epoch.time(video[0].segment_start(), kVideoRate);
  for (auto& r : audio)
    if (!opening) r.cut(at, discontinuity);
  begin_segment(at);
}

void Packager::State::begin_segment(Timestamp at) {
  if (recorder)
    recorder->begin(video.empty() ? nullptr : video[0].config().get(), audio.empty() ? nullptr : &audio[0].config());
  segment_began = at;
  segment_ends = at + timing.segment;
}

// As large as what was shown before.
std::shared_ptr<const Slate> Packager::State::slate_for(size_t r) {
  const auto& before = video[r].config();
  const auto size = before ? std::pair(before->width, before->height) : std::pair(kSlateWidth, kSlateHeight);
  auto& slate = slates[size];
  if (!slate) slate = make_slate(*video_codec, size.first, size.second);
  return slate;
}

void Packager::State::fill(Timestamp now, Updates& out) {
  for (size_t r = 0; r < video.size(); ++r) {
    auto until = now - kLateness;
    // What is about to begin the next segment ends this one.
    if (feeds[r] && layers[*feeds[r]].ready()) until = std::min(until, layers[*feeds[r]].waiting.front().at);
    video[r].fill(now, epoch.ticks(until, kVideoRate), out);
  }
}

// All pictures up to here are in their parts: no segment will begin before it.
Timestamp Packager::State::settled(Timestamp now) const {
  if (video.empty()) return segment_ends;
  auto until = std::max(delivered, now - kLateness);
  for (const size_t i : layers.ready()) until = std::min(until, layers[i].waiting.front().at);
  return until;
}

void Packager::State::step(Timestamp now, PackagerOut& out) {
  take_frames(now, out);
  open_when_due(now, out);
  cut_when_due(now, out);
  if (opened) {
    fill(now, out.updates);
    for (auto& r : audio) r.advance(now, settled(now), out.updates);
  }
  if (video_codec && start.video)
    out.keyframes |= layers.ask(now, opened && (now >= segment_ends - kAskAhead || all_slates()));
}

bool Packager::takes(const std::vector<plan::UplinkTrack>& tracks) {
  return find(tracks, plan::Kind::kVideo) != nullptr || find(tracks, plan::Kind::kAudio) != nullptr;
}

Packager::Packager(Timestamp now, int64_t unix_now, const PackagerOptions& options, const plan::StartHls& start)
    : state_(std::make_unique<State>(now, unix_now, options, start)) {}
Packager::~Packager() = default;
Packager::Packager(Packager&&) noexcept = default;
Packager& Packager::operator=(Packager&&) noexcept = default;

bool Packager::change(Timestamp now, const plan::StartHls& start, PackagerOut& out) {
  if (!state_->goes_on_with(start)) return false;
  const bool another = state_->start.publication != start.publication || state_->start.tracks != start.tracks;
  state_->start = start;
  if (another) state_->set_tracks();
  state_->step(now, out);
  return true;
}

void Packager::receive(Timestamp now, const RtpPacket& packet, PackagerOut& out) {
  auto& s = *state_;
  if (packet.layer >= kMaxLayers || !find(s.start.tracks, packet.kind)) return;
  auto salted = packet;
  salted.source += s.generation << kGenerationShift;
  if (!s.first_packet) s.first_packet = now;
  s.clock.on_packet(packet.kind, salted.source, packet.timestamp, packet.arrival);
  if (packet.kind == plan::Kind::kVideo) {
    s.layers.receive(now, salted);
    s.take_frames(now, out);
    return s.cut_when_due(now, out);
  }
  const auto at = s.clock.time_of(packet.kind, salted.source, packet.timestamp);
  if (!at || !s.start.audio) return;
  if (!s.first_sound) s.first_sound = *at;
  for (auto& r : s.audio) r.receive(salted, *at);
}

void Packager::on_sender_report(Timestamp now, plan::Kind kind, uint8_t, uint64_t source, base::NtpTime ntp,
                                uint32_t timestamp) {
  state_->clock.on_sender_report(kind, source + (state_->generation << kGenerationShift), ntp, timestamp, now);
}

void Packager::on_time(Timestamp now, PackagerOut& out) {
  if (now < state_->next_tick) return;
  state_->next_tick = now + kTick;
  state_->step(now, out);
}

Timestamp Packager::next_time() const { return state_->next_tick; }

void Packager::end(Timestamp now, PackagerOut& out) {
  auto& s = *state_;
  s.take_frames(now, out);
  if (s.layers.any_ready() && s.opened) s.cut(now, out);
  for (auto& r : s.video) r.finish(now, s.epoch.ticks(now - kLateness, kVideoRate), out.updates);
  if (s.opened)
    for (auto& r : s.audio) r.finish(now, out.updates);
  if (s.recorder) s.recorder->finish(out.updates);
  out.updates.emplace_back(Ended{});
}

PackagerNumbers Packager::numbers() const {
  PackagerNumbers n;
  n.frames_lost = state_->layers.frames_lost();
  n.slates = state_->slate_count;
  const auto add = [&](const SegmentWriter& writer) {
    n.parts += writer.parts();
    n.parts_late += writer.parts_late();
  };
  for (const auto& r : state_->video) {
    add(r.writer());
    n.repeats += r.repeats();
  }
  if (state_->opened)
    for (const auto& r : state_->audio) add(r.writer());
  return n;
}

}  // namespace heliograph::hls
