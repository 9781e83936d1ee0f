// SPDX-License-Identifier: Apache-2.0
// Route::answer_later: requests whose answer comes when it comes.
#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "gateway/test_certificate.h"
#include "gateway/test_door.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::gateway {
namespace {

using base::Duration;
using testing::HasSubstr;
using namespace test;  // NOLINT

Response saying(std::string body) { return {.content_type = "text/plain", .body = std::move(body)}; }

// A gateway with answers under /late/ that the test gives, and under /now/ that are given before the route returns.
class Async : public testing::Test {
 protected:
  struct Asked {
    Request request;
    std::shared_ptr<gateway::Reply> reply;
  };

  void open(Limits limits, std::string certificate = {}, std::string key = {}) {
    door_ = std::make_unique<Door>(limits, std::move(certificate), std::move(key), routes());
  }
  void close() { door_.reset(); }
  Door& door() {
    if (!door_) open({});
    return *door_;
  }
  std::unique_ptr<Client> client(bool tls = false) { return std::make_unique<Client>(door().port, tls); }

  // True when so many requests wait that have been asked since the start.
  bool asked(size_t count) {
    return door().comes_true([&] { return asked_.size() == count; });
  }
  void answer(size_t index, Response response) {
    door().ask([&] { return asked_[index].reply->send(std::move(response)), 0; });
  }
  bool left(size_t index) {
    return door().comes_true([&] { return asked_[index].reply->gone(); });
  }
  bool nobody_is_there() {
    return door().comes_true([&] { return door_->gateway.counters().sockets_open == 0; });
  }
  uint64_t refused(Refused reason) { return door().counters().refused[static_cast<size_t>(reason)]; }

  std::vector<Asked> asked_;  // on the gateway's thread

 private:
  std::vector<Route> routes() {
    const auto later = [this](const Request& request, std::shared_ptr<gateway::Reply> reply) {
      asked_.push_back({request, std::move(reply)});
    };
    const auto now = [](const Request& request, const std::shared_ptr<gateway::Reply>& reply) {
      reply->send(saying(request.path));
    };
    const auto options = [](const Request&, const std::shared_ptr<gateway::Reply>& reply) {
      reply->send({.status = 204, .headers = {{"Access-Control-Allow-Origin", "*"}}});
    };
    return {{.method = "GET", .path = "/late", .below = true, .answer = {}, .answer_later = later},
            {.method = "GET", .path = "/now", .below = true, .answer = {}, .answer_later = now},
            {.method = "OPTIONS", .path = "/late", .below = true, .answer = {}, .answer_later = options}};
  }

  std::unique_ptr<Door> door_;
};

constexpr std::string_view kLate = "GET /late/x HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_F(Async, AnAnswerMayComeLater) {
  const auto a = client(), b = client();
  a->write(
      "GET /late/a%20b?c=d HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\nAccept-Encoding: br\r\n"
      "Cookie: k=v\r\nRange: bytes=0-1\r\n\r\n");
  ASSERT_TRUE(asked(1));
  b->write(kLate);
  ASSERT_TRUE(asked(2));
  EXPECT_EQ(door().counters().requests_waiting, 2u);
  answer(1, saying("second"));
  EXPECT_EQ(b->read_reply().body, "second");
  answer(0, saying("first"));
  EXPECT_EQ(a->read_reply().body, "first");
  EXPECT_EQ(asked_[0].request.path, "/late/a%20b");
  EXPECT_EQ(asked_[0].request.query, "c=d");
  EXPECT_EQ(asked_[0].request.accept_encoding, "gzip, br");
  EXPECT_EQ(asked_[0].request.cookie, "k=v");
  EXPECT_EQ(asked_[0].request.range, "bytes=0-1");
  EXPECT_EQ(door().counters().requests_waiting, 0u);
  EXPECT_EQ(door().counters().sockets_total, 2u);
}

TEST_F(Async, AConnectionGoesOnAfterAnAnswer) {
  const auto c = client();
  for (size_t i = 0; i < 5; ++i) {
    c->write(kLate);
    ASSERT_TRUE(asked(i + 1));
    answer(i, saying(std::to_string(i)));
    EXPECT_EQ(c->read_reply().body, std::to_string(i));
    EXPECT_EQ(c->request("GET", "/healthz").status, 200);
  }
  EXPECT_EQ(door().counters().sockets_total, 1u);
}

TEST_F(Async, AnAnswerMayComeBeforeTheRouteReturnsHoweverManyAreAskedAtOnce) {
  const auto c = client();
  std::string all;
  constexpr int kRequests = 5'000;
  for (int i = 0; i < kRequests; ++i) all += "GET /now/" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::jthread asking([&] { c->write(all); });
  for (int i = 0; i < kRequests; ++i) ASSERT_EQ(c->read_reply().body, "/now/" + std::to_string(i));
}

