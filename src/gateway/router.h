// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http.h"

namespace heliograph::gateway {

// Who answers an HTTP request: a route, else an asset, else 404 or 405. Pure but for what the routes do. Paths under an
// API prefix are answered with problem+json (RFC 9457), others with a small page.
class Router {
 public:
  Router(std::vector<Route> routes, std::span<const Asset> assets, std::vector<std::string> api_prefixes = {"/v1"});

  // The most specific route wins: the longest path. Null: an asset, or nothing.
  const Route* route_of(const Request& request) const;
  // Of a route that answers at once; null: an asset's, 404 or 405.
  Response answer(const Request& request, const Route* route) const;
  Response answer(const Request& request) const { return answer(request, route_of(request)); }

 private:
  const Asset* find_asset(std::string_view path) const;
  std::string allowed(std::string_view path) const;
  bool is_api(std::string_view path) const;

  std::vector<Route> routes_;
  std::span<const Asset> assets_;
  std::vector<std::string> api_prefixes_;
};

}  // namespace heliograph::gateway
