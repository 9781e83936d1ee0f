// SPDX-License-Identifier: Apache-2.0
// Both agents, face to face, over a network that drops what the test says.
#include "ice/controlling_agent.h"

#include <functional>

#include "gtest/gtest.h"
#include "ice/lite_agent.h"

namespace heliograph::ice {
namespace {

using base::Duration;
using base::SocketAddress;
using base::Timestamp;

const Credentials kServer{"srv1", "server-password-of-22-chars"};
const Credentials kClient{"cli1", "client-password-of-22-chars"};
const SocketAddress kServerV4 = *SocketAddress::parse("203.0.113.1:40000");
const SocketAddress kServerV6 = *SocketAddress::parse("[2001:db8::1]:40000");
const SocketAddress kHome = *SocketAddress::parse("192.0.2.1:5000");

class Pair : public testing::Test {
 protected:
  // Runs until `end`; the server's address decides what is lost.
  void run_until(Timestamp end) {
    for (;;) {
      const auto next = client_.next_time();
      if (next > end) break;
      now_ = std::max(now_, next);
      Out out;
      client_.on_time(now_, out);
      ASSERT_FALSE(out.empty() && client_.next_time() <= now_) << "on_time made no progress";
      for (const auto& datagram : out) deliver(datagram);
    }
    now_ = end;
  }
  void deliver(const Datagram& datagram) {
    ++sent_;
    if (lost_(datagram.path.remote)) return;
    Out answers;
    server_.receive(now_, datagram.bytes(), client_address_, 0, answers);
    Out nothing;
    for (const auto& answer : answers) client_.receive(now_, answer.bytes(), datagram.path.remote, 0, nothing);
  }
  Timestamp after(Duration d) const { return start_ + d; }

