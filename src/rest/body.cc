// SPDX-License-Identifier: Apache-2.0
#include "rest/body.h"

#include <algorithm>
#include <boost/json/parse.hpp>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "rest/text.h"

namespace heliograph::rest {
namespace {

namespace json = boost::json;
using Failure = std::unexpected<Problem>;

// RFC 9110 section 8.3.1: the type without its parameters, in lower case.
std::string media_type(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (type.ends_with(' ') || type.ends_with('\t')) type.pop_back();
  for (char& c : type)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return type;
}

// RFC 6901 section 3.
std::string pointer_token(std::string_view name) {
  std::string out;
  for (const char c : name) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

}  // namespace

std::expected<json::object, Problem> read_object(const gateway::Request& request,
                                                 std::initializer_list<std::string_view> types) {
  if (std::ranges::find(types, media_type(request.content_type)) == types.end())
    return Failure(Problem{.kind = Problem::Kind::kUnsupportedMediaType,
                           .detail = fmt::format("Content-Type must be {}.", fmt::join(types, " or "))});
  json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code error;
  auto value = json::parse(request.body, error, {}, options);
  if (error) return Failure(invalid(fmt::format("The body is not JSON: {}.", error.message())));
  if (!value.is_object()) return Failure(invalid("The body is not a JSON object."));
  return std::move(value.get_object());
}

void Fields::wrong(std::string_view name, std::string_view what) {
  if (problem_) return;
  const auto token = pointer_token(name);
  problem_ = invalid(fmt::format("{}/{} {}.", at_, token, what), "#" + at_ + "/" + percent_encoded(token));
}

const json::value* Fields::find(std::string_view name) {
  asked_.push_back(name);
  return object_.if_contains(name);
}

std::optional<bool> Fields::boolean(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  wrong(name, "is neither true nor false");
  return std::nullopt;
}

std::optional<std::string> Fields::text(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return std::string(value->get_string());
  wrong(name, "is not a string");
  return std::nullopt;
}

std::optional<uint64_t> Fields::number_or_null(std::string_view name, uint64_t least, std::optional<uint64_t> none) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_null()) return none;
  // Boost.JSON has what fits as int64, and the rest as uint64.
  if (value->is_uint64()) return value->get_uint64();
  if (value->is_int64() && value->get_int64() >= static_cast<int64_t>(least))
    return static_cast<uint64_t>(value->get_int64());
  wrong(name, fmt::format("is neither a whole number from {} on nor null", least));
  return std::nullopt;
}

const json::object* Fields::object(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr) return nullptr;
  if (value->is_object()) return &value->get_object();
  wrong(name, "is not an object");
  return nullptr;
}

void Fields::no_others() {
  for (const auto& member : object_)
    if (std::ranges::find(asked_, std::string_view(member.key())) == asked_.end())
      return wrong(member.key(), fmt::format("is not known; known: {}", fmt::join(asked_, ", ")));
}

}  // namespace heliograph::rest
