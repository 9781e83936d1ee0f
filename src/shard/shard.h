// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/datagrams.h"
#include "base/deadline_queue.h"
#include "base/rng.h"
#include "base/slot_map.h"
#include "base/time.h"
#include "crypto/certificate.h"
#include "crypto/hmac_queue.h"
#include "dtls/context.h"
#include "plan/command.h"
#include "rtcp/block.h"
#include "rtcp/compound.h"
#include "sfu/subscription.h"
#include "sfu/track.h"
#include "sfu/uplink.h"
#include "shard/crossing.h"
#include "shard/handshake_queue.h"
#include "transport/peer.h"

namespace heliograph::shard {

// What a shard counts; only ever grows. Read by its own thread.
struct Counters {
  uint64_t packets_received = 0;   // RTP that belonged to a publication
  uint64_t packets_forwarded = 0;  // RTP sent to viewers, retransmissions included
  uint64_t bytes_forwarded = 0;    // payload
  uint64_t resent = 0;             // of packets_forwarded
  uint64_t resends_missed = 0;     // asked for, and not in the history any more or refused
  uint64_t nacks_sent = 0;         // sequence numbers asked of publishers
  uint64_t keyframes_requested = 0;
  uint64_t unknown_peer = 0;     // datagrams from nowhere we know
  uint64_t crossings_lost = 0;   // media, clocks and wishes for keyframes that did not fit another shard's ring
  uint64_t handshakes_lost = 0;  // DTLS datagrams for which there was no room to wait
  transport::Drops drops;
};

// The data plane of one core: its peers, the publications that they send or watch, and everything that happens to a
// packet. Sans-IO: datagrams and Commands in, datagrams, Events and crossings out. One thread owns it.
class Shard {
 public:
  // Layers are chosen, and viewers without a picture looked after, this often.
  static constexpr base::Duration kHousekeeping = base::Duration::millis(200);
  // Peers that are looked after in one on_time(), lest many that are due at once keep media waiting.
  static constexpr size_t kPeersATime = 64;
  // Of patience(), which is a microsecond for each viewer: less than half of the messages that it may save, for to look
  // is to be busy. Senders' packets are closer together than the most, or milliseconds apart.
  static constexpr base::Duration kMaxPatience = base::Duration::micros(25);
  static constexpr int64_t kViewersToWaitFor = 4;

  Shard(plan::ShardIndex index, const crypto::Certificate& certificate, uint64_t seed, Crossings crossings = {});

  void execute(base::Timestamp now, const plan::Command& command, base::SendBatch& out);
  // What has arrived, and what of it is media to whoever watches.
  void receive(base::Timestamp now, std::span<base::Datagram> batch, base::SendBatch& out) {
    take(now, batch, out);
    forward(out);
  }
  // The same with what other shards have sent.
  void receive_crossings(base::Timestamp now, base::SendBatch& out) {
    (void)take_crossings(now, out);
    forward(out);
  }
  // Each in two steps, so that what comes in several batches goes out together.
  void take(base::Timestamp now, std::span<base::Datagram> batch, base::SendBatch& out);
  // False when there was nothing.
  bool take_crossings(base::Timestamp now, base::SendBatch& out);
  void forward(base::SendBatch& out);
  // How long after the last packet it pays to look for more before forward(): zero unless a picture has begun to come
  // and is not whole. The rest is microseconds behind as a rule, and every viewer whom it reaches together with the
  // beginning is a message less.
  base::Duration patience() const;
  // What is due, but not more than may keep media waiting: next_time() is past as long as there is more. Ends with one
  // step of a handshake, if one waits; all that is in `out` is flushed before it.
  void on_time(base::Timestamp now, base::NtpTime ntp_now, base::SendBatch& out);
  base::Timestamp next_time() const;

  // What has happened since the last call.
  std::vector<plan::Event> take_events() { return std::exchange(events_, {}); }
  bool has_events() const { return !events_.empty(); }
  // The shards that were sent something since the last call: to be woken.
  uint64_t take_wakes() { return std::exchange(wakes_, 0); }

  const Counters& counters() const { return counters_; }
  size_t peer_count() const { return peers_.size(); }
  size_t publication_count() const { return publications_.size(); }
  // Every (publication, peer) that is routed here, for checkers.
  std::vector<std::pair<plan::PublicationId, plan::PeerId>> routes() const;

