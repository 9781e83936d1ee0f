// SPDX-License-Identifier: Apache-2.0
#include "server/options.h"

#include <cstdio>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::server {
namespace {

using base::Duration;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Variables = std::map<std::string, std::string>;

// A TOML file for the time of a test.
class File {
 public:
  explicit File(const std::string& text)
      : path(testing::TempDir() + "/heliograph_options_test_" + std::to_string(getpid()) + ".toml") {
    std::ofstream(path) << text;
  }
  ~File() { std::remove(path.c_str()); }
  const std::string path;
};

std::expected<Options, Exit> run(std::vector<const char*> words, const Variables& variables = {}) {
  words.insert(words.begin(), "heliograph");
  return parse(static_cast<int>(words.size()), words.data(),
               [&](const std::string& name) -> std::optional<std::string> {
                 const auto found = variables.find(name);
                 if (found == variables.end()) return std::nullopt;
                 return found->second;
               });
}

std::expected<Options, Exit> run_file(const std::string& text, std::vector<const char*> more = {},
                                      const Variables& variables = {}) {
  const File file(text);
  more.insert(more.begin(), {"serve", "--config", file.path.c_str()});
  return run(more, variables);
}

// The sentence of an exit with code 2.
std::string refusal(const std::expected<Options, Exit>& parsed) {
  if (parsed) return "(accepted)";
  EXPECT_EQ(parsed.error().code, 2);
  return parsed.error().text;
}

std::string sample_file() {
  std::ifstream file(HELIOGRAPH_SAMPLE);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> keys_of(const std::string& toml) {
  std::vector<std::string> keys;
  const std::regex key("(^|\n)([a-z_]+) = ");
  for (std::sregex_iterator match(toml.begin(), toml.end(), key), end; match != end; ++match)
    keys.push_back((*match)[2]);
  return keys;
}

TEST(Options, HaveDefaults) {
  const auto options = run({"serve"});
  ASSERT_TRUE(options);
  EXPECT_THAT(options->listen, ElementsAre("127.0.0.1:8080"));
  EXPECT_EQ(options->udp_port, 40'000);
  EXPECT_EQ(options->room_max_publishers, 9);
  EXPECT_EQ(options->heartbeat_timeout, Duration::seconds(10));
  EXPECT_FALSE(options->dev);
}

TEST(Options, AFlagGoesBeforeTheEnvironmentBeforeTheFile) {
  const std::string file = "udp_port = 1001\nshards = 2\nroom_max_publishers = 3\n";
  const auto options =
      run_file(file, {"--udp-port", "1003"}, {{"HELIOGRAPH_UDP_PORT", "1002"}, {"HELIOGRAPH_SHARDS", "5"}});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->udp_port, 1003);
  EXPECT_EQ(options->shards, 5);
  EXPECT_EQ(options->room_max_publishers, 3);
}

TEST(Options, AreReadFromFlags) {
  const auto options =
      run({"serve", "--listen", "0.0.0.0:1", "--listen=[::]:2", "--dev", "--announce-ip", "192.0.2.1", "--log-level",
           "debug", "--log-format=json", "--grace-period", "2m", "--tls-cert", "c", "--tls-key", "k"});
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_THAT(options->listen, ElementsAre("0.0.0.0:1", "[::]:2"));
  EXPECT_TRUE(options->dev);
  EXPECT_THAT(options->announce_ip, ElementsAre("192.0.2.1"));
  EXPECT_EQ(options->log_level, base::log::Level::kDebug);
  EXPECT_EQ(options->log_format, base::log::Form::kJson);
  EXPECT_EQ(options->grace_period, Duration::seconds(120));
  EXPECT_EQ(options->tls_key, "k");
  EXPECT_FALSE(run({"serve", "--dev=false"}, {{"HELIOGRAPH_DEV", "true"}})->dev);
}

TEST(Options, AreReadFromTheEnvironment) {
  const auto options = run({"serve"}, {{"HELIOGRAPH_LISTEN", "localhost:1, [::1]:2"},
                                       {"HELIOGRAPH_DEV", "true"},
                                       {"HELIOGRAPH_SESSION_GRACE", "500ms"}});
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_THAT(options->listen, ElementsAre("localhost:1", "[::1]:2"));
  EXPECT_TRUE(options->dev);
  EXPECT_EQ(options->session_grace, Duration::millis(500));
}

TEST(Options, AreReadFromTheFileOfTheFlagOrTheVariable) {
  const File file("listen = [\"127.0.0.1:9\"]\ndev = true\nlog_level = \"off\"\nroom_empty_timeout = \"0s\"\n");
  for (const auto& options :
       {run({"serve", "--config", file.path.c_str()}), run({"serve"}, {{"HELIOGRAPH_CONFIG", file.path}})}) {
    ASSERT_TRUE(options) << options.error().text;
    EXPECT_THAT(options->listen, ElementsAre("127.0.0.1:9"));
    EXPECT_TRUE(options->dev);
    EXPECT_EQ(options->log_level, base::log::Level::kOff);
    EXPECT_EQ(options->room_empty_timeout, Duration());
  }
}

TEST(Options, AMistakeInTheFileIsNamedWithItsLine) {
  EXPECT_THAT(refusal(run_file("dev = true\n\nudp_prot = 1\n")), HasSubstr(".toml:3: unknown key \"udp_prot\""));
  EXPECT_THAT(refusal(run_file("dev = true\nudp_port = 70000\n")),
              HasSubstr(".toml:2: udp_port: 70000 is not between 1 and 65535"));
  EXPECT_THAT(refusal(run_file("udp_port = \"1\"")), HasSubstr(".toml:1: udp_port: takes a whole number"));
  EXPECT_THAT(refusal(run_file("listen = \"127.0.0.1:1\"")), HasSubstr("takes an array of strings"));
  EXPECT_THAT(refusal(run_file("listen = [1]")), HasSubstr("takes an array of strings"));
  EXPECT_THAT(refusal(run_file("tls_key = [\"a\"]")), HasSubstr("not an array"));
  EXPECT_THAT(refusal(run_file("dev = 1")), HasSubstr("takes true or false"));
  EXPECT_THAT(refusal(run_file("grace_period = 10")), HasSubstr("takes a string"));
  EXPECT_THAT(refusal(run_file("\n[rooms]\nmax = 1")), HasSubstr(".toml:3: unknown key \"rooms_max\""));
  EXPECT_THAT(refusal(run_file("dev = true\nlisten = [\n")), HasSubstr(".toml:"));
  EXPECT_THAT(refusal(run({"serve", "--config", "/no/such.toml"})), HasSubstr("/no/such.toml: cannot be read"));
}

TEST(Options, AMistakeElsewhereIsNamedWithItsFlagOrVariable) {
  EXPECT_THAT(refusal(run({"serve", "--udp-prot", "1"})), HasSubstr("--udp-prot"));
  EXPECT_THAT(refusal(run({"serve", "--udp-port", "x"})), HasSubstr("--udp-port: \"x\" is not a whole number"));
  EXPECT_THAT(refusal(run({"serve", "--udp-port"})), HasSubstr("--udp-port"));
  EXPECT_THAT(refusal(run({"serve", "--udp-port", "1", "--udp-port", "2"})), HasSubstr("more than once"));
  EXPECT_THAT(refusal(run({"serve", "extra"})), HasSubstr("extra"));
  EXPECT_THAT(refusal(run({"serve"}, {{"HELIOGRAPH_LOG_LEVEL", "loud"}})),
              HasSubstr("HELIOGRAPH_LOG_LEVEL: \"loud\" is not one of debug, info, warn, error, off"));
  EXPECT_THAT(refusal(run({"serve"}, {{"HELIOGRAPH_DEV", "yes"}})), HasSubstr("HELIOGRAPH_DEV"));
  EXPECT_THAT(refusal(run({"serve", "--bind-ip", "localhost"})), HasSubstr("is not an IP address"));
  EXPECT_THAT(refusal(run({"serve", "--listen", "8080"})), HasSubstr("is not a host and a port"));
  for (const auto* bad : {"10", "s", "-1s", "1.5s", "99999999999999999999s", "800h", "1d", ""})
    EXPECT_THAT(refusal(run({"serve"}, {{"HELIOGRAPH_GRACE_PERIOD", bad}})), HasSubstr("HELIOGRAPH_GRACE_PERIOD"))
        << bad;
}

// behaviour.md section 6
TEST(Options, ListeningBeyondThisMachineNeedsDevelopmentModeWhileThereAreNoKeys) {
  EXPECT_THAT(refusal(run({"serve", "--listen", "127.0.0.1:1", "--listen", "0.0.0.0:8080"})),
              AllOf(HasSubstr("0.0.0.0:8080"), HasSubstr("--dev")));
  EXPECT_THAT(refusal(run({"serve", "--listen", "example.org:80"})), HasSubstr("--dev"));
  EXPECT_TRUE(run({"serve", "--listen", "0.0.0.0:8080", "--dev"}));
  EXPECT_TRUE(run({"serve", "--listen", "localhost:8080"}));
}

const std::string kSecret = "web:" + std::string(32, 'S');

TEST(Options, WithKeysTheServerMayListenAnywhere) {
  EXPECT_TRUE(run({"serve", "--listen", "0.0.0.0:8080", "--token-secrets", kSecret.c_str()}));
  EXPECT_TRUE(run({"serve", "--listen", "0.0.0.0:8080", "--token-secret-files", "web:/run/secret"}));
  EXPECT_TRUE(run({"serve", "--listen", "0.0.0.0:8080"}, {{"HELIOGRAPH_TOKEN_JWKS", "keys.json"}}));
  EXPECT_TRUE(run_file("listen = [\"0.0.0.0:8080\"]\ntoken_public_keys = [\"key.pem\"]\n"));
}

TEST(Options, NoSecretIsEverPrinted) {
  const Variables secrets{{"HELIOGRAPH_TOKEN_SECRETS", kSecret + ",app:" + std::string(40, 'T')},
                          {"HELIOGRAPH_TURN_SECRET", "UUUU"},
                          {"HELIOGRAPH_TURN_URLS", "turn:a"}};
  for (const auto& words :
       {std::vector<const char*>{"config", "print"}, {"config", "check"}, {"--help"}, {"config", "sample"}}) {
    const auto text = run(words, secrets).error().text;
    for (const auto* secret : {"SSSS", "TTTT", "UUUU"}) EXPECT_EQ(text.find(secret), text.npos) << words.back();
  }
  const auto printed = run({"config", "print"}, secrets).error().text;
  EXPECT_THAT(printed, HasSubstr("token_secrets = [\"web:(hidden)\", \"app:(hidden)\"]\n"));
  EXPECT_THAT(printed, HasSubstr("turn_secret = \"(hidden)\"\n"));
  for (const auto* wrong : {"hunter2", "web:hunter2", ":hunter2-hunter2-hunter2"})
    EXPECT_THAT(refusal(run({"serve"}, {{"HELIOGRAPH_TOKEN_SECRETS", wrong}})),
                AllOf(HasSubstr("HELIOGRAPH_TOKEN_SECRETS: one of them is not"), Not(HasSubstr("hunter2"))));
}

TEST(Options, WhatIsPrintedIsNotTakenForASecret) {
  EXPECT_THAT(refusal(run_file("token_secrets = [\"web:(hidden)\"]\n")), HasSubstr("token_secrets"));
}

TEST(Options, ListsTakeOnlyWhatTheyMean) {
  for (const auto& [flag, good, bad] : std::initializer_list<std::array<const char*, 3>>{
           {"--allowed-origins", "https://*.example.org", "https://example.org/"},
           {"--allowed-origins", "*", "example.org"},
           {"--trusted-proxies", "10.0.0.0/8", "10.0.0.0/40"},
           {"--token-secret-files", "web:/run/secret", "/run/secret"},
           {"--stun-urls", "stun:stun.example.org", "stun.example.org"}}) {
    EXPECT_TRUE(run({"serve", flag, good})) << good;
    EXPECT_THAT(refusal(run({"serve", flag, bad})), HasSubstr(bad));
  }
}

TEST(Options, TurnServersAndTheirSecretBelongTogether) {
  EXPECT_TRUE(run({"serve", "--turn-urls", "turn:a", "--turn-secret", "s"}));
  EXPECT_TRUE(run({"serve", "--turn-urls", "turn:a", "--turn-secret-file", "f"}));
  EXPECT_THAT(refusal(run({"serve", "--turn-urls", "turn:a"})), HasSubstr("turn_secret is not"));
  EXPECT_THAT(refusal(run({"serve", "--turn-secret", "s"})), HasSubstr("turn_urls is not"));
  EXPECT_THAT(refusal(run({"serve", "--turn-urls", "turn:a", "--turn-secret", "s", "--turn-secret-file", "f"})),
              HasSubstr("both"));
}

TEST(Options, CheckingReadsTheFilesOfKeysToo) {
  EXPECT_THAT(refusal(run({"config", "check", "--token-jwks", "/nowhere.json"})), HasSubstr("/nowhere.json"));
  EXPECT_THAT(refusal(run({"config", "check", "--turn-urls", "turn:a", "--turn-secret-file", "/nowhere"})),
              HasSubstr("/nowhere"));
  EXPECT_EQ(run({"config", "check", "--token-secrets", kSecret.c_str()}).error().code, 0);
}

TEST(Options, VariablesThatMeanNothingAreFound) {
  EXPECT_THAT(unknown_variables({"PATH", "HELIOGRAPH_UDP_PORT", "HELIOGRAPH_UDP_PROT", "HELIOGRAPH_CONFIG",
                                 "HELIOGRAPH_TOKEN", "HELIOGRAPH_URL", "HELIOGRAPH_", "heliograph_listen"}),
              ElementsAre("HELIOGRAPH_UDP_PROT", "HELIOGRAPH_"));
}

TEST(Options, HelpNamesEveryCommand) {
  const auto help = run({"--help"}).error().text;
  for (const auto* command :
       {"serve", "config check", "config print", "config sample", "token", "rooms", "room", "kick"})
    EXPECT_THAT(help, HasSubstr(std::string("  heliograph ") + command + " "));
}

TEST(Options, AreHeldToWhatTheyMeanTogether) {
  EXPECT_THAT(refusal(run({"serve", "--tls-cert", "c"})), HasSubstr("tls_key is not"));
  EXPECT_THAT(refusal(run({"serve", "--tls-key", "k"})), HasSubstr("tls_cert is not"));
  EXPECT_THAT(refusal(run({"serve", "--udp-port", "65535", "--shards", "2"})), HasSubstr("no ports for 2 shards"));
  EXPECT_THAT(refusal(run({"serve", "--ping-interval", "30s"})), HasSubstr("ping_interval"));
  EXPECT_THAT(refusal(run({"serve"}, {{"HELIOGRAPH_LISTEN", " , "}})), HasSubstr("at least one address"));
}

TEST(Options, TheSampleFileNamesEverySettingWithItsDefault) {
  EXPECT_EQ(sample_file(), sample_config()) << "heliograph config sample > packaging/heliograph.toml makes it anew";
  const auto printed = run({"config", "print"});
  const auto from_sample = run({"config", "print", "--config", HELIOGRAPH_SAMPLE});
  ASSERT_EQ(from_sample.error().code, 0) << from_sample.error().text;
  EXPECT_EQ(from_sample.error().text, printed.error().text);
  EXPECT_EQ(keys_of(sample_file()), keys_of(printed.error().text));
  EXPECT_EQ(keys_of(sample_file()).size(), 56u);
}

TEST(Options, HelpNamesEverySettingInAllItsForms) {
  for (const auto& words : {std::vector<const char*>{"--help"}, {"serve", "--help"}, {"config", "-h"}}) {
    const auto help = run(words);
    ASSERT_FALSE(help);
    EXPECT_EQ(help.error().code, 0);
    for (auto key : keys_of(sample_config())) {
      EXPECT_THAT(help.error().text, HasSubstr(", " + key + " in the file)"));
      std::string variable = "HELIOGRAPH_", flag = "--";
      for (const char c : key)
        variable += c == '_' ? '_' : static_cast<char>(std::toupper(c)), flag += c == '_' ? '-' : c;
      EXPECT_THAT(help.error().text, HasSubstr("(" + variable + ", "));
      EXPECT_THAT(help.error().text, HasSubstr("  " + flag));
    }
  }
}

TEST(Options, TheOtherCommandsEndTheProgram) {
  EXPECT_THAT(run({"--version"}).error().text, StartsWith("heliograph 0."));
  EXPECT_EQ(run({"config", "check"}).error().code, 0);
  EXPECT_EQ(run({"config", "check", "--shards", "-1"}).error().code, 2);
  EXPECT_THAT(run({"config", "print", "--udp-port", "7"}).error().text, HasSubstr("udp_port = 7\n"));
  EXPECT_EQ(run({"config", "sample"}).error().text, sample_config());
  EXPECT_EQ(run({}).error().code, 2);
  EXPECT_EQ(run({"config"}).error().code, 2);
}

// ── HLS ──

TEST(Options, AKeyMayStandInATable) {
  const auto options = run_file(
      "udp_port = 1001\n[hls]\naudio = \"both\"\nlisten = [\"127.0.0.1:81\"]\n[hls.max]\nwaiting = 7\n[room.empty]\n"
      "timeout = \"5s\"\n");
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_EQ(options->hls_audio, HlsAudio::kBoth);
  EXPECT_THAT(options->hls_listen, ElementsAre("127.0.0.1:81"));
  EXPECT_EQ(options->hls_max_waiting, 7);
  EXPECT_EQ(options->room_empty_timeout, Duration::seconds(5));
  EXPECT_EQ(run_file("hls_audio = \"opus\"")->hls_audio, HlsAudio::kOpus);
}

TEST(Options, TheLibraryForPacketsHasAName) {
  EXPECT_EQ(run_file("crypto = \"openssl\"")->crypto, PacketCrypto::kOpenSsl);
  EXPECT_EQ(run({"serve", "--crypto", "ipsec-mb"})->crypto, PacketCrypto::kIpsecMb);
  EXPECT_THAT(refusal(run_file("crypto = \"rot13\"")), HasSubstr("\"rot13\" is not one of auto, ipsec-mb, openssl"));
}

TEST(Options, AKeyInATableIsNamedByItsWholeName) {
  EXPECT_THAT(refusal(run_file("[hls]\naudio = \"mp3\"")), HasSubstr(".toml:2: hls_audio: \"mp3\" is not one of aac"));
  EXPECT_THAT(refusal(run_file("[hls]\n\nvideo = true")), HasSubstr(".toml:3: unknown key \"hls_video\""));
  EXPECT_THAT(refusal(run_file("hls_part = \"1s\"\n[hls]\npart = \"1s\"")), HasSubstr("stands there more than once"));
  EXPECT_THAT(refusal(run_file("[hls]\n[hls]\n")), HasSubstr(".toml:2"));
}

TEST(Options, LengthsOfHlsThatMakeNoSenseAreRefused) {
  EXPECT_TRUE(run({"serve", "--hls-segment", "1s", "--hls-part", "500ms"}));
  EXPECT_THAT(refusal(run({"serve", "--hls-segment", "1s", "--hls-part", "501ms"})), HasSubstr("hls_part is 501 ms"));
  EXPECT_THAT(refusal(run({"serve", "--hls-part", "99ms"})), HasSubstr("--hls-part: 99ms is less than 100ms"));
  EXPECT_THAT(refusal(run({"serve", "--hls-segment", "999ms"})), HasSubstr("999ms is less than 1s"));
  EXPECT_THAT(refusal(run({"serve", "--hls-segment", "11s"})), HasSubstr("11s is more than 10s"));
  EXPECT_THAT(refusal(run({"serve", "--hls-record", "--hls-dir", ""})), HasSubstr("hls_dir is empty"));
  EXPECT_TRUE(run({"serve", "--hls-dir", ""})) << "nothing is written";
}

TEST(Options, AnHlsUrlIsWhatAPathCanFollow) {
  for (const auto* good : {"https://cdn.example.org", "http://[::1]:81", "https://example.org/live", ""})
    EXPECT_TRUE(run({"serve", "--hls-url", good})) << good;
  for (const auto* bad :
       {"cdn.example.org", "https://", "https:///x", "https://cdn.example.org/", "https://a?b", "ftp://a"})
    EXPECT_THAT(refusal(run({"serve", "--hls-url", bad})), HasSubstr("--hls-url: ")) << bad;
}

// Who watches a publication is a mask of 64 bits, one of them the packager's.
TEST(Options, ThereAreAsManyShardsAsAMaskHasBits) {
  EXPECT_TRUE(run({"serve", "--shards", "63"}));
  EXPECT_THAT(refusal(run({"serve", "--shards", "64"})), HasSubstr("64 is not between 0 and 63"));
}

}  // namespace
}  // namespace heliograph::server
