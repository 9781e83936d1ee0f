// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace heliograph::load {

// What `argument` ("--viewers=10") by itself is wrong for; empty: nothing.
using TryArgument = std::function<std::string(const std::string& argument)>;

// A scenario file is TOML whose keys are the names of options: viewers = 1000, mesh = true, ramp = "100/s". Read as
// arguments for the command line. The error is a sentence that begins with file, line and column.
std::expected<std::vector<std::string>, std::string> parse_scenario(std::string_view text, const std::string& file,
                                                                    const TryArgument& try_argument);
std::expected<std::vector<std::string>, std::string> read_scenario(const std::string& file,
                                                                   const TryArgument& try_argument);

}  // namespace heliograph::load
