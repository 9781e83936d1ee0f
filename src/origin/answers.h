// SPDX-License-Identifier: Apache-2.0
// The forms of what players get: headers for browsers of other origins (CORS), for caches, and for ranges.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "gateway/http.h"
#include "gateway/upgrade.h"
#include "hls/blob.h"

namespace heliograph::origin {

// How long a cache may keep an answer; with a token it is nobody else's.
struct Caching {
  base::Duration max_age;  // infinite: it never changes
  bool is_private = false;

  std::string header() const;
};

void allow_origins(gateway::Response& response);
// Not kept by caches but for max_age; retry_after: zero means no such header.
gateway::Response failure(unsigned status, std::string_view detail, base::Duration retry_after = {},
                          base::Duration max_age = {});
gateway::Response refused(const gateway::Denial& denial);
gateway::Response preflight();

gateway::Response playlist_answer(const Caching& caching);
// range: the header of a GET; 200, 206 or 416.
gateway::Response media_answer(const hls::Blob& bytes, std::string_view content_type, std::string_view range,
                               const Caching& caching);
gateway::Response page_answer(std::string_view page);

}  // namespace heliograph::origin
