// SPDX-License-Identifier: Apache-2.0
#include "rtp/packet.h"

#include <map>
#include <string>

#include "base/hex.h"
#include "base/rng.h"
#include "gtest/gtest.h"
#include "rtp/header_writer.h"

namespace heliograph::rtp {
namespace {

using base::from_hex;

std::string text(std::optional<base::ConstBytes> bytes) { return bytes ? std::string(base::as_text(*bytes)) : "none"; }

TEST(PacketView, ReadsTheFixedHeader) {
  const auto bytes = from_hex("80 e0 1234 89abcdef 01020304 aabb");
  const auto packet = PacketView::parse(bytes);
  ASSERT_TRUE(packet);
  EXPECT_TRUE(packet->marker());
  EXPECT_EQ(packet->payload_type(), base::PayloadType(96));
  EXPECT_EQ(packet->sequence_number(), 0x1234);
  EXPECT_EQ(packet->timestamp(), 0x89abcdefu);
  EXPECT_EQ(packet->ssrc(), base::Ssrc(0x01020304));
  EXPECT_EQ(packet->header_size(), 12u);
  EXPECT_EQ(packet->payload().size(), 2u);
  EXPECT_EQ(packet->csrc_count(), 0u);
}

TEST(PacketView, ReadsCsrcsAndPadding) {
  const auto bytes = from_hex("a2 60 0001 00000002 00000003  00000011 00000012  aabbcc 000003");
  const auto packet = PacketView::parse(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->csrc_count(), 2u);
  EXPECT_EQ(packet->csrc(1), base::Ssrc(0x12));
  EXPECT_EQ(packet->header_size(), 20u);
  EXPECT_EQ(packet->padding_size(), 3u);
  EXPECT_EQ(packet->payload().size(), 3u);
}

TEST(PacketView, PaddingOnlyHasAnEmptyPayload) {
  const auto bytes = from_hex("a0 60 0001 00000002 00000003 00000004");
  const auto packet = PacketView::parse(bytes);
  ASSERT_TRUE(packet);
  EXPECT_TRUE(packet->payload().empty());
}

TEST(PacketView, RefusesWhatIsNoWholePacket) {
  for (const auto* hex : {"", "80", "80 60 0001 00000002 000000",         // short
                          "40 60 0001 00000002 00000003",                 // version 1
                          "81 60 0001 00000002 00000003",                 // CSRC missing
                          "90 60 0001 00000002 00000003",                 // extension missing
                          "90 60 0001 00000002 00000003 bede 0001 1000",  // extension cut short
                          "a0 60 0001 00000002 00000003",                 // padding of nothing
                          "a0 60 0001 00000002 00000003 00",              // padding of zero
                          "a0 60 0001 00000002 00000003 aa 03"})          // more padding than payload
    EXPECT_FALSE(PacketView::parse(from_hex(hex))) << hex;
}

// RFC 8285 section 4.2: id and length−1 in four bits each, zero bytes between elements.
TEST(PacketView, ReadsOneByteExtensions) {
  const auto bytes = from_hex("90 60 0001 00000002 00000003 bede 0003  10 61  00 00  22 626364  30 65 00 00  ff");
  const auto packet = PacketView::parse(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(text(packet->extension(1)), "a");
  EXPECT_EQ(text(packet->extension(2)), "bcd");
  EXPECT_EQ(text(packet->extension(3)), "e");
  EXPECT_EQ(text(packet->extension(4)), "none");
  EXPECT_EQ(packet->payload().size(), 1u);
}

TEST(PacketView, Id15EndsOneByteExtensions) {
  const auto bytes = from_hex("90 60 0001 00000002 00000003 bede 0002  10 61 f0 62  20 63 00 00");
  const auto packet = PacketView::parse(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(text(packet->extension(1)), "a");
  EXPECT_EQ(text(packet->extension(15)), "none");
  EXPECT_EQ(text(packet->extension(2)), "none");
}

// RFC 8285 section 4.3; an element may be empty.
TEST(PacketView, ReadsTwoByteExtensions) {
  const auto bytes = from_hex("90 60 0001 00000002 00000003 1005 0002  01 00  00  c8 02 6162  00");
  const auto packet = PacketView::parse(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(text(packet->extension(1)), "");
  EXPECT_EQ(text(packet->extension(200)), "ab");
}

TEST(PacketView, AnElementThatDoesNotFitEndsTheList) {
  const auto bytes = from_hex("90 60 0001 00000002 00000003 bede 0001  10 61 23 62");
  const auto packet = PacketView::parse(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(text(packet->extension(1)), "a");
  EXPECT_EQ(text(packet->extension(2)), "none");
}

TEST(PacketView, AnotherProfileHasNoElements) {
  const auto bytes = from_hex("90 60 0001 00000002 00000003 abac 0001  10 61 00 00");
  const auto packet = PacketView::parse(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(text(packet->extension(1)), "none");
  EXPECT_EQ(packet->header_size(), 20u);
}

TEST(Demultiplexing, TellsRtcpFromRtp) {
  EXPECT_TRUE(looks_like_rtcp(from_hex("80c8")));
  EXPECT_TRUE(looks_like_rtcp(from_hex("81cd")));
  EXPECT_FALSE(looks_like_rtcp(from_hex("80e0")));  // marker and payload type 96
  EXPECT_TRUE(looks_like_rtp_or_rtcp(from_hex("80e0")));
  EXPECT_FALSE(looks_like_rtp_or_rtcp(from_hex("16fe")));  // DTLS
}

TEST(HeaderWriter, WithoutElementsThereIsNoExtension) {
  std::array<uint8_t, 64> out{};
  const Extension absent{.id = 0, .value = base::as_bytes("x")};
  EXPECT_EQ(write_header(out, {.payload_type = base::PayloadType(96), .ssrc = base::Ssrc(1)}, {&absent, 1}), 12u);
  EXPECT_EQ(out[0], 0x80);
}

TEST(HeaderWriter, WhatDoesNotFitIsZero) {
  std::array<uint8_t, 19> out{};
  const Extension element{.id = 1, .value = base::as_bytes("abc")};
  EXPECT_EQ(write_header(out, {.payload_type = {}, .ssrc = {}}, {&element, 1}), 0u);
  EXPECT_EQ(write_header(base::Bytes(out).first(11), {.payload_type = {}, .ssrc = {}}), 0u);
}

TEST(HeaderWriter, LongValuesAndHighIdsTakeTheTwoByteForm) {
  std::array<uint8_t, 64> out{};
  const Extension high[] = {{.id = 15, .value = base::as_bytes("a")}, {.id = 1, .value = {}}};
  const size_t size = write_header(out, {.payload_type = {}, .ssrc = {}}, high);
  ASSERT_EQ(size, 24u);
  EXPECT_EQ(out[12], 0x10);
  const auto packet = PacketView::parse(base::ConstBytes(out).first(size));
  EXPECT_EQ(text(packet->extension(15)), "a");
  EXPECT_EQ(text(packet->extension(1)), "");
}

TEST(HeaderWriter, WhatItWritesTheViewReads) {
  base::Rng rng(11);
  const std::string values(255, 'v');
  for (int round = 0; round < 3000; ++round) {
    std::map<uint8_t, size_t> sizes;
    const uint64_t top_id = rng.chance(0.5) ? 14 : 255;
    const uint64_t top_size = rng.chance(0.5) ? 16 : 60;
    for (uint64_t n = rng.below(5); n > 0; --n)
      sizes[static_cast<uint8_t>(1 + rng.below(top_id))] = rng.below(top_size + 1);
    std::vector<Extension> elements;
    for (const auto& [id, size] : sizes) elements.push_back({id, base::as_bytes(values).first(size)});
    std::vector<base::Ssrc> csrcs(rng.below(16), base::Ssrc(rng.u32()));
    const Header header{.padding = false,
                        .marker = rng.chance(0.5),
                        .payload_type = base::PayloadType(static_cast<uint8_t>(rng.below(128))),
                        .sequence_number = static_cast<uint16_t>(rng()),
                        .timestamp = rng.u32(),
                        .ssrc = base::Ssrc(rng.u32()),
                        .csrcs = csrcs};
    std::array<uint8_t, 600> out{};
    const size_t size = write_header(out, header, elements);
    const auto packet = PacketView::parse(base::ConstBytes(out).first(size));
    ASSERT_TRUE(packet);
    ASSERT_EQ(packet->header_size(), size);
    ASSERT_EQ(packet->marker(), header.marker);
    ASSERT_EQ(packet->payload_type(), header.payload_type);
    ASSERT_EQ(packet->sequence_number(), header.sequence_number);
    ASSERT_EQ(packet->timestamp(), header.timestamp);
    ASSERT_EQ(packet->ssrc(), header.ssrc);
    ASSERT_EQ(packet->csrc_count(), csrcs.size());
    std::map<uint8_t, size_t> seen;
    packet->each_extension([&](uint8_t id, base::ConstBytes value) { seen[id] = value.size(); });
    ASSERT_EQ(seen, sizes);
  }
}

}  // namespace
}  // namespace heliograph::rtp
