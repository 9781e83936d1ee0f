// SPDX-License-Identifier: Apache-2.0
#include "gateway/upgrade.h"

#include <algorithm>
#include <optional>

namespace heliograph::gateway {
namespace {

constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 3986 section 2.1, with the plus of application/x-www-form-urlencoded.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 3 <= text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 3 <= text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if ((a[i] | 0x20) != (b[i] | 0x20)) return false;
  return true;
}

// RFC 6750 section 3: an error_description holds printable ASCII without quotes and backslashes.
std::string describable(std::string_view sentence) {
  std::string out(sentence);
  std::ranges::replace_if(out, [](char c) { return c < ' ' || c > '~' || c == '"' || c == '\\'; }, '\'');
  return out;
}

std::string challenge(const Denial& denial) {
  // RFC 6750 section 3.1: who brought no token is told no error.
  if (denial.error.empty()) return "Bearer";
  return "Bearer error=\"" + std::string(denial.error) + "\", error_description=\"" + describable(denial.sentence) +
         "\"";
}

// Rounded up: who comes back when it says so must not be too early.
int64_t seconds_of(base::Duration time) { return (time.us() + 999'999) / 1'000'000; }

}  // namespace

Response denied(const Denial& denial) {
  auto response = problem(denial.status, denial.sentence);
  if (denial.status == 401 || (denial.status == 403 && !denial.error.empty()))
    response.headers.emplace_back("WWW-Authenticate", challenge(denial));
  if (denial.retry_after.us() > 0)
    response.headers.emplace_back("Retry-After", std::to_string(seconds_of(denial.retry_after)));
  return response;
}

Target split_target(std::string_view target) {
  const size_t mark = target.find('?');
  if (mark == target.npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

std::string query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(pair.size() == query.size() ? pair.size() : pair.size() + 1);
    const size_t equals = pair.find('=');
    if (equals != pair.npos && pair.substr(0, equals) == name)
      return percent_decoded(pair.substr(equals + 1)).value_or("");
  }
  return {};
}

std::string token_of(std::string_view query, std::string_view authorization) {
  if (auto token = query_value(query, "token"); !token.empty()) return token;
  constexpr std::string_view kScheme = "Bearer ";
  if (authorization.size() <= kScheme.size() || !equal_ignoring_case(authorization.substr(0, kScheme.size()), kScheme))
    return {};
  authorization.remove_prefix(kScheme.size());
  const size_t start = authorization.find_first_not_of(' ');
  return start == authorization.npos ? std::string() : std::string(authorization.substr(start));
}

}  // namespace heliograph::gateway
