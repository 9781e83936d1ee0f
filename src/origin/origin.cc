// SPDX-License-Identifier: Apache-2.0
#include "origin/origin.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "base/percent.h"
#include "origin/answers.h"
#include "origin/path.h"
#include "origin/stream.h"
#include "origin/waiting.h"

namespace heliograph::origin {
namespace {

constexpr auto kSweep = base::Duration::millis(500);
constexpr auto kSoon = base::Duration::seconds(1);
// Requests for streams that nobody has heard of may come just before the stream does; they may not take the room of
// those who watch.
constexpr size_t kMaxUnknown = 1'000;
// Streams that ended, at one place: one more, and the oldest is freed.
constexpr size_t kMaxFormer = 4;

struct Unknown {
  Resource resource;
  gateway::Request request;
  std::shared_ptr<gateway::Reply> reply;
  base::Timestamp until;
  Seat seat;
};

// What is at one /hls/{rid}/{userId}/{sessionId}.
struct Site {
  std::shared_ptr<Stream> current;
  std::vector<std::shared_ptr<Stream>> former;  // ended, and another took the place
  bool is_refused = false;                      // updates are of a stream that there was no room for

  Stream* find(std::string_view prefix) const {
    if (current != nullptr && current->prefix() == prefix) return current.get();
    const auto found = std::ranges::find_if(former, [&](const auto& stream) { return stream->prefix() == prefix; });
    return found == former.end() ? nullptr : found->get();
  }
};

bool is_read(const gateway::Request& request) { return request.method == "GET" || request.method == "HEAD"; }

// Relative, so that it holds behind a proxy that has us elsewhere.
gateway::Response to_page(const Resource& resource, std::string_view query) {
  std::string location = base::percent_encoded(resource.stream.session_id) + "/";
  if (!query.empty()) location += "?" + std::string(query);
  gateway::Response response{.status = 308, .headers = {{"Cache-Control", "no-cache"}}};
  // What a client sent goes into a header only if it is a line.
  if (std::ranges::all_of(location, [](char c) { return c > ' ' && c <= '~'; }))
    response.headers.emplace_back("Location", std::move(location));
  return response;
}

}  // namespace

struct Origin::State {
  State(const Options& options, Admit admit, Disk* disk) : house{options, std::move(admit), disk} {}

  House house;
  size_t unknown_count = 0;
  std::vector<Unknown> unknown;
  std::map<plan::HlsStream, Site> sites;
  uint64_t last_serial = 0;
  base::Timestamp next_sweep;
  base::Timestamp next_saving;

