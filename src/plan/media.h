// SPDX-License-Identifier: Apache-2.0
// What was negotiated, as plain values: the language in which negotiation/ speaks to sfu/ and transport/, which do not
// know each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace heliograph::plan {

enum class Kind : uint8_t { kAudio, kVideo };
enum class Codec : uint8_t { kOpus, kVp8, kVp9, kAv1, kH264 };

constexpr Kind kind_of(Codec codec) { return codec == Codec::kOpus ? Kind::kAudio : Kind::kVideo; }
// RTP clock, Hz (RFC 7587, 7741, 9628, 6184; AV1 RTP spec).
constexpr uint32_t clock_rate(Codec codec) { return codec == Codec::kOpus ? 48'000 : 90'000; }
// The encoding name of a=rtpmap.
std::string_view encoding_name(Codec codec);

// One negotiated format of one m-line.
struct CodecParameters {
  Codec codec = Codec::kOpus;
  base::PayloadType payload_type;
  std::optional<base::PayloadType> rtx_payload_type;  // RFC 4588
  // The parameters of a=fmtp as they stood in the offer ("profile-level-id=42e01f;packetization-mode=1"); empty when
  // none.
  std::string fmtp;
  bool nack = false;          // a=rtcp-fb nack
  bool nack_pli = false;      // a=rtcp-fb nack pli
  bool ccm_fir = false;       // a=rtcp-fb ccm fir
  bool transport_cc = false;  // a=rtcp-fb transport-cc
  bool goog_remb = false;     // a=rtcp-fb goog-remb

  bool operator==(const CodecParameters&) const = default;
};

// RFC 8285 ids, 1–255; 0 where the extension was not negotiated.
struct ExtensionIds {
  uint8_t mid = 0;                // urn:ietf:params:rtp-hdrext:sdes:mid
  uint8_t rid = 0;                // urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
  uint8_t repaired_rid = 0;       // urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
  uint8_t abs_send_time = 0;      // http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
  uint8_t transport_cc = 0;       // http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
  uint8_t audio_level = 0;        // urn:ietf:params:rtp-hdrext:ssrc-audio-level (RFC 6464)
  uint8_t video_orientation = 0;  // urn:3gpp:video-orientation
  uint8_t playout_delay = 0;      // http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
  uint8_t dependency_descriptor =
      0;  // https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension

  bool operator==(const ExtensionIds&) const = default;
};

// The ids that our own offers use, on every downlink: forwarded extensions are renumbered once a packet, not once a
// viewer.
inline constexpr ExtensionIds kDownlinkExtensions{.mid = 1,
                                                  .abs_send_time = 2,
                                                  .transport_cc = 3,
                                                  .audio_level = 4,
                                                  .video_orientation = 5,
                                                  .playout_delay = 6,
                                                  .dependency_descriptor = 7};

// A stream that the offer names by a=ssrc (and a=ssrc-group:FID).
struct DeclaredSource {
  base::Ssrc media;
  std::optional<base::Ssrc> rtx;

  bool operator==(const DeclaredSource&) const = default;
};

// One m-line on which a publisher sends. The answer gives one codec, so a track has one format for its life.
struct UplinkTrack {
  Kind kind = Kind::kAudio;
  std::string mid;
  CodecParameters codec;
  ExtensionIds extensions;
  std::vector<std::string> rids;        // simulcast (RFC 8853), in the offer's order; empty: one encoding
  std::vector<DeclaredSource> sources;  // may be empty: then streams are found by mid, rid or payload type

  bool operator==(const UplinkTrack&) const = default;
};

// One m-line on which we send to a viewer.
struct DownlinkTrack {
  Kind kind = Kind::kAudio;
  std::string mid;
  CodecParameters codec;
  ExtensionIds extensions;  // those of kDownlinkExtensions that the viewer took
  base::Ssrc ssrc;
  std::optional<base::Ssrc> rtx_ssrc;
  std::string cname;

  bool operator==(const DownlinkTrack&) const = default;
};

}  // namespace heliograph::plan
