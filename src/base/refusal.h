// SPDX-License-Identifier: Apache-2.0
// The two errors that are told to somebody: a Refusal to the client, Trouble to the operator.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace heliograph::base {

// The contract's codes (webrtc-signals.md; behaviour.md section 5).
enum class Code : int {
  kOk = 200,
  kInternalServerError = 500,
  kInvalidSignal = 2001,
  kUnsupportedChannel = 2002,
  kRoomNotFound = 4001,
  kNotRoomMember = 4002,
  kRecipientNotMember = 4003,
  kAlreadyExistRoom = 4022,
  kAlreadyIsPublisher = 4023,
  kUserLeft = 4024,
  kRoomFull = 4025,
  kPermissionNotFound = 4051,
  kUnauthorized = 4052,
  kBanned = 4053,
};

// "INVALID_SIGNAL" and so on, as b.msg begins with (B-5).
std::string_view constant_name(Code code);

// What a client asked for and does not get: the code, and one sentence that a developer can act on.
struct Refusal {
  Code code = Code::kInvalidSignal;
  std::string sentence;
};

// What went wrong around us: bind failed, file missing.
struct Trouble {
  std::error_code error;
  std::string where;
};

}  // namespace heliograph::base
