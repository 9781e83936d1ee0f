// SPDX-License-Identifier: Apache-2.0
#include "server/client_address.h"

#include "gtest/gtest.h"

namespace heliograph::server {
namespace {

base::IpAddress ip(std::string_view text) { return *base::IpAddress::parse(text); }

TEST(AddressRange, IsAnAddressOrAPrefix) {
  EXPECT_TRUE(AddressRange::parse("10.0.0.0/8")->contains(ip("10.255.0.1")));
  EXPECT_FALSE(AddressRange::parse("10.0.0.0/8")->contains(ip("11.0.0.1")));
  EXPECT_TRUE(AddressRange::parse("192.0.2.128/25")->contains(ip("192.0.2.129")));
  EXPECT_FALSE(AddressRange::parse("192.0.2.128/25")->contains(ip("192.0.2.127")));
  EXPECT_TRUE(AddressRange::parse("192.0.2.7")->contains(ip("192.0.2.7")));
  EXPECT_FALSE(AddressRange::parse("192.0.2.7")->contains(ip("192.0.2.6")));
  EXPECT_TRUE(AddressRange::parse("2001:db8::/33")->contains(ip("2001:db8:7fff::1")));
  EXPECT_FALSE(AddressRange::parse("2001:db8::/33")->contains(ip("2001:db8:8000::1")));
  EXPECT_TRUE(AddressRange::parse("0.0.0.0/0")->contains(ip("203.0.113.9")));
  EXPECT_FALSE(AddressRange::parse("0.0.0.0/0")->contains(ip("::1")));
  for (const auto* wrong : {"", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "::/129", "proxy", "10/8"})
    EXPECT_FALSE(AddressRange::parse(wrong)) << wrong;
}

TEST(ClientAddress, IsThePeersWhereThePeerIsNoProxyOfOurs) {
  const std::vector<AddressRange> proxies{*AddressRange::parse("10.0.0.0/8")};
  EXPECT_EQ(client_address(ip("192.0.2.1"), "203.0.113.9", proxies), ip("192.0.2.1"));
  EXPECT_EQ(client_address(ip("10.0.0.1"), "203.0.113.9", {}), ip("10.0.0.1"));
}

TEST(ClientAddress, IsTheRightmostThatIsNoProxy) {
  const std::vector<AddressRange> proxies{*AddressRange::parse("10.0.0.0/8"), *AddressRange::parse("::1")};
  const auto of = [&](std::string_view header) { return client_address(ip("10.0.0.1"), header, proxies); };
  EXPECT_EQ(of("203.0.113.9"), ip("203.0.113.9"));
  EXPECT_EQ(of("198.51.100.1, 203.0.113.9"), ip("203.0.113.9"));  // the left one was written by the client
  EXPECT_EQ(of("203.0.113.9 , 10.0.0.2,::1"), ip("203.0.113.9"));
  EXPECT_EQ(of("203.0.113.9:4711"), ip("203.0.113.9"));
  EXPECT_EQ(of("[2001:db8::7]:4711"), ip("2001:db8::7"));
  EXPECT_EQ(of("[2001:db8::7]"), ip("2001:db8::7"));
}

TEST(ClientAddress, NonsenseIsNotGoneBehind) {
  const std::vector<AddressRange> proxies{*AddressRange::parse("10.0.0.0/8")};
  const auto of = [&](std::string_view header) { return client_address(ip("10.0.0.1"), header, proxies); };
  for (const auto* header : {"", ",", "unknown", "203.0.113.9, unknown", "203.0.113.9,", "203.0.113.9,, 10.0.0.2"})
    EXPECT_TRUE(of(header) == ip("10.0.0.1") || of(header) == ip("10.0.0.2")) << header;
  EXPECT_EQ(of("10.0.0.3, 10.0.0.2"), ip("10.0.0.3"));  // a proxy asks for itself
}

TEST(NetworkOf, AnIpv6HostHasA64ToItself) {
  EXPECT_EQ(network_of(ip("192.0.2.1")), ip("192.0.2.1"));
  EXPECT_EQ(network_of(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
}

}  // namespace
}  // namespace heliograph::server
