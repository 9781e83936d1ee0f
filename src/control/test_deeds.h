// SPDX-License-Identifier: Apache-2.0
// What an operator does in a random walk, to the control plane and to the model of its rooms (test_model.h). For tests
// only.
#pragma once

#include <array>
#include <optional>

#include "control/admin.h"
#include "control/test_model.h"
#include "control/test_steps.h"

namespace heliograph::control::model {

// The codes that the operator was told and should have been told; 0: done.
struct Told {
  int is = 0;
  int should = 0;
};

inline Told do_deed(const Step& step, Model& model, TestWorld& world) {
  const auto& [user, session, ch, rid] = step.say.who;
  const bool yes = step.how % 2 == 0;
  const auto role = std::array{room::Role::kViewer, room::Role::kPublisher, room::Role::kAdmin}[step.how % 3];
  const auto channel = signal::channel_of_text(ch).value_or(signal::Channel::kM2m);
  const auto code = [](const auto& result) { return result ? 0 : static_cast<int>(result.error().code); };
  Told told;
  world.operate([&](Out& out) {
    Admin admin(world.control, world.now, "operator", out);
    switch (kDeeds[step.which % kDeeds.size()]) {
      case Deed::kMake:
        told.should = model.make_room(rid, std::string(to_text(channel)), yes);
        return void(told.is = code(admin.create(rid, channel, {.persistent = yes})));
      case Deed::kKeep:
        told.should = model.keep_room(rid, yes);
        return void(told.is = code(admin.change(rid, {.persistent = yes})));
      case Deed::kClose:
        told.should = model.end_room(rid);
        return void(told.is = code(admin.close(rid, "over")));
      case Deed::kRole:
        told.should = model.put_user(rid, user, role, std::nullopt);
        return void(told.is = code(admin.put_participant(rid, user, role, std::nullopt)));
      case Deed::kBan:
        told.should = model.put_user(rid, user, std::nullopt, step.how == 0);
        return void(told.is = code(admin.put_participant(rid, user, std::nullopt, step.how == 0)));
      case Deed::kKick:
        told.should = model.kick_user(rid, user);
        return void(told.is = code(admin.kick(rid, user)));
      case Deed::kTokens:
        told.should = model.ask_for_tokens(rid, yes);
        return void(told.is = code(admin.change(rid, {.hls_tokens = yes})));
      case Deed::kStopHls:
        told.should = model.delete_stream(rid, {user, session});
        model.settle();
        return void(told.is = code(admin.stop_hls(rid, {user, session})));
      case Deed::kStartHls:
        told.should = model.put_stream(rid, {user, session});
        model.settle();
        const auto started = admin.start_hls(rid, {user, session});
        told.is = started && !*started ? Model::kNothingThere : code(started);
    }
  });
  return told;
}

}  // namespace heliograph::control::model
