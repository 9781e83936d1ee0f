// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "rtp/header_size.h"

namespace heliograph::rtp {

inline constexpr uint16_t kOneByteProfile = 0xbede;  // RFC 8285 section 4.2
inline constexpr uint16_t kTwoByteProfile = 0x1000;  // RFC 8285 section 4.3; the low four bits are the application's

// One RTP packet seen in place: nothing is copied, so the bytes must outlive the view.
class PacketView {
 public:
  // nullopt for anything that is not a whole RTP version 2 packet: too short for its CSRCs, its extension or its
  // padding.
  static std::optional<PacketView> parse(base::ConstBytes packet);

  base::ConstBytes bytes() const { return bytes_; }
  bool marker() const { return (bytes_[1] & 0x80) != 0; }
  base::PayloadType payload_type() const { return base::PayloadType(bytes_[1] & 0x7f); }
  uint16_t sequence_number() const { return base::load_be<uint16_t>(&bytes_[2]); }
  uint32_t timestamp() const { return base::load_be<uint32_t>(&bytes_[4]); }
  base::Ssrc ssrc() const { return base::Ssrc(base::load_be<uint32_t>(&bytes_[8])); }
  size_t csrc_count() const { return bytes_[0] & 0x0f; }
  // i < csrc_count().
  base::Ssrc csrc(size_t i) const { return base::Ssrc(base::load_be<uint32_t>(&bytes_[kFixedHeaderSize + 4 * i])); }

  // Fixed header, CSRCs and extension.
  size_t header_size() const { return header_size_; }
  // Without padding; empty for a packet that is padding only.
  base::ConstBytes payload() const {
    return bytes_.subspan(header_size_, bytes_.size() - header_size_ - padding_size_);
  }
  size_t padding_size() const { return padding_size_; }

  // The first extension element with this id (1–14, or 1–255 in the two-byte form); nullopt when there is none.
  std::optional<base::ConstBytes> extension(uint8_t id) const;
  // visit(uint8_t id, ConstBytes value) for each element, in order. Ends at the first one that does not fit (RFC 8285
  // section 4.1.2).
  template <class Visit>
  void each_extension(Visit&& visit) const {
    base::ConstBytes rest = extension_;
    while (const auto element = take_element(rest)) visit(element->id, element->value);
  }

 private:
  struct Element {
    uint8_t id;
    base::ConstBytes value;
  };
  explicit PacketView(base::ConstBytes bytes) : bytes_(bytes) {}
  void parse_extension();
  bool parse_padding();
  std::optional<Element> take_element(base::ConstBytes& rest) const;

  base::ConstBytes bytes_;
  base::ConstBytes extension_;  // the elements, after profile and length
  uint16_t header_size_ = 0;
  uint8_t padding_size_ = 0;
  bool two_byte_ = false;
};

// RFC 7983 section 7 and RFC 5761 section 4: a datagram whose first byte is 128–191 is RTCP when its second is 192–223,
// else RTP.
constexpr bool looks_like_rtp_or_rtcp(base::ConstBytes d) { return d.size() >= 2 && d[0] >= 128 && d[0] <= 191; }
constexpr bool looks_like_rtcp(base::ConstBytes d) { return looks_like_rtp_or_rtcp(d) && d[1] >= 192 && d[1] <= 223; }

}  // namespace heliograph::rtp
