// SPDX-License-Identifier: Apache-2.0
#include "server/metrics.h"

#include <array>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::server {
namespace {

using testing::HasSubstr;

TEST(Metrics, EveryNumberIsInPrometheusText) {
  control::Numbers control;
  control.rooms = 3;
  control.load_by_shard = {700, 350};
  control.refusals[base::Code::kInvalidSignal] = 5;
  gateway::Counters gateway;
  gateway.connections_open = 4;
  DoorNumbers door;
  door.tokens_refused[static_cast<size_t>(token::Reason::kExpired)] = 8;
  door.turned_away[static_cast<size_t>(TurnedAway::kRate)] = 9;
  door.addresses_full = 2;
  std::array<ShardSnapshot, 2> shards;
  shards[0].peers = 11;
  shards[1].shard.packets_forwarded = 12'345'678;
  shards[1].shard.drops.forged = 6;
  shards[1].udp.send_failed = 7;
  HlsNumbers hls;
  hls.packaging.streams = 21;
  hls.packaging.stream.parts_late = 22;
  hls.origin.waiting = 23;
  hls.origin.bytes = 24;
  hls.disk.recorded_bytes = 25;
  const auto text = metrics_text(control, gateway, door, shards, hls,
                                 {.cpu_seconds = 12.25, .resident_bytes = 31, .start_seconds = 32});
  EXPECT_THAT(text, HasSubstr("# TYPE heliograph_rooms gauge\nheliograph_rooms 3\n"));
  EXPECT_THAT(text, HasSubstr("heliograph_refusals_total{code=\"2001\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("heliograph_websockets 4\n"));
  EXPECT_THAT(text, HasSubstr("heliograph_tokens_refused_total{reason=\"expired\"} 8\n"));
  EXPECT_THAT(text, HasSubstr("heliograph_turned_away_total{reason=\"rate\"} 9\n"));
  EXPECT_THAT(text, HasSubstr("heliograph_addresses_full 2\n"));
  EXPECT_THAT(text, HasSubstr("heliograph_peers{shard=\"0\"} 11\nheliograph_peers{shard=\"1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE heliograph_packets_forwarded_total counter\n"));
  EXPECT_THAT(text, HasSubstr("heliograph_packets_forwarded_total{shard=\"1\"} 12345678"));
  EXPECT_THAT(text, HasSubstr("heliograph_srtp_forged_total{shard=\"1\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("heliograph_send_failed_total{shard=\"1\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE heliograph_hls_streams gauge\nheliograph_hls_streams 21\n"));
  EXPECT_THAT(text, HasSubstr("heliograph_hls_parts_late_total 22\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE heliograph_hls_waiting_requests gauge\nheliograph_hls_waiting_requests 23\n"));
  EXPECT_THAT(text, HasSubstr("heliograph_hls_bytes_total 24\n"));
  EXPECT_THAT(text, HasSubstr("heliograph_hls_recorded_bytes_total 25\n"));
  EXPECT_THAT(text, HasSubstr("heliograph_shard_load{shard=\"0\"} 700\nheliograph_shard_load{shard=\"1\"} 350\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 12.25\n"));
  EXPECT_THAT(text, HasSubstr("process_resident_memory_bytes 31\n"));
  EXPECT_THAT(text, HasSubstr("process_start_time_seconds 32\n"));
}

TEST(Metrics, NamesComeOnce) {
  const std::array<ShardSnapshot, 3> shards{};
  const auto text = metrics_text({}, {}, {}, shards, {}, {});
  const std::string help = "# HELP heliograph_packets_received_total";
  const auto first = text.find(help);
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find(help, first + 1), std::string::npos);
}

}  // namespace
}  // namespace heliograph::server
