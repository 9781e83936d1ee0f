// SPDX-License-Identifier: Apache-2.0
#include "rest/json.h"

#include <boost/json/array.hpp>

namespace heliograph::rest {
namespace {

namespace json = boost::json;

// No limit is null.
json::value limit(size_t value) { return value == SIZE_MAX ? json::value() : json::value(value); }

json::object to_json(const control::ParticipantSession& session) {
  json::object object{{"sessionId", session.session_id}, {"category", session.traits.category},
                      {"host", session.traits.host},     {"deviceId", session.traits.device_id},
                      {"connected", session.connected},  {"publishing", session.publishing},
                      {"video", session.video},          {"audio", session.audio},
                      {"watching", session.watching}};
  if (session.hls) object["hls"] = rest::to_json(*session.hls);
  return object;
}

json::object to_json(const control::PublishedTrack& track) {
  return {{"kind", track.kind},
          {"codec", track.codec},
          {"rids", json::array(track.rids.begin(), track.rids.end())},
          {"enabled", track.enabled}};
}

json::object to_json(const control::PublicationStats& publication) {
  json::array tracks;
  for (const auto& track : publication.tracks) tracks.push_back(to_json(track));
  return {{"userId", publication.user_id},
          {"sessionId", publication.session_id},
          {"listed", publication.listed},
          {"connected", publication.connected},
          {"age", static_cast<double>(publication.age.ms()) / 1'000},
          {"watchers", publication.watchers},
          {"tracks", std::move(tracks)}};
}

}  // namespace

json::object to_json(const control::RoomSummary& room) {
  return {{"rid", room.rid},
          {"ch", to_text(room.channel)},
          {"persistent", room.persistent},
          {"hlsTokens", room.hls_tokens},
          {"limits", json::object{{"publishers", limit(room.max_publishers)},
                                  {"users", limit(room.max_users)},
                                  {"sessions", limit(room.max_sessions)}}},
          {"creator", room.creator},
          {"owner", room.owner},
          {"users", room.users},
          {"sessions", room.sessions},
          {"publications", room.publications},
          {"rev", room.rev}};
}

json::object to_json(const control::HlsStatus& hls) { return {{"url", hls.url}, {"state", plan::to_text(hls.state)}}; }

json::object to_json(const control::Participant& participant) {
  json::array sessions;
  for (const auto& session : participant.sessions) sessions.push_back(to_json(session));
  return {{"userId", participant.user_id},
          {"username", participant.profile.username},
          {"fullname", participant.profile.fullname},
          {"avatar", participant.profile.avatar},
          {"role", to_text(participant.role)},
          {"owner", participant.owner},
          {"banned", participant.banned},
          {"sessions", std::move(sessions)}};
}

json::object to_json(const control::RoomStats& stats) {
  json::array publications;
  for (const auto& publication : stats.list) publications.push_back(to_json(publication));
  return {{"rid", stats.rid},
          {"rev", stats.rev},
          {"users", stats.users},
          {"sessions", stats.sessions},
          {"connected", stats.connected},
          {"publishingUsers", stats.publishing_users},
          {"downlinks", stats.downlinks},
          {"routes", stats.routes},
          {"publicationCount", stats.publications},
          {"publications", std::move(publications)}};
}

}  // namespace heliograph::rest
