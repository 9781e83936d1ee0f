// SPDX-License-Identifier: Apache-2.0
// With rings that nobody but the test writes and reads, Opus, and time that it makes.
#include "server/packaging.h"

#include <memory>
#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::server {
namespace {

using base::Duration;
using base::Timestamp;
using plan::HlsState;
using shard::Crossing;
using testing::ElementsAre;
using testing::IsEmpty;

const plan::HlsStream kTea{"tea", "bob", "s1"};
const plan::PublicationId kPublication{0, 100};
constexpr int64_t kUnix = 1'800'000'000'000'000;

plan::UplinkTrack track(plan::Codec codec) {
  plan::UplinkTrack t;
  t.kind = plan::kind_of(codec);
  t.mid = t.kind == plan::Kind::kAudio ? "0" : "1";
  t.codec.codec = codec;
  if (codec == plan::Codec::kH264)
    t.codec.fmtp = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
  return t;
}

plan::StartHls start(std::vector<plan::UplinkTrack> tracks = {track(plan::Codec::kOpus)},
                     plan::PublicationId publication = kPublication) {
  return {.stream = kTea, .publication = publication, .prefix = "secret", .tracks = std::move(tracks)};
}
plan::StopHls stop(bool over) { return {.stream = kTea, .over = over}; }

class PackagingTest : public testing::Test {
 protected:
  explicit PackagingTest(size_t words = 8) {
    Packaging::Options o;
    for (size_t shard = 0; shard < 2; ++shard) {
      to_.push_back(std::make_unique<shard::CrossingRing>(words));
      from_.push_back(std::make_unique<shard::CrossingRing>(64));
      o.crossings.to.push_back(to_.back().get());
      o.crossings.from.push_back(from_.back().get());
    }
    o.crossings.to.push_back(nullptr);
    o.crossings.from.push_back(nullptr);
    o.index = 2;
    o.packager.record = true;
    packaging_.emplace(std::move(o));
  }

  void execute(const plan::HlsCommand& command) { packaging_->execute(now_, unix(), command, out_); }
  int64_t unix() const { return kUnix + now_.us(); }
  // 20 ms of sound (RFC 6716 section 3.1: 20 ms of CELT, one frame).
  void send(plan::PublicationId publication = kPublication) {
    Crossing* slot = from_[publication.home]->reserve();
    ASSERT_NE(slot, nullptr);
    *slot = {};
    slot->what = Crossing::Kind::kMedia;
    slot->kind = plan::Kind::kAudio;
    slot->codec = plan::Codec::kOpus;
    slot->publication = publication;
    slot->packet.sequence = ++sequence_;
    slot->packet.timestamp = static_cast<uint32_t>(sequence_ * 960);
    slot->packet.arrival = now_;
    slot->packet.source = 1;
    constexpr std::array<uint8_t, 3> kSilence{0xf8, 0xff, 0xfe};
    slot->payload_size = kSilence.size();
    std::ranges::copy(kSilence, slot->bytes.begin());
    from_[publication.home]->commit();
  }
  void run(Duration span, bool sound = true) {
    for (const auto end = now_ + span; now_ < end; now_ = now_ + Duration::millis(20)) {
      if (sound) send();
      packaging_->receive_crossings(now_, out_);
      packaging_->on_time(now_, out_);
    }
  }
  std::vector<HlsState> states() {
    std::vector<HlsState> found;
    for (const auto& change : std::exchange(out_.changes, {})) {
      EXPECT_EQ(change.stream, kTea);
      found.push_back(change.state);
    }
    return found;
  }
  // Of what was told the origin so far: the places of these updates among all.
  template <class Update>
  std::vector<Update> told() const {
    std::vector<Update> found;
    for (const auto& updates : out_.updates)
      for (const auto& u : updates.updates) {
        if constexpr (std::is_same_v<Update, hls::Started>) {
          if (const auto* s = std::get_if<hls::Started>(&u)) found.push_back(*s);
        } else if (const auto* update = std::get_if<hls::Update>(&u)) {
          if (const auto* which = std::get_if<Update>(update)) found.push_back(*which);
        }
      }
    return found;
  }
  // What the shard was told since the last look.
  std::vector<std::pair<Crossing::Kind, uint64_t>> words(size_t shard = 0) {
    std::vector<std::pair<Crossing::Kind, uint64_t>> found;
    for (const Crossing* c = to_[shard]->front(); c != nullptr; c = to_[shard]->front()) {
      EXPECT_EQ(c->from, 2);
      found.emplace_back(c->what, c->publication.number);
      to_[shard]->pop();
    }
    return found;
  }

