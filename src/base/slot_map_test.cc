// SPDX-License-Identifier: Apache-2.0
#include "base/slot_map.h"

#include <map>
#include <string>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace heliograph::base {
namespace {

TEST(SlotMap, FindsWhatWasPutIn) {
  SlotMap<std::string> map;
  const auto a = map.emplace("a");
  const auto b = map.emplace("b");
  EXPECT_EQ(*map.find(a), "a");
  EXPECT_EQ(*map.find(b), "b");
  EXPECT_EQ(map.size(), 2u);
}

TEST(SlotMap, AHandleOfAnErasedThingFindsNothingAfterReuse) {
  SlotMap<int> map;
  const auto old = map.emplace(1);
  EXPECT_TRUE(map.erase(old));
  EXPECT_FALSE(map.erase(old));
  const auto fresh = map.emplace(2);
  EXPECT_EQ(fresh.slot, old.slot);
  EXPECT_EQ(map.find(old), nullptr);
  EXPECT_EQ(*map.find(fresh), 2);
}

TEST(SlotMap, ADefaultHandleFindsNothing) {
  SlotMap<int> map;
  map.emplace(1);
  EXPECT_EQ(map.find(Handle{}), nullptr);
}

TEST(SlotMap, AddressesStayWhileOthersComeAndGo) {
  SlotMap<int> map;
  const auto first = map.emplace(42);
  const int* address = map.find(first);
  for (int i = 0; i < 1000; ++i) map.emplace(i);
  EXPECT_EQ(map.find(first), address);
}

TEST(SlotMap, AgreesWithAMapUnderRandomUse) {
  Rng rng(3);
  SlotMap<uint64_t> slots;
  std::map<Handle, uint64_t> model;
  for (int i = 0; i < 20'000; ++i) {
    if (model.empty() || rng.chance(0.55)) {
      const uint64_t value = rng();
      ASSERT_TRUE(model.emplace(slots.emplace(value), value).second);
    } else {
      const auto victim =
          std::next(model.begin(), static_cast<int64_t>(rng.below(std::min<uint64_t>(model.size(), 20))));
      ASSERT_TRUE(slots.erase(victim->first));
      model.erase(victim);
    }
  }
  size_t seen = 0;
  slots.each([&](Handle handle, uint64_t value) { seen += model.at(handle) == value; });
  EXPECT_EQ(seen, model.size());
  EXPECT_EQ(slots.size(), model.size());
}

}  // namespace
}  // namespace heliograph::base
