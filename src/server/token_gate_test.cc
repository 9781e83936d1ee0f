// SPDX-License-Identifier: Apache-2.0
#include "server/token_gate.h"

#include <filesystem>

#include "crypto/testing_keys.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/key_files.h"
#include "server/testing_files.h"

namespace heliograph::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace keys_of = crypto::testing;

constexpr int64_t kNow = 1'800'000'000;
const std::string kSecret(32, 's');

std::string token_by(std::variant<std::string, crypto::SigningKey> key, const std::string& kid = {}) {
  return token::mint({.subject = "ann", .expires = kNow + 60}, {}, {std::move(key), kid}, kNow);
}
std::string token_by_pem(const keys_of::PemPair& pair) {
  return token_by(*crypto::SigningKey::from_pem(pair.private_key));
}

TEST(TokenGate, WithoutKeysItIsOpen) {
  const auto gate = TokenGate::open({});
  ASSERT_TRUE(gate);
  EXPECT_TRUE(gate->is_open());
  EXPECT_THAT(gate->warnings(), IsEmpty());
}

TEST(TokenGate, KeysOfEveryKindLetTheirTokensIn) {
  const testing_files::Folder folder;
  const auto rsa = keys_of::rsa_pair(), p256 = keys_of::ec_pair();
  Options options;
  options.token_secrets = {"web:" + kSecret};
  options.token_secret_files = {"app:" + folder.write("secret", std::string(32, 'f') + "\r\n")};
  options.token_public_keys = {folder.write("rsa.pem", rsa.public_key), folder.write("p256.pem", p256.public_key)};
  auto gate = TokenGate::open(options);
  ASSERT_TRUE(gate) << gate.error();
  EXPECT_FALSE(gate->is_open());
  EXPECT_TRUE(gate->check(token_by(kSecret, "web"), kNow));
  EXPECT_TRUE(gate->check(token_by(std::string(32, 'f'), "app"), kNow));
  EXPECT_TRUE(gate->check(token_by_pem(rsa), kNow));
  EXPECT_TRUE(gate->check(token_by_pem(p256), kNow));
}

TEST(TokenGate, CountsWhatIsRefusedByReason) {
  Options options;
  options.token_secrets = {"web:" + kSecret};
  auto gate = TokenGate::open(options);
  const auto token = token_by(kSecret, "web");
  EXPECT_TRUE(gate->check(token, kNow));
  EXPECT_FALSE(gate->check(token, kNow + 3'600));
  EXPECT_FALSE(gate->check("x", kNow));
  EXPECT_FALSE(gate->check("y", kNow));
  EXPECT_EQ(gate->refused()[static_cast<size_t>(token::Reason::kExpired)], 1u);
  EXPECT_EQ(gate->refused()[static_cast<size_t>(token::Reason::kMalformed)], 2u);
}

TEST(TokenGate, AFileThatIsWrongIsNamedAndNotShown) {
  const testing_files::Folder folder;
  Options options;
  options.token_secret_files = {"app:" + folder.path("missing")};
  EXPECT_THAT(TokenGate::open(options).error(), HasSubstr("missing: there is no such file"));
  options.token_secret_files = {"app:" + folder.write("short", "hunter2")};
  EXPECT_THAT(TokenGate::open(options).error(), AllOf(HasSubstr("short: "), testing::Not(HasSubstr("hunter2"))));
  options.token_secret_files = {};
  options.token_public_keys = {folder.write("private.pem", keys_of::ed25519_pair().private_key)};
  EXPECT_THAT(TokenGate::open(options).error(), HasSubstr("private.pem: it holds a private key"));
  options.token_public_keys = {};
  options.token_jwks = folder.write("jwks.json", "{}");
  EXPECT_THAT(TokenGate::open(options).error(), HasSubstr("jwks.json: "));
  options.token_jwks = folder.write("large", std::string(kMaxKeyFile + 1, ' '));
  EXPECT_THAT(TokenGate::open(options).error(), HasSubstr("1 MiB"));
  options.token_jwks = folder.path("");
  EXPECT_FALSE(TokenGate::open(options));
}

TEST(TokenGate, AChangedFileIsReadAgain) {
  const testing_files::Folder folder;
  const auto old_pair = keys_of::ed25519_pair(), new_pair = keys_of::ed25519_pair();
  Options options;
  options.token_public_keys = {folder.write("key.pem", old_pair.public_key)};
  auto gate = TokenGate::open(options);
  gate->refresh();
  EXPECT_TRUE(gate->check(token_by_pem(old_pair), kNow));
  folder.write("key.pem", new_pair.public_key);
  gate->refresh();
  EXPECT_TRUE(gate->check(token_by_pem(new_pair), kNow));
  EXPECT_FALSE(gate->check(token_by_pem(old_pair), kNow));
}

TEST(TokenGate, AChangedFileThatIsBrokenLeavesTheOldKeysInForce) {
  const testing_files::Folder folder;
  const auto pair = keys_of::ed25519_pair();
  Options options;
  options.token_public_keys = {folder.write("key.pem", pair.public_key)};
  auto gate = TokenGate::open(options);
  folder.write("key.pem", "-----BEGIN PUBLIC KEY-----\nhalf of i");
  gate->refresh();
  EXPECT_TRUE(gate->check(token_by_pem(pair), kNow));
  std::filesystem::remove(options.token_public_keys.front());
  gate->refresh();
  EXPECT_TRUE(gate->check(token_by_pem(pair), kNow));
}

TEST(TokenGate, SaysWhatOperatorsShouldKnow) {
  const testing_files::Folder folder;
  Options options;
  options.dev = true;
  options.token_secrets = {"old:" + std::string(16, 'x'), "web:" + kSecret};
  options.token_public_keys = {folder.write("key.pem", keys_of::ed25519_pair().public_key)};
  EXPECT_THAT(TokenGate::open(options)->warnings(),
              ElementsAre(HasSubstr("\"old\" is shorter"), HasSubstr("token_audience"), HasSubstr("dev")));
}

TEST(IdentityOf, IsWhatTheClaimsSay) {  // B-59
  const Moment at{base::Timestamp::from_micros(5'000'000), kNow};
  const auto identity = identity_of({.subject = "ann",
                                     .expires = kNow + 60,
                                     .rooms = {"tea*"},
                                     .role = token::Role::kPublisher,
                                     .create = true,
                                     .username = "a",
                                     .fullname = "b",
                                     .avatar = "c"},
                                    at);
  EXPECT_EQ(identity.user_id, "ann");
  EXPECT_THAT(identity.rooms, ElementsAre("tea*"));
  EXPECT_EQ(identity.role, room::Role::kPublisher);
  EXPECT_TRUE(identity.create);
  EXPECT_EQ(identity.username + identity.fullname + identity.avatar, "abc");
  EXPECT_EQ(identity.expires, at.now + base::Duration::seconds(60 + token::kLeeway));
}

TEST(IdentityOf, WhatTheClaimsLeaveOpenIsLeftOpenButCreating) {
  const auto identity = identity_of({.subject = "ann", .expires = int64_t{1} << 53}, {});
  EXPECT_FALSE(identity.create);
  EXPECT_EQ(identity.role, std::nullopt);
  EXPECT_TRUE(identity.expires.is_never());
}

}  // namespace
}  // namespace heliograph::server
