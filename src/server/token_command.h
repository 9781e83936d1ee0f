// SPDX-License-Identifier: Apache-2.0
// `heliograph token`: makes tokens, and says of a token whether this server would take it, and why not.
#pragma once

#include "server/options.h"

namespace heliograph::server {

// True when argv[1] is "token"; then everything behind it is token_command's to read.
bool is_token_command(int argc, const char* const* argv);

// Code 0 with the token alone, or what is in it; 1 where the token of --inspect is not taken, or a key cannot be had;
// 2 with what is wrong on the command line.
Exit token_command(int argc, const char* const* argv, const Environment& environment, int64_t now_unix);

}  // namespace heliograph::server
