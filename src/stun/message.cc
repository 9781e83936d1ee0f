// SPDX-License-Identifier: Apache-2.0
#include "stun/message.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "crypto/crc32.h"
#include "crypto/hmac.h"

namespace heliograph::stun {
namespace {

constexpr size_t kAttributeHeaderSize = 4;
constexpr size_t kIntegritySize = 20;  // HMAC-SHA1
constexpr size_t kFingerprintSize = 4;
constexpr uint32_t kFingerprintXor = 0x5354554e;  // "STUN", RFC 8489 section 14.7
constexpr size_t kLengthAt = 2;
constexpr size_t kIdAt = 8;
constexpr uint8_t kIpv4 = 0x01;
constexpr uint8_t kIpv6 = 0x02;
// An ICE check is far smaller; what is hashed is copied to the stack first.
constexpr size_t kMaxMessageSize = 1500;

constexpr size_t padded(size_t size) { return (size + 3) / 4 * 4; }

// RFC 8489 section 5: M11–M7 C1 M6–M4 C0 M3–M0.
constexpr uint16_t message_type(Class c, uint16_t method) {
  const auto bits = static_cast<unsigned>(c);
  return static_cast<uint16_t>((method & 0xf80u) << 2 | (bits & 2) << 7 | (method & 0x70u) << 1 | (bits & 1) << 4 |
                               (method & 0x0fu));
}
constexpr Class class_of(uint16_t type) { return static_cast<Class>((type >> 7 & 2) | (type >> 4 & 1)); }
constexpr uint16_t method_of(uint16_t type) {
  return static_cast<uint16_t>((type >> 2 & 0xf80) | (type >> 1 & 0x70) | (type & 0x0f));
}

// RFC 8489 sections 14.5 and 14.7: a signature covers what is before it, under a length that ends right after it.
struct Covered {
  std::array<uint8_t, kMaxMessageSize> buffer;
  size_t size = 0;

