// SPDX-License-Identifier: Apache-2.0
#include "hls/video_rendition.h"

#include <gtest/gtest.h>

namespace heliograph::hls {
namespace {

std::shared_ptr<const VideoConfig> config_of(plan::Codec codec, uint16_t width) {
  return std::make_shared<VideoConfig>(VideoConfig{
      .codec = codec, .record = {0x81, 0, 0, 0}, .codecs = "av01.0.04M.08", .width = width, .height = width});
}

size_t parts_in(const Updates& updates) {
  size_t count = 0;
  for (const auto& update : updates) count += std::holds_alternative<Part>(update);
  return count;
}

// Time goes on for ten seconds, with a slate that is no picture of the codec to fill every part.
Updates play_rubbish(const std::shared_ptr<const VideoConfig>& config) {
  VideoRendition rendition(0, "v0", Timing(), {}, nullptr);
  const auto slate = std::make_shared<Slate>(Slate{.config = config, .data = {0xff, 0xff, 0xff}});
  Updates out;
  rendition.cut({}, 0, config, slate, 0, false, out);
  for (int64_t at = 0; at < 10 * kVideoRate; at += kVideoRate / 10) rendition.fill({}, at, out);
  rendition.finish({}, 10 * kVideoRate, out);
  return out;
}

TEST(VideoRendition, ComesToAnEndWhereTheMuxerRefusesEverySample) {
  EXPECT_EQ(parts_in(play_rubbish(config_of(plan::Codec::kAv1, 320))), 0);
}

TEST(VideoRendition, LetsGoWhatIsOfAFormatThatCannotBeWritten) {
  EXPECT_EQ(parts_in(play_rubbish(config_of(plan::Codec::kVp8, 320))), 0);
}

}  // namespace
}  // namespace heliograph::hls
