// SPDX-License-Identifier: Apache-2.0
// A real thread and clock; rings at whose other end the test stands.
#include "server/hls_thread.h"

#include <condition_variable>
#include <mutex>

#include "gtest/gtest.h"
#include "io/clock.h"

namespace heliograph::server {
namespace {

using plan::HlsState;
using shard::Crossing;

class HlsThreadTest : public testing::Test {
 protected:
  HlsThreadTest() {
    HlsThread::Options o;
    o.packaging.crossings = {.to = {&words_, nullptr}, .from = {&media_, nullptr}};
    o.packaging.index = 1;
    o.on_out = [this](PackagingOut out) { take(std::move(out)); };
    o.wake_shard = [this](plan::ShardIndex shard) { note([&] { woken_ |= 1U << shard; }); };
    thread_ = std::move(HlsThread::create(std::move(o)).value());
    thread_->start();
  }
  ~HlsThreadTest() override { thread_->stop(); }

  void note(const auto& change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  void take(PackagingOut out) {
    note([&] {
      for (const auto& change : out.changes) state_ = change.state;
      updates_ += out.updates.size();
      for (const auto& update : out.updates.empty() ? decltype(out.updates[0].updates){} : out.updates.back().updates)
        ended_ = ended_ || (std::holds_alternative<hls::Update>(update) &&
                            std::holds_alternative<hls::Ended>(std::get<hls::Update>(update)));
    });
  }
  bool wait_until(const auto& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), condition);
  }
  void send_sound() {
    Crossing* slot = media_.reserve();
    ASSERT_NE(slot, nullptr);
    *slot = {};
    slot->what = Crossing::Kind::kMedia;
    slot->publication = {0, 7};
    slot->packet.sequence = ++sequence_;
    slot->packet.timestamp = static_cast<uint32_t>(sequence_ * 960);
    slot->packet.arrival = io::now();
    constexpr std::array<uint8_t, 3> kSilence{0xf8, 0xff, 0xfe};
    slot->payload_size = kSilence.size();
    std::ranges::copy(kSilence, slot->bytes.begin());
    media_.commit();
  }
  static plan::StartHls start() {
    plan::StartHls command{.stream = {"tea", "bob", "s"}, .publication = {0, 7}, .prefix = "p", .tracks = {}};
    command.tracks.emplace_back();
    return command;
  }

  shard::CrossingRing words_{16}, media_{64};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<HlsState> state_;
  uint32_t woken_ = 0;
  size_t updates_ = 0;
  bool ended_ = false;
  int64_t sequence_ = 0;
  std::unique_ptr<HlsThread> thread_;
};

// Nobody wakes it for packets: it looks for itself.
TEST_F(HlsThreadTest, PackagesWhatCrossesWithoutBeingWoken) {
  EXPECT_TRUE(thread_->idle());
  thread_->post(start());
  ASSERT_TRUE(wait_until([&] { return woken_ == 1 && state_ == HlsState::kStarting; }));
  EXPECT_EQ(words_.front()->what, Crossing::Kind::kWatch);
  EXPECT_FALSE(thread_->idle());
  for (int i = 0; i < 10; ++i) send_sound();
  ASSERT_TRUE(wait_until([&] { return state_ == HlsState::kLive; })) << "silence goes on by itself";
  thread_->post(plan::StopHls{.stream = {"tea", "bob", "s"}});
  ASSERT_TRUE(wait_until([&] { return state_ == HlsState::kEnded && ended_; }));
  while (!thread_->idle()) std::this_thread::yield();
  EXPECT_EQ(thread_->numbers().packets, 10u);
  EXPECT_GE(thread_->numbers().stream.parts, 1u);
}

TEST_F(HlsThreadTest, StopEndsWhatGoesOn) {
  thread_->post(start());
  ASSERT_TRUE(wait_until([&] { return state_ == HlsState::kStarting; }));
  thread_->stop();
  EXPECT_EQ(state_, HlsState::kEnded);
  EXPECT_TRUE(ended_);
}

TEST_F(HlsThreadTest, MayBeStoppedTwiceAndWithoutHavingBeenUsed) {
  thread_->stop();
  thread_->stop();
}

}  // namespace
}  // namespace heliograph::server