  const Timestamp start_ = Timestamp::from_micros(1'000'000);
  Timestamp now_ = start_;
  SocketAddress client_address_ = kHome;
  std::function<bool(const SocketAddress&)> lost_ = [](const SocketAddress&) { return false; };
  int sent_ = 0;
  LiteAgent server_{kServer};
  ControllingAgent client_{kClient, kServer, 1};
};

TEST_F(Pair, TheFirstAddressThatWorksIsNominated) {
  lost_ = [](const SocketAddress& to) { return to == kServerV6; };
  client_.add_remote(now_, kServerV6);
  client_.add_remote(now_, kServerV4);
  run_until(after(Duration::seconds(1)));
  EXPECT_EQ(client_.selected(), (Path{kServerV4, 0}));
  EXPECT_EQ(server_.selected(), (Path{kHome, 0}));
  EXPECT_TRUE(server_.nominated());
}

TEST_F(Pair, NominationAtOnceTakesOneCheck) {
  client_ = ControllingAgent(kClient, kServer, 1, {.nominate_at_once = true});
  client_.add_remote(now_, kServerV4);
  run_until(after(Duration::millis(1)));
  EXPECT_EQ(sent_, 1);
  EXPECT_EQ(client_.selected(), (Path{kServerV4, 0}));
  EXPECT_TRUE(server_.nominated());
}

TEST_F(Pair, ChecksAreRepeatedWithDoubledWaitsAndThenGivenUp) {
  lost_ = [](const SocketAddress&) { return true; };
  client_.add_remote(now_, kServerV4);
  run_until(after(Duration::millis(499)));
  EXPECT_EQ(sent_, 1);
  run_until(after(Duration::millis(500)));
  EXPECT_EQ(sent_, 2);
  run_until(after(Duration::millis(1500)));
  EXPECT_EQ(sent_, 3);
  run_until(after(Duration::seconds(300)));
  EXPECT_EQ(sent_, ControllingAgent::kMaxSends);
  EXPECT_TRUE(client_.failed(now_));
  EXPECT_TRUE(client_.next_time().is_never());
}

TEST_F(Pair, ALossyNetworkOnlyTakesLonger) {
  int n = 0;
  lost_ = [&](const SocketAddress&) { return n++ < 3; };
  client_.add_remote(now_, kServerV4);
  run_until(after(Duration::seconds(10)));
  EXPECT_EQ(client_.selected(), (Path{kServerV4, 0}));
}

TEST_F(Pair, ConsentIsKeptEveryFiveSeconds) {
  client_.add_remote(now_, kServerV4);
  run_until(after(Duration::seconds(600)));
  EXPECT_FALSE(client_.failed(now_));
  EXPECT_FALSE(server_.consent_expired(now_));
  EXPECT_NEAR(sent_, 2 + 600 / 5, 6);  // ±20 % each, RFC 7675 section 5.1
}

TEST_F(Pair, BothSidesNoticeWhenTheNetworkIsGone) {
  client_.add_remote(now_, kServerV4);
  run_until(after(Duration::seconds(10)));
  lost_ = [](const SocketAddress&) { return true; };
  run_until(after(Duration::seconds(41)));
  EXPECT_TRUE(client_.failed(now_));
  EXPECT_TRUE(server_.consent_expired(now_));
  lost_ = [](const SocketAddress&) { return false; };
  run_until(after(Duration::seconds(50)));
  EXPECT_FALSE(client_.failed(now_));
  EXPECT_FALSE(server_.consent_expired(now_));
}

TEST_F(Pair, TheServerFollowsAClientWhoseAddressChanges) {
  client_.add_remote(now_, kServerV4);
  run_until(after(Duration::seconds(1)));
  client_address_ = *SocketAddress::parse("198.51.100.7:6000");
  run_until(after(Duration::seconds(8)));
  EXPECT_EQ(server_.selected(), (Path{client_address_, 0}));
}

TEST_F(Pair, ARestartMovesBothToTheNewCredentials) {
  client_.add_remote(now_, kServerV4);
  run_until(after(Duration::seconds(1)));
  const Credentials server{"srv2", "another-password-of-22-chars"};
  server_.restart(server);
  client_.restart(now_, {"cli2", "client-password-two-22-chars"}, server);
  EXPECT_EQ(client_.selected(), (Path{kServerV4, 0}));
  run_until(after(Duration::seconds(20)));
  EXPECT_FALSE(client_.failed(now_));
  EXPECT_EQ(server_.count(Verdict::kUnauthenticated), 0u);
  EXPECT_EQ(server_.local(), server);
}

TEST_F(Pair, AnAnswerFromElsewhereOrUnderAnotherKeyIsNone) {
  client_.add_remote(now_, kServerV4);
  Out checks;
  client_.on_time(now_, checks);
  ASSERT_EQ(checks.size(), 1u);
  Out answers;
  server_.receive(now_, checks[0].bytes(), kHome, 0, answers);
  Out nothing;
  EXPECT_FALSE(client_.receive(now_, answers[0].bytes(), kServerV6, 0, nothing));
  Out forged;
  append_success(*stun::MessageView::parse(checks[0].bytes()), {kHome, 0}, "wrong", forged);
  EXPECT_FALSE(client_.receive(now_, forged[0].bytes(), kServerV4, 0, nothing));
  EXPECT_TRUE(client_.receive(now_, answers[0].bytes(), kServerV4, 0, nothing));
}

TEST_F(Pair, TheClientAnswersChecksOfAFullAgent) {
  ControllingAgent peer(kServer, kClient, 2);
  peer.add_remote(now_, kHome);
  Out checks;
  peer.on_time(now_, checks);
  Out answers;
  EXPECT_TRUE(client_.receive(now_, checks.at(0).bytes(), kServerV4, 0, answers));
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_TRUE(peer.receive(now_, answers[0].bytes(), kHome, 0, checks));
  EXPECT_FALSE(client_.receive(now_, base::as_bytes("noise"), kServerV4, 0, answers));
}

TEST_F(Pair, TakesNoMoreThanSixteenRemotes) {
  for (uint16_t i = 0; i < 16; ++i) EXPECT_TRUE(client_.add_remote(now_, {kServerV4.ip, static_cast<uint16_t>(i + 1)}));
  EXPECT_FALSE(client_.add_remote(now_, kServerV6));
  EXPECT_FALSE(client_.add_remote(now_, {kServerV4.ip, 1}));
}

}  // namespace
}  // namespace heliograph::ice
