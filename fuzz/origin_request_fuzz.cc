// SPDX-License-Identifier: Apache-2.0
// Any requests of players between any updates of a packager: each is answered once, in headers that are lines, with a
// status that the origin has; those that wait are as many as it says; and when all streams are over nothing is left.
//
// One line each: "GET target" (or HEAD, OPTIONS, …) with more headers behind tabs: Accept-Encoding, Range, Cookie,
// Authorization. "." and a letter is an update, with numbers behind it; see World::update().
#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/check.h"
#include "gateway/upgrade.h"
#include "origin/origin.h"

namespace {

using namespace heliograph;

constexpr size_t kLines = 64;
constexpr std::array<unsigned, 11> kStatuses = {200, 204, 206, 308, 400, 401, 403, 404, 405, 416, 503};

std::string_view take_until(std::string_view& text, char end) {
  const auto taken = text.substr(0, text.find(end));
  text.remove_prefix(std::min(taken.size() + 1, text.size()));
  return taken;
}

uint64_t number(std::string_view& text) {
  uint64_t value = 0;
  for (const char c : take_until(text, ' ')) value = value * 10 + static_cast<uint64_t>(c & 15);
  return value;
}

struct Reply : gateway::Reply {
  explicit Reply(size_t& count) : open(count) { ++open; }
  void send(gateway::Response response) override {
    CHECK(!answered);
    answered = true;
    --open;
    CHECK(std::ranges::find(kStatuses, response.status) != kStatuses.end());
    for (const auto& [name, value] : response.headers)
      CHECK(std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; }));
    if (response.content_type == "application/vnd.apple.mpegurl") CHECK(!response.payload().empty());
    CHECK(response.payload().empty() || !response.content_type.empty());
  }
  bool gone() const override { return false; }

  size_t& open;
  bool answered = false;
};

struct Disk : origin::Disk {
  void write(std::string path, hls::Blob bytes) override { CHECK(files.emplace(path, bytes).second); }
  void read(std::string path, std::function<void(hls::Blob)> done) override {
    reads.emplace_back(path, std::move(done));
  }
  void remove(std::string path) override { CHECK(files.erase(path) == 1); }
  void finish() {
    for (auto& [path, done] : std::exchange(reads, {})) done(files.contains(path) ? files.at(path) : nullptr);
  }
  std::map<std::string, hls::Blob> files;
  std::vector<std::pair<std::string, std::function<void(hls::Blob)>>> reads;
};

class World {
 public:
  World()
      : origin_(
            {.dvr = base::Duration::seconds(60),
             .max_streams = 3,
             .max_waiting = 20,
             .max_waiting_per_stream = 15,
             .max_memory = 20'000,
             .player_page = "<p>"},
            [](const plan::HlsStream&, const std::string& token) -> std::expected<void, gateway::Denial> {
              if (token.starts_with("good")) return {};
              return std::unexpected(gateway::Denial{.sentence = "No.", .error = "invalid_token"});
            },
            &disk_) {}

  void take(std::string_view line) {
    if (line.starts_with('.')) return update(line.substr(1));
    gateway::Request request;
    request.method = take_until(line, ' ');
    const auto [path, query] = gateway::split_target(take_until(line, '\t'));
    request.path = path;
    request.query = query;
    request.accept_encoding = take_until(line, '\t');
    request.range = take_until(line, '\t');
    request.cookie = take_until(line, '\t');
    request.authorization = take_until(line, '\t');
    origin_.answer(now_, request, std::make_shared<Reply>(open_));
    CHECK(origin_.numbers().waiting == open_);
  }

  void finish() {
    apply(hls::Update(hls::Ended{}));
    disk_.finish();
    pass(base::Duration::seconds(100));
    const auto numbers = origin_.numbers();
    CHECK(open_ == 0 && numbers.waiting == 0);
    if (!others_) CHECK(numbers.streams == 0 && numbers.memory_bytes == 0 && numbers.disk_bytes == 0);
  }

