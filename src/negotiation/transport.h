// SPDX-License-Identifier: Apache-2.0
// ICE and DTLS in a description: what the other side said of its end, and the lines that say ours.
#pragma once

#include <expected>

#include "base/refusal.h"
#include "negotiation/capabilities.h"
#include "plan/transport.h"
#include "sdp/description.h"

namespace heliograph::negotiation {

enum class Said { kOffer, kAnswer };

// The end of the transport that `media` describes, by its own attributes or the session's. Refused without usable ICE
// credentials or fingerprint, and where a=setup leaves nobody to begin.
std::expected<plan::RemoteTransport, base::Refusal> remote_transport(const sdp::Description& description,
                                                                     const sdp::Media& media, Said said);

// A description with our o= and session attributes and no lines yet.
sdp::Description begin_description(SessionVersion session);

// ICE credentials, fingerprint and a=setup.
void write_credentials(sdp::Media& media, const plan::IceParameters& local_ice, sdp::Setup setup,
                       const Capabilities& capabilities);
// The same, the default address and rtcp-mux.
void write_transport(sdp::Media& media, const plan::IceParameters& local_ice, sdp::Setup setup,
                     const Capabilities& capabilities);
// All our candidates and the end of them; on the tagged line of a bundle only (RFC 8843 section 7.1.3).
void write_candidates(sdp::Media& media, const Capabilities& capabilities);

// A line that says no (RFC 8829 section 5.3.1).
sdp::Media rejected(const sdp::Media& media);

}  // namespace heliograph::negotiation
