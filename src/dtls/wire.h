// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <openssl/types.h>
#include <sys/time.h>

#include "base/bytes.h"
#include "base/time.h"

namespace heliograph::dtls {

using Datagrams = std::vector<std::vector<uint8_t>>;

// What OpenSSL takes for its socket: a BIO that hands out one datagram, takes records and packs them into datagrams,
// and keeps OpenSSL's retransmission timer from running by the wall clock. One an SSL, at a stable address.
class Wire {
 public:
  static constexpr size_t kMaxDatagram = 1200;

  // ssl takes the BIO; the Wire must outlive it, or rather its last use.
  void attach(SSL* ssl);

  // For the time of one call into OpenSSL: what it can read, and where it writes.
  void begin(base::ConstBytes incoming, Datagrams& out);
  void end();

  // What OpenSSL did to its timer since begin(): a new flight went out and waits for an answer, or the answer came.
  bool timer_started() const { return timer_started_; }
  bool timer_stopped() const { return timer_stopped_; }
  // How long OpenSSL shall think to wait, where it insists on its own clock (see wire.cc).
  void set_timeout(base::Duration timeout) { timeout_ = timeout; }
  // From now on OpenSSL thinks that its timer has run out.
  void expire_timer();

  // For the BIO.
  int read(base::Bytes into);
  void write(base::ConstBytes records);
  void set_timer(timeval* timer);
  unsigned timer_duration() const;

 private:
  void append(base::ConstBytes record);

  base::ConstBytes incoming_;
  Datagrams* out_ = nullptr;
  size_t first_own_ = 0;  // datagrams before this one were in out_ already
  timeval* timer_ = nullptr;
  bool timer_started_ = false;
  bool timer_stopped_ = false;
  base::Duration timeout_;
};

}  // namespace heliograph::dtls
