// SPDX-License-Identifier: Apache-2.0
#include "dtls/wire.h"

#include <gtest/gtest.h>

namespace heliograph::dtls {
namespace {

std::vector<uint8_t> record(size_t size) {
  std::vector<uint8_t> bytes(size);
  base::store_be(&bytes[11], static_cast<uint16_t>(size - 13));
  return bytes;
}

TEST(Wire, RecordsShareDatagramsThatDoNotGetTooLarge) {
  Wire wire;
  Datagrams out{record(20)};
  wire.begin({}, out);
  std::vector<uint8_t> flight;
  for (const size_t size : {500u, 600u, 100u, 1u + 13u, 1186u}) {
    const auto one = record(size);
    flight.insert(flight.end(), one.begin(), one.end());
  }
  wire.write(flight);
  wire.end();
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out[0].size(), 20u);  // what was there is left alone
  EXPECT_EQ(out[1].size(), Wire::kMaxDatagram);
  EXPECT_EQ(out[2].size(), Wire::kMaxDatagram);
}

TEST(Wire, ADatagramIsReadOnceAndItsEndIsLostInASmallBuffer) {
  Wire wire;
  Datagrams out;
  const auto datagram = record(100);
  std::vector<uint8_t> into(60);
  wire.begin(datagram, out);
  EXPECT_EQ(wire.read(into), 60);
  EXPECT_EQ(wire.read(into), -1);
}

}  // namespace
}  // namespace heliograph::dtls
