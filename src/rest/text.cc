// SPDX-License-Identifier: Apache-2.0
#include "rest/text.h"

#include <simdjson.h>

namespace heliograph::rest {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

constexpr int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte that two hexadecimal digits at the start of `text` spell; -1: they are not there.
constexpr int byte_of(std::string_view text) {
  if (text.size() < 2 || digit_of(text[0]) < 0 || digit_of(text[1]) < 0) return -1;
  return digit_of(text[0]) * 16 + digit_of(text[1]);
}

void append_hex(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

std::optional<std::string> if_utf8(std::string text) {
  if (!simdjson::validate_utf8(text)) return std::nullopt;
  return text;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int byte = byte_of(text.substr(i + 1));
    if (byte < 0) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return if_utf8(std::move(out));
}

std::string to_cursor(std::string_view key) {
  std::string out;
  for (const char c : key) append_hex(out, c);
  return out;
}

std::optional<std::string> from_cursor(std::string_view cursor) {
  std::string out;
  if (cursor.size() % 2 != 0) return std::nullopt;
  for (size_t i = 0; i < cursor.size(); i += 2) {
    const int byte = byte_of(cursor.substr(i));
    if (byte < 0) return std::nullopt;
    out += static_cast<char>(byte);
  }
  return if_utf8(std::move(out));
}

}  // namespace heliograph::rest
