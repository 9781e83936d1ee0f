// SPDX-License-Identifier: Apache-2.0
// JSON objects of JOSE, whose member names must be unique (RFC 7515 section 4, RFC 7519 section 4): parsers that take
// the first of two and parsers that take the last would read different tokens (RFC 8725 section 2.4).
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace heliograph::token {

// One object, at any depth of which no name stands twice. Owns what its elements point into.
class JsonObject {
 public:
  // The error is a sentence's end: "is not a JSON object".
  static std::expected<JsonObject, std::string> parse(std::string_view text);

  simdjson::dom::element whole() const { return root_; }
  std::optional<simdjson::dom::element> find(std::string_view name) const;
  // The string of that name: nullopt where there is none; the error where it is something else.
  std::expected<std::optional<std::string>, std::string> text(std::string_view name) const;

 private:
  JsonObject() = default;
  std::unique_ptr<simdjson::dom::parser> parser_;
  simdjson::dom::element root_;
  simdjson::dom::object object_;
};

}  // namespace heliograph::token
