// SPDX-License-Identifier: Apache-2.0
#include "server/admin_command.h"

#include <boost/json/parse.hpp>
#include <cstdio>
#include <filesystem>
#include <future>
#include <map>
#include <optional>
#include <thread>

#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/test_world.h"
#include "gateway/gateway.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rest/routes.h"
#include "server/http_client.h"
#include "server/table.h"

namespace heliograph::server {
namespace {

namespace json = boost::json;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

struct Pem {
  std::string certificate;
  std::string key;
};

// For 127.0.0.1, signed by itself, in files that last as long as the test program.
Pem self_signed() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* x509 = X509_new();
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), -60);
  X509_gmtime_adj(X509_getm_notAfter(x509), 3'600);
  X509_set_pubkey(x509, key);
  X509_EXTENSION* name = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(x509, name, -1);
  X509_EXTENSION_free(name);
  X509_sign(x509, key, EVP_sha256());
  const auto folder = std::filesystem::temp_directory_path();
  const auto stem = (folder / ("heliograph_admin_test_" + std::to_string(getpid()))).string();
  const Pem pem{stem + ".crt", stem + ".key"};
  FILE* file = std::fopen(pem.certificate.c_str(), "w");
  PEM_write_X509(file, x509);
  std::fclose(file);
  file = std::fopen(pem.key.c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(x509);
  EVP_PKEY_free(key);
  return pem;
}

// The API behind a real gateway on a thread of its own. Whatever touches `world` does so on that thread.
class House {
 public:
  explicit House(const Pem& pem = {}) : gateway_(options(pem), callbacks()) {
    const auto started = gateway_.start();
    EXPECT_TRUE(started) << started.error().where << ": " << started.error().error.message();
    port = gateway_.bound().front().port;
    thread_ = std::jthread([this] { gateway_.run(); });
  }
  ~House() { gateway_.stop(); }

  void join(control::ConnectionId connection, const control::Who& who) {
    std::promise<void> done;
    gateway_.post([&] {
      world_.open(connection);
      world_.tell(connection, control::say("join", "JOIN", who, R"("op":{"roomCreating":true})"));
      done.set_value();
    });
    done.get_future().wait();
  }

  uint16_t port = 0;

 private:
  gateway::GatewayOptions options(const Pem& pem) {
    gateway::GatewayOptions options;
    options.listen = {"127.0.0.1:0"};
    options.tls_certificate = pem.certificate;
    options.tls_key = pem.key;
    options.routes = rest::routes({.authorize = [](const gateway::Request& request) { return authorize(request); },
                                   .control = [this]() -> control::Control& { return world_.control; },
                                   .now = [this] { return world_.now; },
                                   .speak = [this](control::Out& out) { speak(out); }});
    return options;
  }
  static gateway::Callbacks callbacks() {
    return {.admit = [](const gateway::Upgrade&) { return std::expected<void, gateway::Denial>(); },
            .on_open = [](const gateway::Upgrade&) {},
            .on_text = [](gateway::ConnectionId, std::string_view) {},
            .on_closed = [](gateway::ConnectionId) {},
            .on_time = [](base::Timestamp) {},
            .metrics = [] { return std::string(); }};
  }
  static std::expected<rest::Operator, gateway::Denial> authorize(const gateway::Request& request) {
    if (request.authorization == "Bearer boss") return rest::Operator{.sub = "boss", .rooms = {}, .create = true};
    return std::unexpected(gateway::Denial{.status = 401, .sentence = "Who are you?"});
  }
  void speak(control::Out& said) {
    world_.operate([&](control::Out& out) { out = std::move(said); });
  }

  control::TestWorld world_;
  gateway::Gateway gateway_;
  std::jthread thread_;
};

class AdminCommandTest : public testing::Test {
 protected:
  Exit run(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "heliograph");
    EXPECT_TRUE(is_admin_command(static_cast<int>(arguments.size()), arguments.data()));
    return admin_command(static_cast<int>(arguments.size()), arguments.data(),
                         [this](const std::string& name) -> std::optional<std::string> {
                           const auto it = environment.find(name);
                           return it == environment.end() ? std::nullopt : std::optional(it->second);
                         });
  }
  // What it prints when it went well.
  std::string out(std::vector<const char*> arguments) {
    const auto exit = run(std::move(arguments));
    EXPECT_EQ(exit.code, 0) << exit.text;
    return exit.text;
  }

  House house;
  std::map<std::string, std::string> environment{{"HELIOGRAPH_URL", "http://127.0.0.1:" + std::to_string(house.port)},
                                                 {"HELIOGRAPH_TOKEN", "boss"}};
};

