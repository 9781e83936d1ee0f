// SPDX-License-Identifier: Apache-2.0
#include "server/recording_path.h"

#include <algorithm>
#include <ctime>
#include <ranges>

#include "base/bytes.h"
#include "base/percent.h"
#include "crypto/hmac.h"
#include "fmt/format.h"

namespace heliograph::server {
namespace {

constexpr size_t kMaxName = 255;  // bytes of a file name that Linux takes
constexpr size_t kMaxRoom = 200;
constexpr size_t kMaxId = 90;     // two of them, the time, a number and the ending are less than kMaxName
constexpr size_t kHashBytes = 8;  // twice as many digits

std::string hash_of(std::string_view text) {
  const auto digest = crypto::hmac_sha256({}, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  std::string hex;
  for (size_t i = 0; i < kHashBytes; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string element_of(std::string_view id, size_t max) {
  auto name = base::percent_encoded(id);
  if (name.empty()) return "_";
  if (name.front() == '.') name.replace(0, 1, "%2E");  // hidden files are overlooked
  if (name.size() <= max) return name;
  name.resize(max - 2 * kHashBytes - 1);
  if (const auto percent = name.rfind('%'); percent != name.npos && percent + 3 > name.size()) name.resize(percent);
  return name + "~" + hash_of(id);
}

}  // namespace

std::string recording_path(const plan::HlsStream& stream, int64_t began, unsigned copy) {
  const std::time_t seconds = began / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("recordings/{}/{}-{}-{:04}{:02}{:02}T{:02}{:02}{:02}Z{}.mp4", element_of(stream.rid, kMaxRoom),
                     element_of(stream.user_id, kMaxId), element_of(stream.session_id, kMaxId), utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     copy == 1 ? "" : fmt::format("-{}", copy));
}

bool stays_below(std::string_view path) {
  if (path.empty() || path.find('\0') != path.npos) return false;
  return std::ranges::all_of(path | std::views::split('/'), [](auto&& part) {
    const std::string_view element(part.begin(), part.end());
    return !element.empty() && element.size() <= kMaxName && element != "." && element != "..";
  });
}

}  // namespace heliograph::server
