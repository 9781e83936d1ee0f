// SPDX-License-Identifier: Apache-2.0
#include "load/own_process.h"

#include <algorithm>

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>

namespace heliograph::load {

bool pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return cpu >= 0 && sched_setaffinity(0, sizeof set, &set) == 0;
}

std::string ask_for_files(size_t wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return {};
  limit.rlim_cur = limit.rlim_max = std::max<rlim_t>(limit.rlim_max, wanted);
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return {};
  return fmt::format("{} open files are needed and not allowed; try: ulimit -n {}", wanted, wanted);
}

}  // namespace heliograph::load
