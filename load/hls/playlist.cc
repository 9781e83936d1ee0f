// SPDX-License-Identifier: Apache-2.0
#include "load/hls/playlist.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

namespace heliograph::load::hls {
namespace {

// Takes the next line off the text, without its end.
std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool take_prefix(std::string_view& line, std::string_view prefix) {
  if (!line.starts_with(prefix)) return false;
  line.remove_prefix(prefix.size());
  return true;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || text.empty()) return std::nullopt;
  return value;
}

base::Duration seconds(std::string_view text) { return base::Duration::from_seconds(number<double>(text).value_or(0)); }

class MediaReader {
 public:
  std::expected<MediaPlaylist, std::string> read(std::string_view text) {
    if (take_line(text) != "#EXTM3U") return std::unexpected("a playlist does not begin with #EXTM3U");
    while (!text.empty()) take(take_line(text));
    if (out_.target.us() == 0) return std::unexpected("a playlist without EXT-X-TARGETDURATION");
    out_.next_msn = msn_;
    out_.parts_of_next = part_;
    return std::move(out_);
  }

 private:
  void take(std::string_view line) {
    if (line.empty()) return;
    if (line.front() != '#') return end_segment(line);
    if (take_prefix(line, "#EXT-X-PART:")) return take_part(line);
    if (take_prefix(line, "#EXTINF:")) {
      duration_ = seconds(line);
    } else if (take_prefix(line, "#EXT-X-PROGRAM-DATE-TIME:")) {
      date_ = parse_date(line);
    } else if (take_prefix(line, "#EXT-X-MAP:")) {
      out_.map = attribute(line, "URI");
    } else {
      take_of_playlist(line);
    }
  }
  void take_of_playlist(std::string_view line) {
    if (take_prefix(line, "#EXT-X-TARGETDURATION:")) {
      out_.target = seconds(line);
    } else if (take_prefix(line, "#EXT-X-PART-INF:")) {
      out_.part_target = seconds(attribute(line, "PART-TARGET"));
    } else if (take_prefix(line, "#EXT-X-SERVER-CONTROL:")) {
      out_.can_block = attribute(line, "CAN-BLOCK-RELOAD") == "YES";
      out_.can_skip = !attribute(line, "CAN-SKIP-UNTIL").empty();
    } else if (take_prefix(line, "#EXT-X-MEDIA-SEQUENCE:")) {
      msn_ = number<uint64_t>(line).value_or(0);
    } else if (take_prefix(line, "#EXT-X-SKIP:")) {
      out_.skips = true;
      msn_ += number<uint64_t>(attribute(line, "SKIPPED-SEGMENTS")).value_or(0);
    } else if (line == "#EXT-X-ENDLIST") {
      out_.ended = true;
    }
  }
  void take_part(std::string_view line) {
    const auto duration = seconds(attribute(line, "DURATION"));
    in_parts_ += duration;
    std::optional<int64_t> ends_at;
    if (date_) ends_at = *date_ + in_parts_.us();
    out_.parts.push_back({{msn_, part_++}, attribute(line, "URI"), duration, ends_at});
  }
  void end_segment(std::string_view uri) {
    out_.last_uri = uri;
    if (date_) *date_ += duration_.us();
    ++msn_;
    part_ = 0;
    in_parts_ = {};
  }

  MediaPlaylist out_;
  uint64_t msn_ = 0;
  uint32_t part_ = 0;
  base::Duration duration_;      // of the segment whose URI follows
  base::Duration in_parts_;      // of the parts of this segment so far
  std::optional<int64_t> date_;  // of this segment's beginning
};

}  // namespace

std::string_view attribute(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const auto equals = list.find('=');
    if (equals == list.npos) return {};
    const auto found = list.substr(0, equals);
    list.remove_prefix(equals + 1);
    std::string_view value;
    if (take_prefix(list, "\"")) {
      value = list.substr(0, list.find('"'));
      list.remove_prefix(std::min(value.size() + 1, list.size()));
      list.remove_prefix(std::min(list.find(','), list.size()));
    } else {
      value = list.substr(0, list.find(','));
      list.remove_prefix(value.size());
    }
    if (found == name) return value;
    if (!list.empty()) list.remove_prefix(1);
  }
  return {};
}

