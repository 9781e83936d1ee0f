// SPDX-License-Identifier: Apache-2.0
#include "sdp/candidate.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "sdp/text.h"

namespace heliograph::sdp {
namespace {

constexpr size_t kMaxCandidateBytes = 1024;

bool is_foundation(std::string_view text) {  // 1–32 ice-chars; some clients write longer ones and other characters
  return !text.empty() && text.size() <= 64;
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

std::optional<Candidate> parse_candidate(std::string_view text) {
  text = trim(text);
  if (text.size() > kMaxCandidateBytes || !is_printable(text)) return std::nullopt;
  if (text.starts_with("a=")) text.remove_prefix(2);
  if (text.starts_with("candidate:")) text.remove_prefix(10);
  const auto parts = words(text);
  if (parts.size() < 8 || parts[6] != "typ" || !is_foundation(parts[0])) return std::nullopt;
  const auto component = number<uint32_t>(parts[1]);
  const auto priority = number<uint32_t>(parts[3]);
  const auto port = number<uint16_t>(parts[5]);
  const bool right = component && *component >= 1 && *component <= 256 && is_token(parts[2]) && priority && port;
  if (!right || !is_token(parts[7])) return std::nullopt;
  Candidate candidate{std::string(parts[0]), *component, std::string(parts[2]), *priority,
                      std::string(parts[4]), *port,      std::string(parts[7]), {}};
  for (size_t i = 8; i < parts.size(); ++i) candidate.extensions.append(i == 8 ? "" : " ").append(parts[i]);
  return candidate;
}

std::string to_string(const Candidate& c) {
  return fmt::format("{} {} {} {} {} {} typ {}{}{}", c.foundation, c.component, c.transport, c.priority, c.address,
                     c.port, c.type, c.extensions.empty() ? "" : " ", c.extensions);
}

}  // namespace heliograph::sdp
