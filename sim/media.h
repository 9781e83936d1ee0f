// SPDX-License-Identifier: Apache-2.0
// Model media: what a model publisher sends and a model viewer recognises.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/rng.h"
#include "base/time.h"
#include "base/unwrapper.h"
#include "plan/media.h"

namespace heliograph::sim {

// What is inside every model payload, behind the codec's own descriptor.
struct Stamp {
  uint8_t layer = 0;
  uint8_t life = 0;  // which PeerConnection of the publisher
  bool keyframe = false;
  uint32_t frame = 0;
  uint8_t packet = 0;  // of the frame
  uint8_t packets = 0;

  static constexpr size_t kSize = 12;
  void write(base::ByteWriter& out) const;
  static std::optional<Stamp> read(base::ConstBytes payload_after_descriptor);
  bool operator==(const Stamp&) const = default;
};

// One RTP packet before protection.
struct Packet {
  base::Ssrc ssrc;
  base::PayloadType payload_type;
  uint64_t index = 0;  // sequence number, unwrapped
  uint32_t timestamp = 0;
  bool marker = false;
  std::vector<uint8_t> payload;
};

// One encoding of VP8-shaped video, or a track of Opus-shaped audio: frames on demand, numbers that wrap soon.
class Source {
 public:
  struct Options {
    plan::Codec codec = plan::Codec::kVp8;
    base::Ssrc ssrc;
    base::PayloadType payload_type;
    std::optional<base::Ssrc> rtx_ssrc;
    std::optional<base::PayloadType> rtx_payload_type;
    uint8_t layer = 0;
    uint8_t life = 0;
    uint8_t packets_a_frame = 3;
    size_t payload_size = 1000;
    bool uneven = false;  // each packet up to six bytes smaller
  };
  Source(const Options& options, base::Rng& rng);

  // The packets of the next frame; a keyframe when one was asked for, and first.
  std::vector<Packet> frame(base::Timestamp now);
  void request_keyframe() { keyframe_due_ = true; }
  // Answer to a NACK: by RTX where there is one. nullopt when it is too old.
  std::optional<Packet> retransmit(uint16_t sequence_number);
  const Options& options() const { return options_; }
  // The RTP timestamp at this time.
  uint32_t timestamp_at(base::Timestamp now) const;
  uint64_t frames() const { return frame_; }

 private:
  Packet packet(uint32_t timestamp, const Stamp& stamp);

  Options options_;
  uint64_t next_index_;
  uint64_t rtx_index_;
  uint32_t timestamp_offset_;
  uint16_t picture_id_;
  uint8_t tl0_pic_idx_;
  uint32_t frame_ = 0;
  bool keyframe_due_ = true;
  std::deque<Packet> sent_;
};

// Holds one received stream to what a decoder relies on, and remembers what it got. Each breach is a sentence in
// breaches().
class Receiver {
 public:
  Receiver(plan::DownlinkTrack line) : line_(std::move(line)) {}

  void on_packet(base::Timestamp now, uint16_t sequence_number, uint32_t timestamp, bool marker,
                 base::ConstBytes payload);
  // Sequence numbers that are missing between the first and the newest.
  std::vector<uint16_t> missing() const;
  // Of the newest kLately: what is still worth asking for.
  static constexpr int64_t kLately = 1000;
  std::vector<uint16_t> missing_lately() const;
  // At the end of a run: every packet of every frame since the first is there, in an order that a decoder can use.
  void check_complete();

  const plan::DownlinkTrack& line() const { return line_; }
  const std::vector<std::string>& breaches() const { return breaches_; }
  size_t packets() const { return received_.size(); }
  size_t frames() const { return frames_; }
  std::optional<base::Timestamp> first_keyframe() const { return first_keyframe_; }
  std::optional<uint8_t> layer() const { return layer_; }
  // Of the publisher's PeerConnections, the one that the newest packet came from.
  uint8_t life() const { return life_; }
  // When the newest packet came, and the longest time that passed between two frames.
  std::optional<base::Timestamp> newest_at() const { return newest_at_; }
  base::Duration longest_gap() const { return longest_gap_; }
  // A jump in the timestamps is one of more than this.
  void allow_silence(base::Duration d) { longest_silence_ = d; }
  void forget_gaps() { longest_gap_ = {}; }
  size_t switches() const { return switches_; }
  uint64_t duplicates() const { return duplicates_; }

 private:
  struct Got {
    uint32_t timestamp = 0;
    bool marker = false;
    Stamp stamp;
    int32_t picture_id = -1;
  };
  std::vector<uint16_t> missing_since(int64_t expected) const;
  void breach(std::string what) {
    if (breaches_.size() < 20) breaches_.push_back(std::move(what));
  }
  void check_pair(int64_t number, const Got& before, const Got& after);

  plan::DownlinkTrack line_;
  base::Unwrapper<uint16_t> unwrapper_;
  std::map<int64_t, Got> received_;
  std::vector<std::string> breaches_;
  size_t frames_ = 0;
  size_t switches_ = 0;
  uint64_t duplicates_ = 0;
  std::optional<uint8_t> layer_;
  uint8_t life_ = 0;
  std::optional<base::Timestamp> newest_at_;
  base::Duration longest_gap_;
  base::Duration longest_silence_ = base::Duration::seconds(3);
  std::optional<base::Timestamp> first_keyframe_;
};

}  // namespace heliograph::sim
