// SPDX-License-Identifier: Apache-2.0
#include "load/series.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace heliograph::load {
namespace {

Second a_second() {
  Second s;
  s.time = base::Duration::millis(12'300);
  s.phase = "burst";
  s.watching = 700;
  s.joined = 650;
  s.connected = 640;
  s.with_media = 630;
  s.packets_per_second = 67'000.4;
  s.bits_per_second = 501'250'000;
  s.missing = 2;
  s.delay_p50 = base::Duration::micros(210);
  s.delay_p99 = base::Duration::micros(4'900);
  s.server_cpu_percent = 17.25;
  return s;
}

TEST(Series, ALineOfCsvHasAValueForEachColumn) {  // RFC 4180
  const auto line = csv_line(a_second());
  EXPECT_EQ(line, "12.3,burst,700,650,640,630,67000,501.250,2,0.210,4.900,17.2\r\n");
  EXPECT_EQ(std::ranges::count(line, ','), std::ranges::count(csv_header(), ','));
}

TEST(Series, WhatIsNotKnownIsEmpty) {
  auto s = a_second();
  s.server_cpu_percent.reset();
  EXPECT_TRUE(csv_line(s).ends_with(",4.900,\r\n"));
  EXPECT_EQ(progress_line(s).find("server"), std::string::npos);
}

TEST(Series, ProgressSaysHowFarItIs) {
  const auto line = progress_line(a_second());
  for (const auto* part : {"12 s", "burst", "650 joined", "640 connected", "630 with media of 700", "67000 packets/s",
                           "501.2 Mbit/s", "missing 2", "p50 0.2 p99 4.9 ms", "server 17 %"})
    EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
}

}  // namespace
}  // namespace heliograph::load
