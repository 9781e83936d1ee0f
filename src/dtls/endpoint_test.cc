// SPDX-License-Identifier: Apache-2.0
#include "dtls/endpoint.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "dtls/testing_network.h"

namespace heliograph::dtls {
namespace {

using base::Duration;
using base::Timestamp;
using crypto::SrtpProfile;
using testing::certificate;
using testing::Network;
using testing::Weather;

constexpr size_t kClient = 0;
constexpr size_t kServer = 1;
constexpr size_t kStranger = 2;
constexpr auto kStart = Timestamp::from_micros(1'000'000);

const Context& context(size_t which) {
  static const Context contexts[] = {Context(certificate(0)), Context(certificate(1)), Context(certificate(2))};
  return contexts[which];
}

Endpoint make_client(const Context& own = context(kClient)) {
  return {own, Role::kClient, {certificate(kServer).fingerprint()}};
}
Endpoint make_server(const Context& own = context(kServer)) {
  return {own, Role::kServer, {certificate(kClient).fingerprint()}};
}
Network make_network(Weather weather = {}, uint64_t seed = 1) { return {make_client(), make_server(), weather, seed}; }

void expect_connected_with_equal_keys(Network& network) {
  ASSERT_EQ(network.client().state(), State::kConnected);
  ASSERT_EQ(network.server().state(), State::kConnected);
  const auto* client = network.client().srtp_keys();
  const auto* server = network.server().srtp_keys();
  ASSERT_TRUE(client != nullptr && server != nullptr);
  EXPECT_EQ(client->profile, server->profile);
  EXPECT_EQ(client->local.key, server->remote.key);
  EXPECT_EQ(client->local.salt, server->remote.salt);
  EXPECT_EQ(client->remote.key, server->local.key);
  EXPECT_EQ(client->remote.salt, server->local.salt);
  EXPECT_NE(client->local.key, client->remote.key);
}

TEST(DtlsEndpoint, TwoEndsConnectInTwoRoundTripsAndAHalf) {
  auto network = make_network();
  EXPECT_EQ(network.client().state(), State::kNew);
  EXPECT_EQ(network.client().srtp_keys(), nullptr);
  network.start();
  EXPECT_EQ(network.client().state(), State::kConnecting);
  network.run(Duration::millis(40));
  expect_connected_with_equal_keys(network);
  EXPECT_EQ(network.client().srtp_keys()->profile, SrtpProfile::kAeadAes128Gcm);
  EXPECT_TRUE(network.client().next_time().is_never());
  EXPECT_GT(network.server().next_time(), network.now() + Endpoint::kGiveUp);  // only OpenSSL's end is still to come
  EXPECT_LE(network.sent(), 6u);                                               // records of a flight share datagrams
  EXPECT_LE(network.largest(), Endpoint::kMaxDatagram);
}

TEST(DtlsEndpoint, EveryHandshakeHasItsOwnKeys) {
  auto a = make_network(), b = make_network();
  a.start();
  b.start();
  a.run(Duration::seconds(1));
  b.run(Duration::seconds(1));
  EXPECT_NE(a.client().srtp_keys()->local.key, b.client().srtp_keys()->local.key);
}

// Loss, duplication and reordering; only virtual time passes. The wall clock stands all but still meanwhile.
TEST(DtlsEndpoint, ConnectsThroughABadNetwork) {
  int first_attempts = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    base::Rng rng(seed);
    const Weather weather{.loss = 0.4 * static_cast<double>(rng.below(100)) / 100,
                          .duplication = 0.3,
                          .delay = Duration::millis(static_cast<int64_t>(rng.below(150))),
                          .jitter = Duration::millis(static_cast<int64_t>(rng.below(200)))};
    auto network = make_network(weather, seed);
    network.start();
    network.run(Duration::seconds(29));
    SCOPED_TRACE(seed);
    expect_connected_with_equal_keys(network);
    if (network.sent() <= 6) ++first_attempts;
  }
  EXPECT_LT(first_attempts, 250);  // or the network was not bad
}

TEST(DtlsEndpoint, AFlightIsSentAgainAtDoublingTimes) {
  auto client = make_client();
  Datagrams out;
  client.start(kStart, out);
  EXPECT_EQ(out.size(), 1u);
  auto now = kStart;
  auto timeout = Endpoint::kFirstTimeout;
  for (size_t sent = 2; sent <= 13; ++sent) {
    ASSERT_EQ(client.next_time(), now + timeout) << sent;
    client.on_time(client.next_time() - Duration::micros(1), out);
    EXPECT_EQ(out.size(), sent - 1);
    now = client.next_time();
    client.on_time(now, out);
    EXPECT_EQ(out.size(), sent);
    timeout = std::min(timeout * 2, Endpoint::kMaxTimeout);
  }
  EXPECT_EQ(client.next_time(), kStart + Endpoint::kGiveUp);
  client.on_time(client.next_time(), out);
  EXPECT_EQ(client.state(), State::kFailed);
  EXPECT_EQ(client.failure(), Failure::kTimeout);
  EXPECT_TRUE(client.next_time().is_never());
}

TEST(DtlsEndpoint, AServerGivesUpToo) {
  auto server = make_server();
  Datagrams out;
  server.start(kStart, out);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(server.next_time(), kStart + Endpoint::kGiveUp);
  server.on_time(server.next_time(), out);
  EXPECT_EQ(server.state(), State::kFailed);
}

TEST(DtlsEndpoint, TheServersLastFlightIsRepeatedWhenTheClientAsksUntilItIsReleased) {
  for (const bool released : {false, true}) {
    auto client = make_client();
    auto server = make_server();
    Datagrams to_server, to_client;
    server.start(kStart, to_client);
    client.start(kStart, to_server);
    for (const auto& datagram : std::exchange(to_server, {})) server.receive(kStart, datagram, to_client);
    for (const auto& datagram : std::exchange(to_client, {})) client.receive(kStart, datagram, to_server);
    for (const auto& datagram : std::exchange(to_server, {})) server.receive(kStart, datagram, to_client);
    EXPECT_EQ(server.state(), State::kConnected);
    to_client.clear();  // lost
    if (released) server.release();
    client.on_time(client.next_time(), to_server);
    EXPECT_FALSE(to_server.empty());
    for (const auto& datagram : std::exchange(to_server, {})) server.receive(kStart, datagram, to_client);
    for (const auto& datagram : to_client) client.receive(kStart, datagram, to_server);
    EXPECT_EQ(client.state(), released ? State::kConnecting : State::kConnected);
    EXPECT_EQ(server.state(), State::kConnected);
  }
}

// RFC 6347 section 4.2.4: for twice the MSL of TCP.
TEST(DtlsEndpoint, AServerWhoHearsNothingKeepsItsLastFlightForFourMinutes) {
  auto network = make_network();
  network.start();
  network.run(Duration::seconds(1));
  const auto at = network.server().next_time();
  EXPECT_GT(at, kStart + Endpoint::kLastFlightKept);
  EXPECT_LT(at, kStart + Endpoint::kLastFlightKept + Duration::seconds(1));
  Datagrams out;
  network.server().on_time(at - Duration::micros(1), out);
  EXPECT_FALSE(network.server().released());
  network.server().on_time(at, out);
  EXPECT_TRUE(network.server().released());
  EXPECT_TRUE(network.server().next_time().is_never());
  EXPECT_EQ(network.server().state(), State::kConnected);
  EXPECT_TRUE(out.empty());
}

TEST(DtlsEndpoint, ReleaseBeforeTheEndOfTheHandshakeDoesNothing) {
  auto network = make_network();
  network.server().release();
  network.start();
  network.server().release();
  EXPECT_FALSE(network.server().released());
  network.run(Duration::seconds(1));
  expect_connected_with_equal_keys(network);
  network.server().release();
  expect_connected_with_equal_keys(network);
  network.close(kClient);
  network.run(Duration::seconds(1));
  EXPECT_EQ(network.server().state(), State::kClosed);
  network.server().release();
  EXPECT_EQ(network.server().state(), State::kClosed);
}

TEST(DtlsEndpoint, AWrongFingerprintFails) {
  Network network(make_client(context(kStranger)), make_server(), {}, 1);
  network.start();
  network.run(Duration::seconds(40));
  EXPECT_EQ(network.server().state(), State::kFailed);
  EXPECT_EQ(network.server().failure(), Failure::kFingerprint);
  EXPECT_EQ(network.server().srtp_keys(), nullptr);
  EXPECT_EQ(network.client().state(), State::kClosed);  // the server's alert
  EXPECT_EQ(network.client().srtp_keys(), nullptr);

  Network other(make_client(), make_server(context(kStranger)), {}, 1);
  other.start();
  other.run(Duration::seconds(40));
  EXPECT_EQ(other.client().failure(), Failure::kFingerprint);
  EXPECT_NE(other.server().state(), State::kConnected);
}

TEST(DtlsEndpoint, NoExpectedFingerprintFails) {
  Network network(make_client(), Endpoint(context(kServer), Role::kServer, {}), {}, 1);
  network.start();
  network.run(Duration::seconds(1));
  EXPECT_EQ(network.server().failure(), Failure::kFingerprint);
}

// RFC 8122 section 5: the strongest algorithm's fingerprints count, and one of them is enough.
TEST(DtlsEndpoint, OneOfSeveralFingerprintsIsEnoughButTheStrongestCount) {
  const auto& right = certificate(kClient);
  const auto& wrong = certificate(kStranger);
  const auto fingerprint = [](const crypto::Certificate& c, const char* algorithm) {
    return crypto::fingerprint_of(c.x509(), algorithm).value();
  };
  const auto connects = [](std::vector<crypto::Fingerprint> expected) {
    Network network(make_client(), Endpoint(context(kServer), Role::kServer, std::move(expected)), {}, 1);
    network.start();
    network.run(Duration::seconds(1));
    return network.server().state() == State::kConnected;
  };
  EXPECT_TRUE(connects({wrong.fingerprint(), right.fingerprint()}));
  EXPECT_TRUE(connects({fingerprint(right, "sha-1")}));
  EXPECT_TRUE(connects({fingerprint(wrong, "sha-1"), fingerprint(right, "sha-512")}));
  EXPECT_FALSE(connects({fingerprint(right, "sha-1"), fingerprint(wrong, "sha-512")}));
}

// A peer that is plain OpenSSL: its profiles, its MTU.
Context peer_context(const char* profiles, size_t which = kClient) {
  Context made(certificate(which));
  if (profiles != nullptr) EXPECT_EQ(SSL_CTX_set_tlsext_use_srtp(made.get(), profiles), 0);
  return made;
}

TEST(DtlsEndpoint, AsServerOurOrderOfProfilesDecides) {
  struct Row {
    const char* offered;
    SrtpProfile expected;
  };
  for (const auto& [offered, expected] :
       {Row{"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM", SrtpProfile::kAeadAes128Gcm},
        Row{"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM", SrtpProfile::kAeadAes256Gcm},
        Row{"SRTP_AES128_CM_SHA1_80", SrtpProfile::kAes128CmHmacSha1_80}}) {
    const auto chromium = peer_context(offered);
    Network network(make_client(chromium), make_server(), {}, 1);
    network.start();
    network.run(Duration::seconds(1));
    expect_connected_with_equal_keys(network);
    EXPECT_EQ(network.server().srtp_keys()->profile, expected);
  }
}

TEST(DtlsEndpoint, NoCommonSrtpProfileFails) {
  const auto foreign = peer_context("SRTP_AES128_CM_SHA1_32");
  Network network(make_client(foreign), make_server(), {}, 1);
  network.start();
  network.run(Duration::seconds(40));
  EXPECT_EQ(network.server().state(), State::kFailed);
  EXPECT_EQ(network.server().failure(), Failure::kNoSrtpProfile);
  EXPECT_EQ(network.server().srtp_keys(), nullptr);
}

TEST(DtlsEndpoint, CloseIsHeardByTheOtherEnd) {
  for (const size_t closing : {kClient, kServer}) {
    auto network = make_network();
    network.start();
    network.run(Duration::seconds(1));
    const size_t sent = network.sent();
    network.close(closing);
    network.run(Duration::seconds(1));
    EXPECT_EQ(network.sent(), sent + 2);  // close_notify is answered by one (RFC 5246 section 7.2.1)
    EXPECT_EQ(network.client().state(), State::kClosed);
    EXPECT_EQ(network.server().state(), State::kClosed);
    EXPECT_NE(network.client().srtp_keys(), nullptr);
  }
}

TEST(DtlsEndpoint, CloseBeforeTheEndOfTheHandshakeIsSilent) {
  auto client = make_client();
  Datagrams out;
  client.start(kStart, out);
  out.clear();
  client.close(kStart, out);
  EXPECT_EQ(client.state(), State::kClosed);
  EXPECT_TRUE(out.empty());
  client.close(kStart, out);
  client.receive(kStart, std::vector<uint8_t>(100, 22), out);
  client.on_time(kStart + Duration::seconds(60), out);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(client.state(), State::kClosed);
}

// Splits the one handshake message of the one record in a datagram into records with fragments of at most `size` bytes
// (RFC 6347 section 4.2.3).
Datagrams fragments(const std::vector<uint8_t>& datagram, size_t size) {
  constexpr size_t kRecord = 13, kMessage = 12;
  const base::ConstBytes record(datagram);
  const auto body = record.subspan(kRecord + kMessage);
  Datagrams result;
  for (size_t offset = 0; offset < body.size(); offset += size) {
    const auto part = body.subspan(offset, std::min(size, body.size() - offset));
    auto& piece = result.emplace_back(datagram.begin(), datagram.begin() + kRecord + kMessage);
    base::store_be<uint64_t, 6>(&piece[5], result.size() - 1);                        // record sequence number
    base::store_be(&piece[11], static_cast<uint16_t>(kMessage + part.size()));        // record length
    base::store_be<uint32_t, 3>(&piece[kRecord + 6], static_cast<uint32_t>(offset));  // fragment_offset
    base::store_be<uint32_t, 3>(&piece[kRecord + 9], static_cast<uint32_t>(part.size()));
    piece.insert(piece.end(), part.begin(), part.end());
  }
  return result;
}

// As if the clear records before these had been `by` more.
std::vector<uint8_t> renumbered(std::vector<uint8_t> datagram, uint64_t by) {
  for (size_t at = 0; at < datagram.size(); at += 13 + base::load_be<uint16_t>(&datagram[at + 11])) {
    if (base::load_be<uint16_t>(&datagram[at + 3]) != 0) continue;  // encrypted: numbered from zero again
    base::store_be<uint64_t, 6>(&datagram[at + 5], base::load_be<uint64_t, 6>(&datagram[at + 5]) + by);
  }
  return datagram;
}

// Chromium 156 and Firefox 153 send ClientHellos of 1.4 KB in two datagrams.
TEST(DtlsEndpoint, AClientHelloInFragmentsIsPutTogether) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    base::Rng rng(seed);
    auto client = make_client();
    auto server = make_server();
    Datagrams hello, to_client, to_server;
    server.start(kStart, to_client);
    client.start(kStart, hello);
    ASSERT_EQ(hello.size(), 1u);
    auto pieces = fragments(hello[0], seed == 1 ? hello[0].size() / 2 + 1 : 10 + rng.below(100));
    ASSERT_GE(pieces.size(), 2u);
    if (seed > 1) std::ranges::shuffle(pieces, rng);
    for (const auto& piece : pieces) {
      EXPECT_TRUE(to_client.empty());
      server.receive(kStart, piece, to_client);
      server.receive(kStart, piece, to_client);  // and duplicated
    }
    EXPECT_FALSE(to_client.empty());
    for (const auto& datagram : to_client) client.receive(kStart, datagram, to_server);
    // That the handshake goes through says that the hello was put together right: Finished covers it (RFC 6347
    // section 4.2.6).
    for (const auto& datagram : to_server) server.receive(kStart, renumbered(datagram, pieces.size()), to_client);
    EXPECT_EQ(server.state(), State::kConnected);
  }
}

