// SPDX-License-Identifier: Apache-2.0
// What clients may say, typed and drawn at random: for the walks and the model. For tests only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "control/test_world.h"
#include "signal/name.h"

namespace heliograph::control {

using signal::Name;

// The offers of a small publisher: what the rules look at, and nothing else.
struct OfferSdp {
  bool audio = true;
  bool video = true;
  bool vp8 = true;  // else H264
  uint8_t ufrag = 0;
  uint8_t fingerprint = 0;
  bool broken = false;

  bool operator==(const OfferSdp&) const = default;

  std::string text() const {
    if (broken) return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
    const std::string transport = "a=ice-ufrag:frag" + std::to_string(ufrag) +
                                  "\r\na=ice-pwd:passwordpasswordpassword\r\na=setup:actpass\r\na=rtcp-mux\r\n"
                                  "a=fingerprint:sha-256 " +
                                  (fingerprint == 0 ? "00" : "11") + tail() + "\r\na=sendonly\r\n";
    std::string sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
    if (audio && video) sdp += "a=group:BUNDLE 0 1\r\n";
    if (audio) sdp += section("audio", "111", "opus/48000/2", "0") + transport;
    if (video) sdp += section("video", "96", vp8 ? "VP8/90000" : "H264/90000", "1") + transport;
    return sdp;
  }

 private:
  static std::string section(const std::string& kind, const std::string& pt, const std::string& codec,
                             const std::string& mid) {
    return "m=" + kind + " 9 UDP/TLS/RTP/SAVPF " + pt + "\r\nc=IN IP4 0.0.0.0\r\na=mid:" + mid + "\r\na=rtpmap:" + pt +
           " " + codec + "\r\n";
  }
  static const std::string& tail() {
    static const std::string text = [] {
      std::string result;
      for (int i = 0; i < 31; ++i) result += ":AB";
      return result;
    }();
    return text;
  }
};

// One signal of one client.
struct Say {
  enum class To : uint8_t { kNone, kUser, kUserObject, kSession };  // absent, a String, {userId}, {userId, sessionId}

  Name name = Name::kUnknown;
  Who who;
  uint64_t tid = 0;
  bool misshapen = false;  // a field of the wrong type
  To to = To::kNone;
  std::string to_user;
  std::string to_session;
  std::optional<bool> ve, ae;
  bool creating = false, members = false;  // JOIN
  std::string token;                       // JOIN; "" is none
  bool send_ack = true;                    // HEARTBEAT
  bool restarting = false;                 // OFFER, WATCH
  std::optional<bool> hls;                 // OFFER
  bool ban = false;                        // KICK
  std::string layer;                       // SIMULCAST_UPDATE
  std::optional<bool> pause;
  OfferSdp offer;
  std::string sdp;      // ANSWER, ICE
  std::string refused;  // by the ANSWER: 'a', 'v'

  std::string data() const;
  std::string text() const;
};

inline std::string_view action_of(Name name) {
  switch (name) {
    case Name::kOffer:
      return "offer";
    case Name::kAnswer:
      return "answer";
    case Name::kIce:
      return "iceCandidate";
    case Name::kWatch:
      return "watch";
    case Name::kJoin:
      return "join";
    case Name::kLeave:
      return "leave";
    case Name::kHeartbeat:
      return "heartbeat";
    case Name::kUpdate:
      return "updateVideo";
    case Name::kUnpublish:
      return "unpublish";
    case Name::kUnwatch:
      return "unwatch";
    case Name::kSimulcastUpdate:
      return "simulcastUpdate";
    case Name::kKick:
      return "kick";
    case Name::kPublishRequest:
      return "publishRequest";
    case Name::kPublishAccept:
      return "publishAccept";
    case Name::kPublishReject:
      return "publishReject";
    case Name::kIceServers:
      return "iceServers";
    default:
      return "";
  }
}

inline std::string boolean(bool value) { return value ? "true" : "false"; }

inline std::string Say::data() const {
  std::string text = R"({"s":")" + std::string(to_text(name)) + R"(","ch":")" + who.ch + R"(","ss":)" +
                     (misshapen ? R"("nobody")" : who.ss()) + R"(,"rid":")" + who.rid + R"(","tid":)" +
                     std::to_string(tid);
  if (to == To::kUser) text += R"(,"to":")" + to_user + "\"";
  if (to == To::kUserObject) text += R"(,"to":{"userId":")" + to_user + "\"}";
  if (to == To::kSession) text += "," + Who{to_user, to_session, "", ""}.to();
  if (ve) text += ",\"ve\":" + boolean(*ve);
  if (ae) text += ",\"ae\":" + boolean(*ae);
  if (!token.empty()) text += R"(,"token":")" + token + "\"";
  if (!layer.empty()) text += R"(,"layer":")" + layer + "\"";
  if (pause) text += ",\"pause\":" + boolean(*pause);
  if (name == Name::kHeartbeat) text += R"(,"bid":"b","send_ack":)" + boolean(send_ack);
  if (name == Name::kOffer) text += "," + sdp_field(offer.text());
  if (name == Name::kAnswer || name == Name::kIce) text += "," + sdp_field(sdp);
  std::string op;
  const auto flag = [&](bool set, const char* key) {
    op += set ? std::string(op.empty() ? "" : ",") + "\"" + key + "\":true" : "";
  };
  flag(creating, "roomCreating");
  flag(members, "members");
  flag(restarting, "restarting");
  flag(ban, "ban");
  if (hls) op += (op.empty() ? "" : ",") + std::string("\"hlsForwarding\":") + boolean(*hls);
  if (!op.empty()) text += ",\"op\":{" + op + "}";
  return text + "}";
}

