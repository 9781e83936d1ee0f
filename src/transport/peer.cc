// SPDX-License-Identifier: Apache-2.0
#include "transport/peer.h"

#include <algorithm>

#include "rtp/packet.h"

namespace heliograph::transport {
namespace {

ice::Credentials credentials(const plan::IceParameters& p) { return {p.ufrag, p.pwd}; }

// RFC 7983 section 7.
constexpr bool looks_like_stun(base::ConstBytes d) { return d[0] <= 3; }
constexpr bool looks_like_dtls(base::ConstBytes d) { return d[0] >= 20 && d[0] <= 63; }

}  // namespace

Peer::Peer(const dtls::Context& context, const plan::IceParameters& local)
    : context_(&context), agent_(ice::LiteAgent(credentials(local))) {}

Peer::Peer(const dtls::Context& context, const Calling& calling, base::Timestamp now)
    : context_(&context),
      agent_(ice::ControllingAgent(credentials(calling.local), credentials(calling.remote.ice), calling.seed)) {
  for (const auto& c : calling.candidates) std::get<ice::ControllingAgent>(agent_).add_remote(now, c);
  role_ = calling.remote.our_role == plan::DtlsRole::kClient ? dtls::Role::kClient : dtls::Role::kServer;
  dtls_.emplace(context, role_, calling.remote.fingerprints);
}

void Peer::set_remote(base::Timestamp now, const plan::RemoteTransport& remote, base::SendBatch& out,
                      Scratch& scratch) {
  if (auto* lite = std::get_if<ice::LiteAgent>(&agent_)) lite->set_remote(credentials(remote.ice));
  if (!dtls_) begin_dtls(now, remote, out, scratch);
}

void Peer::begin_dtls(base::Timestamp now, const plan::RemoteTransport& remote, base::SendBatch& out,
                      Scratch& scratch) {
  role_ = remote.our_role == plan::DtlsRole::kClient ? dtls::Role::kClient : dtls::Role::kServer;
  dtls_.emplace(*context_, role_, remote.fingerprints);
  if (role_ == dtls::Role::kServer) dtls_->start(now, scratch.dtls);
  start_client_dtls(now, out, scratch);
  const auto early = std::move(early_dtls_);
  for (const auto& datagram : early) receive_dtls(now, datagram, out, scratch);
}

// A client's first flight goes out as soon as there is a path for it.
void Peer::start_client_dtls(base::Timestamp now, base::SendBatch& out, Scratch& scratch) {
  if (!dtls_ || !path_ || dtls_->state() != dtls::State::kNew) return;
  dtls_->start(now, scratch.dtls);
  flush(out, scratch);
}

void Peer::restart_ice(const plan::IceParameters& local) {
  if (auto* lite = std::get_if<ice::LiteAgent>(&agent_)) lite->restart(credentials(local));
}

void Peer::restart_ice(base::Timestamp now, const plan::IceParameters& local, const plan::IceParameters& remote) {
  if (auto* full = std::get_if<ice::ControllingAgent>(&agent_))
    full->restart(now, credentials(local), credentials(remote));
}

Peer::Arrived Peer::receive(base::Timestamp now, const base::Datagram& datagram, base::SendBatch& out, Scratch& scratch,
                            Drops& drops) {
  const base::ConstBytes bytes = datagram.bytes;
  if (rtp::looks_like_rtp_or_rtcp(bytes)) return receive_srtp(bytes, scratch, drops);
  if (!bytes.empty() && looks_like_stun(bytes)) {
    receive_stun(now, datagram, out, scratch, drops);
  } else if (!bytes.empty() && looks_like_dtls(bytes)) {
    receive_dtls(now, bytes, out, scratch);
  } else {
    ++drops.malformed;
  }
  return {};
}

void Peer::receive_stun(base::Timestamp now, const base::Datagram& datagram, base::SendBatch& out, Scratch& scratch,
                        Drops& drops) {
  const auto& path = datagram.path;
  bool good = false;
  if (auto* lite = std::get_if<ice::LiteAgent>(&agent_)) {
    good = lite->receive(now, datagram.bytes, path.remote, path.socket, scratch.ice) == ice::Verdict::kAnswered;
    if (const auto s = lite->selected()) path_ = base::Path{s->remote, s->local};
  } else {
    auto& controlling = std::get<ice::ControllingAgent>(agent_);
    good = controlling.receive(now, datagram.bytes, path.remote, path.socket, scratch.ice);
    if (const auto s = controlling.selected()) path_ = base::Path{s->remote, s->local};
  }
  if (!good) ++drops.unauthenticated;
  flush(out, scratch);
  start_client_dtls(now, out, scratch);
}

void Peer::receive_dtls(base::Timestamp now, base::ConstBytes bytes, base::SendBatch& out, Scratch& scratch) {
  if (!dtls_) {
    if (early_dtls_.size() < kMaxEarlyDtls) early_dtls_.emplace_back(bytes.begin(), bytes.end());
    return;
  }
  if (dtls_->state() == dtls::State::kNew && role_ == dtls::Role::kServer) dtls_->start(now, scratch.dtls);
  dtls_->receive(now, bytes, scratch.dtls);
  take_keys();
  flush(out, scratch);
}

void Peer::take_keys() {
  const crypto::SrtpKeys* keys = protector_ ? nullptr : dtls_->srtp_keys();
  if (keys == nullptr) return;
  protector_.emplace(keys->profile, keys->local);
  unprotector_.emplace(keys->profile, keys->remote);
}

Peer::Arrived Peer::receive_srtp(base::ConstBytes bytes, Scratch& scratch, Drops& drops) {
  if (bytes.size() > scratch.plaintext.size()) return ++drops.malformed, Arrived{};
  if (!unprotector_) return ++drops.early, Arrived{};
  srtp::Reject reject{};
  if (rtp::looks_like_rtcp(bytes)) {
    const auto rtcp = unprotector_->unprotect_rtcp(bytes, scratch.plaintext);
    if (rtcp) return authentic(Content::kRtcp, *rtcp);
    reject = rtcp.error();
  } else {
    const auto rtp = unprotector_->unprotect_rtp(bytes, scratch.plaintext);
    if (rtp) return authentic(Content::kRtp, rtp->packet);
    reject = rtp.error();
  }
  const bool late = reject == srtp::Reject::kReplayed || reject == srtp::Reject::kTooOld;
  late ? ++drops.replayed : ++drops.forged;
  return {};
}

// The first one says that the handshake is over at the other end too.
Peer::Arrived Peer::authentic(Content content, base::ConstBytes bytes) {
  if (!heard_) [[unlikely]] {
    heard_ = true;
    dtls_->release();
  }
  return {content, bytes};
}

void Peer::flush(base::SendBatch& out, Scratch& scratch) {
  for (const auto& d : scratch.ice) out.append({d.path.remote, d.path.local}, d.bytes());
  scratch.ice.clear();
  if (path_)
    for (const auto& d : scratch.dtls) out.append(*path_, d);
  scratch.dtls.clear();
}

void Peer::on_time(base::Timestamp now, base::SendBatch& out, Scratch& scratch) {
  if (auto* controlling = std::get_if<ice::ControllingAgent>(&agent_)) controlling->on_time(now, scratch.ice);
  if (dtls_ && now >= dtls_->next_time()) dtls_->on_time(now, scratch.dtls);
  flush(out, scratch);
}

base::Timestamp Peer::next_time() const {
  const auto ice = std::visit([](const auto& agent) { return agent.next_time(); }, agent_);
  return dtls_ ? std::min(ice, dtls_->next_time()) : ice;
}

bool Peer::consent_expired(base::Timestamp now) const {
  if (const auto* lite = std::get_if<ice::LiteAgent>(&agent_)) return lite->consent_expired(now);
  return std::get<ice::ControllingAgent>(agent_).failed(now);
}

Peer::State Peer::state(base::Timestamp now) const {
  if (dtls_ && dtls_->state() == dtls::State::kFailed) return State::kDtlsFailed;
  if (dtls_ && dtls_->state() == dtls::State::kClosed) return State::kDtlsClosed;
  if (consent_expired(now)) return State::kConsentExpired;
  return can_send() ? State::kConnected : State::kConnecting;
}

bool Peer::knows(const base::Path& path) const {
  if (const auto* lite = std::get_if<ice::LiteAgent>(&agent_)) return lite->knows({path.remote, path.socket});
  return path_ == path;
}

void Peer::send_rtp(base::ConstBytes header, base::ConstBytes payload_prefix, base::ConstBytes payload, uint64_t index,
                    base::SendBatch& out, Drops& drops, crypto::HmacSha1Queue* tags) {
  const size_t size = header.size() + payload_prefix.size() + payload.size() + srtp::kMaxRtpOverhead;
  if (size > base::SendBatch::kMaxDatagram) {
    ++drops.oversized;
    return;
  }
  uint8_t* to = out.reserve();
  out.commit(*path_, protector_->protect_rtp(header, payload_prefix, payload, index, to, tags));
  if (tags != nullptr && !tags->empty())
    out.finish_with([](void* waiting) { static_cast<crypto::HmacSha1Queue*>(waiting)->finish(); }, tags);
}

void Peer::send_rtcp(base::ConstBytes compound, base::SendBatch& out) {
  uint8_t* to = out.reserve();
  if (const size_t size = protector_->protect_rtcp(compound, to); size > 0) out.commit(*path_, size);
}

void Peer::close(base::Timestamp now, base::SendBatch& out, Scratch& scratch) {
  if (dtls_) dtls_->close(now, scratch.dtls);
  flush(out, scratch);
}

}  // namespace heliograph::transport
