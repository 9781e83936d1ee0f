// SPDX-License-Identifier: Apache-2.0
#include "crypto/packet_cipher.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "crypto/srtp_kdf.h"
#include "crypto/testing_bytes.h"

namespace heliograph::crypto {
namespace {

using base::Bytes;
using base::ConstBytes;
using testing::from_hex;
using testing::random_vector;

class EveryBackend : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    if (!is_available(GetParam())) GTEST_SKIP() << "this processor or build does not have it";
  }
};
INSTANTIATE_TEST_SUITE_P(PacketCipher, EveryBackend, ::testing::Values(Backend::kOpenSsl, Backend::kIpsecMb),
                         [](const auto& info) { return info.param == Backend::kOpenSsl ? "OpenSsl" : "IpsecMb"; });

std::vector<uint8_t> seal(GcmCipher& cipher, ConstBytes iv, ConstBytes associated, ConstBytes prefix, ConstBytes rest) {
  std::vector<uint8_t> out(prefix.size() + rest.size() + kGcmTagSize);
  cipher.seal(iv.first<kGcmIvSize>(), associated, prefix, rest, out.data());
  return out;
}

TEST_P(EveryBackend, GcmAgreesWithRfc7714Section16) {
  const auto iv = from_hex("51753c6580c2726f20718414");
  const auto associated = from_hex("8040f17b 8041f8d3 5501a0b2");
  const auto plaintext = base::as_bytes("Gallia est omnis divisa in partes tres");
  const auto key = from_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  GcmCipher aes128(ConstBytes(key).first(16), GetParam());
  EXPECT_EQ(seal(aes128, iv, associated, {}, plaintext),
            from_hex("f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833"
                     "899d7f27 beb16a91 52cf765e e4390cce"));
  GcmCipher aes256(key, GetParam());
  EXPECT_EQ(seal(aes256, iv, associated, {}, plaintext),
            from_hex("32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b"
                     "7aa3db36 dfffd6b0 f9bb7878 d7a76c13"));
}

TEST_P(EveryBackend, CounterModeAgreesWithRfc3711AppendixB2) {
  CounterCipher cipher(from_hex("2B7E151628AED2A6ABF7158809CF4F3C"), GetParam());
  const auto iv = from_hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000");
  const std::vector<uint8_t> zeros(48);
  std::vector<uint8_t> out(48);
  cipher.crypt(ConstBytes(iv).first<16>(), {}, zeros, out.data());
  EXPECT_EQ(out, from_hex("E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB"
                          "41E95B3BB0A2E8DD477901E4FCA894C0"));
}

TEST_P(EveryBackend, GcmOpensWhatItSealedAtEverySize) {
  base::Rng rng(2);
  for (const size_t key_size : {16u, 32u}) {
    GcmCipher cipher(random_vector(rng, key_size), GetParam());
    for (size_t size = 0; size <= 1500; size += size < 300 ? 1 : 37) {
      const auto iv = random_vector(rng, kGcmIvSize);
      const auto associated = random_vector(rng, rng.below(80));
      const auto plaintext = random_vector(rng, size);
      const auto sealed = seal(cipher, iv, associated, {}, plaintext);
      std::vector<uint8_t> opened(size);
      ASSERT_TRUE(cipher.open(ConstBytes(iv).first<kGcmIvSize>(), associated, sealed, opened.data())) << size;
      ASSERT_EQ(opened, plaintext);
    }
  }
}

TEST_P(EveryBackend, GcmSeesEveryChangedByte) {
  base::Rng rng(3);
  GcmCipher cipher(random_vector(rng, 16), GetParam());
  const auto iv = random_vector(rng, kGcmIvSize);
  auto associated = random_vector(rng, 20);
  auto sealed = seal(cipher, iv, associated, {}, random_vector(rng, 100));
  std::vector<uint8_t> out(sealed.size());
  const auto opens = [&] { return cipher.open(ConstBytes(iv).first<kGcmIvSize>(), associated, sealed, out.data()); };
  for (auto* bytes : {&associated, &sealed})
    for (auto& byte : *bytes) {
      byte ^= 0x10;
      EXPECT_FALSE(opens());
      byte ^= 0x10;
    }
  EXPECT_TRUE(opens());
  EXPECT_FALSE(cipher.open(ConstBytes(iv).first<kGcmIvSize>(), associated, ConstBytes(sealed).first(15), out.data()));
}

