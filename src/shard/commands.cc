// SPDX-License-Identifier: Apache-2.0
// Words from control, carried out.
#include <algorithm>
#include <type_traits>
#include <utility>

#include "shard/shard.h"

namespace heliograph::shard {

Shard::Shard(plan::ShardIndex index, const crypto::Certificate& certificate, uint64_t seed, Crossings crossings)
    : index_(index), dtls_(certificate), rng_(seed), crossings_(std::move(crossings)), feedback_ssrc_(rng_.u32() | 1) {}

void Shard::execute(base::Timestamp now, const plan::Command& command, base::SendBatch& out) {
  std::visit(
      [&]<class C>(const C& c) {
        if constexpr (std::is_same_v<C, plan::OpenPeer>) open(now, c);
        if constexpr (std::is_same_v<C, plan::SetRemote>) set_remote(now, c, out);
        if constexpr (std::is_same_v<C, plan::RestartIce>) restart_ice(c);
        if constexpr (std::is_same_v<C, plan::ClosePeer>) close(now, c, out);
        if constexpr (std::is_same_v<C, plan::Publish>) publish(now, c);
        if constexpr (std::is_same_v<C, plan::Unpublish>) unpublish(c);
        if constexpr (std::is_same_v<C, plan::Route>) route(now, c);
        if constexpr (std::is_same_v<C, plan::Unroute>) unroute(c);
      },
      command);
}

Shard::PeerEntry* Shard::find_peer(plan::PeerId id) {
  const auto found = peers_by_number_.find(id.number);
  return found == peers_by_number_.end() ? nullptr : peers_.find(found->second);
}

void Shard::open(base::Timestamp now, const plan::OpenPeer& c) {
  if (peers_by_number_.contains(c.peer.number)) return;
  const auto handle = peers_.emplace(c.peer, transport::Peer(dtls_, c.local));
  PeerEntry& peer = *peers_.find(handle);
  peer.ufrags.push_back(c.local.ufrag);
  peers_by_number_[c.peer.number] = handle;
  peers_by_ufrag_[c.local.ufrag] = handle;
  schedule(now, handle, peer);
}

void Shard::set_remote(base::Timestamp now, const plan::SetRemote& c, base::SendBatch& out) {
  PeerEntry* peer = find_peer(c.peer);
  if (peer == nullptr) return;
  const auto handle = peers_by_number_[c.peer.number];
  // What came too early waits its turn once more: a handshake begins in no command.
  const auto early = peer->transport.take_early_dtls();
  peer->transport.set_remote(now, c.remote, out, scratch_);
  for (const auto& datagram : early) let_wait(handle, *peer, {}, datagram);
  schedule(now, handle, *peer);
}

void Shard::restart_ice(const plan::RestartIce& c) {
  PeerEntry* peer = find_peer(c.peer);
  if (peer == nullptr) return;
  peer->transport.restart_ice(c.local);
  if (peer->ufrags.size() == kMaxUfrags) {
    peers_by_ufrag_.erase(peer->ufrags.front());
    peer->ufrags.erase(peer->ufrags.begin());
  }
  peer->ufrags.push_back(c.local.ufrag);
  peers_by_ufrag_[c.local.ufrag] = peers_by_number_[c.peer.number];
}

void Shard::close(base::Timestamp now, const plan::ClosePeer& c, base::SendBatch& out) {
  PeerEntry* peer = find_peer(c.peer);
  if (peer == nullptr) return;
  const auto handle = peers_by_number_[c.peer.number];
  peer->transport.close(now, out, scratch_);
  handshakes_.forget(handle, peer->handshake);
  while (!peer->subscriptions.empty()) detach(peer->subscriptions.back());
  const auto publication = peer->publication;
  for (const auto& ufrag : peer->ufrags) peers_by_ufrag_.erase(ufrag);
  for (const auto& path : peer->paths) {
    const auto found = peers_by_path_.find(path);
    if (found != peers_by_path_.end() && found->second == handle) peers_by_path_.erase(found);
  }
  peers_by_number_.erase(c.peer.number);
  peers_.erase(handle);
  drop_if_idle(publication);
}

base::Handle Shard::publication_handle(plan::PublicationId id) {
  const auto [found, fresh] = publications_by_number_.try_emplace(id.number);
  if (fresh) found->second = publications_.emplace(id);
  return found->second;
}

void Shard::publish(base::Timestamp now, const plan::Publish& c) {
  PeerEntry* peer = find_peer(c.peer);
  if (peer == nullptr) return;
  const auto handle = publication_handle(c.publication);
  Publication& publication = *publications_.find(handle);
  publication.published = true;
  for (const auto& track : c.tracks) {
    Lane& lane = lane_of(publication, track.kind);
    if (!lane.track || lane.track->codec() != track.codec.codec) {
      lane.fresh.clear();
      lane.track.emplace(track.codec.codec);
    }
  }
  if (!peer->uplink || peer->uplink->tracks() != c.tracks) {
    peer->generation = ++last_generation_;
    peer->uplink = std::make_unique<sfu::Uplink>(c.tracks, feedback_ssrc_, sfu::first_source_of(peer->generation));
  }
  peer->publication = handle;
  // Another peer takes over with what it sends: until then the one before it goes on (B-22).
  for (Lane& lane : publication.lanes)
    if (peers_.find(lane.feeder) == nullptr) lane.feeder = peers_by_number_[c.peer.number];
  announce_tracks(publication, publication.watching_shards);
  schedule(now, peers_by_number_[c.peer.number], *peer);
}

void Shard::unpublish(const plan::Unpublish& c) {
  const auto found = publications_by_number_.find(c.publication.number);
  if (found == publications_by_number_.end()) return;
  const auto handle = found->second;
  Publication& publication = *publications_.find(handle);
  Crossing ended;
  ended.what = Crossing::Kind::kEnded;
  ended.publication = publication.id;
  each_watcher(publication, [&](plan::ShardIndex s) { cross(s, ended); });
  publication.published = false;
  for (Lane& lane : publication.lanes) lane.feeder = {};
  publication.watching_shards = 0;
  peers_.each([&](base::Handle, PeerEntry& peer) {
    if (peer.publication != handle) return;
    peer.uplink.reset();
    peer.publication = {};
  });
  drop_if_idle(handle);
}

void Shard::route(base::Timestamp now, const plan::Route& c) {
  PeerEntry* peer = find_peer(c.peer);
  if (peer == nullptr) return;
  const auto peer_handle = peers_by_number_[c.peer.number];
  const auto handle = publication_handle(c.publication);
  Publication& publication = *publications_.find(handle);

  // Lines that stay as they are go on; the others are parked, and perhaps resumed at once as something else.
  const auto present = peer->subscriptions;
  std::vector<base::Ssrc> kept;
  for (const auto v : present) {
    Viewer& viewer = *viewers_.find(v);
    if (viewer.publication != handle) continue;
    const auto& line = viewer.subscription.line();
    const bool stays = std::ranges::find(c.tracks, line) != c.tracks.end();
    stays ? kept.push_back(line.ssrc) : park(v);
    if (stays) obey(now, publication, viewer, c.wish);
  }
  for (const auto& track : c.tracks) {
    if (std::ranges::find(kept, track.ssrc) != kept.end()) continue;
    Viewer& viewer = *viewers_.find(attach(peer_handle, handle, track));
    obey(now, publication, viewer, c.wish);
    if (peer->transport.can_send()) request_first_keyframe(now, publication, viewer);
  }
  const bool watched = std::ranges::any_of(publication.lanes, [](const Lane& l) { return !l.viewers.empty(); });
  if (watched && publication.id.home != index_) {
    Crossing watch;
    watch.what = Crossing::Kind::kWatch;
    watch.publication = publication.id;
    cross(publication.id.home, watch);
  }
  drop_if_idle(handle);
  schedule(now, peer_handle, *peer);
}

base::Handle Shard::attach(base::Handle peer_handle, base::Handle publication_handle, const plan::DownlinkTrack& line) {
  PeerEntry& peer = *peers_.find(peer_handle);
  Publication& publication = *publications_.find(publication_handle);
  const auto parked = std::ranges::find_if(peer.parked, [&](const auto& s) { return s.line().ssrc == line.ssrc; });
  auto subscription = parked == peer.parked.end() ? sfu::Subscription(line, rng_) : std::move(*parked);
  if (parked != peer.parked.end()) {
    subscription.resume(line);
    peer.parked.erase(parked);
  }
  const auto viewer = viewers_.emplace(std::move(subscription), peer_handle, publication_handle);
  peer.subscriptions.push_back(viewer);
  lane_of(publication, line.kind).viewers.push_back(viewer);
  return viewer;
}

// What the viewer asked for (SIMULCAST_UPDATE) begins at once: it is about video only.
void Shard::obey(base::Timestamp now, Publication& publication, Viewer& viewer, const plan::Wish& wish) {
  if (viewer.subscription.line().kind != plan::Kind::kVideo) return;
  viewer.wish = wish.layer;
  viewer.subscription.set_paused(wish.paused);
  aim(now, publication, viewer);
}

void Shard::unroute(const plan::Unroute& c) {
  PeerEntry* peer = find_peer(c.peer);
  if (peer == nullptr) return;
  const auto present = peer->subscriptions;
  for (const auto v : present)
    if (publications_.find(viewers_.find(v)->publication)->id == c.publication) detach(v);
}

// Takes one subscription out of its lane; its numbering stays with the peer.
void Shard::park(base::Handle viewer_handle) {
  Viewer& viewer = *viewers_.find(viewer_handle);
  PeerEntry& peer = *peers_.find(viewer.peer);
  std::erase(peer.subscriptions, viewer_handle);
  for (auto& lane : publications_.find(viewer.publication)->lanes) std::erase(lane.viewers, viewer_handle);
  peer.parked.push_back(std::move(viewer.subscription));
  viewers_.erase(viewer_handle);
}

// The same, and the publication with it if nobody is left.
void Shard::detach(base::Handle viewer_handle) {
  const auto publication = viewers_.find(viewer_handle)->publication;
  park(viewer_handle);
  drop_if_idle(publication);
}

// Nobody watches here and nobody publishes here. Elsewhere's publication is unwatched first.
void Shard::drop_if_idle(base::Handle handle) {
  Publication* publication = publications_.find(handle);
  if (publication == nullptr || publication->published || publication->watching_shards != 0) return;
  if (std::ranges::any_of(publication->lanes, [](const Lane& l) { return !l.viewers.empty(); })) return;
  if (publication->id.home != index_) {
    Crossing unwatch;
    unwatch.what = Crossing::Kind::kUnwatch;
    unwatch.publication = publication->id;
    cross(publication->id.home, unwatch);
  }
  publications_by_number_.erase(publication->id.number);
  publications_.erase(handle);
}

std::vector<std::pair<plan::PublicationId, plan::PeerId>> Shard::routes() const {
  std::vector<std::pair<plan::PublicationId, plan::PeerId>> found;
  const_cast<base::SlotMap<Viewer>&>(viewers_).each([&](base::Handle, const Viewer& v) {
    found.emplace_back(publications_.find(v.publication)->id, peers_.find(v.peer)->id);
  });
  std::ranges::sort(found);
  const auto [first, last] = std::ranges::unique(found);
  found.erase(first, last);
  return found;
}

}  // namespace heliograph::shard
