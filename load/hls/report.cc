// SPDX-License-Identifier: Apache-2.0
#include "load/hls/report.h"

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>

#include <fmt/format.h>

#include "load/figures.h"

namespace heliograph::load::hls {
namespace {

double per_second(uint64_t count, base::Duration time) {
  return time.us() > 0 ? static_cast<double>(count) / time.to_seconds() : 0;
}

struct Named {
  const char* name;
  const char* key;
  const Histogram Tally::* histogram;
};
constexpr Named kSpans[] = {{"beyond the block", "beyond_block", &Tally::beyond_block},
                            {"age of playlists", "playlist_age", &Tally::playlist_age},
                            {"part fetched in", "part_fetch", &Tally::part_fetch},
                            {"other playlists in", "playlist_fetch", &Tally::playlist_fetch}};

struct Trouble {
  const char* name;
  const char* key;
  uint64_t Tally::* count;
};
constexpr Trouble kTroubles[] = {{"stalls", "stalls", &Tally::stalls},
                                 {"holes between playlists", "holes", &Tally::holes},
                                 {"playlists that went back", "backwards", &Tally::backwards},
                                 {"reloads without anything new", "unmoved", &Tally::unmoved},
                                 {"empty parts", "empty_parts", &Tally::empty}};

}  // namespace

std::string to_text(const Report& r) {
  std::string text = "\n";
  auto out = std::back_inserter(text);
  fmt::format_to(out, "players            {} of {} playing at the end\n", r.playing, r.players);
  fmt::format_to(out, "measured           {:.1f} s: {:.0f} playlists/s, {:.0f} parts/s, {:.1f} Mbit/s\n",
                 r.cost.measured.to_seconds(), per_second(r.playlists, r.cost.measured),
                 per_second(r.parts, r.cost.measured), per_second(r.bytes * 8, r.cost.measured) / 1e6);
  for (const auto& span : kSpans) {
    const Histogram& h = r.tally.*span.histogram;
    if (h.count() == 0) continue;
    fmt::format_to(out, "{:<18} p50 {:.2f} ms, p99 {:.2f} ms, max {:.1f} ms ({} times)\n", span.name,
                   ms(h.quantile(0.5)), ms(h.quantile(0.99)), ms(h.largest()), h.count());
  }
  for (const auto& trouble : kTroubles)
    if (r.tally.*trouble.count > 0)
      fmt::format_to(out, "                   {} {}\n", r.tally.*trouble.count, trouble.name);
  for (const auto& [status, count] : r.tally.errors)
    fmt::format_to(out, "                   {} answers {}\n", count, status);
  for (const auto& [sentence, count] : r.tally.troubles)
    fmt::format_to(out, "                   {} × {}\n", count, sentence);
  fmt::format_to(out,
                 "this program       {:.0f} % of a core, ready without a CPU {:.0f} %, stalled {:.0f} ms at most\n",
                 percent_of_core(r.cost.own_cpu, r.cost.measured), percent_of_core(r.cost.own_wait, r.cost.measured),
                 ms(r.cost.longest_stall));
  if (const auto us = r.server_us_a_response())
    fmt::format_to(out, "server             {:.0f} % of a core, ready without a CPU {:.0f} %; {:.1f} us a response\n",
                   percent_of_core(*r.cost.server_cpu, r.cost.measured),
                   percent_of_core(r.cost.server_wait, r.cost.measured), *us);
  if (r.cost.server_memory)
    fmt::format_to(out, "server memory      {:.1f} MB resident\n", static_cast<double>(*r.cost.server_memory) / 1e6);
  text += r.good() ? "good: all played through\n" : "NOT GOOD\n";
  return text;
}

std::string to_json(const Report& r) {
  boost::json::object o{
      {"good", r.good()},
      {"players", r.players},
      {"players_playing", r.playing},
      {"playlists_a_second", per_second(r.playlists, r.cost.measured)},
      {"parts_a_second", per_second(r.parts, r.cost.measured)},
      {"mbit_a_second", per_second(r.bytes * 8, r.cost.measured) / 1e6},
  };
  for (const auto& span : kSpans) {
    const Histogram& h = r.tally.*span.histogram;
    o[span.key] = boost::json::object{{"count", h.count()},
                                      {"ms_p50", ms(h.quantile(0.5))},
                                      {"ms_p99", ms(h.quantile(0.99))},
                                      {"ms_max", ms(h.largest())}};
  }
  for (const auto& trouble : kTroubles) o[trouble.key] = r.tally.*trouble.count;
  boost::json::object errors, troubles;
  for (const auto& [status, count] : r.tally.errors) errors[std::to_string(status)] = count;
  for (const auto& [sentence, count] : r.tally.troubles) troubles[sentence] = count;
  o["errors"] = std::move(errors);
  o["troubles"] = std::move(troubles);
  append_json(r.cost, o);
  if (const auto us = r.server_us_a_response()) o["server_us_a_response"] = *us;
  return boost::json::serialize(o) + "\n";
}

}  // namespace heliograph::load::hls
