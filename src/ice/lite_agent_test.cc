// SPDX-License-Identifier: Apache-2.0
#include "ice/lite_agent.h"

#include <functional>

#include "gtest/gtest.h"

namespace heliograph::ice {
namespace {

using base::Duration;
using base::SocketAddress;
using base::Timestamp;
using stun::MessageWriter;

const Credentials kServer{"srv1", "server-password-of-22-chars"};
const Credentials kRestarted{"srv2", "another-password-of-22-chars"};
const SocketAddress kWifi = *SocketAddress::parse("192.0.2.1:5000");
const SocketAddress kMobile = *SocketAddress::parse("198.51.100.9:6000");

// How a check is written, apart from its signatures.
struct CheckOptions {
  Credentials to = kServer;
  std::string sender = "cli1";
  bool use_candidate = false;
  bool sign = true;
  std::function<void(MessageWriter&)> more = [](MessageWriter& w) { w.ice_controlling(1); };
};

std::vector<uint8_t> check(const CheckOptions& o) {
  std::array<uint8_t, 1000> out{};
  MessageWriter writer(out, stun::Class::kRequest, stun::kBinding, {1, 2, 3});
  writer.username(o.to.ufrag + ":" + o.sender);
  writer.priority(1);
  o.more(writer);
  if (o.use_candidate) writer.use_candidate();
  if (o.sign) writer.message_integrity(base::as_bytes(o.to.pwd));
  writer.fingerprint();
  const auto bytes = writer.written();
  return {bytes.begin(), bytes.end()};
}

class LiteAgentTest : public testing::Test {
 protected:
  Verdict receive(const std::vector<uint8_t>& bytes, const SocketAddress& from = kWifi, uint8_t local = 0) {
    out_.clear();
    return agent_.receive(now_, bytes, from, local, out_);
  }
  Verdict nominate(const SocketAddress& from) { return receive(check({.use_candidate = true}), from); }
  stun::MessageView answer() {
    EXPECT_EQ(out_.size(), 1u);
    const auto view = stun::MessageView::parse(out_.at(0).bytes());
    EXPECT_TRUE(view && view->check_fingerprint());
    return *view;
  }

