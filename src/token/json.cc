// SPDX-License-Identifier: Apache-2.0
#include "token/json.h"

#include <algorithm>
#include <vector>

#include "fmt/format.h"

namespace heliograph::token {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;
using Failure = std::unexpected<std::string>;

constexpr size_t kMaxDepth = 16;

// The first name that stands twice in one object, wherever that is. The parser has bounded the depth.
std::optional<std::string> duplicate_in(element value) {
  if (array list; value.get(list) == simdjson::SUCCESS) {
    for (const element item : list)
      if (auto found = duplicate_in(item)) return found;
    return std::nullopt;
  }
  object members;
  if (value.get(members) != simdjson::SUCCESS) return std::nullopt;
  std::vector<std::string_view> names;
  for (const auto& [name, member] : members) {
    names.push_back(name);
    if (auto found = duplicate_in(member)) return found;
  }
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice == names.end()) return std::nullopt;
  return std::string(*twice);
}

}  // namespace

std::expected<JsonObject, std::string> JsonObject::parse(std::string_view text) {
  JsonObject out;
  out.parser_ = std::make_unique<simdjson::dom::parser>();
  if (out.parser_->allocate(text.size() + 1, kMaxDepth) != simdjson::SUCCESS ||
      out.parser_->parse(text.data(), text.size()).get(out.root_) != simdjson::SUCCESS ||
      out.root_.get(out.object_) != simdjson::SUCCESS)
    return Failure("is not a JSON object");
  if (const auto twice = duplicate_in(out.root_)) return Failure(fmt::format("has the member \"{}\" twice", *twice));
  return out;
}

std::optional<element> JsonObject::find(std::string_view name) const {
  element value;
  if (object_.at_key(name).get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

std::expected<std::optional<std::string>, std::string> JsonObject::text(std::string_view name) const {
  const auto value = find(name);
  if (!value) return std::nullopt;
  std::string_view text;
  if (value->get(text) != simdjson::SUCCESS) return Failure(fmt::format("{} is not a string", name));
  return std::string(text);
}

}  // namespace heliograph::token
