// SPDX-License-Identifier: Apache-2.0
#include "load/hls/reply_reader.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

namespace heliograph::load::hls {
namespace {

constexpr size_t kMaxHead = 16 * 1024;
constexpr size_t kMaxKept = 4 * 1024 * 1024;

// The value of a header; `name` in lower case.
std::optional<std::string_view> header(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const auto line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(line.size() + 2, head.size()));
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a | 0x20 : a) == b; };
    if (!std::ranges::equal(line.substr(0, name.size()), name, same)) continue;
    const auto value = line.substr(name.size() + 1);
    return value.substr(std::min(value.find_first_not_of(' '), value.size()));
  }
  return std::nullopt;
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  return std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc();
}

}  // namespace

void ReplyReader::begin(bool keep_body) {
  head_.clear();
  body_.clear();
  length_ = body_bytes_ = 0;
  status_ = 0;
  keep_body_ = keep_body;
  in_body_ = closes_ = false;
}

ReplyReader::State ReplyReader::take(std::string_view bytes) {
  if (in_body_) return take_body(bytes);
  const size_t before = head_.size();
  head_.append(bytes);
  const auto end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
  if (end == head_.npos) return head_.size() > kMaxHead ? State::kBroken : State::kMore;
  bytes.remove_prefix(end + 4 - before);
  head_.resize(end + 4);
  if (!read_head()) return State::kBroken;
  in_body_ = true;
  return take_body(bytes);
}

bool ReplyReader::read_head() {
  const std::string_view head = head_;
  if (!head.starts_with("HTTP/1.1 ") || !read_number(head.substr(9), status_)) return false;
  const auto connection = header(head, "connection");
  closes_ = connection && *connection == "close";
  if (status_ == 204 || status_ == 304) return true;
  const auto length = header(head, "content-length");
  return length && read_number(*length, length_) && (!keep_body_ || length_ <= kMaxKept);
}

ReplyReader::State ReplyReader::take_body(std::string_view bytes) {
  if (bytes.size() > length_ - body_bytes_) return State::kBroken;
  body_bytes_ += bytes.size();
  if (keep_body_) body_.append(bytes);
  return body_bytes_ == length_ ? State::kDone : State::kMore;
}

}  // namespace heliograph::load::hls