  bool is_idle() const { return house.numbers.waiting == 0 && house.ended == 0; }
  void start(base::Timestamp now, Site& site, const plan::HlsStream& name, const hls::Started& started);
  void retire(base::Timestamp now, Site& site);
  void ask_again(base::Timestamp now, const plan::HlsStream& name);
  void serve(base::Timestamp now, const Resource& resource, const gateway::Request& request,
             std::shared_ptr<gateway::Reply> reply);
  void wait_for_site(base::Timestamp now, const Resource& resource, const gateway::Request& request,
                     std::shared_ptr<gateway::Reply> reply);
  void show_page(const Resource& resource, const gateway::Request& request, gateway::Reply& reply);
  void sweep_unknown(base::Timestamp now);
  void free_over(base::Timestamp now);
  void save_memory(base::Timestamp now);
};

// The old one of the place ends, and is there under its prefix for those who still watch it.
void Origin::State::retire(base::Timestamp now, Site& site) {
  if (site.current == nullptr) return;
  site.current->end(now);
  site.current->settle(now);
  site.former.push_back(std::exchange(site.current, nullptr));
  if (site.former.size() > kMaxFormer) site.former.erase(site.former.begin());
}

void Origin::State::start(base::Timestamp now, Site& site, const plan::HlsStream& name, const hls::Started& started) {
  if (site.current != nullptr && site.current->prefix() == started.prefix) return site.current->start_again(started);
  retire(now, site);
  next_saving = now;
  save_memory(now);
  site.is_refused = house.numbers.streams >= house.options.max_streams || house.is_over_memory();
  if (site.is_refused) return;
  site.current = std::make_shared<Stream>(house, name, started, ++last_serial);
}

// Who asked for a stream before it was there.
void Origin::State::ask_again(base::Timestamp now, const plan::HlsStream& name) {
  auto early = take_if(unknown, [&](const Unknown& one) { return one.resource.stream == name; });
  for (auto& one : early) serve(now, one.resource, one.request, std::move(one.reply));
}

void Origin::State::serve(base::Timestamp now, const Resource& resource, const gateway::Request& request,
                          std::shared_ptr<gateway::Reply> reply) {
  const auto site = sites.find(resource.stream);
  const bool is_index = resource.kind == Resource::Kind::kMultivariant;
  Stream* stream = nullptr;
  if (site != sites.end()) stream = is_index ? site->second.current.get() : site->second.find(resource.prefix);
  if (stream != nullptr) return stream->answer(now, resource, request, std::move(reply));
  if (is_index) return wait_for_site(now, resource, request, std::move(reply));
  reply->send(failure(404, "There is no such stream."));
}

void Origin::State::wait_for_site(base::Timestamp now, const Resource& resource, const gateway::Request& request,
                                  std::shared_ptr<gateway::Reply> reply) {
  if (unknown_count >= kMaxUnknown || house.numbers.waiting >= house.options.max_waiting)
    return reply->send(failure(404, "There is no such stream.", kSoon));
  ++house.numbers.blocked;
  unknown.push_back(
      {resource, request, std::move(reply), now + Stream::kMaxUnknown, Seat(house.numbers.waiting, unknown_count)});
}

void Origin::State::show_page(const Resource& resource, const gateway::Request& request, gateway::Reply& reply) {
  // The same whatever streams there are, so that it tells nobody of them.
  if (house.options.player_page.empty()) return reply.send(failure(404, "There is no page here."));
  reply.send(resource.kind == Resource::Kind::kRedirect ? to_page(resource, request.query)
                                                        : page_answer(house.options.player_page));
}

void Origin::State::sweep_unknown(base::Timestamp now) {
  std::erase_if(unknown, [](const Unknown& early) { return early.reply->gone(); });
  const auto late = take_if(unknown, [now](const Unknown& early) { return early.until <= now; });
  for (const auto& early : late) early.reply->send(failure(404, "There is no such stream.", kSoon));
}

void Origin::State::free_over(base::Timestamp now) {
  for (auto it = sites.begin(); it != sites.end();) {
    auto& site = it->second;
    std::erase_if(site.former, [now](const auto& stream) { return stream->is_over(now); });
    if (site.current != nullptr && site.current->is_over(now)) site.current = nullptr;
    it = site.current == nullptr && site.former.empty() ? sites.erase(it) : std::next(it);
  }
}

// The largest first, until it is enough or all have what a live playlist needs and no more.
void Origin::State::save_memory(base::Timestamp now) {
  if (!house.is_over_memory() || now < next_saving) return;
  next_saving = now + kSweep;
  std::vector<Stream*> streams;
  for (const auto& [name, site] : sites) {
    if (site.current != nullptr) streams.push_back(site.current.get());
    for (const auto& stream : site.former) streams.push_back(stream.get());
  }
  std::erase_if(streams, [](const Stream* stream) { return stream->is_lean(); });
  std::ranges::sort(streams, std::greater(), &Stream::memory_bytes);
  for (auto* stream : streams)
    if (house.is_over_memory()) stream->make_lean();
}

Origin::Origin(Options options, Admit admit, Disk* disk) : state_(new State(options, std::move(admit), disk)) {}

Origin::~Origin() = default;

void Origin::apply(base::Timestamp now, const hls::StreamUpdates& updates) {
  const auto is_start = [](const auto& update) { return std::holds_alternative<hls::Started>(update); };
  if (!state_->sites.contains(updates.stream) && std::ranges::none_of(updates.updates, is_start)) return;
  auto& site = state_->sites[updates.stream];
  for (const auto& one : updates.updates) {
    if (const auto* started = std::get_if<hls::Started>(&one)) {
      state_->start(now, site, updates.stream, *started);
    } else if (site.current != nullptr && !site.is_refused) {
      site.current->apply(now, std::get<hls::Update>(one));
    }
  }
  // All renditions first, then the answers: so that what a playlist reports of the others is as new as itself.
  if (site.current != nullptr) site.current->settle(now);
  if (site.current != nullptr && std::ranges::any_of(updates.updates, is_start)) state_->ask_again(now, updates.stream);
  if (site.current == nullptr && site.former.empty()) state_->sites.erase(updates.stream);
  state_->save_memory(now);
}

void Origin::answer(base::Timestamp now, const gateway::Request& request, std::shared_ptr<gateway::Reply> reply) {
  if (request.method == "OPTIONS") return reply->send(preflight());
  if (!is_read(request)) {
    auto response = failure(405, "This path does not take that method.");
    response.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
    return reply->send(std::move(response));
  }
  const auto resource = parse_path(request.path);
  if (!resource) return reply->send(failure(404, "There is nothing at this path."));
  if (resource->kind == Resource::Kind::kPage || resource->kind == Resource::Kind::kRedirect)
    return state_->show_page(*resource, request, *reply);
  state_->serve(now, *resource, request, std::move(reply));
}

void Origin::on_time(base::Timestamp now) {
  if (state_->is_idle() || now < state_->next_sweep) return;
  state_->next_sweep = now + kSweep;
  state_->sweep_unknown(now);
  for (auto& [name, site] : state_->sites) {
    if (site.current != nullptr) site.current->sweep(now);
    for (const auto& stream : site.former) stream->sweep(now);
  }
  state_->free_over(now);
}

base::Timestamp Origin::next_time() const { return state_->is_idle() ? base::Timestamp::never() : state_->next_sweep; }

Numbers Origin::numbers() const { return state_->house.numbers; }

}  // namespace heliograph::origin
