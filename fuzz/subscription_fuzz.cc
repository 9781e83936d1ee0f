// SPDX-License-Identifier: Apache-2.0
// A hostile publisher's packets through Uplink, Track and Subscription, while the viewer switches, pauses and asks
// again: the viewer's stream keeps its laws whatever comes.
#include <algorithm>
#include <array>
#include <vector>

#include "base/check.h"
#include "rtcp/compound.h"
#include "rtp/header_writer.h"
#include "sfu/testing_laws.h"
#include "sfu/uplink.h"

namespace {

using namespace heliograph;
using Bytes = std::vector<uint8_t>;

constexpr plan::Codec kCodecs[] = {plan::Codec::kVp8, plan::Codec::kVp9, plan::Codec::kAv1, plan::Codec::kH264};

class World {
 public:
  explicit World(uint8_t setup)
      : codec_(kCodecs[setup % 4]),
        uplink_({track((setup & 4) != 0)}, base::Ssrc(1), uint64_t{1} << 40),
        track_(codec_),
        rng_(setup),
        viewer_(line(setup), rng_),
        laws_(codec_) {}

  void step(base::ByteReader& in) {
    const uint8_t action = in.u8();
    if (action < 16) return void(viewer_.aim(action % sfu::kMaxLayers));
    if (action < 24) return resume(action);
    if (action < 64) return ask(in);
    if (action < 80) return clock(in);
    if (action < 100) return wait(in.u8());
    if (action < 110) return feed_back();
    packet(action, in);
  }

 private:
  static plan::ExtensionIds extensions() {
    return {.rid = 10, .repaired_rid = 11, .audio_level = 1, .video_orientation = 2, .dependency_descriptor = 3};
  }
  plan::UplinkTrack track(bool simulcast) const {
    plan::UplinkTrack t;
    t.kind = plan::Kind::kVideo;
    t.codec.codec = codec_;
    t.codec.payload_type = base::PayloadType(96);
    t.codec.rtx_payload_type = base::PayloadType(97);
    t.codec.nack = t.codec.nack_pli = t.codec.goog_remb = true;
    t.extensions = extensions();
    if (simulcast) t.rids = {"q", "h", "f"};
    return t;
  }
  plan::DownlinkTrack line(uint8_t setup) const {
    plan::DownlinkTrack t;
    t.kind = plan::Kind::kVideo;
    t.codec.codec = codec_;
    t.codec.payload_type = base::PayloadType(96);
    if ((setup & 8) != 0) t.extensions = plan::kDownlinkExtensions;
    if ((setup & 16) != 0) t.extensions.dependency_descriptor = plan::kDownlinkExtensions.dependency_descriptor;
    return t;
  }

  void wait(uint8_t ms) { now_ = now_ + base::Duration::millis(ms); }
  void resume(uint8_t action) {
    viewer_.resume(line(static_cast<uint8_t>(action << 2)));
    laws_.resumed();
  }
  void ask(base::ByteReader& in) {
    const auto found = viewer_.resend(now_, track_, static_cast<uint16_t>(laws_.newest() - in.u8()));
    if (found.packet != nullptr) laws_.sent(viewer_, *found.packet, found.rewrite);
    CHECK(!laws_.breach());
  }
  void clock(base::ByteReader& in) {
    rtcp::SenderReport report;
    report.sender = base::Ssrc(in.u8() % 8);
    report.ntp = {in.u64()};
    report.rtp_timestamp = in.u32();
    if (const auto c = uplink_.on_sender_report(now_, report)) track_.on_sender_report(c->layer, c->source, c->report);
    (void)viewer_.sender_report(now_, report.ntp, track_);
  }
  void feed_back() {
    std::array<uint8_t, rtcp::kMaxCompoundSize> bytes;
    for (bool more = true; more;) {
      rtcp::CompoundWriter out(bytes);
      more = uplink_.write_feedback(now_, out);
      CHECK(!more || !out.empty());
    }
  }

  void packet(uint8_t action, base::ByteReader& in) {
    const uint8_t flags = in.u8();
    const uint8_t ssrc = in.u8() % 8;
    if ((flags & 1) != 0) sequence_[ssrc] = static_cast<uint16_t>(sequence_[ssrc] + in.u16());
    if ((flags & 2) != 0) timestamp_ += in.u8() * 100U;
    const auto descriptor = in.bytes(std::min<size_t>((flags >> 2) & 31, in.left()));
    const auto payload = in.bytes(std::min<size_t>(in.u8(), in.left()));
    const std::array<uint8_t, 1> rid{static_cast<uint8_t>("qhf"[ssrc % 3])};
    const std::array<uint8_t, 1> orientation{flags};
    const rtp::Extension elements[] = {{static_cast<uint8_t>((action & 1) != 0 ? 10 : 11), rid},
                                       {static_cast<uint8_t>((flags & 64) != 0 ? 2 : 0), orientation},
                                       {static_cast<uint8_t>(descriptor.empty() ? 0 : 3), descriptor}};
    Bytes bytes(1500);
    const size_t size = rtp::write_header(bytes,
                                          {.marker = (flags & 128) != 0,
                                           .payload_type = base::PayloadType((action & 1) != 0 ? 96 : 97),
                                           .sequence_number = sequence_[ssrc]++,
                                           .timestamp = timestamp_,
                                           .ssrc = base::Ssrc(ssrc)},
                                          elements);
    bytes.resize(size);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    const auto view = rtp::PacketView::parse(bytes);
    CHECK(view);
    if (const auto accepted = uplink_.receive(now_, *view)) forward(accepted->packet);
  }
  void forward(const sfu::MediaPacket& packet) {
    CHECK(track_.spares(packet, 0));
    const auto* kept = track_.append(packet);
    if (kept == nullptr) return;
    track_.rank_layers(now_);
    (void)track_.choose(now_, static_cast<plan::Layer>(now_.us() / 1000 % 4));
    if (const auto rewrite = viewer_.forward(track_, *kept)) {
      CHECK(rewrite->patch.size <= kept->payload.size());
      laws_.sent(viewer_, *kept, *rewrite);
    }
    CHECK(!laws_.breach());
  }

  base::Timestamp now_ = base::Timestamp::from_micros(1'000'000);
  plan::Codec codec_;
  sfu::Uplink uplink_;
  sfu::Track track_;
  base::Rng rng_;
  sfu::Subscription viewer_;
  sfu::testing::Laws laws_;
  std::array<uint16_t, 8> sequence_{};
  uint32_t timestamp_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  World world(data[0]);
  base::ByteReader in(base::ConstBytes(data, size).subspan(1));
  for (int steps = 0; in.left() > 0 && steps < 1000; ++steps) world.step(in);
  return 0;
}