  Covered(base::ConstBytes message, size_t attribute_at, size_t value_size) : size(attribute_at) {
    std::memcpy(buffer.data(), message.data(), size);
    const size_t length = attribute_at + kAttributeHeaderSize + value_size - kHeaderSize;
    base::store_be<uint16_t>(&buffer[kLengthAt], static_cast<uint16_t>(length));
  }
  base::ConstBytes bytes() const { return base::ConstBytes(buffer).first(size); }
};

std::array<uint8_t, kIntegritySize> integrity_of(base::ConstBytes message, size_t at, base::ConstBytes key) {
  return crypto::hmac_sha1(key, Covered(message, at, kIntegritySize).bytes());
}
uint32_t fingerprint_of(base::ConstBytes message, size_t at) {
  return crypto::crc32(Covered(message, at, kFingerprintSize).bytes()) ^ kFingerprintXor;
}

// RFC 8489 section 14.8: 21 reserved bits, the hundreds, the rest.
uint16_t read_error_code(base::ByteReader& in) {
  const uint32_t code = in.u32();
  return static_cast<uint16_t>((code >> 8 & 7) * 100 + (code & 0xff));
}

template <std::unsigned_integral T>
std::array<uint8_t, sizeof(T)> number_bytes(T value) {
  std::array<uint8_t, sizeof(T)> bytes{};
  base::store_be(bytes.data(), value);
  return bytes;
}

// RFC 8489 section 14.2: IPv4 addresses are masked by the cookie, IPv6 ones by the cookie and the transaction id.
std::array<uint8_t, 16> address_mask(const TransactionId& id) {
  std::array<uint8_t, 16> mask{};
  base::store_be(mask.data(), kMagicCookie);
  std::ranges::copy(id, mask.begin() + 4);
  return mask;
}

}  // namespace

TransactionId make_transaction_id(base::Rng& rng) {
  TransactionId id{};
  base::store_be<uint64_t>(id.data(), rng());
  base::store_be<uint32_t>(id.data() + 8, rng.u32());
  return id;
}

std::string_view reason_phrase(ErrorCode code) {
  switch (code) {
    case ErrorCode::kBadRequest:
      return "Bad Request";
    case ErrorCode::kUnauthenticated:
      return "Unauthenticated";
    case ErrorCode::kUnknownAttribute:
      return "Unknown Attribute";
    case ErrorCode::kRoleConflict:
      return "Role Conflict";
  }
  return "";
}

bool looks_like_stun(base::ConstBytes d) {
  return d.size() >= kHeaderSize && d[0] <= 3 && base::load_be<uint32_t>(&d[4]) == kMagicCookie;
}

std::optional<MessageView> MessageView::parse(base::ConstBytes d) {
  if (!looks_like_stun(d) || d.size() > kMaxMessageSize) return std::nullopt;
  const auto type = base::load_be<uint16_t>(d.data());
  const auto length = base::load_be<uint16_t>(&d[kLengthAt]);
  if (length % 4 != 0 || kHeaderSize + length != d.size()) return std::nullopt;
  MessageView view(d);
  view.class_ = class_of(type);
  view.method_ = method_of(type);
  if (!view.take_attributes()) return std::nullopt;
  return view;
}

bool MessageView::take_attributes() {
  base::ByteReader in(bytes_.subspan(kHeaderSize));
  while (in.left() > 0) {
    const size_t at = bytes_.size() - in.left();
    const uint16_t type = in.u16();
    const uint16_t size = in.u16();
    const auto value = in.bytes(size);
    in.skip(padded(size) - size);
    if (!in.ok() || has_fingerprint() || !take(type, value, at)) return false;  // nothing may follow FINGERPRINT
  }
  return true;
}

// False when a known attribute has the wrong size.
bool MessageView::take(uint16_t type, base::ConstBytes value, size_t at) {
  switch (static_cast<Attribute>(type)) {
    case Attribute::kFingerprint:
      fingerprint_at_ = static_cast<uint16_t>(at);
      return value.size() == kFingerprintSize;
    case Attribute::kMessageIntegrity:
      if (!has_integrity()) integrity_at_ = static_cast<uint16_t>(at);
      return value.size() == kIntegritySize;
    default:
      return has_integrity() || take_signed(type, value);
  }
}

bool MessageView::take_signed(uint16_t type, base::ConstBytes value) {
  base::ByteReader in(value);
  const auto once = [](auto& field, auto read) {
    if (!field) field = read;
    return true;
  };
  switch (static_cast<Attribute>(type)) {
    case Attribute::kUsername:
      return once(username_, value);
    case Attribute::kSoftware:
      return once(software_, value);
    case Attribute::kXorMappedAddress:
      return once(mapped_, value);
    case Attribute::kPriority:
      return once(priority_, in.u32()) && in.ok();
    case Attribute::kIceControlling:
      return once(controlling_, in.u64()) && in.ok();
    case Attribute::kIceControlled:
      return once(controlled_, in.u64()) && in.ok();
    case Attribute::kErrorCode:
      return once(error_code_, read_error_code(in)) && in.ok();
    case Attribute::kUseCandidate:
      return use_candidate_ = true;
    case Attribute::kMessageIntegritySha256:
    case Attribute::kUnknownAttributes:
      return true;
    default:
      take_unknown(type);
      return true;
  }
}

void MessageView::take_unknown(uint16_t type) {
  if (type < 0x8000 && unknown_count_ < kMaxUnknown) unknown_[unknown_count_++] = type;
}

TransactionId MessageView::transaction_id() const {
  TransactionId id{};
  std::copy_n(bytes_.begin() + kIdAt, id.size(), id.begin());
  return id;
}

std::optional<std::string_view> MessageView::username() const {
  return username_ ? std::optional(base::as_text(*username_)) : std::nullopt;
}

std::optional<std::string_view> MessageView::software() const {
  return software_ ? std::optional(base::as_text(*software_)) : std::nullopt;
}

std::optional<base::SocketAddress> MessageView::xor_mapped_address() const {
  if (!mapped_) return std::nullopt;
  base::ByteReader in(*mapped_);
  in.skip(1);
  const uint8_t family = in.u8();
  const auto port = static_cast<uint16_t>(in.u16() ^ (kMagicCookie >> 16));
  const size_t size = family == kIpv4 ? 4 : 16;
  const auto masked = in.bytes(size);
  if (!in.ok() || in.left() > 0 || (family != kIpv4 && family != kIpv6)) return std::nullopt;
  auto bytes = address_mask(transaction_id());
  for (size_t i = 0; i < size; ++i) bytes[i] ^= masked[i];
  if (family == kIpv6) return base::SocketAddress{base::IpAddress::v6(bytes), port};
  return base::SocketAddress{base::IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]}), port};
}

