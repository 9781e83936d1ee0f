// SPDX-License-Identifier: Apache-2.0
#include "rest/text.h"

#include <simdjson.h>

namespace heliograph::rest {
namespace {

constexpr std::string_view kUpperHex = "0123456789ABCDEF";
constexpr std::string_view kLowerHex = "0123456789abcdef";

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

constexpr bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void append_hex(std::string& out, char c, std::string_view digits) {
  const auto byte = static_cast<unsigned char>(c);
  out += digits[byte >> 4];
  out += digits[byte & 15];
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

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += '%';
      append_hex(out, c, kUpperHex);
    }
  }
  // RFC 3986 section 5.2.4: these two would be taken out of the path on the way.
  if (out == ".") return "%2E";
  if (out == "..") return "%2E%2E";
  return out;
}

std::string to_cursor(std::string_view key) {
  std::string out;
  for (const char c : key) append_hex(out, c, kLowerHex);
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
