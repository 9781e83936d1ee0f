// SPDX-License-Identifier: Apache-2.0
#include "signal/envelope.h"

#include <algorithm>
#include <vector>

#include "signal/parse.h"

namespace heliograph::signal {
namespace {

namespace dom = simdjson::dom;
namespace ondemand = simdjson::ondemand;

std::string duplicate_key(dom::element element);

// Which of two equal keys counts is not defined (RFC 8259 section 4), and those behind us might choose the other one.
std::string duplicate_key(dom::object object) {
  std::vector<std::string_view> keys;
  for (const auto& [key, value] : object) {
    keys.push_back(key);
    if (auto inner = duplicate_key(value); !inner.empty()) return inner;
  }
  std::ranges::sort(keys);
  const auto twice = std::ranges::adjacent_find(keys);
  return twice == keys.end() ? std::string() : "\"" + std::string(*twice) + "\"";
}

// As deep as kMaxDepth lets it.
std::string duplicate_key(dom::element element) {
  if (dom::object object; element.get(object) == simdjson::SUCCESS) return duplicate_key(object);
  dom::array array;
  if (element.get(array) != simdjson::SUCCESS) return {};
  for (const auto item : array)
    if (auto inner = duplicate_key(item); !inner.empty()) return inner;
  return {};
}

std::string text_of(dom::object object, std::string_view key) {
  std::string_view value;
  return object.at_key(key).get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
}

std::string trimmed(std::string_view raw) {
  const auto end = raw.find_last_not_of(" \t\r\n");
  return std::string(raw.substr(0, end + 1));
}

// The text was validated before: errors cannot happen, and would give "".
std::string raw_json(ondemand::value value) {
  std::string_view raw;
  ondemand::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return {};
  ondemand::object object;
  ondemand::array array;
  if (type == ondemand::json_type::object) {
    if (value.get_object().get(object) != simdjson::SUCCESS || object.raw_json().get(raw) != simdjson::SUCCESS)
      return {};
  } else if (type == ondemand::json_type::array) {
    if (value.get_array().get(array) != simdjson::SUCCESS || array.raw_json().get(raw) != simdjson::SUCCESS) return {};
  } else {
    raw = value.raw_json_token();
  }
  return trimmed(raw);
}

template <class Visit>
void each_field(ondemand::object object, Visit visit) {
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS || field.value().get(value) != simdjson::SUCCESS) return;
    visit(key, value);
  }
}

void slice_data(ondemand::object data, Envelope& envelope) {
  each_field(data, [&](std::string_view key, ondemand::value value) {
    if (key == "tid") envelope.tid = raw_json(value);
    if (key == "op") envelope.op = raw_json(value);
    if (key == "bid") envelope.bid = raw_json(value);
  });
  if (envelope.tid == "null") envelope.tid.clear();
  if (envelope.bid == "null") envelope.bid.clear();
}

}  // namespace

void Document::slice(const simdjson::padded_string& text, Envelope& envelope) {
  ondemand::parser parser;
  ondemand::document document;
  ondemand::object root;
  if (parser.iterate(text).get(document) != simdjson::SUCCESS) return;
  if (document.get_object().get(root) != simdjson::SUCCESS) return;
  each_field(root, [&](std::string_view key, ondemand::value value) {
    if (key == "data") envelope.data = raw_json(value);
  });
  document.rewind();
  if (!envelope.object || document.get_object().get(root) != simdjson::SUCCESS) return;
  each_field(root, [&](std::string_view key, ondemand::value value) {
    ondemand::object data;
    if (key == "data" && value.get_object().get(data) == simdjson::SUCCESS) slice_data(data, envelope);
  });
}

std::expected<Envelope, std::string> Document::open(std::string_view text) {
  const simdjson::padded_string padded(text);
  if (parser_.allocate(std::max<size_t>(text.size(), 64), kMaxDepth) != simdjson::SUCCESS)
    return std::unexpected("the message is too large");
  dom::element root;
  if (const auto error = parser_.parse(padded).get(root); error != simdjson::SUCCESS)
    return std::unexpected(std::string("the message is not JSON that can be read: ") + simdjson::error_message(error));
  dom::object message;
  if (root.get(message) != simdjson::SUCCESS) return std::unexpected("the message must be a JSON object");

  Envelope envelope;
  envelope.action = name_of_action(text_of(message, "action"));
  dom::element data;
  envelope.has_data = message.at_key("data").get(data) == simdjson::SUCCESS;
  if (dom::object object; envelope.has_data && data.get(object) == simdjson::SUCCESS) {
    envelope.object = object;
    std::string_view s;
    if (object.at_key("s").get(s) == simdjson::SUCCESS) envelope.s = s;
  }
  const auto named = name_of_text(envelope.s);
  envelope.name = named != Name::kUnknown ? named : envelope.action;  // B-4
  envelope.duplicate = duplicate_key(message);
  slice(padded, envelope);
  return envelope;
}

}  // namespace heliograph::signal