TEST(DtlsEndpoint, BeforeStartNothingIsTaken) {
  auto client = make_client();
  auto server = make_server();
  Datagrams hello, out;
  client.start(kStart, hello);
  server.receive(kStart, hello[0], out);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(server.state(), State::kNew);
  server.start(kStart, out);
  server.receive(kStart, hello[0], out);
  EXPECT_FALSE(out.empty());
}

TEST(DtlsEndpoint, JunkIsNoHarm) {
  base::Rng rng(3);
  auto network = make_network();
  network.start();
  Datagrams out;
  for (int i = 0; i < 2000; ++i) {
    std::vector<uint8_t> junk(rng.below(200));
    for (auto& byte : junk) byte = static_cast<uint8_t>(rng());
    if (!junk.empty()) junk[0] = static_cast<uint8_t>(20 + rng.below(44));
    network.server().receive(network.now(), junk, out);
    network.client().receive(network.now(), junk, out);
  }
  EXPECT_TRUE(out.empty());
  network.run(Duration::seconds(1));
  expect_connected_with_equal_keys(network);
  for (int i = 0; i < 2000; ++i) {
    std::vector<uint8_t> junk{23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 1, 0, 0, 30};
    junk.resize(43, static_cast<uint8_t>(i));
    network.server().receive(network.now(), junk, out);
  }
  EXPECT_EQ(network.server().state(), State::kConnected);
}

