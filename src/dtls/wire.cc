// SPDX-License-Identifier: Apache-2.0
// OpenSSL measures its DTLS timer by gettimeofday() and retransmits by itself whenever it is called after that has run
// out. We want `now` to be a parameter, so that simulations are exact and steps of the wall clock harmless:
//  * a timer callback makes OpenSSL's timer last an hour, longer than any handshake is let live;
//  * before 3.2, OpenSSL tells the BIO of its timer by a pointer to the timer itself, which lives as long as the SSL.
//  When our own time has come, we
//    set it into the past there, and OpenSSL retransmits when asked to.
// From 3.2 on the pointer is to a copy, and OpenSSL can't be driven so: there its timer gets the durations that ours
// has and the wall clock decides, a little earlier or later than `now` would.
#include "dtls/wire.h"

#include <algorithm>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include "base/check.h"
#include "dtls/record.h"

namespace heliograph::dtls {
namespace {

constexpr unsigned kAnHour = 3'600'000'000;  // microseconds

// The library that runs may be newer than the headers.
bool timer_is_shown() {
  static const bool shown = OpenSSL_version_num() < 0x30200000;
  return shown;
}

Wire& wire_of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

int bio_write(BIO* bio, const char* bytes, int size) {
  wire_of(bio).write({reinterpret_cast<const uint8_t*>(bytes), static_cast<size_t>(size)});
  return size;
}

int bio_read(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const int n = wire_of(bio).read({reinterpret_cast<uint8_t*>(into), static_cast<size_t>(size)});
  if (n < 0) BIO_set_retry_read(bio);
  return n;
}

long bio_ctrl(BIO* bio, int command, long, void* argument) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return Wire::kMaxDatagram;
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
      wire_of(bio).set_timer(static_cast<timeval*>(argument));
      return 1;
    default:
      return 0;
  }
}

const BIO_METHOD* bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "heliograph datagrams");
    CHECK(made != nullptr);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_ctrl);
    return made;
  }();
  return method;
}

unsigned timer_duration_of(SSL* ssl, unsigned) { return wire_of(SSL_get_rbio(ssl)).timer_duration(); }

}  // namespace

void Wire::attach(SSL* ssl) {
  BIO* bio = BIO_new(bio_method());
  CHECK(bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_mtu(ssl, kMaxDatagram);
  DTLS_set_timer_cb(ssl, timer_duration_of);
}

void Wire::begin(base::ConstBytes incoming, Datagrams& out) {
  incoming_ = incoming;
  out_ = &out;
  first_own_ = out.size();
  timer_started_ = false;
  timer_stopped_ = false;
}

void Wire::end() {
  incoming_ = {};
  out_ = nullptr;
}

void Wire::expire_timer() {
  if (timer_ != nullptr) *timer_ = {.tv_sec = 1, .tv_usec = 0};
}

int Wire::read(base::Bytes into) {
  if (incoming_.empty()) return -1;
  const size_t size = std::min(into.size(), incoming_.size());
  std::copy_n(incoming_.begin(), size, into.begin());
  incoming_ = {};  // a datagram is read in one go, or its end is lost
  return static_cast<int>(size);
}

// One write may hold several records: a flight is buffered.
void Wire::write(base::ConstBytes records) {
  if (out_ == nullptr) return;  // freeing an SSL may try to say goodbye
  base::ByteReader reader(records);
  while (const auto record = Record::take(reader)) append(record->whole);
  CHECK(reader.ok());
}

// Records of one flight share datagrams (RFC 6347 section 4.1.1).
void Wire::append(base::ConstBytes record) {
  const bool fits = out_->size() > first_own_ && out_->back().size() + record.size() <= kMaxDatagram;
  if (!fits) out_->emplace_back();
  out_->back().insert(out_->back().end(), record.begin(), record.end());
}

// OpenSSL says that it started its timer (when it will run out), or that it stopped it (zero).
void Wire::set_timer(timeval* timer) {
  const bool running = timer->tv_sec != 0 || timer->tv_usec != 0;
  timer_started_ = running;
  timer_stopped_ = timer_stopped_ || !running;
  timer_ = running && timer_is_shown() ? timer : nullptr;
}

unsigned Wire::timer_duration() const { return timer_is_shown() ? kAnHour : static_cast<unsigned>(timeout_.us()); }

}  // namespace heliograph::dtls
