// SPDX-License-Identifier: Apache-2.0
// What is inside an H.264 RTP payload (RFC 6184).
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace heliograph::rtp {

// nal_unit_type (ITU-T H.264 table 7-1; RFC 6184 section 5.4 for 24 and up).
enum class NalKind : uint8_t {
  kSlice = 1,
  kIdrSlice = 5,
  kSei = 6,
  kSps = 7,
  kPps = 8,
  kStapA = 24,
  kStapB = 25,
  kFuA = 28,
  kFuB = 29,
};

// A NAL unit that begins in a payload: alone, inside a STAP, or as the first fragment of an FU.
struct NalStart {
  NalKind kind;
  base::ConstBytes body;  // after the NAL header byte; of a fragment, what is here of it
  uint8_t header = 0;     // that byte; of a fragment as the whole unit has it
};

// Walks the NAL units that begin in a payload. Continued fragments begin nothing. Ends at the first aggregation unit
// that does not fit.
class NalReader {
 public:
  explicit NalReader(base::ConstBytes payload);
  std::optional<NalStart> next();

 private:
  void open_fragment(base::ConstBytes payload);

  base::ConstBytes aggregate_;      // what is left of a STAP
  std::optional<NalStart> single_;  // a single NAL unit or a first fragment, not yet given
};

// The first packet of a picture that a decoder can begin with: a sequence parameter set, or the first slice of an IDR
// picture (first_mb_in_slice is 0). Where both come in separate packets both say so; they share a timestamp.
bool h264_starts_keyframe(base::ConstBytes payload);

}  // namespace heliograph::rtp
