// SPDX-License-Identifier: Apache-2.0
#include "negotiation/downlink.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "negotiation/extensions.h"
#include "negotiation/formats.h"
#include "negotiation/refuse.h"
#include "negotiation/transport.h"
#include "sdp/description.h"
#include "sdp/text.h"

namespace heliograph::negotiation {
namespace {

using plan::Codec;
using plan::CodecParameters;
using plan::DownlinkTrack;

constexpr size_t kMaxMsidBytes = 64;  // RFC 8830 section 2

// Our own payload types: fixed, so that every viewer of a codec gets the same number.
struct PayloadTypes {
  uint8_t media = 0;
  uint8_t rtx = 0;  // 0: none
};
constexpr PayloadTypes payload_types(Codec codec) {
  switch (codec) {
    case Codec::kOpus:
      return {111, 0};
    case Codec::kVp8:
      return {96, 97};
    case Codec::kVp9:
      return {98, 99};
    case Codec::kAv1:
      return {45, 46};
    case Codec::kH264:
      return {102, 103};
  }
  return {};
}

CodecParameters offered_codec(const CodecParameters& published) {
  const auto [media, rtx] = payload_types(published.codec);
  const bool video = plan::kind_of(published.codec) == plan::Kind::kVideo;
  return {.codec = published.codec,
          .payload_type = base::PayloadType(media),
          .rtx_payload_type = video ? std::optional(base::PayloadType(rtx)) : std::nullopt,
          .fmtp = offer_fmtp(published),
          .nack = video,
          .nack_pli = video,
          .ccm_fir = video,
          .transport_cc = true,
          .goog_remb = video};
}

std::string as_token(std::string_view text) {
  std::string token(text.substr(0, kMaxMsidBytes));
  for (char& c : token) {
    if (!sdp::is_token_char(c)) c = '_';
  }
  return token.empty() ? "-" : token;
}

bool is_refused(const DownlinkOffer& offer, std::string_view mid) {
  return std::ranges::find(offer.refused, mid) != offer.refused.end();
}

// RFC 5576: the stream's numbers, its CNAME and its track, in both of the ways that clients read.
void write_sources(sdp::Media& media, const DownlinkTrack& track, const std::string& msid) {
  media.msids = {msid};
  std::vector<uint32_t> ssrcs = {track.ssrc.value};
  if (track.rtx_ssrc) {
    ssrcs.push_back(track.rtx_ssrc->value);
    media.source_groups = {{"FID", ssrcs}};
  }
  for (const uint32_t ssrc : ssrcs) {
    media.sources.push_back({ssrc, "cname", track.cname});
    media.sources.push_back({ssrc, "msid", msid});
  }
}

sdp::Media offer_line(const DownlinkTrack& track, const std::string& stream_id) {
  sdp::Media media;
  media.kind = track.kind == plan::Kind::kAudio ? "audio" : "video";
  media.protocol = "UDP/TLS/RTP/SAVPF";
  media.mid = track.mid;
  media.direction = sdp::Direction::kSendOnly;
  media.rtcp_rsize = true;  // RFC 5506
  write_offer_extensions(media, track.extensions);
  write_format(media, track.codec, track.codec.fmtp);
  write_sources(media, track, fmt::format("{} {}-{}", stream_id, stream_id.substr(0, kMaxMsidBytes - 6), media.kind));
  return media;
}

// The text of an offer whose other fields are set.
std::string write_offer(const DownlinkOffer& offer, const plan::IceParameters& local_ice,
                        const Capabilities& capabilities) {
  auto description = begin_description(offer.session);
  description.extmap_allow_mixed = true;  // RFC 8285 section 6
  sdp::Group bundle{"BUNDLE", {}};
  for (const auto& track : offer.tracks) {
    auto media = offer_line(track, offer.stream_id);
    if (is_refused(offer, track.mid)) {
      description.medias.push_back(rejected(media));
      continue;
    }
    write_transport(media, local_ice, sdp::Setup::kActPass, capabilities);
    if (bundle.mids.empty()) write_candidates(media, capabilities);
    bundle.mids.push_back(track.mid);
    description.medias.push_back(std::move(media));
  }
  description.groups.push_back(std::move(bundle));
  return to_string(description);
}

// An SSRC that none of the tracks has; 0 is left to those who write it for "none".
base::Ssrc draw_ssrc(base::Rng& rng, const std::vector<DownlinkTrack>& tracks) {
  for (;;) {
    const base::Ssrc ssrc(rng.u32());
    const auto has_it = [&](const auto& track) { return track.ssrc == ssrc || track.rtx_ssrc == ssrc; };
    if (ssrc.value != 0 && std::ranges::none_of(tracks, has_it)) return ssrc;
  }
}

void add_track(DownlinkOffer& offer, const plan::UplinkTrack& published, const std::string& cname, base::Rng& rng) {
  offer.tracks.push_back({.kind = published.kind,
                          .mid = fmt::format("{}", offer.tracks.size()),
                          .codec = offered_codec(published.codec),
                          .extensions = downlink_extensions(published.codec.codec),
                          .ssrc = draw_ssrc(rng, offer.tracks),
                          .rtx_ssrc = std::nullopt,
                          .cname = cname});
  auto& track = offer.tracks.back();
  if (track.codec.rtx_payload_type) track.rtx_ssrc = draw_ssrc(rng, offer.tracks);
}

std::expected<void, base::Refusal> check_shape(const sdp::Description& answer, const DownlinkOffer& offer) {
  if (answer.medias.size() != offer.tracks.size()) {  // RFC 3264 section 6
    return refuse("the answer has {} m= lines, the offer has {}", answer.medias.size(), offer.tracks.size());
  }
  for (size_t i = 0; i < answer.medias.size(); ++i) {
    const auto& line = answer.medias[i];
    if (kind_of(line) != offer.tracks[i].kind)
      return refuse("m= line {} of the answer is not of the offer's kind", i + 1);
    if (!line.mid.empty() && line.mid != offer.tracks[i].mid) {  // RFC 5888 section 9.1
      return refuse("m= line {} of the answer has a=mid:{}, the offer's is {}", i + 1, line.mid, offer.tracks[i].mid);
    }
  }
  return {};
}

// The answer may renumber (RFC 3264 section 6.1), and leave out RTX and feedback.
std::optional<CodecParameters> answered_codec(const sdp::Media& line, const CodecParameters& offered) {
  const auto formats = formats_of(line);
  const auto found = std::ranges::find(formats, offered.codec, &CodecParameters::codec);
  if (found == formats.end()) return std::nullopt;
  return CodecParameters{.codec = offered.codec,
                         .payload_type = found->payload_type,
                         .rtx_payload_type = offered.rtx_payload_type ? found->rtx_payload_type : std::nullopt,
                         .fmtp = offered.fmtp,
                         .nack = offered.nack && found->nack,
                         .nack_pli = offered.nack_pli && found->nack_pli,
                         .ccm_fir = offered.ccm_fir && found->ccm_fir,
                         .transport_cc = offered.transport_cc && found->transport_cc,
                         .goog_remb = offered.goog_remb && found->goog_remb};
}

// What the viewer takes of one line; nullopt when it refuses it.
std::optional<DownlinkTrack> answered_track(const sdp::Description& answer, const sdp::Media& line,
                                            const DownlinkTrack& offered) {
  if (line.port == 0 || !sdp::receives(direction_of(answer, line))) return std::nullopt;
  auto codec = answered_codec(line, offered.codec);
  if (!codec) return std::nullopt;
  DownlinkTrack track = offered;
  track.extensions = read_answered_extensions(line, offered.extensions);
  track.codec = std::move(*codec);
  track.codec.transport_cc = track.codec.transport_cc && track.extensions.transport_cc != 0;
  if (!track.codec.rtx_payload_type) track.rtx_ssrc.reset();
  return track;
}

// The line of `taken` that carries the transport: the first of the answer's BUNDLE group, else the first.
const sdp::Media& tagged_line(const sdp::Description& answer, const std::vector<const sdp::Media*>& taken) {
  const auto* group = taken.front()->mid.empty() ? nullptr : bundle_of(answer, taken.front()->mid);
  if (group == nullptr) return *taken.front();
  for (const auto& mid : group->mids) {
    const auto found = std::ranges::find_if(taken, [&](const auto* line) { return line->mid == mid; });
    if (found != taken.end()) return **found;
  }
  return *taken.front();
}

// All lines taken must run over the transport of the tagged one: by BUNDLE, or by saying the same ICE credentials.
bool share_transport(const sdp::Description& answer, const std::vector<const sdp::Media*>& taken,
                     const sdp::Media& tagged) {
  const auto* group = tagged.mid.empty() ? nullptr : bundle_of(answer, tagged.mid);
  return std::ranges::all_of(taken, [&](const sdp::Media* line) {
    const bool bundled = group != nullptr && bundle_of(answer, line->mid) == group;
    return bundled || line->transport.ice_ufrag == tagged.transport.ice_ufrag;
  });
}

}  // namespace

DownlinkOffer offer(const DownlinkSpec& spec, const plan::IceParameters& local_ice, SessionVersion session,
                    const Capabilities& capabilities, base::Rng& rng) {
  DownlinkOffer made{.sdp = {}, .tracks = {}, .refused = {}, .stream_id = as_token(spec.stream_id), .session = session};
  for (const auto kind : {plan::Kind::kAudio, plan::Kind::kVideo}) {
    if (kind == plan::Kind::kVideo && capabilities.audio_only) continue;
    for (const auto& track : spec.tracks) {
      if (track.kind == kind) add_track(made, track, as_token(spec.cname), rng);
    }
  }
  CHECK(!made.tracks.empty());
  made.sdp = write_offer(made, local_ice, capabilities);
  return made;
}

DownlinkOffer reoffer(const DownlinkOffer& before, std::span<const DownlinkTrack> taken,
                      const plan::IceParameters& local_ice, const Capabilities& capabilities) {
  DownlinkOffer made = before;
  ++made.session.version;
  for (const auto& track : before.tracks) {
    const bool is_taken = std::ranges::find(taken, track.mid, &DownlinkTrack::mid) != taken.end();
    if (!is_taken && !is_refused(made, track.mid)) made.refused.push_back(track.mid);
  }
  made.sdp = write_offer(made, local_ice, capabilities);
  return made;
}

std::expected<DownlinkAnswer, base::Refusal> accept(std::string_view answer_sdp, const DownlinkOffer& offer) {
  const auto answer = parse_or_refuse(answer_sdp);
  if (!answer) return std::unexpected(answer.error());
  if (const auto shape = check_shape(*answer, offer); !shape) return std::unexpected(shape.error());

  std::vector<DownlinkTrack> tracks;
  std::vector<const sdp::Media*> taken;
  for (size_t i = 0; i < offer.tracks.size(); ++i) {
    if (is_refused(offer, offer.tracks[i].mid)) continue;
    auto track = answered_track(*answer, answer->medias[i], offer.tracks[i]);
    if (!track) continue;
    tracks.push_back(std::move(*track));
    taken.push_back(&answer->medias[i]);
  }
  if (taken.empty()) return refuse("the answer takes no line of the offer (a=recvonly, its codec, a port)");  // B-34
  const auto& tagged = tagged_line(*answer, taken);
  if (!share_transport(*answer, taken, tagged)) return refuse("the answer must keep a=group:BUNDLE of the offer");
  auto remote = remote_transport(*answer, tagged, Said::kAnswer);
  if (!remote) return std::unexpected(std::move(remote.error()));
  return DownlinkAnswer{std::move(*remote), std::move(tracks)};
}

}  // namespace heliograph::negotiation
