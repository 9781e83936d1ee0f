// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace heliograph::load::hls {

// One HTTP/1.1 response after the other, out of the bytes of a connection; only ones with a Content-Length. Bounded: a
// head of 16 KB, a kept body of 4 MB.
class ReplyReader {
 public:
  enum class State : uint8_t { kMore, kDone, kBroken };

  // keep_body: otherwise its bytes are only counted.
  void begin(bool keep_body);
  // Nothing must follow a response but what was asked for: bytes beyond it are an error.
  State take(std::string_view bytes);

  int status() const { return status_; }
  size_t body_bytes() const { return body_bytes_; }
  std::string_view body() const { return body_; }
  size_t total_bytes() const { return head_.size() + body_bytes_; }
  bool closes() const { return closes_; }  // the server ends the connection after it
  // A head or more has come.
  bool begun() const { return !head_.empty(); }

 private:
  bool read_head();
  State take_body(std::string_view bytes);

  std::string head_;
  std::string body_;
  size_t length_ = 0;
  size_t body_bytes_ = 0;
  int status_ = 0;
  bool keep_body_ = false;
  bool in_body_ = false;
  bool closes_ = false;
};

}  // namespace heliograph::load::hls
