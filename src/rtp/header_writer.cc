// SPDX-License-Identifier: Apache-2.0
#include "rtp/header_writer.h"

#include <algorithm>

#include "rtp/packet.h"

namespace heliograph::rtp {
namespace {

constexpr size_t kMaxCsrcs = 15;

bool fits_one_byte_form(const Extension& e) { return e.id <= 14 && !e.value.empty() && e.value.size() <= 16; }

void write_element(base::ByteWriter& out, const Extension& e, bool one_byte) {
  if (one_byte) {
    out.u8(static_cast<uint8_t>(e.id << 4 | (e.value.size() - 1)));
  } else {
    out.u8(e.id);
    out.u8(static_cast<uint8_t>(e.value.size()));
  }
  out.bytes(e.value);
}

// RFC 8285 sections 4.2 and 4.3, padded to a whole number of words.
void write_elements(base::ByteWriter& out, std::span<const Extension> elements) {
  const auto absent = [](const Extension& e) { return e.id == 0; };
  if (std::ranges::all_of(elements, absent)) return;
  const bool one_byte =
      std::ranges::all_of(elements, [&](const Extension& e) { return absent(e) || fits_one_byte_form(e); });
  out.u16(one_byte ? kOneByteProfile : kTwoByteProfile);
  const auto length = out.reserve(2);
  const size_t start = out.size();
  for (const auto& e : elements)
    if (!absent(e)) write_element(out, e, one_byte);
  while (out.ok() && (out.size() - start) % 4 != 0) out.u8(0);
  if (out.ok()) base::store_be<uint16_t>(length.data(), static_cast<uint16_t>((out.size() - start) / 4));
}

}  // namespace

size_t write_header(base::Bytes out, const Header& header, std::span<const Extension> extensions) {
  if (std::ranges::any_of(extensions, [](const Extension& e) { return e.value.size() > 255; })) return 0;
  const auto csrcs = header.csrcs.first(std::min(header.csrcs.size(), kMaxCsrcs));
  base::ByteWriter writer(out);
  writer.u8(static_cast<uint8_t>(0x80 | (header.padding ? 0x20 : 0) | csrcs.size()));
  writer.u8(static_cast<uint8_t>((header.marker ? 0x80 : 0) | (header.payload_type.value & 0x7f)));
  writer.u16(header.sequence_number);
  writer.u32(header.timestamp);
  writer.u32(header.ssrc.value);
  for (const auto csrc : csrcs) writer.u32(csrc.value);
  const size_t before = writer.size();
  write_elements(writer, extensions);
  if (!writer.ok()) return 0;
  if (writer.size() > before) out[0] |= 0x10;  // X
  return writer.size();
}

}  // namespace heliograph::rtp
