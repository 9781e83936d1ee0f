// SPDX-License-Identifier: Apache-2.0
#include "negotiation/uplink.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "negotiation/extensions.h"
#include "negotiation/formats.h"
#include "negotiation/layers.h"
#include "negotiation/refuse.h"
#include "negotiation/transport.h"
#include "sdp/description.h"

namespace heliograph::negotiation {
namespace {

using plan::Kind;
using Refused = std::unexpected<base::Refusal>;

enum class Fate {
  kPublished,  // recvonly
  kIdle,       // inactive: it sends nothing now, and may later
  kRejected,   // port 0
};

// One m-line of the offer and what becomes of it.
struct Line {
  const sdp::Media* media = nullptr;
  Fate fate = Fate::kRejected;
  plan::CodecParameters codec;  // unless rejected
};

// Lines that could be used in this room; nullopt otherwise.
std::optional<plan::CodecParameters> usable_format(const sdp::Media& media, const Capabilities& capabilities) {
  const auto kind = kind_of(media);
  const bool offered = media.port != 0 || media.bundle_only;  // RFC 8843 section 6
  if (!kind || !offered || (capabilities.audio_only && kind == Kind::kVideo)) return std::nullopt;
  return choose_format(media, capabilities.preferred_video);
}

// B-21, B-50: the first of each kind that sends is published.
std::vector<Line> choose_lines(const sdp::Description& offer, const Capabilities& capabilities) {
  std::vector<Line> lines;
  std::set<Kind> published;
  for (const auto& media : offer.medias) {
    auto& line = lines.emplace_back();
    line.media = &media;
    auto format = usable_format(media, capabilities);
    if (!format) continue;
    if (!sdp::sends(direction_of(offer, media))) {
      line.fate = media.rtcp_mux ? Fate::kIdle : Fate::kRejected;
    } else if (published.insert(*kind_of(media)).second) {
      line.fate = Fate::kPublished;
    }
    line.codec = std::move(*format);
  }
  return lines;
}

Refused refuse_silence(const sdp::Description& offer, const Capabilities& capabilities) {
  bool sends = false;
  bool video_only = capabilities.audio_only;
  for (const auto& media : offer.medias) {
    const auto kind = kind_of(media);
    if (!kind || !sdp::sends(direction_of(offer, media))) continue;
    sends = true;
    video_only = video_only && kind == Kind::kVideo;
  }
  if (!sends) return refuse("the offer has no audio or video line that sends (a=sendrecv or a=sendonly)");
  if (video_only) return refuse("this room takes audio only, and the offer sends none");
  return refuse("no line of the offer sends in a codec that the server takes (Opus; VP8, VP9, AV1, H264)");
}

bool repeats_mid(const sdp::Description& offer) {
  std::set<std::string_view> seen;
  return std::ranges::any_of(offer.medias, [&](const auto& m) { return !m.mid.empty() && !seen.insert(m.mid).second; });
}

// Our answer has one transport. Finds the BUNDLE group that carries all published lines (nullptr: there is one line and
// no group), and rejects idle lines outside it.
std::expected<const sdp::Group*, base::Refusal> bundle(const sdp::Description& offer, std::vector<Line>& lines) {
  const auto group_of = [&](const Line& line) {
    return line.media->mid.empty() ? nullptr : bundle_of(offer, line.media->mid);
  };
  const auto is_published = [](const Line& line) { return line.fate == Fate::kPublished; };
  const auto first = std::ranges::find_if(lines, is_published);
  const sdp::Group* group = group_of(*first);
  for (auto& line : lines) {
    if (&line == &*first || (group != nullptr && group_of(line) == group)) continue;
    if (is_published(line)) return refuse("audio and video must share one transport: a=group:BUNDLE with both mids");
    line.fate = Fate::kRejected;
  }
  return group;
}

const sdp::Media* find_media(const sdp::Description& offer, std::string_view mid) {
  const auto found = std::ranges::find(offer.medias, mid, &sdp::Media::mid);
  return found == offer.medias.end() ? nullptr : &*found;
}

// The line whose transport attributes count for the bundle (RFC 8843 section 7.3.1): the group's first that we accept.
const Line& tagged_line(const std::vector<Line>& lines, const sdp::Group* group) {
  const auto accepted = [](const Line& line) { return line.fate != Fate::kRejected; };
  if (group != nullptr) {
    for (const auto& mid : group->mids) {
      const auto found = std::ranges::find_if(lines, [&](const Line& l) { return accepted(l) && l.media->mid == mid; });
      if (found != lines.end()) return *found;
    }
  }
  return *std::ranges::find_if(lines, accepted);
}

// In later offers only the group's first line need carry them, and that may be one we reject (RFC 8843 section 7.1.3).
std::expected<plan::RemoteTransport, base::Refusal> read_transport(const sdp::Description& offer, const Line& tagged,
                                                                   const sdp::Group* group) {
  const bool own = tagged.media->transport.ice_ufrag || offer.transport.ice_ufrag;
  const auto* first = group == nullptr || own ? nullptr : find_media(offer, group->mids.front());
  return remote_transport(offer, first != nullptr ? *first : *tagged.media, Said::kOffer);
}

plan::UplinkTrack make_track(const Line& line, const plan::ExtensionIds& extensions) {
  return {.kind = plan::kind_of(line.codec.codec),
          .mid = line.media->mid,
          .codec = line.codec,
          .extensions = extensions,
          .rids = choose_rids(*line.media, line.codec),
          .sources = declared_sources(*line.media, line.codec)};
}

sdp::Media answer_line(const Line& line, const plan::UplinkTrack& track) {
  const auto& offered = *line.media;
  sdp::Media media;
  media.kind = offered.kind;
  media.protocol = offered.protocol;
  media.mid = offered.mid;
  media.direction = line.fate == Fate::kPublished ? sdp::Direction::kRecvOnly : sdp::Direction::kInactive;
  media.rtcp_rsize = offered.rtcp_rsize;
  media.extmap_allow_mixed = offered.extmap_allow_mixed;
  write_answer_extensions(media, offered, track.extensions);
  write_format(media, track.codec, answer_fmtp(track.codec));
  write_rids(media, offered, track.rids, track.codec);
  return media;
}

// The answer being written, and the tracks that it publishes.
class Writer {
 public:
  Writer(const sdp::Description& offer, const plan::RemoteTransport& remote, const plan::IceParameters& local_ice,
         SessionVersion session, const Capabilities& capabilities)
      : answer_(begin_description(session)),
        setup_(remote.our_role == plan::DtlsRole::kServer ? sdp::Setup::kPassive : sdp::Setup::kActive),
        local_ice_(local_ice),
        capabilities_(capabilities) {
    answer_.extmap_allow_mixed = offer.extmap_allow_mixed;
  }

