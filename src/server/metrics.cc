// SPDX-License-Identifier: Apache-2.0
#include "server/metrics.h"

#include <string_view>
#include <utility>
#include <vector>

#include "prometheus/metric_family.h"
#include "prometheus/text_serializer.h"

namespace heliograph::server {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// Numbers that are kept elsewhere, put into the form that prometheus-cpp writes.
class Page {
 public:
  void begin(std::string name, std::string help, MetricType type) {
    families_.push_back({std::move(name), std::move(help), type, {}});
  }
  void add(double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    families_.back().type == MetricType::Counter ? metric.counter.value = value : metric.gauge.value = value;
    families_.back().metric.push_back(std::move(metric));
  }
  void counter(std::string name, std::string help, uint64_t value) {
    begin(std::move(name), std::move(help), MetricType::Counter);
    add(static_cast<double>(value));
  }
  void gauge(std::string name, std::string help, size_t value) {
    begin(std::move(name), std::move(help), MetricType::Gauge);
    add(static_cast<double>(value));
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::vector<MetricFamily> families_;
};

void add_control(Page& page, const control::Numbers& n) {
  page.gauge("heliograph_rooms", "Rooms that exist", n.rooms);
  page.gauge("heliograph_sessions", "Sessions in rooms", n.sessions);
  page.gauge("heliograph_publications", "Publications, connected or connecting", n.publications);
  page.gauge("heliograph_downlinks", "Downlink PeerConnections", n.downlinks);
  page.begin("heliograph_shard_load", "What each shard is expected to do, in packets a second: where new peers go",
             MetricType::Gauge);
  for (size_t i = 0; i < n.load_by_shard.size(); ++i)
    page.add(static_cast<double>(n.load_by_shard[i]), {{"shard", std::to_string(i)}});
  page.begin("heliograph_refusals_total", "Signals refused, by code", MetricType::Counter);
  for (const auto& [code, count] : n.refusals)
    page.add(static_cast<double>(count), {{"code", std::to_string(static_cast<int>(code))}});
}

void add_gateway(Page& page, const gateway::Counters& c) {
  page.gauge("heliograph_websockets", "WebSockets open", c.connections_open);
  page.counter("heliograph_websockets_total", "WebSockets opened", c.connections_total);
  page.counter("heliograph_messages_in_total", "WebSocket messages received", c.messages_in);
  page.counter("heliograph_messages_out_total", "WebSocket messages sent", c.messages_out);
  page.counter("heliograph_slow_readers_total", "WebSockets closed because they did not read", c.slow_readers);
  page.gauge("heliograph_held_bytes", "Queued to WebSockets, or come of messages that are not whole yet", c.held_bytes);
  page.counter("heliograph_shed_total", "WebSockets closed because all together held too much, and they most", c.shed);
  page.counter("heliograph_backpressure_total", "Times that a WebSocket was not read because it did not read",
               c.backpressure);
  page.counter("heliograph_silent_total", "WebSockets closed because nothing came from them", c.silent);
  page.begin("heliograph_refused_total", "Who did not come in at the door, by reason", MetricType::Counter);
  for (size_t i = 0; i < gateway::kRefusedCount; ++i)
    page.add(static_cast<double>(c.refused[i]), {{"reason", gateway::name_of(static_cast<gateway::Refused>(i))}});
}

void add_door(Page& page, const DoorNumbers& door) {
  page.begin("heliograph_tokens_refused_total", "Tokens that were not taken, by reason", MetricType::Counter);
  for (size_t i = 0; i < token::kReasonCount; ++i)
    page.add(static_cast<double>(door.tokens_refused[i]), {{"reason", token::name_of(static_cast<token::Reason>(i))}});
  page.begin("heliograph_turned_away_total", "Upgrades turned away before their token was looked at, by reason",
             MetricType::Counter);
  for (size_t i = 0; i < kTurnedAwayCount; ++i)
    page.add(static_cast<double>(door.turned_away[i]), {{"reason", name_of(static_cast<TurnedAway>(i))}});
  page.gauge("heliograph_addresses_full", "Addresses with all the connections that they may have", door.addresses_full);
}

using Read = uint64_t (*)(const ShardSnapshot&);
struct ShardMetric {
  const char* name;
  const char* help;
  Read read;
};
constexpr ShardMetric kShardMetrics[] = {
    {"heliograph_packets_received_total", "RTP packets received of publications",
     [](const ShardSnapshot& s) { return s.shard.packets_received; }},
    {"heliograph_packets_forwarded_total", "RTP packets sent to viewers",
     [](const ShardSnapshot& s) { return s.shard.packets_forwarded; }},
    {"heliograph_bytes_forwarded_total", "RTP payload bytes sent to viewers",
     [](const ShardSnapshot& s) { return s.shard.bytes_forwarded; }},
    {"heliograph_packets_resent_total", "Retransmissions to viewers",
     [](const ShardSnapshot& s) { return s.shard.resent; }},
    {"heliograph_resends_missed_total", "Retransmissions asked for in vain",
     [](const ShardSnapshot& s) { return s.shard.resends_missed; }},
    {"heliograph_nacks_sent_total", "Lost packets asked of publishers",
     [](const ShardSnapshot& s) { return s.shard.nacks_sent; }},
    {"heliograph_keyframes_requested_total", "Keyframes asked of publishers",
     [](const ShardSnapshot& s) { return s.shard.keyframes_requested; }},
    {"heliograph_unknown_peer_total", "Datagrams from addresses that no peer is known by",
     [](const ShardSnapshot& s) { return s.shard.unknown_peer; }},
    {"heliograph_crossings_lost_total", "Packets that did not fit the ring to another shard, or to the packager of HLS",
     [](const ShardSnapshot& s) { return s.shard.crossings_lost; }},
    {"heliograph_handshakes_lost_total", "DTLS datagrams for which there was no room to wait",
     [](const ShardSnapshot& s) { return s.shard.handshakes_lost; }},
    {"heliograph_srtp_forged_total", "SRTP whose tag was wrong",
     [](const ShardSnapshot& s) { return s.shard.drops.forged; }},
    {"heliograph_srtp_replayed_total", "SRTP that came twice or too late",
     [](const ShardSnapshot& s) { return s.shard.drops.replayed; }},
    {"heliograph_srtp_early_total", "SRTP before there were keys",
     [](const ShardSnapshot& s) { return s.shard.drops.early; }},
    {"heliograph_stun_refused_total", "STUN that was not a peer's",
     [](const ShardSnapshot& s) { return s.shard.drops.unauthenticated; }},
    {"heliograph_datagrams_malformed_total", "Datagrams that are neither STUN, DTLS nor SRTP",
     [](const ShardSnapshot& s) { return s.shard.drops.malformed; }},
    {"heliograph_datagrams_oversized_total", "Packets too large to be forwarded",
     [](const ShardSnapshot& s) { return s.shard.drops.oversized; }},
    {"heliograph_datagrams_received_total", "UDP datagrams received",
     [](const ShardSnapshot& s) { return s.udp.received; }},
    {"heliograph_datagrams_sent_total", "UDP datagrams sent", [](const ShardSnapshot& s) { return s.udp.sent; }},
    {"heliograph_send_calls_total", "System calls that sent them",
     [](const ShardSnapshot& s) { return s.udp.send_calls; }},
    {"heliograph_send_failed_total", "UDP datagrams that the kernel did not take",
     [](const ShardSnapshot& s) { return s.udp.send_failed; }},
};

void add_shards(Page& page, std::span<const ShardSnapshot> shards) {
  page.begin("heliograph_peers", "PeerConnections", MetricType::Gauge);
  for (size_t i = 0; i < shards.size(); ++i)
    page.add(static_cast<double>(shards[i].peers), {{"shard", std::to_string(i)}});
  for (const auto& metric : kShardMetrics) {
    page.begin(metric.name, metric.help, MetricType::Counter);
    for (size_t i = 0; i < shards.size(); ++i)
      page.add(static_cast<double>(metric.read(shards[i])), {{"shard", std::to_string(i)}});
  }
}

void add_hls(Page& page, const HlsNumbers& n) {
  page.gauge("heliograph_hls_streams", "HLS streams that are being made", n.packaging.streams);
  page.gauge("heliograph_hls_streams_served", "HLS streams that players can get, ended ones for a while too",
             n.origin.streams);
  page.gauge("heliograph_hls_waiting_requests", "Players' requests that wait for what is not there yet",
             n.origin.waiting);
  page.gauge("heliograph_hls_memory_bytes", "HLS segments in memory", n.origin.memory_bytes);
  page.gauge("heliograph_hls_disk_bytes", "HLS segments on disk, to seek back to", n.origin.disk_bytes);
  page.counter("heliograph_hls_packets_total", "RTP packets that were packaged", n.packaging.packets);
  page.counter("heliograph_hls_parts_made_total", "HLS parts made", n.packaging.stream.parts);
  page.counter("heliograph_hls_parts_late_total", "Of these, told half a second late or later",
               n.packaging.stream.parts_late);
  page.counter("heliograph_hls_frames_lost_total", "Pictures that could not be put together",
               n.packaging.stream.frames_lost);
  page.counter("heliograph_hls_slates_total", "Times that a still picture took the place of a camera",
               n.packaging.stream.slates);
  page.counter("heliograph_hls_playlists_total", "Playlists sent to players", n.origin.playlists);
  page.counter("heliograph_hls_parts_total", "Parts and segments sent to players", n.origin.parts);
  page.counter("heliograph_hls_bytes_total", "Bytes of all of these", n.origin.bytes);
  page.counter("heliograph_hls_blocked_total", "Players' requests that had to wait", n.origin.blocked);
  page.counter("heliograph_hls_timed_out_total", "Of these, answered 503 because nothing came", n.origin.timed_out);
  page.counter("heliograph_hls_turned_away_total", "Players' requests answered 503 because too many waited",
               n.origin.turned_away);
  page.counter("heliograph_hls_bad_requests_total", "Players' requests that make no sense", n.origin.bad_requests);
  page.counter("heliograph_hls_denied_total", "Players' requests without a good token", n.origin.denied);
  page.counter("heliograph_hls_disk_written_bytes_total", "Bytes of segments written to disk", n.disk.kept_bytes);
  page.counter("heliograph_hls_disk_dropped_total",
               "Parts and segments that were not written: a slow disk, or an error", n.disk.kept_dropped);
  page.gauge("heliograph_hls_recordings", "Recordings under way", n.disk.recordings);
  page.counter("heliograph_hls_recorded_bytes_total", "Bytes written to recordings", n.disk.recorded_bytes);
  page.counter("heliograph_hls_recordings_failed_total", "Recordings that ended too early", n.disk.recordings_failed);
}

void add_process(Page& page, const ProcessNumbers& n) {
  page.begin("process_cpu_seconds_total", "User and system CPU time of all threads", MetricType::Counter);
  page.add(n.cpu_seconds);
  page.gauge("process_resident_memory_bytes", "Resident memory", n.resident_bytes);
  page.begin("process_start_time_seconds", "When the process started, in seconds since 1970", MetricType::Gauge);
  page.add(n.start_seconds);
}

}  // namespace

std::string metrics_text(const control::Numbers& control, const gateway::Counters& gateway, const DoorNumbers& door,
                         std::span<const ShardSnapshot> shards, const HlsNumbers& hls, const ProcessNumbers& process) {
  Page page;
  add_control(page, control);
  add_gateway(page, gateway);
  add_door(page, door);
  add_shards(page, shards);
  add_hls(page, hls);
  add_process(page, process);
  return page.text();
}

}  // namespace heliograph::server
