// SPDX-License-Identifier: Apache-2.0
#include "hls/media_clock.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace heliograph::hls {
namespace {

using base::Duration;
using base::NtpTime;
using base::Timestamp;
using plan::Kind;

constexpr int64_t kUnix = 1'800'000'000'000'000;  // when tests take place, µs since 1970

// One source at a publisher whose clock counts µs from 0: what is sampled at t has timestamp(t).
struct Sender {
  Kind kind = Kind::kAudio;
  uint64_t source = 1;
  uint32_t base = 0;
  double drift_ppm = 0;             // of the RTP clock against the publisher's wall clock, and so against ours
  Duration every{};                 // from sample to sample
  Duration delay{};                 // of the path and of the encoder, at least
  Duration jitter{};                // up to so much more
  Duration report_off{};            // by which its reports are wrong
  Timestamp next{};                 // sampled
  std::optional<Timestamp> last{};  // placed at

  double rate() const { return kind == Kind::kAudio ? 48'000 : 90'000; }
  uint32_t timestamp(Timestamp t) const {
    const double ticks = static_cast<double>(t.us()) * 1e-6 * rate() * (1 + drift_ppm * 1e-6);
    return base + static_cast<uint32_t>(static_cast<int64_t>(ticks));
  }
};

Sender audio_sender() {
  return {.kind = Kind::kAudio,
          .source = 1,
          .base = 0xfffff000,
          .every = Duration::millis(20),
          .delay = Duration::millis(40),
          .jitter = Duration::millis(30)};
}
Sender video_sender(uint64_t source = 2) {
  return {.kind = Kind::kVideo,
          .source = source,
          .base = 0xffff0000U - 77'777U * static_cast<uint32_t>(source),
          .every = Duration::micros(33'333),
          .delay = Duration::millis(75),
          .jitter = Duration::millis(30)};
}

// Publishers, a path with jitter, and the clock under test; says when each sample was placed, less when it was sampled.
class World {
 public:
  explicit World(uint64_t seed) : rng_(seed) {}

  Sender& add(Sender sender) {
    sender.next = now_;
    return senders_.emplace(sender.source, sender).first->second;
  }
  void remove(uint64_t source) { senders_.erase(source); }
  void run(Duration span) {
    for (const auto end = now_ + span; now_ < end; now_ = now_ + Duration::millis(1)) {
      for (auto& [_, sender] : senders_) {
        while (sender.next <= now_) send(sender);
      }
      deliver();
    }
  }
  void report(const Sender& sender) {
    const auto ntp = NtpTime::from_unix_micros(kUnix + (now_ + sender.report_off).us());
    clock.on_sender_report(sender.kind, sender.source, ntp, sender.timestamp(now_), now_);
  }
  // By how much samples of the source are placed later than they were taken, of late.
  double off_ms(uint64_t source) const { return off_.at(source); }
  double apart_ms(uint64_t a, uint64_t b) const { return std::abs(off_ms(a) - off_ms(b)); }
  Timestamp now() const { return now_; }

  MediaClock clock;

 private:
  struct Underway {
    uint64_t source = 0;
    uint32_t timestamp = 0;
    Timestamp sampled;
  };
  void send(Sender& sender) {
    const auto jitter = Duration::micros(static_cast<int64_t>(rng_.below(sender.jitter.us() + 1)));
    under_way_.emplace(sender.next + sender.delay + jitter,
                       Underway{sender.source, sender.timestamp(sender.next), sender.next});
    sender.next = sender.next + sender.every;
  }
  void deliver() {
    while (!under_way_.empty() && under_way_.begin()->first <= now_) {
      const auto [arrival, packet] = *under_way_.begin();
      under_way_.erase(under_way_.begin());
      const auto found = senders_.find(packet.source);
      if (found != senders_.end()) place(found->second, arrival, packet);
    }
  }
  void place(Sender& sender, Timestamp arrival, const Underway& packet) {
    clock.on_packet(sender.kind, sender.source, packet.timestamp, arrival);
    const auto at = clock.time_of(sender.kind, sender.source, packet.timestamp);
    ASSERT_TRUE(at);
    off_[sender.source] = (*at - packet.sampled).to_seconds() * 1e3;
    auto& newest = newest_[sender.source];
    if (packet.sampled < newest) return;
    newest = packet.sampled;
    if (sender.last) {
      EXPECT_GE(*at, *sender.last);
    }
    sender.last = at;
  }

  base::Rng rng_;
  Timestamp now_ = Timestamp::from_micros(50'000'000);
  std::map<uint64_t, Sender> senders_;
  std::multimap<Timestamp, Underway> under_way_;
  std::map<uint64_t, double> off_;
  std::map<uint64_t, Timestamp> newest_;
};

TEST(MediaClock, KnowsNothingOfASourceThatItNeverHeardOf) {
  MediaClock clock;
  EXPECT_FALSE(clock.time_of(Kind::kAudio, 1, 0));
  clock.on_sender_report(Kind::kAudio, 1, NtpTime::from_unix_micros(kUnix), 0, Timestamp());
  EXPECT_FALSE(clock.time_of(Kind::kAudio, 1, 0));
  clock.on_packet(Kind::kAudio, 1, 0, Timestamp::from_micros(1'000));
  EXPECT_EQ(clock.time_of(Kind::kAudio, 1, 0), Timestamp::from_micros(1'000));
  EXPECT_FALSE(clock.time_of(Kind::kVideo, 1, 0));
}

TEST(MediaClock, PlacesByTheFastestPacketsBeforeAnyReport) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    World world(seed);
    world.add(audio_sender());
    world.add(video_sender());
    world.run(Duration::seconds(10));
    EXPECT_NEAR(world.off_ms(1), 40, 5) << seed;
    EXPECT_NEAR(world.off_ms(2), 75, 8) << seed;
  }
}

TEST(MediaClock, JoinsAudioAndVideoWithinFiveSecondsOfTheReportsWhateverTheDelays) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    World world(seed);
    base::Rng rng(seed);
    auto& audio = world.add(audio_sender());
    auto& video = world.add(video_sender());
    for (Sender* sender : {&audio, &video}) {
      sender->delay = Duration::millis(static_cast<int64_t>(5 + rng.below(180)));
      sender->jitter = Duration::millis(static_cast<int64_t>(rng.below(60)));
      sender->drift_ppm = static_cast<double>(rng.below(401)) - 200;
      sender->base = rng.u32();
    }
    world.run(Duration::seconds(3));
    world.report(audio);
    world.run(Duration::millis(700));
    world.report(video);
    world.run(Duration::seconds(5));
    EXPECT_LT(world.apart_ms(1, 2), 10) << seed;
    for (int i = 0; i < 30; ++i) {
      world.report(audio);
      world.report(video);
      world.run(Duration::seconds(4));
      EXPECT_LT(world.apart_ms(1, 2), 10) << seed << " after " << i;
    }
  }
}

TEST(MediaClock, MovesByTheSlewAndNoFaster) {
  World world(7);
  auto& audio = world.add(audio_sender());
  auto& video = world.add(video_sender());
  video.delay = Duration::millis(200);
  world.run(Duration::seconds(4));
  const double before = world.off_ms(2);
  world.report(audio);
  world.report(video);
  world.run(Duration::millis(100));
  EXPECT_GE(world.off_ms(2), before - 4 * 5.1);  // three or four pictures, 5 ms each
  EXPECT_LT(world.off_ms(2), before - 9);
  world.run(Duration::seconds(2));
  EXPECT_LT(world.apart_ms(1, 2), 1);
}

TEST(MediaClock, FollowsAPathThatBecomesLongerAndAudioSlowly) {
  World world(8);
  auto& audio = world.add(audio_sender());
  world.run(Duration::seconds(12));
  audio.delay = Duration::millis(140);
  world.run(Duration::seconds(11));
  const double before = world.off_ms(1);
  world.run(Duration::seconds(1));
  EXPECT_NEAR(world.off_ms(1) - before, 4, 0.5);  // 0.4 %
  world.run(Duration::seconds(40));
  EXPECT_NEAR(world.off_ms(1), 140, 2);
}

TEST(MediaClock, FollowsDriftOfEitherSign) {
  for (const double drift : {-200.0, 200.0}) {
    World world(9);
    world.add(audio_sender()).drift_ppm = drift;
    world.run(Duration::seconds(5));
    for (int i = 0; i < 60; ++i) {
      world.run(Duration::seconds(5));
      EXPECT_NEAR(world.off_ms(1), 40, 6) << drift;
    }
  }
}

TEST(MediaClock, IgnoresReportsThatContradictWhatArrives) {
  for (const int64_t off : {5, -5, 86'400, -86'400}) {
    World world(10);
    auto& audio = world.add(audio_sender());
    auto& video = world.add(video_sender());
    video.report_off = Duration::seconds(off);
    for (int i = 0; i < 5; ++i) {
      world.run(Duration::seconds(2));
      world.report(audio);
      world.report(video);
    }
    EXPECT_NEAR(world.off_ms(1), 40, 6) << off;
    EXPECT_NEAR(world.off_ms(2), 75, 8) << off;
  }
}

TEST(MediaClock, TakesReportsACenturyApartAndNoneForWhatTheySay) {
  World world(11);
  auto& audio = world.add(audio_sender());
  auto& video = world.add(video_sender());
  base::Rng rng(11);
  for (int i = 0; i < 200; ++i) {
    world.run(Duration::millis(50));
    world.clock.on_sender_report(Kind::kVideo, 2, NtpTime{rng()}, rng.u32(), world.now());
    world.clock.on_sender_report(Kind::kAudio, 1, NtpTime{i % 2 == 0 ? 0 : rng()}, rng.u32(), world.now());
  }
  world.run(Duration::seconds(12));
  EXPECT_NEAR(world.off_ms(1), 40, 10);
  EXPECT_NEAR(world.off_ms(2), 75, 10);
  world.report(audio);  // and still takes a good one
  world.report(video);
  world.run(Duration::seconds(5));
  EXPECT_LT(world.apart_ms(1, 2), 10);
}

TEST(MediaClock, LeavesOutReportsOfASenderWithoutAWallClock) {  // RFC 3550 section 6.4.1
  World world(17);
  auto& audio = world.add(audio_sender());
  auto& video = world.add(video_sender());
  world.run(Duration::seconds(2));
  world.report(audio);
  world.report(video);
  world.run(Duration::seconds(5));
  world.clock.on_sender_report(Kind::kVideo, 2, NtpTime{0}, video.timestamp(world.now()), world.now());
  world.run(Duration::seconds(5));
  EXPECT_LT(world.apart_ms(1, 2), 10);
}

TEST(MediaClock, LeavesAudioThatIsNoLongerSentOutOfIt) {
  World world(18);
  auto& audio = world.add(audio_sender());
  auto& video = world.add(video_sender());
  world.run(Duration::seconds(2));
  world.report(audio);
  world.report(video);
  world.run(Duration::seconds(5));
  EXPECT_NEAR(world.off_ms(2), 40, 10);
  world.remove(1);
  video.delay = Duration::millis(375);
  world.run(Duration::seconds(30));
  EXPECT_NEAR(world.off_ms(2), 375, 10);
}

TEST(MediaClock, PlacesAllLayersOfSimulcastTogether) {
  World world(12);
  std::vector<Sender*> senders{&world.add(audio_sender())};
  for (uint64_t layer = 2; layer <= 4; ++layer) {
    senders.push_back(&world.add(video_sender(layer)));
    senders.back()->delay = Duration::millis(30 * static_cast<int64_t>(layer));
  }
  world.run(Duration::seconds(2));
  for (const Sender* sender : senders) world.report(*sender);
  world.run(Duration::seconds(5));
  for (uint64_t layer = 2; layer <= 4; ++layer) EXPECT_LT(world.apart_ms(1, layer), 10);
  world.remove(1);  // without audio they stay together
  world.run(Duration::seconds(30));
  EXPECT_LT(world.apart_ms(2, 3), 5);
  EXPECT_LT(world.apart_ms(2, 4), 5);
}

TEST(MediaClock, JoinsANewSourceOfAPublisherWhoIsBack) {
  World world(13);
  world.report(world.add(audio_sender()));
  world.report(world.add(video_sender()));
  world.run(Duration::seconds(5));
  world.remove(1);
  world.remove(2);
  world.run(Duration::seconds(5));
  auto back = audio_sender();
  back.source = 11;
  back.base = 5;
  back.report_off = Duration::seconds(-70'000);  // another machine
  auto& audio = world.add(back);
  auto picture = video_sender(12);
  picture.report_off = back.report_off;
  auto& video = world.add(picture);
  world.run(Duration::seconds(1));
  EXPECT_NEAR(world.off_ms(11), 40, 31);
  EXPECT_NEAR(world.off_ms(12), 75, 31);
  world.report(audio);
  world.report(video);
  world.run(Duration::seconds(5));
  EXPECT_LT(world.apart_ms(11, 12), 10);
}

TEST(MediaClock, FollowsATimestampThatWasResetWithinASecond) {
  for (const uint32_t jump : {0x10000000U, 0xf0000000U, 0x7fffffffU, 200'000U, 0U - 200'000U}) {
    World world(14);
    auto& video = world.add(video_sender());
    world.run(Duration::seconds(5));
    video.base += jump;
    world.run(Duration::seconds(3));
    EXPECT_NEAR(world.off_ms(2), 75, 31) << jump;
  }
}

TEST(MediaClock, IsNotMovedByASinglePacketOfAnotherTime) {
  World world(15);
  world.add(audio_sender());
  world.run(Duration::seconds(5));
  const uint32_t ahead = audio_sender().timestamp(world.now() + Duration::seconds(100));
  world.clock.on_packet(Kind::kAudio, 1, ahead, world.now());
  const auto at = world.clock.time_of(Kind::kAudio, 1, audio_sender().timestamp(world.now()));
  ASSERT_TRUE(at);
  EXPECT_NEAR((*at - world.now()).to_seconds(), 0.040, 0.008);
}

TEST(MediaClock, GoesOnAfterTheNetworkStoodStill) {
  World world(16);
  auto& audio = world.add(audio_sender());
  world.run(Duration::seconds(5));
  audio.delay = Duration::millis(2'000);  // what is sent now comes in a heap
  world.run(Duration::millis(20));
  audio.delay = Duration::millis(40);
  world.run(Duration::seconds(4));
  EXPECT_NEAR(world.off_ms(1), 40, 8);
}

TEST(MediaClock, AnswersForOlderSamplesWithoutGoingBackForNewerOnes) {
  MediaClock clock;
  const auto t0 = Timestamp::from_micros(10'000'000);
  clock.on_packet(Kind::kAudio, 1, 1'000, t0);
  clock.on_packet(Kind::kAudio, 1, 1'960, t0 + Duration::millis(20));
  EXPECT_EQ(clock.time_of(Kind::kAudio, 1, 1'960), t0 + Duration::millis(20));
  EXPECT_EQ(clock.time_of(Kind::kAudio, 1, 1'000), t0);
}

TEST(MediaClock, ForgetsTheSourceHeardLongestAgo) {
  MediaClock clock;
  for (uint64_t source = 0; source < 1'000; ++source) {
    clock.on_packet(Kind::kAudio, source, 0, Timestamp::from_micros(static_cast<int64_t>(source) * 1'000));
  }
  EXPECT_FALSE(clock.time_of(Kind::kAudio, 1'000 - MediaClock::kMaxSources - 1, 0));
  EXPECT_TRUE(clock.time_of(Kind::kAudio, 1'000 - MediaClock::kMaxSources, 0));
}

TEST(MediaClock, StaysNearTheArrivalAndInOrderWhateverComes) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    base::Rng rng(seed);
    MediaClock clock;
    auto now = Timestamp::from_micros(1'000'000'000);
    uint32_t timestamp = rng.u32();
    for (int i = 0; i < 3'000; ++i) {
      now = now + Duration::micros(static_cast<int64_t>(rng.below(40'000)));
      timestamp = rng.chance(0.05) ? rng.u32() : timestamp + static_cast<uint32_t>(rng.below(5'000));
      const Kind kind = rng.chance(0.5) ? Kind::kAudio : Kind::kVideo;
      const uint64_t source = (kind == Kind::kAudio ? 0 : 100) + rng.below(3);
      clock.on_packet(kind, source, timestamp, now);
      if (rng.chance(0.05)) clock.on_sender_report(kind, source, NtpTime{rng()}, rng.u32(), now);
      const auto at = clock.time_of(kind, source, timestamp);
      ASSERT_TRUE(at);
      EXPECT_LE(*at, now + MediaClock::kStep);
      EXPECT_GE(*at, now - Duration::seconds(11));
    }
  }
}

}  // namespace
}  // namespace heliograph::hls