TEST_F(AdminCommandTest, a_room_is_made_shown_set_and_closed) {
  const auto made = out({"room", "tea", "create", "--ch", "a2m", "--persistent", "--publishers", "2"});
  EXPECT_EQ(made,
            "created\n"
            "rid                 tea\n"
            "type                a2m\n"
            "persistent          yes\n"
            "HLS by token only   no\n"
            "owner\n"
            "users               0\n"
            "sessions            0\n"
            "publications        0\n"
            "publishers at most  2\n"
            "users at most       no limit\n"
            "sessions at most    20000\n");
  EXPECT_THAT(out({"room", "tea", "create", "--ch", "a2m", "--persistent"}),
              StartsWith("was there already, just so\n"));
  EXPECT_THAT(out({"room", "tea"}), HasSubstr("publishers at most  2\n"));
  const auto set = out({"room", "tea", "set", "--no-persistent", "--publishers", "none", "--users", "5"});
  EXPECT_THAT(set, HasSubstr("persistent          no\n"));
  EXPECT_THAT(out({"room", "tea", "set", "--hls-tokens"}), HasSubstr("HLS by token only   yes\n"));
  EXPECT_THAT(set, HasSubstr("publishers at most  no limit\nusers at most       5\n"));
  EXPECT_THAT(out({"room", "tea", "stats"}), HasSubstr("publishing users  0\n"));
  EXPECT_EQ(out({"room", "tea", "close"}), "closed\n");
  const auto gone = run({"room", "tea"});
  EXPECT_EQ(gone.code, 1);
  EXPECT_EQ(gone.text, "heliograph: the room does not exist (404)\n");
}

TEST_F(AdminCommandTest, rooms_are_listed_as_a_table_or_as_json) {
  for (const auto* rid : {"one", "two", "three"}) out({"room", rid, "create"});
  EXPECT_EQ(out({"rooms"}),
            "RID    TYPE  PERSISTENT  OWNER  USERS  SESSIONS  PUBLICATIONS\n"
            "one    m2m   no                 0      0         0\n"
            "three  m2m   no                 0      0         0\n"
            "two    m2m   no                 0      0         0\n");
  EXPECT_THAT(out({"rooms", "--limit", "2"}), testing::EndsWith("… and more: ask for them with --limit\n"));
  const auto parsed = json::parse(out({"rooms", "--json"}));
  EXPECT_EQ(parsed.at("rooms").as_array().size(), 3);
  EXPECT_EQ(parsed.as_object().if_contains("next"), nullptr);
}

