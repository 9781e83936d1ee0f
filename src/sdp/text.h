// SPDX-License-Identifier: Apache-2.0
// The smallest pieces of RFC 8866's grammar (section 9).
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

namespace heliograph::sdp {

// The part of text before separator, and what is behind it; {text, ""} when there is no separator.
inline std::pair<std::string_view, std::string_view> cut(std::string_view text, char separator) {
  const size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

inline std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The first word and the rest, both trimmed.
inline std::pair<std::string_view, std::string_view> first_word(std::string_view text) {
  text = trim(text);
  const size_t at = text.find_first_of(" \t");
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), trim(text.substr(at))};
}

// The words of text; runs of spaces count as one.
inline std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  for (auto [word, rest] = first_word(text); !word.empty(); std::tie(word, rest) = first_word(rest)) {
    found.push_back(word);
  }
  return found;
}

// The parts between separators, empty ones too; nothing for an empty text.
inline std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  if (text.empty()) return parts;
  size_t at = 0;
  for (size_t end = text.find(separator); end != std::string_view::npos; end = text.find(separator, at)) {
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  parts.push_back(text.substr(at));
  return parts;
}

// The whole of text as a decimal number that fits T.
template <std::unsigned_integral T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

inline std::optional<uint8_t> payload_type(std::string_view text) {
  const auto value = number<uint8_t>(text);
  return value && *value < 128 ? value : std::nullopt;
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool is_alphanumeric(char c) { return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z'); }

// token-char of RFC 8866 section 9.
constexpr bool is_token_char(char c) {
  return c > 0x20 && c < 0x7f && std::string_view("\"(),/:;<=>?@[\\]").find(c) == std::string_view::npos;
}
constexpr bool is_token(std::string_view text) {
  for (const char c : text) {
    if (!is_token_char(c)) return false;
  }
  return !text.empty();
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

}  // namespace heliograph::sdp
