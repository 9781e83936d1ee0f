// SPDX-License-Identifier: Apache-2.0
// OpenSSL 3 deprecates its low-level hashes in favour of EVP. But EVP allocates whenever a hashed-ahead key is copied,
// which would be once a packet here; the low-level functions are the same assembly without that.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/hmac.h"

#include <algorithm>

#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace heliograph::crypto {
namespace {

constexpr size_t kBlock = 64;  // both hashes
constexpr uint8_t kInnerPad = 0x36;
constexpr uint8_t kOuterPad = 0x5c;

struct Sha1 {
  using Context = SHA_CTX;
  using Digest = Sha1Digest;
  static void init(Context& c) { SHA1_Init(&c); }
  static void update(Context& c, base::ConstBytes bytes) { SHA1_Update(&c, bytes.data(), bytes.size()); }
  static void finish(Context& c, Digest& out) { SHA1_Final(out.data(), &c); }
};
struct Sha256 {
  using Context = SHA256_CTX;
  using Digest = Sha256Digest;
  static void init(Context& c) { SHA256_Init(&c); }
  static void update(Context& c, base::ConstBytes bytes) { SHA256_Update(&c, bytes.data(), bytes.size()); }
  static void finish(Context& c, Digest& out) { SHA256_Final(out.data(), &c); }
};

// The key as one block: hashed first if longer, filled up with zeros (RFC 2104 section 2).
template <class Hash>
std::array<uint8_t, kBlock> key_block(base::ConstBytes key) {
  std::array<uint8_t, kBlock> block{};
  if (key.size() <= kBlock) {
    std::ranges::copy(key, block.begin());
    return block;
  }
  typename Hash::Context context;
  typename Hash::Digest digest;
  Hash::init(context);
  Hash::update(context, key);
  Hash::finish(context, digest);
  std::ranges::copy(digest, block.begin());
  return block;
}

// A hash that has taken in the key's block, XORed with the pad.
template <class Hash>
typename Hash::Context padded(std::array<uint8_t, kBlock> block, uint8_t pad) {
  for (auto& byte : block) byte ^= pad;
  typename Hash::Context context;
  Hash::init(context);
  Hash::update(context, block);
  return context;
}

template <class Hash>
typename Hash::Digest finish(typename Hash::Context inner, typename Hash::Context outer, base::ConstBytes a,
                             base::ConstBytes b) {
  typename Hash::Digest digest;
  Hash::update(inner, a);
  Hash::update(inner, b);
  Hash::finish(inner, digest);
  Hash::update(outer, digest);
  Hash::finish(outer, digest);
  return digest;
}

std::array<uint32_t, 5> state_of(const SHA_CTX& c) { return {c.h0, c.h1, c.h2, c.h3, c.h4}; }

// The hash as it stood after its first block.
SHA_CTX after_one_block(const std::array<uint32_t, 5>& state) {
  SHA_CTX c;
  SHA1_Init(&c);
  c.h0 = state[0];
  c.h1 = state[1];
  c.h2 = state[2];
  c.h3 = state[3];
  c.h4 = state[4];
  c.Nl = kBlock * 8;
  return c;
}

}  // namespace

HmacSha1::HmacSha1(base::ConstBytes key) {
  const auto block = key_block<Sha1>(key);
  inner_ = state_of(padded<Sha1>(block, kInnerPad));
  outer_ = state_of(padded<Sha1>(block, kOuterPad));
}

Sha1Digest HmacSha1::digest(base::ConstBytes a, base::ConstBytes b) const {
  return finish<Sha1>(after_one_block(inner_), after_one_block(outer_), a, b);
}

Sha1Digest hmac_sha1(base::ConstBytes key, base::ConstBytes a, base::ConstBytes b) {
  return HmacSha1(key).digest(a, b);
}

Sha256Digest hmac_sha256(base::ConstBytes key, base::ConstBytes a, base::ConstBytes b) {
  const auto block = key_block<Sha256>(key);
  return finish<Sha256>(padded<Sha256>(block, kInnerPad), padded<Sha256>(block, kOuterPad), a, b);
}

bool equal_in_constant_time(base::ConstBytes a, base::ConstBytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace heliograph::crypto
