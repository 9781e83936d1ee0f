// SPDX-License-Identifier: Apache-2.0
#include "server/hls_origin.h"

#include <chrono>
#include <future>

#include "gateway/test_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "token/jwt.h"

namespace heliograph::server {
namespace {

constexpr int64_t kNow = 1'800'000'000;
const std::string kSecret(32, 's');
const plan::HlsStream kTea{"tea-1", "bob", "s1"};

TokenGate gate() {
  Options options;
  options.token_secrets = {"web:" + kSecret};
  return std::move(TokenGate::open(options).value());
}

std::string token_for(std::vector<std::string> rooms, int64_t expires = kNow + 60) {
  return token::mint({.subject = "ann", .expires = expires, .rooms = std::move(rooms)}, {}, {kSecret, "web"}, kNow);
}

unsigned status_of(const std::string& token) {
  auto keys = gate();
  const auto admitted = admit_player(keys, kNow, kTea, token);
  return admitted ? 200 : admitted.error().status;
}

TEST(HlsPlayers, AreAdmittedAsAJoinWouldBe) {
  EXPECT_EQ(status_of(token_for({})), 200u) << "a token without rid is for any room (B-59)";
  EXPECT_EQ(status_of(token_for({"tea-1"})), 200u);
  EXPECT_EQ(status_of(token_for({"coffee", "tea-*"})), 200u);
  EXPECT_EQ(status_of(token_for({"coffee", "tea-?"})), 200u);
  EXPECT_EQ(status_of(token_for({"tea"})), 403u);
  EXPECT_EQ(status_of(token_for({}, kNow - 3'600)), 401u);
  EXPECT_EQ(status_of("nonsense"), 401u);
  EXPECT_EQ(status_of(""), 401u);
}

TEST(HlsPlayers, AreAllAdmittedInOpenMode) {
  auto open = std::move(TokenGate::open({}).value());
  EXPECT_TRUE(admit_player(open, kNow, kTea, ""));
  EXPECT_TRUE(admit_player(open, kNow, kTea, "nonsense"));
}

}  // namespace
}  // namespace heliograph::server
