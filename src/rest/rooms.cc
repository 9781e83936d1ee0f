// SPDX-License-Identifier: Apache-2.0
#include "rest/rooms.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "base/glob.h"
#include "fmt/format.h"
#include "rest/body.h"
#include "rest/json.h"
#include "rest/query.h"
#include "rest/text.h"

namespace heliograph::rest {
namespace {

namespace json = boost::json;
using Failure = std::unexpected<Problem>;
using control::RoomSettings;
using control::RoomSummary;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kMergePatch = "application/merge-patch+json";  // RFC 7396

gateway::Response json_response(unsigned status, const json::object& body) {
  return {.status = status, .content_type = std::string(kJson), .body = json::serialize(body)};
}

template <class T>
Answer shown(const std::expected<T, base::Refusal>& found) {
  if (!found) return Failure(to_problem(found.error()));
  return json_response(200, to_json(*found));
}

Answer done(const std::expected<void, base::Refusal>& result) {
  if (!result) return Failure(to_problem(result.error()));
  return gateway::Response{.status = 204};
}

// What no query goes with.
std::optional<Problem> query_problem(const Call& call) {
  const auto query = Query::read(call.request.query, {});
  return query ? std::nullopt : std::optional(query.error());
}

room::SessionKey session_of(const Call& call) { return {call.user_id, call.session_id}; }

Problem no_hls(std::string sentence) { return {.kind = Problem::Kind::kHlsNotFound, .detail = std::move(sentence)}; }

// What no request for a stream goes with.
std::optional<Problem> hls_problem(const Call& call) {
  if (auto problem = query_problem(call)) return problem;
  if (!call.admin.makes_hls()) return no_hls("This server makes no HLS.");
  return std::nullopt;
}

// ── bodies ──

// A null takes a limit away (RFC 7396).
RoomSettings read_settings(Fields& fields, const RoomSettings& none, std::optional<Problem>& problem) {
  RoomSettings settings;
  settings.persistent = fields.boolean("persistent");
  settings.hls_tokens = fields.boolean("hlsTokens");
  const auto* limits = fields.object("limits");
  if (limits == nullptr) return settings;
  Fields inner(*limits, "/limits", problem);
  settings.publishers = inner.number_or_null("publishers", 0, none.publishers);
  settings.users = inner.number_or_null("users", 1, none.users);
  settings.sessions = inner.number_or_null("sessions", 1, none.sessions);
  inner.no_others();
  return settings;
}

struct NewRoom {
  std::optional<std::string> rid;
  signal::Channel channel = signal::Channel::kM2m;
  RoomSettings settings;
};

std::expected<NewRoom, Problem> read_new_room(const Call& call) {
  const auto body = read_object(call.request, {kJson});
  if (!body) return Failure(body.error());
  std::optional<Problem> problem;
  Fields fields(*body, "", problem);
  NewRoom room;
  room.rid = fields.text("rid");
  if (room.rid && (room.rid->empty() || room.rid->size() > signal::kMaxIdBytes))
    fields.wrong("rid", fmt::format("is empty or longer than {} bytes", signal::kMaxIdBytes));
  const auto channel = signal::channel_of_text(fields.text("ch").value_or(""));
  if (!channel) fields.wrong("ch", "is none of m2m, a2m, p2p");
  room.channel = channel.value_or(signal::Channel::kM2m);
  room.settings = read_settings(fields, call.admin.no_limits(room.channel), problem);
  fields.no_others();
  if (problem) return Failure(*std::move(problem));
  return room;
}

struct Wish {
  std::optional<room::Role> role;
  std::optional<bool> banned;
};

std::expected<Wish, Problem> read_wish(const Call& call) {
  const auto body = read_object(call.request, {kJson});
  if (!body) return Failure(body.error());
  std::optional<Problem> problem;
  Fields fields(*body, "", problem);
  Wish wish;
  if (const auto role = fields.text("role")) {
    wish.role = control::role_of_text(*role);
    if (!wish.role) fields.wrong("role", "is none of viewer, publisher, admin");
  }
  wish.banned = fields.boolean("banned");
  fields.no_others();
  if (problem) return Failure(*std::move(problem));
  if (!wish.role && !wish.banned) return Failure(invalid("The body says nothing: give role, banned or both."));
  return wish;
}

// ── pages ──

// RFC 8288: the link to what follows, with the same limit.
void add_next_link(gateway::Response& response, std::string_view path, size_t limit, const std::string& cursor) {
  response.headers.emplace_back("Link", fmt::format("<{}?limit={}&after={}>; rel=\"next\"", path, limit, cursor));
}

template <class T>
gateway::Response page_response(const Call& call, std::string_view name, const control::Page<T>& page, size_t limit) {
  json::array list;
  for (const auto& item : page.items) list.push_back(to_json(item));
  json::object body;
  body[name] = std::move(list);
  if (page.next) body["next"] = to_cursor(*page.next);
  auto response = json_response(200, body);
  if (page.next) add_next_link(response, call.request.path, limit, to_cursor(*page.next));
  return response;
}

std::expected<Paging, Problem> paging_of(const Call& call) {
  const auto query = Query::read(call.request.query, {"limit", "after"});
  if (!query) return Failure(query.error());
  return Paging::of(*query);
}

}  // namespace

bool may_touch(const Operator& who, const std::string& rid) {
  const auto covers = [&rid](const std::string& glob) { return base::glob_matches(glob, rid); };
  return who.rooms.empty() || std::ranges::any_of(who.rooms, covers);
}

Answer list_rooms(const Call& call) {
  const auto paging = paging_of(call);
  if (!paging) return Failure(paging.error());
  const auto wanted = [&](const std::string& rid) { return may_touch(call.who, rid); };
  return page_response(call, "rooms", call.admin.rooms(paging->after, paging->limit, wanted), paging->limit);
}

Answer create_room(const Call& call) {
  if (!call.who.create) return Failure(forbidden("The token does not let its owner create rooms."));
  if (auto problem = query_problem(call)) return Failure(*std::move(problem));
  const auto wanted = read_new_room(call);
  if (!wanted) return Failure(wanted.error());
  if (!wanted->rid && !call.who.rooms.empty())
    return Failure(forbidden("The token is for certain rooms only: name one of them in rid."));
  if (wanted->rid && !may_touch(call.who, *wanted->rid))
    return Failure(forbidden("The token is not for a room of this name."));
  const auto made = call.admin.create(wanted->rid, wanted->channel, wanted->settings);
  if (!made) return Failure(to_problem(made.error()));
  auto response = json_response(made->created ? 201 : 200, to_json(made->room));
  response.headers.emplace_back("Location", "/v1/rooms/" + percent_encoded(made->room.rid));
  return response;
}

Answer get_room(const Call& call) {
  if (auto problem = query_problem(call)) return Failure(*std::move(problem));
  return shown(call.admin.room(call.rid));
}

Answer patch_room(const Call& call) {
  if (auto problem = query_problem(call)) return Failure(*std::move(problem));
  const auto body = read_object(call.request, {kMergePatch, kJson});
  if (!body) return Failure(body.error());
  const auto room = call.admin.room(call.rid);
  if (!room) return Failure(to_problem(room.error()));
  std::optional<Problem> problem;
  Fields fields(*body, "", problem);
  const auto settings = read_settings(fields, call.admin.no_limits(room->channel), problem);
  fields.no_others();
  if (problem) return Failure(*std::move(problem));
  return shown(call.admin.change(call.rid, settings));
}

Answer close_room(const Call& call) {
  if (auto problem = query_problem(call)) return Failure(*std::move(problem));
  return done(call.admin.close(call.rid, "an operator closed the room"));
}

Answer get_stats(const Call& call) {
  if (auto problem = query_problem(call)) return Failure(*std::move(problem));
  return shown(call.admin.stats(call.rid));
}

Answer list_participants(const Call& call) {
  const auto paging = paging_of(call);
  if (!paging) return Failure(paging.error());
  const auto page = call.admin.participants(call.rid, paging->after, paging->limit);
  if (!page) return Failure(to_problem(page.error()));
  return page_response(call, "participants", *page, paging->limit);
}

Answer put_participant(const Call& call) {
  if (auto problem = query_problem(call)) return Failure(*std::move(problem));
  const auto wish = read_wish(call);
  if (!wish) return Failure(wish.error());
  return shown(call.admin.put_participant(call.rid, call.user_id, wish->role, wish->banned));
}

Answer kick_participant(const Call& call) {
  if (auto problem = query_problem(call)) return Failure(*std::move(problem));
  return done(call.admin.kick(call.rid, call.user_id));
}

Answer kick_session(const Call& call) {
  if (auto problem = query_problem(call)) return Failure(*std::move(problem));
  return done(call.admin.kick(call.rid, session_of(call)));
}

Answer get_hls(const Call& call) {
  if (auto problem = hls_problem(call)) return Failure(*std::move(problem));
  const auto hls = call.admin.hls(call.rid, session_of(call));
  if (!hls) return Failure(to_problem(hls.error()));
  if (!*hls) return Failure(no_hls("The session is not forwarded as HLS; PUT starts it."));
  return json_response(200, to_json(**hls));
}

Answer start_hls(const Call& call) {
  if (auto problem = hls_problem(call)) return Failure(*std::move(problem));
  const auto forwarded = call.admin.start_hls(call.rid, session_of(call));
  if (!forwarded) return Failure(to_problem(forwarded.error()));
  if (!*forwarded)
    return Failure(
        Problem{.kind = Problem::Kind::kNotPublishing,
                .detail = "Only what is published already can be forwarded; the session publishes nothing."});
  return json_response((*forwarded)->started ? 201 : 200, to_json((*forwarded)->hls));
}

Answer stop_hls(const Call& call) {
  if (auto problem = hls_problem(call)) return Failure(*std::move(problem));
  return done(call.admin.stop_hls(call.rid, session_of(call)));
}

}  // namespace heliograph::rest
