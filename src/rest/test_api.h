// SPDX-License-Identifier: Apache-2.0
// For tests only.
#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <optional>
#include <string>
#include <utility>

#include "control/test_world.h"
#include "gateway/router.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rest/routes.h"

namespace heliograph::rest {

namespace json = boost::json;
using control::say;
using control::TestWorld;
using control::Who;
using testing::HasSubstr;

// The API over a control plane with clients, behind the router that it has in the server. A request is a value.
class RestTest : public testing::Test {
 protected:
  RestTest()
      : router_(routes({.authorize = [this](const gateway::Request& request) { return authorize(request); },
                        .control = [this]() -> control::Control& { return world.control; },
                        .now = [this] { return world.now; },
                        .speak = [this](control::Out& out) { said_ = std::move(out); }}),
                {}) {}

  gateway::Response send(gateway::Request request) {
    gateway::Response response;
    world.operate([&](control::Out& out) {
      said_ = {};
      response = router_.answer(request);
      out = std::move(said_);
    });
    return response;
  }
  gateway::Response get(const std::string& target) { return send(request("GET", target)); }
  gateway::Response del(const std::string& target) { return send(request("DELETE", target)); }
  gateway::Response post(const std::string& body) { return with_body("POST", "/v1/rooms", body); }
  gateway::Response with_body(const std::string& method, const std::string& target, const std::string& body,
                              const std::string& type = "application/json") {
    auto asked = request(method, target);
    asked.content_type = type;
    asked.body = body;
    return send(std::move(asked));
  }
  static gateway::Request request(const std::string& method, const std::string& target) {
    gateway::Request request;
    const auto [path, query] = gateway::split_target(target);
    request.method = method;
    request.path = path;
    request.query = query;
    return request;
  }

  static std::string header(const gateway::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers)
      if (key == name) return value;
    return "";
  }
  // What stands at a JSON pointer of the body, as JSON; "" where nothing does.
  static std::string at(const gateway::Response& response, const std::string& pointer) {
    boost::system::error_code error;
    const auto body = json::parse(response.body);
    const auto* found = body.find_pointer(pointer, error);
    return found == nullptr ? "" : json::serialize(*found);
  }
  // "404 room-not-found", and that the rest of it is as RFC 9457 wants it.
  static std::string problem_of(const gateway::Response& response) {
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_EQ(at(response, "/status"), std::to_string(response.status));
    EXPECT_NE(at(response, "/title"), "");
    EXPECT_NE(at(response, "/detail"), "");
    EXPECT_THAT(at(response, "/instance"), testing::StartsWith("\"/v1"));
    const auto type = at(response, "/type");
    EXPECT_THAT(type, testing::StartsWith("\"/problems/"));
    return std::to_string(response.status) + " " + type.substr(11, type.size() - 12);
  }
  // The pointer to what is wrong with a body.
  static std::string wrong(const gateway::Response& response) {
    EXPECT_EQ(problem_of(response), "400 invalid-request");
    const auto pointer = at(response, "/errors/0/pointer");
    return pointer.size() < 2 ? "" : pointer.substr(1, pointer.size() - 2);
  }

  void join(control::ConnectionId connection, const Who& client) {
    world.open(connection);
    world.tell(connection, say("join", "JOIN", client));
  }

  TestWorld world;
  Operator who{.sub = "boss", .rooms = {}, .create = true};
  std::optional<gateway::Denial> denial;

 private:
  std::expected<Operator, gateway::Denial> authorize(const gateway::Request&) const {
    if (denial) return std::unexpected(*denial);
    return who;
  }

  gateway::Router router_;
  control::Out said_;
};

}  // namespace heliograph::rest
