// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "hls/coded_picture.h"

namespace heliograph::hls {

// RFC 6184 payloads, non-interleaved, to samples of ISO/IEC 14496-15 ('avc1': parameter sets beside the samples). Knows
// the parameter sets so far; they take effect at a keyframe, which is a picture with an IDR slice whose sets are known.
class H264Depacketizer {
 public:
  static constexpr size_t kMaxSetBytes = 1'024;  // a larger parameter set is none
  static constexpr size_t kMaxPictureSets = 32;  // known at a time; another beyond these is none

  // fmtp: may have sprop-parameter-sets (RFC 6184 section 8.1).
  explicit H264Depacketizer(std::string_view fmtp);

  // A picture that needs none before it begins with this packet, whatever was lost.
  bool starts_keyframe(base::ConstBytes payload) const;
  // payloads: all of one picture, in order. nullopt: not decodable, so neither is what follows.
  std::optional<CodedPicture> assemble(std::span<const base::ConstBytes> payloads);
  // As before, but what is assembled has nothing to do with what was: parameter sets of before are forgotten.
  void restart();

 private:
  using Set = std::vector<uint8_t>;  // the NAL unit
  struct PictureSet {
    Set bytes;
    uint8_t sequence_id = 0;
    uint64_t picture = 0;  // in which it came last

    bool operator==(const PictureSet& other) const { return bytes == other.bytes && sequence_id == other.sequence_id; }
  };

  void learn_declared();
  void learn_sequence(base::ConstBytes nal);
  void learn_picture(base::ConstBytes nal);
  bool in_force(uint8_t picture_set) const;
  bool activate(uint8_t picture_set);
  std::optional<VideoConfig> config_of(const Set& sequence, const std::map<uint8_t, PictureSet>& pictures) const;

  std::vector<Set> declared_;  // by the fmtp
  std::map<uint8_t, Set> sequences_;
  std::map<uint8_t, PictureSet> pictures_;
  uint64_t picture_ = 0;  // counts them

  std::map<uint8_t, PictureSet> in_force_;
  std::shared_ptr<const VideoConfig> config_;
  bool sets_in_band_ = false;  // the keyframe before had its own
};

}  // namespace heliograph::hls
