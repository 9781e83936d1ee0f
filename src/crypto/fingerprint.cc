// SPDX-License-Identifier: Apache-2.0
#include "crypto/fingerprint.h"

#include <algorithm>
#include <array>
#include <utility>

namespace heliograph::crypto {
namespace {

// RFC 8122 section 5 has more; these are what browsers and other stacks write.
constexpr std::array<std::pair<std::string_view, size_t>, 5> kDigestSizes{
    {{"sha-1", 20}, {"sha-224", 28}, {"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64}}};

size_t digest_size(std::string_view algorithm) {
  const auto* found = std::ranges::find(kDigestSizes, algorithm, &std::pair<std::string_view, size_t>::first);
  return found == kDigestSizes.end() ? 0 : found->second;
}

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::optional<uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<uint8_t>(c - '0');
  const char lower = to_lower(c);
  if (lower >= 'a' && lower <= 'f') return static_cast<uint8_t>(lower - 'a' + 10);
  return std::nullopt;
}

// "AB:CD:…" of exactly `size` bytes.
std::optional<std::vector<uint8_t>> parse_digest(std::string_view text, size_t size) {
  if (text.size() != size * 3 - 1) return std::nullopt;
  std::vector<uint8_t> value(size);
  for (size_t i = 0; i < size; ++i) {
    const auto high = hex_digit(text[i * 3]);
    const auto low = hex_digit(text[i * 3 + 1]);
    if (!high || !low || (i + 1 < size && text[i * 3 + 2] != ':')) return std::nullopt;
    value[i] = static_cast<uint8_t>(*high << 4 | *low);
  }
  return value;
}

}  // namespace

std::string Fingerprint::to_string() const {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text = algorithm;
  for (size_t i = 0; i < value.size(); ++i) {
    text += i == 0 ? ' ' : ':';
    text += kDigits[value[i] >> 4];
    text += kDigits[value[i] & 15];
  }
  return text;
}

std::optional<Fingerprint> Fingerprint::parse(std::string_view text) {
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  Fingerprint result;
  std::ranges::transform(text.substr(0, space), std::back_inserter(result.algorithm), to_lower);
  const size_t size = digest_size(result.algorithm);
  if (size == 0) return std::nullopt;
  auto value = parse_digest(text.substr(space + 1), size);
  if (!value) return std::nullopt;
  result.value = std::move(*value);
  return result;
}

}  // namespace heliograph::crypto
