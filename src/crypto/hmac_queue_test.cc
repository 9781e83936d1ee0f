// SPDX-License-Identifier: Apache-2.0
#include "crypto/hmac_queue.h"

#include <algorithm>
#include <deque>
#include <vector>

#include <gtest/gtest.h>

#include "crypto/testing_bytes.h"

namespace heliograph::crypto {
namespace {

using base::Bytes;
using base::ConstBytes;
using testing::from_hex;
using testing::random_vector;

constexpr size_t kTag = 10;

class HmacQueue : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    if (!is_available(GetParam())) GTEST_SKIP() << "this processor or build does not have it";
  }
};
INSTANTIATE_TEST_SUITE_P(Each, HmacQueue, ::testing::Values(Backend::kOpenSsl, Backend::kIpsecMb),
                         [](const auto& info) { return info.param == Backend::kOpenSsl ? "OpenSsl" : "IpsecMb"; });

// A message, the tag that it should get, and where it gets it: four bytes before the message's end, as in SRTP, with
// bytes behind that nobody may touch.
struct Message {
  static constexpr size_t kInTag = 4;
  static constexpr size_t kBehind = 16;
  static constexpr uint8_t kUntouched = 0xEE;

  Message(base::Rng& rng, size_t size, size_t tag_size) : key(random_vector(rng, 20)), tag(tag_size) {
    bytes = random_vector(rng, size);
    const auto digest = key.digest(bytes);
    std::copy_n(digest.begin(), tag_size, tag.begin());
    before = bytes;
    bytes.resize(std::max(size, tag_at() + tag_size) + kBehind, kUntouched);
  }
  size_t tag_at() const { return before.size() - kInTag; }
  void add_to(HmacSha1Queue& queue) {
    const HmacSha1 short_lived = key;
    queue.add(short_lived, ConstBytes(bytes).first(before.size()), Bytes(bytes).subspan(tag_at(), tag.size()));
  }
  void check() const {
    EXPECT_TRUE(std::equal(tag.begin(), tag.end(), bytes.begin() + static_cast<ptrdiff_t>(tag_at())));
    EXPECT_TRUE(std::equal(before.begin(), before.end() - kInTag, bytes.begin()));
    EXPECT_TRUE(std::ranges::all_of(ConstBytes(bytes).last(kBehind), [](uint8_t b) { return b == kUntouched; }));
  }

  HmacSha1 key;
  std::vector<uint8_t> tag;
  std::vector<uint8_t> before;
  std::vector<uint8_t> bytes;
};

TEST_P(HmacQueue, AgreesWithRfc2202) {
  HmacSha1Queue queue(GetParam());
  const HmacSha1 key(std::vector<uint8_t>(20, 0x0b));
  std::array<std::vector<uint8_t>, HmacSha1Queue::kLanes> tags;
  for (auto& tag : tags) {
    tag.resize(20);
    queue.add(key, base::as_bytes("Hi There"), tag);
  }
  queue.finish();
  for (const auto& tag : tags) EXPECT_EQ(tag, from_hex("b617318655057264e28bc0b6fb378c8ef146be00"));
}

TEST_P(HmacQueue, AnyNumberOfMessagesIsFinished) {
  base::Rng rng(1);
  HmacSha1Queue queue(GetParam());
  for (size_t count = 0; count <= 2 * HmacSha1Queue::kCapacity + 1; ++count) {
    std::deque<Message> messages;
    for (size_t i = 0; i < count; ++i) messages.emplace_back(rng, 300, kTag).add_to(queue);
    queue.finish();
    EXPECT_TRUE(queue.empty());
    for (const auto& message : messages) message.check();
  }
}

TEST_P(HmacQueue, MessagesOfEverySizeLieSideBySide) {
  base::Rng rng(2);
  HmacSha1Queue queue(GetParam());
  std::deque<Message> messages;
  for (size_t size = Message::kInTag; size < 1600; ++size) messages.emplace_back(rng, size, kTag).add_to(queue);
  queue.finish();
  for (const auto& message : messages) message.check();
}

TEST_P(HmacQueue, WhateverIsAddedAndWheneverItIsFinished) {
  base::Rng rng(3);
  HmacSha1Queue queue(GetParam());
  for (int round = 0; round < 3000; ++round) {
    std::deque<Message> messages;
    const size_t count = rng.below(rng.chance(0.1) ? 200 : 40);
    const size_t most = rng.chance(0.5) ? 130 : 1500;
    for (size_t i = 0; i < count; ++i) {
      messages.emplace_back(rng, Message::kInTag + rng.below(most), 1 + rng.below(20)).add_to(queue);
      if (rng.chance(0.02)) queue.finish();
    }
    queue.finish();
    for (const auto& message : messages) message.check();
    if (HasFailure()) FAIL() << "round " << round;
  }
}

// Two queues of one thread share the library's state of that thread.
TEST_P(HmacQueue, QueuesDoNotDisturbEachOther) {
  base::Rng rng(4);
  HmacSha1Queue a(GetParam()), b(GetParam());
  std::deque<Message> messages;
  for (int i = 0; i < 300; ++i) messages.emplace_back(rng, 20 + rng.below(1200), kTag).add_to(i % 3 == 0 ? a : b);
  a.finish();
  b.finish();
  for (const auto& message : messages) message.check();
}

TEST(HmacSha1Queue, LeavesTagsToFinishOnlyWhereThatPays) {
  base::Rng rng(5);
  if (is_available(Backend::kIpsecMb)) {
    HmacSha1Queue queue(Backend::kIpsecMb);
    std::deque<Message> messages;
    for (size_t i = 0; i + 1 < HmacSha1Queue::kCapacity; ++i) messages.emplace_back(rng, 100, kTag).add_to(queue);
    EXPECT_FALSE(queue.empty());
    messages.emplace_back(rng, 100, kTag).add_to(queue);
    EXPECT_TRUE(queue.empty()) << "a full queue finishes itself";
    for (const auto& message : messages) message.check();
  }
  HmacSha1Queue openssl(Backend::kOpenSsl);
  Message message(rng, 100, kTag);
  message.add_to(openssl);
  EXPECT_TRUE(openssl.empty());
  message.check();
}

}  // namespace
}  // namespace heliograph::crypto
