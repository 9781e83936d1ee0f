// SPDX-License-Identifier: Apache-2.0
// HMAC (RFC 2104) without allocation. STUN authenticates messages by it (RFC 8489 section 14.5), SRTP packets (RFC 3711
// section 4.2.1).
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace heliograph::crypto {

using Sha1Digest = std::array<uint8_t, 20>;
using Sha256Digest = std::array<uint8_t, 32>;

// A key whose two pads are hashed already: what is left per message is the message and one block. 40 bytes.
class HmacSha1 {
 public:
  HmacSha1() = default;  // no key yet
  explicit HmacSha1(base::ConstBytes key);
  // Over a followed by b.
  Sha1Digest digest(base::ConstBytes a, base::ConstBytes b = {}) const;

  // SHA-1's five words after the pad's block.
  using State = std::array<uint32_t, 5>;
  const State& inner() const { return inner_; }
  const State& outer() const { return outer_; }

 private:
  State inner_{};
  State outer_{};
};

// One of many that are computed together: the first tag.size() bytes of the HMAC over message, written to tag.
struct HmacSha1Job {
  HmacSha1 key;
  base::ConstBytes message;
  base::Bytes tag;
};

// One message under one key, over a followed by b.
Sha1Digest hmac_sha1(base::ConstBytes key, base::ConstBytes a, base::ConstBytes b = {});
Sha256Digest hmac_sha256(base::ConstBytes key, base::ConstBytes a, base::ConstBytes b = {});

// In a time that depends on the sizes only.
bool equal_in_constant_time(base::ConstBytes a, base::ConstBytes b);

}  // namespace heliograph::crypto
