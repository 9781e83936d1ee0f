// SPDX-License-Identifier: Apache-2.0
#include "server/packaging.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace heliograph::server {
namespace {

using shard::Crossing;

// Of one ring, before the others have their turn.
constexpr size_t kTurn = 1024;

void add(hls::PackagerNumbers& sum, const hls::PackagerNumbers& n) {
  sum.parts += n.parts;
  sum.parts_late += n.parts_late;
  sum.frames_lost += n.frames_lost;
  sum.repeats += n.repeats;
  sum.slates += n.slates;
}

}  // namespace

void Packaging::execute(base::Timestamp now, int64_t unix_now, const plan::HlsCommand& command, PackagingOut& out) {
  const auto& name = std::visit([](const auto& c) -> const plan::HlsStream& { return c.stream; }, command);
  const auto found = streams_.find(name);
  if (const auto* c = std::get_if<plan::StartHls>(&command)) {
    found == streams_.end() ? start(now, unix_now, *c, out) : change(now, unix_now, found->second, *c, out);
  } else if (found != streams_.end()) {
    if (std::get<plan::StopHls>(command).over)
      finish(now, found->second, plan::HlsState::kEnded, out);
    else
      found->second.ends_at = std::min(found->second.ends_at, now + options_.patience);
  }
  give_all(out);
}

void Packaging::start(base::Timestamp now, int64_t unix_now, plan::StartHls command, PackagingOut& out) {
  if (!hls::Packager::takes(command.tracks)) return out.changes.push_back({command.stream, plan::HlsState::kFailed});
  Stream made{.name = command.stream,
              .packager = hls::Packager(now, unix_now, options_.packager, command),
              .publication = command.publication,
              .asks_token = command.asks_token,
              .prefix = command.prefix,
              .recording = ++last_recording_,
              .began = unix_now,
              .updates = {}};
  Stream& stream = streams_.emplace(command.stream, std::move(made)).first->second;
  out.changes.push_back({stream.name, plan::HlsState::kStarting});
  stream.updates.emplace_back(hls::Started{stream.prefix, stream.asks_token});
  dirty_.push_back(&stream);
  watch(stream, command.publication, out);
}

void Packaging::change(base::Timestamp now, int64_t unix_now, Stream& stream, plan::StartHls command,
                       PackagingOut& out) {
  if (!hls::Packager::takes(command.tracks)) return finish(now, stream, plan::HlsState::kFailed, out);
  stream.ends_at = base::Timestamp::never();
  hls::PackagerOut made;
  if (stream.packager.change(now, command, made)) {
    take(stream, std::move(made), out);
    if (std::exchange(stream.asks_token, command.asks_token) != command.asks_token) {
      if (stream.updates.empty()) dirty_.push_back(&stream);
      const auto number = stream.packagers == 1 ? "" : fmt::format("-{}", stream.packagers);
      stream.updates.emplace_back(hls::Started{stream.prefix + number, command.asks_token});
    }
  } else {
    renew(now, unix_now, stream, command, out);
  }
  watch(stream, command.publication, out);
}

// The playlist ends, and another one takes its place.
void Packaging::renew(base::Timestamp now, int64_t unix_now, Stream& stream, plan::StartHls command,
                      PackagingOut& out) {
  end_packager(now, stream, out);
  stream.packager = hls::Packager(now, unix_now, options_.packager, command);
  stream.asks_token = command.asks_token;
  stream.live = false;
  stream.recording = ++last_recording_;
  stream.began = unix_now;
  out.changes.push_back({stream.name, plan::HlsState::kStarting});
  if (stream.updates.empty()) dirty_.push_back(&stream);
  stream.updates.emplace_back(hls::Started{fmt::format("{}-{}", stream.prefix, ++stream.packagers), stream.asks_token});
}

// Also of what is watched already: should its home have ended and begun again, it knows nothing of that.
void Packaging::watch(Stream& stream, plan::PublicationId publication, PackagingOut& out) {
  if (stream.publication != publication) {
    by_publication_.erase(stream.publication.number);
    tell(Crossing::Kind::kUnwatch, stream.publication, out);
  }
  stream.publication = publication;
  by_publication_[publication.number] = &stream;
  tell(Crossing::Kind::kWatch, publication, out);
}

void Packaging::end_packager(base::Timestamp now, Stream& stream, PackagingOut& out) {
  hls::PackagerOut made;
  stream.packager.end(now, made);
  take(stream, std::move(made), out);
  add(ended_, stream.packager.numbers());
}

void Packaging::finish(base::Timestamp now, Stream& stream, plan::HlsState state, PackagingOut& out) {
  end_packager(now, stream, out);
  give(stream, out);
  std::erase(dirty_, &stream);
  out.changes.push_back({stream.name, state});
  tell(Crossing::Kind::kUnwatch, stream.publication, out);
  if (const auto at = by_publication_.find(stream.publication.number);
      at != by_publication_.end() && at->second == &stream)
    by_publication_.erase(at);
  streams_.erase(plan::HlsStream(stream.name));
}

