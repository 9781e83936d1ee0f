// SPDX-License-Identifier: Apache-2.0
#include "origin/stream.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/percent.h"
#include "fmt/format.h"
#include "origin/content_coding.h"
#include "origin/multivariant.h"

namespace heliograph::origin {
namespace {

constexpr auto kSoon = base::Duration::seconds(1);  // Retry-After

hls::Blob blob_of(std::string_view text) { return std::make_shared<std::vector<uint8_t>>(text.begin(), text.end()); }

}  // namespace

void House::turn_away(gateway::Reply& reply) {
  ++numbers.turned_away;
  reply.send(failure(503, "Too many requests wait for this.", kSoon));
}

Stream::Stream(House& house, plan::HlsStream name, const hls::Started& started, uint64_t serial)
    : house_(house),
      name_(std::move(name)),
      prefix_(started.prefix),
      serial_(serial),
      asks_token_(started.asks_token),
      admission_(house.admit) {
  ++house_.numbers.streams;
}

Stream::~Stream() {
  --house_.numbers.streams;
  if (ended()) --house_.ended;
}

size_t Stream::memory_bytes() const {
  size_t bytes = 0;
  for (const auto& rendition : renditions_) bytes += rendition->memory_bytes();
  return bytes;
}

void Stream::make_lean() {
  lean_ = true;
  ++version_;
  for (auto& rendition : renditions_) rendition->make_lean();
}

void Stream::start_again(const hls::Started& started) {
  asks_token_ = started.asks_token;
  admission_.forget();
}

void Stream::open(const hls::Opened& opened) {
  if (!renditions_.empty() || opened.renditions.size() > kMaxRenditions) return;
  timing_ = opened.timing;
  for (const auto& description : opened.renditions)
    renditions_.push_back(
        std::make_shared<Rendition>(house_, timing_, description, fmt::format("s{}/{}", serial_, renditions_.size())));
}

Rendition* Stream::rendition(size_t number) {
  return number < renditions_.size() ? renditions_[number].get() : nullptr;
}

Rendition* Stream::rendition(std::string_view name) {
  const auto found = std::ranges::find_if(renditions_, [&](const auto& r) { return r->description().name == name; });
  return found == renditions_.end() ? nullptr : found->get();
}

void Stream::apply(base::Timestamp now, const hls::Update& update) {
  if (ended()) return;
  ++version_;
  if (const auto* opened = std::get_if<hls::Opened>(&update)) open(*opened);
  if (const auto* described = std::get_if<hls::Described>(&update))
    if (auto* of = rendition(described->rendition)) of->describe(described->as);
  if (const auto* init = std::get_if<hls::Init>(&update))
    if (auto* of = rendition(init->rendition)) of->add(*init);
  if (const auto* part = std::get_if<hls::Part>(&update))
    if (auto* of = rendition(part->rendition)) of->add(*part);
  if (const auto* segment = std::get_if<hls::SegmentEnd>(&update))
    if (auto* of = rendition(segment->rendition)) of->end_segment(*segment);
  if (!std::holds_alternative<hls::Ended>(update)) return;
  // Who waits for the last parts hears of them first and of the end after it: hls.js 1.7 never fetches parts that come
  // with the ENDLIST.
  settle(now);
  end(now);
}

void Stream::end(base::Timestamp now) {
  if (ended()) return;
  ended_at_ = now;
  ++house_.ended;
  ++version_;
}

// The multivariant playlist appears when each of its renditions has a whole segment. Safari does not start without
// one, and hls.js takes what is before PART-HOLD-BACK from it; a player that came earlier would find playlists that are
// shorter than the delay it aims at, and stall at once. After the end what there is will do.
bool Stream::is_ready() const {
  const auto has_segment = [](const auto& rendition) { return rendition->window().whole_segments() > 0; };
  if (ended()) return std::ranges::any_of(renditions_, has_segment);
  return !renditions_.empty() && std::ranges::all_of(renditions_, has_segment);
}

bool Stream::has_seat() const {
  return house_.numbers.waiting < house_.options.max_waiting && waiting_ < house_.options.max_waiting_per_stream;
}

void Stream::settle(base::Timestamp now) {
  if (is_ready() || ended()) {
    for (auto& early : std::exchange(early_, {}))
      answer(now, early.resource, early.request, std::move(early.waiter.reply));
  }
  for (const auto& rendition : renditions_) {
    rendition->settle(ended());
    const auto due = rendition->playlists.take([&](Point p) { return ended() || rendition->window().has(p); });
    for (const auto& [point, waiters] : due)
      for (const auto& waiter : waiters) send_playlist(*rendition, waiter.ask, *waiter.reply);
  }
}

void Stream::sweep(base::Timestamp now) {
  admission_.sweep(now);
  std::erase_if(early_, [](const Early& early) { return early.waiter.reply->gone(); });
  const auto too_early = take_if(early_, [now](const Early& early) { return early.waiter.until <= now; });
  for (const auto& early : too_early) early.waiter.reply->send(failure(404, "The stream has not begun yet.", kSoon));
  std::vector<Waiter> late;
  for (const auto& rendition : renditions_) rendition->sweep(now, late);
  house_.numbers.timed_out += late.size();
  // Draft section 6.2.5.2
  for (const auto& waiter : late) waiter.reply->send(failure(503, "Nothing came in time.", kSoon));
}

std::optional<Ask> Stream::admit(base::Timestamp now, const gateway::Request& request, gateway::Reply& reply) {
  Ask ask{.gzip = accepts_gzip(request.accept_encoding)};
  if (request.method == "GET") ask.range = request.range;  // RFC 9110 section 14.2
  if (!asks_token_) return ask;
  const auto brought = brought_by(request);
  if (const auto admitted = admission_.check(now, name_, brought.token); !admitted) {
    ++house_.numbers.denied;
    reply.send(refused(admitted.error()));
    return std::nullopt;
  }
  ask.is_private = true;
  if (brought.in_query) ask.suffix = "?token=" + base::percent_encoded(brought.token);
  return ask;
}

void Stream::answer(base::Timestamp now, const Resource& resource, const gateway::Request& request,
                    std::shared_ptr<gateway::Reply> reply) {
  auto ask = admit(now, request, *reply);
  if (!ask) return;
  const bool is_index = resource.kind == Resource::Kind::kMultivariant;
  const bool is_playlist = resource.kind == Resource::Kind::kPlaylist;
  if (is_index && is_ready()) return answer_multivariant(request, *ask, *reply);
  Rendition* of = rendition(resource.rendition);
  const auto directives = parse_directives(is_playlist ? std::string_view(request.query) : std::string_view());
  if (!directives) {
    ++house_.numbers.bad_requests;
    return reply->send(failure(400, directives.error()));
  }
  const bool is_early = is_playlist && (renditions_.empty() || (of != nullptr && !directives->msn && !is_ready()));
  if (!ended() && (is_index || is_early)) return wait_for_start(now, resource, request, *ask, std::move(reply));
  if (of == nullptr) return reply->send(failure(404, "There is no such rendition."));
  if (is_playlist) return answer_playlist(now, *of, *directives, *std::move(ask), std::move(reply));
  const bool may_wait = has_seat();
  of->answer_media(resource,
                   {std::move(reply), now + block_limit(), *std::move(ask), Seat(house_.numbers.waiting, waiting_)},
                   ended(), may_wait);
}

void Stream::wait_for_start(base::Timestamp now, const Resource& resource, const gateway::Request& request, Ask ask,
                            std::shared_ptr<gateway::Reply> reply) {
  if (!has_seat()) return house_.turn_away(*reply);
  ++house_.numbers.blocked;
  early_.push_back(
      {resource, request, {std::move(reply), now + kMaxStart, std::move(ask), Seat(house_.numbers.waiting, waiting_)}});
}

void Stream::answer_multivariant(const gateway::Request& request, const Ask& ask, gateway::Reply& reply) {
  if (multivariant_.version != version_) {
    std::vector<hls::Rendition> listed;
    for (const auto& rendition : renditions_)
      if (rendition->window().whole_segments() > 0) listed.push_back(rendition->description());
    multivariant_ = {version_, multivariant_playlist(prefix_, listed), {}, {}};
  }
  // It names the publication, and that may be another in a moment.
  auto response = playlist_answer({kSoon, ask.is_private});
  if (const auto path = request.path.substr(0, request.path.rfind('/') + 1); !ask.suffix.empty())
    if (auto cookie = cookie_of(brought_by(request).token, path); !cookie.empty())
      response.headers.emplace_back("Set-Cookie", std::move(cookie));
  send_rendered(multivariant_, ask, std::move(response), reply);
}

// Draft section 6.2.5.2: more than two segments ahead, or more parts than come in about three seconds.
bool Stream::is_too_far(const Window& window, Point point) const {
  if (point.msn > window.last().msn + 2) return true;
  const auto next = window.next();
  if (point.part == Point::kWhole || point.msn < next.msn) return false;
  const auto second = base::Duration::seconds(1);
  const int64_t part = std::max<int64_t>(timing_.part.us(), 1);
  const int64_t limit = timing_.part < second ? ((second * 3).us() + part - 1) / part : 3;
  return point.part >= (point.msn == next.msn ? next.part : 0) + limit;
}

void Stream::answer_playlist(base::Timestamp now, Rendition& of, const Directives& directives, Ask ask,
                             std::shared_ptr<gateway::Reply> reply) {
  ask.skip = directives.skip;
  ask.blocking = directives.msn.has_value();
  const Point point = of.window().resolve({directives.msn.value_or(0), directives.part.value_or(Point::kWhole)});
  if (ended() || !ask.blocking || of.window().has(point)) return send_playlist(of, ask, *reply);
  if (is_too_far(of.window(), point)) {
    ++house_.numbers.bad_requests;
    return reply->send(failure(400, "_HLS_msn and _HLS_part are too far ahead."));
  }
  if (!has_seat()) return house_.turn_away(*reply);
  ++house_.numbers.blocked;
  of.playlists.add(point,
                   {std::move(reply), now + block_limit(), std::move(ask), Seat(house_.numbers.waiting, waiting_)});
}

void Stream::render(Rendered& rendered, const Rendition& of, bool skip) const {
  std::vector<Report> others;
  for (const auto& other : renditions_)
    if (other.get() != &of && !other->window().segments().empty())
      others.push_back({other->description().name, other->window().last()});
  const PlaylistOptions options{
      .name = of.description().name, .timing = timing_, .others = others, .skip = skip, .ended = ended()};
  rendered = {version_, media_playlist(of.window(), options), {}, {}};
}

void Stream::send_playlist(Rendition& of, const Ask& ask, gateway::Reply& reply) {
  auto& rendered = of.rendered[ask.skip ? 1 : 0];
  if (rendered.version != version_) render(rendered, of, ask.skip);
  // A cache may keep what a directive asked for, since its URL says which version it is (draft appendix B); without
  // one it is true for the moment.
  const auto max_age = ask.blocking ? timing_.target * kSkipUntil : kSoon;
  send_rendered(rendered, ask, playlist_answer({max_age, ask.is_private}), reply);
}

// With a token in it a playlist is one player's alone: it is not compressed, which would take longer than all the rest
// for each of them, and would tell of the token by its length.
void Stream::send_rendered(Rendered& rendered, const Ask& ask, gateway::Response response, gateway::Reply& reply) {
  if (!ask.suffix.empty()) {
    response.body = with_suffix(rendered.playlist, ask.suffix);
  } else if (ask.gzip) {
    if (!rendered.zipped) rendered.zipped = gzipped(rendered.playlist.text);
    response.shared_body = rendered.zipped;
    response.headers.emplace_back("Content-Encoding", "gzip");
  } else {
    if (!rendered.plain) rendered.plain = blob_of(rendered.playlist.text);
    response.shared_body = rendered.plain;
  }
  ++house_.numbers.playlists;
  house_.numbers.bytes += response.payload().size();
  reply.send(std::move(response));
}

}  // namespace heliograph::origin
