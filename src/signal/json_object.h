// SPDX-License-Identifier: Apache-2.0
// Writing one JSON object, field by field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace heliograph::signal {

// A JSON string literal of valid UTF-8 (RFC 8259 section 7): quotes, backslashes and control characters escaped.
std::string quoted(std::string_view text);

// Keys are ours: nothing in them needs an escape.
class JsonObject {
 public:
  JsonObject& text(std::string_view key, std::string_view value);
  JsonObject& boolean(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  JsonObject& number(std::string_view key, int64_t value) { return raw(key, std::to_string(value)); }
  // `json` as it is; nothing at all is written when it is empty.
  JsonObject& raw(std::string_view key, std::string_view json);
  // The whole object; nothing may be added afterwards.
  std::string take();

 private:
  void begin(std::string_view key);

  std::string out_ = "{";
};

// Appends to a JSON array under construction that began as "[".
void append_element(std::string& array, std::string_view json);

}  // namespace heliograph::signal
