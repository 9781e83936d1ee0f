// SPDX-License-Identifier: Apache-2.0
// A run as a row of seconds: the line of progress, and the CSV file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace heliograph::load {

struct Second {
  base::Duration time;  // since the run began
  std::string_view phase;
  int watching = 0;  // were let in so far, viewers of the burst included
  int joined = 0, connected = 0, with_media = 0;
  double packets_per_second = 0;
  double bits_per_second = 0;  // of RTP payload
  uint64_t missing = 0;        // so far; of retransmission some may still come
  base::Duration delay_p50, delay_p99;
  std::optional<double> server_cpu_percent;  // of a core
};

std::string progress_line(const Second& second);
// RFC 4180; what is not known is empty.
std::string csv_header();
std::string csv_line(const Second& second);

}  // namespace heliograph::load
