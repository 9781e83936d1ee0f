// SPDX-License-Identifier: Apache-2.0
#include "signal/json_object.h"

#include <algorithm>
#include <utility>

namespace heliograph::signal {
namespace {

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

// What needs no escape goes over in one piece: it is nearly always all.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (auto at = text.begin(); at != text.end();) {
    const auto special = std::find_if(at, text.end(), needs_escape);
    out.append(at, special);
    at = special;
    if (at != text.end()) append_escaped(out, *at++);
  }
  out += '"';
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 16 + 2);
  append_quoted(out, text);
  return out;
}

void JsonObject::begin(std::string_view key) {
  if (out_.size() > 1) out_ += ',';
  out_ += '"';
  out_ += key;
  out_ += "\":";
}

JsonObject& JsonObject::text(std::string_view key, std::string_view value) {
  begin(key);
  append_quoted(out_, value);
  return *this;
}

JsonObject& JsonObject::raw(std::string_view key, std::string_view json) {
  if (json.empty()) return *this;
  begin(key);
  out_ += json;
  return *this;
}

std::string JsonObject::take() {
  out_ += '}';
  return std::move(out_);
}

void append_element(std::string& array, std::string_view json) {
  if (array.size() > 1) array += ',';
  array += json;
}

}  // namespace heliograph::signal
