// SPDX-License-Identifier: Apache-2.0
// A compound RTCP packet is a row of blocks, "packets" in RFC 3550 section 6.1; here is what they all begin with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"

namespace heliograph::rtcp {

enum class PacketType : uint8_t {
  kSenderReport = 200,
  kReceiverReport = 201,
  kSourceDescription = 202,
  kBye = 203,
  kApp = 204,
  kTransportLayerFeedback = 205,   // RTPFB, RFC 4585
  kPayloadSpecificFeedback = 206,  // PSFB, RFC 4585
  kExtendedReport = 207,           // RFC 3611
};

inline constexpr size_t kBlockHeaderSize = 4;

// One block, in place: the bytes must outlive it.
struct Block {
  PacketType type{};
  uint8_t count = 0;      // RC, SC or FMT: the low five bits of the first byte
  base::ConstBytes body;  // after the four bytes of the header, without padding

  bool is(PacketType t) const { return type == t; }
  // Feedback of this kind (RFC 4585 section 6.1).
  bool is(PacketType t, uint8_t format) const { return type == t && count == format; }
};

// Reads the blocks in order and stops for good at the first malformed one. It asks for no report in front (reduced
// size, RFC 5506).
class BlockReader {
 public:
  explicit BlockReader(base::ConstBytes compound) : rest_(compound) {}
  std::optional<Block> next();
  // The rows ended before the bytes did.
  bool malformed() const { return malformed_; }

 private:
  base::ConstBytes rest_;
  bool malformed_ = false;
};

// visit(const Block&) for each; false when the compound ended in something malformed.
template <class Visit>
bool for_each(base::ConstBytes compound, Visit&& visit) {
  BlockReader reader(compound);
  while (const auto block = reader.next()) visit(*block);
  return !reader.malformed();
}

// The header of a block whose body is body_size bytes, a multiple of four.
void write_block_header(base::ByteWriter& out, PacketType type, uint8_t count, size_t body_size);

// The first two fields of every RTPFB and PSFB (RFC 4585 section 6.1).
struct FeedbackSources {
  base::Ssrc sender;
  base::Ssrc media;

  bool operator==(const FeedbackSources&) const = default;
};
inline constexpr size_t kFeedbackSourcesSize = 8;
FeedbackSources read_feedback_sources(base::ByteReader& in);
void write_feedback_header(base::ByteWriter& out, PacketType type, uint8_t format, const FeedbackSources& sources,
                           size_t fci_size);

}  // namespace heliograph::rtcp
