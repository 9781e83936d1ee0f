// SPDX-License-Identifier: Apache-2.0
#include "server/token_command.h"

#include <map>

#include "crypto/testing_keys.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/testing_files.h"
#include "token/jwt.h"

namespace heliograph::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int64_t kNow = 1'800'000'000;
const std::string kSecret = "a secret of thirty-two bytes, no less";
using Variables = std::map<std::string, std::string>;
const Variables kOneSecret{{"HELIOGRAPH_TOKEN_SECRETS", "web:a secret of thirty-two bytes no less"}};

Exit run(std::vector<std::string> words, const Variables& variables = {}, int64_t now = kNow) {
  words.insert(words.begin(), {"heliograph", "token"});
  std::vector<const char*> argv;
  for (const auto& word : words) argv.push_back(word.c_str());
  return token_command(
      static_cast<int>(argv.size()), argv.data(),
      [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
      },
      now);
}

// The token alone, without the line end.
std::string minted(const Exit& exit) {
  EXPECT_EQ(exit.code, 0) << exit.text;
  EXPECT_EQ(exit.text.find('\n'), exit.text.size() - 1);
  return exit.text.substr(0, exit.text.size() - 1);
}

token::Keys secret_keys() {
  token::Keys keys;
  EXPECT_TRUE(keys.add_secret("web", kSecret));
  return keys;
}

