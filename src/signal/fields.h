// SPDX-License-Identifier: Apache-2.0
// Reading typed fields out of one JSON object. The first thing that is wrong is kept as a sentence; what is read after
// it does not count.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "signal/signal.h"

namespace heliograph::signal {

class Fields {
 public:
  using Object = simdjson::dom::object;
  // `path` is how sentences call the object: "data.ss".
  Fields(Object object, std::string path) : object_(object), path_(std::move(path)) {}

  // Null counts as absent, for every kind of field (B-51).
  bool has(std::string_view name) const;
  std::string id(std::string_view name);             // non-empty, at most kMaxIdBytes (B-11)
  std::string text(std::string_view name);           // required, any length
  std::string optional_text(std::string_view name);  // "" when absent, at most kMaxTextBytes
  std::string token(std::string_view name);          // "" when absent, any length
  std::optional<bool> optional_boolean(std::string_view name);
  bool flag(std::string_view name, bool otherwise) { return optional_boolean(name).value_or(otherwise); }
  // A string or a number, when it is there at all.
  void check_scalar(std::string_view name);
  // The object under `name`; nullopt when absent.
  std::optional<Fields> child(std::string_view name);
  // `to` in any of its forms. `lenient`: a wrong type counts as absent.
  To to(bool lenient);

  void fail(std::string sentence);
  // What is wrong: a sentence, "" when nothing is.
  const std::string& error() const { return error_; }

 private:
  std::optional<simdjson::dom::element> find(std::string_view name) const;
  std::string named(std::string_view name) const { return path_ + "." + std::string(name); }

  Object object_;
  std::string path_;
  std::string error_;
};

}  // namespace heliograph::signal
