// SPDX-License-Identifier: Apache-2.0
#include "sfu/even_sizes.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "base/datagrams.h"
#include "base/rng.h"

namespace heliograph::sfu {
namespace {

struct Size {
  size_t payload = 0;
  size_t extensions = 0;
  uint8_t layer = 0;
};

// Packets of these sizes, appended to a track and evened out.
class Fresh {
 public:
  explicit Fresh(const std::vector<Size>& sizes) : track_(plan::Codec::kH264) {
    const std::vector<uint8_t> bytes(1500, 0xaa);
    int64_t sequence = 0;
    for (const auto& size : sizes) {
      MediaPacket packet;
      packet.sequence = ++sequence;
      packet.layer = size.layer;
      packet.source = size.layer;
      packet.extensions = base::ConstBytes(bytes).first(size.extensions);
      packet.payload = base::ConstBytes(bytes).first(size.payload);
      packets_.push_back(track_.append(packet));
    }
    even_out(track_, packets_);
  }

  const std::vector<const MediaPacket*>& packets() const { return packets_; }
  std::vector<size_t> paddings() const {
    std::vector<size_t> all;
    for (const auto* p : packets_) all.push_back(p->padding);
    return all;
  }
  // As one viewer of the layer gets them: how many messages to the kernel.
  size_t messages(uint8_t layer = 0, bool padded = true) const {
    size_t count = 0;
    const auto counting = [](void* context, const base::SendBatch& batch) {
      *static_cast<size_t*>(context) += batch.messages().size();
    };
    base::SendBatch batch(counting, &count);
    for (const auto* p : packets_) {
      if (p->layer != layer) continue;
      batch.reserve();
      batch.commit({}, 28 + p->extensions.size() + p->payload.size() + (padded ? p->padding : 0));
    }
    batch.flush();
    return count;
  }

 private:
  Track track_;
  std::vector<const MediaPacket*> packets_;
};

std::vector<Size> of(std::initializer_list<size_t> payloads) {
  std::vector<Size> sizes;
  for (const size_t p : payloads) sizes.push_back({.payload = p});
  return sizes;
}

TEST(EvenSizes, AFrameCutIntoAboutEqualPartsBecomesOneMessage) {
  const Fresh fresh(of({1041, 1041, 1041, 1042, 1042}));
  EXPECT_EQ(fresh.paddings(), (std::vector<size_t>{1, 1, 1, 0, 0}));
  EXPECT_EQ(fresh.messages(), 1u);
  EXPECT_EQ(fresh.messages(0, false), 2u) << "what it would be without";
}

TEST(EvenSizes, ASmallerLastPacketStaysAsItIs) {
  EXPECT_EQ(Fresh(of({1100, 1100, 1090})).paddings(), (std::vector<size_t>{0, 0, 0}));
  EXPECT_EQ(Fresh(of({1100, 1100, 300})).paddings(), (std::vector<size_t>{0, 0, 0}));
  EXPECT_EQ(Fresh(of({1100, 1100, 300})).messages(), 1u);
}

TEST(EvenSizes, ExtensionsCountAsMuchAsPayload) {
  const Fresh fresh({{.payload = 1000, .extensions = 24}, {.payload = 1010, .extensions = 8}, {.payload = 1010}});
  EXPECT_EQ(fresh.paddings(), (std::vector<size_t>{0, 6, 0}));
  EXPECT_EQ(fresh.messages(), 1u);
}

TEST(EvenSizes, MuchSmallerPacketsAreNotMadeLarge) {
  const Fresh fresh(of({40, 1100, 1100, 900, 1100}));
  EXPECT_EQ(fresh.paddings(), (std::vector<size_t>{0, 0, 0, 0, 0}));
  EXPECT_EQ(fresh.messages(), 3u);
}

TEST(EvenSizes, TheMostThatIsAddedIsKMaxPadding) {
  EXPECT_EQ(Fresh(of({1000, 1000 + kMaxPadding})).paddings(), (std::vector<size_t>{kMaxPadding, 0}));
  EXPECT_EQ(Fresh(of({1000, 1000 + kMaxPadding + 1})).paddings(), (std::vector<size_t>{0, 0}));
  EXPECT_EQ(Fresh(of({1000, 1030, 1060})).paddings(), (std::vector<size_t>{30, 0, 0}));
}

TEST(EvenSizes, LayersDoNotMix) {
  const Fresh fresh({{.payload = 1000},
                     {.payload = 300, .layer = 1},
                     {.payload = 1001},
                     {.payload = 301, .layer = 1},
                     {.payload = 1001}});
  EXPECT_EQ(fresh.paddings(), (std::vector<size_t>{1, 1, 0, 0, 0}));
  EXPECT_EQ(fresh.messages(0), 1u);
  EXPECT_EQ(fresh.messages(1), 1u);
}

TEST(EvenSizes, OnePacketAloneIsLeftAlone) { EXPECT_EQ(Fresh(of({77})).paddings(), (std::vector<size_t>{0})); }

TEST(EvenSizes, NeverMakesMoreMessagesNorAPacketLargerThanTheLargest) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    base::Rng rng(seed);
    std::vector<Size> sizes(1 + rng.below(Track::kGoodFor));
    const size_t span = 1 + rng.below(200);
    for (auto& size : sizes)
      size = {.payload = 800 + rng.below(span),
              .extensions = 4 * rng.below(3),
              .layer = static_cast<uint8_t>(rng.below(3))};
    const Fresh fresh(sizes);
    for (uint8_t layer = 0; layer < kMaxLayers; ++layer)
      ASSERT_LE(fresh.messages(layer), fresh.messages(layer, false)) << "seed " << seed;
    for (const auto* p : fresh.packets()) {
      ASSERT_LE(p->padding, kMaxPadding);
      const auto padded = p->padded_payload();
      ASSERT_LE(p->extensions.size() + padded.size(), 808 + span) << "seed " << seed;
      if (p->padding > 0) ASSERT_EQ(padded.back(), p->padding);
      ASSERT_TRUE(std::ranges::all_of(p->payload, [](uint8_t b) { return b == 0xaa; })) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace heliograph::sfu
