// SPDX-License-Identifier: Apache-2.0
// `heliograph rooms | room | kick | unban | role | hls`: what an operator does from a shell, over REST
// (section 6 of behaviour.md).
#pragma once

#include <string_view>

#include "server/options.h"

namespace heliograph::server {

// True when argv[1] names one of these commands; then everything behind it is admin_command's to read.
bool is_admin_command(int argc, const char* const* argv);

// Does it, and says what to print: code 0 with text for standard output; 1 with the server's reason or the network's, 2
// with what is wrong on the command line, for standard error. Reads HELIOGRAPH_URL and HELIOGRAPH_TOKEN. Blocks, for as
// long as --timeout says.
Exit admin_command(int argc, const char* const* argv, const Environment& environment);

// The lines on these commands in `heliograph --help`.
std::string_view admin_usage();

}  // namespace heliograph::server
