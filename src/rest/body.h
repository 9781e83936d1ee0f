// SPDX-License-Identifier: Apache-2.0
// Bodies of requests: one JSON object, read strictly.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "rest/problem.h"

namespace heliograph::rest {

// How deep a body may nest. Ours need two levels.
inline constexpr size_t kMaxDepth = 8;

// The object in the body. 415 when content_type is none of `types` (parameters such as charset aside); 400 when the
// body is not JSON (RFC 8259), or not an object.
std::expected<boost::json::object, Problem> read_object(const gateway::Request& request,
                                                        std::initializer_list<std::string_view> types);

// Reads one object field by field; the first thing that is wrong is kept. `at` is the JSON pointer of the object.
class Fields {
 public:
  Fields(const boost::json::object& object, std::string at, std::optional<Problem>& problem)
      : object_(object), at_(std::move(at)), problem_(problem) {}

  std::optional<bool> boolean(std::string_view name);
  std::optional<std::string> text(std::string_view name);
  // Whole, from `least` on; null is `none`.
  std::optional<uint64_t> number_or_null(std::string_view name, uint64_t least, std::optional<uint64_t> none);
  // nullptr: missing or wrong.
  const boost::json::object* object(std::string_view name);
  // What no call above has asked for is wrong. The last call.
  void no_others();

  // Notes that something is wrong with a field, if nothing was before.
  void wrong(std::string_view name, std::string_view what);

 private:
  // nullptr: missing.
  const boost::json::value* find(std::string_view name);

  const boost::json::object& object_;
  std::string at_;
  std::optional<Problem>& problem_;
  std::vector<std::string_view> asked_ = {};
};

}  // namespace heliograph::rest
