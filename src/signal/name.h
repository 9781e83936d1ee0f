// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/refusal.h"

namespace heliograph::signal {

// `s` of every signal that a client may send (webrtc-signals.md; behaviour.md section 5) and of every push.
enum class Name : uint8_t {
  kUnknown,
  kOffer,
  kAnswer,
  kIce,
  kWatch,
  kJoin,
  kLeave,
  kHeartbeat,
  kUpdate,
  kUnpublish,
  kUnwatch,
  kSimulcastUpdate,
  kKick,
  kPublishRequest,
  kPublishAccept,
  kPublishReject,
  kIceServers,
  // Pushes: never sent by a client.
  kPublishListChanged,
  kMemberListChanged,
  kKicked,
  kRoomClosed,
  kSessionReplaced,
  kKeepAlive,
  kHlsState,
};

// The room types: `ch`.
enum class Channel : uint8_t { kM2m, kA2m, kP2p };
// `layer` of SIMULCAST_UPDATE: "h", "m", "l", "auto". The highest, the one between or the lowest of those that are
// there; kAuto leaves it to the server.
enum class Layer : uint8_t { kHigh, kMedium, kLow, kAuto };

// "OFFER"; "UNKNOWN" for kUnknown (B-4).
std::string_view to_text(Name name);
std::string_view to_text(Channel channel);
// Of the signals that clients send; kUnknown for anything else. Exact (B-1).
Name name_of_text(std::string_view s);
Name name_of_action(std::string_view action);
std::optional<Channel> channel_of_text(std::string_view ch);

std::string_view to_text(Layer layer);
std::optional<Layer> layer_of_text(std::string_view layer);

// Whether the signal exists in rooms of this type (behaviour.md section 5).
bool exists_in(Name name, Channel channel);
// Whether an error ack of this signal may carry this code: each signal's set is closed (B-6).
bool may_answer(Name name, base::Code code);

}  // namespace heliograph::signal
