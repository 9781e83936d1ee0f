// SPDX-License-Identifier: Apache-2.0
#include "hls/h264_skip_slice.h"

#include <gtest/gtest.h>

#include "hls/bit_reader.h"
#include "hls/h264_slice_header.h"
#include "hls/testing_sequence.h"

namespace heliograph::hls {
namespace {

using testing::Bytes;

// Where a slice of libx264 and ours have the same macroblocks and the same QP, their slice data are the same bits.
// A decoder alone would not show it: libavcodec stops at the last macroblock, wherever the arithmetic code ends.
TEST(SkipSlice, CodesSkippedMacroblocksBitForBitAsX264Does) {
  for (const auto& [width, height] : {std::pair{16, 16}, {32, 16}, {176, 144}, {320, 180}, {640, 360}, {1920, 1080}}) {
    SCOPED_TRACE(width);
    testing::CodedSequence still{.width = width, .height = height, .frames = 2};
    still.flat = true;
    still.options = {{"profile", "main"},
                     {"preset", "veryfast"},
                     {"tune", "zerolatency"},
                     {"qp", "51"},
                     {"x264-params", "scenecut=0:weightp=0"}};
    const auto frames = testing::encode(still);
    ASSERT_EQ(frames.size(), 2U);
    const auto sets = ParameterSets::of_record(frames[0].config->record);
    const auto& pps = sets.pictures.begin()->second;
    ASSERT_TRUE(pps.cabac);
    // Of the first P picture: in others x264 sets a bit behind the end, which is a mark of its own.
    const auto theirs = unescape(base::ConstBytes(frames[1].data).subspan(4));
    const auto ours =
        unescape(SkipSlice{.sps = sets.sequence_of(pps), .pps = pps, .frame_num = 1, .long_term = {}}.write());
    // Either header is as long, up to the bits that fill its last byte (cabac_alignment_one_bit).
    constexpr size_t kHeader = 4;
    ASSERT_EQ(ours.size(), theirs.size());
    EXPECT_EQ(Bytes(ours.begin() + kHeader, ours.end()), Bytes(theirs.begin() + kHeader, theirs.end()));
  }
}

}  // namespace
}  // namespace heliograph::hls
