// SPDX-License-Identifier: Apache-2.0
#include "signal/write.h"

#include "signal/json_object.h"

namespace heliograph::signal {
namespace {

std::string envelope(base::Code code, Name name, JsonObject body) {
  JsonObject message;
  message.number("c", static_cast<int>(code)).text("s", to_text(name)).raw("b", body.take());
  return message.take();
}

// The body of an ack: rid and, where the client gave one, tid (B-8).
JsonObject ack_body(const Header& to) {
  JsonObject body;
  body.text("rid", to.rid).raw("tid", to.tid);
  return body;
}

std::string ack(const Header& to, JsonObject body) { return envelope(base::Code::kOk, to.name, std::move(body)); }

// Pushes carry c: 200 (B-57).
std::string push(Name name, JsonObject body) { return envelope(base::Code::kOk, name, std::move(body)); }

std::string entry(const Entry& e) {
  JsonObject object;
  object.text("id", e.user_id).text("userId", e.user_id).text("sessionId", e.session_id);  // B-12
  if (e.sdp) object.text("sdp", *e.sdp);
  object.boolean("video", e.video).boolean("audio", e.audio);
  object.text("username", e.username).text("fullname", e.fullname).text("avatar", e.avatar);
  object.text("host", e.host).text("category", e.category).text("deviceId", e.device_id);
  if (!e.hls.empty()) object.text("hls", e.hls);
  return object.take();
}

std::string texts(std::span<const std::string> list) {
  std::string array = "[";
  for (const auto& text : list) append_element(array, quoted(text));
  return array + "]";
}

std::string ice_server(const IceServer& server) {
  JsonObject object;
  object.raw("urls", texts(server.urls));
  if (!server.username.empty()) object.text("username", server.username).text("credential", server.credential);
  return object.take();
}

// icfg: {is: [the STUN URLs], iceServers: [RTCIceServer…]}.
std::string ice_config(std::span<const IceServer> servers) {
  std::string stun = "[", all = "[";
  for (const auto& server : servers) {
    append_element(all, ice_server(server));
    for (const auto& url : server.urls)
      if (url.starts_with("stun")) append_element(stun, quoted(url));
  }
  JsonObject object;
  object.raw("is", stun + "]").raw("iceServers", all + "]");
  return object.take();
}

std::string target(const Target& to) {
  JsonObject object;
  object.text("userId", to.user_id);
  if (to.session_id) object.text("sessionId", *to.session_id);
  return object.take();
}

std::string member(const MemberEntry& m) {
  std::string sessions = "[";
  for (const auto& s : m.sessions) {
    JsonObject session;
    session.text("sessionId", s.session_id).text("category", s.category).text("host", s.host);
    session.text("deviceId", s.device_id).boolean("publishing", s.publishing);
    append_element(sessions, session.take());
  }
  JsonObject object;
  object.text("userId", m.user_id).text("username", m.username).text("fullname", m.fullname);
  object.text("avatar", m.avatar).text("role", m.role).raw("sessions", sessions + "]");
  return object.take();
}

}  // namespace

std::string refusal(Name name, const base::Refusal& refusal, std::string_view data, std::string_view tid,
                    std::optional<base::Duration> retry_after) {
  JsonObject body;
  body.raw("req", data.empty() ? "null" : data);  // B-51
  body.text("msg", std::string(base::constant_name(refusal.code)) + ": " + refusal.sentence).raw("tid", tid);
  if (retry_after) body.number("retryAfter", retry_after->ms());  // B-32
  return envelope(refusal.code, name, std::move(body));
}

std::string offer_ack(const Header& to, std::string_view sdp, std::string_view hls) {
  auto body = ack_body(to).text("sdp", sdp).text("sessionId", to.from.session_id);
  if (!hls.empty()) body.text("hls", hls);
  return ack(to, std::move(body));
}

std::string watch_ack(const Header& to, std::span<const Entry> list) {
  return ack(to, ack_body(to).raw("pps", entries(list)));
}

std::string leave_ack(const Header& to) { return ack(to, ack_body(to)); }

std::string unpublish_ack(const Header& to) { return ack(to, ack_body(to).text("sessionId", to.from.session_id)); }

std::string unwatch_ack(const Header& to, const Target& watched) {
  return ack(to, ack_body(to).raw("to", target(watched)));
}

std::string simulcast_ack(const Header& to, const Target& watched, Layer layer) {
  return ack(to, ack_body(to).raw("to", target(watched)).text("layer", to_text(layer)));
}

std::string kick_ack(const Header& to) { return ack(to, ack_body(to)); }

std::string ice_servers_ack(const Header& to, std::span<const IceServer> servers) {
  return ack(to, ack_body(to).raw("icfg", ice_config(servers)));
}

std::string heartbeat_ack(const Header& to, std::string_view bid, std::string_view pps) {
  return ack(to, ack_body(to).raw("bid", bid).raw("pps", pps));
}

std::string join_ack(const Header& to, const JoinAck& a) {
  JsonObject heartbeat;
  heartbeat.number("interval", a.heartbeat_interval.ms()).number("timeout", a.heartbeat_timeout.ms());
  auto body = ack_body(to);
  body.text("pt", a.role).text("eg", "native").text("owner", a.owner).number("rev", static_cast<int64_t>(a.rev));
  body.raw("icfg", ice_config(a.ice_servers)).raw("hb", heartbeat.take()).raw("pps", a.pps);
  return ack(to, std::move(body));
}

std::string entries(std::span<const Entry> list) {
  std::string array = "[";
  for (const auto& e : list) append_element(array, entry(e));
  return array + "]";
}

std::string members(std::span<const MemberEntry> list) {
  std::string array = "[";
  for (const auto& m : list) append_element(array, member(m));
  return array + "]";
}

std::string publish_list_changed(std::string_view rid, uint64_t rev, std::string_view pps) {
  JsonObject body;
  body.text("rid", rid).number("rev", static_cast<int64_t>(rev)).raw("pps", pps);
  return push(Name::kPublishListChanged, std::move(body));
}

std::string member_list_changed(std::string_view rid, uint64_t rev, std::string_view members) {
  JsonObject body;
  body.text("rid", rid).number("rev", static_cast<int64_t>(rev)).raw("members", members);
  return push(Name::kMemberListChanged, std::move(body));
}

std::string session_replaced(std::string_view rid, std::string_view session_id) {
  JsonObject body;
  body.text("rid", rid).text("sessionId", session_id);
  return push(Name::kSessionReplaced, std::move(body));
}

std::string kicked(std::string_view rid, std::string_view session_id, std::string_view by) {
  JsonObject body;
  body.text("rid", rid).text("sessionId", session_id).text("by", by);
  return push(Name::kKicked, std::move(body));
}

std::string room_closed(std::string_view rid, std::string_view reason) {
  JsonObject body;
  body.text("rid", rid).text("reason", reason);
  return push(Name::kRoomClosed, std::move(body));
}

std::string hls_state(std::string_view rid, std::string_view user_id, std::string_view session_id,
                      std::string_view state, std::string_view url) {
  JsonObject body;
  body.text("rid", rid).text("userId", user_id).text("sessionId", session_id).text("state", state).text("hls", url);
  return push(Name::kHlsState, std::move(body));
}

std::string keep_alive() { return push(Name::kKeepAlive, JsonObject()); }

}  // namespace heliograph::signal
