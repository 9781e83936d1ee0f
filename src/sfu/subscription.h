// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "base/rng.h"
#include "base/time.h"
#include "plan/media.h"
#include "rtcp/report_block.h"
#include "rtcp/sender_report.h"
#include "sfu/media_packet.h"
#include "sfu/picture_numbers.h"
#include "sfu/track.h"

namespace heliograph::sfu {

// Under which numbers one viewer gets one packet.
struct Rewrite {
  uint64_t index = 0;  // the sequence number, not wrapped: SRTP's packet index (RFC 3711 section 3.3.1)
  uint32_t timestamp = 0;
  PayloadPatch patch;         // replaces the first bytes of the payload
  int32_t frame_number = -1;  // replaces that of the dependency descriptor; -1: stays
};

// One track on its way to one viewer: which layer, and the numbering that hides every switch (RFC 3550 section 7.1:
// what a translator must keep whole). Owned by the viewer's shard.
//
// The numbering is a short list of epochs, each "from here on, source numbers plus this": no memory per packet, and a
// hole in the source stays a hole for the viewer, who asks for it by NACK.
class Subscription {
 public:
  // A viewer may ask for this many retransmissions a second, with as many saved up.
  static constexpr int64_t kMaxResendsPerSecond = 400;
  static constexpr base::Duration kReportInterval = base::Duration::seconds(1);
  static constexpr base::Duration kFirstReportWait =
      base::Duration::millis(200);  // looks for a first packet this often

  Subscription(plan::DownlinkTrack line, base::Rng& rng);
  // The line was negotiated again, or comes back after a pause, perhaps from another publication: same SSRCs. The
  // numbering goes on, for an index must not come back (RFC 7714 section 8.1); what was sent before is not sent again,
  // for it might not have the same bytes.
  void resume(plan::DownlinkTrack line);

  const plan::DownlinkTrack& line() const { return line_; }

  // Whether, and as what, the viewer gets this packet, fresh from the track.
  std::optional<Rewrite> forward(const Track& track, const MediaPacket& packet);
  // The layer to go to at its next keyframe.
  void aim(uint8_t layer) { target_ = layer; }
  std::optional<uint8_t> current_layer() const;
  // Paused, the picture under way is still sent whole, and no other; taken back, the line begins anew with a keyframe
  // and goes on in its numbers, as if nothing had been between, and in its time.
  void set_paused(bool paused);
  bool paused() const { return paused_; }
  // No picture yet, or none since another source took the layer over. Never while paused.
  bool waits_for_keyframe(const Track& track) const;

  // What the viewer reports lost. nullptr: gone from the history, never sent, or the viewer asks too much.
  struct Resend {
    const MediaPacket* packet = nullptr;
    Rewrite rewrite;
  };
  Resend resend(base::Timestamp now, const Track& track, uint16_t sequence_number);
  // RTX numbers of its own (RFC 4588 section 4).
  uint64_t next_rtx_index() { return rtx_index_++; }

  // The RTP header (with the extensions that this viewer negotiated) in front of the padded payload; returns its size. At most
  // 12 + packet.extensions.size() bytes.
  size_t write_header(const MediaPacket& packet, const Rewrite& rewrite, uint8_t* out) const;
  // The same for a retransmission on the RTX stream, without padding; rewrite.index is what is sent again.
  size_t write_rtx_header(const MediaPacket& packet, const Rewrite& rewrite, uint64_t rtx_index, uint8_t* out) const;

  void on_sent(size_t payload_bytes) {
    ++packets_sent_;
    octets_sent_ += static_cast<uint32_t>(payload_bytes);
  }
  // A sender report when one is due: the publisher's own clock where it told us (so that lip-sync holds between
  // tracks), else ours, by as much ahead as the publisher's was when it told us last.
  std::optional<rtcp::SenderReport> sender_report(base::Timestamp now, base::NtpTime ntp_now, const Track& track);
  // Also right after a switch and after a pause, so that the viewer soon knows where the new source lies in time.
  base::Timestamp next_report() const { return next_report_; }
  // What the viewer says of this stream.
  void on_report_block(base::Timestamp now, const rtcp::ReportBlock& block);
  std::optional<base::Duration> rtt() const { return rtt_; }

 private:
  // The same source numbers go on from first_index by the same offsets.
  struct Epoch {
    uint64_t first_index = 0;
    int64_t first_sequence = 0;
    uint32_t timestamp_offset = 0;
    PictureOffsets pictures;
    uint8_t layer = 0;
    uint64_t source = 0;
  };
  static constexpr size_t kEpochs = 8;  // older ones are not retransmitted from any more

  bool may_begin(const Track& track, const MediaPacket& packet) const;
  bool held_back(const MediaPacket& packet) const;
  void begin_epoch(const Track& track, const MediaPacket& packet);
  uint32_t timestamp_for(const Track& track, const MediaPacket& packet) const;
  const Epoch& epoch() const { return epochs_[(epoch_count_ - 1) % kEpochs]; }
  const Epoch* epoch_of(uint64_t index) const;
  Rewrite rewrite_in(const Epoch& e, const MediaPacket& packet) const;
  bool take_resend(base::Timestamp now);
  void note_newest(const MediaPacket& packet, const Rewrite& rewrite);
  size_t write(const MediaPacket& packet, const Rewrite& rewrite, base::PayloadType type, uint64_t index,
               base::Ssrc ssrc, uint8_t* out) const;
  size_t write_extensions(const MediaPacket& packet, int32_t frame_number, uint8_t* out) const;

  plan::DownlinkTrack line_;
  uint8_t taken_ = 0;  // a bit for each extension id that the viewer took
  uint64_t next_index_;
  uint64_t rtx_index_;
  std::array<Epoch, kEpochs> epochs_{};
  uint64_t epoch_count_ = 0;
  uint64_t resend_from_ = 0;  // older ones are not sent again
  bool must_begin_ = true;    // the next packet begins an epoch
  bool paused_ = false;
  bool cut_ = false;  // something was held back since
  std::optional<uint8_t> target_;

  // The newest packet sent: what the next epoch and the next report continue.
  struct Last {
    uint32_t timestamp = 0;  // as the viewer got it
    uint32_t source_timestamp = 0;
    base::Timestamp arrival;
    PictureNumbers numbers;  // as the viewer got them
  };
  std::optional<Last> last_;

  uint32_t packets_sent_ = 0;
  uint32_t octets_sent_ = 0;
  base::Timestamp next_report_;
  base::Duration publisher_ahead_;  // of our clock
  struct SentReport {
    uint32_t compact = 0;
    base::Timestamp at;
  };
  std::array<SentReport, 4> sent_reports_{};
  size_t sent_report_count_ = 0;
  std::optional<base::Duration> rtt_;
  int64_t resends_left_ = kMaxResendsPerSecond;
  base::Timestamp resends_at_;
};

}  // namespace heliograph::sfu
