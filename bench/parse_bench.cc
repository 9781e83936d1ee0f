// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "load/descriptions.h"
#include "load/signals.h"
#include "rtp/header_writer.h"
#include "rtp/packet.h"
#include "sdp/description.h"
#include "signal/parse.h"

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
