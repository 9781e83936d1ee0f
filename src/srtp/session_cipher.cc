// SPDX-License-Identifier: Apache-2.0
#include "srtp/session_cipher.h"

#include <algorithm>
#include <cstring>

#include "srtp/header_size.h"

namespace heliograph::srtp {
namespace {

constexpr size_t kSha1_80Tag = 10;
constexpr uint32_t kEncryptedBit = 0x8000'0000;  // E (RFC 3711 section 3.4)

using crypto::SrtpProfile;

// Both families put SSRC and the 48-bit index side by side and XOR the salt over all. The 31-bit SRTCP index counts as
// 48 bits.
// RFC 7714 section 8.1 (SRTP) and 9.1 (SRTCP): two zero bytes, SSRC, index; twelve bytes.
std::array<uint8_t, crypto::kGcmIvSize> gcm_nonce(const SessionSalt& salt, const uint8_t* ssrc, uint64_t index) {
  std::array<uint8_t, crypto::kGcmIvSize> iv;
  const auto upper = uint64_t{base::load_be<uint32_t>(ssrc)} << 16 | index >> 32;
  base::store_be(&iv[0], salt.upper ^ upper);
  base::store_be(&iv[8], static_cast<uint32_t>(salt.lower >> 32 ^ index));
  return iv;
}
// RFC 3711 section 4.1.1: salt · 2^16 XOR SSRC · 2^64 XOR index · 2^16; sixteen bytes, the last two count blocks.
std::array<uint8_t, 16> counter_nonce(const SessionSalt& salt, const uint8_t* ssrc, uint64_t index) {
  std::array<uint8_t, 16> iv;
  base::store_be(&iv[0], salt.upper ^ base::load_be<uint32_t>(ssrc));
  base::store_be(&iv[8], salt.lower ^ index << 16);
  return iv;
}

std::array<uint8_t, 4> big_endian(uint32_t value) {
  std::array<uint8_t, 4> bytes{};
  base::store_be(bytes.data(), value);
  return bytes;
}

uint32_t lap_of(uint64_t index) { return static_cast<uint32_t>(index >> 16); }

// RFC 3711 section 4.2: M is followed by ROC, which stands where the tag will until that is there.
void seal_tag(const crypto::HmacSha1& hmac, uint32_t lap, base::Bytes packet, crypto::HmacSha1Queue* tags) {
  const auto tag = packet.last(kSha1_80Tag);
  base::store_be(tag.data(), lap);
  const auto message = packet.first(packet.size() - kSha1_80Tag + sizeof lap);
  if (tags != nullptr) return tags->add(hmac, message, tag);
  std::memcpy(tag.data(), hmac.digest(message).data(), tag.size());
}

}  // namespace

SessionCipher::SessionCipher(SrtpProfile profile, const crypto::SrtpMasterKey& master, crypto::SrtpUse use,
                             crypto::Backend backend)
    : SessionCipher(profile, crypto::derive_session_keys(profile, master, use), backend) {}

SessionCipher::SessionCipher(SrtpProfile profile, const crypto::SrtpSessionKeys& keys, crypto::Backend backend)
    : salt_(keys.salt), cipher_([&]() -> Cipher {
        const auto key = base::ConstBytes(keys.key).first(crypto::master_key_size(profile));
        if (profile != SrtpProfile::kAes128CmHmacSha1_80) return crypto::GcmCipher(key, backend);
        return CounterAndHmac{crypto::CounterCipher(key, backend), crypto::HmacSha1(keys.authentication)};
      }()) {}

size_t SessionCipher::tag_size() const {
  return std::holds_alternative<crypto::GcmCipher>(cipher_) ? crypto::kGcmTagSize : kSha1_80Tag;
}

size_t SessionCipher::seal_rtp(base::ConstBytes header, base::ConstBytes prefix, base::ConstBytes payload,
                               uint64_t index, uint8_t* out, crypto::HmacSha1Queue* tags) {
  const uint8_t* ssrc = &header[8];
  std::memcpy(out, header.data(), header.size());
  uint8_t* const ciphertext = out + header.size();
  const size_t size = header.size() + prefix.size() + payload.size();
  if (auto* gcm = std::get_if<crypto::GcmCipher>(&cipher_)) {
    gcm->seal(gcm_nonce(salt_, ssrc, index), header, prefix, payload, ciphertext);
  } else {
    auto& [cipher, hmac] = std::get<CounterAndHmac>(cipher_);
    cipher.crypt(counter_nonce(salt_, ssrc, index), prefix, payload, ciphertext);
    seal_tag(hmac, lap_of(index), {out, size + kSha1_80Tag}, tags);
  }
  return size + tag_size();
}

bool SessionCipher::open_rtp(base::ConstBytes packet, size_t header_size, uint64_t index, uint8_t* out) {
  const auto header = packet.first(header_size);
  const uint8_t* ssrc = &packet[8];
  std::memcpy(out, header.data(), header.size());
  uint8_t* const plaintext = out + header.size();
  if (auto* gcm = std::get_if<crypto::GcmCipher>(&cipher_))
    return gcm->open(gcm_nonce(salt_, ssrc, index), header, packet.subspan(header_size), plaintext);
  auto& [cipher, hmac] = std::get<CounterAndHmac>(cipher_);
  const auto authenticated = packet.first(packet.size() - kSha1_80Tag);
  const auto tag = hmac.digest(authenticated, big_endian(lap_of(index)));
  if (!crypto::equal_in_constant_time(base::ConstBytes(tag).first(kSha1_80Tag), packet.last(kSha1_80Tag))) return false;
  cipher.crypt(counter_nonce(salt_, ssrc, index), {}, authenticated.subspan(header_size), plaintext);
  return true;
}

size_t SessionCipher::seal_rtcp(base::ConstBytes compound, uint32_t index, uint8_t* out) {
  const auto header = compound.first(kRtcpHeader);
  const auto body = compound.subspan(kRtcpHeader);
  const uint8_t* ssrc = &compound[4];
  const auto word = big_endian(kEncryptedBit | index);
  std::memcpy(out, header.data(), header.size());
  if (auto* gcm = std::get_if<crypto::GcmCipher>(&cipher_)) {
    std::array<uint8_t, kRtcpHeader + 4> associated{};  // RFC 7714 section 9.2
    std::ranges::copy(word, std::ranges::copy(header, associated.begin()).out);
    gcm->seal(gcm_nonce(salt_, ssrc, index), associated, {}, body, out + kRtcpHeader);
    std::ranges::copy(word, out + compound.size() + crypto::kGcmTagSize);
  } else {
    auto& [cipher, hmac] = std::get<CounterAndHmac>(cipher_);
    cipher.crypt(counter_nonce(salt_, ssrc, index), {}, body, out + kRtcpHeader);
    std::ranges::copy(word, out + compound.size());
    const auto tag = hmac.digest({out, compound.size() + 4});
    std::memcpy(out + compound.size() + 4, tag.data(), kSha1_80Tag);
  }
  return compound.size() + rtcp_overhead();
}

SrtcpIndex SessionCipher::rtcp_index(base::ConstBytes packet) const {
  const size_t after = std::holds_alternative<crypto::GcmCipher>(cipher_) ? 0 : kSha1_80Tag;
  const auto word = base::load_be<uint32_t>(&packet[packet.size() - after - 4]);
  return {.encrypted = (word & kEncryptedBit) != 0, .index = word & ~kEncryptedBit};
}

bool SessionCipher::open_rtcp(base::ConstBytes packet, uint8_t* out) {
  const auto index = rtcp_index(packet).index;
  const auto header = packet.first(kRtcpHeader);
  const uint8_t* ssrc = &packet[4];
  std::memcpy(out, header.data(), header.size());
  if (auto* gcm = std::get_if<crypto::GcmCipher>(&cipher_)) {
    std::array<uint8_t, kRtcpHeader + 4> associated{};
    std::ranges::copy(packet.last(4), std::ranges::copy(header, associated.begin()).out);
    const auto sealed = packet.subspan(kRtcpHeader, packet.size() - kRtcpHeader - 4);
    return gcm->open(gcm_nonce(salt_, ssrc, index), associated, sealed, out + kRtcpHeader);
  }
  auto& [cipher, hmac] = std::get<CounterAndHmac>(cipher_);
  const auto authenticated = packet.first(packet.size() - kSha1_80Tag);
  const auto tag = hmac.digest(authenticated);
  if (!crypto::equal_in_constant_time(base::ConstBytes(tag).first(kSha1_80Tag), packet.last(kSha1_80Tag))) return false;
  const auto body = authenticated.subspan(kRtcpHeader, authenticated.size() - kRtcpHeader - 4);
  cipher.crypt(counter_nonce(salt_, ssrc, index), {}, body, out + kRtcpHeader);
  return true;
}

}  // namespace heliograph::srtp
