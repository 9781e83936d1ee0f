// SPDX-License-Identifier: Apache-2.0
#include "load/report.h"

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

double value(const Counters& counters, std::string_view name) {
  const auto found = counters.find(name);
  return found == counters.end() ? 0 : found->second;
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
                   percent_of_core(*r.server_cpu, r.measured));
  if (r.server_cpu)
    fmt::format_to(
        out, "kept waiting       server {:.0f} %, this program {:.0f} % of the time, stalled {:.0f} ms at most\n",
        percent_of_core(r.server_wait, r.measured), percent_of_core(r.own_wait, r.measured), ms(r.longest_stall));
  if (const auto bytes = r.memory_a_viewer())
    fmt::format_to(out, "server memory      {:.1f} MB resident, {:.1f} KB a viewer\n",
                   static_cast<double>(*r.server_memory) / 1e6, static_cast<double>(*bytes) / 1e3);
  if (r.server_counters) append_counters(text, *r.server_counters);
}

}  // namespace

std::optional<double> Report::server_us_a_packet() const {
  if (!server_cpu || measured_received == 0) return std::nullopt;
  return static_cast<double>(server_cpu->us()) / static_cast<double>(measured_received);
}

std::optional<uint64_t> Report::memory_a_viewer() const {
  if (!server_memory || !server_memory_before || viewers == 0) return std::nullopt;
  const uint64_t growth = *server_memory > *server_memory_before ? *server_memory - *server_memory_before : 0;
  return growth / static_cast<uint64_t>(viewers);
}

std::string to_text(const Report& r) {
  std::string text = "\n";
  auto out = std::back_inserter(text);
  const auto& t = r.totals;
  const double seconds = r.measured.to_seconds();
  fmt::format_to(out, "viewers            {} of {} with media from {} publisher{}\n", r.viewers_complete, r.viewers,
                 r.publishers, r.publishers == 1 ? "" : "s");
  for (const auto& [sentence, count] : r.troubles) fmt::format_to(out, "                   {} × {}\n", count, sentence);
  fmt::format_to(out, "published          {} packets, {} retransmitted, {} keyframes asked for\n", t.sent, t.resent,
                 t.keyframe_requests);
  fmt::format_to(out, "received           {} of {} expected\n", t.received, r.expected);
  fmt::format_to(out, "lost               {} ({} holes in the server's numbers)\n", r.lost, r.sequence_holes);
  fmt::format_to(out, "out of order       {}, duplicates {}, by retransmission {}, NACKs {}\n", r.late, r.duplicates,
                 t.repaired, t.nacks);
  if (r.foreign > 0) fmt::format_to(out, "foreign            {} packets that no publisher here sent\n", r.foreign);
  if (r.socket_drops > 0)
    fmt::format_to(out, "dropped here       {} datagrams came faster than this program read: use fewer viewers\n",
                   r.socket_drops);
  fmt::format_to(out, "join to media      p50 {:.1f} ms, p99 {:.1f} ms, max {:.1f} ms\n",
                 ms(t.join_to_media.quantile(0.5)), ms(t.join_to_media.quantile(0.99)), ms(t.join_to_media.largest()));
  fmt::format_to(out, "end to end         p50 {:.2f} ms, p99 {:.2f} ms, max {:.1f} ms\n", ms(t.delay.quantile(0.5)),
                 ms(t.delay.quantile(0.99)), ms(t.delay.largest()));
  fmt::format_to(out, "measured           {:.1f} s, {} packets, {:.0f} a second; this program {:.0f} % of a core\n",
                 seconds, r.measured_received, static_cast<double>(r.measured_received) / std::max(seconds, 1e-9),
                 percent_of_core(r.own_cpu, r.measured));
  append_server(text, r);
  text += r.good() ? "good: nothing was lost\n" : "NOT GOOD\n";
  return text;
}

std::string to_json(const Report& r) {
  const auto& t = r.totals;
  boost::json::object o{
      {"good", r.good()},
      {"publishers", r.publishers},
      {"viewers", r.viewers},
      {"viewers_complete", r.viewers_complete},
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
      {"foreign", r.foreign},
      {"dropped_here", r.socket_drops},
      {"join_to_media_ms_p50", ms(t.join_to_media.quantile(0.5))},
      {"join_to_media_ms_p99", ms(t.join_to_media.quantile(0.99))},
      {"delay_ms_p50", ms(t.delay.quantile(0.5))},
      {"delay_ms_p99", ms(t.delay.quantile(0.99))},
      {"delay_ms_max", ms(t.delay.largest())},
      {"measured_seconds", r.measured.to_seconds()},
      {"measured_received", r.measured_received},
      {"load_cpu_percent", percent_of_core(r.own_cpu, r.measured)},
      {"load_wait_percent", percent_of_core(r.own_wait, r.measured)},
      {"load_longest_stall_ms", ms(r.longest_stall)},
  };
  boost::json::object troubles;
  for (const auto& [sentence, count] : r.troubles) troubles[sentence] = count;
  o["troubles"] = std::move(troubles);
  if (const auto us = r.server_us_a_packet()) {
    o["server_us_a_packet"] = *us;
    o["server_cpu_percent"] = percent_of_core(*r.server_cpu, r.measured);
    o["server_wait_percent"] = percent_of_core(r.server_wait, r.measured);
  }
  if (const auto bytes = r.memory_a_viewer()) o["server_bytes_a_viewer"] = *bytes;
  if (r.server_memory) o["server_resident_bytes"] = *r.server_memory;
  if (r.server_counters) {
    boost::json::object counters;
    for (const auto& [name, growth] : *r.server_counters) counters[name] = growth;
    o["server_counters"] = std::move(counters);
  }
  return boost::json::serialize(o) + "\n";
}

}  // namespace heliograph::load
