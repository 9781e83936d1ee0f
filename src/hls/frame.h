// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "plan/media.h"

namespace heliograph::hls {

// What a decoder must know before the first sample, and what a playlist says of it. Two of the same bytes are the same.
struct VideoConfig {
  plan::Codec codec = plan::Codec::kH264;
  // The payload of the codec's configuration box: avcC (ISO/IEC 14496-15 section 5.3.3.1), vpcC without its FullBox
  // header (VP Codec ISO Media File Format Binding), av1C (AV1 ISOBMFF section 2.3.3).
  std::vector<uint8_t> record;
  std::string codecs;  // RFC 6381: "avc1.42e01f", "vp09.00.31.08", "av01.0.04M.08"
  uint16_t width = 0;
  uint16_t height = 0;

  bool operator==(const VideoConfig&) const = default;
};

// One picture as an mp4 sample has it. H.264: NAL units behind 4-byte lengths, without parameter sets, delimiters and
// filler. VP9: a frame or superframe. AV1: a temporal unit in the low-overhead format with sizes, without its temporal
// delimiter.
struct Frame {
  uint32_t timestamp = 0;  // RTP
  uint64_t source = 0;
  base::Timestamp arrival;  // of its first packet
  bool keyframe = false;    // a decoder can begin here
  std::vector<uint8_t> data;
  std::shared_ptr<const VideoConfig> config;  // of every keyframe; null otherwise
};

}  // namespace heliograph::hls
