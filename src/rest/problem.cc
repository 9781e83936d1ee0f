// SPDX-License-Identifier: Apache-2.0
#include "rest/problem.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/upgrade.h"
#include "rest/text.h"

namespace heliograph::rest {
namespace {

namespace json = boost::json;
using Kind = Problem::Kind;

// A kind's stable name: the type is a reference relative to the server, as RFC 9457 section 3.1.1 allows.
struct Named {
  unsigned status;
  std::string_view type;
  std::string_view title;
};

constexpr Named named(Kind kind) {
  switch (kind) {
    case Kind::kInvalidRequest:
      return {400, "/problems/invalid-request", "The request is not valid"};
    case Kind::kUnauthorized:
      return {401, "/problems/unauthorized", "A token of an operator is needed"};
    case Kind::kForbidden:
      return {403, "/problems/forbidden", "The token does not allow this"};
    case Kind::kNotFound:
      return {404, "/problems/not-found", "There is nothing at this path"};
    case Kind::kRoomNotFound:
      return {404, "/problems/room-not-found", "The room does not exist"};
    case Kind::kParticipantNotFound:
      return {404, "/problems/participant-not-found", "The participant is not in the room"};
    case Kind::kHlsNotFound:
      return {404, "/problems/hls-not-found", "There is no HLS stream"};
    case Kind::kMethodNotAllowed:
      return {405, "/problems/method-not-allowed", "The path does not take this method"};
    case Kind::kRoomConflict:
      return {409, "/problems/room-conflict", "The room exists and is another"};
    case Kind::kRoomFull:
      return {409, "/problems/room-full", "The room has no place left"};
    case Kind::kWrongRoomType:
      return {409, "/problems/wrong-room-type", "Rooms of this type have no such thing"};
    case Kind::kNotPublishing:
      return {409, "/problems/not-publishing", "The session publishes nothing"};
    case Kind::kUnsupportedMediaType:
      return {415, "/problems/unsupported-media-type", "The body is not of a type that is taken here"};
    case Kind::kTooManyRequests:
      return {429, "/problems/too-many-requests", "Too many requests"};
    case Kind::kUnavailable:
      return {503, "/problems/unavailable", "The server cannot do this now"};
  }
  return {};
}

constexpr Kind kind_of(base::Code code) {
  switch (code) {
    case base::Code::kInvalidSignal:
      return Kind::kInvalidRequest;
    case base::Code::kUnsupportedChannel:
      return Kind::kWrongRoomType;
    case base::Code::kRoomNotFound:
      return Kind::kRoomNotFound;
    case base::Code::kNotRoomMember:
    case base::Code::kUserLeft:
      return Kind::kParticipantNotFound;
    case base::Code::kAlreadyExistRoom:
      return Kind::kRoomConflict;
    case base::Code::kRoomFull:
      return Kind::kRoomFull;
    case base::Code::kPermissionNotFound:
    case base::Code::kUnauthorized:
      return Kind::kForbidden;
    default:
      return Kind::kUnavailable;
  }
}

// A path as it came, with what may not stand in a URI (RFC 3986 section 2) percent-encoded.
std::string reference(std::string_view path) {
  std::string out;
  for (const char c : path) {
    const bool stays = c > ' ' && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '\\' && c != '^' && c != '`' &&
                       c != '{' && c != '|' && c != '}';
    out += stays ? std::string(1, c) : percent_encoded(std::string_view(&c, 1));
  }
  return out;
}

}  // namespace

gateway::Response to_response(const Problem& problem, std::string_view instance) {
  const auto name = named(problem.kind);
  json::object body{{"type", name.type},
                    {"title", name.title},
                    {"status", name.status},
                    {"detail", problem.detail},
                    {"instance", reference(instance)}};
  if (problem.code) body["code"] = static_cast<int>(*problem.code);
  if (!problem.pointer.empty())
    body["errors"] = json::array{json::object{{"detail", problem.detail}, {"pointer", problem.pointer}}};
  gateway::Response response{
      .status = name.status, .content_type = "application/problem+json", .body = json::serialize(body)};
  response.headers = problem.headers;
  return response;
}

unsigned status_of(const Problem& problem) { return named(problem.kind).status; }

Problem forbidden(std::string sentence) {
  const gateway::Denial denial{.status = 403, .sentence = sentence, .error = "insufficient_scope"};
  return {.kind = Kind::kForbidden, .detail = std::move(sentence), .headers = gateway::denied(denial).headers};
}

Problem to_problem(const base::Refusal& refusal) {
  Problem problem{.kind = kind_of(refusal.code), .detail = refusal.sentence, .code = refusal.code};
  if (problem.kind == Kind::kUnavailable) problem.headers.emplace_back("Retry-After", "1");
  return problem;
}

}  // namespace heliograph::rest
