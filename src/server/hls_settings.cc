// SPDX-License-Identifier: Apache-2.0
#include "server/hls_settings.h"

#include <algorithm>

#include "fmt/format.h"
#include "server/player_assets.h"

namespace heliograph::server {
namespace {

using base::Duration;
using Failure = std::unexpected<std::string>;

// A keyframe may come late by half a segment; EXT-X-TARGETDURATION is in whole seconds, and no segment is longer
// (draft-pantos-hls-rfc8216bis section 4.4.3.1).
Duration target_of(Duration segment) { return Duration::seconds((segment.ms() * 3 / 2 + 999) / 1'000); }

// PART-HOLD-BACK is three parts at least (section 4.4.3.8).
hls::Timing timing_of(Duration segment, Duration part) {
  return {.segment = segment, .part = part, .target = target_of(segment), .part_hold_back = part * 3};
}

// Of what sends a picture now and then: a keyframe costs it more. Never shorter than what a camera gets.
hls::Timing slow_timing_of(const hls::Timing& live) {
  auto slow = hls::PackagerOptions().slow;
  if (live.segment >= slow.segment) {
    slow.segment = live.segment;
    slow.target = live.target;
  }
  slow.part = std::max(slow.part, live.part);
  slow.part_hold_back = slow.part * 3;
  return slow;
}

}  // namespace

std::expected<void, std::string> validate_hls(const Options& options) {
  if (options.hls_part * 2 > options.hls_segment)
    return Failure(fmt::format("hls_part is {} ms: a segment of {} ms must have two parts at least",
                               options.hls_part.ms(), options.hls_segment.ms()));
  if (needs_disk(options) && options.hls_dir.empty())
    return Failure("hls_dir is empty, and hls_dvr or hls_record need a folder");
  return {};
}

hls::PackagerOptions packager_options_of(const Options& options) {
  hls::PackagerOptions packager;
  packager.live = timing_of(options.hls_segment, options.hls_part);
  packager.slow = slow_timing_of(packager.live);
  packager.aac = options.hls_audio != HlsAudio::kOpus;
  packager.opus = options.hls_audio != HlsAudio::kAac;
  packager.record = options.hls_record;
  return packager;
}

origin::Options origin_options_of(const Options& options) {
  origin::Options origin;
  origin.dvr = options.hls_dvr;
  origin.max_waiting = static_cast<size_t>(options.hls_max_waiting);
  origin.max_waiting_per_stream = std::min(origin.max_waiting, origin.max_waiting_per_stream);
  origin.max_memory = static_cast<size_t>(options.hls_max_memory) * 1024 * 1024;
  origin.player_page = player_page();
  return origin;
}

bool needs_disk(const Options& options) { return options.hls && (options.hls_dvr.us() > 0 || options.hls_record); }

}  // namespace heliograph::server
