// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace heliograph::server {

// What the kernel says of this process, under the names that Prometheus's own clients give it.
struct ProcessNumbers {
  double cpu_seconds = 0;       // user and system, all threads
  uint64_t resident_bytes = 0;  // 0: /proc does not say
  double start_seconds = 0;     // since 1970; 0 likewise

  static ProcessNumbers now();
};

// Clock ticks after boot at which the process started: field 22 of proc_pid_stat(5). 0: not to be found.
uint64_t start_ticks(std::string_view stat);
// When the machine booted, in seconds since 1970: `btime` of proc_stat(5). 0: not to be found.
uint64_t boot_seconds(std::string_view stat);

}  // namespace heliograph::server
