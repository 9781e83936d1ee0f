// SPDX-License-Identifier: Apache-2.0
#include "load/report.h"

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>

#include <fmt/format.h>

#include "load/figures.h"

namespace heliograph::load {
namespace {

// Of the server's counters, those that say that something did not get through.
constexpr const char* kWorrying[] = {"heliograph_send_failed_total",    "heliograph_crossings_lost_total",
                                     "heliograph_resends_missed_total", "heliograph_datagrams_oversized_total",
                                     "heliograph_unknown_peer_total",   "heliograph_srtp_forged_total",
                                     "heliograph_srtp_early_total",     "heliograph_stun_refused_total",
                                     "heliograph_nacks_sent_total",     "heliograph_datagrams_malformed_total"};

struct Joining {
  const char* name;
  const char* key;
  const Histogram JoinTimes::* histogram;
};
constexpr Joining kJoining[] = {{"join to connected", "join_to_connected", &JoinTimes::join_to_connected},
                                {"join to media", "join_to_media", &JoinTimes::join_to_media},
                                {"open to media", "open_to_media", &JoinTimes::open_to_media}};

struct Around {
  const char* name;
  const char* key;
  const Histogram Report::* histogram;
};
constexpr Around kAround[] = {{"delay before it", "delay_before_burst", &Report::delay_before},
                              {"delay during it", "delay_during_burst", &Report::delay_during},
                              {"delay after it", "delay_after_burst", &Report::delay_after}};

double value(const Counters& counters, std::string_view name) {
  const auto found = counters.find(name);
  return found == counters.end() ? 0 : found->second;
}

void append_percentiles(std::string& text, std::string_view name, const Histogram& h) {
  fmt::format_to(std::back_inserter(text), "{:<18} p50 {:.2f} ms, p99 {:.2f} ms, max {:.1f} ms\n", name,
                 ms(h.quantile(0.5)), ms(h.quantile(0.99)), ms(h.largest()));
}

void append_percentiles(boost::json::object& to, const std::string& key, const Histogram& h) {
  to[key + "_ms_p50"] = ms(h.quantile(0.5));
  to[key + "_ms_p99"] = ms(h.quantile(0.99));
  to[key + "_ms_max"] = ms(h.largest());
}

void append_counters(std::string& text, const Counters& counters) {
  const double sent = value(counters, "heliograph_datagrams_sent_total");
  const double calls = value(counters, "heliograph_send_calls_total");
  auto out = std::back_inserter(text);
  fmt::format_to(out, "server's counters  forwarded {:.0f}, retransmitted {:.0f}, {:.1f} datagrams a send call\n",
                 value(counters, "heliograph_packets_forwarded_total"),
                 value(counters, "heliograph_packets_resent_total"), calls > 0 ? sent / calls : 0);
  for (const auto* name : kWorrying)
    if (value(counters, name) > 0) fmt::format_to(out, "                   {} {:.0f}\n", name, value(counters, name));
}

void append_server(std::string& text, const Report& r) {
  auto out = std::back_inserter(text);
  if (const auto us = r.server_us_a_packet())
    fmt::format_to(out, "server CPU         {:.2f} us a packet received by viewers ({:.0f} % of a core)\n", *us,
                   percent_of_core(*r.cost.server_cpu, r.cost.measured));
  const auto server_wait = percent_of_core(r.cost.server_wait, r.cost.measured);
  fmt::format_to(out, "kept waiting       {}this program {:.0f} % of the time, stalled {:.0f} ms at most\n",
                 r.cost.server_cpu ? fmt::format("server {:.0f} %, ", server_wait) : std::string(),
                 percent_of_core(r.cost.own_wait, r.cost.measured), ms(r.cost.longest_stall));
  if (const auto bytes = r.memory_a_viewer())
    fmt::format_to(out, "server memory      {:.1f} MB resident, {:.1f} KB a viewer\n",
                   static_cast<double>(*r.cost.server_memory) / 1e6, static_cast<double>(*bytes) / 1e3);
  if (r.server_counters) append_counters(text, *r.server_counters);
}

void append_burst(std::string& text, const Report& r) {
  if (r.burst_viewers == 0) return;
  fmt::format_to(std::back_inserter(text), "burst              {} of {} viewers with media after {:.2f} s\n",
                 r.burst_complete, r.burst_viewers, r.burst_time.value_or(base::Duration()).to_seconds());
  for (const auto& [name, key, histogram] : kJoining)
    append_percentiles(text, std::string("  ") + name, r.totals.of(Wave::kBurst).*histogram);
  for (const auto& [name, key, histogram] : kAround) append_percentiles(text, std::string("  ") + name, r.*histogram);
}

void append_media(std::string& text, const Report& r) {
  auto out = std::back_inserter(text);
  const auto& t = r.totals;
  fmt::format_to(out, "published          {} packets, {} retransmitted, {} keyframes asked for\n", t.sent, t.resent,
                 t.keyframe_requests);
  fmt::format_to(out, "received           {} of {} expected\n", t.received, r.expected);
  fmt::format_to(out, "lost               {} ({} holes in the server's numbers)\n", r.lost, r.sequence_holes);
  fmt::format_to(out, "out of order       {}, duplicates {}, by retransmission {}, NACKs {}\n", r.late, r.duplicates,
                 t.repaired, t.nacks);
  if (r.switches > 0) fmt::format_to(out, "layers             {} switches of viewers to another\n", r.switches);
  if (r.foreign > 0) fmt::format_to(out, "foreign            {} packets that no publisher here sent\n", r.foreign);
  if (r.socket_drops > 0)
    fmt::format_to(out, "dropped here       {} datagrams came faster than this program read: use fewer viewers\n",
                   r.socket_drops);
}

boost::json::object media_json(const Report& r) {
  const auto& t = r.totals;
  return {{"good", r.good()},
          {"rooms", r.rooms},
          {"publishers", r.publishers},
          {"viewers", r.viewers},
          {"viewers_complete", r.viewers_complete},
          {"connections", r.connections},
          {"sent", t.sent},
          {"resent_by_publishers", t.resent},
          {"keyframe_requests", t.keyframe_requests},
          {"received", t.received},
          {"expected", r.expected},
          {"lost", r.lost},
          {"sequence_holes", r.sequence_holes},
          {"out_of_order", r.late},
          {"duplicates", r.duplicates},
          {"repaired", t.repaired},
          {"nacks", t.nacks},
          {"layer_switches", r.switches},
          {"foreign", r.foreign},
          {"dropped_here", r.socket_drops},
          {"measured_received", r.measured_received}};
}

void append_burst(boost::json::object& o, const Report& r) {
  if (r.burst_viewers == 0) return;
  o["burst_viewers"] = r.burst_viewers;
  o["burst_complete"] = r.burst_complete;
  if (r.burst_time) o["burst_seconds"] = r.burst_time->to_seconds();
  for (const auto& [name, key, histogram] : kJoining)
    append_percentiles(o, std::string("burst_") + key, r.totals.of(Wave::kBurst).*histogram);
  for (const auto& [name, key, histogram] : kAround) append_percentiles(o, key, r.*histogram);
}

}  // namespace

std::optional<uint64_t> Report::memory_a_viewer() const {
  if (!cost.server_memory || !server_memory_before || viewers == 0) return std::nullopt;
  const uint64_t now = *cost.server_memory, before = *server_memory_before;
  return (now > before ? now - before : 0) / static_cast<uint64_t>(viewers);
}

std::string to_text(const Report& r) {
  std::string text = "\n";
  auto out = std::back_inserter(text);
  fmt::format_to(out, "viewers            {} of {} with media from {} publisher{} in {} room{}\n", r.viewers_complete,
                 r.viewers, r.publishers, r.publishers == 1 ? "" : "s", r.rooms, r.rooms == 1 ? "" : "s");
  for (const auto& [sentence, count] : r.troubles) fmt::format_to(out, "                   {} × {}\n", count, sentence);
  append_media(text, r);
  for (const auto& [name, key, histogram] : kJoining)
    append_percentiles(text, name, r.totals.of(Wave::kRunning).*histogram);
  append_percentiles(text, "end to end", r.delay);
  append_burst(text, r);
  fmt::format_to(out, "measured           {:.1f} s, {} packets, {:.0f} a second\n", r.cost.measured.to_seconds(),
                 r.measured_received,
                 static_cast<double>(r.measured_received) / std::max(r.cost.measured.to_seconds(), 1e-9));
  fmt::format_to(out, "this program       {:.2f} us a packet ({:.0f} % of a core)\n",
                 r.cost.own_us_for_each(r.measured_received).value_or(0),
                 percent_of_core(r.cost.own_cpu, r.cost.measured));
  append_server(text, r);
  text += r.good() ? "good: nothing was lost\n" : "NOT GOOD\n";
  return text;
}

std::string to_json(const Report& r) {
  auto o = media_json(r);
  append_json(r.cost, o);
  for (const auto& [name, key, histogram] : kJoining)
    append_percentiles(o, key, r.totals.of(Wave::kRunning).*histogram);
  append_percentiles(o, "delay", r.delay);
  append_burst(o, r);
  if (const auto us = r.cost.own_us_for_each(r.measured_received)) o["load_us_a_packet"] = *us;
  if (const auto us = r.server_us_a_packet()) o["server_us_a_packet"] = *us;
  if (const auto bytes = r.memory_a_viewer()) o["server_bytes_a_viewer"] = *bytes;
  boost::json::object troubles;
  for (const auto& [sentence, count] : r.troubles) troubles[sentence] = count;
  o["troubles"] = std::move(troubles);
  if (r.server_counters) {
    boost::json::object counters;
    for (const auto& [name, growth] : *r.server_counters) counters[name] = growth;
    o["server_counters"] = std::move(counters);
  }
  return boost::json::serialize(o) + "\n";
}

}  // namespace heliograph::load
