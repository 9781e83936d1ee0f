// SPDX-License-Identifier: Apache-2.0
#include "server/options.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "gateway/listen_address.h"
#include "server/admin_command.h"
#include "server/hls_settings.h"
#include "server/ice_servers.h"
#include "server/key_files.h"
#include "server/packet_crypto.h"
#include "server/settings.h"
#include "toml++/toml.h"

namespace heliograph::server {
namespace {

using Failure = std::unexpected<std::string>;

constexpr std::string_view kConfigVariable = "HELIOGRAPH_CONFIG";
// Those of admin_command.h besides.
constexpr std::array<std::string_view, 3> kOtherVariables = {kConfigVariable, "HELIOGRAPH_URL", "HELIOGRAPH_TOKEN"};

std::string wrapped(std::string_view text, std::string_view prefix, size_t width) {
  std::string out, line(prefix);
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > width && line.size() > prefix.size()) {
      out += line + "\n";
      line = prefix;
    }
    line += (line.ends_with(' ') ? "" : " ") + word;
  }
  return out + line + "\n";
}

// Every setting under its group's heading; a comment before each where `commented`.
std::string to_toml(const Options& options, bool commented) {
  std::string out;
  std::string_view group;
  for (const auto& setting : settings()) {
    if (commented && setting.group != group) out += fmt::format("\n# ── {} ──\n", setting.group);
    group = setting.group;
    if (commented) out += "\n" + wrapped(setting.help, "#", 100);
    out += fmt::format("{} = {}\n", setting.name, toml_of(options, setting));
  }
  return out;
}

std::string help_text() {
  std::string out =
      "heliograph: an open real-time media backend.\n\n"
      "Usage:\n"
      "  heliograph serve [options]          run the server\n"
      "  heliograph config check [options]   say whether the settings are good, and stop\n"
      "  heliograph config print [options]   print the settings in force as TOML, and stop\n"
      "  heliograph config sample            print a commented file with every setting and its default\n"
      "  heliograph token [options]          make a token, or look into one: heliograph token --help\n"
      "  heliograph --version\n"
      "  heliograph --help\n\n" +
      std::string(admin_usage()) +
      "\nEach setting is a flag, an environment variable and a key of the TOML file; the first of these that is there "
      "wins, then the default.\n"
      "Lists: repeat the flag, or separate with commas in the environment variable.\n"
      "Who looks at the machine's processes sees flags: give secrets by file, or by the environment.\n\n"
      "  --config FILE   (HELIOGRAPH_CONFIG)\n      The TOML file. Default: none.\n";
  std::string_view group;
  for (const auto& setting : settings()) {
    if (setting.group != group) out += fmt::format("\n{}:\n", setting.group);
    group = setting.group;
    const bool value = !std::holds_alternative<Switch>(setting.kind);
    out += fmt::format("  {}{}{}   ({}, {} in the file)\n", setting.flag(), value ? " VALUE" : "",
                       setting.is_list() ? "…" : "", setting.variable(), setting.name);
    out += wrapped(setting.help, "      ", 100);
    out += fmt::format("      Default: {}\n", toml_of(Options(), setting));
  }
  return out;
}

// ── the three sources ──

Exit refused(std::string sentence) { return {.code = 2, .text = "heliograph: " + std::move(sentence) + "\n"}; }

std::expected<Texts, std::string> texts_of(const Setting& setting, const toml::node& node) {
  const auto element = [](const toml::node& value) -> std::optional<std::string> {
    if (const auto* text = value.as_string()) return text->get();
    return std::nullopt;
  };
  if (const auto* array = node.as_array()) {
    if (!setting.is_list()) return Failure("takes one value, not an array");
    Texts texts;
    for (const auto& value : *array) {
      const auto text = element(value);
      if (!text) return Failure("takes an array of strings");
      texts.push_back(*text);
    }
    return texts;
  }
  if (setting.is_list()) return Failure("takes an array of strings");
  const bool number = std::holds_alternative<Number>(setting.kind), flag = std::holds_alternative<Switch>(setting.kind);
  if (number && node.is_integer()) return Texts{std::to_string(node.as_integer()->get())};
  if (flag && node.is_boolean()) return Texts{node.as_boolean()->get() ? "true" : "false"};
  if (const auto text = element(node); text && !number && !flag) return Texts{*text};
  return Failure(number ? "takes a whole number" : flag ? "takes true or false" : "takes a string");
}

