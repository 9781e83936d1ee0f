// SPDX-License-Identifier: Apache-2.0
#include "stun/message.h"

#include <vector>

#include "base/hex.h"
#include "gtest/gtest.h"

namespace heliograph::stun {
namespace {

using base::as_bytes;
using base::from_hex;

constexpr std::string_view kPassword = "VOkJxbRl1RmTxUk/WvJxBt";  // of all RFC 5769 vectors with short-term credentials

// RFC 5769 section 2.1.
const std::vector<uint8_t>& sample_request() {
  static const auto bytes = from_hex(
      "00 01 00 58 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae"
      "80 22 00 10 53 54 55 4e 20 74 65 73 74 20 63 6c 69 65 6e 74"
      "00 24 00 04 6e 00 01 ff"
      "80 29 00 08 93 2f f9 b1 51 26 3b 36"
      "00 06 00 09 65 76 74 6a 3a 68 36 76 59 20 20 20"
      "00 08 00 14 9a ea a7 0c bf d8 cb 56 78 1e f2 b5 b2 d3 f2 49 c1 b5 71 a2"
      "80 28 00 04 e5 7a 3b cf");
  return bytes;
}

// RFC 5769 section 2.2.
const std::vector<uint8_t>& sample_ipv4_response() {
  static const auto bytes = from_hex(
      "01 01 00 3c 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae"
      "80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20"
      "00 20 00 08 00 01 a1 47 e1 12 a6 43"
      "00 08 00 14 2b 91 f5 99 fd 9e 90 c3 8c 74 89 f9 2a f9 ba 53 f0 6b e7 d7"
      "80 28 00 04 c0 7d 4c 96");
  return bytes;
}

// RFC 5769 section 2.3.
const std::vector<uint8_t>& sample_ipv6_response() {
  static const auto bytes = from_hex(
      "01 01 00 48 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae"
      "80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20"
      "00 20 00 14 00 02 a1 47 01 13 a9 fa a5 d3 f1 79 bc 25 f4 b5 be d2 b9 d9"
      "00 08 00 14 a3 82 95 4e 4b e6 7b f1 17 84 c9 7c 82 92 c2 75 bf e3 ed 41"
      "80 28 00 04 c8 fb 0b 4c");
  return bytes;
}

constexpr TransactionId kId{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

// A message of these attributes (hexadecimal), with a header of the right length.
std::vector<uint8_t> request_with(std::string_view attributes) {
  auto bytes = from_hex("0001 0000 2112a442 0102030405060708090a0b0c");
  const auto rest = from_hex(attributes);
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  base::store_be(&bytes[2], static_cast<uint16_t>(rest.size()));
  return bytes;
}

TEST(MessageView, ReadsTheRequestOfRfc5769) {
  const auto m = MessageView::parse(sample_request());
  ASSERT_TRUE(m);
  EXPECT_EQ(m->message_class(), Class::kRequest);
  EXPECT_EQ(m->method(), kBinding);
  EXPECT_EQ(m->transaction_id()[0], 0xb7);
  EXPECT_EQ(m->transaction_id()[11], 0xae);
  EXPECT_EQ(m->software(), "STUN test client");
  EXPECT_EQ(m->username(), "evtj:h6vY");
  EXPECT_EQ(m->priority(), 0x6e0001ffu);
  EXPECT_EQ(m->ice_controlled(), 0x932ff9b151263b36u);
  EXPECT_EQ(m->ice_controlling(), std::nullopt);
  EXPECT_FALSE(m->use_candidate());
  EXPECT_TRUE(m->unknown_attributes().empty());
  EXPECT_TRUE(m->check_integrity(as_bytes(kPassword)));
  EXPECT_TRUE(m->check_fingerprint());
}

TEST(MessageView, ReadsTheResponsesOfRfc5769) {
  const auto v4 = MessageView::parse(sample_ipv4_response());
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->message_class(), Class::kSuccess);
  EXPECT_EQ(v4->xor_mapped_address(), base::SocketAddress::parse("192.0.2.1:32853"));
  EXPECT_TRUE(v4->check_integrity(as_bytes(kPassword)));
  EXPECT_TRUE(v4->check_fingerprint());
  const auto v6 = MessageView::parse(sample_ipv6_response());
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->xor_mapped_address(), base::SocketAddress::parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853"));
  EXPECT_TRUE(v6->check_integrity(as_bytes(kPassword)));
  EXPECT_TRUE(v6->check_fingerprint());
}

TEST(MessageView, OneChangedBitBreaksTheSignatures) {
  for (size_t at = 20; at < sample_request().size() - 32; ++at) {
    auto bytes = sample_request();
    bytes[at] ^= 0x01;
    const auto m = MessageView::parse(bytes);
    if (!m) continue;  // a length changed
    EXPECT_FALSE(m->check_integrity(as_bytes(kPassword))) << at;
    EXPECT_FALSE(m->check_fingerprint()) << at;
  }
}

TEST(MessageView, AnotherKeyIsWrong) {
  EXPECT_FALSE(MessageView::parse(sample_request())->check_integrity(as_bytes("VOkJxbRl1RmTxUk/WvJxBu")));
  EXPECT_FALSE(MessageView::parse(sample_request())->check_integrity({}));
}

TEST(MessageView, WithoutSignaturesNothingIsRight) {
  const auto bytes = request_with("");
  const auto m = MessageView::parse(bytes);
  ASSERT_TRUE(m);
  EXPECT_FALSE(m->check_integrity(as_bytes(kPassword)));
  EXPECT_FALSE(m->check_fingerprint());
}

TEST(MessageView, RefusesWhatIsNoWholeMessage) {
  const auto whole = sample_request();
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(MessageView::parse(base::ConstBytes(whole).first(size))) << size;
  auto longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(MessageView::parse(longer));
  auto other_cookie = whole;
  other_cookie[4] ^= 1;
  EXPECT_FALSE(MessageView::parse(other_cookie));
  auto not_stun = whole;
  not_stun[0] = 0x40;
  EXPECT_FALSE(MessageView::parse(not_stun));
}

TEST(MessageView, RefusesAttributesOfTheWrongSize) {
  for (const auto* hex : {"0024 0002 6e000000", "802a 0004 00000000", "0008 0004 00000000", "8028 0000",
                          "0009 0002 00000000", "0006 0009 61626364"})
    EXPECT_FALSE(MessageView::parse(request_with(hex))) << hex;
}

// RFC 8489 section 14.5: what follows MESSAGE-INTEGRITY is ignored; 14.7: FINGERPRINT is the last.
TEST(MessageView, NothingUnsignedCounts) {
  const auto after = request_with("0008 0014 0000000000000000000000000000000000000000 0025 0000 7777 0000");
  const auto m = MessageView::parse(after);
  ASSERT_TRUE(m);
  EXPECT_FALSE(m->use_candidate());
  EXPECT_TRUE(m->unknown_attributes().empty());
  EXPECT_FALSE(MessageView::parse(request_with("8028 0004 00000000 0025 0000")));
}

TEST(MessageView, OfAnAttributeThatComesTwiceTheFirstCounts) {
  const auto bytes = request_with("0024 0004 00000001 0024 0004 00000002");
  EXPECT_EQ(MessageView::parse(bytes)->priority(), 1u);
}

TEST(MessageView, RemembersUnknownAttributesThatMustBeUnderstood) {
  const auto bytes = request_with("7001 0000 c057 0004 00000001 7002 0001 ff000000");  // 0xc057: GOOG-NETWORK-INFO
  const auto message = MessageView::parse(bytes);
  ASSERT_TRUE(message);
  const auto unknown = message->unknown_attributes();
  EXPECT_EQ(std::vector(unknown.begin(), unknown.end()), (std::vector<uint16_t>{0x7001, 0x7002}));
}

TEST(MessageView, AStrangeMappedAddressIsNone) {
  for (const auto* hex : {"0020 0008 0003 a147 e112a643", "0020 0004 0001a147", "0020 0008 0002 a147 e112a643",
                          "0020 000c 0001 a147 e112a643 00000000"})
    EXPECT_EQ(MessageView::parse(request_with(hex))->xor_mapped_address(), std::nullopt) << hex;
}

TEST(MessageWriter, WritesTheResponsesOfRfc5769) {
  const auto id = MessageView::parse(sample_ipv4_response())->transaction_id();
  for (const auto& [address, sample] : {std::pair{"192.0.2.1:32853", sample_ipv4_response()},
                                        {"[2001:db8:1234:5678:11:2233:4455:6677]:32853", sample_ipv6_response()}}) {
    std::array<uint8_t, 200> out{};
    MessageWriter writer(out, Class::kSuccess, kBinding, id);
    writer.software("test vector");
    writer.xor_mapped_address(*base::SocketAddress::parse(address));
    // The vectors pad by blanks, we by zeros, which changes both signatures: everything before them is compared.
    const auto unsigned_part = writer.written();
    for (size_t i = 0; i < unsigned_part.size(); ++i)
      if (i != 2 && i != 3 && i != 35) EXPECT_EQ(unsigned_part[i], sample[i]) << i;
    writer.message_integrity(as_bytes(kPassword));
    writer.fingerprint();
    ASSERT_EQ(writer.written().size(), sample.size());
    const auto back = MessageView::parse(writer.written());
    ASSERT_TRUE(back);
    EXPECT_TRUE(back->check_integrity(as_bytes(kPassword)));
    EXPECT_TRUE(back->check_fingerprint());
  }
}

TEST(MessageWriter, WhatItWritesTheViewReads) {
  std::array<uint8_t, 300> out{};
  MessageWriter writer(out, Class::kRequest, kBinding, kId);
  writer.username("a:bc");
  writer.priority(77);
  writer.ice_controlling(0x0102030405060708);
  writer.use_candidate();
  writer.message_integrity(as_bytes("key"));
  writer.fingerprint();
  const auto m = MessageView::parse(writer.written());
  ASSERT_TRUE(m);
  EXPECT_EQ(m->transaction_id(), kId);
  EXPECT_EQ(m->username(), "a:bc");
  EXPECT_EQ(m->priority(), 77u);
  EXPECT_EQ(m->ice_controlling(), 0x0102030405060708u);
  EXPECT_TRUE(m->use_candidate());
  EXPECT_TRUE(m->check_integrity(as_bytes("key")));
  EXPECT_TRUE(m->check_fingerprint());
}

TEST(MessageWriter, AnErrorHasItsCodeAndTheUnknownAttributes) {
  std::array<uint8_t, 300> out{};
  MessageWriter writer(out, Class::kError, kBinding, kId);
  writer.error_code(ErrorCode::kUnknownAttribute);
  const uint16_t unknown[] = {0x7001};
  writer.unknown_attributes(unknown);
  const auto m = MessageView::parse(writer.written());
  ASSERT_TRUE(m);
  EXPECT_EQ(m->message_class(), Class::kError);
  EXPECT_EQ(m->error_code(), 420);
  EXPECT_EQ(writer.written()[26], 4);
  EXPECT_EQ(writer.written()[27], 20);
}

TEST(MessageWriter, WhatDoesNotFitIsEmpty) {
  for (size_t room = 0; room < 20 + 8 + 24 + 8; ++room) {
    std::vector<uint8_t> out(room);
    MessageWriter writer(out, Class::kRequest, kBinding, kId);
    writer.priority(1);
    writer.message_integrity(as_bytes("key"));
    writer.fingerprint();
    EXPECT_TRUE(writer.written().empty()) << room;
  }
}

// RFC 7983 leaves STUN the first bytes 0 to 3, and so the methods below 0x100.
TEST(MessageType, EveryClassAndMethodSurvives) {
  for (const auto c : {Class::kRequest, Class::kIndication, Class::kSuccess, Class::kError})
    for (uint16_t method = 0; method < 0x100; ++method) {
      std::array<uint8_t, 20> out{};
      MessageWriter(out, c, method, kId);
      const auto m = MessageView::parse(out);
      ASSERT_TRUE(m);
      ASSERT_EQ(m->message_class(), c);
      ASSERT_EQ(m->method(), method);
    }
}

}  // namespace
}  // namespace heliograph::stun