TEST_F(Async, AClientThatGoesIsNoticed) {
  const auto staying = client();
  auto going = client();
  going->write(kLate);
  ASSERT_TRUE(asked(1));
  staying->write(kLate);
  ASSERT_TRUE(asked(2));
  going->hang_up();
  ASSERT_TRUE(left(0));
  EXPECT_TRUE(door().comes_true([&] { return door().gateway.counters().sockets_open == 1; }));
  EXPECT_EQ(door().counters().requests_left, 1u);
  EXPECT_EQ(door().counters().requests_waiting, 1u);
  answer(0, saying("to nobody"));
  EXPECT_FALSE(door().ask([&] { return asked_[1].reply->gone(); }));
  answer(1, saying("here"));
  EXPECT_EQ(staying->read_reply().body, "here");
}

TEST_F(Async, AReplyThatIsLetGoIsA500) {
  const auto c = client();
  c->write(kLate);
  ASSERT_TRUE(asked(1));
  door().ask([&] { return asked_.clear(), 0; });
  const auto reply = c->read_reply();
  EXPECT_EQ(reply.status, 500);
  EXPECT_TRUE(reply.has("application/problem+json"));
  EXPECT_EQ(door().counters().unanswered, 1u);
  EXPECT_EQ(c->request("GET", "/healthz").status, 200);
}

TEST_F(Async, ASecondAnswerIsNotSent) {
  const auto c = client();
  c->write(kLate);
  ASSERT_TRUE(asked(1));
  answer(0, saying("one"));
  answer(0, saying("two"));
  EXPECT_EQ(c->read_reply().body, "one");
  c->write(kLate);
  ASSERT_TRUE(asked(2));
  answer(0, saying("three"));
  answer(1, saying("four"));
  EXPECT_EQ(c->read_reply().body, "four");
  door().ask([&] { return asked_.clear(), 0; });
  EXPECT_EQ(door().counters().unanswered, 0u);
}

TEST_F(Async, TheTimeForARequestIsNotThatForItsAnswer) {
  open({.request = Duration::millis(100), .response = Duration::millis(100)});
  const auto waiting = client();
  waiting->write(kLate);
  ASSERT_TRUE(asked(1));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client()->at_end());  // these are out of time meanwhile
  answer(0, saying("in the end"));
  EXPECT_EQ(waiting->read_reply().body, "in the end");
  EXPECT_TRUE(waiting->at_end());  // idle: the limit counts again
}

TEST_F(Async, WhatIsPipelinedWhileARequestWaitsIsAnsweredInItsOrder) {
  const auto c = client();
  c->write(std::string(kLate) + "GET /now/1 HTTP/1.1\r\nHost: h\r\n\r\nGET /no");
  ASSERT_TRUE(asked(1));
  c->write("w/2 HTTP/1.1\r\nHo");
  ASSERT_TRUE(door().comes_true([&] { return door().gateway.counters().requests_waiting == 1; }));
  c->write("st: h\r\n\r\n" + std::string(kLate) + "GET /now/3 HTTP/1.1\r\nHost: h\r\n\r\n");
  answer(0, saying("first"));
  EXPECT_EQ(c->read_reply().body, "first");
  EXPECT_EQ(c->read_reply().body, "/now/1");
  EXPECT_EQ(c->read_reply().body, "/now/2");
  ASSERT_TRUE(asked(2));
  answer(1, saying("last but one"));
  EXPECT_EQ(c->read_reply().body, "last but one");
  EXPECT_EQ(c->read_reply().body, "/now/3");
}

