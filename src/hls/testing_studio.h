// SPDX-License-Identifier: Apache-2.0
// A publisher, a network and a packager in virtual time, and what a player may rely on, checked.
#pragma once

#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/rng.h"
#include "hls/packager.h"
#include "hls/testing_camera.h"
#include "hls/testing_media.h"

namespace heliograph::hls::testing {

using base::Duration;
using base::Timestamp;

// Reads Updates as a player does; what breaks a rule fails the test.
class Player {
 public:
  struct Segment {
    std::vector<Part> parts;
    Duration duration;
    bool ended = false;
  };
  struct Track {
    std::map<uint32_t, Blob> inits;
    std::map<uint64_t, Segment> segments;
  };

  void read(Timestamp now, const std::vector<Update>& updates) {
    for (const auto& update : updates) std::visit([&](const auto& u) { take(now, u); }, update);
  }
  // Everything was decoded without an error; returns pictures shown.
  size_t decode(size_t rendition) const {
    size_t pictures = 0;
    const auto& track = tracks.at(rendition);
    std::vector<uint8_t> file;
    uint32_t init = UINT32_MAX;
    const auto finish = [&] {
      if (file.empty()) return;
      const auto read = demux(file, true);
      EXPECT_EQ(read.damaged, 0) << "rendition " << rendition;
      pictures += read.streams.at(0).decoded.size();
    };
    for (const auto& [msn, segment] : track.segments) {
      if (segment.parts.empty()) continue;
      if (segment.parts[0].init != init) {
        finish();
        init = segment.parts[0].init;
        file = *track.inits.at(init);
      }
      for (const auto& part : segment.parts) file.insert(file.end(), part.bytes->begin(), part.bytes->end());
    }
    finish();
    return pictures;
  }
  Duration length(size_t rendition) const {
    Duration sum;
    for (const auto& [msn, segment] : tracks.at(rendition).segments)
      for (const auto& part : segment.parts) sum += part.duration;
    return sum;
  }
  size_t discontinuities() const {
    size_t count = 0;
    for (const auto& [msn, yes] : discontinuous_) count += yes;
    return count;
  }

  std::optional<Opened> opened;
  std::map<size_t, Rendition> described;
  std::map<size_t, Track> tracks;
  std::vector<uint8_t> recording;
  bool recorded = false;
  bool ended = false;
  Duration latest;          // the longest that a part was given out behind its end
  int64_t unix_offset = 0;  // of virtual time

