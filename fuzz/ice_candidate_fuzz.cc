// SPDX-License-Identifier: Apache-2.0
// Any text as a candidate attribute; what is read prints as something that reads the same.
#include "base/bytes.h"
#include "base/check.h"
#include "ice/candidate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using heliograph::ice::Candidate;
  const auto candidate = Candidate::parse(heliograph::base::as_text({bytes, size}));
  if (!candidate) return 0;
  CHECK(Candidate::parse(candidate->to_string()) == candidate);
  (void)candidate->socket_address();
  return 0;
}
