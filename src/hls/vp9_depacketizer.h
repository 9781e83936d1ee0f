// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "hls/coded_picture.h"

namespace heliograph::hls {

// RFC 9628 payloads to frames; the spatial layers of a picture to one superframe.
class Vp9Depacketizer {
 public:
  // A picture that needs none before it begins with this packet.
  bool starts_keyframe(base::ConstBytes payload) const;
  // payloads: all of one picture, in order. nullopt: not decodable, so neither is what follows.
  std::optional<CodedPicture> assemble(std::span<const base::ConstBytes> payloads);
  // As before, but what is assembled has nothing to do with what was.
  void restart() {}

 private:
  std::shared_ptr<const VideoConfig> config_;
};

}  // namespace heliograph::hls
