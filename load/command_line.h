// SPDX-License-Identifier: Apache-2.0
// What the command lines of the load tools have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/data_rate.h"

namespace heliograph::load {

// The program ends here: 0 with text for standard output, 2 with a sentence for standard error.
struct Exit {
  int code = 0;
  std::string text;
};

inline constexpr double kAllAtOnce = std::numeric_limits<double>::infinity();

// "2500k", "2.5M", "2500000": bits a second.
std::optional<base::DataRate> parse_rate(std::string_view text);
// "50/s" or "50": something a second, more than none; "burst": kAllAtOnce.
std::optional<double> parse_ramp(std::string_view text);

// Validators that say the same as a sentence.
extern const CLI::Validator kIsRate;
extern const CLI::Validator kIsRamp;

// Parses `arguments`, without the program's name. nullopt: go on.
std::optional<Exit> parse_into(CLI::App& app, const std::vector<std::string>& arguments);
// A sentence about what the parser cannot see.
Exit refuse(const CLI::App& app, std::string_view sentence);

}  // namespace heliograph::load
