// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "crypto/fingerprint.h"
#include "crypto/srtp_keys.h"
#include "dtls/context.h"
#include "dtls/remains.h"
#include "dtls/wire.h"

namespace heliograph::dtls {

enum class State { kNew, kConnecting, kConnected, kFailed, kClosed };
// Why a state is kFailed.
enum class Failure { kNone, kFingerprint, kNoSrtpProfile, kTimeout, kProtocol };

// One end of a DTLS-SRTP association (RFC 6347, RFC 5764): a sans-IO machine around OpenSSL. Owned by a peer's
// transport, on one core. The peer is known by the fingerprint of its certificate alone (RFC 8827 section 6.5). Takes
// 10 KB when new and 41 KB from the first flight on, half of it a message buffer that OpenSSL does not give back; half
// a KB once that is released.
class Endpoint {
 public:
  static constexpr size_t kMaxDatagram = Wire::kMaxDatagram;  // what is appended to `out` is no larger
  // RFC 6347 section 4.2.4.1 says one second first; media cannot wait so long, and the path was just proven by ICE: 50
  // ms, as libwebrtc does, doubled each time. With the cap a flight is sent 13 times before the give-up, which is as
  // often as OpenSSL agrees to.
  static constexpr base::Duration kFirstTimeout = base::Duration::millis(50);
  static constexpr base::Duration kMaxTimeout = base::Duration::seconds(4);
  static constexpr base::Duration kGiveUp = base::Duration::seconds(30);
  // Encrypted records before the handshake is done. OpenSSL keeps each that is too early in a buffer of 17 KB; a
  // datagram with more is dropped.
  static constexpr size_t kMaxEarlyRecords = 32;

  // RFC 6347 section 4.2.4: who sent the last flight answers a peer that repeats its own, for twice TCP's MSL.
  static constexpr base::Duration kLastFlightKept = base::Duration::seconds(240);

  // expected_remote: the fingerprints of the description; those of its strongest algorithm count, and one of them must
  // match (RFC 8122 section 5).
  Endpoint(const Context& context, Role role, std::vector<crypto::Fingerprint> expected_remote);
  ~Endpoint();
  Endpoint(Endpoint&&) noexcept;
  Endpoint& operator=(Endpoint&&) noexcept;

  // A client sends its ClientHello; a server begins to wait for one. Once.
  void start(base::Timestamp now, Datagrams& out);
  // One UDP payload that RFC 7983 says is DTLS. Before start() it is dropped: the peer sends it again.
  void receive(base::Timestamp now, base::ConstBytes datagram, Datagrams& out);
  void on_time(base::Timestamp now, Datagrams& out);
  // When on_time() is due; never once released or over.
  base::Timestamp next_time() const;
  // The peer has our last flight: something came that it protected by the keys of this handshake. Frees OpenSSL's
  // objects; what is left still says and hears goodbye. Nothing unless connected. A client's end does it by itself as
  // soon as it is connected, because the server's last flight is the last of all; a server's end after kLastFlightKept.
  void release();
  bool released() const;
  // Tells the peer, if it is there already (close_notify); then kClosed.
  void close(base::Timestamp now, Datagrams& out);

  State state() const;
  Failure failure() const;
  // nullptr until connected; stays afterwards. The keys are put to `local` and `remote` by our role (RFC 5764
  // section 4.2).
  const crypto::SrtpKeys* srtp_keys() const;

 private:
  struct Association;
  std::unique_ptr<Association> association_;
};

}  // namespace heliograph::dtls
