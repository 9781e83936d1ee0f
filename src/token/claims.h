// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "token/refused.h"

namespace heliograph::token {

inline constexpr size_t kMaxSubject = 256;  // bytes, as every id of the contract (B-11)
inline constexpr size_t kMaxRoom = 256;     // each element of rid
inline constexpr size_t kMaxText = 1'024;   // name, fullname and avatar, each
// Between the clocks of who makes tokens and ours, in seconds.
inline constexpr int64_t kLeeway = 30;

enum class Role : uint8_t { kViewer, kPublisher, kAdmin };
std::string_view to_text(Role role);
std::optional<Role> role_of(std::string_view text);

// What a token says of who brings it (section 6 of behaviour.md). Times are seconds since 1970.
struct Claims {
  std::string subject = {};             // sub: the user's id
  int64_t expires = 0;                  // exp, without leeway
  std::vector<std::string> rooms = {};  // rid: globs; empty: any room
  std::optional<Role> role = {};
  std::optional<bool> create = {};
  std::string username = {};  // name
  std::string fullname = {};
  std::string avatar = {};

  bool operator==(const Claims&) const = default;
};

// Who the tokens must be from and for; empty: not looked at (RFC 7519 sections 4.1.1 and 4.1.3).
struct Expected {
  std::string issuer = {};
  std::string audience = {};
};

// The payload of a token whose signature was checked. Claims that are not ours are passed over.
std::expected<Claims, Refused> read_claims(std::string_view json, const Expected& expected, int64_t now);

// The payload of a token that read_claims() takes: no claim that is empty, and iat. `expected` becomes iss and aud.
std::string write_claims(const Claims& claims, const Expected& expected, int64_t now);

}  // namespace heliograph::token
