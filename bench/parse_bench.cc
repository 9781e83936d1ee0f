// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "load/descriptions.h"
#include "load/signals.h"
#include "negotiation/uplink.h"
#include "rtcp/compound.h"
#include "rtcp/nack.h"
#include "rtcp/receiver_report.h"
#include "rtp/header_writer.h"
#include "rtp/packet.h"
#include "sdp/description.h"
#include "signal/parse.h"
#include "stun/message.h"

namespace heliograph {
namespace {

std::vector<uint8_t> packet_with_extensions() {
  const std::array<uint8_t, 3> time{1, 2, 3};
  const std::array<uint8_t, 2> sequence{4, 5};
  const rtp::Extension extensions[] = {{2, time}, {3, sequence}};
  std::vector<uint8_t> packet(1200, 0x5a);
  rtp::write_header(packet, {}, extensions);
  return packet;
}

void RtpParse(benchmark::State& state) {
  const auto packet = packet_with_extensions();
  for (auto _ : state) {
    const auto view = rtp::PacketView::parse(packet);
    benchmark::DoNotOptimize(view->extension(3));
  }
}
BENCHMARK(RtpParse);

void RtpWriteHeader(benchmark::State& state) {
  const std::array<uint8_t, 3> time{1, 2, 3};
  const std::array<uint8_t, 2> sequence{4, 5};
  const rtp::Extension extensions[] = {{2, time}, {3, sequence}};
  std::array<uint8_t, 64> out;
  for (auto _ : state) benchmark::DoNotOptimize(rtp::write_header(out, {}, extensions));
}
BENCHMARK(RtpWriteHeader);

// What a viewer sends every now and then: a report of two streams, and a NACK.
void RtcpParse(benchmark::State& state) {
  std::vector<uint8_t> bytes(rtcp::kMaxCompoundSize);
  rtcp::CompoundWriter compound(bytes);
  rtcp::ReceiverReport report;
  for (int i = 0; i < 2; ++i) (void)report.reports.push_back({});
  compound.append(report);
  const std::array<uint16_t, 3> lost{7, 9, 40};
  compound.append(rtcp::Nack::pack({base::Ssrc(1), base::Ssrc(2)}, lost));
  for (auto _ : state)
    rtcp::for_each(compound.written(), [](const rtcp::Block& block) {
      benchmark::DoNotOptimize(rtcp::ReceiverReport::parse(block));
      if (block.is(rtcp::PacketType::kTransportLayerFeedback, rtcp::Nack::kFormat))
        benchmark::DoNotOptimize(rtcp::Nack::parse(block));
    });
}
BENCHMARK(RtcpParse);

// A connectivity check, its integrity included.
void StunParse(benchmark::State& state) {
  constexpr std::string_view kPassword = "server-password-of-22-chars";
  const base::ConstBytes key{reinterpret_cast<const uint8_t*>(kPassword.data()), kPassword.size()};
  std::vector<uint8_t> bytes(256);
  stun::MessageWriter writer(bytes, stun::Class::kRequest, stun::kBinding, {});
  writer.username("abcdefgh:ijklmnop");
  writer.priority(1);
  writer.message_integrity(key);
  writer.fingerprint();
  bytes.resize(writer.written().size());
  for (auto _ : state) {
    const auto message = stun::MessageView::parse(bytes);
    benchmark::DoNotOptimize(message->check_integrity(key));
  }
}
BENCHMARK(StunParse);

std::string an_offer() {
  const load::OfferedStreams streams{
      .audio = base::Ssrc(1), .video = base::Ssrc(2), .video_rtx = base::Ssrc(3), .cname = "somebody"};
  const load::LocalEnd local{.ice = {"abcdefgh", "abcdefghabcdefghabcdefgh"},
                             .fingerprint = {"sha-256", std::vector<uint8_t>(32, 0xab)}};
  return load::publisher_offer(streams, local);
}

void SdpParse(benchmark::State& state) {
  const auto text = an_offer();
  for (auto _ : state) benchmark::DoNotOptimize(sdp::parse(text));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}
BENCHMARK(SdpParse);

// From a publisher's offer to our answer: parsed, negotiated, written.
void SdpAnswer(benchmark::State& state) {
  const auto text = an_offer();
  negotiation::Capabilities capabilities;
  capabilities.candidates = {*base::SocketAddress::parse("192.0.2.1:40000")};
  capabilities.fingerprint = {"sha-256", std::vector<uint8_t>(32, 0xab)};
  const plan::IceParameters ice{"abcdefgh", "abcdefghabcdefghabcdefgh"};
  CHECK(negotiation::answer(text, ice, {}, capabilities).has_value());
  for (auto _ : state) benchmark::DoNotOptimize(negotiation::answer(text, ice, {}, capabilities));
}
BENCHMARK(SdpAnswer);

void SignalParse(benchmark::State& state, const std::string& text) {
  CHECK(signal::parse(text).has_value());
  for (auto _ : state) benchmark::DoNotOptimize(signal::parse(text));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}
const load::Session kWho{.room = "room", .user = "somebody"};
BENCHMARK_CAPTURE(SignalParse, offer, load::offer(kWho, an_offer()));
BENCHMARK_CAPTURE(SignalParse, heartbeat, load::heartbeat(kWho));

}  // namespace
}  // namespace heliograph
