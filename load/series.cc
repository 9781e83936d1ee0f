// SPDX-License-Identifier: Apache-2.0
#include "load/series.h"

#include <fmt/format.h>

#include "load/figures.h"

namespace heliograph::load {

std::string progress_line(const Second& s) {
  auto line = fmt::format(
      "{:4.0f} s  {:<10}  viewers {} joined, {} connected, {} with media of {}  {:7.0f} packets/s {:6.1f} Mbit/s  "
      "missing {}  delay p50 {:.1f} p99 {:.1f} ms",
      s.time.to_seconds(), s.phase, s.joined, s.connected, s.with_media, s.watching, s.packets_per_second,
      s.bits_per_second / 1e6, s.missing, ms(s.delay_p50), ms(s.delay_p99));
  if (s.server_cpu_percent) line += fmt::format("  server {:.0f} %", *s.server_cpu_percent);
  return line;
}

std::string csv_header() {
  return "seconds,phase,watching,joined,connected,with_media,packets_per_second,mbit_per_second,missing,delay_ms_p50,"
         "delay_ms_p99,server_cpu_percent\r\n";
}

std::string csv_line(const Second& s) {
  const auto cpu = s.server_cpu_percent ? fmt::format("{:.1f}", *s.server_cpu_percent) : std::string();
  return fmt::format("{:.1f},{},{},{},{},{},{:.0f},{:.3f},{},{:.3f},{:.3f},{}\r\n", s.time.to_seconds(), s.phase,
                     s.watching, s.joined, s.connected, s.with_media, s.packets_per_second, s.bits_per_second / 1e6,
                     s.missing, ms(s.delay_p50), ms(s.delay_p99), cpu);
}

}  // namespace heliograph::load
