// SPDX-License-Identifier: Apache-2.0
#include "hls/slate_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <span>

namespace heliograph::hls {
namespace {

constexpr double kGround = 45, kInk = 150;  // luma, 16–235
constexpr int kNoColour = 128;              // of either chroma plane

// In units of the picture's shorter side, from its middle.
struct Point {
  double x, y;
};
struct Line {
  Point from, to;
};

constexpr double kPen = 0.011;   // half a line's width
constexpr double kGap = 0.033;   // what the stroke across leaves free on either side of its middle
constexpr double kReach = 0.25;  // nothing is drawn farther from the middle
constexpr std::array<Line, 8> kCamera{{
    // body
    {{-0.20, -0.12}, {0.08, -0.12}},
    {{0.08, -0.12}, {0.08, 0.12}},
    {{0.08, 0.12}, {-0.20, 0.12}},
    {{-0.20, 0.12}, {-0.20, -0.12}},
    // lens
    {{0.08, -0.03}, {0.20, -0.10}},
    {{0.20, -0.10}, {0.20, 0.10}},
    {{0.20, 0.10}, {0.08, 0.03}},
    {{0.08, 0.03}, {0.08, -0.03}},
}};
constexpr Line kStroke{{-0.20, -0.20}, {0.20, 0.20}};

double squared_distance(Point p, const Line& line) {
  const double dx = line.to.x - line.from.x, dy = line.to.y - line.from.y;
  const double along = ((p.x - line.from.x) * dx + (p.y - line.from.y) * dy) / (dx * dx + dy * dy);
  const double t = std::clamp(along, 0.0, 1.0);
  const double x = p.x - line.from.x - t * dx, y = p.y - line.from.y - t * dy;
  return x * x + y * y;
}

// How much of a pixel whose middle is `inside` units within an edge is covered.
double cover(double inside, double pixel) { return std::clamp(inside / pixel + 0.5, 0.0, 1.0); }

double ink(Point p, double pixel) {
  double outline = kReach;
  for (const auto& line : kCamera) outline = std::min(outline, squared_distance(p, line));
  const double stroke = std::sqrt(squared_distance(p, kStroke));
  const double camera = cover(kPen - std::sqrt(outline), pixel) * (1 - cover(kGap - stroke, pixel));
  return std::max(camera, cover(kPen - stroke, pixel));
}

void draw(AVFrame& picture) {
  const int width = picture.width, height = picture.height;
  const double unit = std::min(width, height), pixel = 1 / unit;
  const int reach = static_cast<int>(kReach * unit);
  for (int y = height / 2 - reach; y < height / 2 + reach; ++y) {
    uint8_t* row = picture.data[0] + static_cast<ptrdiff_t>(y) * picture.linesize[0];
    for (int x = width / 2 - reach; x < width / 2 + reach; ++x) {
      const Point middle{(x + 0.5 - width / 2.0) * pixel, (y + 0.5 - height / 2.0) * pixel};
      row[x] = static_cast<uint8_t>(std::lround(kGround + (kInk - kGround) * ink(middle, pixel)));
    }
  }
}

void fill(AVFrame& picture) {
  for (int plane = 0; plane < 3; ++plane) {
    const int rows = plane == 0 ? picture.height : picture.height / 2;
    std::memset(picture.data[plane], plane == 0 ? static_cast<int>(kGround) : kNoColour,
                static_cast<size_t>(picture.linesize[plane]) * static_cast<size_t>(rows));
  }
}

}  // namespace

libav::Picture draw_slate(int width, int height) {
  libav::Picture picture(av_frame_alloc());
  if (!picture) return nullptr;
  picture->format = AV_PIX_FMT_YUV420P;
  picture->width = width;
  picture->height = height;
  picture->color_range = AVCOL_RANGE_MPEG;
  picture->color_primaries = AVCOL_PRI_BT709;
  picture->color_trc = AVCOL_TRC_BT709;
  picture->colorspace = AVCOL_SPC_BT709;
  if (av_frame_get_buffer(picture.get(), 0) < 0) return nullptr;
  fill(*picture);
  draw(*picture);
  return picture;
}

}  // namespace heliograph::hls
