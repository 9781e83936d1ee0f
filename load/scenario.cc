// SPDX-License-Identifier: Apache-2.0
#include "load/scenario.h"

#include <fstream>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "toml++/toml.h"

namespace heliograph::load {
namespace {

std::string at(const std::string& file, const toml::source_position& where, std::string_view what) {
  return fmt::format("{}:{}:{}: {}", file, where.line, where.column, what);
}

// As it would stand on the command line; nullopt: lists and tables.
std::optional<std::string> text_of(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto yes = node.value_exact<bool>()) return *yes ? "true" : "false";
  if (const auto whole = node.value_exact<int64_t>()) return fmt::format("{}", *whole);
  if (const auto number = node.value_exact<double>()) return fmt::format("{}", *number);
  return std::nullopt;
}

}  // namespace

std::expected<std::vector<std::string>, std::string> parse_scenario(std::string_view text, const std::string& file,
                                                                    const TryArgument& try_argument) {
  toml::table table;
  try {  // toml++ knows no other way
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return std::unexpected(at(file, error.source().begin, error.description()));
  }
  std::vector<std::string> arguments;
  for (const auto& [key, node] : table) {
    const auto value = text_of(node);
    if (!value)
      return std::unexpected(at(file, node.source().begin, fmt::format("{}: one value is needed", key.str())));
    auto argument = fmt::format("--{}={}", key.str(), *value);
    if (key == "scenario") return std::unexpected(at(file, key.source().begin, "a scenario cannot name another"));
    if (const auto wrong = try_argument(argument); !wrong.empty())
      return std::unexpected(at(file, key.source().begin, wrong));
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

std::expected<std::vector<std::string>, std::string> read_scenario(const std::string& file,
                                                                   const TryArgument& try_argument) {
  std::ifstream stream(file);
  if (!stream) return std::unexpected("--scenario: cannot read " + file);
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  return parse_scenario(text, file, try_argument);
}

}  // namespace heliograph::load
