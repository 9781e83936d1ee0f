// SPDX-License-Identifier: Apache-2.0
#include "crypto/hmac_queue.h"

#include <cstring>
#include <span>
#include <utility>

#include "base/check.h"
#include "crypto/ipsec_mb.h"

namespace heliograph::crypto {
namespace {

// A pass over sixteen lanes takes as long with one message as with sixteen; one message by the processor's own SHA-1
// instructions takes about a fifth of that.
constexpr size_t kWorthAPass = 5;

static_assert(HmacSha1Queue::kCapacity <= ipsec_mb::kMaxHmacs);
static_assert(HmacSha1Queue::kCapacity % HmacSha1Queue::kLanes == 0);

void write_tag(const HmacSha1Job& job) {
  const auto digest = job.key.digest(job.message);
  std::memcpy(job.tag.data(), digest.data(), job.tag.size());
}

}  // namespace

HmacSha1Queue::HmacSha1Queue(Backend backend) : waits_(backend == Backend::kIpsecMb) { CHECK(is_available(backend)); }

void HmacSha1Queue::add(const HmacSha1& key, base::ConstBytes message, base::Bytes tag) {
  CHECK(tag.size() <= sizeof(Sha1Digest));
  const HmacSha1Job job{key, message, tag};
  if (!waits_) return write_tag(job);
  jobs_[size_++] = job;
  if (size_ == kCapacity) finish();
}

void HmacSha1Queue::finish() {
  const std::span<const HmacSha1Job> jobs(jobs_.data(), std::exchange(size_, 0));
  const size_t rest = jobs.size() % kLanes;
  const size_t together = rest < kWorthAPass ? jobs.size() - rest : jobs.size();
  if (together > 0) ipsec_mb::hmac_sha1(jobs.first(together));
  for (const auto& job : jobs.subspan(together)) write_tag(job);
}

}  // namespace heliograph::crypto
