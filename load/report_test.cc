// SPDX-License-Identifier: Apache-2.0
#include "load/report.h"

#include <boost/json.hpp>

#include <gtest/gtest.h>

namespace heliograph::load {
namespace {

Report a_report() {
  Report r;
  r.publishers = 1;
  r.viewers = r.viewers_complete = 200;
  Look begin{.at = base::Timestamp::from_micros(0), .own = ProcessUsage{}, .server = ServerReading{}};
  Look end = begin;
  end.at = base::Timestamp::from_micros(10'000'000);
  end.own->cpu = base::Duration::seconds(1);
  end.server->usage.cpu = base::Duration::seconds(2);
  end.server->usage.resident_bytes = 9'000'000;
  r.cost = Cost::between(begin, end, base::Duration::millis(7));
  r.measured_received = 1'000'000;
  r.server_memory_before = 5'000'000;
  return r;
}

TEST(Report, TellsWhatAPacketAndAViewerCost) {
  const auto r = a_report();
  EXPECT_DOUBLE_EQ(r.server_us_a_packet().value(), 2.0);
  EXPECT_EQ(r.memory_a_viewer(), 20'000U);
  const auto json = boost::json::parse(to_json(r)).as_object();
  EXPECT_DOUBLE_EQ(json.at("load_us_a_packet").as_double(), 1.0);
  EXPECT_DOUBLE_EQ(json.at("server_cpu_percent").as_double(), 20);
  EXPECT_DOUBLE_EQ(json.at("load_longest_stall_ms").as_double(), 7);
  EXPECT_NE(to_text(r).find("2.00 us a packet"), std::string::npos);
}

TEST(Report, WithoutTheServerSaysNothingOfIt) {
  auto r = a_report();
  r.cost.server_cpu.reset();
  EXPECT_FALSE(r.server_us_a_packet());
  EXPECT_FALSE(boost::json::parse(to_json(r)).as_object().contains("server_us_a_packet"));
  EXPECT_EQ(to_text(r).find("server CPU"), std::string::npos);
}

TEST(Report, OfABurstHasItsJoinsAndTheDelayOfTheOthers) {
  auto r = a_report();
  EXPECT_FALSE(boost::json::parse(to_json(r)).as_object().contains("burst_viewers"));
  r.burst_viewers = r.burst_complete = 50;
  r.burst_time = base::Duration::millis(800);
  r.totals.of(Wave::kBurst).join_to_media.add(base::Duration::millis(10));
  r.totals.of(Wave::kRunning).join_to_media.add(base::Duration::millis(20));
  r.delay_during.add(base::Duration::micros(64));
  const auto json = boost::json::parse(to_json(r)).as_object();
  EXPECT_DOUBLE_EQ(json.at("burst_join_to_media_ms_max").as_double(), 10);
  EXPECT_DOUBLE_EQ(json.at("join_to_media_ms_max").as_double(), 20);
  EXPECT_DOUBLE_EQ(json.at("burst_seconds").as_double(), 0.8);
  EXPECT_DOUBLE_EQ(json.at("delay_during_burst_ms_p99").as_double(), 0.064);
}

TEST(Report, IsGoodOnlyWhenNothingWasLostAndAllSawAPicture) {
  EXPECT_TRUE(a_report().good());
  auto r = a_report();
  r.lost = 1;
  EXPECT_FALSE(r.good());
  r = a_report();
  r.viewers_complete = 199;
  EXPECT_FALSE(r.good());
}

}  // namespace
}  // namespace heliograph::load