 private:
  static constexpr size_t kKinds = 2;                        // of tracks: audio, video
  static constexpr size_t kMaxFresh = sfu::Track::kGoodFor;  // packets of one track between two fan-outs
  // Addresses a peer is known by, as in ice::LiteAgent; one that the agent has forgotten goes first, else the oldest.
  static constexpr size_t kMaxPaths = 16;
  // ICE user names a peer answers to: restarts that were never used do not push out the one in use at once.
  static constexpr size_t kMaxUfrags = 8;
  static_assert(kKinds == static_cast<size_t>(plan::Kind::kVideo) + 1);

  struct PeerEntry {
    PeerEntry(plan::PeerId i, transport::Peer p) : id(i), transport(std::move(p)) {}
    plan::PeerId id;
    transport::Peer transport;
    transport::Peer::State reported = transport::Peer::State::kConnecting;
    bool was_connected = false;
    std::vector<std::string> ufrags;
    std::vector<base::Path> paths;
    std::unique_ptr<sfu::Uplink> uplink;      // it publishes; apart, because it is ten times as large as all else here
    uint64_t generation = 0;                  // of the uplink; grows with each on this shard
    base::Handle publication;                 // what it publishes
    std::vector<base::Handle> subscriptions;  // what it watches
    // Lines that it does not watch now. Their numbering must go on should they come back: as many as control ever
    // negotiated with this peer, and no more.
    std::vector<sfu::Subscription> parked;
    base::Timestamp scheduled = base::Timestamp::never();
    HandshakeQueue::Line handshake;
  };
  struct Viewer {
    Viewer(sfu::Subscription s, base::Handle p, base::Handle pub)
        : subscription(std::move(s)), peer(p), publication(pub) {}
    sfu::Subscription subscription;
    base::Handle peer;
    base::Handle publication;
    plan::Layer wish = plan::Layer::kAuto;
  };
  struct Lane {  // one track of a publication, and who watches it here
    std::optional<sfu::Track> track;
    base::Handle feeder;  // the peer whose packets it takes; at home only
    std::vector<base::Handle> viewers;
    std::vector<const sfu::MediaPacket*> fresh;  // appended to the track and not fanned out yet
  };
  struct Publication {
    explicit Publication(plan::PublicationId i) : id(i) {
      for (auto& lane : lanes) lane.fresh.reserve(kMaxFresh);  // no batch is the first of its size
    }
    plan::PublicationId id;
    bool published = false;        // at home
    uint64_t watching_shards = 0;  // a bit each; at home only
    std::array<Lane, kKinds> lanes;
    bool dirty = false;
  };

  // Commands
  void open(base::Timestamp now, const plan::OpenPeer& c);
  void set_remote(base::Timestamp now, const plan::SetRemote& c, base::SendBatch& out);
  void restart_ice(const plan::RestartIce& c);
  void close(base::Timestamp now, const plan::ClosePeer& c, base::SendBatch& out);
  void publish(base::Timestamp now, const plan::Publish& c);
  void unpublish(const plan::Unpublish& c);
  void route(base::Timestamp now, const plan::Route& c);
  void unroute(const plan::Unroute& c);

  // Packets
  PeerEntry* peer_for(const base::Datagram& datagram, base::Handle& handle);
  void receive_one(base::Timestamp now, const base::Datagram& datagram, base::SendBatch& out);
  void let_wait(base::Handle handle, PeerEntry& peer, const base::Path& path, base::ConstBytes bytes);
  void evict_path(base::Handle handle, PeerEntry& peer);
  void learn_path(base::Handle handle, PeerEntry& peer, const base::Path& path);
  void receive_rtp(base::Timestamp now, PeerEntry& peer, base::Handle handle, base::ConstBytes bytes,
                   base::SendBatch& out);
  void receive_rtcp(base::Timestamp now, PeerEntry& peer, base::ConstBytes bytes, base::SendBatch& out);
  void receive_block(base::Timestamp now, PeerEntry& peer, const rtcp::Block& block, base::SendBatch& out);
  void receive_sender_report(base::Timestamp now, PeerEntry& peer, const rtcp::Block& block);
  void receive_reports(base::Timestamp now, PeerEntry& peer, const rtcp::ReportBlocks& blocks);
  void receive_nack(base::Timestamp now, PeerEntry& peer, const rtcp::Block& block, base::SendBatch& out);
  void receive_keyframe_request(base::Timestamp now, PeerEntry& peer, const rtcp::Block& block);
  Viewer* viewer_of(PeerEntry& peer, base::Ssrc ssrc);
  void resend(base::Timestamp now, PeerEntry& peer, Viewer& viewer, uint16_t sequence_number, base::SendBatch& out);
  bool feeds(base::Timestamp now, Lane& lane, base::Handle handle, PeerEntry& peer,
             const sfu::Uplink::Accepted& accepted);
  void add_fresh(base::Handle handle, Publication& publication, plan::Kind kind, const sfu::MediaPacket& packet,
                 base::SendBatch& out);
  void fan_out(Publication& publication, base::SendBatch& out);
  void forward(const Lane& lane, Viewer& viewer, base::SendBatch& out);
  void fetch_ahead(const Lane& lane, size_t i) const;
  static bool is_whole(const Lane& lane);

