// SPDX-License-Identifier: Apache-2.0
// The path of a packet: datagram → peer → publication → viewers → datagrams.
#include <algorithm>
#include <array>
#include <functional>

#include "ice/lite_agent.h"
#include "rtcp/fir.h"
#include "rtcp/nack.h"
#include "rtcp/pli.h"
#include "rtcp/receiver_report.h"
#include "rtcp/sender_report.h"
#include "rtp/packet.h"
#include "rtp/rtx.h"
#include "sfu/even_sizes.h"
#include "shard/shard.h"

namespace heliograph::shard {
namespace {

constexpr size_t kMaxHeader = rtp::kFixedHeaderSize + sfu::kMaxExtensions;

// RFC 7983 section 7.
constexpr bool looks_like_stun(base::ConstBytes d) { return !d.empty() && d[0] <= 3; }
constexpr bool looks_like_dtls(base::ConstBytes d) { return !d.empty() && d[0] >= 20 && d[0] <= 63; }

}  // namespace

void Shard::take(base::Timestamp now, std::span<base::Datagram> batch, base::SendBatch& out) {
  for (const auto& datagram : batch) receive_one(now, datagram, out);
}

// By 5-tuple; a connectivity check by the user name that it is for, since one address may call twice.
Shard::PeerEntry* Shard::peer_for(const base::Datagram& datagram, base::Handle& handle) {
  if (looks_like_stun(datagram.bytes)) {
    if (const auto ufrag = ice::receiver_ufrag(datagram.bytes)) {
      const auto found = peers_by_ufrag_.find(std::string(*ufrag));
      if (found == peers_by_ufrag_.end()) return nullptr;
      handle = found->second;
      return peers_.find(handle);
    }
  }
  const auto found = peers_by_path_.find(datagram.path);
  if (found == peers_by_path_.end()) return nullptr;
  handle = found->second;
  return peers_.find(handle);
}

void Shard::receive_one(base::Timestamp now, const base::Datagram& datagram, base::SendBatch& out) {
  base::Handle handle;
  PeerEntry* peer = peer_for(datagram, handle);
  if (peer == nullptr) {
    ++counters_.unknown_peer;
    return;
  }
  if (looks_like_dtls(datagram.bytes)) return let_wait(handle, *peer, datagram.path, datagram.bytes);
  const auto arrived = peer->transport.receive(now, datagram, out, scratch_, counters_.drops);
  switch (arrived.content) {
    case transport::Peer::Content::kRtp:
      receive_rtp(now, *peer, handle, arrived.bytes, out);
      return;
    case transport::Peer::Content::kRtcp:
      receive_rtcp(now, *peer, arrived.bytes, out);
      break;
    case transport::Peer::Content::kNone:
      if (looks_like_stun(datagram.bytes) && peer->transport.knows(datagram.path))
        learn_path(handle, *peer, datagram.path);
      report_state(now, *peer);
      break;
  }
  schedule(now, handle, *peer);
}

// Signatures and key exchanges come after media: on_time() has them done one by one. What is lost here is repeated.
void Shard::let_wait(base::Handle handle, PeerEntry& peer, const base::Path& path, base::ConstBytes bytes) {
  if (!handshakes_.push(handle, peer.handshake, path, bytes)) ++counters_.handshakes_lost;
}

// What comes from an address that passed a check is this peer's from now on.
void Shard::learn_path(base::Handle handle, PeerEntry& peer, const base::Path& path) {
  const auto [found, fresh] = peers_by_path_.try_emplace(path, handle);
  if (!fresh && found->second == handle) return;
  found->second = handle;
  // It may be among them already: another peer had it in between.
  if (std::ranges::find(peer.paths, path) != peer.paths.end()) return;
  if (peer.paths.size() == kMaxPaths) evict_path(handle, peer);
  peer.paths.push_back(path);
}

void Shard::evict_path(base::Handle handle, PeerEntry& peer) {
  auto victim = std::ranges::find_if(peer.paths, [&](const base::Path& p) { return !peer.transport.knows(p); });
  if (victim == peer.paths.end()) victim = peer.paths.begin();
  const auto mapped = peers_by_path_.find(*victim);
  if (mapped != peers_by_path_.end() && mapped->second == handle) peers_by_path_.erase(mapped);
  peer.paths.erase(victim);
}

void Shard::receive_rtp(base::Timestamp now, PeerEntry& peer, base::Handle handle, base::ConstBytes bytes,
                        base::SendBatch& out) {
  Publication* publication = peer.uplink ? publications_.find(peer.publication) : nullptr;
  const auto packet = publication != nullptr ? rtp::PacketView::parse(bytes) : std::nullopt;
  if (!packet) return;
  ++counters_.packets_received;
  const auto accepted = peer.uplink->receive(now, *packet);
  schedule(now, handle, peer);
  if (!accepted) return;
  const auto kind = peer.uplink->tracks()[accepted->track].kind;
  if (!feeds(now, lane_of(*publication, kind), handle, peer, *accepted)) return;
  add_fresh(peer.publication, *publication, kind, accepted->packet, out);
}

// The peer that was told to publish last takes each track over with the first packet that viewers can go on from; what
// those before it still send then does not count any more (B-22).
bool Shard::feeds(base::Timestamp now, Lane& lane, base::Handle handle, PeerEntry& peer,
                  const sfu::Uplink::Accepted& accepted) {
  if (lane.feeder == handle) return true;
  const PeerEntry* before = peers_.find(lane.feeder);
  if (before != nullptr && before->uplink) {
    if (before->generation > peer.generation) return false;
    if (!accepted.packet.keyframe && lane.track && lane.track->alive(now, accepted.packet.layer)) {
      peer.uplink->request_keyframe(now, accepted.track, accepted.packet.layer);
      return false;
    }
  }
  lane.feeder = handle;
  return true;
}

void Shard::add_fresh(base::Handle handle, Publication& publication, plan::Kind kind, const sfu::MediaPacket& packet,
                      base::SendBatch& out) {
  Lane& lane = lane_of(publication, kind);
  if (!lane.track) return;
  if (lane.fresh.size() == kMaxFresh || !lane.track->spares(packet, lane.fresh.size())) fan_out(publication, out);
  const sfu::MediaPacket* kept = lane.track->append(packet);
  if (kept == nullptr) return;
  if (publication.watching_shards != 0) cross_media(publication, kind, *kept);
  lane.fresh.push_back(kept);
  if (!publication.dirty) dirty_.push_back(handle);
  publication.dirty = true;
}

void Shard::forward(base::SendBatch& out) {
  for (const auto handle : dirty_) {
    Publication* publication = publications_.find(handle);
    if (publication == nullptr) continue;
    fan_out(*publication, out);
    publication->dirty = false;
  }
  dirty_.clear();
  out.finish();
}

base::Duration Shard::patience() const {
  int64_t viewers = 0;
  for (const auto handle : dirty_) {
    const Publication* publication = publications_.find(handle);
    if (publication == nullptr) continue;
    const Lane& video = publication->lanes[static_cast<size_t>(plan::Kind::kVideo)];
    if (!is_whole(video)) viewers += static_cast<int64_t>(video.viewers.size());
  }
  if (viewers < kViewersToWaitFor) return {};
  return std::min(base::Duration::micros(viewers), kMaxPatience);
}

// The marker ends a picture (RFC 3551 section 4.1), of each layer by itself.
bool Shard::is_whole(const Lane& lane) {
  std::array<bool, sfu::kMaxLayers> open{};
  for (const auto* packet : lane.fresh) open[packet->layer] = !packet->marker;
  return std::ranges::none_of(open, std::identity());
}

void Shard::fan_out(Publication& publication, base::SendBatch& out) {
  for (Lane& lane : publication.lanes) {
    if (lane.fresh.empty()) continue;
    if (!lane.viewers.empty()) sfu::even_out(*lane.track, lane.fresh);
    for (size_t i = 0; i < lane.viewers.size(); ++i) {
      fetch_ahead(lane, i);
      forward(lane, *viewers_.find(lane.viewers[i]), out);
    }
    lane.fresh.clear();
  }
}

// What belongs to one viewer is cold by the time it has its turn again: with hundreds of them the kernel and the other
// viewers have used the caches meanwhile. It is asked for while those before it are served, each step when the one it
// stands on has come.
void Shard::fetch_ahead(const Lane& lane, size_t i) const {
  const auto peer_of = [&](size_t viewer) { return viewers_.find(lane.viewers[viewer])->peer; };
  const size_t count = lane.viewers.size();
  if (i + 4 < count) viewers_.prefetch(lane.viewers[i + 4]);
  if (i + 3 < count) peers_.prefetch_slot(peer_of(i + 3));
  if (i + 2 < count) peers_.find(peer_of(i + 2))->transport.prefetch();
  if (i + 1 < count) peers_.find(peer_of(i + 1))->transport.prefetch_key();
}

// All that is fresh to one viewer, so that its datagrams lie side by side and leave in one message.
void Shard::forward(const Lane& lane, Viewer& viewer, base::SendBatch& out) {
  PeerEntry* peer = peers_.find(viewer.peer);
  auto& subscription = viewer.subscription;
  // A publisher who came back with another codec: the viewer's line must be negotiated again first.
  if (!peer->transport.can_send() || subscription.line().codec.codec != lane.track->codec()) return;
  std::array<uint8_t, kMaxHeader> header;
  for (const sfu::MediaPacket* packet : lane.fresh) {
    const auto rewrite = subscription.forward(*lane.track, *packet);
    if (!rewrite) continue;
    const size_t size = subscription.write_header(*packet, *rewrite, header.data());
    const auto prefix = rewrite->patch.span();
    peer->transport.send_rtp({header.data(), size}, prefix, packet->padded_payload().subspan(prefix.size()),
                             rewrite->index, out, counters_.drops, &tags_);
    subscription.on_sent(packet->payload.size());
    ++counters_.packets_forwarded;
    counters_.bytes_forwarded += packet->payload.size();
  }
}

Shard::Viewer* Shard::viewer_of(PeerEntry& peer, base::Ssrc ssrc) {
  for (const auto handle : peer.subscriptions) {
    Viewer* viewer = viewers_.find(handle);
    if (viewer->subscription.line().ssrc == ssrc) return viewer;
  }
  return nullptr;
}

void Shard::receive_rtcp(base::Timestamp now, PeerEntry& peer, base::ConstBytes bytes, base::SendBatch& out) {
  rtcp::for_each(bytes, [&](const rtcp::Block& block) { receive_block(now, peer, block, out); });
}

void Shard::receive_block(base::Timestamp now, PeerEntry& peer, const rtcp::Block& block, base::SendBatch& out) {
  using rtcp::PacketType;
  if (block.is(PacketType::kSenderReport)) return receive_sender_report(now, peer, block);
  if (block.is(PacketType::kReceiverReport)) {
    if (const auto report = rtcp::ReceiverReport::parse(block)) receive_reports(now, peer, report->reports);
    return;
  }
  if (block.is(PacketType::kTransportLayerFeedback, rtcp::Nack::kFormat)) return receive_nack(now, peer, block, out);
  if (block.is(PacketType::kPayloadSpecificFeedback)) return receive_keyframe_request(now, peer, block);
}

void Shard::receive_sender_report(base::Timestamp now, PeerEntry& peer, const rtcp::Block& block) {
  const auto report = rtcp::SenderReport::parse(block);
  if (!report) return;
  receive_reports(now, peer, report->reports);
  Publication* publication = peer.uplink ? publications_.find(peer.publication) : nullptr;
  const auto clock = publication != nullptr ? peer.uplink->on_sender_report(now, *report) : std::nullopt;
  if (!clock) return;
  const auto kind = peer.uplink->tracks()[clock->track].kind;
  if (auto& track = lane_of(*publication, kind).track)
    track->on_sender_report(clock->layer, clock->source, clock->report);
  Crossing message;
  message.what = Crossing::Kind::kClock;
  message.kind = kind;
  message.publication = publication->id;
  message.packet.layer = clock->layer;
  message.packet.source = clock->source;
  message.report = clock->report;
  each_watcher(*publication, [&](plan::ShardIndex s) { cross_or_lose(s, message); });
}

void Shard::receive_reports(base::Timestamp now, PeerEntry& peer, const rtcp::ReportBlocks& blocks) {
  for (const auto& block : blocks)
    if (Viewer* viewer = viewer_of(peer, block.source)) viewer->subscription.on_report_block(now, block);
}

void Shard::receive_nack(base::Timestamp now, PeerEntry& peer, const rtcp::Block& block, base::SendBatch& out) {
  const auto nack = rtcp::Nack::parse(block);
  Viewer* viewer = nack ? viewer_of(peer, nack->sources.media) : nullptr;
  if (viewer == nullptr || !peer.transport.can_send()) return;
  nack->each_lost([&](uint16_t sequence_number) { resend(now, peer, *viewer, sequence_number, out); });
}

// By RTX where it was negotiated, else the same packet again, byte for byte.
void Shard::resend(base::Timestamp now, PeerEntry& peer, Viewer& viewer, uint16_t sequence_number,
                   base::SendBatch& out) {
  auto& subscription = viewer.subscription;
  Publication& publication = *publications_.find(viewer.publication);
  // What is fresh has no padding yet, and may be what is asked for: it goes out first.
  if (publication.dirty) fan_out(publication, out);
  const auto& track = lane_of(publication, subscription.line().kind).track;
  const bool same_codec = track && track->codec() == subscription.line().codec.codec;
  const auto found = same_codec ? subscription.resend(now, *track, sequence_number) : sfu::Subscription::Resend{};
  if (found.packet == nullptr) {
    ++counters_.resends_missed;
    return;
  }
  std::array<uint8_t, kMaxHeader> header;
  const auto patch = found.rewrite.patch.span();
  const auto payload = found.packet->payload.subspan(patch.size());
  const auto& line = subscription.line();
  if (line.codec.rtx_payload_type && line.rtx_ssrc) {
    const uint64_t index = subscription.next_rtx_index();
    const size_t size = subscription.write_rtx_header(*found.packet, found.rewrite, index, header.data());
    std::array<uint8_t, rtp::kRtxHeaderSize + 8> prefix;
    base::ByteWriter writer(prefix);
    rtp::write_rtx_header(writer, static_cast<uint16_t>(found.rewrite.index));
    writer.bytes(patch);
    peer.transport.send_rtp({header.data(), size}, writer.written(), payload, index, out, counters_.drops);
  } else {
    const size_t size = subscription.write_header(*found.packet, found.rewrite, header.data());
    peer.transport.send_rtp({header.data(), size}, patch, found.packet->padded_payload().subspan(patch.size()),
                            found.rewrite.index, out, counters_.drops);
  }
  ++counters_.packets_forwarded;
  ++counters_.resent;
}

void Shard::receive_keyframe_request(base::Timestamp now, PeerEntry& peer, const rtcp::Block& block) {
  std::optional<base::Ssrc> source;
  if (const auto pli = block.count == rtcp::PictureLossIndication::kFormat ? rtcp::PictureLossIndication::parse(block)
                                                                           : std::nullopt)
    source = pli->sources.media;
  if (const auto fir =
          block.count == rtcp::FullIntraRequest::kFormat ? rtcp::FullIntraRequest::parse(block) : std::nullopt)
    if (!fir->items.empty()) source = fir->items[0].source;
  Viewer* viewer = source ? viewer_of(peer, *source) : nullptr;
  if (viewer != nullptr) request_first_keyframe(now, *publications_.find(viewer->publication), *viewer);
}

}  // namespace heliograph::shard
