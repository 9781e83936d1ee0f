// SPDX-License-Identifier: Apache-2.0
#include "control/candidates.h"

#include "control/test_client.h"

namespace heliograph::control {
namespace {

class Candidates : public ControlTest {
 protected:
  static constexpr const char* kUdp = "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host";

  void SetUp() override {
    ControlTest::SetUp();
    create(kAlice, alice);
    join(kBob, bob);
  }
  std::string ice(ConnectionId c, const Who& who, const std::string& to, const std::string& sdp = kUdp) {
    return summary(world.tell(c, say("iceCandidate", "ICE", who, sdp_field(sdp) + (to.empty() ? "" : "," + to))));
  }
};

TEST_F(Candidates, ThoseForTheOwnUplinkAreTakenAlsoBeforeThereIsOne) {  // B-41, B-53
  for (const auto& to : {std::string(), std::string(R"("to":null)"), std::string(R"("to":"alice")"), alice.to()})
    EXPECT_EQ(ice(kAlice, alice, to), "");
  offer(kAlice, alice, chromium);
  for (const auto& to : {std::string(), std::string(R"("to":"alice")"), alice.to()})
    EXPECT_EQ(ice(kAlice, alice, to), "");
}

TEST_F(Candidates, WhatWeHaveNoUseForIsNoError) {  // B-41
  for (const auto* sdp :
       {kUdp, "a=candidate:1 1 udp 1 ::1 9 typ host", "", "a=end-of-candidates", "end-of-candidates",
        "candidate:1 1 udp 1 b5b6c3c0-95b8-4b8a-a7d6-1ad33ee9d5f9.local 9 typ host",
        "candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active",
        R"({"candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host","sdpMid":"0","sdpMLineIndex":0})"}) {
    const auto json = replaced(replaced(sdp, "\\", "\\\\"), "\"", "\\\"");
    EXPECT_EQ(summary(world.tell(kAlice, say("iceCandidate", "ICE", alice, R"("sdp":")" + json + "\""))), "") << sdp;
  }
}

TEST_F(Candidates, WhatCannotBeReadIs2001) {  // B-41
  for (const auto* sdp : {"hello", "candidate:", "candidate:1 1 udp", "{}"})
    EXPECT_EQ(ice(kAlice, alice, "", sdp), "2001 ICE") << sdp;
}

TEST_F(Candidates, ThoseForADownlinkNeedOneThatIsOrJustWas) {  // B-41, B-53
  EXPECT_EQ(ice(kBob, bob, alice.to()), "2001 ICE");
  watch(kBob, bob, alice);
  EXPECT_EQ(ice(kBob, bob, alice.to()), "");  // held: early
  publish(kAlice, alice, chromium);
  EXPECT_EQ(summary(of(world.heard(kBob), "WATCH")), "200 WATCH");
  EXPECT_EQ(ice(kBob, bob, alice.to()), "");
  world.pass(base::Duration::seconds(30));  // unanswered: freed
  EXPECT_EQ(world.control.numbers().downlinks, 0u);
  EXPECT_EQ(ice(kBob, bob, alice.to()), "");
  world.tell(kAlice, say("leave", "LEAVE", alice));
  world.heard(kBob);
  EXPECT_EQ(ice(kBob, bob, alice.to()), "");
}

}  // namespace
}  // namespace heliograph::control
