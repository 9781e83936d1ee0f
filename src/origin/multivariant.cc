// SPDX-License-Identifier: Apache-2.0
#include "origin/multivariant.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "fmt/format.h"

namespace heliograph::origin {
namespace {

using Renditions = std::vector<const hls::Rendition*>;

template <typename... Args>
void write(PlaylistText& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out.text), format, std::forward<Args>(args)...);
}

// RFC 6381 has "opus" for what Opus in mp4 is; whatever is not that is AAC, which all players have.
bool is_opus(const hls::Rendition& rendition) { return rendition.codecs == "opus" || rendition.codecs == "Opus"; }

Renditions of_kind(std::span<const hls::Rendition> renditions, plan::Kind kind) {
  Renditions out;
  for (const bool opus : {false, true})
    for (const auto& rendition : renditions)
      if (rendition.kind == kind && is_opus(rendition) == opus) out.push_back(&rendition);
  return out;
}

void write_uri(PlaylistText& out, std::string_view prefix, const hls::Rendition& rendition) {
  out.add_uri(fmt::format("{}/{}.m3u8", prefix, rendition.name));
}

// Each a group of one, named as its rendition: a variant is of one audio codec (draft section 4.4.6.2).
void write_audio(PlaylistText& out, std::string_view prefix, const hls::Rendition& audio) {
  write(out, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"{}\",NAME=\"Audio\",AUTOSELECT=YES,DEFAULT=YES,CHANNELS=\"{}\",URI=\"",
        audio.name, audio.channels);
  write_uri(out, prefix, audio);
  write(out, "\"\n");
}

// Of one rendition alone (audio null), or of a picture with a sound.
void write_variant(PlaylistText& out, std::string_view prefix, const hls::Rendition& main,
                   const hls::Rendition* audio) {
  const auto peak = audio == nullptr ? main.peak : main.peak + audio->peak;
  const auto average = audio == nullptr ? main.average : main.average + audio->average;
  // BANDWIDTH is required; what nobody knows yet is not nothing.
  write(out, "#EXT-X-STREAM-INF:BANDWIDTH={}", std::max<int64_t>(peak.bps(), 1));
  if (average.bps() > 0) write(out, ",AVERAGE-BANDWIDTH={}", average.bps());
  write(out, ",CODECS=\"{}{}{}\"", main.codecs, audio == nullptr ? "" : ",", audio == nullptr ? "" : audio->codecs);
  if (main.width > 0 && main.height > 0) write(out, ",RESOLUTION={}x{}", main.width, main.height);
  if (main.frame_rate > 0) write(out, ",FRAME-RATE={:.3f}", main.frame_rate);
  // What nobody has to look for: a browser's pictures carry no CEA-608.
  if (main.kind == plan::Kind::kVideo) write(out, ",CLOSED-CAPTIONS=NONE");
  if (audio != nullptr) write(out, ",AUDIO=\"{}\"", audio->name);
  write(out, "\n");
  write_uri(out, prefix, main);
  write(out, "\n");
}

}  // namespace

PlaylistText multivariant_playlist(std::string_view prefix, std::span<const hls::Rendition> renditions) {
  PlaylistText out;
  write(out, "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-INDEPENDENT-SEGMENTS\n");
  const auto videos = of_kind(renditions, plan::Kind::kVideo);
  const auto audios = of_kind(renditions, plan::Kind::kAudio);
  if (!videos.empty())
    for (const auto* audio : audios) write_audio(out, prefix, *audio);
  for (const auto* audio : audios) {
    if (videos.empty()) write_variant(out, prefix, *audio, nullptr);
    for (const auto* video : videos) write_variant(out, prefix, *video, audio);
  }
  if (audios.empty())
    for (const auto* video : videos) write_variant(out, prefix, *video, nullptr);
  return out;
}

}  // namespace heliograph::origin
