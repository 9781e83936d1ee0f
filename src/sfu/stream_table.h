// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "plan/media.h"
#include "rtp/packet.h"
#include "sfu/media_packet.h"

namespace heliograph::sfu {

// What one SSRC of a publisher is.
struct Stream {
  uint8_t track = 0;  // place in the list of plan::UplinkTrack
  uint8_t layer = 0;
  bool rtx = false;

  bool operator==(const Stream&) const = default;
};

// Which stream a packet belongs to (RFC 8843 section 9.2, RFC 8852): by the SSRCs that the offer named, by mid and rid
// on the packets themselves, else by payload type. What was found once is remembered by SSRC. An SSRC whose stream
// another has taken over does not come back: what is late of it must not end the new one.
class StreamTable {
 public:
  static constexpr size_t kMaxStreams = 16;  // 2 tracks × 3 layers × 2, and some; further SSRCs are dropped
  // As many as SRTP lets in of one peer; when there are so many, no stream changes its SSRC any more.
  static constexpr size_t kMaxRetired = 128;

  explicit StreamTable(std::span<const plan::UplinkTrack> tracks);

  // fresh: this SSRC was not known before, or has become another stream; whoever held the stream before has ended.
  struct Found {
    Stream stream;
    bool fresh = false;
  };
  std::optional<Found> find(std::span<const plan::UplinkTrack> tracks, const rtp::PacketView& packet);

 private:
  struct Entry {
    base::Ssrc ssrc;
    Stream stream;
    bool heard = false;
  };
  std::optional<Stream> identify(std::span<const plan::UplinkTrack> tracks, const rtp::PacketView& packet) const;
  void declare(const plan::UplinkTrack& track, uint8_t index);
  Entry* entry_of(base::Ssrc ssrc);
  bool add(base::Ssrc ssrc, Stream stream, bool heard);
  bool take_over(Entry& entry, base::Ssrc ssrc);
  bool is_retired(base::Ssrc ssrc) const;

  std::array<Entry, kMaxStreams> entries_{};
  size_t size_ = 0;
  std::array<base::Ssrc, kMaxRetired> retired_{};
  size_t retired_count_ = 0;
};

}  // namespace heliograph::sfu
