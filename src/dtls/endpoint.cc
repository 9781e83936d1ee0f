// SPDX-License-Identifier: Apache-2.0
#include "dtls/endpoint.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/check.h"
#include "dtls/expected_peer.h"
#include "dtls/record.h"

namespace heliograph::dtls {
namespace {

using base::Timestamp;

constexpr std::string_view kExporterLabel = "EXTRACTOR-dtls_srtp";  // RFC 5764 section 4.2

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

// How many of a datagram's records OpenSSL would keep for later if the handshake is not so far yet: handshake messages
// and alerts of epoch 1, the first encrypted one (RFC 6347 section 4.1).
size_t early_records_in(base::ConstBytes datagram) {
  size_t count = 0;
  base::ByteReader reader(datagram);
  while (const auto record = Record::take(reader))
    if (record->epoch == 1 && (record->type == Record::kAlert || record->type == Record::kHandshake)) ++count;
  return count;
}

// client_write_key ‖ server_write_key ‖ client_write_salt ‖ server_write_salt (RFC 5764 section 4.2).
crypto::SrtpKeys split(crypto::SrtpProfile profile, base::ConstBytes material, Role role) {
  const size_t key = crypto::master_key_size(profile);
  const size_t salt = crypto::master_salt_size(profile);
  base::ByteReader reader(material);
  crypto::SrtpMasterKey client;
  crypto::SrtpMasterKey server;
  std::ranges::copy(reader.bytes(key), client.key.begin());
  std::ranges::copy(reader.bytes(key), server.key.begin());
  std::ranges::copy(reader.bytes(salt), client.salt.begin());
  std::ranges::copy(reader.bytes(salt), server.salt.begin());
  CHECK(reader.ok());
  return role == Role::kClient ? crypto::SrtpKeys{profile, client, server} : crypto::SrtpKeys{profile, server, client};
}

}  // namespace

struct Endpoint::Association {
  Role role;
  ExpectedPeer expected;
  Wire wire;
  std::unique_ptr<SSL, FreeSsl> ssl;  // before what it points to goes
  State state = State::kNew;
  Failure failure = Failure::kNone;
  std::optional<crypto::SrtpKeys> keys;
  size_t early_records = 0;
  base::Duration timeout = kFirstTimeout;
  Timestamp retransmit_at = Timestamp::never();
  Timestamp give_up_at = Timestamp::never();
  Timestamp release_at = Timestamp::never();
  std::optional<Remains> remains;  // instead of ssl

