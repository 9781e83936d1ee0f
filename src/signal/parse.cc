// SPDX-License-Identifier: Apache-2.0
#include "signal/parse.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "signal/envelope.h"
#include "signal/fields.h"

namespace heliograph::signal {
namespace {

using base::Code;
using base::Refusal;

constexpr std::array<std::string_view, 6> kHosts = {"iOS", "iOS_EX", "Android", "Web", "Web_Studio", "Server"};
constexpr std::array<std::string_view, 2> kCategories = {"stream", "screenshare"};

// The first thing that is wrong with the outside; "" when nothing is.
std::string envelope_error(const Envelope& envelope) {
  if (!envelope.duplicate.empty()) return "the key " + envelope.duplicate + " stands twice in one object";
  if (envelope.action == Name::kUnknown) return "action is missing, or no action that is known";
  if (!envelope.has_data) return "data is missing";
  if (!envelope.object) return "data must be an object";
  if (name_of_text(envelope.s) == Name::kUnknown) return "data.s is missing, or no signal that is known";
  if (name_of_text(envelope.s) != envelope.action)
    return "action and data.s disagree: data.s of this action is " + std::string(to_text(envelope.action));
  return {};
}

// One of a closed set (B-11).
std::string choice(Fields& fields, std::string_view name, std::span<const std::string_view> set) {
  auto value = fields.text(name);
  if (std::ranges::find(set, value) != set.end()) return value;
  std::string all;
  for (const auto& one : set) all += (all.empty() ? "" : ", ") + std::string(one);
  fields.fail("data.ss." + std::string(name) + " must be one of " + all);
  return value;
}

SessionInfo session_info(Fields& data) {
  auto ss = data.child("ss");
  if (!ss) {
    data.fail("data.ss is missing");
    return {};
  }
  SessionInfo from;
  from.user_id = ss->id("userId");
  from.session_id = ss->id("sessionId");
  from.category = choice(*ss, "category", kCategories);
  from.host = choice(*ss, "host", kHosts);
  from.device_id = ss->optional_text("deviceId");
  if (!ss->error().empty()) data.fail(ss->error());
  return from;
}

// What the readers of bodies read from: the fields of data, and what is known already.
struct Source {
  Fields& data;
  const Envelope& envelope;
  const Header& header;
  std::optional<Channel> channel;

