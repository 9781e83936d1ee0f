// SPDX-License-Identifier: Apache-2.0
// What control/ tells the packager of HLS, and what it hears from there (B-25).
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plan/command.h"
#include "plan/media.h"

namespace heliograph::plan {

// The place of a playlist: /hls/{rid}/{userId}/{sessionId}/index.m3u8. It outlives publications: a publisher who is
// back in time goes on in the same one.
struct HlsStream {
  std::string rid;
  std::string user_id;
  std::string session_id;

  auto operator<=>(const HlsStream&) const = default;
};

// The publication is packaged as this stream, from now on. Again for the same stream: what changed takes effect, and
// the playlist goes on.
struct StartHls {
  HlsStream stream;
  PublicationId publication;
  std::string prefix;  // unguessable, of URL-safe characters; of the first StartHls of a stream, it stays
  std::vector<UplinkTrack> tracks;
  bool video = true;  // enabled by the publisher now; what is not is a slate or silence
  bool audio = true;
  bool asks_token = false;  // only who has a token for the room may watch

  bool operator==(const StartHls&) const = default;
};
// over: the stream ends now. Otherwise its publisher is only gone, and has a while to come back.
struct StopHls {
  HlsStream stream;
  bool over = true;

  bool operator==(const StopHls&) const = default;
};
using HlsCommand = std::variant<StartHls, StopHls>;

enum class HlsState : uint8_t {
  kStarting,  // asked for; there is no playlist yet
  kLive,
  kEnded,
  kFailed,  // nothing that it publishes can be packaged
};
// "starting", "live", "ended", "failed": `state` of HLS_STATE.
std::string_view to_text(HlsState state);

struct HlsChanged {
  HlsStream stream;
  HlsState state = HlsState::kStarting;
};

}  // namespace heliograph::plan
