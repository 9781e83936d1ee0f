// SPDX-License-Identifier: Apache-2.0
// Any sequence of requests of an operator, with clients between them, is answered: with JSON where there is a body,
// with a status that the API has, in headers that are lines; and the routes stay what routes(room) says (TestWorld).
//
// Requests stand one after the other, "###" lines between them: "METHOD target", a line of Content-Type, the body.
// "JOIN userId" is a client.
#include <algorithm>
#include <array>

#include <simdjson.h>

#include "base/check.h"
#include "control/test_world.h"
#include "gateway/router.h"
#include "gateway/upgrade.h"
#include "rest/routes.h"

namespace {

using namespace heliograph;

constexpr size_t kRequests = 16;
constexpr std::array<unsigned, 11> kStatuses = {200, 201, 204, 400, 401, 403, 404, 405, 409, 415, 503};

std::string_view take_until(std::string_view& text, std::string_view end) {
  const auto at = std::min(text.find(end), text.size());
  const auto taken = text.substr(0, at);
  text.remove_prefix(std::min(at + end.size(), text.size()));
  return taken;
}

void expect_sound(const gateway::Response& response) {
  CHECK(std::ranges::find(kStatuses, response.status) != kStatuses.end());
  CHECK(response.body.empty() == (response.status == 204));
  for (const auto& [name, value] : response.headers)
    CHECK(std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; }));
  if (response.body.empty()) return;
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  CHECK(parser.parse(simdjson::padded_string(response.body)).get(root) == simdjson::SUCCESS);
  int64_t status = 0;
  CHECK((response.content_type == "application/problem+json") == (response.status >= 400));
  if (response.status >= 400)
    CHECK(root["status"].get(status) == simdjson::SUCCESS && status == static_cast<int64_t>(response.status));
}

class Api {
 public:
  Api()
      : router_(rest::routes({.authorize = [](const gateway::Request&) { return authorize(); },
                              .control = [this]() -> control::Control& { return world_.control; },
                              .now = [this] { return world_.now; },
                              .speak = [this](control::Out& out) { said_ = std::move(out); }}),
                {}) {}

  void serve(std::string_view text) {
    const auto method = take_until(text, " ");
    const auto target = take_until(text, "\n");
    if (method == "JOIN") return join(target);
    const auto [path, query] = gateway::split_target(target);
    gateway::Request request;
    request.method = method;
    request.path = "/v1/rooms" + std::string(path);
    request.query = query;
    request.content_type = take_until(text, "\n");
    request.body = text;
    world_.operate([&](control::Out& out) {
      said_ = {};
      expect_sound(router_.answer(request));
      out = std::move(said_);
    });
  }

 private:
  // Some rooms are not this operator's.
  static std::expected<rest::Operator, gateway::Denial> authorize() {
    return rest::Operator{.sub = "boss", .rooms = {"r*", "*a*", "?"}, .create = true};
  }
  void join(std::string_view user) {
    world_.open(++last_connection_);
    world_.tell(last_connection_, control::say("join", "JOIN", {.user = std::string(user)}));
    world_.pass(base::Duration::seconds(1));
  }

  control::TestWorld world_;
  gateway::Router router_;
  control::Out said_;
  control::ConnectionId last_connection_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  auto text = base::as_text({bytes, size});
  Api api;
  for (size_t i = 0; i < kRequests && !text.empty(); ++i) api.serve(take_until(text, "\n###\n"));
  return 0;
}
