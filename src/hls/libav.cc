// SPDX-License-Identifier: Apache-2.0
#include "hls/libav.h"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>

#include "base/log.h"
#include "fmt/format.h"

extern "C" {
#include <libavutil/error.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
}

namespace heliograph::hls::libav {
namespace {

// On any thread of ours or of libav's own.
[[gnu::format(printf, 3, 0)]] void write_line(void*, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_WARNING || !base::log::enabled(base::log::Level::kDebug)) return;
  std::array<char, 512> line;
  const int written = std::vsnprintf(line.data(), line.size(), format, arguments);
  if (written <= 0) return;
  std::string_view text(line.data(), std::min(static_cast<size_t>(written), line.size() - 1));
  while (text.ends_with('\n')) text.remove_suffix(1);
  if (!text.empty()) base::log::debug("libav", {{"says", text}});
}

std::error_code code_of(int error) {
  // Besides errno's numbers libav has letters ("INDA"), which are far above.
  const int number = AVUNERROR(error);
  if (number > 0 && number < 4096) return {number, std::generic_category()};
  return std::make_error_code(std::errc::invalid_argument);
}

}  // namespace

base::Trouble trouble(int error, std::string_view what) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(error, text.data(), text.size());
  return {code_of(error), fmt::format("{}: {}", what, text.data())};
}

void redirect_log() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(write_line); });
}

uint8_t* padded_copy(const uint8_t* data, size_t size) {
  auto* copy = static_cast<uint8_t*>(av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE));
  if (copy != nullptr && size > 0) std::memcpy(copy, data, size);
  return copy;
}

}  // namespace heliograph::hls::libav