  void add(Line& line, bool tagged) {
    if (line.fate == Fate::kRejected) return add_rejected(*line.media);
    const auto extensions = read_uplink_extensions(*line.media, names_);
    line.codec.transport_cc = line.codec.transport_cc && extensions.transport_cc != 0;  // no feedback without numbers
    auto track = make_track(line, extensions);
    auto& media = answer_.medias.emplace_back(answer_line(line, track));
    write_transport(media, local_ice_, setup_, capabilities_);
    if (tagged) write_candidates(media, capabilities_);
    if (line.fate == Fate::kPublished) tracks_.push_back(std::move(track));
  }

  // RFC 8843 section 7.3: the offer's group without the lines that are rejected.
  void add_group(const sdp::Group& offered, const std::vector<Line>& lines) {
    sdp::Group group{offered.semantics, {}};
    for (const auto& mid : offered.mids) {
      const auto takes = [&](const Line& line) { return line.fate != Fate::kRejected && line.media->mid == mid; };
      if (std::ranges::any_of(lines, takes)) group.mids.push_back(mid);
    }
    answer_.groups.push_back(std::move(group));
  }

  std::string text() const { return to_string(answer_); }
  std::vector<plan::UplinkTrack> take_tracks() { return std::move(tracks_); }

 private:
  // RFC 8829 section 5.3.1 asks for no more than port 0. GStreamer 1.22's webrtcbin wants credentials on every line all
  // the same, and pion 3.1 the a=rtpmap of every format (November 2026).
  void add_rejected(const sdp::Media& offered) {
    auto& media = answer_.medias.emplace_back(rejected(offered));
    write_credentials(media, local_ice_, setup_, capabilities_);
    if (offered.rtpmaps.empty()) return;
    media.rtpmaps = {offered.rtpmaps.front()};
    media.formats = {fmt::format("{}", offered.rtpmaps.front().payload_type)};
  }

  sdp::Description answer_;
  sdp::Setup setup_;
  const plan::IceParameters& local_ice_;
  const Capabilities& capabilities_;
  ExtensionNames names_;
  std::vector<plan::UplinkTrack> tracks_;
};

}  // namespace

std::expected<Uplink, base::Refusal> answer(std::string_view offer_sdp, const plan::IceParameters& local_ice,
                                            SessionVersion session, const Capabilities& capabilities) {
  const auto offer = parse_or_refuse(offer_sdp);
  if (!offer) return std::unexpected(offer.error());
  if (repeats_mid(*offer)) return refuse("two lines of the offer have the same a=mid");
  auto lines = choose_lines(*offer, capabilities);
  const auto is_published = [](const Line& line) { return line.fate == Fate::kPublished; };
  if (std::ranges::none_of(lines, is_published)) return refuse_silence(*offer, capabilities);
  if (std::ranges::any_of(lines, [&](const Line& l) { return is_published(l) && !l.media->rtcp_mux; })) {
    return refuse("RTP and RTCP must share one port: a=rtcp-mux is missing");
  }
  const auto group = bundle(*offer, lines);
  if (!group) return std::unexpected(group.error());
  const Line& tagged = tagged_line(lines, *group);
  auto remote = read_transport(*offer, tagged, *group);
  if (!remote) return std::unexpected(std::move(remote.error()));

  Writer writer(*offer, *remote, local_ice, session, capabilities);
  if (*group != nullptr) writer.add_group(**group, lines);
  for (auto& line : lines) writer.add(line, &line == &tagged);
  return Uplink{writer.text(), std::move(*remote), writer.take_tracks()};
}

UplinkChange classify(const plan::RemoteTransport& before, const plan::RemoteTransport& after) {
  const auto known = [&](const auto& fingerprint) {
    return std::ranges::find(before.fingerprints, fingerprint) != before.fingerprints.end();
  };
  if (std::ranges::none_of(after.fingerprints, known)) return UplinkChange::kNewPeerConnection;
  return before.ice == after.ice ? UplinkChange::kRenegotiation : UplinkChange::kIceRestart;
}

}  // namespace heliograph::negotiation