inline std::string Say::text() const {
  return R"({"action":")" + std::string(action_of(name)) + R"(","data":)" + data() + "}";
}

// Draws from `pick(n)`, a number below n: of a generator, or of a fuzzer's bytes. Few names, so that people meet;
// mostly what makes sense, so that walks come far.
template <class Pick>
class Drawn {
 public:
  explicit Drawn(Pick& pick) : pick_(pick) {}

  bool one_in(uint32_t n) { return pick_(n) == 0; }

  static constexpr std::array kUsers = {"a", "b", "c", "d"};

  // `own`: whose device the socket mostly is: the first of each user, then their second ones.
  Who who(size_t own) {
    static constexpr std::array kRooms = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 2};
    static constexpr std::array kChannels = {"m2m", "a2m", "p2p", "x2x"};
    const auto room = static_cast<size_t>(kRooms[pick_(kRooms.size())]);
    return {.user = kUsers[one_in(20) ? pick_(4) : own % 4],
            .session = (own >= kUsers.size()) != one_in(20) ? "1" : "0",
            .ch = kChannels[one_in(24) ? pick_(4) : room],
            .rid = "r" + std::to_string(room)};
  }

  Say say(size_t own) {
    using enum Name;
    static constexpr std::array kNames = {kJoin,
                                          kJoin,
                                          kJoin,
                                          kJoin,
                                          kJoin,
                                          kOffer,
                                          kOffer,
                                          kOffer,
                                          kOffer,
                                          kWatch,
                                          kWatch,
                                          kWatch,
                                          kWatch,
                                          kWatch,
                                          kWatch,
                                          kIce,
                                          kIce,
                                          kAnswer,
                                          kUpdate,
                                          kUpdate,
                                          kLeave,
                                          kHeartbeat,
                                          kHeartbeat,
                                          kUnwatch,
                                          kUnpublish,
                                          kKick,
                                          kSimulcastUpdate,
                                          kSimulcastUpdate,
                                          kSimulcastUpdate,
                                          kPublishRequest,
                                          kPublishAccept,
                                          kPublishAccept,
                                          kPublishReject,
                                          kIceServers};
    Say say;
    say.name = kNames[pick_(kNames.size())];
    say.who = who(own);
    say.misshapen = one_in(40);
    fill(say);
    return say;
  }

 private:
  std::optional<bool> maybe() {
    const auto n = pick_(4);
    return n == 0 ? std::optional<bool>() : std::optional(n != 1);
  }
  void target(Say& say, Say::To usual, uint32_t unusual_in) {
    say.to = one_in(unusual_in) ? static_cast<Say::To>(pick_(4)) : usual;
    say.to_user = kUsers[pick_(4)];
    say.to_session = one_in(4) ? "1" : "0";
  }
  OfferSdp offer() {
    OfferSdp sdp{.audio = !one_in(4), .video = !one_in(4), .vp8 = !one_in(4)};
    sdp.ufrag = static_cast<uint8_t>(pick_(2));
    sdp.fingerprint = one_in(3) ? 1 : 0;
    sdp.broken = one_in(16);
    return sdp;
  }
  void fill(Say& say) {
    switch (say.name) {
      case Name::kJoin:
        say.creating = one_in(3);
        say.members = one_in(3);
        say.ve = maybe();
        say.ae = maybe();
        return;
      case Name::kOffer:
        say.offer = offer();
        say.restarting = one_in(2);
        if (!one_in(3)) say.hls = !one_in(4);
        if (say.who.ch == "p2p" || one_in(4)) target(say, Say::To::kUser, 2);
        return;
      case Name::kWatch:
        say.restarting = one_in(4);
        if (one_in(6)) return target(say, Say::To::kUserObject, 2);
        return target(say, Say::To::kSession, 24);
      case Name::kAnswer:
        say.sdp = "x";
        return target(say, Say::To::kSession, 6);
      case Name::kIce:
        say.sdp = std::array{"", "x", "candidate:1 1 udp 2 192.0.2.9 9 typ host"}[pick_(3)];
        return target(say, Say::To::kSession, 3);
      case Name::kHeartbeat:
        say.send_ack = !one_in(4);
        return;
      case Name::kUpdate:
        say.ve = maybe();
        say.ae = maybe();
        return;
      case Name::kUnwatch:
        return target(say, Say::To::kSession, 12);
      case Name::kSimulcastUpdate:
        say.layer = std::array{"h", "m", "l", "auto", "x"}[one_in(16) ? 4 : pick_(4)];
        say.pause = maybe();
        return target(say, Say::To::kSession, 16);
      case Name::kKick:
        say.ban = one_in(6);
        return target(say, one_in(2) ? Say::To::kUser : Say::To::kSession, 16);
      case Name::kPublishAccept:
      case Name::kPublishReject:
        return target(say, one_in(2) ? Say::To::kUser : Say::To::kSession, 16);
      case Name::kPublishRequest:
        say.ve = maybe();
        say.ae = maybe();
        return;
      default:
        return;
    }
  }

  Pick& pick_;
};

}  // namespace heliograph::control
