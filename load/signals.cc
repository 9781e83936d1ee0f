// SPDX-License-Identifier: Apache-2.0
#include "load/signals.h"

#include <simdjson.h>

#include "signal/json_object.h"

namespace heliograph::load {
namespace {

using signal::JsonObject;
using simdjson::dom::element;

std::string session_info(const Session& who) {
  JsonObject ss;
  ss.text("userId", who.user).text("sessionId", who.session).text("category", "stream");
  return ss.text("host", "Web").text("deviceId", "heliograph-load").take();
}

JsonObject begin(std::string_view name, const Session& who) {
  JsonObject signal;
  signal.text("s", name).text("ch", "m2m").raw("ss", session_info(who)).text("rid", who.room);
  return signal;
}

std::string wrap(std::string_view action, JsonObject signal) {
  return JsonObject().text("action", action).raw("data", signal.take()).take();
}

std::string target(const Session& publisher) {
  return JsonObject().text("userId", publisher.user).text("sessionId", publisher.session).take();
}

std::string text_at(const element& from, std::string_view key) {
  std::string_view text;
  return from[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

}  // namespace

std::string join(const Session& who, bool creates_room) {
  auto signal = begin("JOIN", who);
  signal.boolean("ve", true).boolean("ae", true);
  signal.raw("op", JsonObject().boolean("roomCreating", creates_room).take());
  return wrap("join", std::move(signal));
}

std::string leave(const Session& who) { return wrap("leave", begin("LEAVE", who)); }

std::string heartbeat(const Session& who) {
  auto signal = begin("HEARTBEAT", who);
  signal.boolean("send_ack", false);
  return wrap("heartbeat", std::move(signal));
}

std::string offer(const Session& who, std::string_view sdp) {
  auto signal = begin("OFFER", who);
  signal.text("sdp", sdp);
  return wrap("offer", std::move(signal));
}

std::string watch(const Session& who, const Session& publisher) {
  auto signal = begin("WATCH", who);
  signal.raw("to", target(publisher));
  return wrap("watch", std::move(signal));
}

std::string answer(const Session& who, const Session& publisher, std::string_view sdp) {
  auto signal = begin("ANSWER", who);
  signal.raw("to", target(publisher)).text("sdp", sdp);
  return wrap("answer", std::move(signal));
}

std::optional<Heard> hear(const std::string& text) {
  simdjson::dom::parser parser;
  element root;
  int64_t code = 0;
  if (parser.parse(text).get(root) != simdjson::SUCCESS || root["c"].get(code) != simdjson::SUCCESS)
    return std::nullopt;
  Heard heard;
  heard.code = static_cast<int>(code);
  heard.name = text_at(root, "s");
  element body;
  if (heard.name.empty()) return std::nullopt;
  if (root["b"].get(body) != simdjson::SUCCESS) return heard;
  heard.message = text_at(body, "msg");
  heard.sdp = text_at(body, "sdp");
  int64_t wait = 0;
  if (body["retryAfter"].get(wait) == simdjson::SUCCESS) heard.retry_after = base::Duration::millis(wait);
  simdjson::dom::array list;
  if (body["pps"].get(list) != simdjson::SUCCESS) return heard;
  for (const auto entry : list)
    heard.publications.push_back({text_at(entry, "id"), text_at(entry, "sessionId"), text_at(entry, "sdp")});
  return heard;
}

}  // namespace heliograph::load
