// SPDX-License-Identifier: Apache-2.0
// heliograph-churn: people come and go for an hour of virtual time, and the server's memory is watched.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <vector>

#include <malloc.h>

#include "fmt/format.h"
#include "sim/churn/crowd.h"
#include "sim/churn/flatness.h"
#include "sim/churn/heap.h"

namespace heliograph::sim {
namespace {

// With twice as many as later: vectors, hash tables and slot maps keep the room of their fullest moment, which is then
// over.
constexpr base::Duration kWarmUp = base::Duration::seconds(240);
// From this minute on people are spread over what they do as they will be for the rest of the time.
constexpr int kSettled = 10;
constexpr base::Duration kMinute = base::Duration::seconds(60);

struct Table {
  bool csv = false;

  void head() const {
    if (csv) {
      fmt::print("minute,bytes,blocks,peers,publications,downlinks,sessions,rooms,joins,packets,process\n");
    } else {
      fmt::print("{:>9} {:>11} {:>8} {:>6} {:>6} {:>6} {:>9} {:>6} {:>7} {:>11} {:>12}\n", "minute", "bytes", "blocks",
                 "peers", "pubs", "downl.", "sessions", "rooms", "joins", "packets", "process");
    }
  }
  void row(const std::string& when, const Crowd& crowd) const {
    const auto heap = server_heap();
    const auto numbers = crowd.house().numbers();
    const auto process = mallinfo2();
    fmt::print(fmt::runtime(csv ? "{},{},{},{},{},{},{},{},{},{},{}\n"
                                : "{:>9} {:>11} {:>8} {:>6} {:>6} {:>6} {:>9} {:>6} {:>7} {:>11} {:>12}\n"),
               when, heap.bytes, heap.blocks, crowd.house().peers(), crowd.house().publications(), numbers.downlinks,
               numbers.sessions, numbers.rooms, crowd.deeds().joins, crowd.house().counters().packets_forwarded,
               process.uordblks + process.hblkhd);
    std::fflush(stdout);
  }
};

void print_deeds(const Crowd& crowd) {
  const auto& d = crowd.deeds();
  const auto c = crowd.house().counters();
  fmt::print(
      "{} joined, {} left, {} crashed, {} kicked; {} sockets lost; {} OFFERs ({} new PeerConnections), {} WATCHes, "
      "{} ICE restarts, {} UNWATCH, {} UNPUBLISH; {} never connected; {} refusals\n"
      "{} packets in, {} forwarded, {} received by viewers; {} resent, {} asked for again, {} keyframes asked for\n",
      d.joins, d.leaves, d.crashes, d.kicked, d.sockets_lost, d.offers, d.new_peer_connections, d.watches,
      d.ice_restarts, d.unwatches, d.unpublished, d.never_connected, d.refused, c.packets_received, c.packets_forwarded,
      crowd.received(), c.resent, c.nacks_sent, c.keyframes_requested);
}

// Nobody may be left, and nothing of them.
bool is_empty(const Crowd& crowd) {
  const auto numbers = crowd.house().numbers();
  const bool empty =
      numbers.connections + numbers.rooms + numbers.sessions + crowd.house().peers() + crowd.house().publications() ==
      0;
  if (!empty) fmt::print("SOMEBODY IS LEFT: connections, rooms, sessions, peers or publications\n");
  return empty;
}

Sample sample(const Crowd& crowd, int minute) {
  return {static_cast<double>(minute), static_cast<double>(crowd.house().peers()),
          static_cast<double>(crowd.house().publications()), static_cast<double>(server_heap().bytes)};
}

bool judge_full(const std::vector<Sample>& samples) {
  if (samples.size() < kTrendSamples) {
    fmt::print("full house: too short for a trend\n");
    return true;
  }
  double mean = 0;
  for (const auto& s : samples) mean += s.bytes / static_cast<double>(samples.size());
  const double minutes = samples.back().minutes - samples.front().minutes;
  const auto trend = fit(samples);
  const bool growing = grows(trend, minutes, mean, {});
  fmt::print(
      "full house: {:.0f} bytes; growth at equal numbers of peers and publications {:+.0f} ± {:.0f} bytes a minute, "
      "{:+.2f} % in {:.0f} minutes: {}\n",
      mean, trend.a_minute, trend.a_minute_error, trend.a_minute * minutes / mean * 100, minutes,
      growing ? "GROWS" : "flat");
  return !growing;
}

bool judge_empty(const HeapUse& before, const HeapUse& after, double joins) {
  const auto left = static_cast<double>(after.bytes - before.bytes);
  const bool leaking = leaves_something(left, joins, {});
  fmt::print("empty house: {:+.0f} bytes in {:+} blocks since the first time, {:+.2f} bytes a join: {}\n", left,
             after.blocks - before.blocks, left / joins, leaking ? "LEAKS" : "flat");
  return !leaking;
}

int run(const Crowd::Options& options, size_t participants, int minutes, Table table) {
  Crowd crowd(options);
  table.head();
  table.row("start", crowd);
  crowd.flood(2 * participants);
  crowd.run_for(kWarmUp);
  table.row("warm", crowd);
  crowd.ebb();
  table.row("empty", crowd);
  const auto before = server_heap();
  const auto joins_before = crowd.deeds().joins;
  bool good = is_empty(crowd);
  crowd.flood(participants);
  std::vector<Sample> samples;
  for (int minute = 1; minute <= minutes; ++minute) {
    crowd.run_for(kMinute);
    table.row(fmt::format("{}", minute), crowd);
    if (minute >= kSettled) samples.push_back(sample(crowd, minute));
  }
  crowd.ebb();
  table.row("empty", crowd);
  const auto after = server_heap();
  if (!table.csv) print_deeds(crowd);
  good = is_empty(crowd) && good;
  good = judge_full(samples) && good;
  good = judge_empty(before, after, static_cast<double>(crowd.deeds().joins - joins_before)) && good;
  return good ? 0 : 1;
}

}  // namespace
}  // namespace heliograph::sim

int main(int argc, char** argv) {
  using namespace heliograph::sim;
  count_openssl();
  Crowd::Options options;
  size_t participants = 100;
  int minutes = 60;
  Table table;
  CLI::App app{"An hour of people who come and go, in virtual time, before a real control plane and real shards.",
               "heliograph-churn"};
  app.add_option("--minutes", minutes, "of virtual time, after the warm-up")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_option("--participants", participants, "at any time")->capture_default_str();
  app.add_option("--rooms", options.rooms)->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--shards", options.shards)->check(CLI::Range(1, 60))->capture_default_str();
  app.add_option("--loss", options.loss, "of datagrams, each way")->capture_default_str();
  app.add_option("--leak", options.leak,
                 "bytes that the server is made to lose with each participant, to see it found");
  app.add_flag("--csv", table.csv, "a row a minute, and nothing that is no row but the verdict");
  CLI11_PARSE(app, argc, argv);
  return run(options, participants, minutes, table);
}