 private:
  void update(std::string_view line) {
    const char kind = line.empty() ? ' ' : line[0];
    line.remove_prefix(std::min<size_t>(2, line.size()));
    if (kind == 's') apply(hls::Started{"p" + std::to_string(number(line) % 8), number(line) % 2 == 1});
    if (kind == 'u') start_other(number(line));
    if (kind == 'o') open(number(line));
    if (kind == 'd') apply(hls::Update(hls::Described{number(line), rendition("x", number(line) % 2 == 1)}));
    if (kind == 'i') apply(hls::Update(hls::Init{number(line), static_cast<uint32_t>(number(line)), bytes()}));
    if (kind == 'p') part(line);
    if (kind == 'e') end_segment(line);
    if (kind == 'g') go_on(number(line) % 64);
    if (kind == 'x') apply(hls::Update(hls::Ended{}));
    if (kind == 't') pass(base::Duration::millis(static_cast<int64_t>(number(line) % 100'000)));
    if (kind == 'r') disk_.finish();
    CHECK(origin_.numbers().waiting == open_);
  }

  void open(uint64_t count) {
    hls::Opened opened;
    for (uint64_t i = 0; i < count % 20; ++i)
      opened.renditions.push_back(rendition("r" + std::to_string(i), i % 2 == 1));
    apply(hls::Update(opened));
    next_ = {};
  }
  static hls::Rendition rendition(std::string name, bool audio) {
    hls::Rendition out;
    out.kind = audio ? plan::Kind::kAudio : plan::Kind::kVideo;
    out.name = std::move(name);
    out.codecs = audio ? "opus" : "avc1.42e01f";
    return out;
  }
  static hls::Blob bytes() { return std::make_shared<std::vector<uint8_t>>(100); }

  void part(std::string_view line) {
    hls::Part part;
    part.rendition = number(line);
    part.msn = number(line);
    part.index = static_cast<uint32_t>(number(line));
    part.duration = base::Duration::millis(static_cast<int64_t>(number(line) % 10'000));
    part.init = static_cast<uint32_t>(number(line));
    part.discontinuity = number(line) % 2 == 1;
    part.starts_at = static_cast<int64_t>(number(line) % 4'000'000'000'000'000);
    part.bytes = bytes();
    apply(hls::Update(part));
  }
  void end_segment(std::string_view line) {
    const auto of = number(line);
    const auto msn = number(line);
    const auto length = base::Duration::millis(static_cast<int64_t>(number(line) % 20'000));
    apply(hls::Update(hls::SegmentEnd{of, msn, length}));
  }
  // Parts as a packager makes them, of as many segments.
  void go_on(uint64_t segments) {
    for (; segments > 0; --segments, ++next_) {
      for (uint32_t index = 0; index < 4; ++index)
        for (size_t r = 0; r < 3; ++r)
          apply(hls::Update(hls::Part{.rendition = r,
                                      .msn = next_,
                                      .index = index,
                                      .duration = base::Duration::millis(500),
                                      .bytes = bytes()}));
      for (size_t r = 0; r < 3; ++r) apply(hls::Update(hls::SegmentEnd{r, next_, base::Duration::seconds(2)}));
    }
  }
  void start_other(uint64_t n) {
    others_ = true;
    origin_.apply(now_, {{"r", "u", "s" + std::to_string(n)}, {hls::Started{"p", false}}});
  }
  void apply(std::variant<hls::Started, hls::Update> update) {
    origin_.apply(now_, {{"r", "u", "s"}, {std::move(update)}});
  }
  void pass(base::Duration time) {
    const auto until = now_ + time;
    for (auto next = origin_.next_time(); next <= until; next = origin_.next_time()) {
      now_ = std::max(now_, next);
      origin_.on_time(now_);
      CHECK(origin_.next_time() > now_);
    }
    now_ = until;
  }

  Disk disk_;
  origin::Origin origin_;
  base::Timestamp now_ = base::Timestamp::from_micros(1'000'000);
  size_t open_ = 0;
  uint64_t next_ = 0;
  bool others_ = false;  // streams that never end
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  auto text = base::as_text({bytes, size});
  World world;
  for (size_t i = 0; i < kLines && !text.empty(); ++i) world.take(take_until(text, '\n'));
  world.finish();
  return 0;
}
