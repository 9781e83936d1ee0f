// SPDX-License-Identifier: Apache-2.0
#include "token/claims.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "fmt/format.h"
#include "token/json.h"

namespace heliograph::token {
namespace {

using simdjson::dom::element;
template <class Value>
using Read = std::expected<Value, Refused>;

constexpr auto kRoles = std::to_array<std::pair<std::string_view, Role>>(
    {{"viewer", Role::kViewer}, {"publisher", Role::kPublisher}, {"admin", Role::kAdmin}});
constexpr double kMaxNumericDate = 9'007'199'254'740'992.0;  // 2^53: JSON is exact until here

std::unexpected<Refused> wrong(Reason reason, std::string sentence) {
  return std::unexpected(Refused{reason, std::move(sentence)});
}
std::unexpected<Refused> wrong_claim(std::string sentence) { return wrong(Reason::kClaim, std::move(sentence)); }

Read<std::string> read_text(const JsonObject& payload, std::string_view name, size_t max) {
  auto text = payload.text(name);
  if (!text) return wrong_claim(fmt::format("claim {}", text.error()));
  if (*text && (*text)->size() > max) return wrong_claim(fmt::format("claim {} is longer than {} bytes", name, max));
  return std::move(*text).value_or("");
}

Read<std::string> read_subject(const JsonObject& payload) {
  auto subject = read_text(payload, "sub", kMaxSubject);
  if (subject && subject->empty()) return wrong_claim("claim sub, the user's id, is missing or empty");
  return subject;
}

// RFC 7519 section 2, NumericDate: seconds, perhaps with a fraction, which rounds down.
Read<std::optional<int64_t>> read_date(const JsonObject& payload, std::string_view name) {
  const auto value = payload.find(name);
  if (!value) return std::nullopt;
  double seconds = 0;
  if (value->get(seconds) != simdjson::SUCCESS)
    return wrong_claim(fmt::format("claim {} is not a number of seconds since 1970", name));
  if (!(seconds >= 0 && seconds <= kMaxNumericDate))
    return wrong_claim(fmt::format("claim {} is a time that no calendar has", name));
  return static_cast<int64_t>(seconds);
}

// RFC 7519 section 4.1.4; a token that never ends is not taken.
Read<int64_t> read_expiry(const JsonObject& payload, int64_t now) {
  const auto expires = read_date(payload, "exp");
  if (!expires) return std::unexpected(expires.error());
  if (!*expires) return wrong_claim("claim exp is missing: a token must say when it ends");
  if (now >= **expires + kLeeway)
    return wrong(Reason::kExpired, fmt::format("the token expired {} seconds ago", now - **expires));
  return **expires;
}

// RFC 7519 sections 4.1.5 and 4.1.6.
std::expected<void, Refused> check_start(const JsonObject& payload, std::string_view name, int64_t now) {
  const auto start = read_date(payload, name);
  if (!start) return std::unexpected(start.error());
  if (*start && **start > now + kLeeway)
    return wrong(Reason::kNotYet,
                 fmt::format("claim {} lies {} seconds ahead of the server's clock", name, **start - now));
  return {};
}

std::expected<void, Refused> add_room(std::vector<std::string>& rooms, element value) {
  std::string_view room;
  if (value.get(room) != simdjson::SUCCESS) return wrong_claim("claim rid is neither a string nor a list of strings");
  if (room.empty()) return wrong_claim("claim rid holds an empty string: leave rid out for any room");
  if (room.size() > kMaxRoom)
    return wrong_claim(fmt::format("claim rid holds more than {} bytes for a room", kMaxRoom));
  rooms.emplace_back(room);
  return {};
}

Read<std::vector<std::string>> read_rooms(const JsonObject& payload) {
  std::vector<std::string> rooms;
  const auto value = payload.find("rid");
  if (!value) return rooms;
  simdjson::dom::array list;
  if (value->get(list) != simdjson::SUCCESS) {
    if (const auto added = add_room(rooms, *value); !added) return std::unexpected(added.error());
    return rooms;
  }
  for (const element item : list)
    if (const auto added = add_room(rooms, item); !added) return std::unexpected(added.error());
  // An empty list names no room; Claims::rooms would then name all of them.
  if (rooms.empty()) return wrong_claim("claim rid is an empty list: leave rid out for any room");
  return rooms;
}

Read<std::optional<Role>> read_role(const JsonObject& payload) {
  const auto text = payload.text("role");
  if (!text) return wrong_claim("claim role is not a string");
  if (!*text) return std::nullopt;
  const auto role = role_of(**text);
  if (!role) return wrong_claim("claim role is none of viewer, publisher and admin");
  return role;
}

Read<std::optional<bool>> read_create(const JsonObject& payload) {
  const auto value = payload.find("create");
  if (!value) return std::nullopt;
  bool create = false;
  if (value->get(create) != simdjson::SUCCESS) return wrong_claim("claim create is neither true nor false");
  return create;
}

std::expected<void, Refused> check_issuer(const JsonObject& payload, const std::string& issuer) {
  const auto text = payload.text("iss");
  if (!text) return wrong_claim("claim iss is not a string");
  if (!issuer.empty() && *text != issuer)
    return wrong(Reason::kForeign, fmt::format("claim iss is not \"{}\", who makes the tokens of this server", issuer));
  return {};
}

// RFC 7519 section 4.1.3: one string or several.
std::expected<void, Refused> check_audience(const JsonObject& payload, const std::string& audience) {
  if (audience.empty()) return {};
  const auto is_us = [&audience](element value) {
    std::string_view text;
    return value.get(text) == simdjson::SUCCESS && text == audience;
  };
  const auto value = payload.find("aud");
  simdjson::dom::array list;
  const bool ours = value && (value->get(list) == simdjson::SUCCESS ? std::ranges::any_of(list, is_us) : is_us(*value));
  if (!ours)
    return wrong(Reason::kForeign, fmt::format("claim aud does not name \"{}\", which is this server", audience));
  return {};
}

std::expected<void, Refused> check_validity(const JsonObject& payload, const Expected& expected, int64_t now) {
  if (auto ok = check_start(payload, "nbf", now); !ok) return ok;
  if (auto ok = check_start(payload, "iat", now); !ok) return ok;
  if (auto ok = check_issuer(payload, expected.issuer); !ok) return ok;
  return check_audience(payload, expected.audience);
}

}  // namespace

std::string_view to_text(Role role) {
  return std::ranges::find(kRoles, role, [](const auto& pair) { return pair.second; })->first;
}

std::optional<Role> role_of(std::string_view text) {
  for (const auto& [name, role] : kRoles)
    if (name == text) return role;
  return std::nullopt;
}

std::expected<Claims, Refused> read_claims(std::string_view json, const Expected& expected, int64_t now) {
  const auto payload = JsonObject::parse(json);
  if (!payload) return wrong(Reason::kMalformed, "the token's payload " + payload.error());
  Claims claims;
  std::optional<Refused> first;
  const auto take = [&first](auto&& read, auto& into) {
    if (!first && !read) first = read.error();
    if (read) into = *std::move(read);
  };
  take(read_expiry(*payload, now), claims.expires);
  if (const auto valid = check_validity(*payload, expected, now); !valid && !first) first = valid.error();
  take(read_subject(*payload), claims.subject);
  take(read_rooms(*payload), claims.rooms);
  take(read_role(*payload), claims.role);
  take(read_create(*payload), claims.create);
  take(read_text(*payload, "name", kMaxText), claims.username);
  take(read_text(*payload, "fullname", kMaxText), claims.fullname);
  take(read_text(*payload, "avatar", kMaxText), claims.avatar);
  if (first) return std::unexpected(*std::move(first));
  return claims;
}

std::string write_claims(const Claims& claims, const Expected& expected, int64_t now) {
  boost::json::object out{{"sub", claims.subject}};
  const auto add = [&out](std::string_view name, const std::string& text) {
    if (!text.empty()) out.emplace(name, text);
  };
  add("iss", expected.issuer);
  add("aud", expected.audience);
  out.emplace("iat", now);
  out.emplace("exp", claims.expires);
  if (claims.rooms.size() == 1) out.emplace("rid", claims.rooms.front());
  if (claims.rooms.size() > 1) out.emplace("rid", boost::json::array(claims.rooms.begin(), claims.rooms.end()));
  if (claims.role) out.emplace("role", to_text(*claims.role));
  if (claims.create) out.emplace("create", *claims.create);
  add("name", claims.username);
  add("fullname", claims.fullname);
  add("avatar", claims.avatar);
  return boost::json::serialize(out);
}

}  // namespace heliograph::token
