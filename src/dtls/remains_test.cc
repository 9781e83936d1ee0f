// SPDX-License-Identifier: Apache-2.0
// Endpoints that gave OpenSSL's memory back, against plain OpenSSL.
#include "dtls/remains.h"

#include <algorithm>
#include <ostream>
#include <memory>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "base/rng.h"
#include "dtls/endpoint.h"
#include "dtls/expected_peer.h"
#include "dtls/record.h"
#include "dtls/testing_network.h"

namespace heliograph::dtls {
namespace {

using base::Duration;
using base::Timestamp;
using testing::certificate;
using Bytes = std::vector<uint8_t>;

constexpr auto kNow = Timestamp::from_micros(1'000'000);

// The other end: an SSL that lives until its test ends, and tells what it hears.
class WholePeer {
 public:
  WholePeer(const Context& context, Role role, crypto::Fingerprint expected) : expected_{{std::move(expected)}} {
    ssl_.reset(SSL_new(context.get()));
    SSL_set_app_data(ssl_.get(), &expected_);
    wire_.attach(ssl_.get());
    role == Role::kClient ? SSL_set_connect_state(ssl_.get()) : SSL_set_accept_state(ssl_.get());
  }

  Datagrams shake_hands(base::ConstBytes datagram = {}) {
    return run(datagram, [&] { SSL_do_handshake(ssl_.get()); });
  }
  Datagrams read(base::ConstBytes datagram) {
    uint8_t byte;
    return run(datagram, [&] { error_ = SSL_get_error(ssl_.get(), SSL_read(ssl_.get(), &byte, 1)); });
  }
  Datagrams close() {
    return run({}, [&] { SSL_shutdown(ssl_.get()); });
  }
  Datagrams write(base::ConstBytes bytes) {
    return run({}, [&] { SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())); });
  }
  Datagrams renegotiate() {
    SSL_clear_options(ssl_.get(), SSL_OP_NO_RENEGOTIATION);
    return run({}, [&] {
      SSL_renegotiate(ssl_.get());
      SSL_do_handshake(ssl_.get());
    });
  }
  bool connected() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  // After a read(): a close_notify came.
  bool heard_goodbye() const {
    return error_ == SSL_ERROR_ZERO_RETURN && (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  Datagrams run(base::ConstBytes datagram, auto&& call) {
    Datagrams out;
    wire_.begin(datagram, out);
    call();
    wire_.end();
    return out;
  }

  ExpectedPeer expected_;
  Wire wire_;
  std::unique_ptr<SSL, Free> ssl_;
  int error_ = SSL_ERROR_NONE;
};

// Which of the two is ours, and the suite that they agree on.
struct Case {
  const char* name;
  Role ours;
  const char* cipher;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class ReleasedEndpoint : public ::testing::TestWithParam<Case> {
 protected:
  ReleasedEndpoint()
      : ours_(context_, GetParam().ours, {certificate(1).fingerprint()}),
        theirs_(peer_context_, GetParam().ours == Role::kClient ? Role::kServer : Role::kClient,
                certificate(0).fingerprint()) {
    Datagrams out;
    ours_.start(kNow, out);
    give(out);
    give_us(theirs_.shake_hands());
    EXPECT_EQ(ours_.state(), State::kConnected);
    EXPECT_TRUE(theirs_.connected());
  }
  static Context peer_context() {
    Context made(certificate(1));
    EXPECT_EQ(SSL_CTX_set_cipher_list(made.get(), GetParam().cipher), 1);
    return made;
  }

  void give(const Datagrams& datagrams) {
    for (const auto& d : datagrams) give_us(theirs_.connected() ? theirs_.read(d) : theirs_.shake_hands(d));
  }
  void give_us(const Datagrams& datagrams) {
    if (!datagrams.empty()) last_flight_ = datagrams;
    for (const auto& d : datagrams) give(receive(d));
  }
  Datagrams receive(const Bytes& datagram) {
    Datagrams out;
    ours_.receive(kNow, datagram, out);
    return out;
  }
  Datagrams close() {
    Datagrams out;
    ours_.close(kNow, out);
    return out;
  }

  Context context_{certificate(0)};
  Context peer_context_ = peer_context();
  Endpoint ours_;
  WholePeer theirs_;
  Datagrams last_flight_;  // of theirs
};

TEST_P(ReleasedEndpoint, AClientReleasesItselfAndAServerIsTold) {
  EXPECT_EQ(ours_.released(), GetParam().ours == Role::kClient);
  ours_.release();
  EXPECT_TRUE(ours_.released());
  EXPECT_EQ(ours_.state(), State::kConnected);
  EXPECT_NE(ours_.srtp_keys(), nullptr);
  EXPECT_TRUE(ours_.next_time().is_never());
  ours_.release();
  EXPECT_TRUE(ours_.released());
}

TEST_P(ReleasedEndpoint, OpenSslUnderstandsItsGoodbye) {
  ours_.release();
  const auto goodbye = close();
  ASSERT_EQ(goodbye.size(), 1u);
  EXPECT_EQ(ours_.state(), State::kClosed);
  theirs_.read(goodbye[0]);
  EXPECT_TRUE(theirs_.heard_goodbye());
  EXPECT_TRUE(close().empty()) << "it is said once";
}

TEST_P(ReleasedEndpoint, HearsGoodbyeAndAnswersIt) {
  ours_.release();
  const auto goodbye = theirs_.close();
  ASSERT_EQ(goodbye.size(), 1u);
  const auto answer = receive(goodbye[0]);
  EXPECT_EQ(ours_.state(), State::kClosed);
  ASSERT_EQ(answer.size(), 1u);
  theirs_.read(answer[0]);
  EXPECT_TRUE(theirs_.heard_goodbye());
  EXPECT_TRUE(receive(goodbye[0]).empty());
}

// RFC 6347 section 4.1.2.7: invalid records are dropped silently. Each byte of a real goodbye, changed.
TEST_P(ReleasedEndpoint, AForgedGoodbyeIsDropped) {
  ours_.release();
  const auto goodbye = theirs_.close().at(0);
  for (size_t at = 0; at < goodbye.size(); ++at)
    for (const uint8_t bit : {uint8_t{0x01}, uint8_t{0x80}}) {
      auto forged = goodbye;
      forged[at] ^= bit;
      EXPECT_TRUE(receive(forged).empty());
      ASSERT_EQ(ours_.state(), State::kConnected) << at;
    }
  for (size_t size = 0; size < goodbye.size(); ++size) {
    receive(Bytes(goodbye.begin(), goodbye.begin() + static_cast<ptrdiff_t>(size)));
    ASSERT_EQ(ours_.state(), State::kConnected) << size;
  }
  receive(goodbye);
  EXPECT_EQ(ours_.state(), State::kClosed);
}

TEST_P(ReleasedEndpoint, AGoodbyeBehindOtherRecordsIsHeard) {
  ours_.release();
  auto datagram = theirs_.write(Bytes{1, 2, 3}).at(0);
  EXPECT_TRUE(receive(datagram).empty()) << "application data is dropped";
  EXPECT_EQ(ours_.state(), State::kConnected);
  const auto goodbye = theirs_.close().at(0);
  datagram.insert(datagram.end(), goodbye.begin(), goodbye.end());
  EXPECT_EQ(receive(datagram).size(), 1u);
  EXPECT_EQ(ours_.state(), State::kClosed);
}

TEST_P(ReleasedEndpoint, ADuplicatedFlightIsDropped) {
  ours_.release();
  ASSERT_FALSE(last_flight_.empty());
  for (const auto& datagram : last_flight_) EXPECT_TRUE(receive(datagram).empty());
  EXPECT_EQ(ours_.state(), State::kConnected);
}

TEST_P(ReleasedEndpoint, NoiseIsNoGoodbye) {
  ours_.release();
  const auto model = theirs_.close().at(0);
  for (uint64_t seed = 1; seed <= 5000; ++seed) {
    base::Rng rng(seed);
    Bytes noise = model;
    const auto first = rng.chance(0.5) ? 13 : rng.below(model.size());
    for (size_t i = first; i < noise.size(); ++i) noise[i] = static_cast<uint8_t>(rng());
    for (uint64_t more = rng.below(30); more > 0; --more) noise.push_back(static_cast<uint8_t>(rng()));
    if (std::equal(model.begin(), model.end(), noise.begin())) continue;
    ASSERT_TRUE(receive(noise).empty());
    ASSERT_EQ(ours_.state(), State::kConnected) << seed;
  }
}

class ReleasedServer : public ReleasedEndpoint {};

// OpenSSL is made to send one by a refusal that it can't live with.
TEST_P(ReleasedServer, AFatalAlertEndsItWithoutAnAnswer) {
  const auto hello = theirs_.renegotiate();
  ASSERT_EQ(hello.size(), 1u);
  const auto refusal = receive(hello[0]);  // the warning no_renegotiation
  ASSERT_EQ(refusal.size(), 1u);
  ours_.release();
  const auto alert = theirs_.shake_hands(refusal[0]);
  ASSERT_EQ(alert.size(), 1u);
  EXPECT_TRUE(receive(hello[0]).empty());
  EXPECT_EQ(ours_.state(), State::kConnected);
  EXPECT_TRUE(receive(alert[0]).empty());
  EXPECT_EQ(ours_.state(), State::kClosed);
}

constexpr Case kServers[] = {{"ServerAes128", Role::kServer, "ECDHE-ECDSA-AES128-GCM-SHA256"},
                             {"ServerAes256", Role::kServer, "ECDHE-ECDSA-AES256-GCM-SHA384"}};
constexpr Case kClients[] = {{"ClientAes128", Role::kClient, "ECDHE-ECDSA-AES128-GCM-SHA256"},
                             {"ClientAes256", Role::kClient, "ECDHE-ECDSA-AES256-GCM-SHA384"}};
constexpr auto name_of = [](const auto& i) { return std::string(i.param.name); };

INSTANTIATE_TEST_SUITE_P(Servers, ReleasedEndpoint, ::testing::ValuesIn(kServers), name_of);
INSTANTIATE_TEST_SUITE_P(Clients, ReleasedEndpoint, ::testing::ValuesIn(kClients), name_of);
INSTANTIATE_TEST_SUITE_P(Suites, ReleasedServer, ::testing::ValuesIn(kServers), name_of);

}  // namespace
}  // namespace heliograph::dtls
