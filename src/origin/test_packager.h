// SPDX-License-Identifier: Apache-2.0
// What a packager would say of a stream, in tests: by the rules, but each part's bytes are its own name.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "hls/update.h"

namespace heliograph::origin {

inline hls::Blob blob(std::string_view text) {
  return std::make_shared<std::vector<uint8_t>>(text.begin(), text.end());
}

inline hls::Rendition video(std::string name, uint16_t height = 720) {
  return {.kind = plan::Kind::kVideo,
          .name = std::move(name),
          .codecs = "avc1.42e01f",
          .width = static_cast<uint16_t>(height * 16 / 9),
          .height = height,
          .frame_rate = 30,
          .peak = base::DataRate::kbps(2'000),
          .average = base::DataRate::kbps(1'500)};
}
inline hls::Rendition audio(std::string name, std::string codecs = "mp4a.40.2") {
  return {.kind = plan::Kind::kAudio,
          .name = std::move(name),
          .codecs = std::move(codecs),
          .channels = 2,
          .peak = base::DataRate::kbps(130),
          .average = base::DataRate::kbps(128)};
}

class TestPackager {
 public:
  using Updates = std::vector<std::variant<hls::Started, hls::Update>>;

  explicit TestPackager(std::vector<hls::Rendition> renditions = {video("v0"), audio("aac")},
                        plan::HlsStream stream = {"room", "ann", "s1"})
      : stream_(std::move(stream)), renditions_(std::move(renditions)) {}

  std::string prefix = "p1";
  bool asks_token = false;
  hls::Timing timing = {};
  size_t part_bytes = 0;  // at least

  hls::StreamUpdates start() { return {stream_, {hls::Started{prefix, asks_token}}}; }
  hls::StreamUpdates open() {
    Updates out{hls::Update(hls::Opened{timing, renditions_})};
    add_inits(out);
    return {stream_, out};
  }
  // The next part of each rendition.
  hls::StreamUpdates part(base::Duration duration = base::Duration::millis(500)) {
    Updates out;
    for (size_t r = 0; r < renditions_.size(); ++r)
      out.emplace_back(hls::Part{.rendition = r,
                                 .msn = msn_,
                                 .index = index_,
                                 .duration = duration,
                                 .independent = index_ == 0 || renditions_[r].kind == plan::Kind::kAudio,
                                 .bytes = blob(bytes_of(r, msn_, index_)),
                                 .init = init_,
                                 .discontinuity = discontinuity_,
                                 .starts_at = kEpoch + at_.us()});
    length_ += duration;
    ++index_;
    return {stream_, out};
  }
  hls::StreamUpdates end_segment() {
    Updates out;
    for (size_t r = 0; r < renditions_.size(); ++r) out.emplace_back(hls::Update(hls::SegmentEnd{r, msn_, length_}));
    at_ += std::exchange(length_, base::Duration());
    ++msn_;
    index_ = 0;
    discontinuity_ = false;
    return {stream_, out};
  }
  // The next part, and the segment's end when it is its fourth.
  hls::StreamUpdates step() {
    auto out = part();
    if (index_ == 4) std::ranges::copy(end_segment().updates, std::back_inserter(out.updates));
    return out;
  }
  // Before the first part of a segment: another size, or a slate.
  hls::StreamUpdates change_init() {
    ++init_;
    discontinuity_ = true;
    Updates out;
    add_inits(out);
    return {stream_, out};
  }
  hls::StreamUpdates end() { return {stream_, {hls::Update(hls::Ended{})}}; }

  std::string bytes_of(size_t rendition, uint64_t msn, uint32_t index) const {
    auto text = fmt::format("[{}/{}.{}]", renditions_[rendition].name, msn, index);
    if (text.size() < part_bytes) text.resize(part_bytes, '.');
    return text;
  }
  uint64_t msn() const { return msn_; }
  uint32_t index() const { return index_; }

 private:
  static constexpr int64_t kEpoch = 1'700'000'000'123'000;

  void add_inits(Updates& out) const {
    for (size_t r = 0; r < renditions_.size(); ++r)
      out.emplace_back(hls::Update(hls::Init{r, init_, blob(fmt::format("[{}/init-{}]", renditions_[r].name, init_))}));
  }

  plan::HlsStream stream_;
  std::vector<hls::Rendition> renditions_;
  uint64_t msn_ = 0;
  uint32_t index_ = 0;
  uint32_t init_ = 0;
  bool discontinuity_ = false;
  base::Duration at_;
  base::Duration length_;
};

}  // namespace heliograph::origin
