// SPDX-License-Identifier: Apache-2.0
// Protector and Unprotector against each other.
#include <algorithm>

#include <gtest/gtest.h>

#include "rtp/header_size.h"
#include "srtp/header_size.h"
#include "srtp/protector.h"
#include "srtp/testing_packets.h"
#include "srtp/unprotector.h"

namespace heliograph::srtp {
namespace {

using base::ConstBytes;
using testing::joined;
using testing::Packet;
using testing::random_vector;

using Case = std::tuple<crypto::SrtpProfile, crypto::Backend>;

class Srtp : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!crypto::is_available(backend)) GTEST_SKIP() << "this processor or build does not have it";
    protector.emplace(profile, master, backend);
    unprotector.emplace(profile, master, backend);
  }

  Packet protect(const Packet& header, const Packet& prefix, const Packet& payload, uint64_t index) {
    Packet out(header.size() + prefix.size() + payload.size() + kMaxRtpOverhead);
    out.resize(protector->protect_rtp(header, prefix, payload, index, out.data()));
    return out;
  }
  Packet protect(uint64_t index, uint32_t ssrc = 0x1234) {
    return protect(testing::random_rtp_header(rng, ssrc, static_cast<uint16_t>(index)), {}, random_vector(rng, 50),
                   index);
  }
  Packet protect_rtcp(const Packet& compound) {
    Packet out(compound.size() + kMaxRtcpOverhead);
    out.resize(protector->protect_rtcp(compound, out.data()));
    return out;
  }
  std::expected<Packet, Reject> unprotect(const Packet& packet) {
    scratch.resize(packet.size());
    const auto result = unprotector->unprotect_rtp(packet, scratch);
    if (!result) return std::unexpected(result.error());
    return Packet(result->packet.begin(), result->packet.end());
  }
  std::expected<Packet, Reject> unprotect_rtcp(const Packet& packet) {
    scratch.resize(packet.size());
    const auto result = unprotector->unprotect_rtcp(packet, scratch);
    if (!result) return std::unexpected(result.error());
    return Packet(result->begin(), result->end());
  }
  Reject rejection(const Packet& packet) { return unprotect(packet).error(); }

  const crypto::SrtpProfile profile = std::get<0>(GetParam());
  const crypto::Backend backend = std::get<1>(GetParam());
  base::Rng rng{7};
  const crypto::SrtpMasterKey master = testing::random_master(rng);
  std::optional<Protector> protector;
  std::optional<Unprotector> unprotector;
  Packet scratch;
};

std::string name_of(const ::testing::TestParamInfo<Case>& info) {
  constexpr const char* kNames[] = {"Sha1", "Gcm128", "Gcm256"};
  const auto* profile = std::ranges::find(testing::kProfiles, std::get<0>(info.param));
  return std::string(kNames[profile - testing::kProfiles]) +
         (std::get<1>(info.param) == crypto::Backend::kOpenSsl ? "OpenSsl" : "IpsecMb");
}
INSTANTIATE_TEST_SUITE_P(Each, Srtp,
                         ::testing::Combine(::testing::ValuesIn(testing::kProfiles),
                                            ::testing::Values(crypto::Backend::kOpenSsl, crypto::Backend::kIpsecMb)),
                         name_of);

TEST_P(Srtp, WhatWasProtectedComesBack) {
  for (uint64_t index = 60'000; index < 70'000; index += 3) {  // over a wrap of the sequence number
    const auto header = testing::random_rtp_header(rng, 1, static_cast<uint16_t>(index));
    const auto prefix = random_vector(rng, rng.chance(0.5) ? 0 : rng.below(20));
    const auto payload = random_vector(rng, rng.below(rng.chance(0.1) ? 1 : 1200));
    const auto packet = protect(header, prefix, payload, index);
    scratch.resize(packet.size());
    const auto result = unprotector->unprotect_rtp(packet, scratch);
    ASSERT_TRUE(result) << index;
    ASSERT_EQ(Packet(result->packet.begin(), result->packet.end()), joined(header, joined(prefix, payload)));
    EXPECT_EQ(result->index, index);
    EXPECT_EQ(result->header_size, header.size());
  }
}

