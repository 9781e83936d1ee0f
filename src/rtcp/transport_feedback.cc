// SPDX-License-Identifier: Apache-2.0
#include "rtcp/transport_feedback.h"

#include <algorithm>
#include <array>

namespace heliograph::rtcp {
namespace {

// Section 3.1.1 of the draft. The fourth value is reserved.
enum Symbol : uint8_t { kNotReceived = 0, kSmallDelta = 1, kLargeDelta = 2, kReserved = 3 };

constexpr size_t kFciHeaderSize = 8;
constexpr size_t kMaxRun = 0x1fff;
constexpr size_t kOneBitSymbols = 14;
constexpr size_t kTwoBitSymbols = 7;

Symbol symbol_of(const TransportFeedback::Delta& delta) {
  if (!delta) return kNotReceived;
  return *delta >= 0 && *delta <= 0xff ? kSmallDelta : kLargeDelta;
}

using Symbols = BoundedList<Symbol, decltype(TransportFeedback::deltas)::capacity()>;

// One packet status chunk (sections 3.1.3 and 3.1.4): calls visit(symbol, repetitions).
template <class Visit>
void read_chunk(uint16_t chunk, Visit&& visit) {
  if ((chunk & 0x8000) == 0) return visit(static_cast<Symbol>(chunk >> 13 & 3), size_t{chunk} & kMaxRun);
  const bool two_bits = (chunk & 0x4000) != 0;
  const unsigned width = two_bits ? 2 : 1;
  for (int shift = 14 - static_cast<int>(width); shift >= 0; shift -= static_cast<int>(width))
    visit(static_cast<Symbol>(chunk >> shift & (two_bits ? 3 : 1)), size_t{1});
}

// The symbols of `count` packets; those past the list's end are read over. False when a chunk is missing or reserved.
bool read_symbols(base::ByteReader& in, size_t count, Symbols& symbols) {
  bool known = true;
  while (count > 0 && in.ok()) {
    read_chunk(in.u16(), [&](Symbol symbol, size_t repetitions) {
      repetitions = std::min(repetitions, count);
      count -= repetitions;
      known = known && (symbol != kReserved || repetitions == 0);
      while (repetitions-- > 0 && symbols.push_back(symbol)) {
      }
    });
  }
  return in.ok() && known;
}

TransportFeedback::Delta read_delta(base::ByteReader& in, Symbol symbol) {
  if (symbol == kNotReceived) return std::nullopt;
  return symbol == kSmallDelta ? static_cast<int16_t>(in.u8()) : static_cast<int16_t>(in.u16());
}

size_t run_length(const Symbols& symbols, size_t from) {
  size_t n = 1;
  while (from + n < symbols.size() && n < kMaxRun && symbols[from + n] == symbols[from]) ++n;
  return n;
}

bool has_large(const Symbols& symbols, size_t from) {
  const size_t end = std::min(symbols.size(), from + kOneBitSymbols);
  return std::any_of(symbols.begin() + from, symbols.begin() + end, [](Symbol s) { return s == kLargeDelta; });
}

// The chunk for the symbols from `from`, and how many it takes: a run where a vector would take no more, else a vector.
struct Chunk {
  uint16_t bits = 0;
  size_t taken = 0;
};
Chunk choose_chunk(const Symbols& symbols, size_t from) {
  const bool two_bits = has_large(symbols, from);
  const size_t in_vector = std::min(two_bits ? kTwoBitSymbols : kOneBitSymbols, symbols.size() - from);
  const size_t run = run_length(symbols, from);
  if (run >= in_vector) return {static_cast<uint16_t>(symbols[from] << 13 | run), run};
  unsigned bits = two_bits ? 0xc000 : 0x8000;
  for (size_t i = 0; i < in_vector; ++i) bits |= unsigned{symbols[from + i]} << (two_bits ? 12 - 2 * i : 13 - i);
  return {static_cast<uint16_t>(bits), in_vector};
}

struct Body {
  BoundedList<uint16_t, Symbols::capacity() / kTwoBitSymbols + 1> chunks;
  size_t delta_bytes = 0;
};
Body lay_out(const Symbols& symbols) {
  Body body;
  for (const auto symbol : symbols) body.delta_bytes += symbol;  // a symbol's value is its delta's size
  for (size_t at = 0; at < symbols.size();) {
    const auto chunk = choose_chunk(symbols, at);
    body.chunks.push_back(chunk.bits);
    at += chunk.taken;
  }
  return body;
}

}  // namespace

std::optional<TransportFeedback> TransportFeedback::parse(const Block& block) {
  if (!block.is(PacketType::kTransportLayerFeedback, kFormat)) return std::nullopt;
  base::ByteReader in(block.body);
  TransportFeedback f;
  f.sources = read_feedback_sources(in);
  f.base_sequence_number = in.u16();
  const size_t count = in.u16();
  f.reference_time = static_cast<int32_t>(in.u24() << 8) >> 8;
  f.feedback_count = in.u8();
  Symbols symbols;
  if (!read_symbols(in, count, symbols)) return std::nullopt;
  for (const auto symbol : symbols) f.deltas.push_back(read_delta(in, symbol));
  if (!in.ok()) return std::nullopt;
  return f;
}

void TransportFeedback::write(base::ByteWriter& out) const {
  Symbols symbols;
  for (const auto& delta : deltas) symbols.push_back(symbol_of(delta));
  const auto body = lay_out(symbols);
  const size_t unpadded = kFciHeaderSize + 2 * body.chunks.size() + body.delta_bytes;
  const size_t size = (unpadded + 3) / 4 * 4;
  write_feedback_header(out, PacketType::kTransportLayerFeedback, kFormat, sources, size);
  out.u16(base_sequence_number);
  out.u16(static_cast<uint16_t>(deltas.size()));
  out.u24(static_cast<uint32_t>(reference_time) & 0xff'ffff);
  out.u8(feedback_count);
  for (const auto chunk : body.chunks) out.u16(chunk);
  for (const auto& delta : deltas) {
    if (symbol_of(delta) == kSmallDelta) out.u8(static_cast<uint8_t>(*delta));
    if (symbol_of(delta) == kLargeDelta) out.u16(static_cast<uint16_t>(*delta));
  }
  for (size_t n = unpadded; n < size; ++n) out.u8(0);
}

}  // namespace heliograph::rtcp