std::optional<int64_t> parse_date(std::string_view text) {
  const auto field = [text](size_t at, size_t size) {
    return at + size <= text.size() ? number<int>(text.substr(at, size)) : std::nullopt;
  };
  const auto year = field(0, 4), month = field(5, 2), day = field(8, 2);
  const auto hour = field(11, 2), minute = field(14, 2), second = field(17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  using namespace std::chrono;  // NOLINT
  const year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  int64_t us = duration_cast<microseconds>(sys_days(date).time_since_epoch()).count() +
               ((*hour * 60 + *minute) * int64_t{60} + *second) * 1'000'000;
  text.remove_prefix(19);
  if (take_prefix(text, ".")) {
    for (int64_t unit = 100'000; !text.empty() && text[0] >= '0' && text[0] <= '9'; unit /= 10) {
      us += (text[0] - '0') * unit;
      text.remove_prefix(1);
    }
  }
  if (text.size() >= 5 && (text[0] == '+' || text[0] == '-')) {
    const auto hours = number<int>(text.substr(1, 2)), minutes = number<int>(text.substr(text.size() - 2));
    const int64_t offset = (hours.value_or(0) * 60 + minutes.value_or(0)) * int64_t{60'000'000};
    us += text[0] == '+' ? -offset : offset;
  }
  return us;
}

std::expected<MediaPlaylist, std::string> parse_media(std::string_view text) { return MediaReader().read(text); }

std::expected<MultivariantPlaylist, std::string> parse_multivariant(std::string_view text) {
  if (take_line(text) != "#EXTM3U") return std::unexpected("a playlist does not begin with #EXTM3U");
  MultivariantPlaylist out;
  std::optional<Variant> variant;
  while (!text.empty()) {
    auto line = take_line(text);
    if (take_prefix(line, "#EXT-X-STREAM-INF:")) {
      variant = Variant{.bandwidth = number<uint64_t>(attribute(line, "BANDWIDTH")).value_or(0),
                        .audio_group = attribute(line, "AUDIO")};
    } else if (take_prefix(line, "#EXT-X-MEDIA:")) {
      out.renditions.push_back({attribute(line, "TYPE"), attribute(line, "GROUP-ID"), attribute(line, "URI"),
                                attribute(line, "DEFAULT") == "YES"});
    } else if (!line.empty() && line.front() != '#' && variant) {
      variant->uri = line;
      out.variants.push_back(*std::exchange(variant, std::nullopt));
    }
  }
  if (out.variants.empty()) return std::unexpected("a multivariant playlist without a variant");
  return out;
}

bool is_multivariant(std::string_view text) { return text.find("#EXT-X-STREAM-INF:") != text.npos; }

std::vector<std::string_view> choose(const MultivariantPlaylist& playlist, Choice choice) {
  if (playlist.variants.empty()) return {};
  const auto [lowest, highest] = std::ranges::minmax_element(playlist.variants, {}, &Variant::bandwidth);
  const Variant& variant = choice == Choice::kHighest ? *highest : *lowest;
  std::vector<std::string_view> uris{variant.uri};
  const Rendition* audio = nullptr;
  for (const auto& rendition : playlist.renditions) {
    if (rendition.type != "AUDIO" || rendition.group != variant.audio_group || rendition.uri.empty()) continue;
    if (audio == nullptr || (rendition.is_default && !audio->is_default)) audio = &rendition;
  }
  if (audio != nullptr && audio->uri != variant.uri) uris.push_back(audio->uri);
  return uris;
}

std::string resolve(std::string_view base, std::string_view reference) {
  if (const auto scheme = reference.find("://"); scheme != reference.npos && scheme < reference.find('/')) {
    const auto path = reference.find('/', scheme + 3);
    return path == reference.npos ? "/" : std::string(reference.substr(path));
  }
  if (reference.starts_with('/')) return std::string(reference);
  base = base.substr(0, base.find('?'));
  std::string_view folder = base.substr(0, base.rfind('/') + 1);
  while (true) {
    if (reference.starts_with("./")) {
      reference.remove_prefix(2);
    } else if (reference.starts_with("../")) {
      reference.remove_prefix(3);
      if (folder.size() > 1) folder = folder.substr(0, folder.rfind('/', folder.size() - 2) + 1);
    } else {
      break;
    }
  }
  return std::string(folder) + std::string(reference);
}

}  // namespace heliograph::load::hls
