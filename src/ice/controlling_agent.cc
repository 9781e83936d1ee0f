// SPDX-License-Identifier: Apache-2.0
#include "ice/controlling_agent.h"

#include <algorithm>

namespace heliograph::ice {
namespace {

// RFC 8445 section 7.1.1: what the priority would be as a peer-reflexive candidate (type preference 110,
// section 5.1.2.2).
constexpr uint32_t kPeerReflexivePriority = 110U << 24 | 65'535U << 8 | (256 - 1);

}  // namespace
ControllingAgent::ControllingAgent(Credentials local, Credentials remote, uint64_t rng_seed, Options options)
    : local_(std::move(local)), remote_(std::move(remote)), options_(options), rng_(rng_seed), tie_breaker_(rng_()) {}

bool ControllingAgent::add_remote(base::Timestamp now, const base::SocketAddress& remote) {
  const auto same = [&](const Check& check) { return check.path.remote == remote; };
  if (checks_.size() == kMaxRemotes || std::ranges::any_of(checks_, same)) return false;
  checks_.emplace_back().path = {remote, 0};
  begin(checks_.back(), now + kPace * static_cast<int64_t>(checks_.size() - 1), options_.nominate_at_once);
  return true;
}

void ControllingAgent::restart(base::Timestamp now, Credentials local, Credentials remote) {
  local_ = std::move(local);
  remote_ = std::move(remote);
  nominated_ = false;
  for (size_t i = 0; i < checks_.size(); ++i)
    begin(checks_[i], now + kPace * static_cast<int64_t>(i), options_.nominate_at_once);
}

// A new transaction, whose first request is due at `at`.
void ControllingAgent::begin(Check& check, base::Timestamp at, bool nominating) {
  check.state = State::kInProgress;
  check.nominating = nominating;
  check.sends = 0;
  check.id = stun::make_transaction_id(rng_);
  check.next_send = at;
}

// RFC 8489 section 6.2.1: the wait doubles with each request, and after the last one the transaction is given up.
void ControllingAgent::send(Check& check, base::Timestamp now, Out& out) {
  if (check.sends == kMaxSends) {
    check.state = State::kFailed;
    check.next_send = base::Timestamp::never();
    return;
  }
  write_check(check.path, check.id, check.nominating, out);
  check.next_send = now + kFirstTimeout * (int64_t{1} << check.sends++);
}

void ControllingAgent::on_time(base::Timestamp now, Out& out) {
  for (auto& check : checks_)
    if (check.next_send <= now) send(check, now, out);
  if (next_consent_ <= now) send_consent(now, out);
}

base::Timestamp ControllingAgent::next_time() const {
  auto next = next_consent_;
  for (const auto& check : checks_) next = std::min(next, check.next_send);
  return next;
}

// Consent is a new transaction each time, not retransmitted (RFC 7675 section 5.1).
void ControllingAgent::send_consent(base::Timestamp now, Out& out) {
  consent_id_ = stun::make_transaction_id(rng_);
  write_check(*selected_, consent_id_, true, out);
  next_consent_ = now + kConsentInterval * static_cast<int64_t>(800 + rng_.below(401)) / 1000;
}

void ControllingAgent::write_check(const Path& path, const stun::TransactionId& id, bool use_candidate, Out& out) {
  auto& datagram = out.emplace_back();
  stun::MessageWriter writer(datagram.buffer, stun::Class::kRequest, stun::kBinding, id);
  writer.username(remote_.ufrag + ":" + local_.ufrag);
  writer.priority(kPeerReflexivePriority);
  writer.ice_controlling(tie_breaker_);
  if (use_candidate) writer.use_candidate();
  sign(writer, remote_.pwd, path, datagram);
}

bool ControllingAgent::receive(base::Timestamp now, base::ConstBytes stun, const base::SocketAddress& from,
                               uint8_t local, Out& out) {
  const auto message = stun::MessageView::parse(stun);
  if (!message || message->method() != stun::kBinding) return false;
  if (message->has_fingerprint() && !message->check_fingerprint()) return false;
  if (message->message_class() == stun::Class::kRequest) return answer(*message, {from, local}, out);
  if (message->message_class() == stun::Class::kSuccess) return take_success(now, *message, from);
  return false;  // errors are left to the retransmissions: what is refused now may pass once both sides know all
}

bool ControllingAgent::take_success(base::Timestamp now, const stun::MessageView& response,
                                    const base::SocketAddress& from) {
  if (!response.check_integrity(base::as_bytes(remote_.pwd))) return false;
  const auto id = response.transaction_id();
  if (selected_ && id == consent_id_ && from == selected_->remote) {
    consent_ends_ = now + kConsentTimeout;
    return true;
  }
  // RFC 8445 section 7.2.5.2.1: an answer from elsewhere is not one.
  const auto check = std::ranges::find_if(
      checks_, [&](const Check& c) { return c.state == State::kInProgress && c.id == id && c.path.remote == from; });
  if (check == checks_.end()) return false;
  succeed(*check, now);
  return true;
}

void ControllingAgent::succeed(Check& check, base::Timestamp now) {
  check.state = State::kSucceeded;
  check.next_send = base::Timestamp::never();
  if (nominated_) return;
  if (check.nominating) return select(check.path, now);
  const auto is_nominating = [](const Check& c) { return c.nominating && c.state == State::kInProgress; };
  if (std::ranges::none_of(checks_, is_nominating)) begin(check, now, true);
}

void ControllingAgent::select(const Path& path, base::Timestamp now) {
  nominated_ = true;
  selected_ = path;
  consent_ends_ = now + kConsentTimeout;
  next_consent_ = now + kConsentInterval;
  for (auto& check : checks_) check.next_send = base::Timestamp::never();
}

bool ControllingAgent::answer(const stun::MessageView& request, const Path& path, Out& out) {
  const auto expected = local_.ufrag + ":" + remote_.ufrag;
  if (request.username() != expected || !request.check_integrity(base::as_bytes(local_.pwd))) return false;
  append_success(request, path, local_.pwd, out);
  return true;
}

bool ControllingAgent::failed(base::Timestamp now) const {
  if (selected_) return now >= consent_ends_;
  const auto is_failed = [](const Check& c) { return c.state == State::kFailed; };
  return !checks_.empty() && std::ranges::all_of(checks_, is_failed);
}

}  // namespace heliograph::ice