struct Entry {
  std::string name;  // of the setting: those of the tables around it and its own, with '_' in between
  const toml::key* key = nullptr;
  const toml::node* node = nullptr;
};

void flatten(const toml::table& table, const std::string& before, std::vector<Entry>& entries) {
  for (const auto& [key, node] : table) {
    const auto name = before + std::string(key.str());
    if (const auto* inner = node.as_table())
      flatten(*inner, name + "_", entries);
    else
      entries.push_back({name, &key, &node});
  }
}

std::expected<void, std::string> read_table(Options& options, const toml::table& table, const std::string& path) {
  const auto line = [&](const toml::source_region& at) { return fmt::format("{}:{}: ", path, at.begin.line); };
  std::vector<Entry> entries;
  flatten(table, "", entries);
  std::set<std::string_view> seen;
  for (const auto& [name, key, node] : entries) {
    const auto setting = std::ranges::find(settings(), name, &Setting::name);
    if (setting == settings().end()) return Failure(line(key->source()) + fmt::format("unknown key \"{}\"", name));
    if (!seen.insert(setting->name).second)
      return Failure(line(key->source()) + fmt::format("{}: stands there more than once", name));
    const auto texts = texts_of(*setting, *node);
    const auto done = texts ? set(options, *setting, *texts) : Failure(texts.error());
    if (!done) return Failure(line(node->source()) + fmt::format("{}: {}", name, done.error()));
  }
  return {};
}

std::expected<void, std::string> read_file(Options& options, const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  if (!file || !(text << file.rdbuf())) return Failure(fmt::format("{}: cannot be read", path));
  try {
    return read_table(options, toml::parse(text.str(), path), path);
  } catch (const toml::parse_error& error) {
    return Failure(fmt::format("{}:{}: {}", path, error.source().begin.line, error.description()));
  }
}

Texts split(const std::string& text) {
  Texts parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    const auto start = part.find_first_not_of(' ');
    if (start != part.npos) parts.push_back(part.substr(start, part.find_last_not_of(' ') - start + 1));
  }
  return parts;
}

std::expected<void, std::string> read_environment(Options& options, const Environment& environment) {
  for (const auto& setting : settings()) {
    const auto text = environment(setting.variable());
    if (!text) continue;
    if (const auto done = set(options, setting, setting.is_list() ? split(*text) : Texts{*text}); !done)
      return Failure(fmt::format("environment variable {}: {}", setting.variable(), done.error()));
  }
  return {};
}

struct Flags {
  std::string config;
  std::vector<Texts> values = std::vector<Texts>(settings().size());
};

