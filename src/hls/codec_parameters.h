// SPDX-License-Identifier: Apache-2.0
// Our configurations as libavformat wants them.
#pragma once

#include <expected>

#include "base/refusal.h"
#include "hls/audio_track.h"
#include "hls/frame.h"
#include "hls/libav.h"

namespace heliograph::hls {

// Enough of them for a muxer to write the sample entry with the configuration's record in it. Trouble: no such codec in
// mp4, or a record that is not one.
std::expected<libav::Parameters, base::Trouble> codec_parameters(const VideoConfig& config);
std::expected<libav::Parameters, base::Trouble> codec_parameters(const AudioConfig& config);

// The parameter sets of an avcC record (ISO/IEC 14496-15 section 5.3.3.1), as a sample has them: each behind 4 bytes of
// length. Empty when the record is not one.
std::vector<uint8_t> parameter_sets(base::ConstBytes avcc);

}  // namespace heliograph::hls
