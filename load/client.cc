// SPDX-License-Identifier: Apache-2.0
#include "load/client.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "crypto/random.h"

namespace heliograph::load {
namespace {

// SSRCs must differ between the publishers of a run, and be no 0.
base::Ssrc draw_ssrc(base::Rng& rng) { return base::Ssrc(rng.u32() | 1); }

}  // namespace

Client::Client(uint32_t number, Part part, Session session, const Room& room, std::string target, uint64_t seed,
               Stage& stage, base::Timestamp now)
    : number_(number),
      part_(part),
      session_(std::move(session)),
      room_(&room),
      stage_(&stage),
      rng_(seed),
      watching_(!part.publishes),
      beginning_{.wave = part.wave, .opened = now, .joined = now} {
  stage_->websockets->open(number_, std::move(target));
}

void Client::watch_others(base::Timestamp now) {
  watching_ = true;
  beginning_.opened = beginning_.joined = now;
  watch_next();
}

void Client::fail(std::string why) {
  if (trouble_.empty() && !ending_) trouble_ = std::move(why);
}

LocalEnd Client::new_local_end() {
  return {{crypto::random_ice_chars(8), crypto::random_ice_chars(24)}, stage_->fingerprint};
}

void Client::on_signalling(base::Timestamp now, const SocketEvent& event) {
  switch (event.kind) {
    case SocketEvent::Kind::kOpened:
      beginning_.joined = now;
      return send(join(session_, part_.creates_room));
    case SocketEvent::Kind::kClosed:
      return fail((joined_ ? "its WebSocket was closed: " : "no WebSocket to the server: ") + event.text);
    case SocketEvent::Kind::kText:
      break;
  }
  const auto heard = hear(event.text);
  if (!heard) return fail("the server said what is no ack: " + event.text.substr(0, 120));
  heard->code == 200 ? on_ack(now, *heard) : on_refusal(now, *heard);
}

void Client::on_refusal(base::Timestamp now, const Heard& heard) {
  if (heard.retry_after) {  // B-32
    retry_at_ = now + *heard.retry_after;
    return;
  }
  fail(fmt::format("{} was refused with {} {}", heard.name, heard.code, heard.message));
}

void Client::on_ack(base::Timestamp now, const Heard& heard) {
  if (heard.name == "JOIN" && !joined_) {
    joined_ = true;
    next_heartbeat_ = now + base::Duration::micros(static_cast<int64_t>(rng_.below(kHeartbeatInterval.us())));
    part_.publishes ? send_offer() : watch_next();
  } else if (heard.name == "OFFER" && part_.publishes && !publisher_) {
    take_answer(now, heard);
  } else if (heard.name == "WATCH") {
    for (const auto& entry : heard.publications) take_offer(now, entry);
    watch_next();
  }
}

void Client::send_offer() {
  local_ = new_local_end();
  offered_ = {
      .audio = std::nullopt, .video = std::nullopt, .video_rtx = draw_ssrc(rng_), .cname = session_.user, .layers = {}};
  if (stage_->media.audio) offered_.audio = draw_ssrc(rng_);
  if (stage_->media.simulcast) {
    for (const auto& layer : kLayers)
      offered_.layers.push_back({std::string(layer.rid), draw_ssrc(rng_), draw_ssrc(rng_)});
  } else if (stage_->media.has_video()) {
    offered_.video = draw_ssrc(rng_);
  }
  send(offer(session_, publisher_offer(offered_, local_)));
}

void Client::take_answer(base::Timestamp now, const Heard& heard) {
  const auto agreed = read_answer(heard.sdp);
  if (!agreed) return fail(agreed.error());
  auto link = Link::open(local_, agreed->remote, rng_(), now, *stage_->network);
  if (!link) return fail(link.error().where + ": " + link.error().error.message());
  publisher_.emplace(std::move(*link), *agreed, offered_, stage_->media, rng_(), now);
  new_links_.emplace_back(publisher_->link().fd(), kUplink);
}

void Client::watch_next() {
  const auto& publishers = room_->publishers;
  if (watched_ < publishers.size() && publishers[watched_].user == session_.user) ++watched_;
  if (watched_ < publishers.size()) send(watch(session_, publishers[watched_++]));
}

void Client::take_offer(base::Timestamp now, const Heard::Entry& entry) {
  const auto local = new_local_end();
  const auto agreed = answer_offer(entry.sdp, local);
  if (!agreed) return fail(agreed.error());
  auto link = Link::open(local, agreed->remote, rng_(), now, *stage_->network);
  if (!link) return fail(link.error().where + ": " + link.error().error.message());
  const Session publisher{session_.room, entry.user, entry.session};
  viewers_.emplace_back(std::move(*link), publisher, agreed->lines, beginning_, rng_(), now);
  new_links_.emplace_back(viewers_.back().link().fd(), static_cast<uint32_t>(viewers_.size() - 1));
  send(answer(session_, publisher, agreed->answer));
}

bool Client::receive(base::Timestamp now, uint32_t link) {
  if (link == kUplink) {
    publisher_->receive(now, *stage_->network, *stage_->totals);
    return false;  // whoever publishes is looked at for each frame anyway
  }
  auto& viewer = viewers_[link];
  viewer.receive(now, *stage_->network, *stage_->totals);
  return !viewer.connected() || viewer.next_nack() != base::Timestamp::never();
}

base::Timestamp Client::next_time() const {
  auto next = std::min(next_heartbeat_, retry_at_);
  for (const auto& viewer : viewers_) next = std::min(next, viewer.next_time());
  return next;
}

void Client::on_time(base::Timestamp now, base::NtpTime ntp_now) {
  if (publisher_) publisher_->on_time(now, ntp_now, *stage_->network, *stage_->totals);
  for (auto& viewer : viewers_)
    if (now >= viewer.next_time()) viewer.on_time(now, *stage_->network, *stage_->totals);
  if (now >= next_heartbeat_ && !ending_) {
    next_heartbeat_ = now + kHeartbeatInterval;
    send(heartbeat(session_));
  }
  if (now >= retry_at_) retry();
}

void Client::retry() {
  retry_at_ = base::Timestamp::never();
  if (!joined_) return send(join(session_, part_.creates_room));
  if (part_.publishes && !publisher_) return send_offer();
  --watched_;
  watch_next();
}

bool Client::connected() const {
  if (part_.publishes && !(publisher_ && publisher_->connected())) return false;
  return !watching_ || (viewers_.size() == others() && std::ranges::all_of(viewers_, &Viewer::connected));
}

bool Client::complete() const { return connected() && std::ranges::all_of(viewers_, &Viewer::has_media); }

void Client::stop_publishing() {
  if (publisher_) publisher_->stop();
}

void Client::say_goodbye(base::Timestamp now) {
  ending_ = true;
  send(leave(session_));
  if (publisher_) publisher_->close(now, *stage_->network);
  for (auto& viewer : viewers_) viewer.close(now, *stage_->network);
  stage_->websockets->close(number_);
}

}  // namespace heliograph::load
