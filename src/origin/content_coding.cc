// SPDX-License-Identifier: Apache-2.0
#include "origin/content_coding.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include <zlib.h>

#include "base/check.h"

namespace heliograph::origin {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view take_until(std::string_view& text, char end) {
  const auto taken = text.substr(0, text.find(end));
  text.remove_prefix(std::min(taken.size() + 1, text.size()));
  return trimmed(taken);
}

bool is_coding(std::string_view name, std::string_view coding) {
  return std::ranges::equal(name, coding, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a | 0x20 : a) == b; });
}

// "q=0", "q=0.000" (RFC 9110 section 12.4.2)
bool is_refused(std::string_view parameters) {
  while (!parameters.empty()) {
    const auto parameter = take_until(parameters, ';');
    if (parameter.size() > 2 && (parameter[0] | 0x20) == 'q' && parameter[1] == '=')
      return parameter.find_first_not_of("0.", 2) == parameter.npos;
  }
  return false;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<bool> any;
  while (!accept_encoding.empty()) {
    auto coding = take_until(accept_encoding, ',');
    const auto name = take_until(coding, ';');
    if (is_coding(name, "gzip") || is_coding(name, "x-gzip")) return !is_refused(coding);
    if (name == "*") any = !is_refused(coding);
  }
  return any.value_or(false);
}

hls::Blob gzipped(std::string_view text) {
  constexpr int kGzip = 16;  // a gzip header instead of zlib's (zlib.h, deflateInit2)
  z_stream zip{};
  CHECK(deflateInit2(&zip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzip, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) ==
        Z_OK);
  auto out = std::make_shared<std::vector<uint8_t>>(deflateBound(&zip, text.size()));
  zip.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  zip.avail_in = static_cast<uInt>(text.size());
  zip.next_out = out->data();
  zip.avail_out = static_cast<uInt>(out->size());
  CHECK(deflate(&zip, Z_FINISH) == Z_STREAM_END);
  out->resize(zip.total_out);
  deflateEnd(&zip);
  return out;
}

}  // namespace heliograph::origin
