// SPDX-License-Identifier: Apache-2.0
// Which signals there are in which rooms, and what their fields may be: section 5 of behaviour.md, for the model of the
// rooms (test_model.h). For tests only.
#pragma once

#include <string>
#include <string_view>

#include "control/test_says.h"

namespace heliograph::control::model {

inline bool is_one_of(const std::string& word, std::string_view words) {
  return (" " + std::string(words) + " ").find(" " + word + " ") != std::string::npos;
}
inline bool knows_2002(Name name) { return name != Name::kHeartbeat && name != Name::kIceServers; }
inline bool exists_in(Name name, const std::string& ch) {
  const auto s = std::string(to_text(name));
  if (is_one_of(s, "OFFER ANSWER ICE JOIN LEAVE HEARTBEAT UPDATE ICE_SERVERS")) return is_one_of(ch, "m2m a2m p2p");
  return is_one_of(ch, s == "SIMULCAST_UPDATE" ? "m2m" : "m2m a2m");
}
// What `to` may be (B-30, B-40, B-41; section 5).
inline bool to_fits(const Say& say) {
  using To = Say::To;
  const bool p2p = say.who.ch == "p2p";
  const bool own = say.to_user == say.who.user;
  switch (say.name) {
    case Name::kAnswer:
      return say.to == To::kSession || (p2p && say.to != To::kNone) || (say.who.ch == "x2x" && say.to != To::kNone);
    case Name::kIce:
      return say.to == To::kSession || say.to == To::kNone || p2p || own || say.who.ch == "x2x";
    case Name::kWatch:
      if (say.to == To::kSession) return !own || say.to_session != say.who.session;
      return say.to == To::kUserObject;
    case Name::kUnwatch:
      return say.to == To::kSession || say.to == To::kUserObject;
    case Name::kSimulcastUpdate:
      return say.to == To::kSession && is_one_of(say.layer, "h m l auto");
    case Name::kKick:
    case Name::kPublishAccept:
    case Name::kPublishReject:
      return say.to != To::kNone;
    case Name::kUpdate:
      return say.ve || say.ae;  // B-51
    default:
      return true;
  }
}

}  // namespace heliograph::control::model
