// SPDX-License-Identifier: Apache-2.0
// What is read from people and from the kernel.
#include <array>

#include <gtest/gtest.h>

#include "load/options.h"
#include "load/server_probe.h"
#include "load/url.h"

namespace heliograph::load {
namespace {

TEST(Url, HasHostPortAndTarget) {
  EXPECT_EQ(Url::parse("ws://127.0.0.1:8080/ws?token=a:b"), (Url{"127.0.0.1", "8080", "/ws?token=a:b", false, false}));
  EXPECT_EQ(Url::parse("ws://[::1]:81"), (Url{"::1", "81", "/", false, false}));
  EXPECT_EQ(Url::parse("ws://example.org?x"), (Url{"example.org", "80", "/?x", false, false}));
  EXPECT_EQ(Url::parse("ws://[::1]:81")->authority(), "[::1]:81");
}

TEST(Url, OfAPlaylistIsHttp) {
  EXPECT_EQ(Url::parse_http("http://127.0.0.1:8080/a.m3u8?token=x"),
            (Url{"127.0.0.1", "8080", "/a.m3u8?token=x", false, false}));
  for (const auto* text : {"", "ws://a/b", "http://", "http://a:0"}) EXPECT_FALSE(Url::parse_http(text)) << text;
}

TEST(Url, OfTlsHasItsOwnPort) {
  EXPECT_EQ(Url::parse("wss://example.org/ws"), (Url{"example.org", "443", "/ws", true, false}));
  EXPECT_EQ(Url::parse_http("https://example.org:1/")->authority(), "example.org:1");
  EXPECT_EQ(Url::parse("wss://example.org/ws")->at("/metrics"), (Url{"example.org", "443", "/metrics", true, false}));
}

TEST(Url, WhatIsWrongIsSaid) {
  for (const auto* text : {"", "http://a", "ws://", "ws://a:0", "ws://a:70000", "ws://a:b"})
    EXPECT_FALSE(Url::parse(text)) << text;
}

TEST(Options, RatesAndRamps) {
  EXPECT_EQ(parse_rate("2500k")->bps(), 2'500'000);
  EXPECT_EQ(parse_rate("2.5M")->bps(), 2'500'000);
  EXPECT_EQ(parse_rate("0")->bps(), 0);
  EXPECT_EQ(parse_ramp("50/s"), 50);
  EXPECT_EQ(parse_ramp("0.5"), 0.5);
  EXPECT_EQ(parse_ramp("burst"), kAllAtOnce);
  for (const auto* text : {"", "k", "-1", "1e99", "2500x", "nan"}) EXPECT_FALSE(parse_rate(text)) << text;
  for (const auto* text : {"", "/s", "0", "-3/s", "50/m"}) EXPECT_FALSE(parse_ramp(text)) << text;
}

std::expected<Options, Exit> parsed(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "heliograph-load");
  return parse(static_cast<int>(arguments.size()), arguments.data());
}

TEST(Options, HelpIsNoError) {
  EXPECT_EQ(parsed({"--help"}).error().code, 0);
  EXPECT_EQ(parsed({}).error().code, 2);
  EXPECT_EQ(parsed({"--url", "ws://a", "--no-audio", "--video-bitrate", "0"}).error().code, 2);
}

TEST(Options, ARoomIsMadeUpUnlessNamed) {
  const auto one = parsed({"--url", "ws://a", "--viewers", "7", "--no-audio"});
  ASSERT_TRUE(one) << one.error().text;
  EXPECT_EQ(one->viewers, 7);
  EXPECT_FALSE(one->media.audio);
  EXPECT_NE(one->room, parsed({"--url", "ws://a"})->room);
  EXPECT_EQ(parsed({"--url", "ws://a", "--room", "r"})->room, "r");
}

TEST(Options, WhatCannotBeIsSaid) {
  const std::vector<std::vector<const char*>> all = {{"--viewers", "0"},
                                                     {"--mesh"},
                                                     {"--ramp", "0"},
                                                     {"--simulcast", "--video-bitrate", "0"},
                                                     {"--video-file", "/nowhere"},
                                                     {"--scenario", "/nowhere"},
                                                     {"--metrics-url", "x"}};
  for (auto arguments : all) {
    arguments.insert(arguments.end(), {"--url", "ws://a"});
    const auto options = parsed(arguments);
    ASSERT_FALSE(options) << arguments[0];
    EXPECT_EQ(options.error().code, 2);
  }
  EXPECT_TRUE(parsed({"--url", "ws://a", "--viewers", "0", "--mesh", "--publishers", "2"}));
}

TEST(ServerProbe, AMetricsPageSaysWhatTheProcessUses) {
  const auto usage = usage_in({{"process_cpu_seconds_total", 1.25}, {"process_resident_memory_bytes", 5e7}});
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->cpu, base::Duration::millis(1250));
  EXPECT_EQ(usage->resident_bytes, 50'000'000U);
  EXPECT_FALSE(usage_in({{"process_resident_memory_bytes", 5e7}}));
}

TEST(ServerProbe, OnlyCountersGrow) {
  EXPECT_EQ(growth({{"a_total", 3}, {"b", 1}}, {{"a_total", 5}, {"b", 9}, {"c_total", 2}}),
            (Counters{{"a_total", 2}, {"c_total", 2}}));
}

TEST(ServerProbe, CpuTimeIsFoundBehindAnyName) {
  EXPECT_EQ(cpu_ticks("12 (he ) (x) S 1 2 3 4 5 6 7 8 9 10 300 45 0 0 20 0"), 345U);
  EXPECT_FALSE(cpu_ticks("12 (x) S 1 2"));
  EXPECT_FALSE(cpu_ticks(""));
}

TEST(ServerProbe, TheWaitForACpuIsTheSecondNumber) {
  EXPECT_EQ(run_queue_wait("123456789 5000999 77\n"), base::Duration::micros(5000));
  EXPECT_FALSE(run_queue_wait("1"));
}

TEST(ServerProbe, LinesThatDifferInLabelsAreSummed) {
  const auto counters = read_counters(
      "# HELP a_total x\n# TYPE a_total counter\na_total{shard=\"0\"} 3\na_total{shard=\"1\"} 4.5\nb 1e3\n");
  EXPECT_EQ(counters, (Counters{{"a_total", 7.5}, {"b", 1000}}));
}

}  // namespace
}  // namespace heliograph::load
