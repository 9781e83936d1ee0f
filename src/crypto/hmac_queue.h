// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "crypto/hmac.h"
#include "crypto/packet_cipher.h"

namespace heliograph::crypto {

// Tags by HMAC-SHA1 that are written later, sixteen messages side by side in the processor's wide registers: one SHA-1
// cannot be split, but many cost little more than one. Lives on one core, with whoever sends; 5 KB. Keys are copied, so
// a peer may go while its last tags wait.
class HmacSha1Queue {
 public:
  // The messages of a full queue, 75 KB, are still in the core's own cache when they are read again.
  static constexpr size_t kCapacity = 64;
  static constexpr size_t kLanes = 16;

  // Without intel-ipsec-mb nothing waits: tags are written by add().
  explicit HmacSha1Queue(Backend backend = default_backend());
  HmacSha1Queue(const HmacSha1Queue&) = delete;
  HmacSha1Queue& operator=(const HmacSha1Queue&) = delete;

  // The first tag.size() bytes of the HMAC over message go to tag, at the latest by finish(). Both stay where they are,
  // and unchanged, until then; the message may reach into the tag's place. A full queue finishes itself.
  void add(const HmacSha1& key, base::ConstBytes message, base::Bytes tag);
  void finish();
  bool empty() const { return size_ == 0; }

 private:
  bool waits_;
  size_t size_ = 0;
  std::array<HmacSha1Job, kCapacity> jobs_;
};

}  // namespace heliograph::crypto
