// SPDX-License-Identifier: Apache-2.0
#include "negotiation/extensions.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace heliograph::negotiation {
namespace {

using plan::ExtensionIds;
using sdp::Direction;

struct Extension {
  std::string_view uri;
  uint8_t ExtensionIds::* id;
};
constexpr Extension kExtensions[] = {
    {"urn:ietf:params:rtp-hdrext:sdes:mid", &ExtensionIds::mid},
    {"urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", &ExtensionIds::rid},
    {"urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id", &ExtensionIds::repaired_rid},
    {"http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", &ExtensionIds::abs_send_time},
    {"http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", &ExtensionIds::transport_cc},
    {"urn:ietf:params:rtp-hdrext:ssrc-audio-level", &ExtensionIds::audio_level},
    {"urn:3gpp:video-orientation", &ExtensionIds::video_orientation},
    {"http://www.webrtc.org/experiments/rtp-hdrext/playout-delay", &ExtensionIds::playout_delay},
    {"https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
     &ExtensionIds::dependency_descriptor},
};

const Extension* find(std::string_view uri) {
  const auto found = std::ranges::find(kExtensions, uri, &Extension::uri);
  return found == std::end(kExtensions) ? nullptr : &*found;
}

std::optional<Direction> mirrored(std::optional<Direction> direction) {
  if (direction == Direction::kSendOnly) return Direction::kRecvOnly;
  if (direction == Direction::kRecvOnly) return Direction::kSendOnly;
  return direction;
}

}  // namespace

ExtensionIds read_uplink_extensions(const sdp::Media& offered, ExtensionNames& names) {
  ExtensionIds ids;
  for (const auto& map : offered.extmaps) {
    const auto* known = find(map.uri);
    const bool sent = sdp::sends(map.direction.value_or(Direction::kSendRecv));
    if (known == nullptr || !sent || map.id > 255 || ids.*known->id != 0) continue;
    const auto id = static_cast<uint8_t>(map.id);
    if (names.try_emplace(id, map.uri).first->second == map.uri) ids.*known->id = id;
  }
  return ids;
}

void write_answer_extensions(sdp::Media& answer, const sdp::Media& offered, const ExtensionIds& taken) {
  for (const auto& map : offered.extmaps) {
    const auto* known = find(map.uri);
    if (known == nullptr || taken.*known->id != map.id) continue;
    answer.extmaps.push_back({map.id, mirrored(map.direction), map.uri, ""});
  }
}

ExtensionIds downlink_extensions(plan::Codec codec) {
  ExtensionIds ids{.mid = plan::kDownlinkExtensions.mid,
                   .abs_send_time = plan::kDownlinkExtensions.abs_send_time,
                   .transport_cc = plan::kDownlinkExtensions.transport_cc};
  if (plan::kind_of(codec) == plan::Kind::kAudio) {
    ids.audio_level = plan::kDownlinkExtensions.audio_level;
    return ids;
  }
  ids.video_orientation = plan::kDownlinkExtensions.video_orientation;
  ids.playout_delay = plan::kDownlinkExtensions.playout_delay;
  if (codec == plan::Codec::kAv1) ids.dependency_descriptor = plan::kDownlinkExtensions.dependency_descriptor;
  return ids;
}

void write_offer_extensions(sdp::Media& offer, const ExtensionIds& offered) {
  for (const auto& known : kExtensions) {
    if (offered.*known.id != 0) offer.extmaps.push_back({offered.*known.id, std::nullopt, std::string(known.uri), ""});
  }
}

ExtensionIds read_answered_extensions(const sdp::Media& answer, const ExtensionIds& offered) {
  ExtensionIds ids;
  for (const auto& map : answer.extmaps) {
    const auto* known = find(map.uri);
    const bool wanted = sdp::receives(map.direction.value_or(Direction::kSendRecv));
    if (known != nullptr && wanted && map.id == offered.*known->id) ids.*known->id = offered.*known->id;
  }
  return ids;
}

}  // namespace heliograph::negotiation
