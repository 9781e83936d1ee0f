// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "crypto/fingerprint.h"

namespace heliograph::plan {

// RFC 8445 section 5.3: the user name fragment (4–256 ice-chars) and the password (22–256).
struct IceParameters {
  std::string ufrag;
  std::string pwd;

  bool operator==(const IceParameters&) const = default;
};

// Our own side of the DTLS handshake. Server is a=setup:passive, which we answer wherever the offer lets us.
enum class DtlsRole { kServer, kClient };

// What the other side said about its end of the transport.
struct RemoteTransport {
  IceParameters ice;
  std::vector<crypto::Fingerprint> fingerprints;  // RFC 8122: at least one must match the certificate
  DtlsRole our_role = DtlsRole::kServer;

  bool operator==(const RemoteTransport&) const = default;
};

}  // namespace heliograph::plan
