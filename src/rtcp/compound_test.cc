// SPDX-License-Identifier: Apache-2.0
#include "rtcp/compound.h"

#include "base/hex.h"
#include "gtest/gtest.h"
#include "rtcp/block.h"
#include "rtcp/bye.h"
#include "rtcp/nack.h"
#include "rtcp/pli.h"
#include "rtcp/receiver_report.h"
#include "rtcp/sdes.h"

namespace heliograph::rtcp {
namespace {

using base::from_hex;
using base::Ssrc;

TEST(BlockReader, GoesThroughACompound) {
  const auto bytes = from_hex("80c90001 00000001  81cb0001 00000002");
  BlockReader reader(bytes);
  EXPECT_TRUE(reader.next()->is(PacketType::kReceiverReport));
  const auto bye = reader.next();
  EXPECT_TRUE(bye->is(PacketType::kBye));
  EXPECT_EQ(bye->count, 1);
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.malformed());
}

// RFC 5506: feedback may come without a report in front.
TEST(BlockReader, TakesReducedSize) {
  const auto bytes = from_hex("81ce0002 00000001 00000002");
  size_t blocks = 0;
  EXPECT_TRUE(for_each(bytes, [&](const Block& b) { blocks += b.is(PacketType::kPayloadSpecificFeedback, 1); }));
  EXPECT_EQ(blocks, 1u);
}

TEST(BlockReader, StopsAtTheFirstMalformedBlock) {
  for (const auto* tail :
       {"80", "80c9", "80c90002 00000001", "40c90001 00000001",   // cut, cut, cut, version 1
        "a0c90001 00000000", "a0c90000", "a0c90001 00000005"}) {  // padding of 0, of nothing, too much
    const auto bytes = from_hex(std::string("80c90001 00000001") + tail);
    size_t blocks = 0;
    EXPECT_FALSE(for_each(bytes, [&](const Block&) { ++blocks; })) << tail;
    EXPECT_EQ(blocks, 1u) << tail;
  }
}

TEST(BlockReader, TakesPaddingAway) {
  const auto bytes = from_hex("a1cb0002 00000007 00000004");
  const auto bye = Bye::parse(*BlockReader(bytes).next());
  ASSERT_TRUE(bye);
  EXPECT_EQ(bye->sources[0], Ssrc(7));
}

TEST(CompoundWriter, WritesBlocksOneBehindTheOther) {
  std::array<uint8_t, 64> buffer{};
  CompoundWriter compound(buffer);
  EXPECT_TRUE(compound.empty());
  EXPECT_TRUE(compound.append(ReceiverReport{.sender = Ssrc(1), .reports = {}}));
  EXPECT_TRUE(compound.append(PictureLossIndication{{Ssrc(1), Ssrc(2)}}));
  EXPECT_EQ(std::vector(compound.written().begin(), compound.written().end()),
            from_hex("80c90001 00000001 81ce0002 00000001 00000002"));
}

TEST(CompoundWriter, ABlockThatDoesNotFitLeavesTheOthers) {
  std::array<uint8_t, 16> buffer{};
  CompoundWriter compound(buffer);
  EXPECT_TRUE(compound.append(ReceiverReport{.sender = Ssrc(1), .reports = {}}));
  EXPECT_FALSE(compound.append(PictureLossIndication{{Ssrc(1), Ssrc(2)}}));
  EXPECT_EQ(compound.written().size(), 8u);
  EXPECT_TRUE(for_each(compound.written(), [](const Block&) {}));
}

TEST(CompoundWriter, NeverOutgrowsADatagram) {
  std::array<uint8_t, 4000> buffer{};
  CompoundWriter compound(buffer);
  while (compound.append(PictureLossIndication{})) {
  }
  EXPECT_EQ(compound.written().size(), kMaxCompoundSize);
}

}  // namespace
}  // namespace heliograph::rtcp
