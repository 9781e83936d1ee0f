// SPDX-License-Identifier: Apache-2.0
// Differential: what we protect, libsrtp opens, and the other way round.
#include <algorithm>

#include <gtest/gtest.h>
#include <srtp2/srtp.h>

#include "srtp/protector.h"
#include "srtp/testing_packets.h"
#include "srtp/unprotector.h"

namespace heliograph::srtp {
namespace {

using testing::joined;
using testing::Packet;
using testing::random_vector;

constexpr size_t kRounds = 3000;

srtp_profile_t libsrtp_profile(crypto::SrtpProfile profile) {
  switch (profile) {
    case crypto::SrtpProfile::kAes128CmHmacSha1_80:
      return srtp_profile_aes128_cm_sha1_80;
    case crypto::SrtpProfile::kAeadAes128Gcm:
      return srtp_profile_aead_aes_128_gcm;
    case crypto::SrtpProfile::kAeadAes256Gcm:
      return srtp_profile_aead_aes_256_gcm;
  }
  return srtp_profile_reserved;
}

// One direction by libsrtp.
class Oracle {
 public:
  Oracle(crypto::SrtpProfile profile, const crypto::SrtpMasterKey& master, srtp_ssrc_type_t direction) {
    static const auto initialised = srtp_init();
    EXPECT_EQ(initialised, srtp_err_status_ok);
    auto* const end = std::copy_n(master.key.begin(), crypto::master_key_size(profile), key_.begin());
    std::copy_n(master.salt.begin(), crypto::master_salt_size(profile), end);
    srtp_policy_t policy{};
    srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, libsrtp_profile(profile));
    srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, libsrtp_profile(profile));
    policy.ssrc.type = direction;
    policy.key = key_.data();
    policy.window_size = 1024;
    EXPECT_EQ(srtp_create(&session_, &policy), srtp_err_status_ok);
  }
  ~Oracle() { srtp_dealloc(session_); }

  Packet protect(Packet packet, bool rtcp) { return run(rtcp ? srtp_protect_rtcp : srtp_protect, std::move(packet)); }
  Packet unprotect(Packet packet, bool rtcp) {
    return run(rtcp ? srtp_unprotect_rtcp : srtp_unprotect, std::move(packet));
  }

 private:
  using Function = srtp_err_status_t (*)(srtp_t, void*, int*);
  // Empty when libsrtp refuses.
  Packet run(Function function, Packet packet) {
    int size = static_cast<int>(packet.size());
    packet.resize(packet.size() + SRTP_MAX_TRAILER_LEN + 4);
    if (function(session_, packet.data(), &size) != srtp_err_status_ok) return {};
    packet.resize(static_cast<size_t>(size));
    return packet;
  }

  srtp_t session_ = nullptr;
  std::array<uint8_t, 46> key_{};
};

class AgainstLibsrtp : public ::testing::TestWithParam<std::tuple<crypto::SrtpProfile, crypto::Backend>> {
 protected:
  void SetUp() override {
    if (!crypto::is_available(backend)) GTEST_SKIP() << "this processor or build does not have it";
  }

  // Sequence numbers go on for several laps, with holes.
  uint64_t advance(uint64_t& index) { return index += 1 + rng.below(200); }

  const crypto::SrtpProfile profile = std::get<0>(GetParam());
  const crypto::Backend backend = std::get<1>(GetParam());
  base::Rng rng{static_cast<uint64_t>(profile) * 11};
  const crypto::SrtpMasterKey master = testing::random_master(rng);
};
INSTANTIATE_TEST_SUITE_P(Each, AgainstLibsrtp,
                         ::testing::Combine(::testing::ValuesIn(testing::kProfiles),
                                            ::testing::Values(crypto::Backend::kOpenSsl, crypto::Backend::kIpsecMb)));

