// SPDX-License-Identifier: Apache-2.0
#include "base/socket_address.h"

#include <unordered_set>

#include "gtest/gtest.h"

namespace heliograph::base {
namespace {

TEST(IpAddress, ParsesAndPrintsBothFamilies) {
  for (const auto* text : {"192.0.2.1", "0.0.0.0", "2001:db8::1", "::1", "fe80::1"}) {
    const auto ip = IpAddress::parse(text);
    ASSERT_TRUE(ip) << text;
    EXPECT_EQ(ip->to_string(), text);
  }
}

TEST(IpAddress, RefusesWhatIsNone) {
  for (const auto* text : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "[::1]", "fe80::1%eth0", "a.local", "::1 ",
                           "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
}

TEST(IpAddress, AMappedAddressIsItsIpv4Self) {
  const auto mapped = IpAddress::parse("::ffff:192.0.2.7");
  ASSERT_TRUE(mapped);
  EXPECT_TRUE(mapped->is_v4());
  EXPECT_EQ(*mapped, IpAddress::v4(0xc0000207));
  EXPECT_EQ(mapped->bytes().size(), 4u);
}

TEST(IpAddress, AnIpv6AddressThatBeginsWithTheSameBytesIsAnother) {
  EXPECT_NE(*IpAddress::parse("0.0.0.0"), *IpAddress::parse("::"));
}

TEST(IpAddress, KnowsItsKind) {
  EXPECT_TRUE(IpAddress::parse("127.9.9.9")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("::2")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("0.0.0.0")->is_unspecified());
  EXPECT_TRUE(IpAddress::parse("::")->is_unspecified());
  EXPECT_TRUE(IpAddress::parse("169.254.3.4")->is_link_local());
  EXPECT_TRUE(IpAddress::parse("febf::1")->is_link_local());
  EXPECT_FALSE(IpAddress::parse("fec0::1")->is_link_local());
}

TEST(SocketAddress, ParsesAndPrintsBothFamilies) {
  for (const auto* text : {"192.0.2.1:80", "[2001:db8::1]:65535", "0.0.0.0:0"}) {
    const auto address = SocketAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
  }
}

TEST(SocketAddress, RefusesWhatIsNone) {
  for (const auto* text : {"", ":", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:8x",
                           "[::1]", "[::1:80", "[192.0.2.1]:80", "2001:db8::1:80"})
    EXPECT_FALSE(SocketAddress::parse(text)) << text;
}

TEST(SocketAddress, HashesTellPortsAndAddressesApart) {
  std::unordered_set<size_t> hashes;
  for (uint32_t ip = 0; ip < 64; ++ip)
    for (uint16_t port = 1000; port < 1064; ++port)
      hashes.insert(std::hash<SocketAddress>()({IpAddress::v4(0x0a000000 + ip), port}));
  EXPECT_EQ(hashes.size(), 64u * 64u);
}

}  // namespace
}  // namespace heliograph::base
