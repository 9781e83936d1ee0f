// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "hls/update.h"
#include "origin/playlist.h"

namespace heliograph::origin {

// The multivariant playlist (draft-pantos-hls-rfc8216bis section 4.4.6) of those renditions, whose playlists are
// "{prefix}/{name}.m3u8". AAC comes before Opus, in every list: a player takes the first that it can play.
PlaylistText multivariant_playlist(std::string_view prefix, std::span<const hls::Rendition> renditions);

}  // namespace heliograph::origin