TEST_P(Srtp, ManyViewersMayLeaveTheirTagsToOneQueueAndGo) {
  crypto::HmacSha1Queue tags(backend);
  std::vector<crypto::SrtpMasterKey> masters;
  std::vector<Packet> packets;
  for (int viewer = 0; viewer < 200; ++viewer) {
    Protector leaving(profile, masters.emplace_back(testing::random_master(rng)), backend);
    for (uint64_t index = 1; index <= 9; ++index) {
      const auto header = testing::random_rtp_header(rng, 1, static_cast<uint16_t>(index));
      const auto payload = random_vector(rng, 1100);
      auto& packet = packets.emplace_back(header.size() + payload.size() + kMaxRtpOverhead);
      packet.resize(leaving.protect_rtp(header, {}, payload, index, packet.data(), &tags));
    }
  }
  tags.finish();
  for (size_t i = 0; i < packets.size(); ++i) {
    if (i % 9 == 0) unprotector.emplace(profile, masters[i / 9], backend);
    ASSERT_TRUE(unprotect(packets[i])) << i;
  }
}

TEST_P(Srtp, RtcpComesBackToo) {
  for (int i = 0; i < 1000; ++i) {
    const auto compound = testing::random_rtcp(rng, 1);
    ASSERT_EQ(unprotect_rtcp(protect_rtcp(compound)), compound);
  }
}

TEST_P(Srtp, ThePayloadIsNotInTheClear) {
  const Packet payload(100, 0x55);
  const auto packet = protect(testing::random_rtp_header(rng, 1, 1), {}, payload, 1);
  const Packet run(8, 0x55);
  EXPECT_TRUE(std::ranges::search(packet, run).empty());
  Packet compound = testing::random_rtcp(rng, 1);
  compound.resize(100, 0x55);
  const auto report = protect_rtcp(compound);
  EXPECT_TRUE(std::ranges::search(report, run).empty());
}

TEST_P(Srtp, AReplayIsRefused) {
  const auto first = protect(100);
  const auto second = protect(101);
  EXPECT_TRUE(unprotect(first));
  EXPECT_EQ(rejection(first), Reject::kReplayed);
  EXPECT_TRUE(unprotect(second));
  EXPECT_EQ(rejection(first), Reject::kReplayed);
  const auto report = protect_rtcp(testing::random_rtcp(rng, 1));
  EXPECT_TRUE(unprotect_rtcp(report));
  EXPECT_EQ(unprotect_rtcp(report).error(), Reject::kReplayed);
}

