// SPDX-License-Identifier: Apache-2.0
#include "plan/media.h"

namespace heliograph::plan {

std::string_view encoding_name(Codec codec) {
  switch (codec) {
    case Codec::kOpus:
      return "opus";
    case Codec::kVp8:
      return "VP8";
    case Codec::kVp9:
      return "VP9";
    case Codec::kAv1:
      return "AV1";
    case Codec::kH264:
      return "H264";
  }
  return "";
}

}  // namespace heliograph::plan