  Timestamp now_ = Timestamp::from_micros(1'000'000);
  LiteAgent agent_{kServer};
  Out out_;
};

TEST_F(LiteAgentTest, AnswersACheckByTheAddressItCameFrom) {
  EXPECT_EQ(receive(check({}), kWifi, 3), Verdict::kAnswered);
  EXPECT_EQ(out_[0].path, (Path{kWifi, 3}));
  const auto success = answer();
  EXPECT_EQ(success.message_class(), stun::Class::kSuccess);
  EXPECT_EQ(success.transaction_id(), (stun::TransactionId{1, 2, 3}));
  EXPECT_EQ(success.xor_mapped_address(), kWifi);
  EXPECT_TRUE(success.check_integrity(base::as_bytes(kServer.pwd)));
}

TEST_F(LiteAgentTest, SendsOnTheFirstPathUntilOneIsNominated) {
  EXPECT_EQ(agent_.selected(), std::nullopt);
  receive(check({}), kWifi);
  receive(check({}), kMobile);
  EXPECT_EQ(agent_.selected(), (Path{kWifi, 0}));
  EXPECT_FALSE(agent_.nominated());
  nominate(kMobile);
  EXPECT_EQ(agent_.selected(), (Path{kMobile, 0}));
  EXPECT_TRUE(agent_.nominated());
}

// Firefox ESR 153 (2026) puts USE-CANDIDATE into its first check.
TEST_F(LiteAgentTest, TakesANominationInTheFirstCheck) {
  EXPECT_EQ(nominate(kWifi), Verdict::kAnswered);
  EXPECT_EQ(agent_.selected(), (Path{kWifi, 0}));
}

TEST_F(LiteAgentTest, AnswersChecksBeforeTheRemoteDescription) {
  EXPECT_EQ(receive(check({.sender = "whoever"})), Verdict::kAnswered);
  agent_.set_remote({"whoever", "pwd"});
  EXPECT_EQ(receive(check({.sender = "whoever"})), Verdict::kAnswered);
}

TEST_F(LiteAgentTest, ALaterNominationMovesTheSelection) {
  nominate(kWifi);
  nominate(kMobile);
  EXPECT_EQ(agent_.selected(), (Path{kMobile, 0}));
}

TEST_F(LiteAgentTest, ALateRetransmissionOfAnEarlierNominationMovesNothing) {
  nominate(kWifi);
  nominate(kMobile);
  nominate(kWifi);
  EXPECT_EQ(agent_.selected(), (Path{kMobile, 0}));
  nominate(kMobile);
  nominate(kWifi);
  EXPECT_EQ(agent_.selected(), (Path{kMobile, 0}));
}

TEST_F(LiteAgentTest, AnEarlierPathComesBackWhenItIsNominatedAgainAndAgain) {
  nominate(kWifi);
  nominate(kMobile);
  nominate(kWifi);
  nominate(kWifi);
  EXPECT_EQ(agent_.selected(), (Path{kWifi, 0}));
}

TEST_F(LiteAgentTest, TheSameAddressOnTwoSocketsIsTwoPaths) {
  receive(check({.use_candidate = true}), kWifi, 0);
  receive(check({.use_candidate = true}), kWifi, 1);
  EXPECT_EQ(agent_.selected(), (Path{kWifi, 1}));
  EXPECT_TRUE(agent_.knows({kWifi, 0}));
  EXPECT_FALSE(agent_.knows({kWifi, 2}));
}

TEST_F(LiteAgentTest, AWrongPasswordIs401AndHasNoEffect) {
  EXPECT_EQ(receive(check({.to = {kServer.ufrag, "wrong"}, .use_candidate = true})), Verdict::kUnauthenticated);
  EXPECT_EQ(answer().error_code(), 401);
  EXPECT_FALSE(answer().has_integrity());  // RFC 8489 section 9.1.3
  EXPECT_EQ(agent_.selected(), std::nullopt);
  EXPECT_TRUE(agent_.next_time().is_never());
  EXPECT_EQ(agent_.count(Verdict::kUnauthenticated), 1u);
}

TEST_F(LiteAgentTest, AnotherUserNameIs401) {
  EXPECT_EQ(receive(check({.to = {"srv", kServer.pwd}})), Verdict::kUnauthenticated);
  EXPECT_EQ(receive(check({.to = {"srv1x", kServer.pwd}})), Verdict::kUnauthenticated);
}

TEST_F(LiteAgentTest, AnUnsignedCheckIs400) {
  EXPECT_EQ(receive(check({.sign = false})), Verdict::kBadRequest);
  EXPECT_EQ(answer().error_code(), 400);
}

// RFC 8445 section 7.3.1.1.
TEST_F(LiteAgentTest, AControlledPeerIs487) {
  EXPECT_EQ(receive(check({.more = [](MessageWriter& w) { w.ice_controlled(5); }})), Verdict::kRoleConflict);
  EXPECT_EQ(answer().error_code(), 487);
  EXPECT_TRUE(answer().check_integrity(base::as_bytes(kServer.pwd)));
  EXPECT_EQ(agent_.selected(), std::nullopt);
}

TEST_F(LiteAgentTest, AnUnknownAttributeThatMustBeUnderstoodIs420) {
  const auto more = [](MessageWriter& w) { w.attribute(static_cast<stun::Attribute>(0x7009), {}); };
  EXPECT_EQ(receive(check({.more = more})), Verdict::kUnknownAttribute);
  EXPECT_EQ(answer().error_code(), 420);
}

TEST_F(LiteAgentTest, NoiseIsDropped) {
  EXPECT_EQ(receive({}), Verdict::kMalformed);
  auto broken = check({});
  broken.back() ^= 1;  // FINGERPRINT
  EXPECT_EQ(receive(broken), Verdict::kMalformed);
  std::array<uint8_t, 100> bytes{};
  MessageWriter indication(bytes, stun::Class::kIndication, stun::kBinding, {});
  const auto written = indication.written();
  EXPECT_EQ(receive({written.begin(), written.end()}), Verdict::kIgnored);  // a keepalive, RFC 8445 section 11
  EXPECT_TRUE(out_.empty());
}

// RFC 8445 section 9: after a restart both credentials are good until the new ones are used.
TEST_F(LiteAgentTest, ARestartKeepsTheOldCredentialsUntilTheNewAreUsed) {
  nominate(kWifi);
  agent_.restart(kRestarted);
  EXPECT_EQ(receive(check({})), Verdict::kAnswered);
  EXPECT_TRUE(answer().check_integrity(base::as_bytes(kServer.pwd)));
  EXPECT_EQ(receive(check({.to = kRestarted}), kMobile), Verdict::kAnswered);
  EXPECT_TRUE(answer().check_integrity(base::as_bytes(kRestarted.pwd)));
  EXPECT_EQ(receive(check({})), Verdict::kUnauthenticated);
  EXPECT_EQ(agent_.selected(), (Path{kWifi, 0}));  // until a nomination
  receive(check({.to = kRestarted, .use_candidate = true}), kMobile);
  EXPECT_EQ(agent_.selected(), (Path{kMobile, 0}));
}

TEST_F(LiteAgentTest, AfterARestartTheOldPathCanBeNominatedAtOnce) {
  nominate(kWifi);
  nominate(kMobile);
  agent_.restart(kRestarted);
  receive(check({.to = kRestarted, .use_candidate = true}), kWifi);
  EXPECT_EQ(agent_.selected(), (Path{kWifi, 0}));
}

TEST_F(LiteAgentTest, ASecondRestartBeforeTheFirstWasUsedKeepsTheOldestGood) {
  nominate(kWifi);
  agent_.restart(kRestarted);
  agent_.restart({"srv3", "a-third-password-of-22-chars"});
  EXPECT_EQ(receive(check({})), Verdict::kAnswered);
  EXPECT_EQ(receive(check({.to = kRestarted})), Verdict::kUnauthenticated);
}

// RFC 7675 section 5.1.
TEST_F(LiteAgentTest, ConsentRunsOutThirtySecondsAfterTheLastCheck) {
  EXPECT_FALSE(agent_.consent_expired(now_ + Duration::seconds(1000)));  // never given
  receive(check({}));
  EXPECT_EQ(agent_.next_time(), now_ + Duration::seconds(30));
  EXPECT_FALSE(agent_.consent_expired(now_ + Duration::millis(29'999)));
  EXPECT_TRUE(agent_.consent_expired(now_ + Duration::seconds(30)));
  now_ = now_ + Duration::seconds(60);
  receive(check({}), kMobile);
  EXPECT_FALSE(agent_.consent_expired(now_));
}

TEST_F(LiteAgentTest, OnlyAuthenticatedChecksAreConsent) {
  receive(check({}));
  const auto before = agent_.next_time();
  now_ = now_ + Duration::seconds(5);
  receive(check({.to = {kServer.ufrag, "wrong"}}));
  receive(check({.sign = false}));
  EXPECT_EQ(agent_.next_time(), before);
}

TEST_F(LiteAgentTest, ForgetsThePathThatIsSilentForLongestButNotTheSelected) {
  nominate(kWifi);
  const auto path = [](uint16_t i) { return SocketAddress{base::IpAddress::v4(0x0a000001), i}; };
  for (uint16_t i = 1; i <= 40; ++i) {
    now_ = now_ + Duration::millis(10);
    receive(check({}), path(i));
  }
  EXPECT_EQ(agent_.selected(), (Path{kWifi, 0}));
  EXPECT_TRUE(agent_.knows({kWifi, 0}));
  EXPECT_TRUE(agent_.knows({path(40), 0}));
  EXPECT_TRUE(agent_.knows({path(26), 0}));
  EXPECT_FALSE(agent_.knows({path(25), 0}));
}

TEST(ReceiverUfrag, IsBeforeTheColon) {
  EXPECT_EQ(receiver_ufrag(check({})), "srv1");
  EXPECT_EQ(receiver_ufrag({}), std::nullopt);
  std::array<uint8_t, 100> bytes{};
  MessageWriter nameless(bytes, stun::Class::kRequest, stun::kBinding, {});
  nameless.username("srv1");
  EXPECT_EQ(receiver_ufrag(nameless.written()), std::nullopt);
}

}  // namespace
}  // namespace heliograph::ice
