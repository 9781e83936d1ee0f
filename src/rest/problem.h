// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/refusal.h"
#include "gateway/http.h"

namespace heliograph::rest {

// What is wrong with a request, as RFC 9457 has it.
struct Problem {
  enum class Kind {
    kInvalidRequest,        // 400: path, query or body cannot be understood
    kUnauthorized,          // 401
    kForbidden,             // 403
    kNotFound,              // 404: no such resource whatever rooms there are
    kRoomNotFound,          // 404
    kParticipantNotFound,   // 404
    kHlsNotFound,           // 404: no stream
    kMethodNotAllowed,      // 405
    kRoomConflict,          // 409: the room is there and is another
    kRoomFull,              // 409: no place in it
    kWrongRoomType,         // 409: rooms of this type have no such thing
    kNotPublishing,         // 409: the session publishes nothing
    kUnsupportedMediaType,  // 415
    kTooManyRequests,       // 429
    kUnavailable,           // 503: the server is full or about to stop
  };
  Kind kind = Kind::kInvalidRequest;
  std::string detail;
  std::string pointer = {};             // into the body, for what is wrong there (RFC 6901 section 6)
  std::optional<base::Code> code = {};  // what a signal would have been refused with
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// The answer; `instance` is the path that was asked for.
gateway::Response to_response(const Problem& problem, std::string_view instance);
unsigned status_of(const Problem& problem);
// What the control plane refused.
Problem to_problem(const base::Refusal& refusal);

inline Problem invalid(std::string detail, std::string pointer = {}) {
  return {.kind = Problem::Kind::kInvalidRequest, .detail = std::move(detail), .pointer = std::move(pointer)};
}

// A good token that is not for this (RFC 6750 section 3.1).
Problem forbidden(std::string sentence);

}  // namespace heliograph::rest
