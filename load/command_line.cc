// SPDX-License-Identifier: Apache-2.0
#include "load/command_line.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace heliograph::load {
namespace {

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0) || value > 1e12) return std::nullopt;
  return value;
}

}  // namespace

std::optional<base::DataRate> parse_rate(std::string_view text) {
  double factor = 1;
  if (text.ends_with('k')) factor = 1e3;
  if (text.ends_with('M')) factor = 1e6;
  if (factor > 1) text.remove_suffix(1);
  const auto value = parse_number(text);
  if (!value || *value * factor > 1e9) return std::nullopt;
  return base::DataRate::bps(static_cast<int64_t>(*value * factor));
}

std::optional<double> parse_ramp(std::string_view text) {
  if (text == "burst") return kAllAtOnce;
  if (text.ends_with("/s")) text.remove_suffix(2);
  const auto value = parse_number(text);
  return value && *value > 0 ? value : std::nullopt;
}

const CLI::Validator kIsRate(
    [](std::string& text) {
      return parse_rate(text) ? std::string() : "a number of bits a second, as 2500k or 2.5M; not " + text;
    },
    "RATE");
const CLI::Validator kIsRamp(
    [](std::string& text) {
      return parse_ramp(text) ? std::string()
                              : "a number a second above 0, as 50/s, or burst: all at once; not " + text;
    },
    "RAMP");

std::optional<Exit> parse_into(CLI::App& app, const std::vector<std::string>& arguments) {
  try {                                                                         // CLI11 knows no other way
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // it takes them from the back
  } catch (const CLI::CallForHelp&) {
    return Exit{0, app.help()};
  } catch (const CLI::ParseError& error) {
    return Exit{2, fmt::format("{0}: {1}\nTry {0} --help\n", app.get_name(), error.what())};
  }
  return std::nullopt;
}

Exit refuse(const CLI::App& app, std::string_view sentence) {
  return {2, fmt::format("{}: {}\n", app.get_name(), sentence)};
}

}  // namespace heliograph::load
