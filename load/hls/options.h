// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "base/time.h"
#include "load/command_line.h"
#include "load/hls/playlist.h"
#include "load/url.h"

namespace heliograph::load::hls {

struct Options {
  Url url;
  int players = 10;
  base::Duration duration = base::Duration::seconds(60);  // of what is measured
  base::Duration settle = base::Duration::seconds(5);     // between the last player and that
  double ramp = 100;                                      // players a second
  Choice rendition = Choice::kHighest;
  bool parts = true;
  std::optional<int> server_pid;
  std::optional<int> pin;
  std::string json_file;
};

std::expected<Options, Exit> parse(int argc, const char* const* argv);

}  // namespace heliograph::load::hls