  void prepare(base::ConstBytes datagram, Datagrams& out);
  void enter(Timestamp now, base::ConstBytes datagram, Datagrams& out);
  bool take_early(size_t records);
  void shake_hands();
  void finish();
  void read();
  void over(int error);
  void fail(Failure reason);
  void settle(Timestamp now);
  void retransmit(Timestamp now, Datagrams& out);
  void release();
  void hear(base::ConstBytes datagram, Datagrams& out);
};

// Before OpenSSL runs; settle() is its counterpart. OpenSSL keeps 35 KB of record buffers for as long as it lives, and
// writes to them unasked: they are there only in between.
void Endpoint::Association::prepare(base::ConstBytes datagram, Datagrams& out) {
  wire.begin(datagram, out);
  ERR_clear_error();  // the queue is the thread's, and SSL_get_error() looks into it
  CHECK(SSL_alloc_buffers(ssl.get()) == 1);
}

// One call into OpenSSL, with what arrived.
void Endpoint::Association::enter(Timestamp now, base::ConstBytes datagram, Datagrams& out) {
  prepare(datagram, out);
  const bool was_connected = state == State::kConnected;
  if (state == State::kConnecting) shake_hands();
  if (state == State::kConnected) read();
  settle(now);
  if (state != State::kConnected || was_connected) return;
  release_at = now + kLastFlightKept;
  if (role == Role::kClient) release();
}

// False when these would be too many encrypted records for a handshake.
bool Endpoint::Association::take_early(size_t records) {
  if (early_records + records > kMaxEarlyRecords) return false;
  early_records += records;
  return true;
}

void Endpoint::Association::shake_hands() {
  const int result = SSL_do_handshake(ssl.get());
  if (result == 1) return finish();
  over(SSL_get_error(ssl.get(), result));
}

void Endpoint::Association::finish() {
  const auto* selected = SSL_get_selected_srtp_profile(ssl.get());
  if (selected == nullptr) {
    SSL_shutdown(ssl.get());
    return fail(Failure::kNoSrtpProfile);
  }
  const auto profile = static_cast<crypto::SrtpProfile>(selected->id);
  std::array<uint8_t, 2 * (32 + 14)> material{};
  const size_t size = 2 * (crypto::master_key_size(profile) + crypto::master_salt_size(profile));
  CHECK(SSL_export_keying_material(ssl.get(), material.data(), size, kExporterLabel.data(), kExporterLabel.size(),
                                   nullptr, 0, 0) == 1);
  keys = split(profile, base::ConstBytes(material).first(size), role);
  OPENSSL_cleanse(material.data(), material.size());
  state = State::kConnected;
}

// Lets OpenSSL see what still arrives: alerts, and a peer's last flight again, which it answers. Application data is
// dropped.
void Endpoint::Association::read() {
  std::array<uint8_t, 2048> dropped;
  int result = 0;
  do {
    result = SSL_read(ssl.get(), dropped.data(), static_cast<int>(dropped.size()));
  } while (result > 0);
  over(SSL_get_error(ssl.get(), result));
}

// What OpenSSL's last error means for the state.
void Endpoint::Association::over(int error) {
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
  const bool by_peer = (SSL_get_shutdown(ssl.get()) & SSL_RECEIVED_SHUTDOWN) != 0;  // close_notify or a fatal alert
  if (by_peer && error == SSL_ERROR_ZERO_RETURN) SSL_shutdown(ssl.get());           // RFC 5246 section 7.2.1: answered
  if (by_peer || state == State::kConnected)
    state = State::kClosed;
  else
    fail(expected.rejected ? Failure::kFingerprint : Failure::kProtocol);
}

void Endpoint::Association::fail(Failure reason) {
  state = State::kFailed;
  failure = reason;
}

// After OpenSSL has run: follow its timer in our time, and let go of it once it is of no more use.
void Endpoint::Association::settle(Timestamp now) {
  if (wire.timer_stopped()) {
    timeout = kFirstTimeout;
    retransmit_at = Timestamp::never();
  }
  if (wire.timer_started()) retransmit_at = now + timeout;
  wire.set_timeout(timeout);
  wire.end();
  if (state == State::kFailed || state == State::kClosed)
    ssl.reset();
  else
    SSL_free_buffers(ssl.get());  // SSL_MODE_RELEASE_BUFFERS would not do it for DTLS
}

void Endpoint::Association::retransmit(Timestamp now, Datagrams& out) {
  timeout = std::min(timeout * 2, kMaxTimeout);
  wire.set_timeout(timeout);
  retransmit_at = now + timeout;
  prepare({}, out);
  wire.expire_timer();
  if (DTLSv1_handle_timeout(ssl.get()) < 0) fail(Failure::kTimeout);
  settle(now);
}

void Endpoint::Association::release() {
  release_at = Timestamp::never();
  remains = Remains::of(ssl.get(), role, wire);
  if (!remains) return;
  ssl.reset();
  expected.fingerprints = {};
}

// What receive() is after the release.
void Endpoint::Association::hear(base::ConstBytes datagram, Datagrams& out) {
  const auto heard = remains->receive(datagram);
  if (heard == Remains::Heard::kNothing) return;
  if (heard == Remains::Heard::kCloseNotify) out.push_back(remains->goodbye());  // RFC 5246 section 7.2.1: answered
  state = State::kClosed;
}

Endpoint::Endpoint(const Context& context, Role role, std::vector<crypto::Fingerprint> expected_remote)
    : association_(std::make_unique<Association>()) {
  auto& a = *association_;
  a.role = role;
  a.expected.fingerprints = std::move(expected_remote);
  a.ssl.reset(SSL_new(context.get()));
  CHECK(a.ssl != nullptr);
  SSL_set_app_data(a.ssl.get(), &a.expected);
  a.wire.set_timeout(a.timeout);
  a.wire.attach(a.ssl.get());
  if (role == Role::kClient)
    SSL_set_connect_state(a.ssl.get());
  else
    SSL_set_accept_state(a.ssl.get());
}

Endpoint::~Endpoint() = default;
Endpoint::Endpoint(Endpoint&&) noexcept = default;
Endpoint& Endpoint::operator=(Endpoint&&) noexcept = default;

void Endpoint::start(Timestamp now, Datagrams& out) {
  auto& a = *association_;
  CHECK(a.state == State::kNew);
  a.state = State::kConnecting;
  a.give_up_at = now + kGiveUp;
  a.enter(now, {}, out);
}

void Endpoint::receive(Timestamp now, base::ConstBytes datagram, Datagrams& out) {
  auto& a = *association_;
  if (a.state != State::kConnecting && a.state != State::kConnected) return;
  if (a.state == State::kConnecting && !a.take_early(early_records_in(datagram))) return;
  a.remains ? a.hear(datagram, out) : a.enter(now, datagram, out);
}

void Endpoint::on_time(Timestamp now, Datagrams& out) {
  auto& a = *association_;
  if (now >= a.release_at) release();
  if (a.state != State::kConnecting) return;
  if (now >= a.give_up_at) {
    a.ssl.reset();
    return a.fail(Failure::kTimeout);
  }
  if (now >= a.retransmit_at) a.retransmit(now, out);
}

Timestamp Endpoint::next_time() const {
  const auto& a = *association_;
  if (a.state == State::kConnected) return a.release_at;
  return a.state == State::kConnecting ? std::min(a.retransmit_at, a.give_up_at) : Timestamp::never();
}

void Endpoint::release() {
  auto& a = *association_;
  if (a.state == State::kConnected && a.ssl) a.release();
}

bool Endpoint::released() const { return association_->remains.has_value(); }

void Endpoint::close(Timestamp now, Datagrams& out) {
  auto& a = *association_;
  if (a.state == State::kFailed || a.state == State::kClosed) return;
  const bool connected = std::exchange(a.state, State::kClosed) == State::kConnected;
  if (a.remains) return out.push_back(a.remains->goodbye());
  a.prepare({}, out);
  if (connected) SSL_shutdown(a.ssl.get());
  a.settle(now);
}

State Endpoint::state() const { return association_->state; }
Failure Endpoint::failure() const { return association_->failure; }
const crypto::SrtpKeys* Endpoint::srtp_keys() const { return association_->keys ? &*association_->keys : nullptr; }

}  // namespace heliograph::dtls