TEST_P(EveryBackend, APlaintextInTwoPiecesIsOne) {
  base::Rng rng(4);
  const auto key = random_vector(rng, 16);
  GcmCipher gcm(key, GetParam());
  CounterCipher counter(key, GetParam());
  for (size_t cut = 0; cut <= 200; ++cut) {
    const auto iv = random_vector(rng, 16);
    const auto text = random_vector(rng, 200);
    const auto prefix = ConstBytes(text).first(cut);
    const auto rest = ConstBytes(text).subspan(cut);
    EXPECT_EQ(seal(gcm, ConstBytes(iv).first(12), {}, prefix, rest), seal(gcm, ConstBytes(iv).first(12), {}, {}, text));
    std::vector<uint8_t> whole(200), pieces(200);
    counter.crypt(ConstBytes(iv).first<16>(), {}, text, whole.data());
    counter.crypt(ConstBytes(iv).first<16>(), prefix, rest, pieces.data());
    EXPECT_EQ(pieces, whole);
  }
}

TEST(PacketCipher, BackendsAgree) {
  if (!is_available(Backend::kIpsecMb)) GTEST_SKIP() << "one back end only";
  base::Rng rng(5);
  for (int round = 0; round < 2000; ++round) {
    const auto key = random_vector(rng, rng.chance(0.5) ? 16 : 32);
    const auto iv = random_vector(rng, 16);
    const auto associated = random_vector(rng, rng.below(100));
    const auto prefix = random_vector(rng, rng.below(2) * rng.below(20));
    const auto rest = random_vector(rng, rng.below(1500));
    GcmCipher a(key, Backend::kOpenSsl), b(key, Backend::kIpsecMb);
    ASSERT_EQ(seal(a, ConstBytes(iv).first(12), associated, prefix, rest),
              seal(b, ConstBytes(iv).first(12), associated, prefix, rest));
    CounterCipher c(key, Backend::kOpenSsl), d(key, Backend::kIpsecMb);
    std::vector<uint8_t> x(prefix.size() + rest.size()), y(x.size());
    c.crypt(ConstBytes(iv).first<16>(), prefix, rest, x.data());
    d.crypt(ConstBytes(iv).first<16>(), prefix, rest, y.data());
    ASSERT_EQ(x, y);
  }
}

// SRTP's counter is the last two bytes and starts at zero: no packet gets further than this.
TEST_P(EveryBackend, TheCounterCarriesOverTwoBytes) {
  const auto key = from_hex("2B7E151628AED2A6ABF7158809CF4F3C");
  const auto start = from_hex("F0F1F2F3F4F5F6F7F8F9FAFB00000000");
  auto later = start;
  later[14] = 0xff;
  const std::vector<uint8_t> zeros(0x10'0000);
  std::vector<uint8_t> whole(zeros.size());
  CounterCipher cipher(key, GetParam());
  cipher.crypt(ConstBytes(start).first<16>(), {}, zeros, whole.data());
  std::vector<uint8_t> end(0x1000);
  cipher.crypt(ConstBytes(later).first<16>(), {}, ConstBytes(zeros).first(end.size()), end.data());
  EXPECT_TRUE(std::ranges::equal(ConstBytes(whole).last(end.size()), end));
}

SrtpMasterKey master_of(ConstBytes key, ConstBytes salt) {
  SrtpMasterKey master;
  std::ranges::copy(key, master.key.begin());
  std::ranges::copy(salt, master.salt.begin());
  return master;
}

TEST(SrtpKdf, AgreesWithRfc3711AppendixB3) {
  const auto master = master_of(from_hex("E1F97A0D3E018BE0D64FA32C06DE4139"), from_hex("0EC675AD498AFEEBB6960B3AABE6"));
  const auto keys = derive_session_keys(SrtpProfile::kAes128CmHmacSha1_80, master, SrtpUse::kRtp);
  EXPECT_EQ(std::vector(keys.key.begin(), keys.key.begin() + 16), from_hex("C61E7A93744F39EE10734AFE3FF7A087"));
  EXPECT_EQ(std::vector(keys.salt.begin(), keys.salt.end()), from_hex("30CBBC08863D8C85D49DB34A9AE1"));
  EXPECT_EQ(std::vector(keys.authentication.begin(), keys.authentication.end()),
            from_hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
}

TEST(SrtpKdf, RtpAndRtcpGetDifferentKeys) {
  base::Rng rng(6);
  const auto master = master_of(random_vector(rng, 32), random_vector(rng, 14));
  for (const auto profile :
       {SrtpProfile::kAes128CmHmacSha1_80, SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm}) {
    const auto rtp = derive_session_keys(profile, master, SrtpUse::kRtp);
    const auto rtcp = derive_session_keys(profile, master, SrtpUse::kRtcp);
    EXPECT_NE(rtp.key, rtcp.key);
    EXPECT_NE(rtp.salt, rtcp.salt);
    EXPECT_NE(rtp.authentication, rtcp.authentication);
  }
}

}  // namespace
}  // namespace heliograph::crypto
