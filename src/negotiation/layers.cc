// SPDX-License-Identifier: Apache-2.0
#include "negotiation/layers.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "negotiation/capabilities.h"

namespace heliograph::negotiation {
namespace {

// The a=rid line that sends under this id in this format; nullptr when there is none.
const sdp::Rid* find_rid(const sdp::Media& media, std::string_view id, const plan::CodecParameters& codec) {
  const auto fits = [&](const sdp::Rid& rid) {
    const bool any = rid.payload_types.empty();
    return rid.send && rid.id == id &&
           (any || std::ranges::find(rid.payload_types, codec.payload_type.value) != rid.payload_types.end());
  };
  const auto found = std::ranges::find_if(media.rids, fits);
  return found == media.rids.end() ? nullptr : &*found;
}

// The rids of each stream, alternatives in order; a=rid without a=simulcast is one stream (RFC 8851 section 1).
std::vector<std::vector<std::string_view>> offered_streams(const sdp::Media& media) {
  std::vector<std::vector<std::string_view>> streams;
  if (!media.simulcast) {
    streams.emplace_back();
    for (const auto& rid : media.rids) streams.back().push_back(rid.id);
    return streams;
  }
  for (const auto& stream : media.simulcast->send) {
    streams.emplace_back();
    for (const auto& alternative : stream) streams.back().push_back(alternative.rid);
  }
  return streams;
}

bool contains(const std::vector<uint32_t>& ssrcs, uint32_t ssrc) {
  return std::ranges::find(ssrcs, ssrc) != ssrcs.end();
}

// Every SSRC that carries media: SIM groups first, then FID's first members, then lone lines.
std::vector<uint32_t> media_ssrcs(const sdp::Media& media) {
  std::vector<uint32_t> found;
  std::vector<uint32_t> repairs;  // RTX and FEC: second and later members of every group that is not SIM
  for (const auto& group : media.source_groups) {
    if (group.semantics == "SIM" || group.ssrcs.empty()) continue;
    repairs.insert(repairs.end(), group.ssrcs.begin() + 1, group.ssrcs.end());
  }
  const auto add = [&](uint32_t ssrc) {
    if (found.size() < kMaxLayers && !contains(found, ssrc) && !contains(repairs, ssrc)) found.push_back(ssrc);
  };
  for (const auto& group : media.source_groups) {
    if (group.semantics == "SIM") std::ranges::for_each(group.ssrcs, add);
  }
  for (const auto& group : media.source_groups) {
    if (group.semantics != "SIM" && !group.ssrcs.empty()) add(group.ssrcs.front());
  }
  for (const auto& source : media.sources) add(source.ssrc);
  return found;
}

std::optional<base::Ssrc> rtx_of(const sdp::Media& media, uint32_t ssrc) {
  for (const auto& group : media.source_groups) {  // RFC 4588 section 8.5
    if (group.semantics == "FID" && group.ssrcs.size() >= 2 && group.ssrcs[0] == ssrc) {
      return base::Ssrc(group.ssrcs[1]);
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> choose_rids(const sdp::Media& offered, const plan::CodecParameters& codec) {
  std::vector<std::string> rids;
  for (const auto& stream : offered_streams(offered)) {
    const auto usable = [&](std::string_view id) {
      return find_rid(offered, id, codec) != nullptr && std::ranges::find(rids, id) == rids.end();
    };
    const auto chosen = std::ranges::find_if(stream, usable);
    if (chosen != stream.end() && rids.size() < kMaxLayers) rids.emplace_back(*chosen);
  }
  return rids;
}

void write_rids(sdp::Media& answer, const sdp::Media& offered, const std::vector<std::string>& rids,
                const plan::CodecParameters& codec) {
  sdp::Simulcast simulcast;
  for (const auto& id : rids) {
    const auto* rid = find_rid(offered, id, codec);
    answer.rids.push_back({id, false, {}, rid->restrictions});  // RFC 8851 section 6.3: the offer's restrictions stay
    if (!rid->payload_types.empty()) answer.rids.back().payload_types = {codec.payload_type.value};
    simulcast.recv.push_back({{id, false}});
  }
  if (offered.simulcast && !rids.empty()) answer.simulcast = std::move(simulcast);
}

std::vector<plan::DeclaredSource> declared_sources(const sdp::Media& offered, const plan::CodecParameters& codec) {
  std::vector<plan::DeclaredSource> sources;
  for (const uint32_t ssrc : media_ssrcs(offered)) {
    sources.push_back({base::Ssrc(ssrc), codec.rtx_payload_type ? rtx_of(offered, ssrc) : std::nullopt});
  }
  return sources;
}

}  // namespace heliograph::negotiation
