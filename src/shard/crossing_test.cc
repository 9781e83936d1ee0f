// SPDX-License-Identifier: Apache-2.0
// A watcher that is no shard, as the packager of HLS is: what it must be sent, and that it is in nobody's way.
#include "shard/crossing.h"

#include <optional>

#include "gtest/gtest.h"
#include "rtcp/nack.h"
#include "rtcp/sender_report.h"
#include "rtp/rtx.h"
#include "shard/testing_shards.h"

namespace heliograph::shard {
namespace {

using namespace testing_shards;  // NOLINT

constexpr plan::ShardIndex kWatcher = 2;  // behind shards 0 and 1

class Watcher : public Shards {
 protected:
  Watcher() : Shards(2, 64, 1) {}

  void tell(Crossing::Kind what, uint8_t layer = 0) {
    Crossing message;
    message.what = what;
    message.kind = plan::Kind::kVideo;
    message.publication = publication_;
    message.from = kWatcher;
    message.packet.layer = layer;
    ASSERT_TRUE(ring_between(kWatcher, 0).push(std::move(message)));
    exchange();
  }
  std::vector<Crossing> take() {
    std::vector<Crossing> all;
    for (auto& ring = ring_between(0, kWatcher); const Crossing* message = ring.front(); ring.pop())
      all.push_back(*message);
    return all;
  }
  std::vector<Crossing> take(Crossing::Kind what) {
    auto all = take();
    std::erase_if(all, [what](const Crossing& c) { return c.what != what; });
    return all;
  }
  static std::vector<int64_t> sequences(const std::vector<Crossing>& all) {
    std::vector<int64_t> found;
    for (const auto& c : all) found.push_back(c.packet.sequence);
    return found;
  }
  // The sequence numbers that the last NACKs asked the caller for.
  static std::vector<uint16_t> asked_of(Caller& caller) {
    std::vector<uint16_t> numbers;
    for (const auto& compound : std::exchange(caller.rtcp, {}))
      rtcp::for_each(compound, [&](const rtcp::Block& block) {
        if (!block.is(rtcp::PacketType::kTransportLayerFeedback, rtcp::Nack::kFormat)) return;
        if (const auto nack = rtcp::Nack::parse(block)) nack->each_lost([&](uint16_t n) { numbers.push_back(n); });
      });
    return numbers;
  }
  plan::UplinkTrack simulcast() const {
    auto track = uplink_track();
    track.rids = {"q", "h", "f"};
    for (const uint32_t ssrc : {5U, 6U, 7U}) track.sources.push_back({base::Ssrc(ssrc), std::nullopt});
    return track;
  }
};

TEST_F(Watcher, HearsTheTracksAndThenThePackets) {
  Caller& publisher = connect(0, 1);
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track()}});
  tell(Crossing::Kind::kWatch);
  send(publisher, 5, 1, true);
  exchange();
  const auto heard = take();
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[0].what, Crossing::Kind::kTrack);
  EXPECT_EQ(heard[0].codec, plan::Codec::kVp8);
  EXPECT_EQ(heard[1].what, Crossing::Kind::kMedia);
  EXPECT_EQ(heard[1].kind, plan::Kind::kVideo);
  EXPECT_EQ(heard[1].packet.timestamp, 3000u);
  EXPECT_TRUE(heard[1].packet.marker);
  EXPECT_EQ(heard[1].payload_size, 20u);
  EXPECT_EQ(heard[1].bytes[heard[1].extensions_size + 19], 1);
}

// Its watch may overtake the Publish: control speaks to the packager and to the shards by different rings.
TEST_F(Watcher, MayWatchBeforeThereIsAnythingToWatch) {
  Caller& publisher = connect(0, 1);
  tell(Crossing::Kind::kWatch);
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track()}});
  send(publisher, 5, 1, true);
  exchange();
  EXPECT_EQ(take(Crossing::Kind::kMedia).size(), 1u);
  tell(Crossing::Kind::kUnwatch);
  send(publisher, 5, 2, true);
  exchange();
  EXPECT_TRUE(take().empty());
}

// A watch that came behind the end: taken back, it leaves nothing.
TEST_F(Watcher, LeavesNothingBehind) {
  tell(Crossing::Kind::kWatch);
  EXPECT_EQ(shards_[0]->publication_count(), 1u);
  tell(Crossing::Kind::kUnwatch);
  EXPECT_EQ(shards_[0]->publication_count(), 0u);
}

