// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/refusal.h"
#include "signal/name.h"
#include "signal/signal.h"

namespace heliograph::signal {

// A message deeper than this, in nested objects and arrays, is refused.
inline constexpr size_t kMaxDepth = 32;

// Why a message is no signal, and what the error ack needs: `name` is its `s` (B-4), `data` its b.req ("" where there
// was none: null, B-51), `tid` its b.tid.
struct Malformed {
  Name name = Name::kUnknown;
  std::string data;
  std::string tid;
  base::Refusal refusal;
};

// Everything about a message that needs no room: envelope, types, closed sets, `to` in all its forms, and whether the
// signal exists in that `ch` at all (B-4, B-6, B-11, B-52: 2001 shape, then 2002). Hostile text (deep, duplicate keys,
// numbers out of range, lone surrogates, not UTF-8) is Malformed with 2001.
std::expected<Signal, Malformed> parse(std::string_view text);

// The candidate-attribute that `sdp` of an ICE signal carries, in any of its forms (B-41): without "a=", out of an
// RTCIceCandidateInit's JSON. "" is the end of candidates. The error is a sentence.
std::expected<std::string, std::string> candidate_attribute(std::string_view sdp);

}  // namespace heliograph::signal
