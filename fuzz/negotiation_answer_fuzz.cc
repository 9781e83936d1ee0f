// SPDX-License-Identifier: Apache-2.0
// The input is an offer; where it is taken, the same text is also tried as the answer to what a viewer would then be
// offered.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "base/rng.h"
#include "negotiation/downlink.h"
#include "negotiation/uplink.h"
#include "sdp/description.h"

namespace {

using namespace heliograph;

const plan::IceParameters kIce{"srvr", "0123456789abcdefghijklmn"};

negotiation::Capabilities capabilities() {
  return {.candidates = {*base::SocketAddress::parse("192.0.2.7:40000")},
          .fingerprint = {"sha-256", std::vector<uint8_t>(32, 7)},
          .audio_only = false,
          .preferred_video = {}};
}

negotiation::DownlinkOffer offer(const std::vector<plan::UplinkTrack>& tracks) {
  base::Rng rng(1);
  return negotiation::offer({tracks, "stream", "cname"}, kIce, {1, 1}, capabilities(), rng);
}

// The viewer of a publisher with Opus and VP8.
const negotiation::DownlinkOffer& standing_offer() {
  static const auto kOffer = [] {
    plan::UplinkTrack audio;
    plan::UplinkTrack video;
    video.kind = plan::Kind::kVideo;
    video.codec.codec = plan::Codec::kVp8;
    return offer({audio, video});
  }();
  return kOffer;
}

void try_as_offer(std::string_view text) {
  const auto uplink = negotiation::answer(text, kIce, {1, 1}, capabilities());
  if (!uplink) return CHECK(!uplink.error().sentence.empty());
  const auto given = sdp::parse(text);
  const auto said = sdp::parse(uplink->answer_sdp);
  CHECK(said && said->medias.size() == given->medias.size());
  CHECK(!uplink->tracks.empty() && uplink->tracks.size() <= 2);
  const auto made = offer(uplink->tracks);
  CHECK(sdp::parse(made.sdp));
  (void)negotiation::accept(text, made);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = base::as_text({data, size});
  try_as_offer(text);
  if (const auto taken = negotiation::accept(text, standing_offer())) {
    CHECK(!taken->tracks.empty() && taken->tracks.size() <= 2);
    const auto again = negotiation::reoffer(standing_offer(), taken->tracks, kIce, capabilities());
    CHECK(sdp::parse(again.sdp));
  }
  return 0;
}
