// SPDX-License-Identifier: Apache-2.0
#include "gateway/router.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "fmt/format.h"
#include "gateway/response_head.h"

namespace heliograph::gateway {
namespace {

// The page runs its own scripts and styles only; it may connect to a server elsewhere, play a stream from elsewhere
// (hls.js fetches it, works in a blob: worker and plays a blob:), and shows avatars from anywhere on the web.
constexpr const char* kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; manifest-src 'self'; "
    "img-src 'self' data: blob: https:; media-src 'self' blob: https:; "
    "worker-src 'self' blob:; connect-src 'self' https: ws: wss:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

Response page(unsigned status) {
  return {.status = status,
          .content_type = "text/html; charset=utf-8",
          .body = fmt::format("<!doctype html><html lang=\"en\"><title>{0} {1}</title><h1>{1}</h1><p><a "
                              "href=\"/\">To the start page</a></p></html>\n",
                              status, reason_of(status))};
}

// RFC 9110 section 13.1.2: a list, or *; compared weakly.
bool matches(std::string_view if_none_match, std::string_view etag) {
  const auto weakly = [](std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; };
  while (!if_none_match.empty()) {
    auto tag = if_none_match.substr(0, if_none_match.find(','));
    if_none_match.remove_prefix(std::min(tag.size() + 1, if_none_match.size()));
    while (tag.starts_with(' ')) tag.remove_prefix(1);
    while (tag.ends_with(' ')) tag.remove_suffix(1);
    if (tag == "*" || weakly(tag) == weakly(etag)) return true;
  }
  return false;
}

// no-cache: kept, but asked for again each time, so that page and server are never of two versions.
Response file(const Asset& asset, const Request& request) {
  Response response{.content_type = std::string(asset.content_type), .fixed_body = asset.bytes};
  if (matches(request.if_none_match, asset.etag)) response = {.status = 304};
  response.headers = {{"ETag", std::string(asset.etag)},
                      {"Cache-Control", "no-cache"},
                      {"Content-Security-Policy", kContentSecurityPolicy},
                      {"Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self)"}};
  return response;
}

// A path is `root` or, where allowed, below it.
bool covers(std::string_view root, bool below, std::string_view path) {
  if (path == root) return true;
  if (!below || !path.starts_with(root)) return false;
  return root.ends_with('/') || path[root.size()] == '/';
}

bool same_method(std::string_view route, std::string_view method) {
  return route == method || (route == "GET" && method == "HEAD");
}

}  // namespace

Response problem(unsigned status, std::string_view detail) {
  const boost::json::object body{
      {"type", "about:blank"}, {"title", reason_of(status)}, {"status", status}, {"detail", detail}};
  return {.status = status, .content_type = "application/problem+json", .body = boost::json::serialize(body)};
}

Router::Router(std::vector<Route> routes, std::span<const Asset> assets, std::vector<std::string> api_prefixes)
    : routes_(std::move(routes)), assets_(assets), api_prefixes_(std::move(api_prefixes)) {}

Response Router::answer(const Request& request, const Route* route) const {
  Response response;
  if (route != nullptr) {
    response = route->answer(request);
  } else if (const Asset* asset = find_asset(request.path); asset != nullptr && same_method("GET", request.method)) {
    response = file(*asset, request);
  } else {
    const auto methods = allowed(request.path);
    const unsigned status = methods.empty() ? 404 : 405;
    const auto detail = methods.empty() ? "There is nothing at this path." : "This path does not take that method.";
    response = is_api(request.path) ? problem(status, detail) : page(status);
    if (!methods.empty()) response.headers.emplace_back("Allow", methods);  // RFC 9110 section 15.5.6
  }
  return response;
}

const Route* Router::route_of(const Request& request) const {
  const Route* best = nullptr;
  for (const auto& route : routes_)
    if (same_method(route.method, request.method) && covers(route.path, route.below, request.path) &&
        (best == nullptr || route.path.size() > best->path.size()))
      best = &route;
  return best;
}

const Asset* Router::find_asset(std::string_view path) const {
  if (path == "/") path = "/index.html";
  const auto found = std::ranges::find(assets_, path, &Asset::path);
  return found == assets_.end() ? nullptr : &*found;
}

std::string Router::allowed(std::string_view path) const {
  std::vector<std::string_view> methods;
  const auto add = [&](std::string_view method) {
    if (std::ranges::find(methods, method) == methods.end()) methods.push_back(method);
  };
  const auto add_with_head = [&](std::string_view method) {
    add(method);
    if (method == "GET") add("HEAD");
  };
  for (const auto& route : routes_)
    if (covers(route.path, route.below, path)) add_with_head(route.method);
  if (find_asset(path) != nullptr) add_with_head("GET");
  return fmt::format("{}", fmt::join(methods, ", "));
}

bool Router::is_api(std::string_view path) const {
  const auto is_under = [path](const std::string& prefix) { return covers(prefix, true, path); };
  return std::ranges::any_of(api_prefixes_, is_under) ||
         std::ranges::any_of(routes_, [path](const Route& route) { return covers(route.path, route.below, path); });
}

}  // namespace heliograph::gateway
