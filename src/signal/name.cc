// SPDX-License-Identifier: Apache-2.0
#include "signal/name.h"

#include <algorithm>
#include <array>

namespace heliograph::signal {
namespace {

using base::Code;

enum Rooms : uint8_t { kNoRoom = 0, kInM2m = 1, kInA2m = 2, kInP2p = 4, kThroughServer = kInM2m | kInA2m, kAll = 7 };

// behaviour.md section 5, one row a signal; codes beyond 500 and 2001, which all have.
struct Row {
  Name name;
  std::string_view s;
  std::string_view action;  // "" for pushes
  Rooms rooms;
  std::array<Code, 6> codes{};  // the rest is 0
};

constexpr std::array kRows = {
    Row{Name::kUnknown, "UNKNOWN", "", kNoRoom, {}},
    Row{Name::kOffer,
        "OFFER",
        "offer",
        kAll,
        {Code::kUnsupportedChannel, Code::kRoomNotFound, Code::kRecipientNotMember, Code::kPermissionNotFound}},
    Row{Name::kAnswer,
        "ANSWER",
        "answer",
        kAll,
        {Code::kUnsupportedChannel, Code::kRoomNotFound, Code::kRecipientNotMember, Code::kUserLeft}},
    Row{Name::kIce,
        "ICE",
        "iceCandidate",
        kAll,
        {Code::kUnsupportedChannel, Code::kRoomNotFound, Code::kRecipientNotMember}},
    Row{Name::kWatch,
        "WATCH",
        "watch",
        kThroughServer,
        {Code::kUnsupportedChannel, Code::kRoomNotFound, Code::kUserLeft}},
    Row{Name::kJoin,
        "JOIN",
        "join",
        kAll,
        {Code::kUnsupportedChannel, Code::kRoomNotFound, Code::kAlreadyExistRoom, Code::kRoomFull, Code::kUnauthorized,
         Code::kBanned}},
    Row{Name::kLeave, "LEAVE", "leave", kAll, {Code::kUnsupportedChannel, Code::kRoomNotFound}},
    Row{Name::kHeartbeat, "HEARTBEAT", "heartbeat", kAll, {Code::kRoomNotFound}},
    Row{Name::kUpdate,
        "UPDATE",
        "updateVideo",
        kAll,
        {Code::kUnsupportedChannel, Code::kRoomNotFound, Code::kPermissionNotFound}},
    Row{Name::kUnpublish,
        "UNPUBLISH",
        "unpublish",
        kThroughServer,
        {Code::kUnsupportedChannel, Code::kRoomNotFound, Code::kPermissionNotFound}},
    Row{Name::kUnwatch, "UNWATCH", "unwatch", kThroughServer, {Code::kUnsupportedChannel, Code::kRoomNotFound}},
    Row{Name::kSimulcastUpdate,
        "SIMULCAST_UPDATE",
        "simulcastUpdate",
        kInM2m,
        {Code::kUnsupportedChannel, Code::kRoomNotFound, Code::kUserLeft}},
    Row{Name::kKick,
        "KICK",
        "kick",
        kThroughServer,
        {Code::kUnsupportedChannel, Code::kRoomNotFound, Code::kNotRoomMember, Code::kPermissionNotFound}},
    Row{Name::kPublishRequest,
        "PUBLISH_REQUEST",
        "publishRequest",
        kThroughServer,
        {Code::kUnsupportedChannel, Code::kRoomNotFound, Code::kAlreadyIsPublisher}},
    Row{Name::kPublishAccept,
        "PUBLISH_ACCEPT",
        "publishAccept",
        kThroughServer,
        {Code::kUnsupportedChannel, Code::kRoomNotFound, Code::kNotRoomMember, Code::kRoomFull,
         Code::kPermissionNotFound}},
    Row{Name::kPublishReject,
        "PUBLISH_REJECT",
        "publishReject",
        kThroughServer,
        {Code::kUnsupportedChannel, Code::kRoomNotFound, Code::kNotRoomMember, Code::kRoomFull,
         Code::kPermissionNotFound}},
    Row{Name::kIceServers, "ICE_SERVERS", "iceServers", kAll, {Code::kRoomNotFound}},
    Row{Name::kPublishListChanged, "PUBLISH_LIST_CHANGED", "", kNoRoom, {}},
    Row{Name::kMemberListChanged, "MEMBER_LIST_CHANGED", "", kNoRoom, {}},
    Row{Name::kKicked, "KICKED", "", kNoRoom, {}},
    Row{Name::kRoomClosed, "ROOM_CLOSED", "", kNoRoom, {}},
    Row{Name::kSessionReplaced, "SESSION_REPLACED", "", kNoRoom, {}},
    Row{Name::kKeepAlive, "KEEP_ALIVE", "", kNoRoom, {}},
    Row{Name::kHlsState, "HLS_STATE", "", kNoRoom, {}},
};

const Row& row_of(Name name) { return *std::ranges::find(kRows, name, &Row::name); }

}  // namespace

std::string_view to_text(Name name) { return row_of(name).s; }

std::string_view to_text(Channel channel) {
  switch (channel) {
    case Channel::kM2m:
      return "m2m";
    case Channel::kA2m:
      return "a2m";
    case Channel::kP2p:
      return "p2p";
  }
  return "";
}

Name name_of_text(std::string_view s) {
  const auto row = std::ranges::find_if(kRows, [&](const Row& r) { return !r.action.empty() && r.s == s; });
  return row == kRows.end() ? Name::kUnknown : row->name;
}

Name name_of_action(std::string_view action) {
  const auto row = std::ranges::find_if(kRows, [&](const Row& r) { return !r.action.empty() && r.action == action; });
  return row == kRows.end() ? Name::kUnknown : row->name;
}

std::optional<Channel> channel_of_text(std::string_view ch) {
  for (const auto channel : {Channel::kM2m, Channel::kA2m, Channel::kP2p})
    if (to_text(channel) == ch) return channel;
  return std::nullopt;
}

std::string_view to_text(Layer layer) {
  switch (layer) {
    case Layer::kHigh:
      return "h";
    case Layer::kMedium:
      return "m";
    case Layer::kLow:
      return "l";
    case Layer::kAuto:
      return "auto";
  }
  return "";
}

std::optional<Layer> layer_of_text(std::string_view text) {
  for (const auto layer : {Layer::kHigh, Layer::kMedium, Layer::kLow, Layer::kAuto})
    if (to_text(layer) == text) return layer;
  return std::nullopt;
}

bool exists_in(Name name, Channel channel) {
  const auto bit = channel == Channel::kM2m ? kInM2m : channel == Channel::kA2m ? kInA2m : kInP2p;
  return (row_of(name).rooms & bit) != 0;
}

bool may_answer(Name name, Code code) {
  if (code == Code::kInternalServerError || code == Code::kInvalidSignal) return true;
  return std::ranges::find(row_of(name).codes, code) != row_of(name).codes.end();
}

}  // namespace heliograph::signal
