// SPDX-License-Identifier: Apache-2.0
#include "signal/json_object.h"

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
  if (byte >= 0x20) {
    out += c;
    return;
  }
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 16 + 2);
  out += '"';
  for (const char c : text) append_escaped(out, c);
  out += '"';
  return out;
}

JsonObject& JsonObject::raw(std::string_view key, std::string_view json) {
  if (json.empty()) return *this;
  if (out_.size() > 1) out_ += ',';
  out_ += quoted(key);
  out_ += ':';
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
