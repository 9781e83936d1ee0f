// SPDX-License-Identifier: Apache-2.0
#include "origin/playlist.h"

#include <chrono>
#include <iterator>
#include <utility>

#include "fmt/format.h"

namespace heliograph::origin {
namespace {

// The tag EXT-X-SKIP needs 9 (draft section 8); one version for both kinds of answer.
constexpr int kVersion = 9;

template <typename... Args>
void write(PlaylistText& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out.text), format, std::forward<Args>(args)...);
}

// In seconds, to the microsecond that everything is counted in: sums of parts and segments come out even.
struct Seconds {
  base::Duration duration;
};

// EXT-X-PROGRAM-DATE-TIME, ISO 8601 (draft section 4.4.4.6).
void write_date(PlaylistText& out, int64_t unix_us) {
  using std::chrono::floor;
  const std::chrono::sys_time<std::chrono::microseconds> at{std::chrono::microseconds(unix_us)};
  const auto day = floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(floor<std::chrono::milliseconds>(at - day));
  write(out, "#EXT-X-PROGRAM-DATE-TIME:{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z\n", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
        time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

}  // namespace
}  // namespace heliograph::origin

template <>
struct fmt::formatter<heliograph::origin::Seconds> : fmt::formatter<std::string_view> {
  auto format(heliograph::origin::Seconds seconds, fmt::format_context& context) const {
    const int64_t us = seconds.duration.us();
    return fmt::format_to(context.out(), "{}.{:06}", us / 1'000'000, us % 1'000'000);
  }
};

namespace heliograph::origin {
namespace {

class Writer {
 public:
  Writer(const Window& window, const PlaylistOptions& options) : window_(window), options_(options) {}

  PlaylistText write_all() {
    write_head();
    const uint64_t skipped = options_.skip ? skippable() : 0;
    // What is skipped is skipped with its tags; the EXT-X-MAP of what follows stands there all the same, so that a
    // player need not remember it.
    if (skipped > 0) write(out_, "#EXT-X-SKIP:SKIPPED-SEGMENTS={}\n", skipped);
    const auto& segments = window_.segments();
    const uint64_t before = segments.empty() ? 0 : window_.first_listed() + skipped - segments.front().msn;
    for (size_t i = before; i < segments.size(); ++i) write_segment(segments[i]);
    if (!options_.ended) write_hint();
    write_reports();
    if (options_.ended) write(out_, "#EXT-X-ENDLIST\n");
    return std::move(out_);
  }

 private:
  void write_head() {
    const auto& timing = options_.timing;
    write(out_, "#EXTM3U\n#EXT-X-VERSION:{}\n#EXT-X-TARGETDURATION:{}\n", kVersion, timing.target.us() / 1'000'000);
    write(out_, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={},HOLD-BACK={},CAN-SKIP-UNTIL={}\n",
          Seconds(timing.part_hold_back), Seconds(timing.target * kHoldBack), Seconds(timing.target * kSkipUntil));
    write(out_, "#EXT-X-PART-INF:PART-TARGET={}\n#EXT-X-MEDIA-SEQUENCE:{}\n#EXT-X-DISCONTINUITY-SEQUENCE:{}\n",
          Seconds(timing.part), window_.first_listed(), window_.discontinuities_gone());
    write(out_, "#EXT-X-INDEPENDENT-SEGMENTS\n");
  }

  bool is_within(const Segment& segment, int targets) const {
    return segment.ends() + options_.timing.target * targets > window_.ends();
  }

  // How many of the first are further from the end than the skip boundary (draft section 6.2.5.1).
  uint64_t skippable() const {
    const auto& segments = window_.segments();
    uint64_t count = 0;
    for (const Segment* segment = window_.find(window_.first_listed());
         segment != nullptr && segment->whole && !is_within(*segment, kSkipUntil) && segment != &segments.back();
         segment = window_.find(segment->msn + 1))
      ++count;
    return count;
  }

  void write_segment(const Segment& segment) {
    if (segment.discontinuity) write(out_, "#EXT-X-DISCONTINUITY\n");
    if (!std::exchange(map_written_, true) || segment.init != init_) write_map(segment.init);
    write_date(out_, segment.starts_at);
    // Draft section 6.2.2: parts leave the playlist three target durations from its end.
    if (is_within(segment, Window::kPartsListed)) write_parts(segment);
    if (!segment.whole) return;
    write(out_, "#EXTINF:{},\n", Seconds(segment.duration));
    out_.add_uri(fmt::format("{}/{}.m4s", options_.name, segment.msn));
    write(out_, "\n");
  }

  void write_map(uint32_t init) {
    init_ = init;
    write(out_, "#EXT-X-MAP:URI=\"");
    out_.add_uri(fmt::format("{}/init-{}.mp4", options_.name, init));
    write(out_, "\"\n");
  }

  void write_parts(const Segment& segment) {
    for (uint32_t index = 0; index < segment.parts.size(); ++index) {
      const auto& part = segment.parts[index];
      write(out_, "#EXT-X-PART:DURATION={},URI=\"", Seconds(part.duration));
      out_.add_uri(fmt::format("{}/{}.{}.m4s", options_.name, segment.msn, index));
      write(out_, "\"{}\n", part.independent ? ",INDEPENDENT=YES" : "");
    }
  }

  void write_hint() {
    write(out_, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"");
    out_.add_uri(fmt::format("{}/{}.{}.m4s", options_.name, window_.next().msn, window_.next().part));
    write(out_, "\"\n");
  }

  void write_reports() {
    for (const auto& other : options_.others) {
      write(out_, "#EXT-X-RENDITION-REPORT:URI=\"");
      out_.add_uri(fmt::format("{}.m3u8", other.name));
      write(out_, "\",LAST-MSN={},LAST-PART={}\n", other.last.msn, other.last.part);
    }
  }

  const Window& window_;
  const PlaylistOptions& options_;
  PlaylistText out_;
  bool map_written_ = false;
  uint32_t init_ = 0;
};

}  // namespace

void PlaylistText::add_uri(std::string_view uri) {
  text += uri;
  uri_ends.push_back(text.size());
}

std::string with_suffix(const PlaylistText& playlist, std::string_view suffix) {
  std::string out;
  out.reserve(playlist.text.size() + playlist.uri_ends.size() * suffix.size());
  size_t from = 0;
  for (const size_t end : playlist.uri_ends) {
    out.append(playlist.text, from, end - from);
    out += suffix;
    from = end;
  }
  return out.append(playlist.text, from);
}

PlaylistText media_playlist(const Window& window, const PlaylistOptions& options) {
  return Writer(window, options).write_all();
}

}  // namespace heliograph::origin
