// SPDX-License-Identifier: Apache-2.0
#include "plan/command.h"

#include <type_traits>

namespace heliograph::plan {

ShardIndex shard_of(const Command& command) {
  return std::visit(
      []<class C>(const C& c) {
        if constexpr (std::is_same_v<C, Unpublish>) {
          return c.publication.home;
        } else {
          return c.peer.shard;
        }
      },
      command);
}

std::string_view to_text(GoneReason reason) {
  switch (reason) {
    case GoneReason::kConsentExpired:
      return "consent expired";
    case GoneReason::kDtlsFailed:
      return "DTLS failed";
    case GoneReason::kDtlsClosed:
      return "DTLS closed";
  }
  return "";
}

}  // namespace heliograph::plan
