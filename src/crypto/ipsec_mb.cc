// SPDX-License-Identifier: Apache-2.0
#include "crypto/ipsec_mb.h"

#include "base/check.h"

#if HELIOGRAPH_IPSEC_MB

#include <array>
#include <cstring>
#include <memory>

#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>

namespace heliograph::crypto {

struct detail::CounterKeySchedule {
  alignas(16) std::array<uint8_t, 15 * 16> round_keys{};  // 11 rounds' worth for a 16-byte key
  IMB_KEY_SIZE_BYTES key_size{};
};

namespace ipsec_mb {
namespace {

// The hash functions keep state in the manager, and its error number is there too: one a thread.
IMB_MGR* manager() {
  using Pointer = std::unique_ptr<IMB_MGR, decltype([](IMB_MGR* m) { free_mb_mgr(m); })>;
  thread_local const Pointer manager = [] {
    Pointer made(alloc_mb_mgr(0));
    if (made) init_mb_mgr_auto(made.get(), nullptr);
    return made;
  }();
  return manager.get();
}

// GCM's functions keep nothing in the manager: which of them this processor gets is looked up once, not by thread and
// packet. By size of the key: 128, 256. Filled by works(), which comes before the first key.
constinit std::array<aes_gcm_enc_dec_t, 2> gcm_seals{};
constinit std::array<aes_gcm_enc_dec_t, 2> gcm_opens{};

bool works() {
  const IMB_MGR* m = manager();
  constexpr uint64_t kNeeded = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;
  if (m == nullptr || m->imb_errno != 0 || (m->features & kNeeded) != kNeeded) return false;
  gcm_seals = {m->gcm128_enc, m->gcm256_enc};
  gcm_opens = {m->gcm128_dec, m->gcm256_dec};
  return (m->features & IMB_FEATURE_AESNI_EMU) == 0;
}

}  // namespace

bool is_available() {
  static const bool available = works();
  return available;
}

gcm_key_data* gcm_key(base::ConstBytes key) {
  auto* expanded = new gcm_key_data;  // its type asks for 64-byte alignment, and new obeys
  if (key.size() == IMB_KEY_256_BYTES)
    IMB_AES256_GCM_PRE(manager(), key.data(), expanded);
  else
    IMB_AES128_GCM_PRE(manager(), key.data(), expanded);
  return expanded;
}

detail::CounterKeySchedule* counter_key(base::ConstBytes key) {
  auto* schedule = new detail::CounterKeySchedule;
  alignas(16) std::array<uint8_t, 15 * 16> unused_decryption_keys;
  schedule->key_size = key.size() == IMB_KEY_256_BYTES ? IMB_KEY_256_BYTES : IMB_KEY_128_BYTES;
  if (schedule->key_size == IMB_KEY_256_BYTES)
    IMB_AES_KEYEXP_256(manager(), key.data(), schedule->round_keys.data(), unused_decryption_keys.data());
  else
    IMB_AES_KEYEXP_128(manager(), key.data(), schedule->round_keys.data(), unused_decryption_keys.data());
  OPENSSL_cleanse(unused_decryption_keys.data(), unused_decryption_keys.size());
  return schedule;
}

void free(gcm_key_data* key) {
  OPENSSL_cleanse(key, sizeof *key);
  delete key;
}

void free(detail::CounterKeySchedule* key) {
  OPENSSL_cleanse(key, sizeof *key);
  delete key;
}

void gcm_seal(const gcm_key_data& key, bool is_256, const uint8_t* iv, base::ConstBytes associated,
              base::ConstBytes text, uint8_t* out, uint8_t* tag) {
  gcm_context_data context;
  gcm_seals[is_256](&key, &context, out, text.data(), text.size(), iv, associated.data(), associated.size(), tag,
                    IMB_MAX_TAG_LEN);
}

void gcm_open(const gcm_key_data& key, bool is_256, const uint8_t* iv, base::ConstBytes associated,
              base::ConstBytes text, uint8_t* out, uint8_t* tag) {
  gcm_context_data context;
  gcm_opens[is_256](&key, &context, out, text.data(), text.size(), iv, associated.data(), associated.size(), tag,
                    IMB_MAX_TAG_LEN);
}

void counter_crypt(const detail::CounterKeySchedule& key, const uint8_t* iv, base::ConstBytes text, uint8_t* out) {
  IMB_JOB job{};
  job.enc_keys = key.round_keys.data();
  job.key_len_in_bytes = key.key_size;
  job.src = text.data();
  job.dst = out;
  job.msg_len_to_cipher_in_bytes = text.size();
  job.iv = iv;
  job.iv_len_in_bytes = 16;
  CHECK(IMB_SUBMIT_CIPHER_BURST_NOCHECK(manager(), &job, 1, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT, key.key_size) == 1);
}

// The hash functions of a burst keep nothing in the manager between calls, unlike its jobs. They write a whole digest
// whatever the length asked for, which would run into the next datagram.
void hmac_sha1(std::span<const HmacSha1Job> jobs) {
  CHECK(jobs.size() <= kMaxHmacs);
  thread_local std::array<IMB_JOB, kMaxHmacs> burst{};
  std::array<Sha1Digest, kMaxHmacs> digests;
  for (size_t i = 0; i < jobs.size(); ++i) {
    IMB_JOB& job = burst[i];
    job.src = jobs[i].message.data();
    job.msg_len_to_hash_in_bytes = jobs[i].message.size();
    job.u.HMAC._hashed_auth_key_xor_ipad = reinterpret_cast<const uint8_t*>(jobs[i].key.inner().data());
    job.u.HMAC._hashed_auth_key_xor_opad = reinterpret_cast<const uint8_t*>(jobs[i].key.outer().data());
    job.auth_tag_output = digests[i].data();
    job.auth_tag_output_len_in_bytes = digests[i].size();
  }
  const auto count = static_cast<uint32_t>(jobs.size());
  CHECK(IMB_SUBMIT_HASH_BURST_NOCHECK(manager(), burst.data(), count, IMB_AUTH_HMAC_SHA_1) == count);
  for (size_t i = 0; i < jobs.size(); ++i) std::memcpy(jobs[i].tag.data(), digests[i].data(), jobs[i].tag.size());
}

}  // namespace ipsec_mb
}  // namespace heliograph::crypto

#else

namespace heliograph::crypto::ipsec_mb {

// Nobody gets past is_available().
bool is_available() { return false; }
gcm_key_data* gcm_key(base::ConstBytes) { return nullptr; }
detail::CounterKeySchedule* counter_key(base::ConstBytes) { return nullptr; }
void free(gcm_key_data*) {}
void free(detail::CounterKeySchedule*) {}
void gcm_seal(const gcm_key_data&, bool, const uint8_t*, base::ConstBytes, base::ConstBytes, uint8_t*, uint8_t*) {
  CHECK(is_available());
}
void gcm_open(const gcm_key_data&, bool, const uint8_t*, base::ConstBytes, base::ConstBytes, uint8_t*, uint8_t*) {
  CHECK(is_available());
}
void counter_crypt(const detail::CounterKeySchedule&, const uint8_t*, base::ConstBytes, uint8_t*) {
  CHECK(is_available());
}
void hmac_sha1(std::span<const HmacSha1Job>) { CHECK(is_available()); }

}  // namespace heliograph::crypto::ipsec_mb

#endif