  // Publications
  base::Handle publication_handle(plan::PublicationId id);
  base::Handle attach(base::Handle peer_handle, base::Handle publication_handle, const plan::DownlinkTrack& line);
  void obey(base::Timestamp now, Publication& publication, Viewer& viewer, const plan::Wish& wish);
  void park(base::Handle viewer_handle);
  void detach(base::Handle viewer_handle);
  void drop_if_idle(base::Handle handle);
  void request_keyframe(base::Timestamp now, Publication& publication, plan::Kind kind, uint8_t layer);
  void request_first_keyframe(base::Timestamp now, Publication& publication, const Viewer& viewer);
  void choose_layers(base::Timestamp now, Publication& publication);
  void aim(base::Timestamp now, Publication& publication, Viewer& viewer);
  Lane& lane_of(Publication& publication, plan::Kind kind) { return publication.lanes[static_cast<size_t>(kind)]; }

  // Crossings
  void cross(plan::ShardIndex to, const Crossing& message);
  void cross_or_lose(plan::ShardIndex to, const Crossing& message);
  bool push(plan::ShardIndex to, const Crossing& message);
  void cross_media(Publication& publication, plan::Kind kind, const sfu::MediaPacket& packet);
  template <class Visit>
  void each_watcher(const Publication& publication, Visit&& visit) const;
  void announce_tracks(const Publication& publication, uint64_t shards);
  void receive_crossing(base::Timestamp now, const Crossing& message, base::SendBatch& out);
  void retry_crossings();

  // Time
  PeerEntry* find_peer(plan::PeerId id);
  void look_after(base::Timestamp now, base::NtpTime ntp_now, base::Handle handle, PeerEntry& peer,
                  base::SendBatch& out);
  void send_feedback(base::Timestamp now, PeerEntry& peer, base::SendBatch& out);
  void send_reports(base::Timestamp now, base::NtpTime ntp_now, PeerEntry& peer, base::SendBatch& out);
  void report_state(base::Timestamp now, PeerEntry& peer);
  void schedule(base::Timestamp now, base::Handle handle, PeerEntry& peer);
  void shake_hands(base::Timestamp now, base::SendBatch& out);

  plan::ShardIndex index_;
  dtls::Context dtls_;
  base::Rng rng_;
  Crossings crossings_;
  base::Ssrc feedback_ssrc_;
  uint64_t last_generation_ = 0;

  base::SlotMap<PeerEntry> peers_;
  base::SlotMap<Viewer> viewers_;
  base::SlotMap<Publication> publications_;
  std::unordered_map<uint64_t, base::Handle> peers_by_number_;
  std::unordered_map<uint64_t, base::Handle> publications_by_number_;
  std::unordered_map<std::string, base::Handle> peers_by_ufrag_;
  std::unordered_map<base::Path, base::Handle> peers_by_path_;

  HandshakeQueue handshakes_;
  base::DeadlineQueue deadlines_;
  base::Timestamp next_housekeeping_;
  std::vector<base::Handle> dirty_;
  std::vector<plan::Event> events_;
  // Words that none may be lost of: as many as control caused them. What repeats itself does not wait here.
  std::map<plan::ShardIndex, std::deque<Crossing>> waiting_crossings_;  // by the ring that they wait for
  uint64_t wakes_ = 0;
  transport::Scratch scratch_;
  crypto::HmacSha1Queue tags_;  // of packets that lie in `out`, which finishes them before it drains
  Counters counters_;
};

template <class Visit>
void Shard::each_watcher(const Publication& publication, Visit&& visit) const {
  for (plan::ShardIndex s = 0; s < crossings_.to.size(); ++s)
    if ((publication.watching_shards >> s & 1) != 0) visit(s);
}

}  // namespace heliograph::shard
