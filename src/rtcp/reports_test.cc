// SPDX-License-Identifier: Apache-2.0
// Sender, receiver and extended reports, source descriptions, goodbyes.
#include "base/hex.h"
#include "gtest/gtest.h"
#include "rtcp/bye.h"
#include "rtcp/extended_report.h"
#include "rtcp/receiver_report.h"
#include "rtcp/round_trip_for_test.h"
#include "rtcp/sdes.h"
#include "rtcp/sender_report.h"

namespace heliograph::rtcp {
namespace {

using base::from_hex;
using base::Ssrc;

constexpr auto kReportHex = "00000009 40 fffffe 00010203 00000010 aabbccdd 00018000";

// RFC 3550 section 6.4.1.
TEST(SenderReport, IsReadAndWritten) {
  const auto bytes =
      from_hex(std::string("81c8000c 00000001 8899aabb ccddeeff 00000002 00000003 00000004") + kReportHex);
  const auto report = parsed<SenderReport>(bytes);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sender, Ssrc(1));
  EXPECT_EQ(report->ntp.value, 0x8899aabbccddeeffu);
  EXPECT_EQ(report->rtp_timestamp, 2u);
  EXPECT_EQ(report->packet_count, 3u);
  EXPECT_EQ(report->octet_count, 4u);
  ASSERT_EQ(report->reports.size(), 1u);
  const auto& block = report->reports[0];
  EXPECT_EQ(block.source, Ssrc(9));
  EXPECT_EQ(block.fraction_lost, 0x40);
  EXPECT_EQ(block.cumulative_lost, -2);  // duplicates can make it negative
  EXPECT_EQ(block.highest_sequence_number, 0x00010203u);
  EXPECT_EQ(block.delay_since_last, 0x18000u);
  EXPECT_EQ(bytes_of(*report), bytes);
}

TEST(SenderReport, SkipsProfileSpecificExtensions) {
  EXPECT_TRUE(
      parsed<SenderReport>(from_hex("80c80007 00000001 8899aabb ccddeeff 00000002 00000003 00000004 deadbeef")));
}

TEST(SenderReport, RefusesMoreReportsThanThereAre) {
  EXPECT_FALSE(parsed<SenderReport>(from_hex("81c80006 00000001 8899aabb ccddeeff 00000002 00000003 00000004")));
  EXPECT_FALSE(parsed<SenderReport>(from_hex("80c90001 00000001")));  // another kind
}

TEST(ReceiverReport, IsReadAndWritten) {
  const auto bytes = from_hex(std::string("81c90007 00000001") + kReportHex);
  const auto report = parsed<ReceiverReport>(bytes);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->reports[0].last_sender_report, 0xaabbccddu);
  EXPECT_EQ(bytes_of(*report), bytes);
}

TEST(ReportBlock, CumulativeLossIsClampedTo24Bits) {
  for (const auto [lost, expected] : {std::pair{0x7fff'ffff, 0x7f'ffff}, {-0x7fff'ffff, -0x80'0000}, {-1, -1}}) {
    ReceiverReport report{.sender = Ssrc(1), .reports = {}};
    report.reports.push_back({.source = Ssrc(2), .cumulative_lost = lost});
    EXPECT_EQ(parsed<ReceiverReport>(bytes_of(report))->reports[0].cumulative_lost, expected);
  }
}

// RFC 3550 section 6.5: chunks end at a word, with at least one zero byte.
TEST(SourceDescription, EndsEachChunkAtAWordWithAZeroByte) {
  for (const auto* cname : {"", "a", "ab", "abc", "abcd", "abcde"}) {
    SourceDescription s;
    s.chunks.push_back({Ssrc(1), cname});
    s.chunks.push_back({Ssrc(2), "other"});
    const auto bytes = bytes_of(s);
    EXPECT_EQ(bytes.size() % 4, 0u);
    EXPECT_EQ(parsed<SourceDescription>(bytes), s) << cname;
  }
  SourceDescription exact;
  exact.chunks.push_back({Ssrc(1), "ab"});
  EXPECT_EQ(bytes_of(exact), from_hex("81ca0003 00000001 01026162 00000000"));
}

TEST(SourceDescription, FindsTheCnameAmongOtherItems) {
  const auto bytes = from_hex("81ca0004 00000001 0601 78 01 02 6162 00 00000000");  // TOOL, CNAME
  const auto s = parsed<SourceDescription>(bytes);
  ASSERT_TRUE(s);
  EXPECT_EQ(s->chunks[0].cname, "ab");
}

TEST(SourceDescription, RefusesAnItemThatIsCut) {
  EXPECT_FALSE(parsed<SourceDescription>(from_hex("81ca0002 00000001 01096162")));
  EXPECT_FALSE(parsed<SourceDescription>(from_hex("82ca0002 00000001 00000000")));
}

TEST(Bye, IsReadAndWritten) {
  Bye bye;
  bye.sources.push_back(Ssrc(1));
  bye.sources.push_back(Ssrc(2));
  EXPECT_EQ(bytes_of(bye), from_hex("82cb0002 00000001 00000002"));
  bye.reason = "gone";
  EXPECT_EQ(bytes_of(bye), from_hex("82cb0004 00000001 00000002 04676f6e 65000000"));
  EXPECT_EQ(parsed<Bye>(bytes_of(bye)), bye);
  EXPECT_FALSE(parsed<Bye>(from_hex("82cb0001 00000001")));
  EXPECT_FALSE(parsed<Bye>(from_hex("81cb0002 00000001 05616263")));
}

// RFC 3611 sections 4.4 and 4.5, an unknown block between them.
TEST(ExtendedReport, ReadsReferenceTimeAndDlrr) {
  const auto bytes =
      from_hex("80cf000a 00000001  04000002 1122334455667788  07000001 00000000  05000003 00000009 aabbccdd 00010000");
  const auto report = parsed<ExtendedReport>(bytes);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->receiver_reference_time, base::NtpTime{0x1122334455667788});
  ASSERT_EQ(report->dlrr.size(), 1u);
  EXPECT_EQ(report->dlrr[0], (ExtendedReport::Dlrr{Ssrc(9), 0xaabbccdd, 0x10000}));
  EXPECT_EQ(parsed<ExtendedReport>(bytes_of(*report)), report);
}

TEST(ExtendedReport, RefusesABlockThatIsCut) {
  EXPECT_FALSE(parsed<ExtendedReport>(from_hex("80cf0002 00000001 04000002")));
  EXPECT_FALSE(parsed<ExtendedReport>(from_hex("80cf0000")));
}

}  // namespace
}  // namespace heliograph::rtcp
