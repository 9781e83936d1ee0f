// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "base/data_rate.h"
#include "load/recording.h"

namespace heliograph::load {

// What each publisher sends.
struct PublishedMedia {
  base::DataRate video_rate = base::DataRate::kbps(2500);  // zero: no video; of simulcast's highest layer
  double fps = 30;
  bool audio = true;
  bool simulcast = false;
  std::shared_ptr<const Recording> recording = {};  // instead of made-up frames

  bool has_video() const { return video_rate.bps() > 0 || recording != nullptr; }
};

// The layers of simulcast, lowest first, as Chromium sends 320 × 180, 640 × 360 and 1280 × 720.
struct Layer {
  std::string_view rid;
  double part = 1;  // of the highest layer's bit rate: libwebrtc's targets are 150, 500 and 2500 kbit/s
};
inline constexpr std::array<Layer, 3> kLayers = {{{"q", 0.06}, {"h", 0.2}, {"f", 1}}};

}  // namespace heliograph::load
