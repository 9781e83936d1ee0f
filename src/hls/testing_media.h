// SPDX-License-Identifier: Apache-2.0
// Pictures and sound encoded by libavcodec, and mp4 taken apart and decoded again by libav, for tests.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "hls/audio_track.h"
#include "hls/frame.h"
#include "hls/libav.h"

namespace heliograph::hls::testing {

struct EncodedSample {
  int64_t dts = 0, pts = 0;  // in the track's timescale
  uint32_t duration = 0;
  bool keyframe = false;
  std::vector<uint8_t> data;

  bool operator==(const EncodedSample&) const = default;
};

struct EncodedVideo {
  VideoConfig config;
  std::vector<EncodedSample> samples;
};

struct EncodedAudio {
  AudioConfig config;
  std::vector<EncodedSample> samples;
};

struct H264Options {
  int width = 320, height = 180;
  int frames = 60;
  int b_frames = 0;
  int keyframe_interval = 30;
  int64_t begin = 0;  // pts of the first, 1/90000 s
};

// By libx264 at 30 frames a second: avcC and samples with 4-byte lengths, without parameter sets.
EncodedVideo encode_h264(const H264Options& options);
// By libavcodec's aac: a tone in stereo.
EncodedAudio encode_aac(int frames, int64_t begin = 0);

struct Demuxed {
  std::vector<AVCodecID> codecs;                    // of each stream
  std::vector<std::vector<EncodedSample>> samples;  // of each stream
  std::vector<std::pair<int, int>> pictures;        // width and height of each that was decoded
  std::vector<int> sound;                           // samples in each block that was decoded
  int damaged = 0;                                  // packets that libav marked so or could not decode
  int end = 0;                                      // what av_read_frame() returned at last
};

// Reads the bytes as a file that cannot be sought in beyond its end, to the end. Throws when libavformat cannot open
// it.
Demuxed demux(base::ConstBytes file, bool decode = false);

}  // namespace heliograph::hls::testing
