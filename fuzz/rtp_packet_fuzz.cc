// SPDX-License-Identifier: Apache-2.0
// Any bytes as an RTP packet, with each codec's eyes, and as each extension.
#include <array>
#include <vector>

#include "base/check.h"
#include "rtp/av1.h"
#include "rtp/extensions.h"
#include "rtp/h264.h"
#include "rtp/header_writer.h"
#include "rtp/packet.h"
#include "rtp/rtx.h"
#include "rtp/vp8.h"
#include "rtp/vp9.h"

namespace base = heliograph::base;
namespace rtp = heliograph::rtp;

namespace {

void read_payload(base::ConstBytes payload) {
  (void)rtp::vp8_starts_keyframe(payload);
  (void)rtp::vp9_starts_keyframe(payload);
  (void)rtp::h264_starts_keyframe(payload);
  (void)rtp::av1_starts_keyframe(payload);
  (void)rtp::RtxPayload::parse(payload);
  size_t inside = 0;
  rtp::each_av1_element(payload, [&](base::ConstBytes element) { return inside += element.size(), true; });
  CHECK(inside <= payload.size());
  if (const auto d = rtp::Vp8Descriptor::parse(payload)) {
    std::array<uint8_t, 6> out{};
    base::ByteWriter writer(out);
    d->write(writer);
    CHECK(writer.ok() && writer.size() == d->size && rtp::Vp8Descriptor::parse(writer.written()) == d);
  }
  if (const auto d = rtp::Vp9Descriptor::parse(payload)) CHECK(size_t{d->size} + d->structure_size <= payload.size());
}

void read_extension(base::ConstBytes value) {
  (void)rtp::AudioLevel::parse(value);
  (void)rtp::AbsSendTime::parse(value);
  (void)rtp::TransportSequenceNumber::parse(value);
  (void)rtp::VideoOrientation::parse(value);
  (void)rtp::PlayoutDelay::parse(value);
  (void)rtp::parse_text(value);
}

// The same header and elements, written by us, read the same.
void write_again(const rtp::PacketView& packet, const std::vector<rtp::Extension>& elements) {
  std::vector<base::Ssrc> csrcs;
  for (size_t i = 0; i < packet.csrc_count(); ++i) csrcs.push_back(packet.csrc(i));
  std::vector<uint8_t> out(2 * packet.header_size() + 64);
  const size_t size = rtp::write_header(out,
                                        {.padding = false,
                                         .marker = packet.marker(),
                                         .payload_type = packet.payload_type(),
                                         .sequence_number = packet.sequence_number(),
                                         .timestamp = packet.timestamp(),
                                         .ssrc = packet.ssrc(),
                                         .csrcs = csrcs},
                                        elements);
  const auto again = rtp::PacketView::parse(base::ConstBytes(out).first(size));
  CHECK(again && again->ssrc() == packet.ssrc() && again->timestamp() == packet.timestamp());
  size_t i = 0;
  again->each_extension([&](uint8_t id, base::ConstBytes value) {
    CHECK(id == elements[i].id && std::ranges::equal(value, elements[i].value));
    ++i;
  });
  CHECK(i == elements.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const base::ConstBytes input(bytes, size);
  read_payload(input);
  const auto packet = rtp::PacketView::parse(input);
  if (!packet) return 0;
  CHECK(packet->header_size() + packet->payload().size() + packet->padding_size() == size);
  read_payload(packet->payload());
  std::vector<rtp::Extension> elements;
  packet->each_extension([&](uint8_t id, base::ConstBytes value) {
    read_extension(value);
    CHECK(packet->extension(id));
    elements.push_back({id, value});
  });
  write_again(*packet, elements);
  return 0;
}
