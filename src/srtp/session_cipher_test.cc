// SPDX-License-Identifier: Apache-2.0
#include "srtp/session_cipher.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "srtp/testing_packets.h"

namespace heliograph::srtp {
namespace {

using crypto::SrtpProfile;
using crypto::testing::from_hex;
using testing::Packet;

class EveryBackend : public ::testing::TestWithParam<crypto::Backend> {
 protected:
  void SetUp() override {
    if (!crypto::is_available(GetParam())) GTEST_SKIP() << "this processor or build does not have it";
  }
};
INSTANTIATE_TEST_SUITE_P(SessionCipher, EveryBackend,
                         ::testing::Values(crypto::Backend::kOpenSsl, crypto::Backend::kIpsecMb),
                         [](const auto& info) { return info.index == 0 ? "OpenSsl" : "IpsecMb"; });

// The keys of RFC 7714 sections 16 and 17: 0, 1, 2 … and "Quid pro quo".
crypto::SrtpSessionKeys rfc7714_keys() {
  crypto::SrtpSessionKeys keys;
  for (size_t i = 0; i < keys.key.size(); ++i) keys.key[i] = static_cast<uint8_t>(i);
  std::ranges::copy(base::as_bytes("Quid pro quo"), keys.salt.begin());
  return keys;
}

void expect_rtp(SrtpProfile profile, crypto::Backend backend, const Packet& expected) {
  SessionCipher cipher(profile, rfc7714_keys(), backend);
  const auto header = from_hex("8040f17b 8041f8d3 5501a0b2");
  const auto payload = base::as_bytes("Gallia est omnis divisa in partes tres");
  Packet out(200);
  out.resize(cipher.seal_rtp(header, {}, payload, 0xf17b, out.data()));
  EXPECT_EQ(out, expected);
  Packet opened(out.size());
  ASSERT_TRUE(cipher.open_rtp(out, header.size(), 0xf17b, opened.data()));
  opened.resize(out.size() - cipher.tag_size());
  EXPECT_EQ(opened, testing::joined(header, {payload.begin(), payload.end()}));
}

TEST_P(EveryBackend, SrtpAgreesWithRfc7714Section16) {
  expect_rtp(SrtpProfile::kAeadAes128Gcm, GetParam(),
             from_hex("8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a"
                      "51c7d19b 36de3adf 8833 899d7f27 beb16a91 52cf765e e4390cce"));
  expect_rtp(SrtpProfile::kAeadAes256Gcm, GetParam(),
             from_hex("8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02"
                      "76ffae0f 1ba63799 b87b 7aa3db36 dfffd6b0 f9bb7878 d7a76c13"));
}

void expect_rtcp(SrtpProfile profile, crypto::Backend backend, const Packet& expected) {
  SessionCipher cipher(profile, rfc7714_keys(), backend);
  const auto compound = from_hex(
      "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61"
      "deadbeef deadbeef deadbeef deadbeef deadbeef");
  Packet out(200);
  out.resize(cipher.seal_rtcp(compound, 0x5d4, out.data()));
  EXPECT_EQ(out, expected);
  EXPECT_EQ(cipher.rtcp_index(out).index, 0x5d4u);
  EXPECT_TRUE(cipher.rtcp_index(out).encrypted);
  Packet opened(out.size());
  ASSERT_TRUE(cipher.open_rtcp(out, opened.data()));
  opened.resize(compound.size());
  EXPECT_EQ(opened, compound);
}

TEST_P(EveryBackend, SrtcpAgreesWithRfc7714Section17) {
  expect_rtcp(SrtpProfile::kAeadAes128Gcm, GetParam(),
              from_hex("81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda"
                       "4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4"));
  expect_rtcp(SrtpProfile::kAeadAes256Gcm, GetParam(),
              from_hex("81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be"
                       "8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4"));
}

// The master key of RFC 3711 appendix B.3; the packet is the one that libsrtp's own self-test checks.
TEST_P(EveryBackend, CounterModeWithHmacAgreesWithAKnownPacket) {
  crypto::SrtpMasterKey master;
  std::ranges::copy(from_hex("e1f97a0d3e018be0d64fa32c06de4139"), master.key.begin());
  std::ranges::copy(from_hex("0ec675ad498afeebb6960b3aabe6"), master.salt.begin());
  SessionCipher cipher(SrtpProfile::kAes128CmHmacSha1_80, master, crypto::SrtpUse::kRtp, GetParam());
  const Packet payload(16, 0xab);
  Packet out(100);
  out.resize(cipher.seal_rtp(from_hex("800f1234decafbadcafebabe"), {}, payload, 0x1234, out.data()));
  EXPECT_EQ(out, from_hex("800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb"));
}

}  // namespace
}  // namespace heliograph::srtp
