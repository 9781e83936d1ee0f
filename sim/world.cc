// SPDX-License-Identifier: Apache-2.0
#include "sim/world.h"

#include <algorithm>

#include "fmt/format.h"

namespace heliograph::sim {
namespace {

constexpr base::PayloadType kVideoType(96), kVideoRtxType(97), kAudioType(111);

crypto::Certificate make_certificate(const char* name) {
  return std::move(*crypto::Certificate::generate(name, base::Duration::seconds(86'400), 1'700'000'000));
}

plan::CodecParameters video_codec(bool rtx, bool transport_cc) {
  plan::CodecParameters c;
  c.codec = plan::Codec::kVp8;
  c.payload_type = kVideoType;
  if (rtx) c.rtx_payload_type = kVideoRtxType;
  c.nack = c.nack_pli = true;
  c.transport_cc = transport_cc;
  c.goog_remb = !transport_cc;
  return c;
}

plan::CodecParameters audio_codec() {
  plan::CodecParameters c;
  c.codec = plan::Codec::kOpus;
  c.payload_type = kAudioType;
  return c;
}

base::Ssrc ssrc_of(uint64_t peer, uint32_t which) { return base::Ssrc(static_cast<uint32_t>(peer * 100) + which); }

}  // namespace

World::World(const Options& options)
    : rng_(options.seed),
      link_(options.link),
      network_(rng_()),
      certificate_(make_certificate("server")),
      caller_certificate_(make_certificate("caller")),
      caller_context_(caller_certificate_) {
  const size_t n = options.shards;
  for (size_t i = 0; i < n * n; ++i) rings_.push_back(std::make_unique<shard::CrossingRing>(1024));
  for (size_t i = 0; i < n; ++i) {
    shard::Crossings ends;
    for (size_t other = 0; other < n; ++other) {
      ends.to.push_back(other == i ? nullptr : rings_[i * n + other].get());
      ends.from.push_back(other == i ? nullptr : rings_[other * n + i].get());
    }
    auto hall = std::make_unique<Hall>();
    hall->world = this;
    hall->index = i;
    hall->address = {base::IpAddress::v4(0x0a000001), static_cast<uint16_t>(40'000 + i)};
    hall->shard =
        std::make_unique<shard::Shard>(static_cast<plan::ShardIndex>(i), certificate_, rng_(), std::move(ends));
    hall->out = std::make_unique<base::SendBatch>(&World::drain, hall.get());
    shards_.push_back(std::move(hall));
  }
}

World::~World() = default;

void World::drain(void* context, const base::SendBatch& batch) {
  auto& hall = *static_cast<Hall*>(context);
  const bool inside = hall.inside && hall.world->on_shard;
  if (inside) hall.world->on_shard(hall.index, false);
  for (const auto& m : batch.messages())
    for (size_t at = 0; at < m.size; at += m.segment)
      hall.world->network_.send(hall.world->now_, hall.world->link_, hall.address, m.path.remote,
                                {batch.block() + m.offset + at, std::min<size_t>(m.segment, m.size - at)});
  if (inside) hall.world->on_shard(hall.index, true);
}

template <class Call>
void World::enter(Hall& hall, Call&& call) {
  if (on_shard) on_shard(hall.index, true);
  hall.inside = true;
  call();
  hall.inside = false;
  if (on_shard) on_shard(hall.index, false);
}

plan::IceParameters World::credentials() {
  return {fmt::format("u{:08x}", rng_.u32()), fmt::format("p{:016x}{:08x}", rng_(), rng_.u32())};
}

void World::execute(const plan::Command& command) {
  const auto shard = plan::shard_of(command);
  shards_[shard]->shard->execute(now_, command, *shards_[shard]->out);
  collect();
}

// Opens a peer on the shard and a caller for it, as control does after an offer and its answer.
size_t World::call(plan::ShardIndex shard, Entry entry) {
  const auto local = credentials();
  const auto remote = credentials();
  entry.peer = {shard, next_number_++};
  const auto self = fresh_address();
  execute(plan::OpenPeer{entry.peer, local});
  execute(plan::SetRemote{entry.peer, {remote, {caller_certificate_.fingerprint()}, plan::DtlsRole::kServer}});
  transport::Peer::Calling calling;
  calling.local = remote;
  calling.remote = {local, {certificate_.fingerprint()}, plan::DtlsRole::kClient};
  calling.candidates = {shards_[shard]->address};
  calling.seed = rng_();
  entry.caller = std::make_unique<Caller>(caller_context_, calling, self, rng_(), now_);
  callers_by_address_[self] = entries_.size();
  entries_.push_back(std::move(entry));
  return entries_.size() - 1;
}

std::vector<plan::UplinkTrack> World::tracks_of(const Entry& entry) const {
  const uint64_t id = entry.peer.number;
  plan::UplinkTrack video{plan::Kind::kVideo, "1", video_codec(entry.uplink.rtx, entry.uplink.transport_cc),
                          kCallerExtensions,  {},  {}};
  for (uint8_t l = 0; l < entry.uplink.layers; ++l) {
    plan::DeclaredSource source{ssrc_of(id, l), std::nullopt};
    if (entry.uplink.rtx) source.rtx = ssrc_of(id, 10U + l);
    video.sources.push_back(source);
  }
  std::vector<plan::UplinkTrack> tracks;
  if (entry.uplink.audio) tracks.push_back({plan::Kind::kAudio, "0", audio_codec(), kCallerExtensions, {}, {}});
  tracks.push_back(video);
  return tracks;
}

void World::add_sources(Entry& entry) {
  const uint64_t id = entry.peer.number;
  for (uint8_t l = 0; l < entry.uplink.layers; ++l) {
    Source::Options o;
    o.ssrc = ssrc_of(id, l);
    o.payload_type = kVideoType;
    if (entry.uplink.rtx) {
      o.rtx_ssrc = ssrc_of(id, 10U + l);
      o.rtx_payload_type = kVideoRtxType;
    }
    o.layer = l;
    o.life = entry.life;
    o.packets_a_frame = static_cast<uint8_t>(1 + l * 2);
    o.uneven = entry.uplink.uneven;
    entry.caller->add_source(o);
  }
  if (!entry.uplink.audio) return;
  Source::Options o;
  o.codec = plan::Codec::kOpus;
  o.ssrc = ssrc_of(id, 50);
  o.payload_type = kAudioType;
  o.life = entry.life;
  o.packets_a_frame = 1;
  o.payload_size = 100;
  entry.caller->add_source(o);
}

size_t World::publish(const Uplink& uplink) {
  Entry entry;
  entry.uplink = uplink;
  entry.publisher = true;
  entry.publication = {uplink.shard, next_number_++};
  const size_t i = call(uplink.shard, std::move(entry));
  add_sources(entries_[i]);
  execute(plan::Publish{entries_[i].peer, entries_[i].publication, tracks_of(entries_[i])});
  return i;
}

size_t World::republish(size_t publisher, std::optional<uint8_t> layers) {
  Entry entry;
  entry.uplink = entries_[publisher].uplink;
  entry.uplink.layers = layers.value_or(entry.uplink.layers);
  entry.publisher = true;
  entry.publication = entries_[publisher].publication;
  entry.life = static_cast<uint8_t>(entries_[publisher].life + 1);
  const size_t i = call(entry.uplink.shard, std::move(entry));
  add_sources(entries_[i]);
  execute(plan::Publish{entries_[i].peer, entries_[i].publication, tracks_of(entries_[i])});
  return i;
}

void World::restart_ice(size_t caller) {
  Entry& entry = entries_[caller];
  const auto local = credentials();
  const auto remote = credentials();
  execute(plan::RestartIce{entry.peer, local});
  execute(plan::SetRemote{entry.peer, {remote, {caller_certificate_.fingerprint()}, plan::DtlsRole::kServer}});
  entry.caller->move_to(fresh_address());
  callers_by_address_[entry.caller->address()] = caller;
  entry.caller->restart_ice(now_, remote, local);
}

void World::wish(size_t viewer, const plan::Wish& wish) {
  const Entry& entry = entries_[viewer];
  execute(plan::Route{entry.publication, entry.peer, entry.lines, wish});
}

size_t World::watch(size_t publisher, plan::ShardIndex shard, bool rtx) {
  const auto publication = entries_[publisher].publication;
  const auto uplink = entries_[publisher].uplink;
  const size_t i = call(shard, Entry{});
  const uint64_t id = entries_[i].peer.number;
  std::vector<plan::DownlinkTrack> lines;
  if (uplink.audio)
    lines.push_back({plan::Kind::kAudio, "0", audio_codec(), plan::kDownlinkExtensions, ssrc_of(id, 60), {}, "c"});
  plan::DownlinkTrack video{
      plan::Kind::kVideo, "1", video_codec(rtx, false), plan::kDownlinkExtensions, ssrc_of(id, 61), {}, "c"};
  if (rtx) video.rtx_ssrc = ssrc_of(id, 62);
  lines.push_back(video);
  for (const auto& line : lines) entries_[i].caller->add_receiver(line);
  entries_[i].publication = publication;
  entries_[i].lines = lines;
  execute(plan::Route{publication, entries_[i].peer, lines});
  return i;
}

void World::leave(size_t caller) {
  entries_[caller].gone = true;
  execute(plan::ClosePeer{entries_[caller].peer});
}

void World::unpublish(size_t publisher) { execute(plan::Unpublish{entries_[publisher].publication}); }

base::Timestamp World::next_time() const {
  auto next = network_.next_time();
  for (const auto& hall : shards_) next = std::min(next, hall->shard->next_time());
  for (const auto& entry : entries_)
    if (!entry.gone) next = std::min(next, entry.caller->next_time());
  return next;
}

void World::deliver(const Network::Flight& flight) {
  auto bytes = flight.bytes;
  for (const auto& hall : shards_) {
    if (hall->address != flight.to) continue;
    base::Datagram datagram{{flight.from, 0}, bytes};
    enter(*hall, [&] { hall->shard->receive(now_, {&datagram, 1}, *hall->out); });
    return;
  }
  const auto found = callers_by_address_.find(flight.to);
  if (found != callers_by_address_.end() && !entries_[found->second].gone)
    entries_[found->second].caller->receive(now_, {{flight.from, 0}, bytes});
}

// Something waits in the rings that lead to it.
bool World::is_told(const Hall& hall) const {
  const size_t n = shards_.size();
  for (size_t other = 0; other < n; ++other)
    if (rings_[other * n + hall.index]->front() != nullptr) return true;
  return false;
}

// Moves what everybody produced to where it goes.
void World::collect() {
  for (bool again = true; again;) {
    again = false;
    for (const auto& hall : shards_) {
      if (is_told(*hall)) enter(*hall, [&] { hall->shard->receive_crossings(now_, *hall->out); });
      hall->out->flush();
      again = again || hall->shard->take_wakes() != 0;
      for (const auto& event : hall->shard->take_events()) events_.push_back(event);
    }
  }
  for (auto& entry : entries_) {
    if (entry.gone || !entry.caller) continue;
    for (const auto& bytes : entry.caller->take_sent())
      network_.send(now_, link_, entry.caller->address(), shards_[entry.peer.shard]->address, bytes);
  }
}

void World::step(base::Timestamp until) {
  // A machine that is due in the past is due now; time itself never goes back, and always moves.
  now_ = std::min(until, std::max(next_time(), now_ + base::Duration::micros(100)));
  while (const auto flight = network_.take_due(now_)) deliver(*flight);
  const auto ntp_now = base::NtpTime::from_unix_micros(1'800'000'000'000'000 + now_.us());
  for (const auto& hall : shards_)
    if (hall->shard->next_time() <= now_) enter(*hall, [&] { hall->shard->on_time(now_, ntp_now, *hall->out); });
  for (auto& entry : entries_)
    if (!entry.gone && entry.caller->next_time() <= now_) entry.caller->on_time(now_);
  collect();
}

void World::run_for(base::Duration span) {
  const auto end = now_ + span;
  while (now_ < end) step(end);
}

bool World::run_until(const std::function<bool()>& condition, base::Duration limit) {
  const auto end = now_ + limit;
  while (now_ < end && !condition()) step(end);
  return condition();
}

std::vector<std::string> World::breaches() {
  std::vector<std::string> all;
  for (size_t i = 0; i < entries_.size(); ++i)
    for (auto& receiver : entries_[i].caller->receivers()) {
      receiver.check_complete();
      for (const auto& b : receiver.breaches())
        all.push_back(
            fmt::format("caller {} {}: {}", i, receiver.line().kind == plan::Kind::kVideo ? "video" : "audio", b));
    }
  return all;
}

}  // namespace heliograph::sim