TEST_F(Async, WhoPipelinesVeryMuchIsReadOnlyWhenItIsItsTurn) {
  open({.max_header_bytes = 1'024});
  const auto c = client();
  c->write(kLate);
  ASSERT_TRUE(asked(1));
  std::string all;
  constexpr int kRequests = 20'000;
  for (int i = 0; i < kRequests; ++i) all += "GET /now/" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::jthread asking([&] { c->write(all); });
  answer(0, saying("first"));
  EXPECT_EQ(c->read_reply().body, "first");
  for (int i = 0; i < kRequests; ++i) ASSERT_EQ(c->read_reply().body, "/now/" + std::to_string(i));
}

TEST_F(Async, ASharedBodyIsSentAndLetGo) {
  const auto c = client();
  std::vector<uint8_t> bytes(5'000'000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 7 / 3);
  const auto shared = std::make_shared<const std::vector<uint8_t>>(bytes);
  c->write(kLate);
  ASSERT_TRUE(asked(1));
  answer(0, {.content_type = "video/mp4", .shared_body = shared});
  EXPECT_TRUE(c->read_reply().body == std::string(bytes.begin(), bytes.end()));
  c->write("HEAD /late HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(asked(2));
  EXPECT_EQ(asked_[1].request.method, "HEAD");
  answer(1, {.content_type = "video/mp4", .shared_body = shared});
  EXPECT_TRUE(c->read_reply(true).has("Content-Length: 5000000\r\n"));
  EXPECT_EQ(c->request("GET", "/healthz").status, 200);  // nothing lies between
  EXPECT_TRUE(door().comes_true([&] { return shared.use_count() == 1; }));
}

TEST_F(Async, WhoReadsAnAnswerTooSlowlyIsCutOff) {
  open({.response = Duration::millis(100), .close_handshake = Duration::millis(50)});
  const auto c = client();
  c->write(kLate);
  ASSERT_TRUE(asked(1));
  const auto much = std::make_shared<const std::vector<uint8_t>>(100'000'000);
  answer(0, {.content_type = "video/mp4", .shared_body = much});
  EXPECT_TRUE(nobody_is_there());
  EXPECT_EQ(much.use_count(), 1);
}

TEST_F(Async, MethodsAndPathsAreKeptToAsElsewhere) {
  const auto c = client();
  EXPECT_EQ(c->request("GET", "/latex").status, 404);
  const auto post = c->request("POST", "/late/x", "Content-Length: 0\r\n");
  EXPECT_EQ(post.status, 405);
  EXPECT_TRUE(post.has("Allow: GET, HEAD, OPTIONS"));
  const auto options = c->request("OPTIONS", "/late/x");
  EXPECT_EQ(options.status, 204);
  EXPECT_TRUE(options.has("Access-Control-Allow-Origin: *"));
  EXPECT_FALSE(options.has("Content-Length"));
  EXPECT_EQ(c->request("HEAD", "/now/x").status, 200);
}

TEST_F(Async, ARouteMaySayOtherwiseThanTheHeadersThatAllHave) {
  const auto c = client();
  c->write(kLate);
  ASSERT_TRUE(asked(1));
  answer(0, {.headers = {{"Referrer-Policy", "origin"}}});
  const auto reply = c->read_reply();
  EXPECT_TRUE(reply.has("Referrer-Policy: origin\r\n"));
  EXPECT_FALSE(reply.has("no-referrer"));
  EXPECT_TRUE(reply.has("X-Content-Type-Options: nosniff"));
}

TEST_F(Async, WhoWaitsForAnAnswerIsCrowdedOutAfterAllWhoAreIdleAndTheseOldestFirst) {
  open({.max_sockets = 3, .max_waiting = 3});
  const auto waiting = client();
  waiting->write(kLate);
  ASSERT_TRUE(asked(1));
  const auto active = client(), idle = client();
  EXPECT_EQ(idle->request("GET", "/healthz").status, 200);
  EXPECT_EQ(active->request("GET", "/healthz").status, 200);  // idle for a shorter time, although it came first
  const auto fourth = client();
  EXPECT_TRUE(idle->at_end());
  EXPECT_EQ(active->request("GET", "/healthz").status, 200);
  EXPECT_EQ(fourth->upgrade().status, 101);
  const auto fifth = client();
  EXPECT_TRUE(active->at_end());
  EXPECT_EQ(fifth->upgrade().status, 101);
  EXPECT_FALSE(door().ask([&] { return asked_[0].reply->gone(); }));
  const auto sixth = client();  // nobody is idle
  EXPECT_TRUE(waiting->at_end());
  EXPECT_TRUE(left(0));
  EXPECT_EQ(sixth->upgrade().status, 101);
  EXPECT_EQ(refused(Refused::kCrowdedOut), 3u);
  EXPECT_EQ(refused(Refused::kFull), 0u);
}

TEST_F(Async, WhoWaitsForAnAnswerDoesNotCountAmongThoseWhoAreIdle) {
  open({.max_waiting = 1});
  std::vector<std::unique_ptr<Client>> all;
  for (size_t i = 0; i < 5; ++i) {
    all.push_back(client());
    all.back()->write(kLate);
    ASSERT_TRUE(asked(i + 1));
  }
  EXPECT_EQ(refused(Refused::kCrowdedOut), 0u);
  for (size_t i = 0; i < 5; ++i) answer(i, saying("x"));
  for (auto& c : all) EXPECT_EQ(c->read_reply().body, "x");
}

TEST_F(Async, ADrainLetsAnswersComeAndClosesWithThem) {
  const auto a = client(), b = client(), c = client();
  for (size_t i = 0; auto* each : {a.get(), b.get(), c.get()}) {
    each->write(kLate);
    ASSERT_TRUE(asked(++i));
  }
  door().ask([&] { return door().gateway.begin_drain(), 0; });
  answer(0, saying("still"));
  const auto reply = a->read_reply();
  EXPECT_EQ(reply.body, "still");
  EXPECT_TRUE(reply.has("Connection: close"));
  EXPECT_TRUE(a->at_end());
  door().ask([&] { return door().gateway.close_all(1001, "the server stops"), 0; });
  for (auto* each : {b.get(), c.get()}) {
    const auto turned_away = each->read_reply();
    EXPECT_EQ(turned_away.status, 503);
    EXPECT_TRUE(turned_away.has("Retry-After: 1"));
    EXPECT_TRUE(each->at_end());
  }
  EXPECT_TRUE(left(1));
  EXPECT_TRUE(left(2));
}

TEST_F(Async, WhoAsksForACloseOrSpeaksHttp10IsClosedAfterTheAnswer) {
  open({.request = Duration::seconds(1)});
  const auto closing = client(), old = client(), old_staying = client();
  closing->write("GET /late HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(asked(1));
  old->write("GET /late HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(asked(2));
  old_staying->write("GET /late HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  ASSERT_TRUE(asked(3));
  for (size_t i = 0; i < 3; ++i) answer(i, saying("done"));
  EXPECT_TRUE(closing->read_reply().has("Connection: close"));
  EXPECT_TRUE(closing->at_end());
  EXPECT_THAT(old->read_to_end(), HasSubstr("HTTP/1.0 200 OK\r\n"));
  EXPECT_THAT(old_staying->read_to_end(), HasSubstr("Connection: keep-alive\r\n"));
}

TEST_F(Async, AWebSocketMayFollowAnAnswerButNotBePipelinedWithMore) {
  const auto polite = client(), rash = client();
  for (auto* each : {polite.get(), rash.get()}) {
    each->write(kLate);
    ASSERT_TRUE(door().comes_true([&] { return door().gateway.counters().requests_waiting == 1; }));
    if (each == rash.get())
      each->write(
          "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nmore");
    door().ask([&] { return asked_.back().reply->send(saying("x")), 0; });
    EXPECT_EQ(each->read_reply().body, "x");
  }
  EXPECT_EQ(rash->read_reply().status, 400);
  EXPECT_EQ(polite->upgrade().status, 101);
  polite->send_text("echo works");
  EXPECT_EQ(polite->read_frame().payload, "works");
}

TEST_F(Async, OverTlsTheSame) {
  const SelfSigned files;
  open({}, files.certificate_path, files.key_path);
  const auto c = client(true), closing = client(true);
  auto going = client(true);
  c->write(std::string(kLate) + "GET /now/1 HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(asked(1));
  going->write(kLate);
  ASSERT_TRUE(asked(2));
  closing->write("GET /late HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(asked(3));
  going->hang_up();
  ASSERT_TRUE(left(1));
  answer(0, {.content_type = "video/mp4", .shared_body = std::make_shared<const std::vector<uint8_t>>(1'000'000, 7)});
  EXPECT_TRUE(c->read_reply().body == std::string(1'000'000, 7));
  EXPECT_EQ(c->read_reply().body, "/now/1");
  answer(2, saying("bye"));
  EXPECT_EQ(closing->read_reply().body, "bye");
  EXPECT_TRUE(closing->at_end());
  EXPECT_EQ(c->request("GET", "/healthz").status, 200);
}

TEST_F(Async, AReplyMayOutliveTheGateway) {
  const auto c = client();
  c->write(kLate);
  ASSERT_TRUE(asked(1));
  auto kept = door().ask([&] { return std::exchange(asked_[0].reply, nullptr); });
  close();
  EXPECT_TRUE(c->at_end());
  EXPECT_TRUE(kept->gone());
  kept->send(saying("to nobody"));
}

TEST(AsyncGateway, WithoutCallbacksThereIsOnlyWhatTheRoutesSay) {
  Door door;  // another in the same process, on a thread of its own
  GatewayOptions options;
  options.listen = {"127.0.0.1:0"};
  options.routes.push_back(
      {.method = "GET", .path = "/hls", .below = true, .answer = {}, .answer_later = [](const Request&, auto reply) {
         reply->send(saying("here"));
       }});
  Gateway gateway(std::move(options), {});
  ASSERT_TRUE(gateway.start());
  const uint16_t port = gateway.bound().front().port;
  std::jthread thread([&] { gateway.run(); });
  Client http(port), other(door.port), ws(port);
  EXPECT_EQ(http.request("GET", "/hls/x").body, "here");
  EXPECT_EQ(http.request("GET", "/metrics").status, 404);
  EXPECT_EQ(http.request("GET", "/healthz").status, 200);
  EXPECT_EQ(other.request("GET", "/hls/x").status, 404);
  EXPECT_EQ(ws.upgrade().status, 404);
  gateway.stop();
}

}  // namespace
}  // namespace heliograph::gateway