  Timestamp now_ = Timestamp::from_micros(1'000'000);
  std::vector<std::unique_ptr<shard::CrossingRing>> to_, from_;
  std::optional<Packaging> packaging_;
  PackagingOut out_;
  int64_t sequence_ = 0;
};

using Word = std::pair<Crossing::Kind, uint64_t>;
const Word kWatch{Crossing::Kind::kWatch, 100}, kUnwatch{Crossing::Kind::kUnwatch, 100};

TEST_F(PackagingTest, AStreamStartsIsLiveAndEnds) {
  execute(start());
  EXPECT_THAT(states(), ElementsAre(HlsState::kStarting));
  EXPECT_THAT(words(), ElementsAre(kWatch));
  EXPECT_EQ(out_.wakes, 1u);
  ASSERT_EQ(told<hls::Started>().size(), 1u);
  EXPECT_EQ(told<hls::Started>()[0].prefix, "secret");
  run(Duration::seconds(5));
  EXPECT_THAT(states(), ElementsAre(HlsState::kLive));
  EXPECT_EQ(told<hls::Opened>().size(), 1u);
  EXPECT_GE(told<hls::Part>().size(), 4u);
  EXPECT_EQ(packaging_->numbers().stream.parts_late, 0u);
  execute(stop(true));
  EXPECT_THAT(states(), ElementsAre(HlsState::kEnded));
  EXPECT_EQ(told<hls::Ended>().size(), 1u);
  EXPECT_THAT(words(), ElementsAre(kUnwatch));
  EXPECT_TRUE(packaging_->idle());
  EXPECT_TRUE(packaging_->next_time().is_never());
}

TEST_F(PackagingTest, StartedComesBeforeAllOtherUpdates) {
  execute(start());
  run(Duration::seconds(3));
  ASSERT_FALSE(out_.updates.empty());
  EXPECT_TRUE(std::holds_alternative<hls::Started>(out_.updates[0].updates.at(0)));
  EXPECT_EQ(told<hls::Started>().size(), 1u);
}

TEST_F(PackagingTest, WhatCannotBePackagedFails) {
  execute(start({track(plan::Codec::kVp8)}));
  EXPECT_THAT(states(), ElementsAre(HlsState::kFailed));
  EXPECT_THAT(out_.updates, IsEmpty());
  EXPECT_THAT(words(), IsEmpty());
  EXPECT_TRUE(packaging_->idle());
}

TEST_F(PackagingTest, BesideVideoThatCannotBePackagedThereIsSound) {
  execute(start({track(plan::Codec::kOpus), track(plan::Codec::kVp8)}));
  run(Duration::seconds(5));
  EXPECT_THAT(states(), ElementsAre(HlsState::kStarting, HlsState::kLive));
  ASSERT_EQ(told<hls::Opened>().size(), 1u);
  EXPECT_EQ(told<hls::Opened>()[0].renditions.size(), 1u);
}

TEST_F(PackagingTest, APublisherWhoComesBackInTimeGoesOn) {
  execute(start());
  run(Duration::seconds(4));
  execute(stop(false));
  run(Duration::seconds(9), false);
  const plan::PublicationId again{1, 200};
  words();
  execute(start({track(plan::Codec::kOpus)}, again));
  EXPECT_THAT(words(0), ElementsAre(kUnwatch));
  EXPECT_THAT(words(1), ElementsAre(Word{Crossing::Kind::kWatch, 200}));
  for (int i = 0; i < 250; ++i) {
    send(again);
    packaging_->receive_crossings(now_, out_);
    packaging_->on_time(now_, out_);
    now_ = now_ + Duration::millis(20);
  }
  EXPECT_THAT(states(), ElementsAre(HlsState::kStarting, HlsState::kLive));
  EXPECT_EQ(told<hls::Started>().size(), 1u);
  EXPECT_THAT(told<hls::Ended>(), IsEmpty());
  EXPECT_EQ(packaging_->numbers().stream.parts_late, 0u) << "silence comes in time as well";
}

TEST_F(PackagingTest, APublisherWhoStaysAwayEndsTheStream) {
  execute(start());
  run(Duration::seconds(4));
  execute(stop(false));
  run(Duration::seconds(5), false);
  execute(stop(false));  // gone is gone: no further ten seconds
  run(Duration::millis(4'980), false);
  EXPECT_THAT(states(), ElementsAre(HlsState::kStarting, HlsState::kLive));
  run(Duration::millis(100), false);
  EXPECT_THAT(states(), ElementsAre(HlsState::kEnded));
  EXPECT_EQ(told<hls::Ended>().size(), 1u);
  EXPECT_THAT(words(), ElementsAre(kWatch, kUnwatch));
}

TEST_F(PackagingTest, TheSameStartAgainWatchesAgainAndChangesNothing) {
  execute(start());
  execute(start());
  EXPECT_THAT(words(), ElementsAre(kWatch, kWatch));
  EXPECT_EQ(told<hls::Started>().size(), 1u);
  EXPECT_THAT(states(), ElementsAre(HlsState::kStarting));
}

TEST_F(PackagingTest, WhoMayWatchChangesAtOnce) {
  execute(start());
  auto command = start();
  command.asks_token = true;
  execute(command);
  const auto started = told<hls::Started>();
  ASSERT_EQ(started.size(), 2u);
  EXPECT_EQ(started[1].prefix, "secret");
  EXPECT_TRUE(started[1].asks_token);
}

// Sound alone, then video too: players cannot go on with that.
TEST_F(PackagingTest, AStreamThatCannotGoOnMakesRoomForAnother) {
  execute(start());
  run(Duration::seconds(4));
  states();
  execute(start({track(plan::Codec::kOpus), track(plan::Codec::kH264)}));
  EXPECT_EQ(told<hls::Ended>().size(), 1u);
  const auto started = told<hls::Started>();
  ASSERT_EQ(started.size(), 2u);
  EXPECT_EQ(started[1].prefix, "secret-2");
  EXPECT_THAT(states(), ElementsAre(HlsState::kStarting));
  const auto& last = out_.updates.back().updates;
  EXPECT_TRUE(std::holds_alternative<hls::Started>(last.back())) << "behind the end of the one before";
  EXPECT_EQ(out_.recorded.front().number, 1u);
  EXPECT_TRUE(out_.recorded.back().last);
  run(Duration::seconds(8));
  execute(stop(true));
  EXPECT_EQ(out_.recorded.back().number, 2u) << "another movie, so another file";
  EXPECT_GT(out_.recorded.back().began, out_.recorded.front().began);
  EXPECT_TRUE(packaging_->idle());
}

TEST_F(PackagingTest, ARecordingIsWholeAndHasOneNumber) {
  execute(start());
  run(Duration::seconds(4));
  execute(stop(true));
  ASSERT_GE(out_.recorded.size(), 2u);
  for (const auto& bytes : out_.recorded) {
    EXPECT_EQ(bytes.number, 1u);
    EXPECT_EQ(bytes.began, kUnix + 1'000'000);
    EXPECT_EQ(bytes.last, &bytes == &out_.recorded.back());
  }
}

// The thread was held up: what it tells then was due long ago.
TEST_F(PackagingTest, LatePartsAreCounted) {
  execute(start());
  run(Duration::seconds(4));
  EXPECT_EQ(packaging_->numbers().stream.parts_late, 0u);
  now_ = now_ + Duration::seconds(3);
  packaging_->on_time(now_, out_);
  EXPECT_GE(packaging_->numbers().stream.parts_late, 2u);
}

TEST_F(PackagingTest, EndEndsAll) {
  execute(start());
  run(Duration::seconds(2));
  packaging_->end(now_, out_);
  EXPECT_EQ(told<hls::Ended>().size(), 1u);
  EXPECT_TRUE(packaging_->idle());
}

TEST_F(PackagingTest, WhatIsOfNoStreamIsLetGo) {
  send();
  execute(stop(true));
  EXPECT_FALSE(packaging_->receive_crossings(now_, out_));
  EXPECT_EQ(packaging_->numbers().packets, 0u);
  EXPECT_TRUE(out_.empty());
}

class NarrowRing : public PackagingTest {
 protected:
  NarrowRing() : PackagingTest(1) {}
};

TEST_F(NarrowRing, WordsWaitInTheirOrder) {
  execute(start());
  execute(stop(true));
  execute(start());
  EXPECT_FALSE(packaging_->idle());
  EXPECT_THAT(words(), ElementsAre(kWatch));
  execute(stop(true));  // though there is room now, it is not its turn
  EXPECT_THAT(words(), IsEmpty());
  packaging_->receive_crossings(now_, out_);
  EXPECT_THAT(words(), ElementsAre(kUnwatch));
  packaging_->receive_crossings(now_, out_);
  EXPECT_THAT(words(), ElementsAre(kWatch));
  packaging_->receive_crossings(now_, out_);
  EXPECT_THAT(words(), ElementsAre(kUnwatch));
  EXPECT_TRUE(packaging_->idle());
}

}  // namespace
}  // namespace heliograph::server
