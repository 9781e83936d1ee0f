// SPDX-License-Identifier: Apache-2.0
#include "rest/query.h"

#include <algorithm>
#include <charconv>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "rest/text.h"

namespace heliograph::rest {
namespace {

using Failure = std::unexpected<Problem>;

std::optional<size_t> whole_number(std::string_view text) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::expected<Query, Problem> Query::read(std::string_view text, std::initializer_list<std::string_view> known) {
  Query query;
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = percent_decoded(pair.substr(0, equals));
    auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) return Failure(invalid("The query is not percent-encoded UTF-8."));
    if (std::ranges::find(known, *name) == known.end())
      return Failure(invalid(fmt::format("The parameter \"{}\" is not known here; known: {}.", *name,
                                         known.size() == 0 ? "none" : fmt::format("{}", fmt::join(known, ", ")))));
    if (!query.values_.emplace(*std::move(name), *std::move(value)).second)
      return Failure(invalid("A parameter of the query stands there twice."));
  }
  return query;
}

std::optional<std::string_view> Query::text(std::string_view name) const {
  const auto it = values_.find(name);
  return it == values_.end() ? std::nullopt : std::optional<std::string_view>(it->second);
}

std::expected<Paging, Problem> Paging::of(const Query& query) {
  Paging paging;
  if (const auto text = query.text("limit")) {
    const auto limit = whole_number(*text);
    if (!limit || *limit < 1 || *limit > kMaxLimit)
      return Failure(
          invalid(fmt::format("The parameter \"limit\" is not a whole number between 1 and {}.", kMaxLimit)));
    paging.limit = *limit;
  }
  if (const auto text = query.text("after")) {
    auto key = from_cursor(*text);
    if (!key || key->empty())
      return Failure(invalid("The parameter \"after\" is not the \"next\" of an earlier page."));
    paging.after = *std::move(key);
  }
  return paging;
}

}  // namespace heliograph::rest
