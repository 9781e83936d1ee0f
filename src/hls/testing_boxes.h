// SPDX-License-Identifier: Apache-2.0
// A reader of ISO base media boxes (ISO/IEC 14496-12), for tests: as little of libav in it as possible.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace heliograph::hls::testing {

struct Box {
  std::string type;
  size_t at = 0;  // of its header, in the bytes that were read
  base::ConstBytes payload;
};

// Throws where a box is not whole.
inline std::vector<Box> boxes(base::ConstBytes bytes) {
  std::vector<Box> found;
  for (size_t at = 0; at < bytes.size();) {
    base::ByteReader reader(bytes.subspan(at));
    const uint32_t size = reader.u32();
    const std::string type(base::as_text(reader.bytes(4)));
    if (!reader.ok() || size < 8 || size > bytes.size() - at) throw std::runtime_error("not a whole box: " + type);
    found.push_back({type, at, bytes.subspan(at + 8, size - 8)});
    at += size;
  }
  return found;
}

inline std::string types(base::ConstBytes bytes) {
  std::string all;
  for (const auto& box : boxes(bytes)) all += (all.empty() ? "" : " ") + box.type;
  return all;
}

// What of a box's payload stands before the boxes in it.
inline size_t fields_of(std::string_view type) {
  if (type == "stsd") return 8;
  if (type == "avc1" || type == "vp09" || type == "av01") return 78;
  if (type == "mp4a" || type == "Opus") return 28;
  return 0;
}

// "moov/trak/mdia"; the first of each. Empty when there is none.
inline base::ConstBytes find(base::ConstBytes bytes, std::string_view path) {
  const auto slash = path.find('/');
  for (const auto& box : boxes(bytes)) {
    if (box.type != path.substr(0, slash)) continue;
    if (slash == std::string_view::npos) return box.payload;
    return find(box.payload.subspan(fields_of(box.type)), path.substr(slash + 1));
  }
  return {};
}

inline bool has(base::ConstBytes bytes, std::string_view path) { return find(bytes, path).data() != nullptr; }

struct ReadSample {
  int64_t dts = 0, pts = 0;
  uint32_t duration = 0;
  uint32_t flags = 0;  // section 8.8.3.1
  std::vector<uint8_t> data = {};

  bool is_sync() const { return (flags & 0x0001'0000) == 0; }
  uint32_t depends_on() const { return (flags >> 24) & 3; }  // 1: on others, 2: on none
};

struct Track {
  uint32_t id = 0;
  uint64_t begin = 0;  // tfdt
  uint64_t end = 0;    // begin and the durations
  std::vector<ReadSample> samples;
};

struct Fragment {
  uint32_t sequence = 0;
  std::vector<Track> tracks = {};
};

struct Defaults {
  uint32_t duration = 0, size = 0, flags = 0;
};

// tfhd (section 8.8.7).
inline Defaults read_tfhd(base::ConstBytes payload, uint32_t& track) {
  base::ByteReader reader(payload);
  const uint32_t flags = reader.u32();
  track = reader.u32();
  if ((flags & 0x02'0000) == 0 || (flags & 1) != 0) throw std::runtime_error("tfhd: not default-base-is-moof");
  if ((flags & 0x02) != 0) reader.skip(4);  // sample_description_index
  Defaults defaults;
  if ((flags & 0x08) != 0) defaults.duration = reader.u32();
  if ((flags & 0x10) != 0) defaults.size = reader.u32();
  if ((flags & 0x20) != 0) defaults.flags = reader.u32();
  if (!reader.ok() || reader.left() != 0) throw std::runtime_error("tfhd: size");
  return defaults;
}

// trun (section 8.8.8). moof: from its first byte to the end of what was read.
inline void read_trun(base::ConstBytes payload, base::ConstBytes moof, const Defaults& defaults, Track& track) {
  base::ByteReader reader(payload);
  const uint32_t flags = reader.u32() & 0xff'ffff;
  const uint32_t version = payload[0];
  const uint32_t count = reader.u32();
  size_t at = (flags & 1) != 0 ? reader.u32() : throw std::runtime_error("trun: no data_offset");
  const uint32_t first_flags = (flags & 4) != 0 ? reader.u32() : defaults.flags;
  for (uint32_t i = 0; i < count; ++i) {
    ReadSample sample{.dts = static_cast<int64_t>(track.end)};
    sample.duration = (flags & 0x100) != 0 ? reader.u32() : defaults.duration;
    const uint32_t size = (flags & 0x200) != 0 ? reader.u32() : defaults.size;
    sample.flags = (flags & 0x400) != 0 ? reader.u32() : i == 0 ? first_flags : defaults.flags;
    const uint32_t offset = (flags & 0x800) != 0 ? reader.u32() : 0;
    sample.pts = sample.dts + (version == 0 ? int64_t{offset} : int64_t{static_cast<int32_t>(offset)});
    if (!reader.ok() || at + size > moof.size()) throw std::runtime_error("trun: beyond the end");
    const auto data = moof.subspan(at, size);
    sample.data.assign(data.begin(), data.end());
    at += size;
    track.end += sample.duration;
    track.samples.push_back(sample);
  }
  if (reader.left() != 0) throw std::runtime_error("trun: size");
}

inline Track read_traf(base::ConstBytes traf, base::ConstBytes moof) {
  Track track;
  const Defaults defaults = read_tfhd(find(traf, "tfhd"), track.id);
  base::ByteReader tfdt(find(traf, "tfdt"));
  if (tfdt.u32() != 0x0100'0000) throw std::runtime_error("tfdt: not of 64 bits");
  track.begin = track.end = tfdt.u64();
  for (const auto& box : boxes(traf))
    if (box.type == "trun") read_trun(box.payload, moof, defaults, track);
  return track;
}

// Every moof in the bytes; other boxes are passed over.
inline std::vector<Fragment> fragments(base::ConstBytes bytes) {
  std::vector<Fragment> found;
  for (const auto& box : boxes(bytes)) {
    if (box.type != "moof") continue;
    base::ByteReader mfhd(find(box.payload, "mfhd"));
    mfhd.skip(4);
    Fragment fragment{.sequence = mfhd.u32()};
    for (const auto& inner : boxes(box.payload))
      if (inner.type == "traf") fragment.tracks.push_back(read_traf(inner.payload, bytes.subspan(box.at)));
    found.push_back(std::move(fragment));
  }
  return found;
}

}  // namespace heliograph::hls::testing
