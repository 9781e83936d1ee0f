// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "crypto/packet_cipher.h"
#include "server/options.h"

namespace heliograph::server {

// The library that the setting `crypto` means on this machine. The error is a sentence that says why there is none.
std::expected<crypto::Backend, std::string> packet_crypto_of(const Options& options);

std::string_view name_of(crypto::Backend backend);

}  // namespace heliograph::server