void declare(CLI::App& command, Flags& flags) {
  command.add_option("--config", flags.config);
  for (size_t i = 0; i < settings().size(); ++i) {
    const auto& setting = settings()[i];
    if (std::holds_alternative<Switch>(setting.kind))
      command.add_flag(setting.flag(), flags.values[i]);
    else
      command.add_option(setting.flag(), flags.values[i])
          ->allow_extra_args(false)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
}

std::expected<void, std::string> read_flags(Options& options, const Flags& flags) {
  for (size_t i = 0; i < settings().size(); ++i) {
    if (flags.values[i].empty()) continue;
    if (const auto done = set(options, settings()[i], flags.values[i]); !done)
      return Failure(fmt::format("{}: {}", settings()[i].flag(), done.error()));
  }
  return {};
}

// ── what no setting can say by itself ──

std::expected<void, std::string> validate(const Options& options) {
  if (options.listen.empty()) return Failure("listen: at least one address is needed");
  if (options.tls_cert.empty() != options.tls_key.empty())
    return Failure(options.tls_key.empty() ? "tls_cert is set and tls_key is not: TLS needs both"
                                           : "tls_key is set and tls_cert is not: TLS needs both");
  if (options.udp_port + std::max<int64_t>(options.shards, 1) - 1 > 65'535)
    return Failure(
        fmt::format("udp_port {} leaves no ports for {} shards, one each", options.udp_port, options.shards));
  if (options.ping_interval >= options.silence_timeout)
    return Failure(
        "ping_interval must be shorter than silence_timeout, or a quiet client is never asked before it is closed");
  // behaviour.md section 6: open development mode is asked for, or for this machine only.
  for (const auto& address : options.listen)
    if (!options.dev && !options.has_keys() && !gateway::ListenAddress::parse(address)->is_loopback())
      return Failure(
          fmt::format("no keys for tokens are configured, so anybody who reaches {} could use the server: listen on "
                      "loopback only, "
                      "configure token_secrets or token_jwks, or ask for open development mode with --dev",
                      address));
  return {};
}

std::expected<void, std::string> validate_turn(const Options& options) {
  if (!options.turn_secret.empty() && !options.turn_secret_file.empty())
    return Failure("turn_secret and turn_secret_file are both set: which of them is it?");
  const bool secret = !options.turn_secret.empty() || !options.turn_secret_file.empty();
  if (secret && options.turn_urls.empty()) return Failure("turn_secret is set and turn_urls is not: whose is it?");
  if (!secret && !options.turn_urls.empty())
    return Failure("turn_urls is set and turn_secret is not: clients would be told servers that do not let them in");
  return {};
}

// ── all together ──

std::expected<Options, std::string> read_around(std::string config, const Environment& environment) {
  Options options;
  if (config.empty()) config = environment(std::string(kConfigVariable)).value_or("");
  if (!config.empty())
    if (const auto done = read_file(options, config); !done) return Failure(done.error());
  if (const auto done = read_environment(options, environment); !done) return Failure(done.error());
  return options;
}

std::expected<Options, std::string> gather(const Flags& flags, const Environment& environment) {
  auto options = read_around(flags.config, environment);
  if (!options) return options;
  if (const auto done = read_flags(*options, flags); !done) return Failure(done.error());
  if (const auto done = validate(*options); !done) return Failure(done.error());
  if (const auto done = validate_turn(*options); !done) return Failure(done.error());
  if (const auto done = validate_hls(*options); !done) return Failure(done.error());
  return options;
}

// What `config check` says: files are read too, so that a good answer means that the server starts.
Exit checked(const Options& options) {
  if (const auto keys = read_keys(options); !keys) return refused(keys.error());
  if (const auto servers = IceServers::create(options); !servers) return refused(servers.error());
  if (const auto crypto = packet_crypto_of(options); !crypto) return refused(crypto.error());
  return {0, "The settings are good.\n"};
}

}  // namespace

std::string sample_config() {
  return "# Settings of heliograph, each with its default. Use: heliograph serve --config heliograph.toml\n"
         "# A flag (--udp-port) or an environment variable (HELIOGRAPH_UDP_PORT) of the same name goes before what "
         "stands here.\n" +
         to_toml(Options(), true);
}

std::expected<Options, std::string> settings_around(const std::string& config, const Environment& environment) {
  return read_around(config, environment);
}

std::vector<std::string> unknown_variables(const std::vector<std::string>& names) {
  std::vector<std::string> unknown;
  for (const auto& name : names)
    if (name.starts_with("HELIOGRAPH_") && std::ranges::find(kOtherVariables, name) == kOtherVariables.end() &&
        std::ranges::find(settings(), name, &Setting::variable) == settings().end())
      unknown.push_back(name);
  return unknown;
}

std::expected<Options, Exit> parse(int argc, const char* const* argv, const Environment& environment) {
  Flags flags;
  bool version = false;
  bool help = false;
  CLI::App app;
  app.set_help_flag();
  app.add_flag("--version", version);
  app.add_flag("--help,-h", help);
  app.fallthrough();
  auto& serve = *app.add_subcommand("serve")->fallthrough();
  auto& config = *app.add_subcommand("config")->fallthrough();
  auto& check = *config.add_subcommand("check")->fallthrough();
  auto& print = *config.add_subcommand("print")->fallthrough();
  auto& sample = *config.add_subcommand("sample")->fallthrough();
  declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return std::unexpected(refused(std::string(error.what()) + " (heliograph --help lists what there is)"));
  }
  if (help) return std::unexpected(Exit{0, help_text()});
  if (version) return std::unexpected(Exit{0, "heliograph " HELIOGRAPH_VERSION "\n"});
  if (sample) return std::unexpected(Exit{0, sample_config()});
  if (!serve && !check && !print) return std::unexpected(Exit{2, help_text()});

  auto options = gather(flags, environment);
  if (!options) return std::unexpected(refused(options.error()));
  if (check) return std::unexpected(checked(*options));
  if (print) return std::unexpected(Exit{0, to_toml(*options, false)});
  return *std::move(options);
}

}  // namespace heliograph::server
