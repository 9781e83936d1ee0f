// SPDX-License-Identifier: Apache-2.0
#include "base/refusal.h"

#include <set>

#include "gtest/gtest.h"

namespace heliograph::base {
namespace {

constexpr Code kAll[] = {Code::kOk,
                         Code::kInternalServerError,
                         Code::kInvalidSignal,
                         Code::kUnsupportedChannel,
                         Code::kRoomNotFound,
                         Code::kNotRoomMember,
                         Code::kRecipientNotMember,
                         Code::kAlreadyExistRoom,
                         Code::kAlreadyIsPublisher,
                         Code::kUserLeft,
                         Code::kRoomFull,
                         Code::kPermissionNotFound,
                         Code::kUnauthorized,
                         Code::kBanned};

TEST(Refusal, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (const auto code : kAll) names.insert(constant_name(code));
  EXPECT_EQ(names.size(), std::size(kAll));
}

TEST(Refusal, NamesAreTheContracts) {
  EXPECT_EQ(constant_name(Code::kInvalidSignal), "INVALID_SIGNAL");
  EXPECT_EQ(static_cast<int>(Code::kInvalidSignal), 2001);
  EXPECT_EQ(constant_name(Code::kUserLeft), "USER_LEFT");
  EXPECT_EQ(static_cast<int>(Code::kUserLeft), 4024);
}

}  // namespace
}  // namespace heliograph::base
