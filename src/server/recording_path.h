// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "plan/hls.h"

namespace heliograph::server {

// Where a recording lies: "recordings/{rid}/{userId}-{sessionId}-{began}.mp4", with the time as 20260102T030405Z. Ids
// come from clients: each is percent-encoded, and cut where it is too long for a file name, with a hash of all of it
// behind. began: µs since 1970. copy: of several in the same second, from 1 on.
std::string recording_path(const plan::HlsStream& stream, int64_t began, unsigned copy = 1);

// Is it relative, and stays below where it starts? Elements of 1 to 255 bytes, none "." or "..", no NUL.
bool stays_below(std::string_view path);

}  // namespace heliograph::server
