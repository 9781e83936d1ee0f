// SPDX-License-Identifier: Apache-2.0
// The outside of a message: is it JSON that we take, what is its `data`, which signal does it claim to be.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "signal/name.h"

namespace heliograph::signal {

struct Envelope {
  std::optional<simdjson::dom::object> object;  // `data`, when it is an object
  Name action = Name::kUnknown;
  Name name = Name::kUnknown;  // what an answer calls it (B-4)
  std::string_view s;          // data.s, "" when it is no string
  bool has_data = false;
  std::string duplicate;  // a key that stands twice in one object anywhere
  // Raw slices, byte for byte; empty where there is nothing.
  std::string data;
  std::string tid;
  std::string op;
  std::string bid;
};

// Owns the parsed text that Envelope looks into.
class Document {
 public:
  // The error is a sentence: the text is no JSON object that we take.
  std::expected<Envelope, std::string> open(std::string_view text);

 private:
  void slice(const simdjson::padded_string& text, Envelope& envelope);

  simdjson::dom::parser parser_;
};

}  // namespace heliograph::signal
