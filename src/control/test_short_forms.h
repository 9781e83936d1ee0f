// SPDX-License-Identifier: Apache-2.0
// What the control plane says, in the short forms in which the model of its rooms (test_model.h) says it. For tests
// only.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <simdjson.h>

#include "control/test_rooms.h"

namespace heliograph::control::model {

// An offer that waits for an answer, and a rev that was heard.
struct Offered {
  ConnectionId socket;
  Who viewer;
  Key target;
  std::string sdp;
};
struct Rev {
  ConnectionId to;
  std::string rid;
  int64_t rev;
  bool list;
};

inline std::string text_at(simdjson::dom::element element, std::string_view pointer) {
  std::string_view text;
  return element.at_pointer(pointer).get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}
inline int64_t number_at(simdjson::dom::element element, std::string_view pointer) {
  int64_t number = -1;
  return element.at_pointer(pointer).get(number) == simdjson::SUCCESS ? number : -1;
}
inline bool flag_at(simdjson::dom::element element, std::string_view pointer) {
  bool flag = false;
  return element.at_pointer(pointer).get(flag) == simdjson::SUCCESS && flag;
}
// `form` where it is the URL of that session's playlist (B-25).
inline std::string hls_text(const std::string& url, const std::string& rid, const Key& key, const std::string& form) {
  if (url.empty()) return "";
  return url == "/hls/" + stream_text(rid, key) + "/index.m3u8" ? form : form + " at " + url;
}
inline std::string entries_of(simdjson::dom::element root) {
  std::vector<std::string> items;
  for (const auto e : root.at_pointer("/b/pps").get_array()) {
    const Key key{text_at(e, "/userId"), text_at(e, "/sessionId")};
    const auto item = entry(key, flag_at(e, "/video"), flag_at(e, "/audio"));
    items.push_back(item + hls_text(text_at(e, "/hls"), text_at(root, "/b/rid"), key, "+hls"));
  }
  return joined(items);
}
inline std::string members_line(simdjson::dom::element root) {
  std::vector<std::string> items;
  for (const auto m : root.at_pointer("/b/members").get_array()) {
    std::string sessions;
    for (const auto s : m.at_pointer("/sessions").get_array())
      sessions += (sessions.empty() ? "" : " ") + text_at(s, "/sessionId") + (flag_at(s, "/publishing") ? "*" : "");
    items.push_back(text_at(m, "/userId") + ":" + text_at(m, "/role") + "(" + sessions + ")");
  }
  return joined(items);
}
inline Kinds kinds_of(const room::Lines& lines) {
  Kinds kinds;
  for (const auto& track : lines.tracks) kinds.insert(track.kind == plan::Kind::kVideo ? 'v' : 'a');
  return kinds;
}
inline std::string person(const std::string& user, room::Role role, bool banned, size_t sessions,
                          const std::string& name) {
  return fmt::format("{} {}{} {} \"{}\"", user, room::to_text(role), banned ? " banned" : "", sessions, name);
}
// Of several lists of one room the last; for when several things happened, maybe at one time and in another order.
inline void keep_last_lists(std::vector<std::string>& lines) {
  std::set<std::string> seen;
  std::vector<std::string> kept;
  for (auto it = lines.rbegin(); it != lines.rend(); ++it) {
    const bool list = it->starts_with("LIST ") || it->starts_with("MEMBERS ");
    if (!list || seen.insert(it->substr(0, it->find('['))).second) kept.push_back(*it);
  }
  lines = std::move(kept);
}

}  // namespace heliograph::control::model
