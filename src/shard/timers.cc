// SPDX-License-Identifier: Apache-2.0
// What happens because time passes: feedback, reports, layers, consent.
#include <algorithm>
#include <array>

#include "rtcp/sdes.h"
#include "shard/shard.h"

namespace heliograph::shard {
namespace {

// A machine whose moment has passed and that has nothing to do about it (consent that ran out) is asked again after
// this.
constexpr base::Duration kIdle = base::Duration::seconds(1);

// Who only watches has nothing due that could not wait so long (reports, consent): in steps, many are looked after in
// one go, and what they are sent leaves in one call.
constexpr int64_t kStep = 10'000;  // µs
base::Timestamp next_step(base::Timestamp t) {
  return base::Timestamp::from_micros((t.us() + kStep - 1) / kStep * kStep);
}

constexpr plan::GoneReason reason_of(transport::Peer::State state) {
  if (state == transport::Peer::State::kDtlsFailed) return plan::GoneReason::kDtlsFailed;
  if (state == transport::Peer::State::kDtlsClosed) return plan::GoneReason::kDtlsClosed;
  return plan::GoneReason::kConsentExpired;
}

}  // namespace

base::Timestamp Shard::next_time() const {
  if (!handshakes_.empty()) return base::Timestamp();  // at once
  const auto next = publications_.size() == 0 ? base::Timestamp::never() : next_housekeeping_;
  return std::min(next, deadlines_.next_time());
}

void Shard::on_time(base::Timestamp now, base::NtpTime ntp_now, base::SendBatch& out) {
  for (size_t i = 0; i < kPeersATime; ++i) {
    const auto handle = deadlines_.take_due(now);
    if (!handle) break;
    PeerEntry* peer = peers_.find(*handle);
    if (peer == nullptr || peer->scheduled > now) continue;  // an entry that was overtaken
    peer->scheduled = base::Timestamp::never();
    look_after(now, ntp_now, *handle, *peer, out);
  }
  if (now >= next_housekeeping_) {
    next_housekeeping_ = now + kHousekeeping;
    publications_.each([&](base::Handle, Publication& publication) { choose_layers(now, publication); });
  }
  retry_crossings();
  shake_hands(now, out);
}

// One datagram of one peer. Nothing that could be sent waits for it, and what arrives meanwhile waits for it alone.
void Shard::shake_hands(base::Timestamp now, base::SendBatch& out) {
  const auto handle = handshakes_.next();
  if (!handle) return;
  out.flush();
  PeerEntry& peer = *peers_.find(*handle);
  peer.transport.receive(now, handshakes_.take(*handle, peer.handshake), out, scratch_, counters_.drops);
  report_state(now, peer);
  schedule(now, *handle, peer);
}

void Shard::look_after(base::Timestamp now, base::NtpTime ntp_now, base::Handle handle, PeerEntry& peer,
                       base::SendBatch& out) {
  peer.transport.on_time(now, out, scratch_);
  report_state(now, peer);
  if (peer.transport.can_send()) {
    send_feedback(now, peer, out);
    send_reports(now, ntp_now, peer, out);
  }
  schedule(now, handle, peer);
}

void Shard::send_feedback(base::Timestamp now, PeerEntry& peer, base::SendBatch& out) {
  if (!peer.uplink) return;
  const uint64_t nacks = peer.uplink->nacks_sent();
  const uint64_t keyframes = peer.uplink->keyframe_requests_sent();
  std::array<uint8_t, rtcp::kMaxCompoundSize> bytes;
  for (bool more = true; more;) {
    rtcp::CompoundWriter compound(bytes);
    more = peer.uplink->write_feedback(now, compound);
    if (compound.empty()) break;
    peer.transport.send_rtcp(compound.written(), out);
  }
  counters_.nacks_sent += peer.uplink->nacks_sent() - nacks;
  counters_.keyframes_requested += peer.uplink->keyframe_requests_sent() - keyframes;
}

void Shard::send_reports(base::Timestamp now, base::NtpTime ntp_now, PeerEntry& peer, base::SendBatch& out) {
  std::array<uint8_t, rtcp::kMaxCompoundSize> bytes;
  rtcp::CompoundWriter compound(bytes);
  for (const auto handle : peer.subscriptions) {
    Viewer& viewer = *viewers_.find(handle);
    const auto& track = lane_of(*publications_.find(viewer.publication), viewer.subscription.line().kind).track;
    const auto report = track ? viewer.subscription.sender_report(now, ntp_now, *track) : std::nullopt;
    if (!report) continue;
    rtcp::SourceDescription description;
    description.chunks.push_back({report->sender, viewer.subscription.line().cname});
    compound.append(*report);
    compound.append(description);
  }
  if (!compound.empty()) peer.transport.send_rtcp(compound.written(), out);
}

// Tells control what has become of the peer, once each time it changes.
void Shard::report_state(base::Timestamp now, PeerEntry& peer) {
  using State = transport::Peer::State;
  const auto state = peer.transport.state(now);
  if (state == peer.reported || state == State::kConnecting) return;
  peer.reported = state;
  if (state != State::kConnected) {
    events_.push_back(plan::PeerGone{peer.id, reason_of(state)});
    return;
  }
  peer.was_connected ? events_.push_back(plan::PeerRevived{peer.id}) : events_.push_back(plan::PeerConnected{peer.id});
  peer.was_connected = true;
  for (const auto handle : peer.subscriptions) {
    const Viewer& viewer = *viewers_.find(handle);
    request_first_keyframe(now, *publications_.find(viewer.publication), viewer);
  }
}

void Shard::schedule(base::Timestamp now, base::Handle handle, PeerEntry& peer) {
  auto next = peer.transport.next_time();
  if (next <= now && peer.reported != transport::Peer::State::kConnecting) next = now + kIdle;
  if (peer.transport.can_send()) {
    if (peer.uplink) next = std::min(next, peer.uplink->next_time());
    for (const auto v : peer.subscriptions) {
      const auto& subscription = viewers_.find(v)->subscription;
      next = std::min(next, std::max(subscription.next_report(), now + base::Duration::millis(20)));
    }
  }
  if (next.is_never()) return;
  if (peer.transport.can_send() && !peer.uplink) next = next_step(next);
  if (next >= peer.scheduled) return;
  peer.scheduled = next;
  deadlines_.add(next, handle);
}

// Layers that viewers should be on, those who have no picture yet, and those who have just got another source.
void Shard::choose_layers(base::Timestamp now, Publication& publication) {
  Lane& lane = lane_of(publication, plan::Kind::kVideo);
  if (!lane.track) return;
  lane.track->rank_layers(now);
  for (const auto handle : lane.viewers) {
    Viewer& viewer = *viewers_.find(handle);
    aim(now, publication, viewer);
    if (viewer.subscription.next_report() <= now) schedule(now, viewer.peer, *peers_.find(viewer.peer));
  }
}

void Shard::aim(base::Timestamp now, Publication& publication, Viewer& viewer) {
  auto& track = lane_of(publication, plan::Kind::kVideo).track;
  auto& subscription = viewer.subscription;
  if (!track || subscription.paused() || !peers_.find(viewer.peer)->transport.can_send()) return;
  const auto layer = track->choose(now, viewer.wish);
  if (!layer) return;
  subscription.aim(*layer);
  if (subscription.waits_for_keyframe(*track) || subscription.current_layer() != *layer)
    request_keyframe(now, publication, plan::Kind::kVideo, *layer);
}

void Shard::request_first_keyframe(base::Timestamp now, Publication& publication, const Viewer& viewer) {
  const auto& subscription = viewer.subscription;
  if (subscription.line().kind != plan::Kind::kVideo || subscription.paused()) return;
  const auto& track = lane_of(publication, plan::Kind::kVideo).track;
  const auto current = subscription.current_layer();
  const auto best = track ? track->choose(now, viewer.wish) : std::nullopt;
  request_keyframe(now, publication, plan::Kind::kVideo, current.value_or(best.value_or(0)));
}

void Shard::request_keyframe(base::Timestamp now, Publication& publication, plan::Kind kind, uint8_t layer) {
  if (publication.id.home != index_) {
    Crossing message;
    message.what = Crossing::Kind::kRequestKeyframe;
    message.kind = kind;
    message.publication = publication.id;
    message.packet.layer = layer;
    cross_or_lose(publication.id.home, message);
    return;
  }
  const auto feeder_handle = lane_of(publication, kind).feeder;
  PeerEntry* feeder = peers_.find(feeder_handle);
  if (feeder == nullptr || !feeder->uplink) return;
  const auto& tracks = feeder->uplink->tracks();
  const auto found = std::ranges::find(tracks, kind, &plan::UplinkTrack::kind);
  if (found == tracks.end()) return;
  feeder->uplink->request_keyframe(now, static_cast<uint8_t>(found - tracks.begin()), layer);
  schedule(now, feeder_handle, *feeder);
}

}  // namespace heliograph::shard
