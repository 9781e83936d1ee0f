// SPDX-License-Identifier: Apache-2.0
#include "hls/splice.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "gtest/gtest.h"
#include "hls/stretch.h"

namespace heliograph::hls {
namespace {

// 440 Hz; the steepest step from sample to sample is 0.058.
std::vector<Stereo> tone(size_t size, double begin = 0) {
  std::vector<Stereo> sound(size);
  for (size_t i = 0; i < size; ++i) {
    const auto value = std::sin(2 * std::numbers::pi * 440 * (static_cast<double>(i) / 48'000 + begin));
    sound[i] = {static_cast<float>(value), static_cast<float>(-value)};
  }
  return sound;
}
float steepest(const std::vector<Stereo>& sound) {
  float most = 0;
  for (size_t i = 1; i < sound.size(); ++i) most = std::max(most, std::abs(sound[i].left - sound[i - 1].left));
  return most;
}

TEST(Splice, LeavesSilenceAndComesBackWithoutAClick) {
  Splice splice;
  std::vector<Stereo> all;
  const auto heard = [&](const std::vector<Stereo>& part) { all.insert(all.end(), part.begin(), part.end()); };
  auto sound = tone(1'027);  // ends where it is loud
  splice.pass_sound(sound);
  heard(sound);
  splice.cut();
  std::vector<Stereo> silence(960);
  splice.pass_silence(silence);
  heard(silence);
  EXPECT_EQ(silence.back().left, 0);
  auto more = tone(960, 0.0005);
  splice.pass_sound(more);
  heard(more);
  EXPECT_LT(steepest(all), 0.07);
  EXPECT_NEAR(more.back().left, tone(960, 0.0005).back().left, 1e-6);
}

TEST(Splice, CrossesFromOneSoundToAnother) {
  Splice splice;
  auto all = tone(1'027);
  splice.pass_sound(all);
  auto other = tone(960, 0.0013);
  splice.cut();
  splice.pass_sound(other);
  all.insert(all.end(), other.begin(), other.end());
  EXPECT_LT(steepest(all), 0.12);
}

TEST(Stretch, KeepsTheSoundAndChangesItsLength) {
  const auto sound = tone(960);
  for (const size_t size : {956U, 959U, 961U, 964U}) {
    std::vector<Stereo> out;
    stretch(sound, size, out);
    ASSERT_EQ(out.size(), size);
    EXPECT_LT(steepest(out), 0.0585);
    for (size_t i = 0; i + 8 < size; ++i) {
      const double t = static_cast<double>(i) * 960 / static_cast<double>(size) / 48'000;
      EXPECT_NEAR(out[i].left, std::sin(2 * std::numbers::pi * 440 * t), 1e-3);
      EXPECT_EQ(out[i].left, -out[i].right);
    }
  }
}

}  // namespace
}  // namespace heliograph::hls
