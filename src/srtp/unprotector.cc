// SPDX-License-Identifier: Apache-2.0
#include "srtp/unprotector.h"

#include "rtp/header_size.h"
#include "srtp/header_size.h"

namespace heliograph::srtp {
namespace {

base::Ssrc ssrc_at(base::ConstBytes packet, size_t offset) {
  return base::Ssrc(base::load_be<uint32_t>(&packet[offset]));
}

// A source that was never heard is judged, and its lap guessed, by an empty window.
const ReplayWindow& window_or_empty(const ReplayWindow* window) {
  static constexpr ReplayWindow kEmpty;
  return window == nullptr ? kEmpty : *window;
}

std::expected<void, Reject> check(const ReplayWindow& window, uint64_t index) {
  switch (window.check(index)) {
    case ReplayWindow::Verdict::kFresh:
      return {};
    case ReplayWindow::Verdict::kReplayed:
      return std::unexpected(Reject::kReplayed);
    case ReplayWindow::Verdict::kTooOld:
      break;
  }
  return std::unexpected(Reject::kTooOld);
}

// The packet was authentic: only now is it remembered, and only now may it take a place in the table.
std::expected<void, Reject> accept(SourceTable& sources, ReplayWindow* window, base::Ssrc ssrc, uint64_t index) {
  if (window == nullptr) window = sources.add(ssrc);
  if (window == nullptr) return std::unexpected(Reject::kTooManySources);
  window->accept(index);
  return {};
}

}  // namespace

Unprotector::Unprotector(crypto::SrtpProfile profile, const crypto::SrtpMasterKey& master, crypto::Backend backend)
    : rtp_(profile, master, crypto::SrtpUse::kRtp, backend), rtcp_(profile, master, crypto::SrtpUse::kRtcp, backend) {}

std::expected<Unprotector::Rtp, Reject> Unprotector::unprotect_rtp(base::ConstBytes packet, base::Bytes out) {
  const auto header_size = rtp::header_size(packet);
  if (!header_size || packet.size() < *header_size + rtp_.tag_size() || out.size() < packet.size())
    return std::unexpected(Reject::kTooShort);
  if (!has_version_2(packet)) return std::unexpected(Reject::kBadVersion);
  const auto ssrc = ssrc_at(packet, 8);
  auto* const window = rtp_sources_.find(ssrc);
  const uint64_t index = window_or_empty(window).estimate(base::load_be<uint16_t>(&packet[2]));
  if (auto fresh = check(window_or_empty(window), index); !fresh) return std::unexpected(fresh.error());
  if (!rtp_.open_rtp(packet, *header_size, index, out.data())) return std::unexpected(Reject::kAuthentication);
  if (auto kept = accept(rtp_sources_, window, ssrc, index); !kept) return std::unexpected(kept.error());
  return Rtp{out.first(packet.size() - rtp_.tag_size()), *header_size, index};
}

std::expected<base::Bytes, Reject> Unprotector::unprotect_rtcp(base::ConstBytes packet, base::Bytes out) {
  if (packet.size() < kRtcpHeader + rtcp_.rtcp_overhead() || out.size() < packet.size())
    return std::unexpected(Reject::kTooShort);
  if (!has_version_2(packet)) return std::unexpected(Reject::kBadVersion);
  const auto [encrypted, index] = rtcp_.rtcp_index(packet);
  if (!encrypted) return std::unexpected(Reject::kNotEncrypted);
  const auto ssrc = ssrc_at(packet, 4);
  auto* const window = rtcp_sources_.find(ssrc);
  if (auto fresh = check(window_or_empty(window), index); !fresh) return std::unexpected(fresh.error());
  if (!rtcp_.open_rtcp(packet, out.data())) return std::unexpected(Reject::kAuthentication);
  if (auto kept = accept(rtcp_sources_, window, ssrc, index); !kept) return std::unexpected(kept.error());
  return out.first(packet.size() - rtcp_.rtcp_overhead());
}

}  // namespace heliograph::srtp