TEST_P(Srtp, ReorderedPacketsAreTakenUpToTheWindow) {
  std::vector<Packet> packets;
  for (uint64_t index = 0; index < 3000; ++index) packets.push_back(protect(65'000 + index));
  EXPECT_TRUE(unprotect(packets[0]));
  EXPECT_TRUE(unprotect(packets[2000]));
  EXPECT_TRUE(unprotect(packets[2000 - 1023]));
  EXPECT_EQ(rejection(packets[2000 - 1024]), Reject::kTooOld);
  for (size_t i = 1999; i > 2000 - 1023; --i) EXPECT_TRUE(unprotect(packets[i])) << i;
  for (size_t i = 2000; i > 2000 - 1023; --i) EXPECT_EQ(rejection(packets[i]), Reject::kReplayed) << i;
}

TEST_P(Srtp, LapsAreCountedForEachSource) {
  for (uint64_t lap = 0; lap < 5; ++lap)
    for (uint64_t step = 0; step < 4; ++step) {
      const uint64_t index = lap * 65'536 + step * 16'384;
      EXPECT_TRUE(unprotect(protect(index, 1))) << index;
      if (lap < 2) EXPECT_TRUE(unprotect(protect(index + 9, 2))) << index;
    }
}

TEST_P(Srtp, AnyChangedByteIsSeenAndNothingIsRemembered) {
  auto packet = protect(40);
  for (auto& byte : packet)
    for (const auto bit : {uint8_t{0x01}, uint8_t{0x80}}) {
      byte ^= bit;
      EXPECT_FALSE(unprotect(packet));
      byte ^= bit;
    }
  EXPECT_TRUE(unprotect(packet));
  auto report = protect_rtcp(testing::random_rtcp(rng, 1));
  for (auto& byte : report)
    for (const auto bit : {uint8_t{0x01}, uint8_t{0x80}}) {
      byte ^= bit;
      EXPECT_FALSE(unprotect_rtcp(report));
      byte ^= bit;
    }
  EXPECT_TRUE(unprotect_rtcp(report));
}

TEST_P(Srtp, AnyCutPacketIsRefused) {
  const auto packet = protect(40);
  for (size_t size = 0; size < packet.size(); ++size)
    EXPECT_FALSE(unprotect({packet.begin(), packet.begin() + static_cast<ptrdiff_t>(size)}));
  const auto report = protect_rtcp(testing::random_rtcp(rng, 1));
  for (size_t size = 0; size < report.size(); ++size)
    EXPECT_FALSE(unprotect_rtcp({report.begin(), report.begin() + static_cast<ptrdiff_t>(size)}));
}

TEST_P(Srtp, ARejectSaysWhy) {
  EXPECT_EQ(rejection(Packet(11, 0x80)), Reject::kTooShort);
  EXPECT_EQ(rejection(Packet(100, 0x40)), Reject::kBadVersion);
  EXPECT_EQ(rejection(Packet(100, 0x80)), Reject::kAuthentication);
  EXPECT_EQ(unprotect_rtcp(Packet(27, 0x80)).error(),
            profile == crypto::SrtpProfile::kAes128CmHmacSha1_80 ? Reject::kAuthentication : Reject::kTooShort);
  EXPECT_EQ(unprotect_rtcp(Packet(100, 0x40)).error(), Reject::kBadVersion);
  auto clear = Packet(100, 0x80);
  std::fill(clear.end() - 20, clear.end(), uint8_t{0});
  EXPECT_EQ(unprotect_rtcp(clear).error(), Reject::kNotEncrypted);
  const auto packet = protect(1);
  scratch.resize(packet.size() - 1);
  EXPECT_EQ(unprotector->unprotect_rtp(packet, scratch).error(), Reject::kTooShort);
}

TEST_P(Srtp, OnlyAuthenticPacketsTakePlacesInTheTable) {
  for (uint32_t ssrc = 0; ssrc < 1000; ++ssrc) {
    auto forged = protect(1, ssrc);
    forged.back() ^= 1;
    EXPECT_EQ(rejection(forged), Reject::kAuthentication);
  }
  for (uint32_t ssrc = 0; ssrc < SourceTable::kMaxSources; ++ssrc) EXPECT_TRUE(unprotect(protect(1, ssrc)));
  EXPECT_EQ(rejection(protect(1, 5000)), Reject::kTooManySources);
  EXPECT_TRUE(unprotect(protect(2, 0)));
}

TEST_P(Srtp, AnotherKeyDoesNotOpen) {
  auto other = master;
  other.key[15] ^= 1;
  Unprotector wrong(profile, other, backend);
  const auto packet = protect(1);
  scratch.resize(packet.size());
  EXPECT_EQ(wrong.unprotect_rtp(packet, scratch).error(), Reject::kAuthentication);
  other = master;
  other.salt[0] ^= 1;
  Unprotector salted(profile, other, backend);
  EXPECT_EQ(salted.unprotect_rtp(packet, scratch).error(), Reject::kAuthentication);
}

TEST(RtpHeaderSize, NeverLooksBehindTheEnd) {
  base::Rng rng(9);
  for (int i = 0; i < 100'000; ++i) {
    const auto packet = random_vector(rng, rng.below(120));
    const auto size = rtp::header_size(packet);
    if (size) {
      EXPECT_LE(*size, packet.size());
      EXPECT_GE(*size, rtp::kFixedHeaderSize);
    }
  }
}

}  // namespace
}  // namespace heliograph::srtp
