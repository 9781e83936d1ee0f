// SPDX-License-Identifier: Apache-2.0
#include "hls/h264_depacketizer.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "hls/bit_reader.h"
#include "hls/h264_parameter_sets.h"
#include "rtp/h264.h"

extern "C" {
#include <libavutil/base64.h>
}

namespace heliograph::hls {
namespace {

using rtp::NalKind;
using Nal = std::vector<uint8_t>;

NalKind kind_of(base::ConstBytes nal) { return static_cast<NalKind>(nal[0] & 0x1f); }

// A fragment that continues a NAL unit (RFC 6184 section 5.8), S being zero.
bool continues(base::ConstBytes payload) {
  return payload.size() >= 2 && kind_of(payload) == NalKind::kFuA && (payload[1] & 0x80) == 0;
}
bool opens(base::ConstBytes payload) {
  return payload.size() >= 2 && kind_of(payload) == NalKind::kFuA && (payload[1] & 0xc0) == 0x80;
}

// The NAL units of a picture; nullopt where fragments are missing.
std::optional<std::vector<Nal>> nal_units(std::span<const base::ConstBytes> payloads) {
  std::vector<Nal> units;
  bool open = false;
  for (const auto payload : payloads) {
    if (payload.empty()) continue;  // padding
    const bool continued = continues(payload);
    if (continued != open) return std::nullopt;
    if (continued) {
      append(units.back(), payload.subspan(2));
      open = (payload[1] & 0x40) == 0;
      continue;
    }
    rtp::NalReader reader(payload);
    while (const auto nal = reader.next()) append(units.emplace_back(1, nal->header), nal->body);
    open = opens(payload);
  }
  if (open) return std::nullopt;
  return units;
}

// Slices, their partitions and SEI (ITU-T H.264 table 7-1); not parameter sets, delimiters and filler, nor the layers
// of annexes G to J, which an 'avc1' track does not have.
bool belongs_in_sample(base::ConstBytes nal) { return (nal[0] & 0x1f) >= 1 && (nal[0] & 0x1f) <= 6; }
// A slice, or the partition of one that has its header.
bool names_set(base::ConstBytes nal) {
  return (nal[0] & 0x1f) == 1 || (nal[0] & 0x1f) == 2 || kind_of(nal) == NalKind::kIdrSlice;
}

void append_sample(std::vector<uint8_t>& out, base::ConstBytes nal) {
  uint8_t length[4];
  base::store_be(length, static_cast<uint32_t>(nal.size()));
  append(out, length);
  append(out, nal);
}

// first_mb_in_slice, slice_type, pic_parameter_set_id (ITU-T H.264 section 7.3.3).
std::optional<uint8_t> picture_set_of(base::ConstBytes slice) {
  constexpr size_t kEnough = 16;  // three Exp-Golomb numbers of sane size
  const auto bits = unescape(slice.subspan(1, std::min(kEnough, slice.size() - 1)));
  BitReader in(bits);
  in.ue();
  in.ue();
  const uint32_t id = in.ue();
  if (!in.ok() || id > 255) return std::nullopt;
  return static_cast<uint8_t>(id);
}

std::vector<uint8_t> from_base64(std::string_view text) {
  std::vector<uint8_t> bytes(AV_BASE64_DECODE_SIZE(text.size()) + 1);
  const int size = av_base64_decode(bytes.data(), std::string(text).c_str(), static_cast<int>(bytes.size()));
  bytes.resize(static_cast<size_t>(std::max(size, 0)));
  return bytes;
}

// "…;sprop-parameter-sets=Z0IA…,aM4G…;…"
std::vector<std::vector<uint8_t>> declared_sets(std::string_view fmtp) {
  constexpr std::string_view kName = "sprop-parameter-sets=";
  std::vector<std::vector<uint8_t>> sets;
  const auto at = fmtp.find(kName);
  if (at == std::string_view::npos) return sets;
  auto list = fmtp.substr(at + kName.size());
  list = list.substr(0, list.find_first_of("; "));
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    auto set = from_base64(list.substr(0, comma));
    if (!set.empty()) sets.push_back(std::move(set));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return sets;
}

}  // namespace

H264Depacketizer::H264Depacketizer(std::string_view fmtp) : declared_(declared_sets(fmtp)) { learn_declared(); }

void H264Depacketizer::restart() {
  sequences_.clear();
  pictures_.clear();
  in_force_.clear();
  sets_in_band_ = false;
  learn_declared();
}

void H264Depacketizer::learn_declared() {
  for (const auto& nal : declared_) {
    if (kind_of(nal) == NalKind::kSps) learn_sequence(nal);
    if (kind_of(nal) == NalKind::kPps) learn_picture(nal);
  }
}

// An IDR slice alone is enough only from who does not send parameter sets with it: else they were lost, and may have
// been others.
bool H264Depacketizer::starts_keyframe(base::ConstBytes payload) const {
  rtp::NalReader reader(payload);
  while (const auto nal = reader.next()) {
    if (nal->kind == NalKind::kSps) return true;
    const bool first_slice = nal->kind == NalKind::kIdrSlice && !nal->body.empty() && (nal->body[0] & 0x80) != 0;
    if (first_slice && !sets_in_band_ && !pictures_.empty()) return true;
  }
  return false;
}

std::optional<CodedPicture> H264Depacketizer::assemble(std::span<const base::ConstBytes> payloads) {
  ++picture_;
  const auto units = nal_units(payloads);
  if (!units) return std::nullopt;
  CodedPicture picture;
  std::vector<uint8_t> sets;  // that slices refer to
  bool own_sets = false, idr = false;
  for (const auto& nal : *units) {
    if (kind_of(nal) == NalKind::kSps) learn_sequence(nal), own_sets = true;
    if (kind_of(nal) == NalKind::kPps) learn_picture(nal);
    if (names_set(nal)) {
      const auto set = picture_set_of(nal);
      if (!set) return std::nullopt;
      sets.push_back(*set);
    }
    idr |= kind_of(nal) == NalKind::kIdrSlice;
    if (belongs_in_sample(nal)) append_sample(picture.data, nal);
  }
  if (sets.empty()) return CodedPicture();
  if (idr && activate(sets.front())) {
    sets_in_band_ = own_sets;
    picture.keyframe = true;
    picture.config = config_;
  }
  if (!std::ranges::all_of(sets, [this](uint8_t set) { return in_force(set); })) return std::nullopt;
  return picture;
}

// A set that replaces another takes the picture parameter sets with it that do not come along (ITU-T H.264 section
// 7.4.1.2.1: they refer to what is no more).
void H264Depacketizer::learn_sequence(base::ConstBytes nal) {
  const auto parsed = nal.size() <= kMaxSetBytes ? SequenceParameters::parse(nal) : std::nullopt;
  if (!parsed) return;
  auto& known = sequences_[parsed->id];
  if (std::ranges::equal(known, nal)) return;
  known.assign(nal.begin(), nal.end());
  std::erase_if(pictures_, [&](const auto& entry) {
    return entry.second.sequence_id == parsed->id && entry.second.picture != picture_;
  });
}

void H264Depacketizer::learn_picture(base::ConstBytes nal) {
  const auto parsed = nal.size() <= kMaxSetBytes ? PictureParameters::parse(nal) : std::nullopt;
  if (!parsed || (pictures_.size() >= kMaxPictureSets && !pictures_.contains(parsed->id))) return;
  pictures_[parsed->id] = {
      .bytes = Set(nal.begin(), nal.end()), .sequence_id = parsed->sequence_id, .picture = picture_};
}

bool H264Depacketizer::in_force(uint8_t picture_set) const {
  const auto known = pictures_.find(picture_set);
  const auto active = in_force_.find(picture_set);
  return known != pictures_.end() && active != in_force_.end() && known->second == active->second;
}

bool H264Depacketizer::activate(uint8_t picture_set) {
  const auto known = pictures_.find(picture_set);
  if (known == pictures_.end()) return false;
  const auto sequence = sequences_.find(known->second.sequence_id);
  if (sequence == sequences_.end()) return false;
  auto siblings = pictures_;
  std::erase_if(siblings, [&](const auto& entry) { return entry.second.sequence_id != known->second.sequence_id; });
  auto config = config_of(sequence->second, siblings);
  if (!config) return false;
  config_ = same_or_new(config_, std::move(*config));
  in_force_ = std::move(siblings);
  return true;
}

// AVCDecoderConfigurationRecord (ISO/IEC 14496-15 section 5.3.3.1.2).
std::optional<VideoConfig> H264Depacketizer::config_of(const Set& sequence,
                                                       const std::map<uint8_t, PictureSet>& pictures) const {
  const auto parsed = SequenceParameters::parse(sequence);
  if (!parsed) return std::nullopt;
  VideoConfig config{
      .codec = plan::Codec::kH264,
      .record = {},
      .codecs = fmt::format("avc1.{:02x}{:02x}{:02x}", parsed->profile, parsed->constraints, parsed->level),
      .width = parsed->width,
      .height = parsed->height};
  auto& out = config.record;
  const auto put_set = [&out](const Set& set) {
    out.push_back(static_cast<uint8_t>(set.size() >> 8));
    out.push_back(static_cast<uint8_t>(set.size()));
    append(out, set);
  };
  out = {1, parsed->profile, parsed->constraints, parsed->level, 0xff, 0xe1};  // lengths of 4 bytes, one SPS
  put_set(sequence);
  out.push_back(static_cast<uint8_t>(pictures.size()));
  for (const auto& [id, set] : pictures) put_set(set.bytes);
  const bool plain = parsed->profile == 66 || parsed->profile == 77 || parsed->profile == 88;
  if (!plain)
    out.insert(out.end(), {static_cast<uint8_t>(0xfc | parsed->chroma_format),
                           static_cast<uint8_t>(0xf8 | (parsed->luma_depth - 8)),
                           static_cast<uint8_t>(0xf8 | (parsed->chroma_depth - 8)), 0});
  return config;
}

}  // namespace heliograph::hls
