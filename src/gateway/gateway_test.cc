// SPDX-License-Identifier: Apache-2.0
#include "gateway/gateway.h"

#include <algorithm>
#include <chrono>

#include "gateway/test_certificate.h"
#include "gateway/test_door.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::gateway {
namespace {

using base::Duration;
using testing::HasSubstr;
using namespace test;  // NOLINT

// The whole message, and how many frames it came in; each frame held to B-3.
std::pair<std::string, int> read_message(Client& client) {
  std::string whole;
  for (int frames = 1;; ++frames) {
    const auto frame = client.read_frame();
    EXPECT_EQ(frame.opcode, frames == 1 ? kText : kContinuation);
    EXPECT_LE(frame.header_bytes + frame.payload.size(), kMaxFrameBytes);
    whole += frame.payload;
    if (frame.fin || frame.end) return {whole, frames};
  }
}

TEST(Gateway, TextComesInAndGoesOutById) {
  Door door;
  Client a(door.port), b(door.port);
  EXPECT_EQ(a.upgrade().status, 101);
  EXPECT_EQ(b.upgrade().status, 101);
  a.send_text("echo Grüße");
  EXPECT_EQ(a.read_frame().payload, "Grüße");
  b.send_text("echo other");
  EXPECT_EQ(b.read_frame().payload, "other");
  ASSERT_TRUE(door.eventually([&] { return door.opened.size() == 2; }));
  EXPECT_NE(door.opened[0].id, door.opened[1].id);
  const auto counters = door.counters();
  EXPECT_EQ(counters.connections_open, 2u);
  EXPECT_EQ(counters.messages_in, 2u);
  EXPECT_EQ(counters.bytes_in, 12u + 10u);
  EXPECT_TRUE(door.comes_true([&] { return door.gateway.counters().messages_out == 2; }));
}

// B-2
TEST(Gateway, AnyPathMayUpgradeAndTheTokenComesFromTheQueryOrTheHeader) {
  Door door;
  Client a(door.port), b(door.port), c(door.port);
  EXPECT_EQ(a.upgrade("/any/where?x=1&token=a%2Bb").status, 101);
  EXPECT_EQ(b.upgrade("/", "Authorization: bearer t2\r\nOrigin: https://example.org\r\n").status, 101);
  EXPECT_EQ(c.upgrade("/healthz").status, 101);
  ASSERT_TRUE(door.eventually([&] { return door.opened.size() == 3; }));
  EXPECT_EQ(door.opened[0].path, "/any/where");
  EXPECT_EQ(door.opened[0].token, "a+b");
  EXPECT_EQ(door.opened[0].address.to_string(), "127.0.0.1");
  EXPECT_EQ(door.opened[1].token, "t2");
  EXPECT_EQ(door.opened[1].origin, "https://example.org");
  EXPECT_EQ(door.opened[2].token, "");
}

// B-2
TEST(Gateway, WhoIsNotAdmittedIsToldSoBeforeTheUpgrade) {
  Door door;
  for (const unsigned status : {401u, 403u, 429u, 503u}) {
    door.ask([&] {
      door.denial = Denial{status, "The token has expired."};
      return 0;
    });
    Client client(door.port);
    const auto reply = client.upgrade();
    EXPECT_EQ(reply.status, static_cast<int>(status));
    EXPECT_TRUE(reply.has("application/problem+json"));
    EXPECT_EQ(reply.has("WWW-Authenticate: Bearer"), status == 401);
    EXPECT_THAT(reply.body, HasSubstr("The token has expired."));
    EXPECT_TRUE(client.at_end());
  }
  const auto counters = door.counters();
  EXPECT_EQ(counters.refused[static_cast<size_t>(Refused::kUnauthorized)], 1u);
  EXPECT_EQ(counters.refused[static_cast<size_t>(Refused::kForbidden)], 1u);
  EXPECT_EQ(counters.refused[static_cast<size_t>(Refused::kBusy)], 2u);
  EXPECT_TRUE(door.opened.empty());
}

TEST(Gateway, AnUpgradeWithoutAKeyOrOfAnotherVersionIsRefused) {
  Door door;
  Client no_key(door.port), old(door.port);
  EXPECT_EQ(
      no_key.request("GET", "/", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n").status,
      400);
  EXPECT_NE(old.request("GET", "/",
                        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
                .status,
            101);
  EXPECT_TRUE(door.opened.empty());
}

// B-3
TEST(Gateway, AMessageOf128KBIsTakenWhateverItsFragmentation) {
  Door door;
  Client client(door.port);
  client.upgrade();
  const std::string whole(kMaxMessageBytes, 'x');
  client.send_text(whole);
  for (size_t at = 0; at < whole.size(); at += 1'000)
    client.send_frame(at == 0 ? kText : kContinuation, std::string_view(whole).substr(at, 1'000),
                      at + 1'000 >= whole.size());
  client.send_frame(kText, "", false);
  client.send_frame(kPing, "between");
  client.send_frame(kContinuation, "", true);
  ASSERT_TRUE(door.eventually([&] { return door.texts.size() == 3; }));
  EXPECT_EQ(door.texts[0], whole);
  EXPECT_EQ(door.texts[1], whole);
  EXPECT_EQ(door.texts[2], "");
  EXPECT_EQ(client.read_frame(kPong).payload, "between");
}

// B-3
TEST(Gateway, ALargerMessageClosesWith1009) {
  Door door;
  Client at_once(door.port), in_pieces(door.port);
  at_once.upgrade();
  at_once.send_text(std::string(kMaxMessageBytes + 1, 'x'));
  EXPECT_EQ(at_once.read_frame(kClose).close_code(), 1009);
  in_pieces.upgrade();
  for (int i = 0; i < 3; ++i) in_pieces.send_frame(i == 0 ? kText : kContinuation, std::string(50'000, 'x'), false);
  EXPECT_EQ(in_pieces.read_frame(kClose).close_code(), 1009);
  ASSERT_TRUE(door.eventually([&] { return door.closed.size() == 2; }));
  EXPECT_EQ(door.counters().closed(1009), 2u);
  EXPECT_TRUE(door.texts.empty());
}

// B-3
TEST(Gateway, ABinaryMessageClosesWith1003) {
  Door door;
  Client client(door.port);
  client.upgrade();
  client.send_frame(kBinary, "\x01\x02", false);
  EXPECT_EQ(client.read_frame(kClose).close_code(), 1003);
  client.send_close(1003);
  EXPECT_TRUE(client.at_end());
  ASSERT_TRUE(door.eventually([&] { return door.closed.size() == 1; }));
  EXPECT_EQ(door.counters().closed(1003), 1u);
}

// B-51
TEST(Gateway, TextThatIsNotUtf8ClosesWith1007) {
  Door door;
  for (const std::string_view bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xe2\x82"}) {
    Client client(door.port);
    client.upgrade();
    client.send_text(bad);
    EXPECT_EQ(client.read_frame(kClose).close_code(), 1007);
  }
  Client split(door.port);
  split.upgrade();
  split.send_frame(kText, "echo \xe2\x82", false);  // a character over two fragments is whole
  split.send_frame(kContinuation, "\xac");
  EXPECT_EQ(split.read_frame().payload, "€");
  EXPECT_TRUE(door.eventually([&] { return door.texts.size() == 1; }));
}

TEST(Gateway, AFrameThatIsNotMaskedClosesWith1002) {
  Door door;
  Client client(door.port);
  client.upgrade();
  client.send_frame(kText, "hello", true, false);
  EXPECT_EQ(client.read_frame(kClose).close_code(), 1002);
}

// B-3
TEST(Gateway, WhatGoesOutIsInFramesOf32KB) {
  Door door;
  Client client(door.port);
  client.upgrade();
  ASSERT_TRUE(door.eventually([&] { return door.opened.size() == 1; }));
  for (const size_t size : {size_t{0}, kMaxFrameBytes - 10, kMaxFrameBytes, size_t{200'000}}) {
    const std::string sent(size, 'y');
    door.ask([&] { return door.gateway.send(door.opened[0].id, sent), 0; });
    const auto [got, frames] = read_message(client);
    EXPECT_EQ(got, sent);
    EXPECT_EQ(frames, size < kMaxFrameBytes ? 1 : size == kMaxFrameBytes ? 2 : 7);
  }
}

// B-3, B-56
TEST(Gateway, WhoSaysNothingIsPingedAndThenGone) {
  Door door({.ping_interval = Duration::millis(20), .silence = Duration::millis(100)});
  Client client(door.port);
  client.upgrade();
  EXPECT_EQ(client.read_frame().opcode, kPing);
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(door.eventually([&] { return door.closed.size() == 1; }));
  EXPECT_EQ(door.counters().silent, 1u);
  EXPECT_EQ(door.counters().closed(1006), 1u);
}

TEST(Gateway, APongIsASignOfLife) {
  Door door({.ping_interval = Duration::millis(200), .silence = Duration::millis(1'000)});
  Client client(door.port);
  client.upgrade();
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(client.read_frame().opcode, kPing);
    client.send_frame(kPong, "");
  }
  client.send_text("echo here");
  EXPECT_EQ(client.read_frame(kText).payload, "here");
}

TEST(Gateway, WhatIsQueuedGoesOutBeforeTheCloseFrame) {
  Door door;
  Client client(door.port);
  client.upgrade();
  client.send_text("close");
  client.send_text("too late");
  EXPECT_EQ(client.read_frame().payload, "last words");
  EXPECT_EQ(client.read_frame().payload, "the very last");
  const auto frame = client.read_frame();
  EXPECT_EQ(frame.close_code(), 1008);
  EXPECT_EQ(frame.payload.substr(2), "as you wish");
  client.send_close(1008);
  EXPECT_TRUE(client.at_end());
  client.hang_up();
  EXPECT_TRUE(door.comes_true([&] { return door.gateway.connections() == 0; }));
  EXPECT_EQ(door.texts, std::vector<std::string>{"close"});
  EXPECT_EQ(door.closed.size(), 1u);
}

TEST(Gateway, ALongReasonIsCutBetweenCharacters) {
  Door door;
  Client client(door.port);
  client.upgrade();
  ASSERT_TRUE(door.eventually([&] { return door.opened.size() == 1; }));
  std::string reason(122, 'a');
  door.ask([&] { return door.gateway.close(door.opened[0].id, 1008, reason + "€€"), 0; });
  EXPECT_EQ(client.read_frame(kClose).payload.substr(2), reason);
}

TEST(Gateway, AClientMayCloseOrJustGo) {
  Door door;
  Client polite(door.port), rude(door.port);
  polite.upgrade();
  rude.upgrade();
  polite.send_close(4321);
  EXPECT_EQ(polite.read_frame().close_code(), 4321);
  EXPECT_TRUE(polite.at_end());
  rude.hang_up();
  EXPECT_TRUE(door.eventually([&] { return door.closed.size() == 2; }));
  EXPECT_EQ(door.counters().closed(1006), 1u);
  EXPECT_EQ(door.counters().closes.back(), 1u);
}

TEST(Gateway, HealthReadinessAndMetricsAreAnswered) {
  Door door;
  Client client(door.port);  // keep-alive: one socket for all
  auto reply = client.request("GET", "/healthz");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"({"status":"ok"})");
  EXPECT_TRUE(reply.has("Date: "));
  EXPECT_EQ(client.request("GET", "/readyz?x=1").status, 200);
  reply = client.request("GET", "/metrics");
  EXPECT_EQ(reply.body, "up 1\n");
  EXPECT_TRUE(reply.has("text/plain; version=0.0.4"));
  EXPECT_EQ(door.counters().sockets_total, 1u);
  EXPECT_EQ(door.counters().responses[2], 3u);
}

TEST(Gateway, AssetsAreServedWithTheirTagAndHeadWithoutTheirBytes) {
  Door door;
  Client client(door.port);
  const auto get = client.request("GET", "/");
  EXPECT_EQ(get.status, 200);
  EXPECT_EQ(get.body, "<p>hello</p>");
  EXPECT_TRUE(get.has("ETag: \"v1\""));
  EXPECT_TRUE(get.has("Content-Security-Policy: default-src 'none'"));
  EXPECT_TRUE(get.has("X-Content-Type-Options: nosniff"));
  const auto head = client.request("HEAD", "/");
  EXPECT_EQ(head.status, 200);
  EXPECT_TRUE(head.has("Content-Length: 12"));
  EXPECT_EQ(client.request("GET", "/", "If-None-Match: \"v1\"\r\n").status, 304);
  EXPECT_EQ(client.request("GET", "/nothing").status, 404);
  const auto post = client.request("POST", "/", "Content-Length: 2\r\n\r\nhi");
  EXPECT_EQ(post.status, 405);
  EXPECT_TRUE(post.has("Allow: GET, HEAD"));
}

TEST(Gateway, ADrainingGatewayIsNotReadyAndTakesNobodyMore) {
  Door door;
  Client before(door.port), after(door.port), probe(door.port);
  before.upgrade();
  door.ask([&] { return door.gateway.begin_drain(), 0; });
  const auto refused = after.upgrade();
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.has("Retry-After: "));
  const auto ready = probe.request("GET", "/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_TRUE(ready.has("Connection: close"));
  before.send_text("echo still here");
  EXPECT_EQ(before.read_frame().payload, "still here");
  door.ask([&] { return door.gateway.close_all(1001, "the server stops"), 0; });
  EXPECT_EQ(before.read_frame().close_code(), 1001);
  before.send_close(1001);
  before.hang_up();
  EXPECT_TRUE(door.comes_true([&] { return door.gateway.connections() == 0; }));
}

TEST(Gateway, ARequestBringsItsHeaders) {
  Door door;
  Client client(door.port), ws(door.port);
  const auto reply = client.request("GET", "/v1/echo/a%20b?c=d",
                                    "Accept: text/html\r\nX-Forwarded-For: 192.0.2.1\r\nOrigin: https://a.example\r\n"
                                    "x-forwarded-for: 192.0.2.2, 192.0.2.3\r\nAccept: */*\r\n");
  EXPECT_EQ(reply.body, "/v1/echo/a%20b|c=d|text/html, */*|https://a.example|192.0.2.1, 192.0.2.2, 192.0.2.3");
  ws.upgrade("/ws", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n");
  ASSERT_TRUE(door.eventually([&] { return door.opened.size() == 1; }));
  EXPECT_EQ(door.opened[0].forwarded_for, "192.0.2.1, 192.0.2.2");
}

TEST(Gateway, TwoHundredIdleSocketsAreHeldAndHeard) {
  Door door;
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<Client>(door.port));
    ASSERT_EQ(clients.back()->upgrade().status, 101);
  }
  ASSERT_TRUE(door.eventually([&] { return door.opened.size() == 200; }));
  EXPECT_EQ(door.counters().connections_open, 200u);
  door.ask([&] {
    for (const auto& upgrade : door.opened) door.gateway.send(upgrade.id, "for " + std::to_string(upgrade.id));
    return 0;
  });
  for (size_t i = 0; i < clients.size(); ++i)
    EXPECT_EQ(clients[i]->read_frame().payload, "for " + std::to_string(door.opened[i].id));
  door.ask([&] { return door.gateway.close_all(1001, ""), 0; });
  for (auto& client : clients) EXPECT_EQ(client->read_frame().close_code(), 1001);
}

TEST(Gateway, TheOwnerIsCalledWhenItsTimeComes) {
  Door door;
  const auto now = [] {
    return base::Timestamp::from_micros(
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
            .count());
  };
  const auto first = now() + Duration::millis(5);
  door.ask([&] {
    door.gateway.call_at(base::Timestamp::from_micros(1));  // replaced before it is due to run
    return door.gateway.call_at(first), 0;
  });
  ASSERT_TRUE(door.eventually([&] { return door.times.size() == 1; }));
  EXPECT_GE(door.times[0], first);
  door.ask([&] { return door.gateway.call_at(now() - Duration::seconds(1)), 0; });  // past: at once
  ASSERT_TRUE(door.eventually([&] { return door.times.size() == 2; }));
}

TEST(Gateway, TlsCarriesTheSame) {
  const SelfSigned files;
  Door door({.tls_handshake = Duration::seconds(5), .close_handshake = Duration::millis(50)}, files.certificate_path,
            files.key_path);
  Client http(door.port, true), ws(door.port, true), never(door.port, true);
  ASSERT_TRUE(http.connected());
  EXPECT_EQ(http.request("GET", "/healthz").status, 200);
  EXPECT_EQ(ws.upgrade().status, 101);
  const std::string large(100'000, 'x');
  ws.send_text("echo " + large);
  EXPECT_EQ(read_message(ws).first, large);
  ws.send_text(std::string(kMaxMessageBytes + 1, 'x'));
  EXPECT_EQ(ws.read_frame(kClose).close_code(), 1009);
  EXPECT_TRUE(ws.at_end());
  never.upgrade();
  never.send_text("close");
  EXPECT_EQ(never.read_frame(kClose).close_code(), 1008);
  EXPECT_TRUE(never.at_end());  // although it answers neither close frame nor close_notify
}

TEST(Gateway, ATlsHandshakeThatTakesTooLongIsNotWaitedFor) {
  const SelfSigned files;
  Door door({.tls_handshake = Duration::millis(50)}, files.certificate_path, files.key_path);
  Client silent(door.port);
  EXPECT_TRUE(silent.at_end());
  Client plain(door.port);
  plain.write("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(plain.at_end());
  EXPECT_TRUE(
      door.comes_true([&] { return door.gateway.counters().refused[static_cast<size_t>(Refused::kTooSlow)] == 1; }));
}

TEST(Gateway, TroubleAtTheStartNamesItsCause) {
  const Callbacks nothing;
  Door door;
  const auto taken = "127.0.0.1:" + std::to_string(door.port);
  const auto where = [&](GatewayOptions options) {
    Gateway gateway(std::move(options), nothing);
    const auto started = gateway.start();
    return started ? std::string("no trouble") : started.error().where;
  };
  GatewayOptions bad_address, no_file, in_use, named;
  bad_address.listen = {"nowhere"};
  no_file.tls_certificate = "/no/such/file.pem";
  in_use.listen = {taken};
  named.listen = {"localhost:0"};
  EXPECT_THAT(where(bad_address), HasSubstr("nowhere"));
  EXPECT_THAT(where(no_file), HasSubstr("/no/such/file.pem"));
  EXPECT_THAT(where(in_use), HasSubstr(taken));
  EXPECT_EQ(where(named), "no trouble");
}

}  // namespace
}  // namespace heliograph::gateway
