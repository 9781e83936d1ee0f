// SPDX-License-Identifier: Apache-2.0
#include "server/process_numbers.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace heliograph::server {
namespace {

std::string read_file(const char* path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The word that `skipped` words and single spaces go before.
uint64_t number_at(std::string_view text, size_t skipped) {
  for (; skipped > 0; --skipped) {
    const auto space = text.find(' ');
    if (space == text.npos) return 0;
    text.remove_prefix(space + 1);
  }
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

double cpu_time() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double started() {
  const auto booted = boot_seconds(read_file("/proc/stat"));
  const auto ticks = start_ticks(read_file("/proc/self/stat"));
  if (booted == 0 || ticks == 0) return 0;
  return static_cast<double>(booted) + static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

uint64_t start_ticks(std::string_view stat) {
  // The name is field 2 and may hold anything, closing brackets included: fields are counted from the last one.
  const auto name_end = stat.rfind(')');
  return name_end == stat.npos ? 0 : number_at(stat.substr(name_end), 22 - 2);
}

uint64_t boot_seconds(std::string_view stat) {
  constexpr std::string_view kLine = "\nbtime ";
  const auto at = stat.find(kLine);
  return at == stat.npos ? 0 : number_at(stat.substr(at + kLine.size()), 0);
}

ProcessNumbers ProcessNumbers::now() {
  static const double kStarted = started();
  const auto pages = number_at(read_file("/proc/self/statm"), 1);  // proc_pid_statm(5): resident
  return {.cpu_seconds = cpu_time(),
          .resident_bytes = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)),
          .start_seconds = kStarted};
}

}  // namespace heliograph::server