  bool through_server() const { return channel && *channel != Channel::kP2p; }
};

Body read_offer(Source& in) {
  Offer offer;
  offer.to = in.data.to(/*lenient=*/in.channel != Channel::kP2p);  // B-20
  offer.sdp = in.data.text("sdp");
  offer.op = in.envelope.op;
  if (auto op = in.data.child("op")) {
    offer.restarting = op->flag("restarting", false);
    offer.hls_forwarding = op->optional_boolean("hlsForwarding");
    in.data.fail(op->error());
  }
  return offer;
}

Body read_answer(Source& in) {
  Answer answer;
  answer.to = in.data.to(/*lenient=*/false);
  answer.sdp = in.data.text("sdp");
  const auto* target = std::get_if<Target>(&answer.to);
  if (std::holds_alternative<std::monostate>(answer.to)) in.data.fail("data.to is missing");
  if (in.through_server() && (target == nullptr || !target->session_id))  // B-40
    in.data.fail("data.to must be {userId, sessionId} of the watched session in this room type");
  return answer;
}

Body read_ice(Source& in) {
  Ice ice;
  ice.to = in.data.to(/*lenient=*/false);
  ice.sdp = in.data.text("sdp");
  if (!in.through_server()) return ice;
  // B-41: the own userId alone means the uplink; another user's alone names no connection.
  const auto* user = std::get_if<UserTarget>(&ice.to);
  const auto* target = std::get_if<Target>(&ice.to);
  const bool other_user = (user != nullptr && user->user_id != in.header.from.user_id) ||
                          (target != nullptr && !target->session_id && target->user_id != in.header.from.user_id);
  if (other_user)
    in.data.fail("data.to must be {userId, sessionId} of the session whose connection this candidate is for");
  return ice;
}

// `to` as an object; `what` is the session for the sentence.
Target target(Source& in, std::string_view what) {
  const auto to = in.data.to(/*lenient=*/false);
  if (const auto* object = std::get_if<Target>(&to)) return *object;
  in.data.fail("data.to must be {userId, sessionId} of the " + std::string(what));
  return {};
}

Body read_watch(Source& in) {
  Watch watch;
  watch.to = target(in, "session to watch");
  const auto& from = in.header.from;
  if (watch.to.user_id == from.user_id && watch.to.session_id == from.session_id)
    in.data.fail("data.to is the session that sends the signal; it cannot watch itself");
  if (auto op = in.data.child("op")) {
    watch.restarting = op->flag("restarting", false);
    in.data.fail(op->error());
  }
  return watch;
}

Body read_join(Source& in) {
  Join join;
  join.video = in.data.flag("ve", true);
  join.audio = in.data.flag("ae", true);
  join.token = in.data.token("token");
  if (auto op = in.data.child("op")) {
    join.room_creating = op->flag("roomCreating", false);
    join.members = op->flag("members", false);
    join.name = op->optional_text("name");
    in.data.fail(op->error());
  }
  return join;
}

Body read_heartbeat(Source& in) {
  in.data.check_scalar("bid");
  return Heartbeat{.bid = in.envelope.bid, .send_ack = in.data.flag("send_ack", true)};
}

Body read_update(Source& in) {
  Update update{.video = in.data.optional_boolean("ve"), .audio = in.data.optional_boolean("ae")};
  if (!update.video && !update.audio) in.data.fail("data.ve and data.ae are both missing");  // B-51
  return update;
}

// The same or, as a String, all sessions of a user.
Target user_or_session(Source& in) {
  const auto to = in.data.to(/*lenient=*/false);
  if (const auto* object = std::get_if<Target>(&to)) return *object;
  if (const auto* user = std::get_if<UserTarget>(&to)) return {.user_id = user->user_id, .session_id = std::nullopt};
  in.data.fail("data.to is missing: the userId, or {userId, sessionId}, of the one concerned");
  return {};
}

Body read_simulcast_update(Source& in) {
  SimulcastUpdate update;
  update.to = target(in, "watched session");
  if (!update.to.session_id) in.data.fail("data.to.sessionId is missing");
  const auto layer = layer_of_text(in.data.text("layer"));
  if (!layer) in.data.fail("data.layer is none of h, m, l and auto");
  update.layer = layer.value_or(Layer::kAuto);
  update.pause = in.data.flag("pause", false);
  return update;
}

Body read_kick(Source& in) {
  Kick kick{.to = user_or_session(in), .ban = false};
  if (auto op = in.data.child("op")) {
    kick.ban = op->flag("ban", false);
    in.data.fail(op->error());
  }
  return kick;
}

Body read_publish_request(Source& in) {
  in.data.optional_boolean("ve");
  in.data.optional_boolean("ae");
  return PublishRequest{};
}

Body read_body(Name name, Source& in) {
  switch (name) {
    case Name::kOffer:
      return read_offer(in);
    case Name::kAnswer:
      return read_answer(in);
    case Name::kIce:
      return read_ice(in);
    case Name::kWatch:
      return read_watch(in);
    case Name::kJoin:
      return read_join(in);
    case Name::kLeave:
      return Leave{};
    case Name::kHeartbeat:
      return read_heartbeat(in);
    case Name::kUpdate:
      return read_update(in);
    case Name::kUnpublish:
      return Unpublish{};
    case Name::kUnwatch:
      return Unwatch{target(in, "session that is watched no more")};
    case Name::kSimulcastUpdate:
      return read_simulcast_update(in);
    case Name::kKick:
      return read_kick(in);
    case Name::kPublishRequest:
      return read_publish_request(in);
    case Name::kPublishAccept:
      return PublishAccept{user_or_session(in)};
    case Name::kPublishReject:
      return PublishReject{user_or_session(in)};
    default:
      return IceServers{};  // the last of those that clients send
  }
}

// B-52: after the shape, whether the signal exists in a room of this type. HEARTBEAT and ICE_SERVERS know no 2002.
std::optional<Refusal> channel_refusal(Name name, std::optional<Channel> channel) {
  if (channel && exists_in(name, *channel)) return std::nullopt;
  const auto code = may_answer(name, Code::kUnsupportedChannel) ? Code::kUnsupportedChannel : Code::kInvalidSignal;
  if (!channel) return Refusal{code, "data.ch is none of m2m, a2m and p2p"};
  return Refusal{code, std::string(to_text(name)) + " does not exist in " + std::string(to_text(*channel)) + " rooms"};
}

// A tid that can be echoed: a string or a number (B-8).
std::string echoable_tid(const Envelope& envelope) {
  const char first = envelope.tid.empty() ? '{' : envelope.tid.front();
  return first == '"' || first == '-' || (first >= '0' && first <= '9') ? envelope.tid : std::string();
}

std::unexpected<Malformed> malformed(const Envelope& envelope, Refusal refusal) {
  return std::unexpected(Malformed{envelope.name, envelope.data, echoable_tid(envelope), std::move(refusal)});
}

}  // namespace

std::expected<Signal, Malformed> parse(std::string_view text) {
  Document document;
  const auto envelope = document.open(text);
  if (!envelope) return std::unexpected(Malformed{Name::kUnknown, {}, {}, {Code::kInvalidSignal, envelope.error()}});
  if (auto error = envelope_error(*envelope); !error.empty())
    return malformed(*envelope, {Code::kInvalidSignal, std::move(error)});

  Fields data(*envelope->object, "data");
  Signal signal;
  auto& header = signal.header;
  header.name = envelope->name;
  header.data = envelope->data;
  header.tid = envelope->tid;
  const auto channel = channel_of_text(data.text("ch"));
  header.from = session_info(data);
  header.rid = data.id("rid");
  data.check_scalar("tid");
  Source source{data, *envelope, header, channel};
  signal.body = read_body(header.name, source);
  if (!data.error().empty()) return malformed(*envelope, {Code::kInvalidSignal, data.error()});
  if (auto refusal = channel_refusal(header.name, channel)) return malformed(*envelope, std::move(*refusal));
  header.channel = *channel;
  return signal;
}

std::expected<std::string, std::string> candidate_attribute(std::string_view sdp) {
  std::string text(sdp);
  if (text.starts_with('{')) {  // the JSON of an RTCIceCandidateInit
    const simdjson::padded_string padded(text);
    simdjson::dom::parser parser;
    simdjson::dom::object init;
    std::string_view candidate;
    if (parser.allocate(padded.size() + 64, kMaxDepth) != simdjson::SUCCESS ||
        parser.parse(padded).get(init) != simdjson::SUCCESS ||
        init.at_key("candidate").get(candidate) != simdjson::SUCCESS)
      return std::unexpected("sdp begins like JSON but is no RTCIceCandidateInit with a candidate");
    text = std::string(candidate);
  }
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n' || text.back() == ' ')) text.pop_back();
  if (text.starts_with("a=")) text.erase(0, 2);
  if (text.empty() || text == "end-of-candidates") return std::string();
  if (!text.starts_with("candidate:")) return std::unexpected("sdp is no candidate attribute");
  return text;
}

}  // namespace heliograph::signal
