// SPDX-License-Identifier: Apache-2.0
#include "negotiation/transport.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "negotiation/refuse.h"
#include "sdp/candidate.h"
#include "sdp/text.h"

namespace heliograph::negotiation {
namespace {

using plan::DtlsRole;
using sdp::Setup;

// RFC 8839 section 5.4 allows letters, digits, + and /; - = # and _ are what clients that got it wrong write, and do no
// harm.
bool is_ice_text(std::string_view text, size_t least) {
  const auto good = [](char c) {
    return sdp::is_alphanumeric(c) || std::string_view("+/-=#_").find(c) != std::string_view::npos;
  };
  return text.size() >= least && text.size() <= 256 && std::ranges::all_of(text, good);
}

std::expected<plan::IceParameters, base::Refusal> remote_ice(const sdp::TransportAttributes& session,
                                                             const sdp::TransportAttributes& line) {
  const auto& ufrag = line.ice_ufrag ? line.ice_ufrag : session.ice_ufrag;
  const auto& pwd = line.ice_pwd ? line.ice_pwd : session.ice_pwd;
  if (!ufrag || !pwd) return refuse("the SDP has no a=ice-ufrag and a=ice-pwd for the line that carries the transport");
  if (!is_ice_text(*ufrag, 4)) return refuse("a=ice-ufrag must be 4 to 256 letters, digits, + or /");
  if (!is_ice_text(*pwd, 22)) return refuse("a=ice-pwd must be 22 to 256 letters, digits, + or /");
  return plan::IceParameters{*ufrag, *pwd};
}

// RFC 8122 section 5: a line's own fingerprints win over the session's; unknown hash functions are passed over.
std::vector<crypto::Fingerprint> remote_fingerprints(const sdp::TransportAttributes& session,
                                                     const sdp::TransportAttributes& line) {
  std::vector<crypto::Fingerprint> known;
  for (const auto& text : line.fingerprints.empty() ? session.fingerprints : line.fingerprints) {
    if (auto fingerprint = crypto::Fingerprint::parse(text)) known.push_back(std::move(*fingerprint));
  }
  return known;
}

// RFC 5763 section 5, RFC 4145 section 4.1. No a=setup: active, which is the default of offers and what answers should
// choose.
std::expected<DtlsRole, base::Refusal> our_role(Setup theirs, Said said) {
  switch (theirs) {
    case Setup::kActive:
      return DtlsRole::kServer;
    case Setup::kPassive:
      return DtlsRole::kClient;
    case Setup::kActPass:
      if (said == Said::kOffer) return DtlsRole::kServer;
      return refuse("an answer must say a=setup:active or a=setup:passive, not actpass");
    case Setup::kHoldConn:
      break;
  }
  return refuse("a=setup:holdconn leaves no one to begin the DTLS handshake; use actpass");
}

// RFC 8445 section 5.1.2.1, with the configured order as the local preference.
uint32_t host_priority(size_t place) {
  constexpr uint32_t kHostPreference = 126;
  const auto local = static_cast<uint32_t>(65535 - std::min<size_t>(place, 65535));
  return kHostPreference << 24 | local << 8 | (256 - 1);
}

std::string connection_of(const base::IpAddress& ip) {
  return fmt::format("IN {} {}", ip.is_v4() ? "IP4" : "IP6", ip.to_string());
}

}  // namespace

std::expected<plan::RemoteTransport, base::Refusal> remote_transport(const sdp::Description& description,
                                                                     const sdp::Media& media, Said said) {
  const auto& session = description.transport;
  const auto& line = media.transport;
  auto ice = remote_ice(session, line);
  if (!ice) return std::unexpected(std::move(ice.error()));
  auto fingerprints = remote_fingerprints(session, line);
  if (fingerprints.empty()) return refuse("the SDP has no usable a=fingerprint; DTLS-SRTP needs one (sha-256)");
  const auto role = our_role(line.setup.value_or(session.setup.value_or(Setup::kActive)), said);
  if (!role) return std::unexpected(role.error());
  return plan::RemoteTransport{std::move(*ice), std::move(fingerprints), *role};
}

sdp::Description begin_description(SessionVersion session) {
  sdp::Description description;
  description.origin.session_id = fmt::format("{}", session.session_id);
  description.origin.version = fmt::format("{}", session.version);
  description.ice_lite = true;  // RFC 8839 section 5.3
  description.msid_semantic = "WMS *";
  return description;
}

void write_credentials(sdp::Media& media, const plan::IceParameters& local_ice, Setup setup,
                       const Capabilities& capabilities) {
  media.transport.ice_ufrag = local_ice.ufrag;
  media.transport.ice_pwd = local_ice.pwd;
  media.transport.fingerprints = {capabilities.fingerprint.to_string()};
  media.transport.setup = setup;
}

void write_transport(sdp::Media& media, const plan::IceParameters& local_ice, Setup setup,
                     const Capabilities& capabilities) {
  write_credentials(media, local_ice, setup, capabilities);
  media.rtcp_mux = true;
  // RFC 8839 section 4.2.1: the default candidate; port 9 where there is none.
  const auto& candidates = capabilities.candidates;
  media.port = candidates.empty() ? 9 : candidates.front().port;
  media.connection = candidates.empty() ? "IN IP4 0.0.0.0" : connection_of(candidates.front().ip);
}

void write_candidates(sdp::Media& media, const Capabilities& capabilities) {
  for (size_t i = 0; i < capabilities.candidates.size(); ++i) {
    const auto& address = capabilities.candidates[i];
    media.candidates.push_back(to_string(sdp::Candidate{.foundation = fmt::format("{}", i + 1),
                                                        .component = 1,
                                                        .transport = "udp",
                                                        .priority = host_priority(i),
                                                        .address = address.ip.to_string(),
                                                        .port = address.port,
                                                        .type = "host",
                                                        .extensions = ""}));
  }
  media.end_of_candidates = true;
}

sdp::Media rejected(const sdp::Media& media) {
  sdp::Media no;
  no.kind = media.kind;
  no.protocol = media.protocol;
  no.formats = media.formats;
  no.connection = "IN IP4 0.0.0.0";
  no.mid = media.mid;
  no.direction = sdp::Direction::kInactive;
  return no;
}

}  // namespace heliograph::negotiation
