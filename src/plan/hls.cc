// SPDX-License-Identifier: Apache-2.0
#include "plan/hls.h"

namespace heliograph::plan {

std::string_view to_text(HlsState state) {
  switch (state) {
    case HlsState::kStarting:
      return "starting";
    case HlsState::kLive:
      return "live";
    case HlsState::kEnded:
      return "ended";
    case HlsState::kFailed:
      return "failed";
  }
  return "failed";
}

}  // namespace heliograph::plan