TEST_P(AgainstLibsrtp, ItOpensOurRtp) {
  Protector ours(profile, master, backend);
  Oracle theirs(profile, master, ssrc_any_inbound);
  uint64_t index = 0;
  for (size_t i = 0; i < kRounds; ++i) {
    advance(index);
    const auto header = testing::random_rtp_header(rng, 0xCAFE, static_cast<uint16_t>(index));
    const auto payload = random_vector(rng, rng.below(1200));
    Packet out(header.size() + payload.size() + kMaxRtpOverhead);
    out.resize(ours.protect_rtp(header, {}, payload, index, out.data()));
    ASSERT_EQ(theirs.unprotect(out, false), joined(header, payload)) << index;
  }
  EXPECT_GT(index, 4 * 65'536u);
}

TEST_P(AgainstLibsrtp, WeOpenItsRtp) {
  Unprotector ours(profile, master, backend);
  Oracle theirs(profile, master, ssrc_any_outbound);
  uint64_t index = 0;
  for (size_t i = 0; i < kRounds; ++i) {
    advance(index);
    const auto header = testing::random_rtp_header(rng, 0xCAFE, static_cast<uint16_t>(index));
    const auto packet = joined(header, random_vector(rng, rng.below(1200)));
    const auto sealed = theirs.protect(packet, false);
    Packet out(sealed.size());
    const auto result = ours.unprotect_rtp(sealed, out);
    ASSERT_TRUE(result) << index;
    ASSERT_EQ(Packet(result->packet.begin(), result->packet.end()), packet);
    ASSERT_EQ(result->index, index);
    ASSERT_EQ(result->header_size, header.size());
  }
}

TEST_P(AgainstLibsrtp, BothProtectToTheSameBytes) {
  Protector ours(profile, master, backend);
  Oracle theirs(profile, master, ssrc_any_outbound);
  for (uint64_t index = 1; index < 1000; ++index) {
    const auto header = testing::random_rtp_header(rng, 0xCAFE, static_cast<uint16_t>(index));
    const auto payload = random_vector(rng, rng.below(1200));
    Packet out(header.size() + payload.size() + kMaxRtpOverhead);
    out.resize(ours.protect_rtp(header, {}, payload, index, out.data()));
    ASSERT_EQ(theirs.protect(joined(header, payload), false), out);
  }
}

// Packets lie side by side as in the block that is sent, none at an aligned place, and tags are written in the middle
// of it and at the end.
TEST_P(AgainstLibsrtp, TagsThatAreWrittenLaterAreTheSame) {
  Protector ours(profile, master, backend);
  Oracle theirs(profile, master, ssrc_any_outbound);
  crypto::HmacSha1Queue tags(backend);
  std::vector<uint8_t> block(1 << 20);
  std::vector<Packet> expected;
  size_t used = 0;
  for (uint64_t index = 65'000; index < 66'500; ++index) {
    const auto header = testing::random_rtp_header(rng, 0xCAFE, static_cast<uint16_t>(index));
    const auto prefix = random_vector(rng, rng.chance(0.5) ? 0 : rng.below(20));
    const auto payload = random_vector(rng, rng.below(rng.chance(0.3) ? 100 : 1200));
    if (rng.chance(0.03)) tags.finish();
    used += ours.protect_rtp(header, prefix, payload, index, &block[used], &tags);
    expected.push_back(theirs.protect(joined(header, joined(prefix, payload)), false));
  }
  tags.finish();
  size_t at = 0;
  for (const auto& packet : expected) {
    ASSERT_TRUE(std::equal(packet.begin(), packet.end(), block.begin() + static_cast<ptrdiff_t>(at)));
    at += packet.size();
  }
  EXPECT_EQ(at, used);
}

TEST_P(AgainstLibsrtp, RtcpGoesBothWays) {
  Protector protector(profile, master, backend);
  Unprotector unprotector(profile, master, backend);
  Oracle inbound(profile, master, ssrc_any_inbound);
  Oracle outbound(profile, master, ssrc_any_outbound);
  for (size_t i = 0; i < kRounds; ++i) {
    const auto compound = testing::random_rtcp(rng, 0xCAFE);
    Packet ours(compound.size() + kMaxRtcpOverhead);
    ours.resize(protector.protect_rtcp(compound, ours.data()));
    ASSERT_EQ(inbound.unprotect(ours, true), compound);
    const auto theirs = outbound.protect(compound, true);
    Packet out(theirs.size());
    const auto result = unprotector.unprotect_rtcp(theirs, out);
    ASSERT_TRUE(result);
    ASSERT_EQ(Packet(result->begin(), result->end()), compound);
  }
}

}  // namespace
}  // namespace heliograph::srtp