 private:
  void take(Timestamp now, const Opened& u) {
    EXPECT_FALSE(opened);
    opened_at_ = now;
    opened = u;
    for (size_t i = 0; i < u.renditions.size(); ++i) described[i] = u.renditions[i];
  }
  void take(Timestamp, const Described& u) {
    EXPECT_TRUE(opened);
    EXPECT_EQ(described[u.rendition].name, u.as.name);
    described[u.rendition] = u.as;
  }
  void take(Timestamp, const Init& u) {
    EXPECT_EQ(tracks[u.rendition].inits.size(), u.number);
    tracks[u.rendition].inits[u.number] = u.bytes;
  }
  void take(Timestamp now, const Part& u) {
    ASSERT_TRUE(opened);
    auto& track = tracks[u.rendition];
    if (u.index == 0) {
      ASSERT_EQ(track.segments.size(), u.msn);
      if (u.msn > 0) ASSERT_TRUE(track.segments[u.msn - 1].ended);
      EXPECT_TRUE(u.independent) << "segment " << u.msn << " of " << u.rendition;
    }
    auto& segment = track.segments[u.msn];
    ASSERT_FALSE(segment.ended);
    ASSERT_EQ(segment.parts.size(), u.index);
    ASSERT_TRUE(track.inits.contains(u.init));
    EXPECT_GT(u.duration, Duration());
    EXPECT_LE(u.duration, opened->timing.part);
    if (!segment.parts.empty()) {
      const auto& before = segment.parts.back();
      EXPECT_GE(before.duration.us(), opened->timing.part.us() * 85 / 100)
          << "part " << u.msn << "." << before.index << " of " << u.rendition;
      EXPECT_EQ(before.discontinuity, u.discontinuity);
      EXPECT_EQ(before.starts_at, u.starts_at);
      EXPECT_EQ(before.init, u.init);
    }
    const auto [known, fresh] = discontinuous_.try_emplace(u.msn, u.discontinuity);
    EXPECT_EQ(known->second, u.discontinuity) << "segment " << u.msn << " of " << u.rendition;
    segment.parts.push_back(u);
    if (u.msn > 0 && u.index == 0) follows(track, u);
    lateness(now, segment);
  }
  // The clock on the wall goes on as the segments' lengths say.
  void follows(const Track& track, const Part& part) {
    const auto& before = track.segments.at(part.msn - 1);
    EXPECT_NEAR(static_cast<double>(part.starts_at),
                static_cast<double>(before.parts[0].starts_at + before.duration.us()), 100);
    if (part.init != before.parts[0].init) EXPECT_TRUE(part.discontinuity);
  }
  void lateness(Timestamp now, const Segment& segment) {
    Duration sum;
    for (const auto& part : segment.parts) sum += part.duration;
    const auto end = Timestamp::from_micros(segment.parts[0].starts_at - unix_offset) + sum;
    if (end > opened_at_) latest = std::max(latest, now - end);
  }
  void take(Timestamp, const SegmentEnd& u) {
    auto& segment = tracks[u.rendition].segments[u.msn];
    ASSERT_FALSE(segment.parts.empty());
    Duration sum;
    for (const auto& part : segment.parts) sum += part.duration;
    EXPECT_NEAR(static_cast<double>(sum.us()), static_cast<double>(u.duration.us()), 50);
    EXPECT_LE(std::lround(u.duration.to_seconds()), std::lround(opened->timing.target.to_seconds()))
        << "segment " << u.msn << " of " << u.rendition << " lasts " << u.duration.to_seconds();
    segment.duration = u.duration;
    segment.ended = true;
  }
  void take(Timestamp, const Ended&) {
    ended = true;
    for (const auto& [i, track] : tracks)
      for (const auto& [msn, segment] : track.segments) EXPECT_TRUE(segment.ended);
  }
  void take(Timestamp, const Recorded& u) {
    EXPECT_FALSE(recorded);
    if (u.bytes) recording.insert(recording.end(), u.bytes->begin(), u.bytes->end());
    recorded = u.last;
  }

  Timestamp opened_at_;
  std::map<uint64_t, bool> discontinuous_;
};

class Studio {
 public:
  struct Encoding {
    Encoding(int width, int height, uint32_t b) : camera(std::make_unique<Camera>(width, height)), base(b) {}
    std::unique_ptr<Camera> camera;
    uint32_t base;  // of its timestamps
    int64_t sequence = 0;
    uint64_t source = 1;
    bool on = true;
    Timestamp keyframe_due = Timestamp::from_micros(0);  // asked for; the first picture is one anyway
  };
  static constexpr int64_t kUnix = 1'700'000'000'000'000;

  static plan::UplinkTrack track(plan::Kind kind, plan::Codec codec) {
    plan::UplinkTrack made;
    made.kind = kind;
    made.mid = kind == plan::Kind::kAudio ? "0" : "1";
    made.codec.codec = codec;
    return made;
  }

  explicit Studio(PackagerOptions options = {}, bool audio = true,
                  std::vector<std::pair<int, int>> sizes = {{320, 180}}, uint64_t seed = 1)
      : rng(seed) {
    now = Timestamp::from_micros(50'000'000);
    for (const auto& [w, h] : sizes) encodings.emplace_back(w, h, rng.u32());
    start.stream = {"tea", "ann", "ann-1"};
    start.publication = {0, 7};
    start.prefix = "abcdef";
    if (audio) start.tracks.push_back(track(plan::Kind::kAudio, plan::Codec::kOpus));
    if (!sizes.empty()) start.tracks.push_back(track(plan::Kind::kVideo, plan::Codec::kH264));
    if (sizes.size() > 1) start.tracks.back().rids = std::vector<std::string>(sizes.size(), "r");
    packager = std::make_unique<Packager>(now, kUnix + now.us(), options, start);
    player.unix_offset = kUnix;
    next_picture = next_sound = now;
  }

