// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "sdp/attributes.h"
#include "sdp/description.h"
#include "sdp/text.h"

namespace heliograph::sdp {
namespace {

bool has_control_character(std::string_view line) {
  return std::ranges::any_of(line, [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; });
}

// One description being read, a line at a time.
class Parser {
 public:
  Wrong read_line(std::string_view line) {
    if (has_control_character(line)) return "a control character";
    if (line.size() < 2 || line[0] < 'a' || line[0] > 'z' || line[1] != '=') return "not of the form x=…";
    const std::string_view value = line.substr(2);
    if (!version_seen_) {
      version_seen_ = true;
      return trim(value) == "0" && line[0] == 'v' ? nullptr : "a description begins with v=0";
    }
    return read_field(line[0], value);
  }

  Wrong finish() const {
    if (!version_seen_) return "there is no description";
    return origin_seen_ ? nullptr : "o= is missing";
  }

  Description take() { return std::move(description_); }

 private:
  Wrong read_field(char type, std::string_view value) {
    switch (type) {
      case 'v':
        return "v= a second time";
      case 'o':
        return read_origin(value);
      case 's':
        return in_session([&] { description_.session_name = std::string(value); });
      case 't':
        return in_session([&] { description_.timing = std::string(trim(value)); });
      case 'm':
        return read_media(value);
      case 'c':
        return read_connection(trim(value));
      case 'b':
        bandwidths().emplace_back(trim(value));
        return nullptr;
      case 'a':
        return read_attribute_line(value);
      default:
        return nullptr;  // i= u= e= p= r= z= k= say nothing to us
    }
  }

  template <class Store>
  Wrong in_session(Store store) {
    if (media() != nullptr) return "this line belongs before the first m=";
    store();
    return nullptr;
  }

  Wrong read_origin(std::string_view value) {
    const auto parts = words(value);
    const auto digits = [](std::string_view text) { return std::ranges::all_of(text, is_digit); };
    if (parts.size() != 6 || !digits(parts[1]) || !digits(parts[2])) {
      return "o= needs a name, two numbers and an address (RFC 8866 section 5.2)";
    }
    return in_session([&] {
      origin_seen_ = true;
      std::string address = std::string(parts[3]).append(" ").append(parts[4]).append(" ").append(parts[5]);
      description_.origin = {std::string(parts[0]), std::string(parts[1]), std::string(parts[2]), std::move(address)};
    });
  }

  Wrong read_media(std::string_view value) {
    if (description_.medias.size() == kMaxMedias) return "too many m= lines";
    const auto parts = words(value);
    if (parts.size() < 4 || !is_token(parts[0])) return "m= needs a kind, a port, a protocol and a format";
    const auto port = number<uint16_t>(cut(parts[1], '/').first);  // "/2" of layered streams has no meaning here
    if (!port) return "m= needs a port from 0 to 65535";
    auto& media = description_.medias.emplace_back();
    media.kind = std::string(parts[0]);
    media.port = *port;
    media.protocol = std::string(parts[2]);
    media.formats.assign(parts.begin() + 3, parts.end());
    attributes_ = 0;
    return nullptr;
  }

  Wrong read_connection(std::string_view value) {
    if (value.empty()) return "c= is empty";
    (media() ? media()->connection : description_.connection) = std::string(value);
    return nullptr;
  }

  Wrong read_attribute_line(std::string_view line) {
    if (++attributes_ > kMaxAttributes) return "too many attributes";
    const auto [name, value] = cut(line, ':');
    if (!is_token(name)) return "a= needs a name";
    const auto given = name.size() == line.size() ? std::nullopt : std::optional(value);
    return media() ? read_attribute(*media(), name, given) : read_attribute(description_, name, given);
  }

  Media* media() { return description_.medias.empty() ? nullptr : &description_.medias.back(); }
  std::vector<std::string>& bandwidths() { return media() ? media()->bandwidths : description_.bandwidths; }

  Description description_;
  size_t attributes_ = 0;  // of the part being read
  bool version_seen_ = false;
  bool origin_seen_ = false;
};

}  // namespace

std::expected<Description, ParseError> parse(std::string_view text) {
  if (text.size() > kMaxBytes) return std::unexpected(ParseError{0, "longer than 128 KB"});
  Parser parser;
  for (size_t line_number = 1; !text.empty(); ++line_number) {
    if (line_number > kMaxLines) return std::unexpected(ParseError{line_number, "too many lines"});
    const auto [raw, rest] = cut(text, '\n');
    const auto line = raw.ends_with('\r') ? raw.substr(0, raw.size() - 1) : raw;
    text = rest;
    if (line.empty()) continue;
    if (const Wrong wrong = parser.read_line(line)) return std::unexpected(ParseError{line_number, wrong});
  }
  if (const Wrong wrong = parser.finish()) return std::unexpected(ParseError{0, wrong});
  return parser.take();
}

}  // namespace heliograph::sdp
