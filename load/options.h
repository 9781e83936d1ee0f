// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/data_rate.h"
#include "base/time.h"
#include "load/url.h"

namespace heliograph::load {

// What is asked for on the command line.
struct Options {
  Url url;
  std::string room;  // never empty: made up when none is given
  int publishers = 1;
  int viewers = 10;
  base::Duration duration = base::Duration::seconds(60);  // of what is measured
  base::Duration settle = base::Duration::seconds(5);     // between the last viewer's first picture and that
  base::DataRate video_rate = base::DataRate::kbps(2500);
  double fps = 30;
  bool audio = true;
  double ramp = 50;  // viewers a second
  std::optional<int> server_pid;
  std::optional<int> pin;
  std::string json_file;
};

// The program ends here: 0 with text for standard output, 2 with a sentence for standard error.
struct Exit {
  int code = 0;
  std::string text;
};

std::expected<Options, Exit> parse(int argc, const char* const* argv);

// "2500k", "2.5M", "2500000": bits a second.
std::optional<base::DataRate> parse_rate(std::string_view text);
// "50/s" or "50": something a second, more than none.
std::optional<double> parse_ramp(std::string_view text);

}  // namespace heliograph::load
