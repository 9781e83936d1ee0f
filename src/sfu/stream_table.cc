// SPDX-License-Identifier: Apache-2.0
#include "sfu/stream_table.h"

#include <algorithm>
#include <utility>

#include "rtp/extensions.h"

namespace heliograph::sfu {
namespace {

std::optional<std::string_view> text_extension(const rtp::PacketView& packet, uint8_t id) {
  if (id == 0) return std::nullopt;
  const auto value = packet.extension(id);
  return value ? rtp::parse_text(*value) : std::nullopt;
}

std::optional<uint8_t> layer_named(const plan::UplinkTrack& track, std::string_view rid) {
  const auto found = std::ranges::find(track.rids, rid);
  if (found == track.rids.end() || found - track.rids.begin() >= static_cast<std::ptrdiff_t>(kMaxLayers))
    return std::nullopt;
  return static_cast<uint8_t>(found - track.rids.begin());
}

// RFC 8852: rid on the stream itself, repaired rid on its retransmissions. Without simulcast there is but one layer.
std::optional<uint8_t> layer_of(const plan::UplinkTrack& track, const rtp::PacketView& packet, bool rtx) {
  if (track.rids.empty()) return 0;
  const auto rid = text_extension(packet, rtx ? track.extensions.repaired_rid : track.extensions.rid);
  return rid ? layer_named(track, *rid) : std::nullopt;
}

bool is_media(const plan::UplinkTrack& t, base::PayloadType type) { return t.codec.payload_type == type; }
bool is_rtx(const plan::UplinkTrack& t, base::PayloadType type) { return t.codec.rtx_payload_type == type; }

}  // namespace

StreamTable::StreamTable(std::span<const plan::UplinkTrack> tracks) {
  for (size_t i = 0; i < tracks.size(); ++i) declare(tracks[i], static_cast<uint8_t>(i));
}

// Several declared sources on one line are the layers of an ssrc-group:SIM, in its order.
void StreamTable::declare(const plan::UplinkTrack& track, uint8_t index) {
  for (size_t layer = 0; layer < std::min(track.sources.size(), kMaxLayers); ++layer) {
    const auto l = static_cast<uint8_t>(layer);
    add(track.sources[layer].media, {index, l, false}, false);
    if (track.sources[layer].rtx) add(*track.sources[layer].rtx, {index, l, true}, false);
  }
}

StreamTable::Entry* StreamTable::entry_of(base::Ssrc ssrc) {
  for (size_t i = 0; i < size_; ++i)
    if (entries_[i].ssrc == ssrc) return &entries_[i];
  return nullptr;
}

bool StreamTable::add(base::Ssrc ssrc, Stream stream, bool heard) {
  if (size_ == kMaxStreams) return false;
  entries_[size_++] = {ssrc, stream, heard};
  return true;
}

bool StreamTable::is_retired(base::Ssrc ssrc) const {
  const auto retired = std::span(retired_).first(retired_count_);
  return std::ranges::find(retired, ssrc) != retired.end();
}

bool StreamTable::take_over(Entry& entry, base::Ssrc ssrc) {
  // One that was declared and never heard may still come.
  if (entry.heard && retired_count_ == kMaxRetired) return false;
  if (entry.heard) retired_[retired_count_++] = entry.ssrc;
  entry.ssrc = ssrc;
  entry.heard = true;
  return true;
}

std::optional<Stream> StreamTable::identify(std::span<const plan::UplinkTrack> tracks,
                                            const rtp::PacketView& packet) const {
  const auto type = packet.payload_type();
  for (size_t i = 0; i < tracks.size(); ++i) {
    const auto& track = tracks[i];
    const bool rtx = is_rtx(track, type);
    if (!rtx && !is_media(track, type)) continue;
    const auto mid = text_extension(packet, track.extensions.mid);
    if (mid && *mid != track.mid) continue;
    if (const auto layer = layer_of(track, packet, rtx)) return Stream{static_cast<uint8_t>(i), *layer, rtx};
  }
  return std::nullopt;
}

std::optional<StreamTable::Found> StreamTable::find(std::span<const plan::UplinkTrack> tracks,
                                                    const rtp::PacketView& packet) {
  if (Entry* known = entry_of(packet.ssrc())) {
    // A declared source still must carry the payload type that was agreed on.
    const auto& track = tracks[known->stream.track];
    const auto type = packet.payload_type();
    if (known->stream.rtx ? !is_rtx(track, type) : !is_media(track, type)) return std::nullopt;
    return Found{known->stream, !std::exchange(known->heard, true)};
  }
  const auto stream = identify(tracks, packet);
  if (!stream || is_retired(packet.ssrc())) return std::nullopt;
  for (size_t i = 0; i < size_; ++i) {
    if (entries_[i].stream != *stream) continue;
    return take_over(entries_[i], packet.ssrc()) ? std::optional(Found{*stream, true}) : std::nullopt;
  }
  if (!add(packet.ssrc(), *stream, true)) return std::nullopt;
  return Found{*stream, true};
}

}  // namespace heliograph::sfu
