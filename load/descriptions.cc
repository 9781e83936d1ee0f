// SPDX-License-Identifier: Apache-2.0
#include "load/descriptions.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "sdp/candidate.h"
#include "sdp/description.h"

namespace heliograph::load {
namespace {

using Sentence = std::unexpected<std::string>;

constexpr std::string_view kTransportCc = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

struct Extension {
  uint8_t plan::ExtensionIds::* id;
  uint8_t number;  // as Chromium 156 offers them
  std::string_view uri;
};
constexpr Extension kExtensions[] = {
    {&plan::ExtensionIds::audio_level, 1, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"},
    {&plan::ExtensionIds::abs_send_time, 2, "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"},
    {&plan::ExtensionIds::transport_cc, 3, kTransportCc},
    {&plan::ExtensionIds::mid, 4, "urn:ietf:params:rtp-hdrext:sdes:mid"},
    {&plan::ExtensionIds::rid, 10, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"},
    {&plan::ExtensionIds::repaired_rid, 11, "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"},
};

void write_transport(sdp::Media& media, const LocalEnd& local, sdp::Setup setup) {
  media.transport.ice_ufrag = local.ice.ufrag;
  media.transport.ice_pwd = local.ice.pwd;
  media.transport.fingerprints = {local.fingerprint.to_string()};
  media.transport.setup = setup;
  media.protocol = "UDP/TLS/RTP/SAVPF";
  media.port = 9;
  media.connection = "IN IP4 0.0.0.0";
  media.rtcp_mux = true;
  media.rtcp_rsize = true;
}

// Is it offered for a line of this kind?
bool is_for(const Extension& e, std::string_view kind, bool simulcast) {
  if (e.id == &plan::ExtensionIds::audio_level) return kind == "audio";
  const bool names_layer = e.id == &plan::ExtensionIds::rid || e.id == &plan::ExtensionIds::repaired_rid;
  return !names_layer || (kind == "video" && simulcast);
}

sdp::Media sending_line(std::string_view kind, size_t mid, const OfferedStreams& streams, const LocalEnd& local) {
  sdp::Media media;
  write_transport(media, local, sdp::Setup::kActPass);
  media.kind = kind;
  media.mid = fmt::format("{}", mid);
  media.direction = sdp::Direction::kSendOnly;
  media.msids = {fmt::format("{} {}", streams.cname, kind)};
  for (const auto& e : kExtensions)
    if (is_for(e, kind, !streams.layers.empty()))
      media.extmaps.push_back({e.number, std::nullopt, std::string(e.uri), ""});
  return media;
}

sdp::Media audio_line(size_t mid, const OfferedStreams& streams, const LocalEnd& local) {
  constexpr uint8_t kOpus = kOpusPayloadType.value;
  auto media = sending_line("audio", mid, streams, local);
  media.sources = {{streams.audio->value, "cname", streams.cname}};
  media.formats = {fmt::format("{}", kOpus)};
  media.rtpmaps = {{kOpus, "opus", 48'000, "2"}};
  media.fmtps = {{kOpus, "minptime=10;useinbandfec=1"}};
  media.feedbacks = {{kOpus, "transport-cc"}};
  return media;
}

void offer_layers(sdp::Media& media, const std::vector<OfferedLayer>& layers) {
  media.simulcast.emplace();
  for (const auto& layer : layers) {
    media.rids.push_back({layer.rid, true, {}, {}});
    media.simulcast->send.push_back({{layer.rid, false}});
  }
}

sdp::Media video_line(size_t mid, const OfferedStreams& streams, const LocalEnd& local) {
  constexpr uint8_t kH264 = kH264PayloadType.value;
  constexpr uint8_t kRtx = kH264RtxPayloadType.value;
  auto media = sending_line("video", mid, streams, local);
  media.formats = {fmt::format("{}", kH264), fmt::format("{}", kRtx)};
  media.rtpmaps = {{kH264, "H264", 90'000, ""}, {kRtx, "rtx", 90'000, ""}};
  media.fmtps = {{kH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"},
                 {kRtx, fmt::format("apt={}", kH264)}};
  for (const auto* value : {"goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"})
    media.feedbacks.push_back({kH264, value});
  if (!streams.layers.empty()) {
    offer_layers(media, streams.layers);
    return media;
  }
  media.source_groups = {{"FID", {streams.video->value, streams.video_rtx.value}}};
  media.sources = {{streams.video->value, "cname", streams.cname}, {streams.video_rtx.value, "cname", streams.cname}};
  return media;
}

std::expected<RemoteEnd, std::string> read_remote(const sdp::Description& description) {
  const auto used = std::ranges::find_if(description.medias, [](const auto& m) { return m.port != 0; });
  if (used == description.medias.end()) return Sentence("the server took no line of the description");
  const auto& session = description.transport;
  const auto& line = used->transport;
  const auto& ufrag = line.ice_ufrag ? line.ice_ufrag : session.ice_ufrag;
  const auto& pwd = line.ice_pwd ? line.ice_pwd : session.ice_pwd;
  if (!ufrag || !pwd) return Sentence("the server's SDP has no ICE credentials");
  RemoteEnd remote;
  remote.transport.ice = {*ufrag, *pwd};
  remote.transport.our_role = plan::DtlsRole::kClient;
  if (line.setup.value_or(session.setup.value_or(sdp::Setup::kActPass)) == sdp::Setup::kActive)
    remote.transport.our_role = plan::DtlsRole::kServer;
  for (const auto& text : line.fingerprints.empty() ? session.fingerprints : line.fingerprints)
    if (auto fingerprint = crypto::Fingerprint::parse(text))
      remote.transport.fingerprints.push_back(std::move(*fingerprint));
  if (remote.transport.fingerprints.empty()) return Sentence("the server's SDP has no fingerprint that is known here");
  for (const auto& text : used->candidates) {
    const auto candidate = sdp::parse_candidate(text);
    const auto ip = candidate ? base::IpAddress::parse(candidate->address) : std::nullopt;
    if (ip && (candidate->transport == "udp" || candidate->transport == "UDP"))
      remote.candidates.push_back({*ip, candidate->port});
  }
  if (remote.candidates.empty()) return Sentence("the server's SDP has no UDP candidate with an IP address");
  return remote;
}

plan::ExtensionIds read_extensions(const sdp::Media& media) {
  plan::ExtensionIds ids;
  for (const auto& map : media.extmaps)
    for (const auto& known : kExtensions)
      if (map.uri == known.uri && map.id < 15) ids.*known.id = static_cast<uint8_t>(map.id);
  return ids;
}

bool has_format(const sdp::Media& media, base::PayloadType payload_type) {
  return std::ranges::find(media.formats, fmt::format("{}", payload_type.value)) != media.formats.end();
}

std::optional<base::Ssrc> rtx_source(const sdp::Media& media) {
  for (const auto& group : media.source_groups)
    if (group.semantics == "FID" && group.ssrcs.size() == 2) return base::Ssrc(group.ssrcs[1]);
  return std::nullopt;
}

std::expected<plan::DownlinkTrack, std::string> read_line(const sdp::Media& media) {
  if (media.sources.empty() || media.rtpmaps.empty()) return Sentence("an offered line names no SSRC or no format");
  plan::DownlinkTrack line;
  line.kind = media.kind == "audio" ? plan::Kind::kAudio : plan::Kind::kVideo;
  line.mid = media.mid;
  line.codec.codec = line.kind == plan::Kind::kAudio ? plan::Codec::kOpus : plan::Codec::kH264;
  line.codec.payload_type = base::PayloadType(media.rtpmaps.front().payload_type);
  line.codec.nack = std::ranges::any_of(media.feedbacks, [](const auto& f) { return f.value == "nack"; });
  line.extensions = read_extensions(media);
  line.ssrc = base::Ssrc(media.sources.front().ssrc);
  line.rtx_ssrc = rtx_source(media);
  return line;
}

sdp::Media answer_line(const sdp::Media& offered, const LocalEnd& local) {
  sdp::Media media;
  write_transport(media, local, sdp::Setup::kActive);
  media.kind = offered.kind;
  media.mid = offered.mid;
  media.direction = sdp::Direction::kRecvOnly;
  media.formats = offered.formats;
  media.rtpmaps = offered.rtpmaps;
  media.fmtps = offered.fmtps;
  media.feedbacks = offered.feedbacks;
  media.extmaps = offered.extmaps;
  std::erase_if(media.feedbacks, [](const auto& f) { return f.value == "transport-cc"; });
  std::erase_if(media.extmaps, [](const auto& e) { return e.uri == kTransportCc; });
  return media;
}

}  // namespace

std::string publisher_offer(const OfferedStreams& streams, const LocalEnd& local) {
  sdp::Description description;
  description.extmap_allow_mixed = true;
  if (streams.audio) description.medias.push_back(audio_line(description.medias.size(), streams, local));
  if (streams.has_video()) description.medias.push_back(video_line(description.medias.size(), streams, local));
  description.groups = {{"BUNDLE", {}}};
  for (const auto& media : description.medias) description.groups[0].mids.push_back(media.mid);
  return sdp::to_string(description);
}

std::expected<PublisherAgreement, std::string> read_answer(std::string_view answer) {
  const auto description = sdp::parse(answer);
  if (!description) return Sentence("the server's answer is no SDP: " + description.error().what);
  auto remote = read_remote(*description);
  if (!remote) return Sentence(remote.error());
  PublisherAgreement agreed{.remote = std::move(*remote), .audio_extensions = {}, .video_extensions = {}};
  for (const auto& media : description->medias) {
    const bool taken = media.port != 0;
    if (media.kind == "audio") {
      agreed.audio = taken && has_format(media, kOpusPayloadType);
      agreed.audio_extensions = read_extensions(media);
    } else if (media.kind == "video") {
      agreed.video = taken && has_format(media, kH264PayloadType);
      agreed.rtx = agreed.video && has_format(media, kH264RtxPayloadType);
      agreed.video_extensions = read_extensions(media);
      agreed.video_mid = media.mid;
    }
  }
  return agreed;
}

std::expected<ViewerAgreement, std::string> answer_offer(std::string_view offer, const LocalEnd& local) {
  const auto description = sdp::parse(offer);
  if (!description) return Sentence("the server's offer is no SDP: " + description.error().what);
  auto remote = read_remote(*description);
  if (!remote) return Sentence(remote.error());
  ViewerAgreement agreed{.remote = std::move(*remote), .lines = {}, .answer = {}};
  sdp::Description answer;
  answer.extmap_allow_mixed = description->extmap_allow_mixed;
  answer.groups = {{"BUNDLE", {}}};
  for (const auto& media : description->medias) {
    auto line = read_line(media);
    if (!line) return Sentence(line.error());
    agreed.lines.push_back(std::move(*line));
    answer.medias.push_back(answer_line(media, local));
    answer.groups[0].mids.push_back(media.mid);
  }
  agreed.answer = sdp::to_string(answer);
  return agreed;
}

}  // namespace heliograph::load
