// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "hls/frame.h"

namespace heliograph::hls {

// Makes pictures that show the one before once more, in a few bytes and without an encoder: where a part of the
// playlist would otherwise have no sample, because the publisher sends few frames or none. H.264: a P picture of
// skipped macroblocks that nothing refers to (ITU-T H.264 section 7.3.4, CAVLC and CABAC). VP9, AV1:
// show_existing_frame. A decoder that gets it in between decodes all that follows as if it had not been there.
class FrameRepeater {
 public:
  FrameRepeater();
  ~FrameRepeater();
  FrameRepeater(FrameRepeater&&) noexcept;
  FrameRepeater& operator=(FrameRepeater&&) noexcept;

  // Every frame that is written, in order; of a keyframe its config is read.
  void see(const Frame& frame);
  // A sample like Frame::data that repeats the picture seen last; nullopt where that cannot be (interlaced H.264, frame
  // reordering, what could not be parsed): then there is no way but to wait.
  std::optional<std::vector<uint8_t>> repeat();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace heliograph::hls
