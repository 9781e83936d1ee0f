// SPDX-License-Identifier: Apache-2.0
#include "sim/churn/words.h"

#include "signal/json_object.h"

namespace heliograph::sim {
namespace {

using signal::JsonObject;

JsonObject begin(std::string_view name, const Session& who) {
  JsonObject ss;
  ss.text("userId", who.user).text("sessionId", who.session).text("category", "stream");
  ss.text("host", "Web").text("deviceId", "churn");
  JsonObject signal;
  signal.text("s", name).text("ch", "m2m").raw("ss", ss.take()).text("rid", who.room);
  return signal;
}

JsonObject begin(std::string_view name, const Session& who, const Session& to) {
  auto signal = begin(name, who);
  signal.raw("to", JsonObject().text("userId", to.user).text("sessionId", to.session).take());
  return signal;
}

std::string wrap(std::string_view action, JsonObject& signal) {
  return JsonObject().text("action", action).raw("data", signal.take()).take();
}

constexpr std::string_view kRestarting = R"({"restarting":true})";

}  // namespace

std::string restarting_offer(const Session& who, std::string_view sdp) {
  return wrap("offer", begin("OFFER", who).text("sdp", sdp).raw("op", kRestarting));
}
std::string restarting_watch(const Session& who, const Session& publisher) {
  return wrap("watch", begin("WATCH", who, publisher).raw("op", kRestarting));
}
std::string unpublish(const Session& who) {
  auto signal = begin("UNPUBLISH", who);
  return wrap("unpublish", signal);
}
std::string unwatch(const Session& who, const Session& publisher) {
  auto signal = begin("UNWATCH", who, publisher);
  return wrap("unwatch", signal);
}
std::string update(const Session& who, bool video, bool audio) {
  return wrap("updateVideo", begin("UPDATE", who).boolean("ve", video).boolean("ae", audio));
}
std::string simulcast_update(const Session& who, const Session& publisher, std::string_view layer, bool pause) {
  return wrap("simulcastUpdate",
              begin("SIMULCAST_UPDATE", who, publisher).text("layer", layer).boolean("pause", pause));
}
std::string kick(const Session& who, const Session& whom) {
  auto signal = begin("KICK", who, whom);
  return wrap("kick", signal);
}
std::string end_of_candidates(const Session& who, const Session& publisher) {
  return wrap("iceCandidate", begin("ICE", who, publisher).text("sdp", ""));
}

}  // namespace heliograph::sim
