// SPDX-License-Identifier: Apache-2.0
#include "load/recording.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "rtp/h264.h"

namespace heliograph::load {
namespace {

using rtp::NalKind;

constexpr std::array<uint8_t, 3> kStartCode = {0, 0, 1};

// Takes one NAL unit from the front, without the zeroes that may follow it (annex B.1.1); empty at the end.
base::ConstBytes take_unit(base::ConstBytes& rest) {
  const auto begin = std::ranges::search(rest, kStartCode);
  if (begin.empty()) {
    rest = {};
    return {};
  }
  rest = {begin.end(), rest.end()};
  const auto end = std::ranges::search(rest, kStartCode).begin();
  base::ConstBytes unit(rest.begin(), end);
  rest = {end, rest.end()};
  while (!unit.empty() && unit.back() == 0) unit = unit.first(unit.size() - 1);
  return unit;
}

// Its slice header begins with first_mb_in_slice 0, as ue(v) a single 1 (section 7.3.3).
bool begins_picture(base::ConstBytes slice) { return slice.size() > 1 && (slice[1] & 0x80) != 0; }

void keep_first(std::vector<uint8_t>& kept, base::ConstBytes unit) {
  if (kept.empty()) kept.assign(unit.begin(), unit.end());
}

}  // namespace

std::expected<Recording, std::string> Recording::parse(base::ConstBytes stream) {
  Recording recording;
  auto& frames = recording.frames;
  while (!stream.empty()) {
    const auto unit = take_unit(stream);
    if (unit.empty()) continue;
    const auto kind = static_cast<NalKind>(unit[0] & 0x1f);
    if (kind == NalKind::kSps) keep_first(recording.sps, unit);
    if (kind == NalKind::kPps) keep_first(recording.pps, unit);
    if (kind != NalKind::kSlice && kind != NalKind::kIdrSlice) continue;
    const bool keyframe = kind == NalKind::kIdrSlice;
    if (frames.empty() && !keyframe) continue;  // nothing to decode it from
    if (begins_picture(unit) || frames.empty()) frames.push_back({keyframe, {}});
    frames.back().slices.emplace_back(unit.begin(), unit.end());
  }
  if (recording.sps.empty() || recording.pps.empty())
    return std::unexpected("has no SPS and PPS: is it H264, Annex B?");
  if (frames.empty()) return std::unexpected("has no keyframe");
  return recording;
}

std::expected<Recording, std::string> Recording::read(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return std::unexpected("cannot be read");
  const auto size = file.tellg();
  if (size < 0 || static_cast<size_t>(size) > kMaxBytes) return std::unexpected("is larger than 1 GiB");
  std::vector<uint8_t> bytes(static_cast<size_t>(size));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes.data()), size);
  if (!file) return std::unexpected("cannot be read");
  return parse(bytes);
}

size_t Recording::next_keyframe(size_t from) const {
  const auto begin = frames.begin() + static_cast<std::ptrdiff_t>(from % frames.size());
  const auto found = std::ranges::find(begin, frames.end(), true, &Frame::keyframe);
  return found == frames.end() ? 0 : static_cast<size_t>(found - frames.begin());
}

}  // namespace heliograph::load