TEST(TokenCommand, MakesATokenOfAllThatIsSaid) {
  const auto token = minted(run({"--sub",     "ann",      "--rid",  "tea*",     "--rid",      "b",     "--role",
                                 "admin",     "--create", "--name", "Ann",      "--fullname", "Ann N", "--avatar",
                                 "https://x", "--ttl",    "2h",     "--secret", kSecret,      "--kid", "web"}));
  const auto claims = token::verify(token, secret_keys(), {}, kNow);
  ASSERT_TRUE(claims) << claims.error().sentence;
  EXPECT_EQ(claims->subject, "ann");
  EXPECT_EQ(claims->expires, kNow + 7'200);
  EXPECT_THAT(claims->rooms, ElementsAre("tea*", "b"));
  EXPECT_EQ(claims->role, token::Role::kAdmin);
  EXPECT_EQ(claims->create, true);
  EXPECT_EQ(claims->username + claims->fullname + claims->avatar, "AnnAnn Nhttps://x");
}

TEST(TokenCommand, SaysNothingThatWasNotSaid) {
  const auto claims = token::verify(minted(run({"--sub", "ann", "--secret", kSecret})), secret_keys(), {}, kNow);
  ASSERT_TRUE(claims);
  EXPECT_EQ(*claims, (token::Claims{.subject = "ann", .expires = kNow + 3'600}));
}

TEST(TokenCommand, TakesItsSecretAndNamesFromTheServersSettings) {
  const testing_files::Folder folder;
  const auto secret = folder.write("secret", kSecret + "\n");
  const auto config = folder.write("heliograph.toml",
                                   "listen = [\"0.0.0.0:80\"]\ntoken_issuer = \"me\"\ntoken_audience = "
                                   "\"rooms\"\ntoken_secret_files = [\"web:" +
                                       secret + "\"]\n");
  const auto token = minted(run({"--config", config, "--sub", "ann"}));
  EXPECT_TRUE(token::verify(token, secret_keys(), {"me", "rooms"}, kNow));
  EXPECT_EQ(minted(run({"--sub", "ann"}, {{"HELIOGRAPH_CONFIG", config}})), token);
  EXPECT_EQ(run({"--config", config, "--inspect", token}).code, 0);
}

TEST(TokenCommand, TheKidChoosesAmongSecrets) {
  const Variables two{{"HELIOGRAPH_TOKEN_SECRETS", "web:" + std::string(32, '1') + ",app:" + std::string(32, '2')}};
  EXPECT_THAT(run({"--sub", "ann"}, two).text, HasSubstr("choose with --kid one of web, app"));
  EXPECT_THAT(run({"--sub", "ann", "--kid", "tv"}, two).text, HasSubstr("no secret has the key id \"tv\""));
  const auto token = minted(run({"--sub", "ann", "--kid", "app"}, two));
  EXPECT_THAT(token::split(token)->header, HasSubstr("\"kid\":\"app\""));
  EXPECT_EQ(run({"--inspect", token}, two).code, 0);
}

TEST(TokenCommand, SignsWithAnyPrivateKey) {
  const testing_files::Folder folder;
  for (const auto& pair : {crypto::testing::rsa_pair(), crypto::testing::ec_pair(), crypto::testing::ed25519_pair()}) {
    const auto token =
        minted(run({"--sub", "ann", "--private-key", folder.write("key.pem", pair.private_key), "--kid", "k"}));
    const Variables keys{{"HELIOGRAPH_TOKEN_PUBLIC_KEYS", folder.write("public.pem", pair.public_key)}};
    const auto seen = run({"--inspect", token}, keys);
    EXPECT_EQ(seen.code, 0) << seen.text;
    EXPECT_THAT(seen.text, HasSubstr("verifies yes, for 3600 more seconds"));
  }
}

TEST(TokenCommand, SaysWhatIsInATokenAndWhyItIsNotTaken) {
  const auto token = minted(run({"--sub", "ann"}, kOneSecret));
  const auto good = run({"--inspect", token}, kOneSecret);
  EXPECT_EQ(good.code, 0);
  EXPECT_THAT(good.text,
              StartsWith("header   {\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"web\"}\npayload  {\"sub\":\"ann\""));
  const auto late = run({"--inspect", token}, kOneSecret, kNow + 86'400);
  EXPECT_EQ(late.code, 1);
  EXPECT_THAT(late.text, HasSubstr("verifies no: the token expired 82800 seconds ago"));
  EXPECT_THAT(run({"--inspect", token}).text, HasSubstr("no keys are configured"));
  EXPECT_EQ(run({"--inspect", token, "--kid", "web", "--secret", kSecret}).code, 1);
  EXPECT_EQ(run({"--inspect", "rubbish"}, kOneSecret).code, 1);
  EXPECT_THAT(run({"--inspect", "AAAA.AAAA.AAAA"}, kOneSecret).text, HasSubstr("header   (not a JSON object)"));
}

TEST(TokenCommand, RefusesWhatTheServerWouldRefuse) {
  EXPECT_THAT(run({}, kOneSecret).text, HasSubstr("sub"));
  for (const auto& [words, why] : std::initializer_list<std::pair<std::vector<std::string>, std::string>>{
           {{"--sub", "ann", "--role", "owner"}, "--role"},
           {{"--sub", "ann", "--ttl", "1d"}, "--ttl"},
           {{"--sub", "ann", "--ttl", "0s"}, "--ttl"},
           {{"--sub", "ann", "--rid", ""}, "rid"},
           {{"--sub", std::string(257, 's')}, "sub"},
           {{"--sub", "ann", "--nmae", "x"}, "--nmae"},
           {{"--sub", "ann", "extra"}, "extra"},
           {{"--sub", "ann", "--config", "/nowhere.toml"}, "/nowhere.toml"}}) {
    const auto exit = run(words, kOneSecret);
    EXPECT_EQ(exit.code, 2) << why;
    EXPECT_THAT(exit.text, HasSubstr(why));
  }
  EXPECT_THAT(run({"--sub", "ann", "--secret", "short"}).text, HasSubstr("16 bytes"));
  EXPECT_THAT(run({"--sub", "ann"}).text, HasSubstr("nothing to sign with"));
  EXPECT_THAT(run({"--sub", "ann", "--private-key", "/nowhere.pem"}).text, HasSubstr("/nowhere.pem"));
}

TEST(TokenCommand, HelpNamesEveryOption) {
  const auto help = run({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const auto* option : {"--sub", "--rid", "--role", "--create", "--name", "--fullname", "--avatar", "--ttl",
                             "--private-key", "--secret-file", "--secret", "--kid", "--config", "--inspect"})
    EXPECT_THAT(help.text, HasSubstr(option));
  EXPECT_EQ(run({"-h"}).text, help.text);
}

TEST(TokenCommand, IsCalledToken) {
  const char* yes[] = {"heliograph", "token"};
  const char* no[] = {"heliograph", "serve", "token"};
  EXPECT_TRUE(is_token_command(2, yes));
  EXPECT_FALSE(is_token_command(3, no));
  EXPECT_FALSE(is_token_command(1, yes));
}

}  // namespace
}  // namespace heliograph::server