bool MessageView::check_integrity(base::ConstBytes key) const {
  if (!has_integrity()) return false;
  const auto stated = bytes_.subspan(integrity_at_ + kAttributeHeaderSize, kIntegritySize);
  return crypto::equal_in_constant_time(integrity_of(bytes_, integrity_at_, key), stated);
}

bool MessageView::check_fingerprint() const {
  if (!has_fingerprint()) return false;
  const auto stated = base::load_be<uint32_t>(&bytes_[fingerprint_at_ + kAttributeHeaderSize]);
  return fingerprint_of(bytes_, fingerprint_at_) == stated;
}

MessageWriter::MessageWriter(base::Bytes out, Class message_class, uint16_t method, const TransactionId& id)
    : writer_(out.first(std::min(out.size(), kMaxMessageSize))), out_(out), id_(id) {
  writer_.u16(message_type(message_class, method));
  writer_.u16(0);
  writer_.u32(kMagicCookie);
  writer_.bytes(id);
}

void MessageWriter::attribute(Attribute type, base::ConstBytes value) {
  writer_.u16(static_cast<uint16_t>(type));
  writer_.u16(static_cast<uint16_t>(value.size()));
  writer_.bytes(value);
  for (size_t n = value.size(); n < padded(value.size()); ++n) writer_.u8(0);
  if (writer_.ok()) base::store_be(&out_[kLengthAt], static_cast<uint16_t>(writer_.size() - kHeaderSize));
}

void MessageWriter::username(std::string_view name) { attribute(Attribute::kUsername, base::as_bytes(name)); }

void MessageWriter::software(std::string_view text) { attribute(Attribute::kSoftware, base::as_bytes(text)); }

void MessageWriter::xor_mapped_address(const base::SocketAddress& address) {
  const auto ip = address.ip.bytes();
  const auto mask = address_mask(id_);
  std::array<uint8_t, 20> value{};
  value[1] = address.ip.is_v4() ? kIpv4 : kIpv6;
  base::store_be(&value[2], static_cast<uint16_t>(address.port ^ (kMagicCookie >> 16)));
  for (size_t i = 0; i < ip.size(); ++i) value[4 + i] = ip[i] ^ mask[i];
  attribute(Attribute::kXorMappedAddress, base::ConstBytes(value).first(4 + ip.size()));
}

void MessageWriter::priority(uint32_t value) { attribute(Attribute::kPriority, number_bytes(value)); }
void MessageWriter::use_candidate() { attribute(Attribute::kUseCandidate, {}); }
void MessageWriter::ice_controlling(uint64_t tie_breaker) {
  attribute(Attribute::kIceControlling, number_bytes(tie_breaker));
}
void MessageWriter::ice_controlled(uint64_t tie_breaker) {
  attribute(Attribute::kIceControlled, number_bytes(tie_breaker));
}

void MessageWriter::error_code(ErrorCode code) {
  const auto number = static_cast<unsigned>(code);
  const auto reason = base::as_bytes(reason_phrase(code));
  std::array<uint8_t, 64> value{};
  CHECK(4 + reason.size() <= value.size());
  value[2] = static_cast<uint8_t>(number / 100);
  value[3] = static_cast<uint8_t>(number % 100);
  std::ranges::copy(reason, value.begin() + 4);
  attribute(Attribute::kErrorCode, base::ConstBytes(value).first(4 + reason.size()));
}

void MessageWriter::unknown_attributes(std::span<const uint16_t> types) {
  std::array<uint8_t, 2 * MessageView::kMaxUnknown> value{};
  const size_t count = std::min(types.size(), MessageView::kMaxUnknown);
  for (size_t i = 0; i < count; ++i) base::store_be(&value[2 * i], types[i]);
  attribute(Attribute::kUnknownAttributes, base::ConstBytes(value).first(2 * count));
}

void MessageWriter::message_integrity(base::ConstBytes key) {
  if (!writer_.ok()) return;
  attribute(Attribute::kMessageIntegrity, integrity_of(out_, writer_.size(), key));
}

void MessageWriter::fingerprint() {
  if (!writer_.ok()) return;
  attribute(Attribute::kFingerprint, number_bytes(fingerprint_of(out_, writer_.size())));
}

}  // namespace heliograph::stun
