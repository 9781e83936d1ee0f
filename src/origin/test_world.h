// SPDX-License-Identifier: Apache-2.0
// An Origin with a clock, a disk and players' requests, for tests.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "origin/origin.h"
#include "origin/test_packager.h"
#include "origin/test_playlist.h"

namespace heliograph::origin {

struct TestReply : gateway::Reply {
  void send(gateway::Response answer) override {
    CHECK(!response);  // once
    response = std::move(answer);
  }
  bool gone() const override { return has_gone; }

  unsigned status() const { return response ? response->status : 0; }
  std::string body() const { return response ? std::string(response->payload()) : std::string(); }
  // All of that name, one line each.
  std::string header(std::string_view name) const {
    std::string out;
    if (response)
      for (const auto& [key, value] : response->headers)
        if (key == name) out += (out.empty() ? "" : "\n") + value;
    return out;
  }

  std::optional<gateway::Response> response;
  bool has_gone = false;
};
using TestReplyPtr = std::shared_ptr<TestReply>;

struct TestDisk : Disk {
  void write(std::string path, hls::Blob bytes) override { CHECK(files.emplace(path, bytes).second); }
  void read(std::string path, std::function<void(hls::Blob)> done) override {
    reads.emplace_back(path, std::move(done));
  }
  void remove(std::string path) override { CHECK(files.erase(path) == 1); }
  void finish_reads() {
    for (auto& [path, done] : std::exchange(reads, {})) done(files.contains(path) ? files.at(path) : nullptr);
  }

  std::map<std::string, hls::Blob> files;
  std::vector<std::pair<std::string, std::function<void(hls::Blob)>>> reads;
};

struct TestWorld {
  explicit TestWorld(Options options = {}, Disk* disk = nullptr)
      : origin(
            options,
            [this](const plan::HlsStream&, const std::string& token) -> std::expected<void, gateway::Denial> {
              ++asked;
              if (token == "good" || token == "b+/=") return {};
              return std::unexpected(gateway::Denial{.status = 403, .sentence = "No.", .error = "invalid_token"});
            },
            disk) {}

  void pass(base::Duration time) {
    const auto until = now + time;
    for (auto next = origin.next_time(); next <= until; next = origin.next_time()) {
      now = std::max(now, next);
      origin.on_time(now);
      CHECK(origin.next_time() > now);
    }
    now = until;
  }
  void apply(const hls::StreamUpdates& updates) { origin.apply(now, updates); }
  // So many parts, in real time.
  void play(TestPackager& packager, int parts) {
    for (; parts > 0; --parts) {
      pass(base::Duration::millis(500));
      apply(packager.step());
    }
  }
  // To where the first so many segments are whole.
  void begin(TestPackager& packager, int segments = 1) {
    apply(packager.start());
    apply(packager.open());
    play(packager, segments * 4);
  }

  TestReplyPtr send(gateway::Request request) {
    auto reply = std::make_shared<TestReply>();
    origin.answer(now, request, reply);
    return reply;
  }
  // target: below the stream's place, "p1/v0.m3u8?_HLS_msn=3"
  static gateway::Request request(const std::string& target) {
    const auto mark = std::min(target.find('?'), target.size());
    gateway::Request out;
    out.method = "GET";
    out.path = "/hls/room/ann/s1/" + target.substr(0, mark);
    out.query = target.substr(std::min(mark + 1, target.size()));
    return out;
  }
  TestReplyPtr get(const std::string& target) { return send(request(target)); }
  // With a directive that asks for nothing new, a playlist is there before the stream is ready to be begun.
  ReadPlaylist playlist(const std::string& target = "p1/v0.m3u8?_HLS_msn=0") {
    const auto reply = get(target);
    CHECK(reply->status() == 200);
    return PlaylistReader::read(reply->body());
  }

  base::Timestamp now = base::Timestamp::from_micros(1'000'000'000);
  int asked = 0;  // Admit was
  Origin origin;
};

}  // namespace heliograph::origin
