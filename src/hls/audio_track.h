// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/refusal.h"
#include "base/time.h"
#include "hls/rtp_packet.h"

namespace heliograph::hls {

enum class AudioCodec : uint8_t { kAac, kOpus };

inline constexpr uint32_t kAudioRate = 48'000;  // Hz, of both

struct AudioConfig {
  AudioCodec codec = AudioCodec::kAac;
  std::vector<uint8_t> record;  // AudioSpecificConfig (ISO/IEC 14496-3), or OpusHead (RFC 7845 section 5.1)
  std::string codecs;           // "mp4a.40.2", "opus"
  uint8_t channels = 2;
};

struct AudioSample {
  int64_t at = 0;         // in 1/48000 s since the epoch
  uint32_t duration = 0;  // the same
  std::vector<uint8_t> data;
};

// Opus packets to a stream of samples without holes, from the epoch on: in order, what is missing (loss, DTX, a
// publisher who is muted or gone) as silence, its clock held to ours by a sample more or less now and then. AAC:
// decoded and encoded by libavcodec, stereo, LC. Opus: passed through, silence as packets of its own. The payload may
// be mono or stereo from packet to packet, 2.5–120 ms long (RFC 6716 section 3.1), or rubbish.
class AudioTrack {
 public:
  static constexpr base::Duration kPatience = base::Duration::millis(200);  // for what is late
  static constexpr size_t kMaxPackets = 256;  // held; more: the oldest are taken as they are

  static std::expected<AudioTrack, base::Trouble> create(AudioCodec codec);
  ~AudioTrack();
  AudioTrack(AudioTrack&&) noexcept;
  AudioTrack& operator=(AudioTrack&&) noexcept;

  const AudioConfig& config() const;
  // Samples begin here; what is older is left out. Once, before the first advance().
  void start(base::Timestamp epoch);
  // at: of MediaClock, of the packet's first sample.
  void receive(const RtpPacket& packet, base::Timestamp at);
  // Makes samples as far as packets go without a hole, and with silence up to now − kPatience (20 ms less at most).
  // AAC's come up to 64 ms later: its encoder looks ahead. No more than 10 s of samples wait for take(); then time
  // waits too.
  void advance(base::Timestamp now);
  // The next sample in order: each begins where the one before ended.
  std::optional<AudioSample> take();

 private:
  struct State;
  explicit AudioTrack(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace heliograph::hls