bool Packaging::receive_crossings(base::Timestamp now, PackagingOut& out) {
  bool more = false;
  for (auto* ring : options_.crossings.from) {
    if (ring == nullptr) continue;
    size_t taken = 0;
    for (; taken < kTurn; ++taken) {
      const Crossing* message = ring->front();
      if (message == nullptr) break;
      receive(now, *message, out);
      ring->pop();
    }
    more = more || taken == kTurn;
  }
  retry(out);
  give_all(out);
  return more;
}

void Packaging::receive(base::Timestamp now, const Crossing& message, PackagingOut& out) {
  const auto found = by_publication_.find(message.publication.number);
  if (found == by_publication_.end()) return;
  Stream& stream = *found->second;
  const auto& packet = message.packet;
  if (message.what == Crossing::Kind::kMedia) {
    ++packets_;
    hls::PackagerOut made;
    stream.packager.receive(now,
                            {.kind = message.kind,
                             .layer = packet.layer,
                             .source = packet.source,
                             .sequence = packet.sequence,
                             .timestamp = packet.timestamp,
                             .marker = packet.marker,
                             .arrival = packet.arrival,
                             .payload = {message.bytes.data() + message.extensions_size, message.payload_size}},
                            made);
    take(stream, std::move(made), out);
  } else if (message.what == Crossing::Kind::kClock) {
    stream.packager.on_sender_report(now, message.kind, packet.layer, packet.source, message.report.ntp,
                                     message.report.rtp);
  }
  // That there is a track or that all ended is nothing new: control says so as well, and what is to become of it.
}

void Packaging::on_time(base::Timestamp now, PackagingOut& out) {
  std::vector<Stream*> over;
  for (auto& [name, stream] : streams_) {
    if (stream.ends_at <= now) {
      over.push_back(&stream);
    } else if (stream.packager.next_time() <= now) {
      hls::PackagerOut made;
      stream.packager.on_time(now, made);
      take(stream, std::move(made), out);
    }
  }
  for (Stream* stream : over) finish(now, *stream, plan::HlsState::kEnded, out);
  give_all(out);
}

base::Timestamp Packaging::next_time() const {
  auto next = base::Timestamp::never();
  for (const auto& [name, stream] : streams_) next = std::min({next, stream.ends_at, stream.packager.next_time()});
  return next;
}

void Packaging::end(base::Timestamp now, PackagingOut& out) {
  while (!streams_.empty()) finish(now, streams_.begin()->second, plan::HlsState::kEnded, out);
}

void Packaging::take(Stream& stream, hls::PackagerOut made, PackagingOut& out) {
  if (made.keyframes != 0) request_keyframes(stream, made.keyframes, out);
  for (auto& update : made.updates) {
    if (auto* recorded = std::get_if<hls::Recorded>(&update)) {
      out.recorded.push_back({stream.recording, stream.name, stream.began, std::move(recorded->bytes), recorded->last});
      continue;
    }
    if (std::holds_alternative<hls::Part>(update) && !std::exchange(stream.live, true))
      out.changes.push_back({stream.name, plan::HlsState::kLive});
    if (stream.updates.empty()) dirty_.push_back(&stream);
    stream.updates.emplace_back(std::move(update));
  }
}

void Packaging::give(Stream& stream, PackagingOut& out) {
  if (!stream.updates.empty()) out.updates.push_back({stream.name, std::exchange(stream.updates, {})});
}

void Packaging::give_all(PackagingOut& out) {
  for (Stream* stream : std::exchange(dirty_, {})) give(*stream, out);
}

// Lost where the ring is full: the packager asks again.
void Packaging::request_keyframes(const Stream& stream, uint32_t layers, PackagingOut& out) {
  for (uint8_t layer = 0; layer < hls::kMaxLayers; ++layer) {
    if ((layers >> layer & 1) == 0) continue;
    Crossing message;
    message.what = Crossing::Kind::kRequestKeyframe;
    message.kind = plan::Kind::kVideo;
    message.publication = stream.publication;
    message.packet.layer = layer;
    push(stream.publication.home, message, out);
  }
}

bool Packaging::push(plan::ShardIndex to, const Crossing& message, PackagingOut& out) {
  Crossing* slot = options_.crossings.to[to]->reserve();
  if (slot == nullptr) return false;
  *slot = message;
  slot->from = options_.index;
  options_.crossings.to[to]->commit();
  out.wakes |= uint64_t{1} << to;
  return true;
}

// A word: it waits when the ring is full, in its order.
void Packaging::tell(Crossing::Kind what, plan::PublicationId publication, PackagingOut& out) {
  Crossing message;
  message.what = what;
  message.publication = publication;
  auto& waiting = waiting_[publication.home];
  if (!waiting.empty() || !push(publication.home, message, out)) waiting.push_back(message);
}

void Packaging::retry(PackagingOut& out) {
  for (plan::ShardIndex to = 0; to < waiting_.size(); ++to)
    while (!waiting_[to].empty() && push(to, waiting_[to].front(), out)) waiting_[to].pop_front();
}

Packaging::Numbers Packaging::numbers() const {
  Numbers n{.streams = streams_.size(), .packets = packets_, .stream = ended_};
  for (const auto& [name, stream] : streams_) add(n.stream, stream.packager.numbers());
  return n;
}

}  // namespace heliograph::server
