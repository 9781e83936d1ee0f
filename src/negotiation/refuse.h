// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/refusal.h"
#include "sdp/description.h"

namespace heliograph::negotiation {

// 2001 with one sentence.
template <class... Args>
std::unexpected<base::Refusal> refuse(fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(base::Refusal{base::Code::kInvalidSignal, fmt::format(format, std::forward<Args>(args)...)});
}

inline std::expected<sdp::Description, base::Refusal> parse_or_refuse(std::string_view text) {
  auto parsed = sdp::parse(text);
  if (parsed) return std::move(*parsed);
  const auto& [line, what] = parsed.error();
  return line == 0 ? refuse("the SDP cannot be read: {}", what)
                   : refuse("the SDP cannot be read, line {}: {}", line, what);
}

}  // namespace heliograph::negotiation
