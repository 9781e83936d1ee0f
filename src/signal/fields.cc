// SPDX-License-Identifier: Apache-2.0
#include "signal/fields.h"

#include <utility>

namespace heliograph::signal {

std::optional<simdjson::dom::element> Fields::find(std::string_view name) const {
  simdjson::dom::element element;
  if (object_.at_key(name).get(element) != simdjson::SUCCESS || element.is_null()) return std::nullopt;
  return element;
}

bool Fields::has(std::string_view name) const { return find(name).has_value(); }

void Fields::fail(std::string sentence) {
  if (error_.empty()) error_ = std::move(sentence);
}

std::string Fields::text(std::string_view name) {
  const auto element = find(name);
  std::string_view value;
  if (!element) {
    fail(named(name) + " is missing");
  } else if (element->get(value) != simdjson::SUCCESS) {
    fail(named(name) + " must be a string");
  }
  return std::string(value);
}

std::string Fields::id(std::string_view name) {
  auto value = text(name);
  if (value.empty()) fail(named(name) + " must not be empty");
  if (value.size() > kMaxIdBytes) fail(named(name) + " is longer than " + std::to_string(kMaxIdBytes) + " bytes");
  return value;
}

std::string Fields::token(std::string_view name) { return has(name) ? text(name) : std::string(); }

std::string Fields::optional_text(std::string_view name) {
  auto value = token(name);
  if (value.size() > kMaxTextBytes) fail(named(name) + " is longer than " + std::to_string(kMaxTextBytes) + " bytes");
  return value;
}

std::optional<bool> Fields::optional_boolean(std::string_view name) {
  const auto element = find(name);
  if (!element) return std::nullopt;
  bool value = false;
  if (element->get(value) != simdjson::SUCCESS) fail(named(name) + " must be true or false");
  return value;
}

void Fields::check_scalar(std::string_view name) {
  const auto element = find(name);
  if (!element) return;
  if (!element->is_string() && !element->is_number()) return fail(named(name) + " must be a string or a number");
  std::string_view value;
  if (element->get(value) == simdjson::SUCCESS && value.size() > kMaxTextBytes)
    fail(named(name) + " is longer than " + std::to_string(kMaxTextBytes) + " bytes");
}

std::optional<Fields> Fields::child(std::string_view name) {
  const auto element = find(name);
  if (!element) return std::nullopt;
  Object object;
  if (element->get(object) == simdjson::SUCCESS) return Fields(object, named(name));
  fail(named(name) + " must be an object");
  return std::nullopt;
}

To Fields::to(bool lenient) {
  const auto element = find("to");
  if (!element || (lenient && !element->is_string() && !element->is_object())) return std::monostate();
  if (element->is_string()) {
    auto user = lenient ? text("to") : id("to");
    return UserTarget{std::move(user)};
  }
  auto object = child("to");
  if (!object) return std::monostate();
  Target target;
  target.user_id = object->id("userId");
  if (object->has("sessionId")) target.session_id = object->id("sessionId");
  if (object->error().empty()) return target;
  if (!lenient) fail(object->error());
  return std::monostate();
}

}  // namespace heliograph::signal