// Each costs OpenSSL a buffer of 17 KB, so there is a limit.
TEST(DtlsEndpoint, RecordsThatAreTooEarlyAreKeptUpToALimit) {
  std::vector<uint8_t> early{22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 30};
  early.resize(43, 0x77);
  for (const size_t count : {Endpoint::kMaxEarlyRecords - 1, Endpoint::kMaxEarlyRecords}) {
    auto network = make_network();
    network.start();
    Datagrams out;
    for (size_t i = 0; i < count; ++i) {
      early[10] = static_cast<uint8_t>(i);
      network.server().receive(network.now(), early, out);
    }
    network.run(Duration::seconds(40));
    // The client's Finished is one of them.
    EXPECT_EQ(network.server().state() == State::kConnected, count < Endpoint::kMaxEarlyRecords);
  }
}

TEST(DtlsEndpoint, ItMovesInTheMiddleOfAHandshake) {
  auto client = make_client();
  Datagrams out;
  client.start(kStart, out);
  Endpoint moved = std::move(client);
  auto server = make_server();
  Network network(std::move(moved), std::move(server), {}, 1);
  network.server().start(kStart, out);
  network.run(Duration::seconds(2));  // the hello is sent again
  expect_connected_with_equal_keys(network);
}

}  // namespace
}  // namespace heliograph::dtls
