// SPDX-License-Identifier: Apache-2.0
// What the server costs and counts, as seen from outside.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/time.h"
#include "load/url.h"

namespace heliograph::load {

// One look at a process: CPU time of all its threads since its start, in steps of the kernel's clock tick (10 ms), how
// long they were ready and had no CPU, and its resident memory.
struct ProcessUsage {
  base::Duration cpu;
  base::Duration waited;
  uint64_t resident_bytes = 0;

  // From /proc/PID; nullopt when there is no such process.
  static std::optional<ProcessUsage> of(pid_t pid);
};
struct ServerReading {
  base::Timestamp at;
  ProcessUsage usage;
};
// utime + stime of a line of /proc/PID/stat, in ticks; the name may hold blanks and brackets.
std::optional<uint64_t> cpu_ticks(std::string_view stat);

// The second word of a line of /proc/PID/schedstat: nanoseconds that a thread was ready and had no CPU.
std::optional<base::Duration> run_queue_wait(std::string_view schedstat);

using Counters = std::map<std::string, double, std::less<>>;
// The numbers of a Prometheus page (text format 0.0.4); lines that differ in labels only are summed.
Counters read_counters(std::string_view page);
// How much those that end in _total have grown.
Counters growth(const Counters& before, const Counters& after);
// A Prometheus page; nullopt when there is none. Blocks.
std::optional<Counters> fetch_counters(const Url& page);
// What such a page says of its own process: process_cpu_seconds_total and process_resident_memory_bytes, as Prometheus'
// client libraries name them. nullopt without the former.
std::optional<ProcessUsage> usage_in(const Counters& counters);

}  // namespace heliograph::load
