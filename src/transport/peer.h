// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/datagrams.h"
#include "base/prefetch.h"
#include "base/time.h"
#include "crypto/hmac_queue.h"
#include "dtls/endpoint.h"
#include "ice/controlling_agent.h"
#include "ice/lite_agent.h"
#include "plan/transport.h"
#include "srtp/protector.h"
#include "srtp/unprotector.h"

namespace heliograph::transport {

// Memory for the length of one call, shared by the peers of a thread.
struct Scratch {
  ice::Out ice;
  dtls::Datagrams dtls;
  std::array<uint8_t, 2048> plaintext;
};

// Why datagrams came to nothing; kept by the owner of the peers, for all of them.
struct Drops {
  uint64_t malformed = 0;        // not STUN, DTLS, RTP or RTCP by RFC 7983, or larger than any of ours
  uint64_t unauthenticated = 0;  // STUN that is not this peer's
  uint64_t early = 0;            // SRTP before there are keys
  uint64_t replayed = 0;
  uint64_t forged = 0;     // SRTP whose tag is wrong
  uint64_t oversized = 0;  // to be sent, and larger than a datagram may be
};

// One peer's secured 5-tuple: what a PeerConnection is to the other side. Tells STUN, DTLS, SRTP and SRTCP apart (RFC
// 7983), and owns a machine for each. Lives on one shard; knows neither publications nor viewers.
class Peer {
 public:
  // DTLS that comes before the other side's description is kept: the flight of one ClientHello.
  static constexpr size_t kMaxEarlyDtls = 4;

  // The server's end: ICE-lite.
  Peer(const dtls::Context& context, const plan::IceParameters& local);
  // A caller's end: full ICE, controlling. For load tools, simulations and tests.
  struct Calling {
    plan::IceParameters local;
    plan::RemoteTransport remote;
    std::vector<base::SocketAddress> candidates;
    uint64_t seed = 0;
  };
  Peer(const dtls::Context& context, const Calling& calling, base::Timestamp now);

  // The other side's description: the first time DTLS begins, later (ICE restart) only its ICE credentials are taken.
  void set_remote(base::Timestamp now, const plan::RemoteTransport& remote, base::SendBatch& out, Scratch& scratch);
  // DTLS that came before the description, for an owner who would rather feed it again later than have set_remote() do
  // so.
  std::vector<std::vector<uint8_t>> take_early_dtls() { return std::exchange(early_dtls_, {}); }
  // RFC 8445 section 9. Server's end.
  void restart_ice(const plan::IceParameters& local);
  // The same at a caller's end.
  void restart_ice(base::Timestamp now, const plan::IceParameters& local, const plan::IceParameters& remote);

  enum class Content : uint8_t { kNone, kRtp, kRtcp };
  // What came out of one datagram. bytes: decrypted, in scratch.plaintext, valid until the next call with that scratch.
  struct Arrived {
    Content content = Content::kNone;
    base::ConstBytes bytes;
  };
  Arrived receive(base::Timestamp now, const base::Datagram& datagram, base::SendBatch& out, Scratch& scratch,
                  Drops& drops);
  void on_time(base::Timestamp now, base::SendBatch& out, Scratch& scratch);
  base::Timestamp next_time() const;

  enum class State : uint8_t { kConnecting, kConnected, kConsentExpired, kDtlsFailed, kDtlsClosed };
  State state(base::Timestamp now) const;
  // DTLS holds no more than it takes to say and hear goodbye.
  bool handshake_released() const { return dtls_ && dtls_->released(); }
  bool can_send() const { return protector_.has_value() && path_.has_value(); }

  // send_rtp() follows soon: first for what it looks at, then for what that refers to.
  void prefetch() const {
    base::prefetch(&path_, sizeof path_);
    base::prefetch(&protector_, sizeof protector_);
  }
  void prefetch_key() const {
    if (protector_) protector_->prefetch();
  }
  // Protects and appends one packet. header: complete, its sequence number the low 16 bits of index. The payload is
  // payload_prefix ‖ payload. Only when can_send(). With `tags` the packet may be whole only after out.finish(), and
  // `tags` stays until then; they are for who sends to many.
  void send_rtp(base::ConstBytes header, base::ConstBytes payload_prefix, base::ConstBytes payload, uint64_t index,
                base::SendBatch& out, Drops& drops, crypto::HmacSha1Queue* tags = nullptr);
  void send_rtcp(base::ConstBytes compound, base::SendBatch& out);
  // Says goodbye (close_notify).
  void close(base::Timestamp now, base::SendBatch& out, Scratch& scratch);

  // An authenticated check came from there: what else comes from there is this peer's.
  bool knows(const base::Path& path) const;
  // Where to send, once a check came through.
  const std::optional<base::Path>& path() const { return path_; }

 private:
  using Agent = std::variant<ice::LiteAgent, ice::ControllingAgent>;

  void receive_stun(base::Timestamp now, const base::Datagram& datagram, base::SendBatch& out, Scratch& scratch,
                    Drops& drops);
  void receive_dtls(base::Timestamp now, base::ConstBytes bytes, base::SendBatch& out, Scratch& scratch);
  Arrived receive_srtp(base::ConstBytes bytes, Scratch& scratch, Drops& drops);
  Arrived authentic(Content content, base::ConstBytes bytes);
  void begin_dtls(base::Timestamp now, const plan::RemoteTransport& remote, base::SendBatch& out, Scratch& scratch);
  void start_client_dtls(base::Timestamp now, base::SendBatch& out, Scratch& scratch);
  void take_keys();
  void flush(base::SendBatch& out, Scratch& scratch);
  bool consent_expired(base::Timestamp now) const;

  const dtls::Context* context_;
  Agent agent_;
  std::optional<base::Path> path_;
  std::optional<dtls::Endpoint> dtls_;
  dtls::Role role_ = dtls::Role::kServer;
  bool heard_ = false;  // an authentic packet: the peer has the keys
  std::vector<std::vector<uint8_t>> early_dtls_;
  std::optional<srtp::Protector> protector_;
  std::optional<srtp::Unprotector> unprotector_;
};

}  // namespace heliograph::transport
