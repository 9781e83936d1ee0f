// SPDX-License-Identifier: Apache-2.0
#include "server/admin_views.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "server/table.h"

namespace heliograph::server {
namespace {

namespace json = boost::json;
using Texts = std::vector<std::string>;

// The text of one field, however deep: "limits.users". Nothing there: "".
std::string field(const json::value& value, std::string_view path) {
  const auto dot = std::min(path.find('.'), path.size());
  const auto* object = value.if_object();
  const auto* found = object == nullptr ? nullptr : object->if_contains(path.substr(0, dot));
  if (found == nullptr) return "";
  if (dot < path.size()) return field(*found, path.substr(dot + 1));
  if (found->is_null()) return "no limit";
  if (found->is_string()) return std::string(found->get_string());
  if (found->is_bool()) return found->get_bool() ? "yes" : "no";
  if (const auto* array = found->if_array(); array != nullptr) return std::to_string(array->size());
  return json::serialize(*found);
}

using Columns = std::vector<std::pair<std::string_view, std::string_view>>;  // heading, field

std::string table_of(const json::array& items, const Columns& columns) {
  Table table;
  Texts headings;
  for (const auto& [heading, path] : columns) headings.emplace_back(heading);
  table.add(std::move(headings));
  for (const auto& item : items) {
    Texts row;
    for (const auto& [heading, path] : columns) row.push_back(field(item, path));
    table.add(std::move(row));
  }
  return table.text();
}

// Name and value, a line each.
std::string card_of(const json::value& value, const Columns& lines) {
  Table table;
  for (const auto& [heading, path] : lines) table.add({std::string(heading), field(value, path)});
  return table.text();
}

const json::array& array_in(const json::value& value, std::string_view name) {
  static const json::array kNone;
  const auto* object = value.if_object();
  const auto* found = object == nullptr ? nullptr : object->if_contains(name);
  return found != nullptr && found->is_array() ? found->get_array() : kNone;
}

std::string tracks_text(const json::value& publication) {
  std::string text;
  for (const auto& track : array_in(publication, "tracks")) {
    text += (text.empty() ? "" : ", ") + field(track, "kind") + " " + field(track, "codec");
    if (const auto layers = field(track, "rids"); layers != "0") text += " ×" + layers;
    if (field(track, "enabled") == "no") text += " (off)";
  }
  return text;
}

}  // namespace

std::string room_card(const json::value& room) {
  return card_of(room, {{"rid", "rid"},
                        {"type", "ch"},
                        {"persistent", "persistent"},
                        {"HLS by token only", "hlsTokens"},
                        {"owner", "owner"},
                        {"users", "users"},
                        {"sessions", "sessions"},
                        {"publications", "publications"},
                        {"publishers at most", "limits.publishers"},
                        {"users at most", "limits.users"},
                        {"sessions at most", "limits.sessions"}});
}

std::string hls_card(const json::value& hls) { return card_of(hls, {{"URL", "url"}, {"state", "state"}}); }

std::string rooms_table(const json::value& list) {
  return table_of(array_in(list, "rooms"), {{"RID", "rid"},
                                            {"TYPE", "ch"},
                                            {"PERSISTENT", "persistent"},
                                            {"OWNER", "owner"},
                                            {"USERS", "users"},
                                            {"SESSIONS", "sessions"},
                                            {"PUBLICATIONS", "publications"}});
}

std::string participants_table(const json::value& list) {
  Table table;
  table.add(
      {"USER", "ROLE", "OWNER", "BANNED", "SESSION", "HOST", "CATEGORY", "CONNECTED", "PUBLISHES", "WATCHES", "HLS"});
  for (const auto& participant : array_in(list, "participants")) {
    const auto& sessions = array_in(participant, "sessions");
    for (size_t i = 0; i < std::max<size_t>(sessions.size(), 1); ++i) {
      const auto session = i < sessions.size() ? sessions[i] : json::value();
      Texts row;
      for (const auto* name : {"userId", "role", "owner", "banned"}) row.push_back(field(participant, name));
      for (const auto* name : {"sessionId", "host", "category", "connected", "publishing", "watching", "hls.state"})
        row.push_back(field(session, name));
      table.add(std::move(row));
    }
  }
  return table.text();
}

std::string stats_text(const json::value& stats) {
  auto text = card_of(stats, {{"users", "users"},
                              {"sessions", "sessions"},
                              {"with a socket", "connected"},
                              {"publishing users", "publishingUsers"},
                              {"publications", "publicationCount"},
                              {"downlinks", "downlinks"},
                              {"with media", "routes"},
                              {"list revision", "rev"}});
  const auto& publications = array_in(stats, "publications");
  if (publications.empty()) return text;
  Table table;
  table.add({"USER", "SESSION", "TRACKS", "CONNECTED", "WATCHERS", "AGE"});
  for (const auto& p : publications)
    table.add({field(p, "userId"), field(p, "sessionId"), tracks_text(p), field(p, "connected"), field(p, "watchers"),
               field(p, "age") + " s"});
  return text + "\n" + table.text();
}

}  // namespace heliograph::server
