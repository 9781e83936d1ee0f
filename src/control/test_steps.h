// SPDX-License-Identifier: Apache-2.0
// The steps of a random walk that the control plane and the model of its rooms (test_model.h) both take. For tests
// only.
#pragma once

#include <array>
#include <string>

#include <fmt/format.h>

#include "base/rng.h"
#include "control/test_rooms.h"

namespace heliograph::control::model {

inline constexpr size_t kSlots = 6;
inline constexpr size_t kTokensPerUser = 6;

// What the tests' tokens say: six for each user, "t0" to "t23".
inline Identity token(size_t index) {
  const std::string user = Drawn<base::Rng>::kUsers[index / kTokensPerUser % 4];
  Identity identity{.user_id = user, .username = "name of " + user, .create = true};
  switch (index % kTokensPerUser) {
    case 0:
      break;
    case 1:
      identity.role = room::Role::kPublisher;
      identity.create = false;
      break;
    case 2:
      identity.role = room::Role::kAdmin;
      break;
    case 3:
      identity.role = room::Role::kViewer;
      break;
    case 4:
      identity.rooms = {"r1", "?0", "x*"};
      break;
    default:
      identity.expires = Time::from_micros(1'000'000'000) + seconds(90);
  }
  return identity;
}

// Open mode twice in three, with everybody a publisher or not.
inline Config walk_config(uint64_t seed) {
  auto config = test_config();
  config.open_mode = seed % 3 != 2;
  config.open_mode_role = seed % 3 == 0 ? room::Role::kPublisher : room::Role::kViewer;
  config.verify = [](std::string_view text) -> std::expected<Identity, std::string> {
    if (!text.starts_with('t')) return std::unexpected("no token");
    return token(static_cast<size_t>(std::stoul(std::string(text.substr(1)))));
  };
  // Small, so that they are full now and then.
  config.limits.rooms = 2;
  config.limits.sessions_per_connection = 4;
  config.limits.downlinks_per_session = 2;
  config.limits.held_watches_per_session = 2;
  config.limits.publishing_users = 2;
  config.limits.hls_streams = 2;
  config.limits.user_rate = config.limits.address_rate = {};
  return config;
}

struct Step {
  enum class Kind : uint8_t { kSay, kAnswer, kSocket, kEvent, kHls, kPass, kOperator, kDrain };
  Kind kind = Kind::kSay;
  size_t slot = 0;   // the socket
  size_t which = 0;  // of what there is: the token, the waiting offer, the PeerConnection, the operator's deed
  size_t how = 0;
  Say say;
  base::Duration span;

  std::string text() const {
    switch (kind) {
      case Kind::kSay:
        return fmt::format("socket {} says {}", slot, say.text());
      case Kind::kAnswer:
        return fmt::format("the offer {} is answered on socket {}, without \"{}\"", which, slot, say.refused);
      case Kind::kSocket:
        return fmt::format("socket {} opens with token {}, or closes", slot, which);
      case Kind::kEvent:
        return fmt::format("event {} of PeerConnection {}", how, which);
      case Kind::kHls:
        return fmt::format("the packager says {} of {}/{}/{}", how % 4, say.who.rid, say.who.user, say.who.session);
      case Kind::kPass:
        return fmt::format("{} us pass", span.us());
      case Kind::kOperator:
        return fmt::format("operator's deed {} ({}) on room {}, user {}", which, how, say.who.rid, say.who.user);
      case Kind::kDrain:
        return "drain";
    }
    return {};
  }
};

// Steps know nothing of what was before them, so that any part of a walk is a walk.
class Steps {
 public:
  explicit Steps(uint64_t seed) : rng_(seed) {}

  Step next() {
    Step step;
    step.slot = rng_.below(kSlots);
    step.which = rng_.below(1'000);
    step.how = rng_.below(8);
    step.kind = kind();
    auto pick = [&](uint32_t n) { return static_cast<uint32_t>(rng_.below(n)); };
    Drawn drawn(pick);
    step.say = drawn.say(step.slot);
    if (step.say.name == Name::kJoin && drawn.one_in(2))
      step.say.token =
          drawn.one_in(6) ? "bad" : "t" + std::to_string(step.slot % 4 * kTokensPerUser + pick(kTokensPerUser));
    if (step.kind == Step::Kind::kAnswer) {
      step.say = Say{};
      step.say.refused = std::array{"", "", "", "a", "v", "av"}[pick(6)];
    }
    step.span = base::Duration::micros(static_cast<int64_t>(rng_.below(step.how == 0 ? 70'000'000 : 6'000'000)));
    return step;
  }

 private:
  Step::Kind kind() {
    using Kind = Step::Kind;
    const auto n = rng_.below(100);
    if (n < 56) return Kind::kSay;
    if (n < 66) return Kind::kAnswer;
    if (n < 70) return Kind::kSocket;
    if (n < 88) return Kind::kEvent;
    if (n < 90) return Kind::kHls;
    if (n < 98) return Kind::kPass;
    return Kind::kOperator;
  }
  base::Rng rng_;
};

enum class Deed : uint8_t { kMake, kKeep, kClose, kRole, kBan, kKick, kTokens, kStartHls, kStopHls };
inline constexpr std::array kDeeds = {Deed::kMake,     Deed::kMake,   Deed::kKeep,   Deed::kKeep,     Deed::kRole,
                                      Deed::kRole,     Deed::kRole,   Deed::kRole,   Deed::kBan,      Deed::kBan,
                                      Deed::kKick,     Deed::kClose,  Deed::kTokens, Deed::kStartHls, Deed::kStartHls,
                                      Deed::kStartHls, Deed::kStopHls};

}  // namespace heliograph::control::model
