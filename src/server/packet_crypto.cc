// SPDX-License-Identifier: Apache-2.0
#include "server/packet_crypto.h"

namespace heliograph::server {

std::expected<crypto::Backend, std::string> packet_crypto_of(const Options& options) {
  if (options.crypto == PacketCrypto::kAuto) return crypto::best_backend();
  if (options.crypto == PacketCrypto::kOpenSsl) return crypto::Backend::kOpenSsl;
  if (!crypto::is_built_in(crypto::Backend::kIpsecMb))
    return std::unexpected("crypto: ipsec-mb is asked for, and this heliograph was built without intel-ipsec-mb");
  if (!crypto::is_available(crypto::Backend::kIpsecMb))
    return std::unexpected("crypto: ipsec-mb is asked for, and this processor lacks AES-NI or PCLMULQDQ");
  return crypto::Backend::kIpsecMb;
}

std::string_view name_of(crypto::Backend backend) {
  return backend == crypto::Backend::kIpsecMb ? "intel-ipsec-mb" : "OpenSSL";
}

}  // namespace heliograph::server
