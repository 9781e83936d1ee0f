// SPDX-License-Identifier: Apache-2.0
// A session description as values. Grammar only: what it means is negotiation/'s.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heliograph::sdp {

// Limits of parse(); whatever is over them is a ParseError.
inline constexpr size_t kMaxBytes = 128 * 1024;
inline constexpr size_t kMaxLines = 4096;
inline constexpr size_t kMaxMedias = 64;
inline constexpr size_t kMaxAttributes = 1024;  // in the session part, and in each m-section

enum class Direction : uint8_t { kSendRecv, kSendOnly, kRecvOnly, kInactive };
constexpr bool sends(Direction d) { return d == Direction::kSendRecv || d == Direction::kSendOnly; }
constexpr bool receives(Direction d) { return d == Direction::kSendRecv || d == Direction::kRecvOnly; }

// a=setup (RFC 4145 section 4, RFC 5763 section 5).
enum class Setup : uint8_t { kActPass, kActive, kPassive, kHoldConn };

// o= (RFC 8866 section 5.2). Numbers stay text: their length has no bound.
struct Origin {
  std::string username = "-";
  std::string session_id = "0";
  std::string version = "0";
  std::string address = "IN IP4 127.0.0.1";

  bool operator==(const Origin&) const = default;
};

// An attribute that has no field of its own: `a=name` or `a=name:value`.
struct Attribute {
  std::string name;
  std::optional<std::string> value;

  bool operator==(const Attribute&) const = default;
};

// a=group (RFC 5888): "BUNDLE", {"0", "1"}.
struct Group {
  std::string semantics;
  std::vector<std::string> mids;

  bool operator==(const Group&) const = default;
};

// What describes a transport; it may stand in the session part, in an m-section, or in both (the latter wins).
struct TransportAttributes {
  std::optional<std::string> ice_ufrag;    // RFC 8839 section 5.4
  std::optional<std::string> ice_pwd;      // RFC 8839 section 5.4
  std::optional<std::string> ice_options;  // RFC 8839 section 5.6
  std::vector<std::string> fingerprints;   // RFC 8122 section 5, as they stand: "sha-256 AB:CD:…"
  std::optional<Setup> setup;

  bool operator==(const TransportAttributes&) const = default;
};

// a=rtpmap (RFC 8866 section 6.6): "opus", 48000, "2".
struct RtpMap {
  uint8_t payload_type = 0;
  std::string encoding;
  uint32_t clock_rate = 0;  // Hz
  std::string parameters;   // the channels of audio; empty when absent

  bool operator==(const RtpMap&) const = default;
};

// a=fmtp (RFC 8866 section 6.15).
struct Fmtp {
  uint8_t payload_type = 0;
  std::string parameters;

  bool operator==(const Fmtp&) const = default;
};

// a=rtcp-fb (RFC 4585 section 4.2): "nack", "nack pli", "ccm fir".
struct RtcpFeedback {
  std::optional<uint8_t> payload_type;  // nullopt: `*`
  std::string value;

  bool operator==(const RtcpFeedback&) const = default;
};

// a=extmap (RFC 8285 section 8).
struct ExtMap {
  uint16_t id = 0;  // 1–255, or 4096–4351 (offered without a number yet)
  std::optional<Direction> direction;
  std::string uri;
  std::string attributes;

  bool operator==(const ExtMap&) const = default;
};

// One a=ssrc line (RFC 5576 section 4.1): 42, "cname", "xyz".
struct SourceAttribute {
  uint32_t ssrc = 0;
  std::string name;
  std::string value;

  bool operator==(const SourceAttribute&) const = default;
};

// a=ssrc-group (RFC 5576 section 4.2): "FID", "SIM".
struct SourceGroup {
  std::string semantics;
  std::vector<uint32_t> ssrcs;

  bool operator==(const SourceGroup&) const = default;
};

// a=rid (RFC 8851 section 10).
struct Rid {
  std::string id;
  bool send = true;                     // false: recv
  std::vector<uint8_t> payload_types;   // pt=; empty: any
  std::vector<Attribute> restrictions;  // max-width=1280 and the like

  bool operator==(const Rid&) const = default;
};

// a=simulcast (RFC 8853 section 5.1): streams in order, each a list of alternatives.
struct SimulcastAlternative {
  std::string rid;
  bool paused = false;  // `~`

  bool operator==(const SimulcastAlternative&) const = default;
};
using SimulcastStream = std::vector<SimulcastAlternative>;
struct Simulcast {
  std::vector<SimulcastStream> send;
  std::vector<SimulcastStream> recv;

  bool operator==(const Simulcast&) const = default;
};

// One m-section.
struct Media {
  std::string kind;  // "audio", "video", "application", …
  uint16_t port = 0;
  std::string protocol;  // "UDP/TLS/RTP/SAVPF"
  std::vector<std::string> formats;
  std::optional<std::string> connection;  // what follows c=
  std::vector<std::string> bandwidths;    // what follows b=

  std::string mid;  // empty when absent
  std::optional<Direction> direction;
  TransportAttributes transport;
  std::vector<std::string> candidates;  // what follows a=candidate:
  bool end_of_candidates = false;
  bool rtcp_mux = false;
  bool rtcp_rsize = false;
  bool bundle_only = false;
  bool extmap_allow_mixed = false;
  std::vector<RtpMap> rtpmaps;
  std::vector<Fmtp> fmtps;
  std::vector<RtcpFeedback> feedbacks;
  std::vector<ExtMap> extmaps;
  std::vector<std::string> msids;  // RFC 8830: "stream track"
  std::vector<SourceGroup> source_groups;
  std::vector<SourceAttribute> sources;
  std::vector<Rid> rids;
  std::optional<Simulcast> simulcast;
  std::vector<Attribute> others;

  bool operator==(const Media&) const = default;
};

struct Description {
  Origin origin;
  std::string session_name = "-";
  std::string timing = "0 0";             // what follows t=
  std::optional<std::string> connection;  // what follows c=
  std::vector<std::string> bandwidths;    // what follows b=

  std::vector<Group> groups;
  std::optional<Direction> direction;
  TransportAttributes transport;
  bool ice_lite = false;
  bool extmap_allow_mixed = false;
  std::optional<std::string> msid_semantic;
  std::vector<Attribute> others;
  std::vector<Media> medias;

  bool operator==(const Description&) const = default;
};

struct ParseError {
  size_t line = 0;   // counted from 1; 0: the text as a whole
  std::string what;  // "a=rtpmap needs a payload type from 0 to 127"

  bool operator==(const ParseError&) const = default;
};

// Takes LF or CRLF, empty lines, a last line without an end, m-section lines in any order; unknown attributes are kept,
// unknown line types dropped. Refuses text that is not SDP, a known attribute that does not follow its grammar, and
// control characters, so that no field ever holds one.
std::expected<Description, ParseError> parse(std::string_view text);

// CRLF line ends. parse(to_string(d)) == d for every d that parse() gave.
std::string to_string(const Description& description);

// The line's own direction, else the session's, else sendrecv (RFC 8866 section 6.7).
Direction direction_of(const Description& description, const Media& media);

// The session's BUNDLE groups, first to last, are searched for mid; nullptr when it is in none.
const Group* bundle_of(const Description& description, std::string_view mid);

std::string_view to_text(Direction direction);
std::string_view to_text(Setup setup);

}  // namespace heliograph::sdp
