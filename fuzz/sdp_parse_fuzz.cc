// SPDX-License-Identifier: Apache-2.0
// Whatever parses prints to what parses the same.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "sdp/candidate.h"
#include "sdp/description.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace heliograph;
  const auto text = base::as_text({data, size});
  if (const auto first = sdp::parse(text)) {
    const auto second = sdp::parse(sdp::to_string(*first));
    CHECK(second && *second == *first);
  }
  if (const auto candidate = sdp::parse_candidate(text)) {
    CHECK(sdp::parse_candidate(sdp::to_string(*candidate)) == candidate);
  }
  return 0;
}
