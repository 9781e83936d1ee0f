// SPDX-License-Identifier: Apache-2.0
#include "rest/routes.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/log.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "rest/rooms.h"
#include "rest/text.h"

namespace heliograph::rest {
namespace {

using Failure = std::unexpected<Problem>;
using gateway::Request;
using gateway::Response;

constexpr std::string_view kRoot = "/v1/rooms";
constexpr std::array kMethods = {"GET", "POST", "PUT", "PATCH", "DELETE"};  // all that any resource takes
constexpr size_t kMaxIdBytes = 256;                                         // B-11

enum class Resource { kRooms, kRoom, kStats, kParticipants, kParticipant, kSession, kHls };

struct Operation {
  Resource resource;
  std::string_view method;
  Answer (*answer)(const Call&);
};
constexpr std::array kOperations = {
    Operation{Resource::kRooms, "GET", list_rooms},
    Operation{Resource::kRooms, "POST", create_room},
    Operation{Resource::kRoom, "GET", get_room},
    Operation{Resource::kRoom, "PATCH", patch_room},
    Operation{Resource::kRoom, "DELETE", close_room},
    Operation{Resource::kStats, "GET", get_stats},
    Operation{Resource::kParticipants, "GET", list_participants},
    Operation{Resource::kParticipant, "PUT", put_participant},
    Operation{Resource::kParticipant, "DELETE", kick_participant},
    Operation{Resource::kSession, "DELETE", kick_session},
    Operation{Resource::kHls, "GET", get_hls},
    Operation{Resource::kHls, "PUT", start_hls},
    Operation{Resource::kHls, "DELETE", stop_hls},
};

// ── which resource ──

// What a path under kRoot names: the segments are split before they are decoded, so that an id may hold a slash.
struct Place {
  Resource resource = Resource::kRooms;
  std::vector<std::string> ids;
};

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    segments.push_back(path.substr(0, path.find('/')));
    path.remove_prefix(segments.back().size());
  }
  return segments;
}

std::optional<Resource> resource_of(const std::vector<std::string_view>& segments) {
  switch (segments.size()) {
    case 0:
      return Resource::kRooms;
    case 1:
      return Resource::kRoom;
    case 2:
      if (segments[1] == "stats") return Resource::kStats;
      [[fallthrough]];
    default:
      break;
  }
  if (segments.size() > 5 || segments[1] != "participants") return std::nullopt;
  if (segments.size() == 5) return segments[4] == "hls" ? std::optional(Resource::kHls) : std::nullopt;
  return std::array{Resource::kParticipants, Resource::kParticipant, Resource::kSession}[segments.size() - 2];
}

std::expected<Place, Problem> place_of(std::string_view path) {
  const auto segments = segments_of(path.substr(kRoot.size()));
  const auto resource = resource_of(segments);
  const bool gap = std::ranges::any_of(segments, [](std::string_view segment) { return segment.empty(); });
  if (!resource || gap)
    return Failure(Problem{.kind = Problem::Kind::kNotFound, .detail = "No resource of the API has such a path."});
  Place place{.resource = *resource, .ids = {}};
  for (size_t i = 0; i < segments.size(); ++i) {
    if (i == 1 || i == 4) continue;  // "stats", "participants"; "hls"
    auto id = percent_decoded(segments[i]);
    if (!id) return Failure(invalid("An id in the path is not percent-encoded UTF-8."));
    if (id->size() > kMaxIdBytes) return Failure(invalid(fmt::format("An id is longer than {} bytes.", kMaxIdBytes)));
    place.ids.push_back(*std::move(id));
  }
  return place;
}

std::expected<const Operation*, Problem> operation_of(Resource resource, std::string_view method) {
  if (method == "HEAD") method = "GET";  // RFC 9110 section 9.3.2
  std::vector<std::string_view> allowed;
  for (const auto& operation : kOperations) {
    if (operation.resource != resource) continue;
    if (operation.method == method) return &operation;
    allowed.push_back(operation.method);
    if (operation.method == "GET") allowed.push_back("HEAD");
  }
  const auto list = fmt::format("{}", fmt::join(allowed, ", "));
  return Failure(Problem{.kind = Problem::Kind::kMethodNotAllowed,
                         .detail = fmt::format("This path takes {}.", list),
                         .headers = {{"Allow", list}}});  // RFC 9110 section 15.5.6
}

// ── who ──

// With the headers that such a denial has on any path: WWW-Authenticate, Retry-After.
Problem to_problem(const gateway::Denial& denial) {
  const auto kind = denial.status == 401   ? Problem::Kind::kUnauthorized
                    : denial.status == 403 ? Problem::Kind::kForbidden
                    : denial.status == 429 ? Problem::Kind::kTooManyRequests
                                           : Problem::Kind::kUnavailable;
  return {.kind = kind, .detail = denial.sentence, .headers = gateway::denied(denial).headers};
}

// ── one request ──

class Desk {
 public:
  explicit Desk(Options options) : options_(std::move(options)) {}

  Response answer(const Request& request) const {
    auto answered = serve(request);
    auto response = answered ? *std::move(answered) : to_response(answered.error(), request.path);
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
  }

 private:
  // In this order: who (401, 403), where (404), what (405), that room (403), and then the operation itself.
  Answer serve(const Request& request) const {
    const auto who = options_.authorize(request);
    if (!who) return Failure(to_problem(who.error()));
    auto place = place_of(request.path);
    if (!place) return Failure(std::move(place.error()));
    const auto operation = operation_of(place->resource, request.method);
    if (!operation) return Failure(operation.error());
    place->ids.resize(3);
    if (place->resource != Resource::kRooms && !may_touch(*who, place->ids[0]))
      return Failure(forbidden("The token is not for this room."));
    return act(request, *who, **operation, place->ids);
  }

  Answer act(const Request& request, const Operator& who, const Operation& operation,
             const std::vector<std::string>& ids) const {
    control::Out out;
    control::Admin admin(options_.control(), options_.now(), who.sub, out);
    auto answered = operation.answer({request, who, admin, ids[0], ids[1], ids[2]});
    options_.speak(out);
    if (operation.method != "GET")
      base::log::info("operator", {{"by", who.sub},
                                   {"method", request.method},
                                   {"path", request.path},
                                   {"status", answered ? answered->status : status_of(answered.error())}});
    return answered;
  }

  Options options_;
};

}  // namespace

std::vector<gateway::Route> routes(Options options) {
  const auto desk = std::make_shared<const Desk>(std::move(options));
  std::vector<gateway::Route> all;
  for (const auto* method : kMethods)
    all.push_back(
        {.method = method, .path = std::string(kRoot), .below = true, .answer = [desk](const Request& request) {
           return desk->answer(request);
         }});
  return all;
}

}  // namespace heliograph::rest
