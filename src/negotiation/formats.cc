// SPDX-License-Identifier: Apache-2.0
#include "negotiation/formats.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include <fmt/format.h>

#include "sdp/text.h"

namespace heliograph::negotiation {
namespace {

using plan::Codec;
using plan::CodecParameters;

constexpr std::array kCodecs = {Codec::kOpus, Codec::kVp8, Codec::kVp9, Codec::kAv1, Codec::kH264};

struct Feedback {
  std::string_view value;
  bool CodecParameters::* taken;
};
constexpr Feedback kFeedback[] = {
    {"nack", &CodecParameters::nack},           {"nack pli", &CodecParameters::nack_pli},
    {"ccm fir", &CodecParameters::ccm_fir},     {"transport-cc", &CodecParameters::transport_cc},
    {"goog-remb", &CodecParameters::goog_remb},
};

// Encoding names know no upper and lower case (RFC 4855 section 3; GStreamer 1.22 writes OPUS).
std::optional<Codec> codec_of(const sdp::RtpMap& map) {
  const auto is_it = [&](Codec codec) {
    return sdp::equal_ignoring_case(plan::encoding_name(codec), map.encoding) &&
           plan::clock_rate(codec) == map.clock_rate;
  };
  const auto found = std::ranges::find_if(kCodecs, is_it);
  return found == kCodecs.end() ? std::nullopt : std::optional(*found);
}

const sdp::RtpMap* map_of(const sdp::Media& media, uint8_t payload_type) {
  const auto found = std::ranges::find(media.rtpmaps, payload_type, &sdp::RtpMap::payload_type);
  return found == media.rtpmaps.end() ? nullptr : &*found;
}

std::string_view fmtp_of(const sdp::Media& media, uint8_t payload_type) {
  const auto found = std::ranges::find(media.fmtps, payload_type, &sdp::Fmtp::payload_type);
  return found == media.fmtps.end() ? std::string_view() : found->parameters;
}

bool lists(const sdp::Media& media, uint8_t payload_type) {
  return std::ranges::any_of(media.formats, [&](const auto& f) { return sdp::payload_type(f) == payload_type; });
}

// RFC 4588 section 8.6: apt names the format that is repaired.
std::optional<base::PayloadType> rtx_of(const sdp::Media& media, uint8_t payload_type) {
  for (const auto& map : media.rtpmaps) {
    if (!sdp::equal_ignoring_case(map.encoding, "rtx") || !lists(media, map.payload_type)) continue;
    const auto apt = fmtp_value(fmtp_of(media, map.payload_type), "apt");
    if (apt && sdp::payload_type(*apt) == payload_type) return base::PayloadType(map.payload_type);
  }
  return std::nullopt;
}

void read_feedback(const sdp::Media& media, CodecParameters& codec) {
  for (const auto& offered : media.feedbacks) {
    if (offered.payload_type.value_or(codec.payload_type.value) != codec.payload_type.value) continue;
    for (const auto& known : kFeedback) {
      if (known.value == offered.value) codec.*known.taken = true;
    }
  }
}

// Higher is better (RFC 6184 section 8.1). Packets of mode 0 are also good for those who know mode 1, not the other way
// round.
int h264_rank(std::string_view fmtp) {
  const int mode_1 = fmtp_value(fmtp, "packetization-mode") == "1" ? 2 : 0;
  const auto profile = fmtp_value(fmtp, "profile-level-id").value_or("");
  const bool baseline = profile.starts_with("42");
  const bool constrained = profile.size() == 6 && std::string_view("4567cdefCDEF").find(profile[2]) != profile.npos;
  return mode_1 + (baseline && constrained ? 1 : 0);
}

// The parameters of `names` that are there, in that order.
std::string pick(std::string_view parameters, std::initializer_list<std::string_view> names) {
  std::string picked;
  for (const auto name : names) {
    const auto value = fmtp_value(parameters, name);
    if (value) picked += fmt::format("{}{}={}", picked.empty() ? "" : ";", name, *value);
  }
  return picked;
}

bool is_stereo(std::string_view opus) {  // RFC 7587 section 6.1
  return fmtp_value(opus, "stereo") == "1" || fmtp_value(opus, "sprop-stereo") == "1";
}

// A publisher who puts stereo, usedtx or a bit rate into its offer expects the answer to ask for it: encoders obey the
// answer.
std::string opus_answer(std::string_view offered) {
  std::string mirrored = pick(offered, {"minptime", "maxplaybackrate", "maxaveragebitrate", "cbr", "usedtx"});
  if (!mirrored.empty()) mirrored += ';';
  return mirrored + (is_stereo(offered) ? "stereo=1;useinbandfec=1" : "useinbandfec=1");
}

}  // namespace

std::optional<plan::Kind> kind_of(const sdp::Media& media) {
  if (media.protocol.find("RTP/") == std::string::npos) return std::nullopt;  // RFC 8829 section 5.1.2
  if (media.kind == "audio") return plan::Kind::kAudio;
  if (media.kind == "video") return plan::Kind::kVideo;
  return std::nullopt;
}

std::optional<std::string_view> fmtp_value(std::string_view parameters, std::string_view name) {
  for (const auto parameter : sdp::split(parameters, ';')) {
    const auto [key, value] = sdp::cut(sdp::trim(parameter), '=');
    if (sdp::equal_ignoring_case(sdp::trim(key), name)) return sdp::trim(value);
  }
  return std::nullopt;
}

std::vector<CodecParameters> formats_of(const sdp::Media& media) {
  std::vector<CodecParameters> known;
  for (const auto& format : media.formats) {
    const auto payload_type = sdp::payload_type(format);
    const auto* map = payload_type ? map_of(media, *payload_type) : nullptr;  // static types need no map; we take none
    const auto codec = map ? codec_of(*map) : std::nullopt;
    if (!codec || plan::kind_of(*codec) != kind_of(media)) continue;
    CodecParameters parameters{.codec = *codec,
                               .payload_type = base::PayloadType(*payload_type),
                               .rtx_payload_type = rtx_of(media, *payload_type),
                               .fmtp = std::string(fmtp_of(media, *payload_type))};
    read_feedback(media, parameters);
    known.push_back(std::move(parameters));
  }
  return known;
}

namespace {

const CodecParameters& first_choice(const std::vector<CodecParameters>& formats, std::span<const Codec> preferred) {
  for (const auto codec : preferred)
    if (const auto it = std::ranges::find(formats, codec, &CodecParameters::codec); it != formats.end()) return *it;
  return formats.front();
}

}  // namespace

std::optional<CodecParameters> choose_format(const sdp::Media& media, std::span<const Codec> preferred) {
  const auto formats = formats_of(media);
  if (formats.empty()) return std::nullopt;
  const CodecParameters* best = &first_choice(formats, preferred);
  if (best->codec != Codec::kH264) return *best;
  for (const auto& other : formats) {
    if (other.codec == Codec::kH264 && h264_rank(other.fmtp) > h264_rank(best->fmtp)) best = &other;
  }
  return *best;
}

std::string answer_fmtp(const CodecParameters& offered) {
  switch (offered.codec) {
    case Codec::kOpus:
      return opus_answer(offered.fmtp);
    case Codec::kVp8:
      return "";  // max-fs and max-fr speak of the offerer's own decoder (RFC 7741 section 6.1)
    case Codec::kVp9:
      return pick(offered.fmtp, {"profile-id"});
    case Codec::kAv1:
      return pick(offered.fmtp, {"profile", "level-idx", "tier"});
    case Codec::kH264:
      return pick(offered.fmtp, {"level-asymmetry-allowed", "packetization-mode", "profile-level-id"});
  }
  return "";
}

std::string offer_fmtp(const CodecParameters& published) {
  switch (published.codec) {
    case Codec::kOpus:
      return is_stereo(published.fmtp) ? "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1"
                                       : "minptime=10;useinbandfec=1";
    case Codec::kH264:
      // Mode 1 whatever the publisher sends: its packets may be of either kind. 42e01f where it names no profile
      // (B-21).
      return fmt::format("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={}",
                         fmtp_value(published.fmtp, "profile-level-id").value_or("42e01f"));
    default:
      return answer_fmtp(published);
  }
}

void write_format(sdp::Media& media, const CodecParameters& codec, const std::string& fmtp) {
  const uint8_t payload_type = codec.payload_type.value;
  media.formats = {fmt::format("{}", payload_type)};
  media.rtpmaps = {{payload_type, std::string(plan::encoding_name(codec.codec)), plan::clock_rate(codec.codec),
                    codec.codec == Codec::kOpus ? "2" : ""}};  // RFC 7587 section 7: always 2
  for (const auto& known : kFeedback) {
    if (codec.*known.taken) media.feedbacks.push_back({payload_type, std::string(known.value)});
  }
  if (!fmtp.empty()) media.fmtps.push_back({payload_type, fmtp});
  if (!codec.rtx_payload_type) return;
  const uint8_t rtx = codec.rtx_payload_type->value;
  media.formats.push_back(fmt::format("{}", rtx));
  media.rtpmaps.push_back({rtx, "rtx", plan::clock_rate(codec.codec), ""});
  media.fmtps.push_back({rtx, fmt::format("apt={}", payload_type)});
}

}  // namespace heliograph::negotiation
