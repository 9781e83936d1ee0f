// SPDX-License-Identifier: Apache-2.0
#include "base/refusal.h"

namespace heliograph::base {

std::string_view constant_name(Code code) {
  switch (code) {
    case Code::kOk:
      return "OK";
    case Code::kInternalServerError:
      return "INTERNAL_SERVER_ERROR";
    case Code::kInvalidSignal:
      return "INVALID_SIGNAL";
    case Code::kUnsupportedChannel:
      return "UNSUPPORTED_CHANNEL";
    case Code::kRoomNotFound:
      return "ROOM_NOT_FOUND";
    case Code::kNotRoomMember:
      return "NOT_ROOM_MEMBER";
    case Code::kRecipientNotMember:
      return "RECIPIENT_NOT_MEMBER";
    case Code::kAlreadyExistRoom:
      return "ALREADY_EXIST_ROOM";
    case Code::kAlreadyIsPublisher:
      return "ALREADY_IS_PUBLISHER";
    case Code::kUserLeft:
      return "USER_LEFT";
    case Code::kRoomFull:
      return "ROOM_FULL";
    case Code::kPermissionNotFound:
      return "PERMISSION_NOT_FOUND";
    case Code::kUnauthorized:
      return "UNAUTHORIZED";
    case Code::kBanned:
      return "BANNED";
  }
  return "INTERNAL_SERVER_ERROR";
}

}  // namespace heliograph::base
