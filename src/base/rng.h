// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include "base/bytes.h"

namespace heliograph::base {

// A fast, seeded generator (xoshiro256**, Blackman and Vigna 2018) for what need not be secret: SSRCs, sequence starts,
// jitter, simulations. Secrets come from crypto/random. Satisfies std::uniform_random_bit_generator.
class Rng {
 public:
  using result_type = uint64_t;
  explicit constexpr Rng(uint64_t seed) {
    for (auto& word : state_) word = split_mix(seed);
  }

  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return std::numeric_limits<uint64_t>::max(); }
  constexpr uint64_t operator()() {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }
  constexpr uint32_t u32() { return static_cast<uint32_t>((*this)() >> 32); }
  // Uniform in [0, bound); bound > 0.
  constexpr uint64_t below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>((*this)()) * bound) >> 64);
  }
  constexpr bool chance(double probability) { return static_cast<double>((*this)() >> 11) * 0x1p-53 < probability; }

 private:
  static constexpr uint64_t split_mix(uint64_t& seed) {
    uint64_t z = (seed += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  uint64_t state_[4] = {};
};

}  // namespace heliograph::base
