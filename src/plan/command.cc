// SPDX-License-Identifier: Apache-2.0
#include "plan/command.h"

namespace heliograph::plan {

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
