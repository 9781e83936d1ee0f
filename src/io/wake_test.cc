// SPDX-License-Identifier: Apache-2.0
#include "io/wake.h"

#include <thread>

#include <poll.h>

#include "base/spsc_ring.h"
#include "gtest/gtest.h"
#include "io/clock.h"
#include "io/interfaces.h"

namespace heliograph::io {
namespace {

bool readable(const Wake& wake, int timeout_ms = 0) {
  pollfd wait{wake.fd(), POLLIN, 0};
  return poll(&wait, 1, timeout_ms) == 1;
}

TEST(Wake, ASignalIsSeenUntilItIsTaken) {
  auto wake = Wake::create().value();
  EXPECT_FALSE(readable(wake));
  wake.signal();
  wake.signal();
  EXPECT_TRUE(readable(wake));
  EXPECT_TRUE(readable(wake));
  wake.take();
  EXPECT_FALSE(readable(wake));
}

TEST(Wake, TakingNothingLosesNothing) {
  auto wake = Wake::create().value();
  wake.take();
  wake.signal();
  EXPECT_TRUE(readable(wake));
}

TEST(Wake, ASignalAfterTheTakeWakesAgain) {
  auto wake = Wake::create().value();
  for (int i = 0; i < 3; ++i) {
    wake.signal();
    ASSERT_TRUE(readable(wake));
    wake.take();
    ASSERT_FALSE(readable(wake));
  }
}

// Who pushes and signals is never overlooked by who takes and looks, however the two interleave.
TEST(Wake, NoItemIsLeftBehindByASleeper) {
  auto wake = Wake::create().value();
  base::SpscRing<int> ring(8);
  constexpr int kItems = 20'000;
  std::thread producer([&] {
    for (int i = 0; i < kItems;) {
      int item = i;
      if (ring.push(std::move(item))) ++i;
      wake.signal();
    }
  });
  int next = 0;
  bool overslept = false;
  while (next < kItems && !overslept) {
    overslept = !readable(wake, 5000);
    wake.take();
    while (const int* item = ring.front()) {
      ASSERT_EQ(*item, next++);
      ring.pop();
    }
  }
  EXPECT_FALSE(overslept) << "at " << next;
  while (next < kItems) {  // so that the producer ends whatever happened
    while (ring.front() != nullptr) ring.pop(), ++next;
  }
  producer.join();
}

TEST(Clock, NeverGoesBack) {
  const auto before = now();
  EXPECT_GT(before.us(), 0);
  EXPECT_GE(now(), before);
  EXPECT_GT(unix_micros(), 1'700'000'000'000'000);
}

TEST(Interfaces, LoopbackComesLastAndOnlyWhenAskedFor) {
  for (const auto& ip : interface_addresses(false)) EXPECT_FALSE(ip.is_loopback() || ip.is_link_local());
  const auto all = interface_addresses(true);
  ASSERT_FALSE(all.empty());
  EXPECT_TRUE(all.back().is_loopback());
}

}  // namespace
}  // namespace heliograph::io