  void run(Duration span) {
    const auto until = now + span;
    while (now < until) {
      now = now + Duration::millis(5);
      if (sending && camera_on && now >= next_picture) shoot();
      if (sending && sound_on && now >= next_sound) speak();
      if (now >= next_picture) next_picture = now + Duration::micros(1'000'000 / fps);
      if (now >= next_sound) next_sound = next_sound + Duration::millis(20);
      arrive();
      PackagerOut out;
      packager->on_time(now, out);
      hear(out);
    }
  }
  void change() {
    PackagerOut out;
    ASSERT_TRUE(packager->change(now, start, out));
    hear(out);
  }
  void end() {
    PackagerOut out;
    packager->end(now, out);
    hear(out);
    EXPECT_TRUE(player.ended);
  }
  // Another PeerConnection: other SSRCs, other numbers.
  void swap() {
    for (auto& e : encodings) {
      e.source += 100;
      e.sequence = rng.u32() & 0xffff;
      e.base = rng.u32();
      e.keyframe_due = now;
    }
    sound_source += 100;
    sound_base = rng.u32();
  }

  base::Rng rng;
  Timestamp now;
  Timestamp next_picture, next_sound;
  plan::StartHls start;
  std::vector<Encoding> encodings;  // by layer
  std::unique_ptr<Packager> packager;
  Player player;
  int fps = 30;
  double loss = 0;                                   // of packets, and of what is sent again
  Duration answers_keyframe = Duration::millis(80);  // infinite: never
  bool sending = true, camera_on = true, sound_on = true;
  uint64_t sound_source = 50;
  uint32_t sound_base = 77;
  int64_t sound_sequence = 0;
  size_t keyframes_asked = 0;

 private:
  struct Flying {
    Timestamp arrival;
    uint64_t order = 0;
    RtpPacket packet;
    std::vector<uint8_t> payload;
    bool operator<(const Flying& o) const { return std::pair(arrival, order) > std::pair(o.arrival, o.order); }
  };

  void shoot() {
    for (size_t i = 0; i < encodings.size(); ++i) {
      auto& e = encodings[i];
      if (!e.on) continue;
      const bool keyframe = now >= e.keyframe_due;
      if (keyframe) e.keyframe_due = Timestamp::never();
      const auto payloads = e.camera->picture(keyframe);
      for (size_t p = 0; p < payloads.size(); ++p)
        send({.kind = plan::Kind::kVideo,
              .layer = static_cast<uint8_t>(i),
              .source = e.source + i,
              .sequence = e.sequence++,
              .timestamp = e.base + static_cast<uint32_t>(now.us() * 9 / 100),
              .marker = p + 1 == payloads.size(),
              .arrival = {},
              .payload = {}},
             payloads[p]);
    }
  }
  // Silence: a CELT frame of 20 ms.
  void speak() {
    send({.kind = plan::Kind::kAudio,
          .layer = 0,
          .source = sound_source,
          .sequence = sound_sequence++,
          .timestamp = sound_base + static_cast<uint32_t>(next_sound.us() * 48 / 1000),
          .marker = false,
          .arrival = {},
          .payload = {}},
         {0xf8, 0xff, 0xfe});
  }
  void send(RtpPacket packet, std::vector<uint8_t> payload) {
    auto delay = Duration::millis(20) + Duration::micros(rng.below(8'000));
    while (rng.chance(loss)) delay += Duration::millis(60);  // until the NACK is answered
    packet.arrival = now + delay;
    flying_.push({packet.arrival, ++order_, packet, std::move(payload)});
  }
  void arrive() {
    while (!flying_.empty() && flying_.top().arrival <= now) {
      auto packet = flying_.top().packet;
      packet.payload = flying_.top().payload;
      PackagerOut out;
      packager->receive(now, packet, out);
      hear(out);
      flying_.pop();
    }
  }
  void hear(const PackagerOut& out) {
    player.read(now, out.updates);
    for (size_t i = 0; i < encodings.size(); ++i) {
      if ((out.keyframes >> i & 1) == 0) continue;
      ++keyframes_asked;
      if (answers_keyframe < Duration::infinite())
        for (auto& e : encodings) e.keyframe_due = std::min(e.keyframe_due, now + answers_keyframe);
    }
  }

  std::priority_queue<Flying> flying_;
  uint64_t order_ = 0;
};

}  // namespace heliograph::hls::testing
