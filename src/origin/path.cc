// SPDX-License-Identifier: Apache-2.0
#include "origin/path.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

namespace heliograph::origin {
namespace {

constexpr size_t kMaxElements = 6;  // rid, userId, sessionId, prefix, rendition, file

constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// What stands between the slashes, decoded; nullopt where there is too much of it.
std::optional<std::vector<std::string>> elements_of(std::string_view path) {
  std::vector<std::string> elements;
  while (true) {
    const auto end = std::min(path.find('/'), path.size());
    auto element = percent_decoded(path.substr(0, end));
    if (!element || element->size() > kMaxId || elements.size() == kMaxElements) return std::nullopt;
    elements.push_back(*std::move(element));
    if (end == path.size()) return elements;
    path.remove_prefix(end + 1);
  }
}

bool remove_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

// "init-3.mp4", "17.m4s", "17.2.m4s"
bool parse_file(std::string_view file, Resource& resource) {
  constexpr std::string_view kInit = "init-";
  std::optional<uint64_t> part = 0;
  resource.kind = Resource::Kind::kInit;
  if (file.starts_with(kInit) && remove_suffix(file, ".mp4")) {
    file.remove_prefix(kInit.size());
  } else {
    if (!remove_suffix(file, ".m4s")) return false;
    const auto dot = file.find('.');
    resource.kind = dot == file.npos ? Resource::Kind::kSegment : Resource::Kind::kPart;
    if (dot != file.npos) part = canonical_number(file.substr(dot + 1));
    file = file.substr(0, dot);
  }
  const auto number = canonical_number(file);
  if (!number || !part || *part >= std::numeric_limits<uint32_t>::max()) return false;
  resource.number = *number;
  resource.part = static_cast<uint32_t>(*part);
  return true;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::optional<uint64_t> canonical_number(std::string_view digits) {
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

std::optional<Resource> parse_path(std::string_view path) {
  constexpr std::string_view kRoot = "/hls/";
  if (!path.starts_with(kRoot)) return std::nullopt;
  auto elements = elements_of(path.substr(kRoot.size()));
  if (!elements || elements->size() < 3) return std::nullopt;
  auto& e = *elements;
  if (e[0].empty() || e[1].empty() || e[2].empty()) return std::nullopt;
  Resource resource{.stream = {std::move(e[0]), std::move(e[1]), std::move(e[2])}};
  if (e.size() == 3) return resource.kind = Resource::Kind::kRedirect, resource;
  if (e.size() == 4 && e[3].empty()) return resource.kind = Resource::Kind::kPage, resource;
  if (e.size() == 4 && e[3] == "index.m3u8") return resource.kind = Resource::Kind::kMultivariant, resource;
  if (e.size() == 4) return std::nullopt;
  resource.prefix = std::move(e[3]);
  std::string_view name = e[4];
  resource.kind = Resource::Kind::kPlaylist;
  if (e.size() == 5 ? !remove_suffix(name, ".m3u8") : !parse_file(e[5], resource)) return std::nullopt;
  resource.rendition = name;
  return resource;
}

}  // namespace heliograph::origin
