// SPDX-License-Identifier: Apache-2.0
// Whatever players ask and whenever, what they put together from the answers is the packager's timeline: no segment
// missing, none twice, none that is another than it was.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "origin/test_world.h"

namespace heliograph::origin {
namespace {

using base::Duration;

struct TrueSegment {
  std::vector<std::pair<int64_t, std::string>> parts;  // duration, bytes
  std::string map;
  uint64_t discontinuity = 0;
  bool whole = false;
};

// A packager with a will of its own, and what it has said.
struct Truth {
  TestPackager packager{{video("v0"), audio("aac")}};
  std::vector<TrueSegment> segments;
  uint64_t init = 0;
  uint64_t discontinuity = 0;
  bool ended = false;

  uint64_t whole() const { return segments.size() - (!segments.empty() && !segments.back().whole ? 1 : 0); }
};

class Broadcast {
 public:
  explicit Broadcast(uint64_t seed) : rng_(seed) {
    world_.apply(truth_.packager.start());
    world_.apply(truth_.packager.open());
  }

  void run() {
    for (int i = 0; i < 400; ++i) {
      world_.pass(Duration::millis(static_cast<int64_t>(rng_.below(700))));
      for (uint64_t n = rng_.below(4); n > 0; --n) ask();
      judge();
      go_on();
      judge();
    }
    world_.apply(truth_.packager.end());
    truth_.ended = true;
    judge();
    world_.pass(Duration::seconds(10));
    judge();
    EXPECT_TRUE(asked_.empty());
    EXPECT_EQ(world_.origin.numbers().waiting, 0u);
    EXPECT_GT(playlists_, 300);
    EXPECT_GT(deltas_, 20);
    EXPECT_GT(parts_, 100);
  }

 private:
  struct Asked {
    TestReplyPtr reply;
    bool is_part = false;
    uint64_t msn = 0;
    std::optional<uint32_t> part;
    bool blocking = false;
  };

  // A part, the end of a segment, or both at once.
  void go_on() {
    auto& p = truth_.packager;
    if (truth_.segments.empty() || truth_.segments.back().whole) {
      if (rng_.below(6) == 0) change();
      truth_.segments.push_back({.parts = {},
                                 .map = "v0/init-" + std::to_string(truth_.init) + ".mp4",
                                 .discontinuity = truth_.discontinuity});
    }
    auto updates = p.part(Duration::millis(100 + static_cast<int64_t>(rng_.below(401))));
    const auto& part = std::get<hls::Part>(std::get<hls::Update>(updates.updates[0]));
    truth_.segments.back().parts.emplace_back(part.duration.us(), p.bytes_of(0, part.msn, part.index));
    if (p.index() == 6 || rng_.below(4) == 0) {
      auto end = p.end_segment();
      if (rng_.below(2) == 0) {
        world_.apply(updates);
        judge();
        updates = end;
      } else {
        std::ranges::copy(end.updates, std::back_inserter(updates.updates));
      }
      truth_.segments.back().whole = true;
    }
    world_.apply(updates);
  }

  void change() {
    world_.apply(truth_.packager.change_init());
    ++truth_.init;
    ++truth_.discontinuity;
  }

  void ask() {
    Asked asked;
    const uint64_t next = truth_.packager.msn();
    std::string query = rng_.below(2) == 0 ? "&_HLS_skip=YES" : "";
    if (rng_.below(3) == 0) return ask_part(next, truth_.packager.index());
    if (rng_.below(2) == 0) {
      asked.blocking = true;
      asked.msn = next - std::min<uint64_t>(next, rng_.below(3)) + rng_.below(3);
      query += "&_HLS_msn=" + std::to_string(asked.msn);
      if (rng_.below(2) == 0) asked.part = static_cast<uint32_t>(rng_.below(9));
      if (asked.part) query += "&_HLS_part=" + std::to_string(*asked.part);
    }
    asked.reply = world_.get("p1/v0.m3u8?" + query);
    asked_.push_back(asked);
  }

