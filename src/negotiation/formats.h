// SPDX-License-Identifier: Apache-2.0
// From the formats of an m-line to codecs, and back.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plan/media.h"
#include "sdp/description.h"

namespace heliograph::negotiation {

// The kind of an m-line that carries RTP; nullopt for data channels and whatever else there is.
std::optional<plan::Kind> kind_of(const sdp::Media& media);

// The formats of a line that we know, in its order, each with its RTX and feedback. Feedback that needs no more than
// a=rtcp-fb is taken as it stands; transport-cc also needs the header extension, which is the caller's to check.
std::vector<plan::CodecParameters> formats_of(const sdp::Media& media);

// The one format that we take of a line: the first of `preferred` that is there, else the line's first codec. Of
// several H264 formats, packetization-mode=1 and then the constrained baseline profile, which every viewer decodes, go
// first. nullopt: none is known to us.
std::optional<plan::CodecParameters> choose_format(const sdp::Media& media, std::span<const plan::Codec> preferred);

// The value of a parameter of a=fmtp ("packetization-mode=1;…"); nullopt when it is not there.
std::optional<std::string_view> fmtp_value(std::string_view parameters, std::string_view name);

// a=fmtp of our answer to what a publisher offered; may be empty.
std::string answer_fmtp(const plan::CodecParameters& offered);
// a=fmtp of our offer to a viewer of what a publisher negotiated; may be empty.
std::string offer_fmtp(const plan::CodecParameters& published);

// The formats, a=rtpmap, a=rtcp-fb and a=fmtp lines of one codec and its RTX.
void write_format(sdp::Media& media, const plan::CodecParameters& codec, const std::string& fmtp);

}  // namespace heliograph::negotiation
