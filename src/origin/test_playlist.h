// SPDX-License-Identifier: Apache-2.0
// A reader of media playlists for tests, which shares nothing with what writes them. Throws on what it does not know.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace heliograph::origin {

using Attributes = std::map<std::string, std::string>;

inline Attributes parse_attributes(const std::string& text) {
  Attributes out;
  for (size_t at = 0; at < text.size();) {
    const size_t equals = text.find('=', at);
    if (equals == text.npos) throw std::runtime_error("no attribute: " + text);
    const auto name = text.substr(at, equals - at);
    const bool quoted = text[equals + 1] == '"';
    const size_t begin = equals + (quoted ? 2 : 1);
    const size_t end = std::min(text.find(quoted ? '"' : ',', begin), text.size());
    if (!out.emplace(name, text.substr(begin, end - begin)).second) throw std::runtime_error("twice: " + name);
    at = end + (quoted ? 2 : 1);
  }
  return out;
}

// In µs, so that sums are exact.
inline int64_t parse_seconds(const std::string& text) {
  const size_t dot = text.find('.');
  auto digits = dot == text.npos ? std::string() : text.substr(dot + 1);
  if (digits.size() > 6) throw std::runtime_error("too fine: " + text);
  digits.resize(6, '0');
  return std::stoll(text.substr(0, dot)) * 1'000'000 + std::stoll(digits);
}

struct ReadPart {
  std::string uri;
  int64_t duration = 0;
  bool independent = false;

  bool operator==(const ReadPart&) const = default;
};
struct ReadSegment {
  uint64_t msn = 0;
  std::string uri;  // empty: it has not ended
  int64_t duration = 0;
  std::string map;
  std::string date;
  uint64_t discontinuity = 0;  // its discontinuity sequence number
  std::vector<ReadPart> parts;
};
struct ReadPlaylist {
  std::map<std::string, std::string> tags;  // those that stand there once, by name
  Attributes control;
  std::vector<ReadSegment> segments;  // the last may be unfinished
  uint64_t media_sequence = 0;
  uint64_t skipped = 0;
  std::string hint;
  std::map<std::string, Attributes> reports;  // by URI
  bool ended = false;

  int64_t duration() const {
    int64_t sum = 0;
    for (const auto& segment : segments) sum += segment.duration;
    return sum;
  }
};

class PlaylistReader {
 public:
  static ReadPlaylist read(const std::string& text) {
    PlaylistReader reader;
    std::istringstream lines(text);
    std::string line;
    if (!std::getline(lines, line) || line != "#EXTM3U") throw std::runtime_error("no playlist: " + text);
    while (std::getline(lines, line)) reader.take(line);
    if (reader.open_) reader.close();
    return std::move(reader.out_);
  }

 private:
  void take(const std::string& line) {
    if (line.empty() || line[0] != '#') return take_uri(line);
    const size_t colon = std::min(line.find(':'), line.size());
    const auto name = line.substr(0, colon);
    const auto value = colon < line.size() ? line.substr(colon + 1) : std::string();
    if (take_of_segment(name, value)) return;
    if (name == "#EXT-X-PRELOAD-HINT") return take_hint(parse_attributes(value));
    if (name == "#EXT-X-RENDITION-REPORT") {
      const auto report = parse_attributes(value);
      if (!out_.reports.emplace(report.at("URI"), report).second) throw std::runtime_error("two reports");
      return;
    }
    if (!out_.tags.emplace(name, value).second) throw std::runtime_error("twice: " + name);
    if (name == "#EXT-X-SERVER-CONTROL") out_.control = parse_attributes(value);
    if (name == "#EXT-X-MEDIA-SEQUENCE") out_.media_sequence = next_ = std::stoull(value);
    if (name == "#EXT-X-DISCONTINUITY-SEQUENCE") discontinuity_ = std::stoull(value);
    if (name == "#EXT-X-SKIP") next_ += out_.skipped = std::stoull(parse_attributes(value).at("SKIPPED-SEGMENTS"));
    if (name == "#EXT-X-ENDLIST") out_.ended = true;
  }

  bool take_of_segment(const std::string& name, const std::string& value) {
    if (name == "#EXT-X-MAP") return map_ = parse_attributes(value).at("URI"), true;
    if (name == "#EXT-X-DISCONTINUITY") return ++discontinuity_, true;
    if (name == "#EXT-X-PROGRAM-DATE-TIME") return segment_.date = value, open_ = true;
    if (name == "#EXT-X-PART") {
      const auto part = parse_attributes(value);
      segment_.parts.push_back({part.at("URI"), parse_seconds(part.at("DURATION")), part.contains("INDEPENDENT")});
      return open_ = true;
    }
    if (name != "#EXTINF") return false;
    segment_.duration = parse_seconds(value.substr(0, value.find(',')));
    return open_ = true;
  }

  void take_hint(const Attributes& hint) {
    if (!out_.hint.empty() || hint.at("TYPE") != "PART") throw std::runtime_error("an odd hint");
    out_.hint = hint.at("URI");
  }

  void take_uri(const std::string& uri) {
    if (uri.empty() || segment_.duration == 0) throw std::runtime_error("an odd line: " + uri);
    segment_.uri = uri;
    close();
  }

  void close() {
    segment_.msn = next_++;
    segment_.map = map_;
    segment_.discontinuity = discontinuity_;
    if (segment_.uri.empty())
      for (const auto& part : segment_.parts) segment_.duration += part.duration;
    out_.segments.push_back(std::exchange(segment_, {}));
    open_ = false;
  }

  ReadPlaylist out_;
  ReadSegment segment_;
  bool open_ = false;
  uint64_t next_ = 0;
  uint64_t discontinuity_ = 0;
  std::string map_;
};

}  // namespace heliograph::origin
