// SPDX-License-Identifier: Apache-2.0
#include "load/server_probe.h"

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

#include "load/http_get.h"

namespace heliograph::load {
namespace {

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The n-th word, from 0; empty when there are fewer.
std::string_view word(std::string_view text, size_t n) {
  for (;; --n) {
    text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
    const auto end = std::min(text.find_first_of(" \n"), text.size());
    if (n == 0 || text.empty()) return text.substr(0, end);
    text.remove_prefix(end);
  }
}

std::optional<uint64_t> number(std::string_view digits) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || digits.empty()) return std::nullopt;
  return value;
}

// Of all threads that live.
base::Duration waited_by_threads(pid_t pid) {
  base::Duration sum;
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), error)) {
    const auto text = read_file(task.path() / "schedstat");
    if (const auto waited = text ? run_queue_wait(*text) : std::nullopt) sum += *waited;
  }
  return sum;
}

}  // namespace

// proc(5): utime and stime are fields 14 and 15; the second is the name in brackets.
std::optional<uint64_t> cpu_ticks(std::string_view stat) {
  const auto bracket = stat.rfind(')');
  if (bracket == stat.npos) return std::nullopt;
  const auto rest = stat.substr(bracket + 1);
  const auto user = number(word(rest, 11));
  const auto system = number(word(rest, 12));
  if (!user || !system) return std::nullopt;
  return *user + *system;
}

std::optional<ProcessUsage> ProcessUsage::of(pid_t pid) {
  const auto stat = read_file(fmt::format("/proc/{}/stat", pid));
  const auto statm = read_file(fmt::format("/proc/{}/statm", pid));
  const auto ticks = stat ? cpu_ticks(*stat) : std::nullopt;
  const auto pages = statm ? number(word(*statm, 1)) : std::nullopt;
  if (!ticks || !pages) return std::nullopt;
  const auto tick_us = 1'000'000 / sysconf(_SC_CLK_TCK);
  return ProcessUsage{base::Duration::micros(static_cast<int64_t>(*ticks) * tick_us), waited_by_threads(pid),
                      *pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE))};
}

std::optional<base::Duration> run_queue_wait(std::string_view schedstat) {
  const auto ns = number(word(schedstat, 1));
  if (!ns) return std::nullopt;
  return base::Duration::micros(static_cast<int64_t>(*ns / 1000));
}

Counters read_counters(std::string_view page) {
  Counters counters;
  while (!page.empty()) {
    const auto end = std::min(page.find('\n'), page.size());
    const auto line = page.substr(0, end);
    page.remove_prefix(std::min(end + 1, page.size()));
    if (line.empty() || line.front() == '#') continue;
    const auto name = line.substr(0, line.find_first_of("{ "));
    const auto value = line.substr(line.rfind(' ') + 1);
    double parsed = 0;
    const auto [rest, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    if (error == std::errc()) counters[std::string(name)] += parsed;
  }
  return counters;
}

Counters growth(const Counters& before, const Counters& after) {
  Counters grown;
  for (const auto& [name, value] : after) {
    const auto old = before.find(name);
    if (name.ends_with("_total")) grown[name] = value - (old == before.end() ? 0 : old->second);
  }
  return grown;
}

std::optional<Counters> fetch_counters(const Url& page) {
  const auto body = http_get(page);
  return body ? std::optional(read_counters(*body)) : std::nullopt;
}

std::optional<ProcessUsage> usage_in(const Counters& counters) {
  const auto cpu = counters.find("process_cpu_seconds_total");
  if (cpu == counters.end()) return std::nullopt;
  const auto memory = counters.find("process_resident_memory_bytes");
  ProcessUsage usage;
  usage.cpu = base::Duration::from_seconds(cpu->second);
  usage.resident_bytes = memory == counters.end() ? 0 : static_cast<uint64_t>(memory->second);
  return usage;
}

}  // namespace heliograph::load