TEST_F(AdminCommandTest, a_list_is_longer_than_one_page) {
  for (int i = 0; i < 1'002; ++i)
    house.join(static_cast<control::ConnectionId>(i + 1), {.user = "u", .rid = "r" + std::to_string(i)});
  EXPECT_EQ(json::parse(out({"rooms", "--json", "--limit", "5000"})).at("rooms").as_array().size(), 1'002);
  EXPECT_EQ(json::parse(out({"rooms", "--json", "--limit", "1001"})).at("rooms").as_array().size(), 1'001);
}

TEST_F(AdminCommandTest, people_are_listed_given_roles_kicked_and_barred) {
  house.join(1, {.user = "ann"});
  EXPECT_EQ(out({"role", "r", "bob", "publisher"}), "bob is publisher\n");
  EXPECT_EQ(out({"kick", "r", "eve", "--ban"}), "eve is banned\n");
  EXPECT_EQ(out({"room", "r", "participants"}),
            "USER  ROLE       OWNER  BANNED  SESSION  HOST  CATEGORY  CONNECTED  PUBLISHES  WATCHES  HLS\n"
            "ann   publisher  yes    no      s        Web   stream    yes        no         0\n"
            "bob   publisher  no     no\n"
            "eve   viewer     no     yes\n");
  EXPECT_EQ(out({"unban", "r", "eve"}), "eve is not banned\n");
  EXPECT_EQ(out({"kick", "r", "ann", "s"}), "s was removed\n");
  const auto again = run({"kick", "r", "ann"});
  EXPECT_EQ(again.code, 1);
  EXPECT_EQ(again.text, "heliograph: the room has no such user (404)\n");
}

TEST_F(AdminCommandTest, only_what_is_published_becomes_hls) {
  house.join(1, {.user = "ann"});
  for (const auto* verb : {"start", "show"}) {
    const auto refused = run({"hls", verb, "r", "ann", "s"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.text, AnyOf(HasSubstr("publishes nothing. (409)"), HasSubstr("not forwarded as HLS")));
  }
  EXPECT_EQ(out({"hls", "stop", "r", "ann", "s"}), "stopped\n");
  EXPECT_EQ(run({"hls", "show", "r", "bob", "s"}).code, 1);
}

TEST_F(AdminCommandTest, ids_may_be_anything) {
  for (const auto* rid : {"close", "a/b ü?#%", "..", "create"}) {
    EXPECT_THAT(out({"room", rid, "create"}), StartsWith("created\n"));
    EXPECT_EQ(out({"role", rid, "x/y", "viewer"}), "x/y is viewer\n");
    EXPECT_EQ(out({"room", rid, "close"}), "closed\n");
  }
  EXPECT_THAT(out({"room", "--", "-odd", "create"}), StartsWith("created\n"));
  EXPECT_EQ(out({"role", "--", "-odd", "-user", "viewer"}), "-user is viewer\n");
}

TEST_F(AdminCommandTest, what_is_wrong_on_the_command_line_is_said_before_anything_is_asked) {
  environment["HELIOGRAPH_URL"] = "http://127.0.0.1:1";
  for (const std::vector<const char*>& arguments :
       std::vector<std::vector<const char*>>{{"rooms", "--limit", "0"},
                                             {"rooms", "extra"},
                                             {"room", "--json", "tea"},
                                             {"room", "tea", "dance"},
                                             {"room", "tea", "set"},
                                             {"room", "tea", "set", "--users", "many"},
                                             {"room", "tea", "create", "--ch", "x2x"},
                                             {"room", "tea", "close", "stats"},
                                             {"kick", "r"},
                                             {"kick", "r", "ann", "s", "--ban"},
                                             {"role", "r", "ann", "king"},
                                             {"hls", "start", "r", "ann"},
                                             {"hls", "pause", "r", "ann", "s"},
                                             {"rooms", "--url", "ftp://x"},
                                             {"rooms", "--url", "http://x:y"}}) {
    const auto exit = run(arguments);
    EXPECT_EQ(exit.code, 2) << exit.text;
    EXPECT_THAT(exit.text, StartsWith("heliograph: "));
  }
}

TEST_F(AdminCommandTest, every_command_has_help) {
  for (const std::vector<const char*>& arguments :
       std::vector<std::vector<const char*>>{{"rooms", "--help"},
                                             {"room", "--help"},
                                             {"room"},
                                             {"room", "tea", "--help"},
                                             {"room", "tea", "create", "--help"},
                                             {"room", "tea", "set", "--help"},
                                             {"room", "tea", "participants", "--help"},
                                             {"kick", "--help"},
                                             {"unban", "--help"},
                                             {"role", "--help"},
                                             {"hls", "--help"}}) {
    const auto help = out(arguments);
    EXPECT_THAT(help, HasSubstr("--help")) << help;
    EXPECT_THAT(help, HasSubstr(std::string("heliograph ") + arguments.front())) << help;
  }
  EXPECT_THAT(out({"room", "tea", "create", "--help"}), HasSubstr("--persistent"));
  EXPECT_FALSE(is_admin_command(1, std::array{"heliograph"}.data()));
  EXPECT_FALSE(is_admin_command(2, std::array{"heliograph", "serve"}.data()));
}

TEST_F(AdminCommandTest, the_servers_reason_is_printed) {
  environment.erase("HELIOGRAPH_TOKEN");
  const auto refused = run({"rooms"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.text, "heliograph: Who are you? (401)\n");
  EXPECT_EQ(run({"rooms", "--token", "boss"}).code, 0);
  environment["HELIOGRAPH_TOKEN"] = "boss";
  out({"room", "tea", "create"});
  const auto other = run({"room", "tea", "create", "--ch", "p2p"});
  EXPECT_EQ(other.text, "heliograph: the room exists already, with ch m2m (409)\n");
}

TEST_F(AdminCommandTest, a_server_that_is_not_there_is_said) {
  const auto none = run({"rooms", "--url", "http://127.0.0.1:1"});
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.text, StartsWith("heliograph: 127.0.0.1:1: "));
}

// A port that takes connections and never says a word.
TEST_F(AdminCommandTest, a_server_that_does_not_answer_is_waited_for_as_long_as_it_says) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(fd, 1), 0);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  for (const auto& scheme : {url, "https" + url.substr(4)}) {
    const auto silent = run({"rooms", "--timeout", "0.2", "--url", scheme.c_str()});
    EXPECT_EQ(silent.code, 1);
    EXPECT_THAT(silent.text, HasSubstr("no answer within 0.2 s"));
  }
  close(fd);
}

TEST_F(AdminCommandTest, over_tls_the_certificate_must_be_trusted_and_of_that_host) {
  const auto pem = self_signed();
  House secure(pem);
  const auto url = "https://127.0.0.1:" + std::to_string(secure.port);
  EXPECT_EQ(out({"rooms", "--json", "--url", url.c_str(), "--ca", pem.certificate.c_str()}), "{\"rooms\":[]}\n");
  const auto unknown = run({"rooms", "--url", url.c_str()});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.text, HasSubstr("certificate verify failed"));
  const auto other = "https://localhost:" + std::to_string(secure.port);
  EXPECT_THAT(run({"rooms", "--url", other.c_str(), "--ca", pem.certificate.c_str()}).text,
              HasSubstr("certificate verify failed"));
  EXPECT_EQ(run({"rooms", "--url", url.c_str(), "--ca", "/nowhere.pem"}).code, 1);
  std::filesystem::remove(pem.certificate);
  std::filesystem::remove(pem.key);
}

TEST(UrlTest, urls_are_read_as_they_are_written) {
  const auto shown = [](std::string_view text) {
    const auto url = Url::parse(text);
    return url ? (url->tls ? "tls " : "") + url->host + " " + url->port + " " + url->path : "";
  };
  EXPECT_EQ(shown("http://h"), "h 80 ");
  EXPECT_EQ(shown("https://h/"), "tls h 443 ");
  EXPECT_EQ(shown("http://h:8080/a/b//"), "h 8080 /a/b");
  EXPECT_EQ(shown("http://[::1]:1"), "::1 1 ");
  EXPECT_EQ(shown("http://[::1]"), "::1 80 ");
  for (const auto* bad : {"", "h", "ws://h", "http://", "http://:1", "http://h:", "http://h:x", "http://[::1",
                          "http://u@h", "http://h?q", "http://h/#f", "http://[::1]x1", "http://h/a b"})
    EXPECT_EQ(shown(bad), "") << bad;
}

// Names are chosen by strangers, and a terminal obeys what it is sent.
TEST(TableTest, what_a_terminal_would_obey_is_spelled_out) {
  EXPECT_EQ(printable("a\x1b[2J\n\x7f"), "a\\x1b[2J\\x0a\\x7f");
  EXPECT_EQ(printable("\xc2\x9b\xe2\x80\xae\xe2\x81\xa6ü€"), "\\xc2\\x9b\\xe2\\x80\\xae\\xe2\\x81\\xa6ü€");
  Table table;
  table.add({"ü", "b"});
  table.add({"long", "\n"});
  EXPECT_EQ(table.text(), "ü     b\nlong  \\x0a\n");
}

}  // namespace
}  // namespace heliograph::server
