// SPDX-License-Identifier: Apache-2.0
#include "sdp/description.h"

#include <algorithm>

namespace heliograph::sdp {

Direction direction_of(const Description& description, const Media& media) {
  return media.direction.value_or(description.direction.value_or(Direction::kSendRecv));
}

const Group* bundle_of(const Description& description, std::string_view mid) {
  const auto holds = [mid](const Group& group) {
    return group.semantics == "BUNDLE" && std::ranges::find(group.mids, mid) != group.mids.end();
  };
  const auto found = std::ranges::find_if(description.groups, holds);
  return found == description.groups.end() ? nullptr : &*found;
}

std::string_view to_text(Direction direction) {
  switch (direction) {
    case Direction::kSendRecv:
      return "sendrecv";
    case Direction::kSendOnly:
      return "sendonly";
    case Direction::kRecvOnly:
      return "recvonly";
    case Direction::kInactive:
      return "inactive";
  }
  return "";
}

std::string_view to_text(Setup setup) {
  switch (setup) {
    case Setup::kActPass:
      return "actpass";
    case Setup::kActive:
      return "active";
    case Setup::kPassive:
      return "passive";
    case Setup::kHoldConn:
      return "holdconn";
  }
  return "";
}

}  // namespace heliograph::sdp
