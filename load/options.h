// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/data_rate.h"
#include "base/time.h"
#include "load/command_line.h"
#include "load/published_media.h"
#include "load/tokens.h"
#include "load/url.h"

namespace heliograph::load {

// What is asked for on the command line and in a scenario file.
struct Options {
  Url url;
  std::string room;  // never empty: made up when none is given; with several rooms what their names begin with
  int rooms = 1;
  int publishers = 1;                                     // of each room
  int viewers = 10;                                       // of each room
  bool mesh = false;                                      // publishers watch each other
  base::Duration duration = base::Duration::seconds(60);  // of what is measured
  base::Duration settle = base::Duration::seconds(5);     // between the last viewer's first picture and that
  double ramp = 50;                                       // viewers a second; infinity: all at once
  int burst = 0;                                          // viewers who join while it is measured, of all rooms
  base::Duration burst_after = base::Duration::seconds(5);
  double burst_ramp = kAllAtOnce;
  PublishedMedia media;
  TokenChoice tokens;
  std::optional<int> server_pid;
  std::optional<Url> metrics;
  std::optional<int> pin;
  std::string json_file;
  std::string csv_file;
};

std::expected<Options, Exit> parse(int argc, const char* const* argv);

}  // namespace heliograph::load