TEST_F(Watcher, GetsEveryLayerOfASimulcast) {
  Caller& publisher = connect(0, 1);
  execute(0, plan::Publish{publisher.id, publication_, {simulcast()}});
  tell(Crossing::Kind::kWatch);
  for (const uint32_t ssrc : {5U, 6U, 7U}) send(publisher, ssrc, 10 * ssrc, true);
  exchange();
  const auto heard = take(Crossing::Kind::kMedia);
  ASSERT_EQ(heard.size(), 3u);
  for (uint8_t layer = 0; layer < 3; ++layer) EXPECT_EQ(heard[layer].packet.layer, layer);
  EXPECT_NE(heard[0].packet.source, heard[1].packet.source);
}

TEST_F(Watcher, GetsTheSenderReportsOfEveryLayer) {
  Caller& publisher = connect(0, 1);
  execute(0, plan::Publish{publisher.id, publication_, {simulcast()}});
  tell(Crossing::Kind::kWatch);
  for (const uint32_t ssrc : {5U, 7U}) {
    send(publisher, ssrc, 10, true);
    rtcp::SenderReport report;
    report.sender = base::Ssrc(ssrc);
    report.ntp = base::NtpTime{ssrc};
    report.rtp_timestamp = 100 * ssrc;
    send_rtcp(publisher, report);
  }
  exchange();
  const auto all = take();
  std::vector<Crossing> media, clocks;
  for (const auto& c : all) {
    if (c.what == Crossing::Kind::kMedia) media.push_back(c);
    if (c.what == Crossing::Kind::kClock) clocks.push_back(c);
  }
  ASSERT_EQ(media.size(), 2u);
  ASSERT_EQ(clocks.size(), 2u);
  EXPECT_EQ(clocks[1].packet.layer, 2);
  EXPECT_EQ(clocks[1].report.rtp, 700u);
  EXPECT_EQ(clocks[1].report.ntp.value, 7u);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(clocks[i].packet.source, media[i].packet.source);
}

// A hole is asked for though no viewer is there, and what fills it 100 ms late crosses as well, behind newer packets.
TEST_F(Watcher, GetsWhatWasLostAndSentAgain) {
  Caller& publisher = connect(0, 1);
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track()}});
  tell(Crossing::Kind::kWatch);
  for (const uint64_t i : {1, 2, 4, 5}) send(publisher, 5, i, i == 1);
  run(Duration::millis(50));
  EXPECT_EQ(asked_of(publisher).at(0), 3);
  for (uint64_t i = 6; i < 46; ++i) send(publisher, 5, i, false);
  run(Duration::millis(50));
  send(publisher, 5, 3, false);
  exchange();
  const auto heard = take(Crossing::Kind::kMedia);
  ASSERT_EQ(heard.size(), 45u);
  EXPECT_EQ(heard.back().packet.sequence, heard.front().packet.sequence + 2);
  EXPECT_EQ(heard.back().packet.source, heard.front().packet.source);
  send(publisher, 5, 3, false);
  exchange();
  EXPECT_TRUE(take().empty()) << "a double does not cross";
}

TEST_F(Watcher, AsksForKeyframesOfALayer) {
  Caller& publisher = connect(0, 1);
  execute(0, plan::Publish{publisher.id, publication_, {simulcast()}});
  tell(Crossing::Kind::kWatch);
  for (const uint32_t ssrc : {5U, 6U, 7U}) send(publisher, ssrc, 10, true);
  exchange();
  const auto before = shards_[0]->counters().keyframes_requested;
  tell(Crossing::Kind::kRequestKeyframe, 2);
  run(Duration::millis(100));
  EXPECT_EQ(shards_[0]->counters().keyframes_requested, before + 1);
}

// While it does not look, media for it is lost and counted; what other shards are told does not wait for it.
TEST_F(Watcher, WhoDoesNotLookHoldsNobodyUp) {
  Caller& publisher = connect(0, 1);
  Caller& viewer = connect(1, 2);
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track()}});
  tell(Crossing::Kind::kWatch);
  for (uint64_t i = 1; i <= 100; ++i) send(publisher, 5, i, i == 1);
  exchange();
  EXPECT_EQ(shards_[0]->counters().crossings_lost, 100u - 63) << "one place holds the track";
  // A word for the watcher waits now; the viewer's shard hears of the same track behind it.
  execute(0, plan::Publish{publisher.id, publication_, {uplink_track()}});
  execute(1, plan::Route{publication_, viewer.id, {downlink_track(50)}});
  exchange();
  send(publisher, 5, 101, true);
  exchange();
  EXPECT_EQ(viewer.rtp.size(), 1u);
  EXPECT_EQ(take().size(), 64u);
  exchange();
  run(Duration::millis(300));
  EXPECT_EQ(take(Crossing::Kind::kTrack).size(), 1u) << "the word came when there was room";
}

}  // namespace
}  // namespace heliograph::shard
