// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include <openssl/types.h>

#include "base/bytes.h"
#include "dtls/record.h"
#include "dtls/wire.h"

namespace heliograph::dtls {

enum class Role { kClient, kServer };

// What stays of an association once its handshake is over for both ends and OpenSSL's objects are gone: SRTP has its
// keys, so that all that DTLS may still bring is a goodbye. This knows the peer's by the key of the records that come
// from it, and has ours sealed in advance. 150 bytes instead of 41 KB. Owned by an Endpoint.
//
// It needs no replay window: the first authentic alert that says goodbye ends the association, so none can be heard
// twice, and all other records are dropped.
class Remains {
 public:
  // Of an SSL whose handshake is complete. It is made to say goodbye, by the wire that it hangs on, and is good for
  // nothing afterwards. nullopt, and nothing has changed, with a cipher suite that is not AES-GCM: our Context has no
  // other.
  static std::optional<Remains> of(SSL* ssl, Role role, Wire& wire);
  ~Remains();
  Remains(const Remains&) = default;
  Remains(Remains&&) = default;
  Remains& operator=(const Remains&) = default;
  Remains& operator=(Remains&&) = default;

  enum class Heard : uint8_t { kNothing, kCloseNotify, kFatalAlert };
  // One UDP payload. Forgeries, handshakes that are repeated and application data are nothing.
  Heard receive(base::ConstBytes datagram) const;

  // Our close_notify, as a datagram. To be sent once.
  const std::vector<uint8_t>& goodbye() const { return goodbye_; }

 private:
  static constexpr size_t kMaxKey = 32;
  static constexpr size_t kImplicitNonce = 4;  // RFC 5288 section 3

  Remains() = default;
  Heard judge(const Record& record) const;

  std::array<uint8_t, kMaxKey> key_{};  // the peer's write key
  uint8_t key_size_ = 0;
  std::array<uint8_t, kImplicitNonce> implicit_nonce_{};
  std::vector<uint8_t> goodbye_;
};

}  // namespace heliograph::dtls
