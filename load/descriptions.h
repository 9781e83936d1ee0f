// SPDX-License-Identifier: Apache-2.0
// What a client says and reads in SDP, as a browser would.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/socket_address.h"
#include "crypto/fingerprint.h"
#include "plan/media.h"
#include "plan/transport.h"

namespace heliograph::load {

// Our end of one PeerConnection.
struct LocalEnd {
  plan::IceParameters ice;
  crypto::Fingerprint fingerprint;
};
// The server's.
struct RemoteEnd {
  plan::RemoteTransport transport;
  std::vector<base::SocketAddress> candidates;  // UDP, with an IP address
};

// One encoding of simulcast: told by its rid on the wire, not by SSRC in the description, as Chromium and Firefox do.
struct OfferedLayer {
  std::string rid;
  base::Ssrc ssrc;
  base::Ssrc rtx;
};

// The streams that a publisher offers, all sendonly on one transport.
struct OfferedStreams {
  std::optional<base::Ssrc> audio;
  std::optional<base::Ssrc> video;
  base::Ssrc video_rtx;
  std::string cname;
  std::vector<OfferedLayer> layers = {};  // not empty: simulcast, lowest first, instead of `video`

  bool has_video() const { return video.has_value() || !layers.empty(); }
};
inline constexpr base::PayloadType kOpusPayloadType{111};
inline constexpr base::PayloadType kH264PayloadType{102};
inline constexpr base::PayloadType kH264RtxPayloadType{103};

std::string publisher_offer(const OfferedStreams& streams, const LocalEnd& local);

// What the answer to it agreed on.
struct PublisherAgreement {
  RemoteEnd remote;
  bool audio = false;
  bool video = false;
  bool rtx = false;
  plan::ExtensionIds audio_extensions;
  plan::ExtensionIds video_extensions;
  std::string video_mid = {};
};
// The error is a sentence.
std::expected<PublisherAgreement, std::string> read_answer(std::string_view answer);

// The server's offer to a viewer, taken whole but for transport-cc: no such feedback is sent from here.
struct ViewerAgreement {
  RemoteEnd remote;
  std::vector<plan::DownlinkTrack> lines;
  std::string answer;
};
std::expected<ViewerAgreement, std::string> answer_offer(std::string_view offer, const LocalEnd& local);

}  // namespace heliograph::load