  void ask_part(uint64_t msn, uint32_t index) {
    // The hinted one, or one before.
    if (index > 0 && rng_.below(2) == 0) --index;
    const auto target = "p1/v0/" + std::to_string(msn) + "." + std::to_string(index) + ".m4s";
    asked_.push_back({.reply = world_.get(target), .is_part = true, .msn = msn, .part = index});
  }

  void judge() {
    std::erase_if(asked_, [this](const Asked& asked) {
      if (!asked.reply->response) return false;
      return judge(asked), true;
    });
  }

  void judge(const Asked& asked) {
    if (asked.is_part) return judge_part(asked);
    if (asked.reply->status() == 400) {
      EXPECT_TRUE(asked.blocking);
      return;
    }
    ASSERT_EQ(asked.reply->status(), 200u);
    judge_playlist(asked, PlaylistReader::read(asked.reply->body()));
  }

  void judge_part(const Asked& asked) {
    const auto& segments = truth_.segments;
    const bool there = asked.msn < segments.size() && *asked.part < segments[asked.msn].parts.size();
    ASSERT_EQ(asked.reply->status(), there ? 200u : 404u);
    if (!there) {
      EXPECT_TRUE(truth_.ended || segments[asked.msn].whole);
      return;
    }
    EXPECT_EQ(asked.reply->body(), segments[asked.msn].parts[*asked.part].second);
    ++parts_;
  }

  void judge_playlist(const Asked& asked, const ReadPlaylist& playlist) {
    ++playlists_;
    deltas_ += playlist.skipped > 0;
    const auto& segments = truth_.segments;
    EXPECT_EQ(playlist.ended, truth_.ended);
    // To the end of all there is, and at least as far as was asked for.
    EXPECT_EQ(playlist.media_sequence + playlist.skipped + playlist.segments.size(), segments.size());
    if (asked.blocking && !truth_.ended) EXPECT_TRUE(is_reached(asked));
    const uint64_t first = playlist.media_sequence + playlist.skipped;
    // Tags of what is skipped are skipped with it: a player knows those from before.
    const uint64_t hidden =
        playlist.skipped == 0 ? 0 : segments[first].discontinuity - playlist.segments[0].discontinuity;
    int64_t left = playlist.duration();
    EXPECT_TRUE(playlist.skipped == 0 || left >= 18'000'000);
    EXPECT_GE(first, last_first_) << "no segment comes back";
    if (playlist.skipped == 0) last_first_ = first;
    for (const auto& segment : playlist.segments) {
      judge_segment(segment, segments.at(segment.msn), hidden, left);
      left -= segment.duration;
    }
  }

  static void judge_segment(const ReadSegment& read, const TrueSegment& truth, uint64_t hidden, int64_t left) {
    EXPECT_EQ(read.map, truth.map);
    EXPECT_EQ(read.discontinuity + hidden, truth.discontinuity);
    EXPECT_EQ(read.uri.empty(), !truth.whole);
    EXPECT_FALSE(read.date.empty());
    int64_t sum = 0;
    for (const auto& part : truth.parts) sum += part.first;
    EXPECT_EQ(read.duration, sum);
    // Parts of what is within 9 s of the end.
    ASSERT_EQ(read.parts.size(), left - read.duration < 9'000'000 ? truth.parts.size() : 0u);
    for (size_t i = 0; i < read.parts.size(); ++i) EXPECT_EQ(read.parts[i].duration, truth.parts[i].first);
  }

  bool is_reached(const Asked& asked) const {
    if (asked.msn < truth_.whole()) {
      const auto count = truth_.segments[asked.msn].parts.size();
      return !asked.part || *asked.part < count || truth_.segments.size() > asked.msn + 1;
    }
    return asked.part && asked.msn < truth_.segments.size() && *asked.part < truth_.segments[asked.msn].parts.size();
  }

  base::Rng rng_;
  TestWorld world_;
  Truth truth_;
  std::vector<Asked> asked_;
  uint64_t last_first_ = 0;
  int playlists_ = 0;
  int deltas_ = 0;
  int parts_ = 0;
};

TEST(Timeline, IsTheSameForWhoeverAsksWhatever) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Broadcast(seed).run();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace heliograph::origin
