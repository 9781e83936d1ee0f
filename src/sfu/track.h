// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "plan/media.h"
#include "sfu/history.h"
#include "sfu/ladder.h"
#include "sfu/media_packet.h"
#include "sfu/sender_clock.h"

namespace heliograph::sfu {

// One audio or video track of a publication where its viewers are: a history and a clock for each layer. There is one
// on every shard that has viewers; on the publisher's own it is fed by an Uplink, elsewhere by what crosses from there.
class Track {
 public:
  static constexpr size_t kGoodFor = 64;  // packets of at most 2,048 bytes

  explicit Track(plan::Codec codec);

  plan::Codec codec() const { return codec_; }
  plan::Kind kind() const { return plan::kind_of(codec_); }

  // Whether the `last` packets appended before stay where they are when this one is; at most kGoodFor. Another source,
  // or a jump in its numbers, may take their places.
  bool spares(const MediaPacket& packet, size_t last) const;
  // The packet in the layer's history, good as long as spares() says so; nullptr when it was there already.
  const MediaPacket* append(const MediaPacket& packet);
  // As History::pad(), of a packet that append() returned and spares() still keeps.
  void pad(const MediaPacket& kept, size_t size) { layers_[kept.layer].history.pad(kept, size); }
  const MediaPacket* find(uint8_t layer, uint64_t source, int64_t sequence) const;
  // The layer is this source's, here and now.
  bool has_source(uint8_t layer, uint64_t source) const {
    return layers_[layer].heard && layers_[layer].source == source;
  }
  // It is, and more of it may come: no other uplink has taken over.
  bool expects(uint8_t layer, uint64_t source) const { return has_source(layer, source) && !ladder_.ended(layer); }
  void on_sender_report(uint8_t layer, uint64_t source, const SenderClock::Report& report);

  // Which layer a viewer's wish means now; nullopt: none is alive.
  std::optional<uint8_t> choose(base::Timestamp now, plan::Layer wish) const { return ladder_.choose(now, wish); }
  bool alive(base::Timestamp now, uint8_t layer) const { return ladder_.alive(now, layer); }
  // A few times a second.
  void rank_layers(base::Timestamp now) { ladder_.rank(now); }
  const SenderClock& clock(uint8_t layer) const { return layers_[layer].clock; }

 private:
  struct Layer {
    explicit Layer(plan::Codec codec);
    History history;
    SenderClock clock;
    uint64_t source = 0;
    bool heard = false;
  };
  void replace_source(Layer& layer, uint64_t source);

  plan::Codec codec_;
  std::vector<Layer> layers_;  // kMaxLayers of them
  Ladder ladder_;
  uint64_t appended_ = 0;
};

}  // namespace heliograph::sfu
