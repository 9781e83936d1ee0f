// SPDX-License-Identifier: Apache-2.0
#include "server/packet_crypto.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::server {
namespace {

using crypto::Backend;

std::expected<Backend, std::string> chosen(PacketCrypto crypto) {
  Options options;
  options.crypto = crypto;
  return packet_crypto_of(options);
}

TEST(PacketCrypto, AutoIsTheFasterOneThatIsThere) {
  EXPECT_EQ(chosen(PacketCrypto::kAuto), crypto::best_backend());
  EXPECT_EQ(chosen(PacketCrypto::kOpenSsl), Backend::kOpenSsl);
}

TEST(PacketCrypto, WhatIsAskedForAndMissingIsSaid) {
  const auto asked = chosen(PacketCrypto::kIpsecMb);
  if (crypto::is_available(Backend::kIpsecMb))
    EXPECT_EQ(asked, Backend::kIpsecMb);
  else
    EXPECT_THAT(asked.error(), testing::StartsWith("crypto: ipsec-mb is asked for, and this "));
}

}  // namespace
}  // namespace heliograph::server
