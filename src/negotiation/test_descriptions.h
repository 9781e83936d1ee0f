// SPDX-License-Identifier: Apache-2.0
// For the tests of this folder: recorded descriptions, hand-written ones, and capabilities.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "negotiation/capabilities.h"
#include "plan/transport.h"
#include "sdp/description.h"

namespace heliograph::negotiation {

inline const std::string kFingerprintText =
    "sha-256 16:F2:A0:6E:0B:D7:86:45:C7:52:4B:EF:93:C1:E3:CA:22:D0:D3:74:4A:18:D0:DC:1D:9E:BD:BB:9F:AC:2D:CA";
inline const plan::IceParameters kLocalIce{"srvr", "0123456789abcdefghijklmn"};
inline constexpr SessionVersion kSession{1234567, 1};

inline std::string recording(std::string_view name) {
  std::ifstream file(std::filesystem::path(HELIOGRAPH_SDP_TESTDATA) / (std::string(name) + ".sdp"), std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline Capabilities capabilities() {
  return {.candidates = {*base::SocketAddress::parse("192.0.2.7:40000"),
                         *base::SocketAddress::parse("[2001:db8::1]:40000")},
          .fingerprint = *crypto::Fingerprint::parse(kFingerprintText),
          .audio_only = false,
          .preferred_video = {}};
}

inline Capabilities audio_only() {
  auto made = capabilities();
  made.audio_only = true;
  return made;
}

inline Capabilities preferring(plan::Codec codec) {
  auto made = capabilities();
  made.preferred_video = {codec};
  return made;
}

inline sdp::Description parsed(const std::string& text) {
  auto description = sdp::parse(text);
  EXPECT_TRUE(description) << description.error().what << "\n" << text;
  return description ? *description : sdp::Description{};
}

// `text` with the first `from` made `to`; `from` must be there.
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

inline std::string replaced_all(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// The smallest offers that are good: a session part, and lines to put behind it.
inline const std::string kSessionPart =
    "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\na=ice-ufrag:clnt\na=ice-pwd:0123456789012345678901\na=fingerprint:" +
    kFingerprintText + "\na=setup:actpass\n";
inline const std::string kOpusLine =
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\na=mid:a\na=rtcp-mux\na=rtpmap:111 opus/48000/2\n";
inline const std::string kVp8Line = "m=video 9 UDP/TLS/RTP/SAVPF 96\na=mid:v\na=rtcp-mux\na=rtpmap:96 VP8/90000\n";
inline const std::string kBothOffer = kSessionPart + "a=group:BUNDLE a v\n" + kOpusLine + kVp8Line;

}  // namespace heliograph::negotiation
