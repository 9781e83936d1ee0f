// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <memory>

#include "base/bytes.h"
#include "base/refusal.h"
#include "hls/audio_track.h"
#include "hls/opus_packet.h"

namespace heliograph::hls {

// How a packet is laid behind what there is. In samples of 48 kHz.
struct Laying {
  int64_t skip = 0;     // of its beginning, which is older than what there is already
  int64_t stretch = 0;  // so many more than it has, or less
  bool joins = true;    // continues the sound before
};

// Makes an AudioTrack's samples of Opus packets and silence that follow one another.
class SampleWriter {
 public:
  // How finely it can lay things, in samples of 48 kHz.
  struct Grain {
    int64_t tolerance = 0;  // packets that are off by more are laid anew
    bool whole = false;     // packets are taken or left as they are: neither cut nor stretched
  };

  virtual ~SampleWriter() = default;
  virtual const AudioConfig& config() const = 0;
  virtual Grain grain() const = 0;
  // Both return by how much the samples have become longer. Silence may be shorter than asked for, by less than 2.5 ms.
  virtual int64_t write_silence(int64_t duration) = 0;
  virtual int64_t write(const OpusPacket& packet, base::ConstBytes payload, const Laying& laying) = 0;
  // What comes is another encoder's.
  virtual void reset() {}

  std::deque<AudioSample>& samples() { return samples_; }

 private:
  std::deque<AudioSample> samples_;
};

std::expected<std::unique_ptr<SampleWriter>, base::Trouble> make_aac_writer();
std::unique_ptr<SampleWriter> make_opus_writer();

}  // namespace heliograph::hls
