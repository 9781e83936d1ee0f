// SPDX-License-Identifier: Apache-2.0
#include "rtp/packet.h"

namespace heliograph::rtp {
namespace {
constexpr size_t kMaxPacketSize = 65'535;
}  // namespace

std::optional<PacketView> PacketView::parse(base::ConstBytes packet) {
  const auto header = rtp::header_size(packet);
  if (!header || packet.size() > kMaxPacketSize) return std::nullopt;
  if (packet[0] >> 6 != 2) return std::nullopt;  // version
  PacketView view(packet);
  view.header_size_ = static_cast<uint16_t>(*header);
  if ((packet[0] & 0x10) != 0) view.parse_extension();
  if ((packet[0] & 0x20) != 0 && !view.parse_padding()) return std::nullopt;
  return view;
}

// RFC 3550 section 5.3.1. Elements are read only in the forms of RFC 8285; another profile has none for us.
void PacketView::parse_extension() {
  const auto block = bytes_.first(header_size_).subspan(kFixedHeaderSize + 4 * csrc_count());
  const auto profile = base::load_be<uint16_t>(block.data());
  two_byte_ = (profile & 0xfff0) == kTwoByteProfile;
  if (two_byte_ || profile == kOneByteProfile) extension_ = block.subspan(4);
}

// RFC 3550 section 5.1: the last byte counts the padding, itself included.
bool PacketView::parse_padding() {
  padding_size_ = bytes_.back();
  return padding_size_ != 0 && padding_size_ <= bytes_.size() - header_size_;
}

std::optional<base::ConstBytes> PacketView::extension(uint8_t id) const {
  base::ConstBytes rest = extension_;
  while (const auto element = take_element(rest))
    if (element->id == id) return element->value;
  return std::nullopt;
}

std::optional<PacketView::Element> PacketView::take_element(base::ConstBytes& rest) const {
  while (!rest.empty() && rest[0] == 0) rest = rest.subspan(1);  // padding between elements
  if (rest.empty()) return std::nullopt;
  base::ByteReader in(rest);
  const uint8_t first = in.u8();
  const auto id = two_byte_ ? first : static_cast<uint8_t>(first >> 4);
  // One-byte: id 15 ends it all (RFC 8285 section 4.2); id 0 with a length is not allowed, so nothing after it is
  // trusted.
  if (!two_byte_ && (id == 15 || id == 0)) return std::nullopt;
  const size_t size = two_byte_ ? in.u8() : (first & 0x0f) + size_t{1};
  const auto value = in.bytes(size);
  if (!in.ok()) return std::nullopt;
  rest = in.rest();
  return Element{id, value};
}

}  // namespace heliograph::rtp
