// SPDX-License-Identifier: Apache-2.0
#include "sdp/attributes.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <string>

#include "sdp/text.h"

namespace heliograph::sdp {
namespace {

constexpr std::array kDirections = {Direction::kSendRecv, Direction::kSendOnly, Direction::kRecvOnly,
                                    Direction::kInactive};
constexpr std::array kSetups = {Setup::kActPass, Setup::kActive, Setup::kPassive, Setup::kHoldConn};

template <class Enum, size_t N>
std::optional<Enum> named(const std::array<Enum, N>& all, std::string_view text) {
  const auto found = std::ranges::find_if(all, [&](Enum e) { return equal_ignoring_case(to_text(e), text); });
  return found == all.end() ? std::nullopt : std::optional(*found);
}

bool is_rid(std::string_view text) {  // RFC 8851 section 10
  return !text.empty() && text.size() <= 255 &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
}

Attribute attribute(std::string_view text, char separator) {
  const auto [name, value] = cut(text, separator);
  Attribute made{std::string(name), std::nullopt};
  if (name.size() != text.size()) made.value = std::string(value);
  return made;
}

// Transport: the same in both parts of a description.

Wrong read_text(std::optional<std::string>& field, std::string_view value) {
  value = trim(value);
  if (value.empty()) return "the attribute needs a value";
  field = std::string(value);
  return nullptr;
}

Wrong read_ufrag(TransportAttributes& t, std::string_view v) { return read_text(t.ice_ufrag, v); }
Wrong read_pwd(TransportAttributes& t, std::string_view v) { return read_text(t.ice_pwd, v); }
Wrong read_ice_options(TransportAttributes& t, std::string_view v) { return read_text(t.ice_options, v); }

Wrong read_fingerprint(TransportAttributes& t, std::string_view value) {
  const auto [algorithm, digest] = first_word(value);
  if (!is_token(algorithm) || digest.empty()) return "a=fingerprint needs a hash function and a fingerprint";
  t.fingerprints.push_back(std::string(algorithm).append(" ").append(digest));
  return nullptr;
}

Wrong read_setup(TransportAttributes& t, std::string_view value) {
  t.setup = named(kSetups, trim(value));
  return t.setup ? nullptr : "a=setup must be actpass, active, passive or holdconn";
}

// Session part.

Wrong read_group(Description& d, std::string_view value) {
  const auto [semantics, mids] = first_word(value);
  if (!is_token(semantics)) return "a=group needs its semantics";
  Group group{std::string(semantics), {}};
  for (const auto mid : words(mids)) group.mids.emplace_back(mid);
  d.groups.push_back(std::move(group));
  return nullptr;
}

Wrong read_ice_lite(Description& d, std::string_view) { return d.ice_lite = true, nullptr; }
Wrong read_session_mixed(Description& d, std::string_view) { return d.extmap_allow_mixed = true, nullptr; }
Wrong read_msid_semantic(Description& d, std::string_view value) { return read_text(d.msid_semantic, value); }

// m-sections.

Wrong read_mid(Media& m, std::string_view value) {
  value = trim(value);
  if (!is_token(value)) return "a=mid must be a token";  // RFC 5888 section 4
  m.mid = std::string(value);
  return nullptr;
}

Wrong read_candidate(Media& m, std::string_view value) {
  value = trim(value);
  if (value.empty()) return "a=candidate is empty";
  m.candidates.emplace_back(value);
  return nullptr;
}

Wrong read_end_of_candidates(Media& m, std::string_view) { return m.end_of_candidates = true, nullptr; }
Wrong read_rtcp_mux(Media& m, std::string_view) { return m.rtcp_mux = true, nullptr; }
Wrong read_rtcp_rsize(Media& m, std::string_view) { return m.rtcp_rsize = true, nullptr; }
Wrong read_bundle_only(Media& m, std::string_view) { return m.bundle_only = true, nullptr; }
Wrong read_media_mixed(Media& m, std::string_view) { return m.extmap_allow_mixed = true, nullptr; }

Wrong read_rtpmap(Media& m, std::string_view value) {
  const auto [type, map] = first_word(value);
  const auto pt = payload_type(type);
  if (!pt) return "a=rtpmap needs a payload type from 0 to 127";
  const auto [encoding, rest] = cut(map, '/');
  const auto [clock, parameters] = cut(rest, '/');
  const auto hertz = number<uint32_t>(clock);
  if (!is_token(encoding) || !hertz || *hertz == 0) return "a=rtpmap needs an encoding name and a clock rate";
  m.rtpmaps.push_back({*pt, std::string(encoding), *hertz, std::string(parameters)});
  return nullptr;
}

Wrong read_fmtp(Media& m, std::string_view value) {
  const auto [type, parameters] = first_word(value);
  if (const auto pt = payload_type(type)) {
    m.fmtps.push_back({*pt, std::string(parameters)});
  } else {
    m.others.push_back({"fmtp", std::string(value)});  // a format that is not RTP's, as data channels once wrote
  }
  return nullptr;
}

Wrong read_rtcp_fb(Media& m, std::string_view value) {
  const auto [type, what] = first_word(value);
  const auto pt = payload_type(type);
  if (!pt && type != "*") return "a=rtcp-fb needs a payload type from 0 to 127 or *";
  RtcpFeedback feedback{pt, {}};
  for (const auto word : words(what)) feedback.value.append(feedback.value.empty() ? "" : " ").append(word);
  if (feedback.value.empty()) return "a=rtcp-fb names no feedback";
  m.feedbacks.push_back(std::move(feedback));
  return nullptr;
}

Wrong read_extmap(Media& m, std::string_view value) {
  const auto [entry, rest] = first_word(value);
  const auto [id_text, direction_text] = cut(entry, '/');
  const auto [uri, attributes] = first_word(rest);
  const auto id = number<uint16_t>(id_text);
  if (!id || *id == 0 || (*id > 255 && *id < 4096) || *id > 4351) {  // RFC 8285 section 8
    return "a=extmap needs an id from 1 to 255 (or 4096 to 4351)";
  }
  if (uri.empty()) return "a=extmap needs a URI";
  ExtMap map{*id, named(kDirections, direction_text), std::string(uri), std::string(attributes)};
  if (entry.find('/') != std::string_view::npos && !map.direction) return "a=extmap has an unknown direction";
  m.extmaps.push_back(std::move(map));
  return nullptr;
}

Wrong read_msid(Media& m, std::string_view value) {
  if (trim(value).empty()) return "a=msid is empty";
  m.msids.emplace_back(trim(value));
  return nullptr;
}

Wrong read_source(Media& m, std::string_view value) {
  const auto [id, rest] = first_word(value);
  const auto ssrc = number<uint32_t>(id);
  if (!ssrc) return "a=ssrc needs a number of 32 bits";
  const auto [name, text] = cut(rest, ':');
  if (trim(name).empty() && !rest.empty()) return "a=ssrc needs the name of an attribute";
  m.sources.push_back({*ssrc, std::string(trim(name)), std::string(trim(text))});
  return nullptr;
}

Wrong read_source_group(Media& m, std::string_view value) {
  const auto [semantics, rest] = first_word(value);
  if (!is_token(semantics)) return "a=ssrc-group needs its semantics";
  SourceGroup group{std::string(semantics), {}};
  for (const auto word : words(rest)) {
    const auto ssrc = number<uint32_t>(word);
    if (!ssrc) return "a=ssrc-group needs numbers of 32 bits";
    group.ssrcs.push_back(*ssrc);
  }
  m.source_groups.push_back(std::move(group));
  return nullptr;
}

Wrong read_rid_payload_types(Rid& rid, std::string_view list) {
  for (const auto text : split(list, ',')) {
    const auto pt = payload_type(trim(text));
    if (!pt) return "pt= of a=rid needs payload types from 0 to 127";
    rid.payload_types.push_back(*pt);
  }
  return nullptr;
}

Wrong read_rid(Media& m, std::string_view value) {
  const auto [id, rest] = first_word(value);
  const auto [direction, restrictions] = first_word(rest);
  if (!is_rid(id)) return "a=rid needs an id of letters, digits, - and _";
  if (direction != "send" && direction != "recv") return "a=rid must say send or recv";
  Rid rid{std::string(id), direction == "send", {}, {}};
  for (const auto part : split(restrictions, ';')) {
    const auto text = trim(part);
    if (text.empty()) continue;
    if (!text.starts_with("pt=")) {
      rid.restrictions.push_back(attribute(text, '='));
    } else if (const Wrong wrong = read_rid_payload_types(rid, text.substr(3))) {
      return wrong;
    }
  }
  m.rids.push_back(std::move(rid));
  return nullptr;
}

std::optional<SimulcastStream> simulcast_stream(std::string_view text) {
  SimulcastStream stream;
  for (auto id : split(text, ',')) {
    const bool paused = id.starts_with('~');
    if (paused) id.remove_prefix(1);
    if (!is_rid(id)) return std::nullopt;
    stream.push_back({std::string(id), paused});
  }
  return stream.empty() ? std::nullopt : std::optional(std::move(stream));
}

Wrong read_simulcast(Media& m, std::string_view value) {
  const auto parts = words(value);
  if (parts.empty() || parts.size() % 2 != 0) return "a=simulcast needs a direction and a list of rids";
  Simulcast simulcast;
  for (size_t i = 0; i < parts.size(); i += 2) {
    if (parts[i] != "send" && parts[i] != "recv") return "a=simulcast must say send or recv";
    auto& streams = parts[i] == "send" ? simulcast.send : simulcast.recv;
    if (!streams.empty()) return "a=simulcast names a direction twice";
    for (const auto text : split(parts[i + 1], ';')) {
      auto stream = simulcast_stream(text);
      if (!stream) return "a=simulcast needs rids of letters, digits, - and _";
      streams.push_back(std::move(*stream));
    }
  }
  m.simulcast = std::move(simulcast);
  return nullptr;
}

template <class Target>
struct Reader {
  std::string_view name;
  Wrong (*read)(Target&, std::string_view);
};

constexpr Reader<TransportAttributes> kTransportReaders[] = {
    {"ice-ufrag", read_ufrag},         {"ice-pwd", read_pwd}, {"ice-options", read_ice_options},
    {"fingerprint", read_fingerprint}, {"setup", read_setup},
};
constexpr Reader<Description> kSessionReaders[] = {
    {"group", read_group},
    {"ice-lite", read_ice_lite},
    {"extmap-allow-mixed", read_session_mixed},
    {"msid-semantic", read_msid_semantic},
};
constexpr Reader<Media> kMediaReaders[] = {
    {"mid", read_mid},
    {"candidate", read_candidate},
    {"end-of-candidates", read_end_of_candidates},
    {"rtcp-mux", read_rtcp_mux},
    {"rtcp-rsize", read_rtcp_rsize},
    {"bundle-only", read_bundle_only},
    {"extmap-allow-mixed", read_media_mixed},
    {"rtpmap", read_rtpmap},
    {"fmtp", read_fmtp},
    {"rtcp-fb", read_rtcp_fb},
    {"extmap", read_extmap},
    {"msid", read_msid},
    {"ssrc", read_source},
    {"ssrc-group", read_source_group},
    {"rid", read_rid},
    {"simulcast", read_simulcast},
};

template <class Target>
const Reader<Target>* find(std::span<const Reader<Target>> readers, std::string_view name) {
  const auto found = std::ranges::find(readers, name, &Reader<Target>::name);
  return found == readers.end() ? nullptr : &*found;
}

template <class Part>
Wrong read(Part& part, std::span<const Reader<Part>> readers, std::string_view name,
           std::optional<std::string_view> value) {
  const std::string_view text = value.value_or(std::string_view());
  if (const auto* reader = find(readers, name)) return reader->read(part, text);
  if (const auto* reader = find<TransportAttributes>(kTransportReaders, name)) {
    return reader->read(part.transport, text);
  }
  if (const auto direction = value ? std::nullopt : named(kDirections, name)) {
    part.direction = direction;
    return nullptr;
  }
  part.others.push_back({std::string(name), value ? std::optional<std::string>(*value) : std::nullopt});
  return nullptr;
}

}  // namespace

Wrong read_attribute(Description& description, std::string_view name, std::optional<std::string_view> value) {
  return read<Description>(description, kSessionReaders, name, value);
}

Wrong read_attribute(Media& media, std::string_view name, std::optional<std::string_view> value) {
  return read<Media>(media, kMediaReaders, name, value);
}

}  // namespace heliograph::sdp
