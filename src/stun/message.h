// SPDX-License-Identifier: Apache-2.0
// STUN messages (RFC 8489) with the attributes of ICE (RFC 8445 section 16.1), read in place and written in place.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/rng.h"
#include "base/socket_address.h"

namespace heliograph::stun {

inline constexpr uint32_t kMagicCookie = 0x2112a442;
inline constexpr size_t kHeaderSize = 20;

enum class Class : uint8_t { kRequest = 0, kIndication = 1, kSuccess = 2, kError = 3 };
inline constexpr uint16_t kBinding = 0x001;  // the only method of ICE

using TransactionId = std::array<uint8_t, 12>;
TransactionId make_transaction_id(base::Rng& rng);

enum class Attribute : uint16_t {
  kUsername = 0x0006,
  kMessageIntegrity = 0x0008,
  kErrorCode = 0x0009,
  kUnknownAttributes = 0x000a,
  kMessageIntegritySha256 = 0x001c,
  kXorMappedAddress = 0x0020,
  kPriority = 0x0024,
  kUseCandidate = 0x0025,
  kSoftware = 0x8022,
  kFingerprint = 0x8028,
  kIceControlled = 0x8029,
  kIceControlling = 0x802a,
};

// Error codes that we send or act on (RFC 8489 section 14.8, RFC 8445 section 16.2).
enum class ErrorCode : uint16_t {
  kBadRequest = 400,
  kUnauthenticated = 401,
  kUnknownAttribute = 420,
  kRoleConflict = 487,
};
std::string_view reason_phrase(ErrorCode code);

// The start of a STUN message on a socket that it shares with DTLS and SRTP (RFC 7983 section 7), by first byte and
// cookie.
bool looks_like_stun(base::ConstBytes datagram);

// One message seen in place: the bytes must outlive the view. Of an attribute that comes twice the first counts; what
// follows MESSAGE-INTEGRITY is ignored, but for FINGERPRINT (RFC 8489 sections 14 and 14.5).
class MessageView {
 public:
  static constexpr size_t kMaxUnknown = 8;  // unknown comprehension-required attributes remembered

  // nullopt unless the datagram is one whole message whose attributes end where it ends. A FINGERPRINT is not checked
  // here.
  static std::optional<MessageView> parse(base::ConstBytes datagram);

  Class message_class() const { return class_; }
  uint16_t method() const { return method_; }
  TransactionId transaction_id() const;
  base::ConstBytes bytes() const { return bytes_; }

  std::optional<std::string_view> username() const;
  std::optional<base::SocketAddress> xor_mapped_address() const;
  std::optional<uint32_t> priority() const { return priority_; }
  bool use_candidate() const { return use_candidate_; }
  std::optional<uint64_t> ice_controlling() const { return controlling_; }
  std::optional<uint64_t> ice_controlled() const { return controlled_; }
  std::optional<uint16_t> error_code() const { return error_code_; }
  std::optional<std::string_view> software() const;
  // Comprehension-required (0x0000–0x7fff) attributes that we do not know; the answer to a request is 420
  // (RFC 8489 section 6.3.1).
  std::span<const uint16_t> unknown_attributes() const { return std::span(unknown_).first(unknown_count_); }

  bool has_integrity() const { return integrity_at_ != 0; }
  bool has_fingerprint() const { return fingerprint_at_ != 0; }
  // MESSAGE-INTEGRITY is there and right for this key (short-term: the password; RFC 8489 sections 9.1.1 and 14.5).
  bool check_integrity(base::ConstBytes key) const;
  // FINGERPRINT is there, last, and right (RFC 8489 section 14.7).
  bool check_fingerprint() const;

 private:
  explicit MessageView(base::ConstBytes bytes) : bytes_(bytes) {}
  bool take_attributes();
  bool take(uint16_t type, base::ConstBytes value, size_t at);
  bool take_signed(uint16_t type, base::ConstBytes value);
  void take_unknown(uint16_t type);

  base::ConstBytes bytes_;
  Class class_{};
  uint16_t method_ = 0;
  bool use_candidate_ = false;
  uint16_t integrity_at_ = 0;    // where the attribute begins; 0: not there
  uint16_t fingerprint_at_ = 0;  // the same
  uint16_t unknown_count_ = 0;
  std::array<uint16_t, kMaxUnknown> unknown_{};
  std::optional<uint16_t> error_code_;
  std::optional<uint32_t> priority_;
  std::optional<uint64_t> controlling_;
  std::optional<uint64_t> controlled_;
  std::optional<base::ConstBytes> username_;
  std::optional<base::ConstBytes> software_;
  std::optional<base::ConstBytes> mapped_;
};

// Writes a message into a span. Attributes go in call order; message_integrity() and then fingerprint() come last.
class MessageWriter {
 public:
  MessageWriter(base::Bytes out, Class message_class, uint16_t method, const TransactionId& id);

  void username(std::string_view name);
  void xor_mapped_address(const base::SocketAddress& address);
  void priority(uint32_t value);
  void use_candidate();
  void ice_controlling(uint64_t tie_breaker);
  void ice_controlled(uint64_t tie_breaker);
  void error_code(ErrorCode code);
  void unknown_attributes(std::span<const uint16_t> types);
  void software(std::string_view text);
  // Any attribute, padded.
  void attribute(Attribute type, base::ConstBytes value);
  void message_integrity(base::ConstBytes key);
  void fingerprint();

  // The whole message; empty when it did not fit.
  base::ConstBytes written() const { return writer_.ok() ? base::ConstBytes(writer_.written()) : base::ConstBytes(); }

 private:
  base::ByteWriter writer_;
  base::Bytes out_;
  TransactionId id_;
};

}  // namespace heliograph::stun
