// SPDX-License-Identifier: Apache-2.0
// Viewers by AES_CM_128_HMAC_SHA1_80, whose tags a shard writes together (docs/decisions/0016-multi-buffer.md).
#include <openssl/srtp.h>
#include <openssl/ssl.h>

#include "shard/testing_shards.h"

namespace heliograph::shard {
namespace {

class Tags : public testing_shards::Shards {
 protected:
  Tags() : Shards(1) { EXPECT_EQ(SSL_CTX_set_tlsext_use_srtp(caller_context_.get(), "SRTP_AES128_CM_SHA1_80"), 0); }
};

TEST_F(Tags, EveryViewerGetsWhatIsAuthenticHoweverManyThereAre) {
  auto& publisher = connect(0, 1);
  execute(0, plan::Publish{publisher.id, publication_, {testing_shards::uplink_track()}});
  uint64_t index = 0;
  std::vector<testing_shards::Caller*> viewers;
  // Fewer than are worth doing together, some, more than the queue holds.
  for (const size_t count : {1u, 3u, 5u, 16u, 23u, 70u}) {
    while (viewers.size() < count) {
      auto& viewer = open(0, static_cast<uint32_t>(2 + viewers.size()));
      execute(0, plan::Route{publication_, viewer.id, {testing_shards::downlink_track(50)}});
      viewers.push_back(&viewer);
    }
    run(base::Duration::millis(1500));
    for (auto* viewer : viewers) viewer->rtp.clear();
    send(publisher, 5, ++index, true, 96, 1100);
    for (int i = 0; i < 8; ++i) send(publisher, 5, ++index, false, 96, 1100 - 7 * static_cast<size_t>(i));
    exchange();
    for (const auto* viewer : viewers) {
      EXPECT_EQ(viewer->drops.forged, 0u);
      ASSERT_EQ(viewer->rtp.size(), 9u) << count;
      for (size_t i = 1; i < 9; ++i)
        EXPECT_EQ(number_of(viewer->rtp[i]), static_cast<uint16_t>(number_of(viewer->rtp[0]) + i));
    }
  }
}

}  // namespace
}  // namespace heliograph::shard
