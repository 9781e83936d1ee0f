// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "rest/problem.h"

namespace heliograph::rest {

// The parameters of one request, read strictly: what nobody knows, or stands there twice, is an error, so that a slip
// of the pen does not pass for a wish that was granted.
class Query {
 public:
  static std::expected<Query, Problem> read(std::string_view text, std::initializer_list<std::string_view> known);

  std::optional<std::string_view> text(std::string_view name) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

// ?limit=1…1000&after=<cursor>
struct Paging {
  static constexpr size_t kDefaultLimit = 100;
  static constexpr size_t kMaxLimit = 1'000;

  size_t limit = kDefaultLimit;
  std::string after;  // the key, decoded; "": from the start

  static std::expected<Paging, Problem> of(const Query& query);
};

}  // namespace heliograph::rest
