// SPDX-License-Identifier: Apache-2.0
#include "server/options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <map>
#include <span>
#include <sstream>
#include <string_view>
#include <utility>
#include <variant>

#include "CLI/CLI.hpp"
#include "base/socket_address.h"
#include "fmt/format.h"
#include "gateway/listen_address.h"
#include "toml++/toml.h"

namespace heliograph::server {
namespace {

using base::Duration;
using Texts = std::vector<std::string>;
using Failure = std::unexpected<std::string>;

// ── the table ──

struct Text {
  std::string Options::* at;
};
struct List {
  Texts Options::* at;
  bool (*takes)(std::string_view);
  const char* what;  // an element is
};
struct Number {
  int64_t Options::* at;
  int64_t min, max;
};
struct Switch {
  bool Options::* at;
};
struct Span {
  Duration Options::* at;
  Duration min;
};
struct LogLevel {
  base::log::Level Options::* at;
};
struct LogForm {
  base::log::Form Options::* at;
};
using Kind = std::variant<Text, List, Number, Switch, Span, LogLevel, LogForm>;

struct Setting {
  std::string_view group;
  std::string_view name;  // of the TOML key; flag and environment variable are spelled from it
  Kind kind;
  std::string_view help;

  std::string flag() const {
    std::string out = "--" + std::string(name);
    std::ranges::replace(out, '_', '-');
    return out;
  }
  std::string variable() const {
    std::string out = "HELIOGRAPH_" + std::string(name);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return out;
  }
};

bool is_listen_address(std::string_view text) { return gateway::ListenAddress::parse(text).has_value(); }
bool is_ip(std::string_view text) { return base::IpAddress::parse(text).has_value(); }

constexpr auto kLevels =
    std::to_array<std::pair<std::string_view, base::log::Level>>({{"debug", base::log::Level::kDebug},
                                                                  {"info", base::log::Level::kInfo},
                                                                  {"warn", base::log::Level::kWarn},
                                                                  {"error", base::log::Level::kError},
                                                                  {"off", base::log::Level::kOff}});
constexpr auto kForms = std::to_array<std::pair<std::string_view, base::log::Form>>(
    {{"text", base::log::Form::kText}, {"json", base::log::Form::kJson}});

constexpr std::string_view kHttp = "HTTP and WebSocket", kMedia = "Media", kRooms = "Rooms", kOperation = "Operation";
constexpr Duration kSomeTime = Duration::millis(1), kNoTime;

constexpr auto kSettings = std::to_array<Setting>({
    {kHttp, "listen",
     List{&Options::listen, is_listen_address, "a host and a port, such as 127.0.0.1:8080 or [::1]:8080"},
     "Addresses for the page, the API and WebSockets: host:port, IPv6 in brackets. Anything but loopback needs dev = "
     "true as long as no keys "
     "for tokens are configured."},
    {kHttp, "tls_cert", Text{&Options::tls_cert},
     "PEM file with the certificate chain for every listen address. Empty: plain HTTP, for a proxy that does TLS, or "
     "for loopback."},
    {kHttp, "tls_key", Text{&Options::tls_key}, "PEM file with the private key of tls_cert."},
    {kHttp, "max_connections", Number{&Options::max_connections, 1, 1'000'000},
     "TCP connections at a time; the next one is closed at once."},
    {kHttp, "ping_interval", Span{&Options::ping_interval, kSomeTime},
     "How often a WebSocket is asked for a sign of life."},
    {kHttp, "silence_timeout", Span{&Options::silence_timeout, kSomeTime},
     "A WebSocket on which nothing came for this long is closed."},

    {kMedia, "udp_port", Number{&Options::udp_port, 1, 65'535},
     "UDP port of the first shard; each further shard has the next one."},
    {kMedia, "bind_ip", List{&Options::bind_ip, is_ip, "an IP address"},
     "Local addresses for media. Empty: every address of this machine."},
    {kMedia, "announce_ip", List{&Options::announce_ip, is_ip, "an IP address"},
     "Addresses told to clients instead of the local ones, where the server is behind NAT."},
    {kMedia, "shards", Number{&Options::shards, 0, 256}, "Threads for media. 0: one for each core."},

    {kRooms, "room_max_publishers", Number{&Options::room_max_publishers, 1, 1'000},
     "Users who may publish in one group room."},
    {kRooms, "room_empty_timeout", Span{&Options::room_empty_timeout, kNoTime},
     "A room that has been empty for this long is closed."},
    {kRooms, "heartbeat_timeout", Span{&Options::heartbeat_timeout, kSomeTime},
     "A heartbeat keeps a session alive for this long."},
    {kRooms, "session_grace", Span{&Options::session_grace, kNoTime},
     "After its socket, heartbeat and media are all gone, a session may come back for this long."},

    {kOperation, "dev", Switch{&Options::dev},
     "Open development mode: no tokens are asked for, on any listen address."},
    {kOperation, "log_level", LogLevel{&Options::log_level}, "debug, info, warn, error or off."},
    {kOperation, "log_format", LogForm{&Options::log_format}, "text or json."},
    {kOperation, "grace_period", Span{&Options::grace_period, kNoTime},
     "On SIGTERM, how long clients have to go before the server stops."},
});

constexpr std::string_view kConfigVariable = "HELIOGRAPH_CONFIG";

// ── values as text ──

std::string list_of(const auto& names) {
  std::string out;
  for (const auto& [name, value] : names) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

template <class Value>
std::expected<Value, std::string> one_of(std::string_view text, const auto& names) {
  for (const auto& [name, value] : names)
    if (name == text) return value;
  return Failure(fmt::format("\"{}\" is not one of {}", text, list_of(names)));
}

std::string_view name_in(const auto& names, auto value) {
  return std::ranges::find(names, value, [](const auto& pair) { return pair.second; })->first;
}

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

constexpr auto kUnits = std::to_array<std::pair<std::string_view, int64_t>>(
    {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}});  // largest first
constexpr int64_t kMaxSpanMs = 30LL * 24 * 3'600'000;

std::expected<Duration, std::string> duration_of(std::string_view text) {
  const auto digits = text.substr(0, text.find_first_not_of("0123456789"));
  const auto number = whole_number(digits);
  const auto unit = std::ranges::find(kUnits, text.substr(digits.size()), [](const auto& pair) { return pair.first; });
  if (!number || unit == kUnits.end())
    return Failure(fmt::format("\"{}\" is not a time such as 500ms, 10s, 2m or 1h", text));
  if (*number > kMaxSpanMs / unit->second) return Failure(fmt::format("\"{}\" is more than 30 days", text));
  return Duration::millis(*number * unit->second);
}

std::string text_of(Duration duration) {
  for (const auto& [name, ms] : kUnits)
    if (duration.ms() != 0 && duration.ms() % ms == 0) return fmt::format("{}{}", duration.ms() / ms, name);
  return "0s";
}

std::string toml_string(std::string_view text) {
  const toml::value<std::string> value{text};
  std::ostringstream out;
  out << toml::toml_formatter{value, toml::toml_formatter::default_flags & ~toml::format_flags::allow_literal_strings};
  return out.str();
}

// ── reading one setting; every source comes down to texts: one, or for a list any number ──

struct Read {
  Options& options;
  const Texts& texts;

  std::expected<void, std::string> operator()(const Text& kind) const {
    options.*kind.at = texts.front();
    return {};
  }
  std::expected<void, std::string> operator()(const List& kind) const {
    for (const auto& text : texts)
      if (!kind.takes(text)) return Failure(fmt::format("\"{}\" is not {}", text, kind.what));
    options.*kind.at = texts;
    return {};
  }
  std::expected<void, std::string> operator()(const Number& kind) const {
    const auto value = whole_number(texts.front());
    if (!value) return Failure(fmt::format("\"{}\" is not a whole number", texts.front()));
    if (*value < kind.min || *value > kind.max)
      return Failure(fmt::format("{} is not between {} and {}", *value, kind.min, kind.max));
    options.*kind.at = *value;
    return {};
  }
  std::expected<void, std::string> operator()(const Switch& kind) const {
    const auto& text = texts.front();
    if (text != "true" && text != "false") return Failure(fmt::format("\"{}\" is neither true nor false", text));
    options.*kind.at = text == "true";
    return {};
  }
  std::expected<void, std::string> operator()(const Span& kind) const {
    const auto value = duration_of(texts.front());
    if (!value) return Failure(value.error());
    if (*value < kind.min) return Failure(fmt::format("{} is less than {}", texts.front(), text_of(kind.min)));
    options.*kind.at = *value;
    return {};
  }
  std::expected<void, std::string> operator()(const LogLevel& kind) const { return name(kind.at, kLevels); }
  std::expected<void, std::string> operator()(const LogForm& kind) const { return name(kind.at, kForms); }

  template <class Value>
  std::expected<void, std::string> name(Value Options::* at, const auto& names) const {
    const auto value = one_of<Value>(texts.front(), names);
    if (!value) return Failure(value.error());
    options.*at = *value;
    return {};
  }
};

bool is_list(const Setting& setting) { return std::holds_alternative<List>(setting.kind); }

std::expected<void, std::string> set(Options& options, const Setting& setting, const Texts& texts) {
  if (!is_list(setting) && texts.size() != 1) return Failure("stands there more than once");
  return std::visit(Read{options, texts}, setting.kind);
}

// ── writing one setting, as TOML ──

struct Write {
  const Options& options;

  std::string operator()(const Text& kind) const { return toml_string(options.*kind.at); }
  std::string operator()(const List& kind) const {
    std::string out;
    for (const auto& text : options.*kind.at) out += (out.empty() ? "" : ", ") + toml_string(text);
    return "[" + out + "]";
  }
  std::string operator()(const Number& kind) const { return std::to_string(options.*kind.at); }
  std::string operator()(const Switch& kind) const { return options.*kind.at ? "true" : "false"; }
  std::string operator()(const Span& kind) const { return toml_string(text_of(options.*kind.at)); }
  std::string operator()(const LogLevel& kind) const { return toml_string(name_in(kLevels, options.*kind.at)); }
  std::string operator()(const LogForm& kind) const { return toml_string(name_in(kForms, options.*kind.at)); }
};

std::string toml_of(const Options& options, const Setting& setting) { return std::visit(Write{options}, setting.kind); }

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
  for (const auto& setting : kSettings) {
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
      "  heliograph --version\n"
      "  heliograph --help\n\n"
      "Each setting is a flag, an environment variable and a key of the TOML file; the first of these that is there "
      "wins, then the default.\n"
      "Lists: repeat the flag, or separate with commas in the environment variable.\n\n"
      "  --config FILE   (HELIOGRAPH_CONFIG)\n      The TOML file. Default: none.\n";
  std::string_view group;
  for (const auto& setting : kSettings) {
    if (setting.group != group) out += fmt::format("\n{}:\n", setting.group);
    group = setting.group;
    const bool value = !std::holds_alternative<Switch>(setting.kind);
    out += fmt::format("  {}{}{}   ({}, {} in the file)\n", setting.flag(), value ? " VALUE" : "",
                       is_list(setting) ? "…" : "", setting.variable(), setting.name);
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
    if (!is_list(setting)) return Failure("takes one value, not an array");
    Texts texts;
    for (const auto& value : *array) {
      const auto text = element(value);
      if (!text) return Failure("takes an array of strings");
      texts.push_back(*text);
    }
    return texts;
  }
  if (is_list(setting)) return Failure("takes an array of strings");
  const bool number = std::holds_alternative<Number>(setting.kind), flag = std::holds_alternative<Switch>(setting.kind);
  if (number && node.is_integer()) return Texts{std::to_string(node.as_integer()->get())};
  if (flag && node.is_boolean()) return Texts{node.as_boolean()->get() ? "true" : "false"};
  if (const auto text = element(node); text && !number && !flag) return Texts{*text};
  return Failure(number ? "takes a whole number" : flag ? "takes true or false" : "takes a string");
}

std::expected<void, std::string> read_file(Options& options, const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  if (!file || !(text << file.rdbuf())) return Failure(fmt::format("{}: cannot be read", path));
  try {
    const toml::table table = toml::parse(text.str(), path);
    for (const auto& [key, node] : table) {
      const auto line = [&](const toml::source_region& at) { return fmt::format("{}:{}: ", path, at.begin.line); };
      const auto setting = std::ranges::find(kSettings, key.str(), &Setting::name);
      if (setting == kSettings.end()) return Failure(line(key.source()) + fmt::format("unknown key \"{}\"", key.str()));
      const auto texts = texts_of(*setting, node);
      const auto done = texts ? set(options, *setting, *texts) : Failure(texts.error());
      if (!done) return Failure(line(node.source()) + fmt::format("{}: {}", key.str(), done.error()));
    }
  } catch (const toml::parse_error& error) {
    return Failure(fmt::format("{}:{}: {}", path, error.source().begin.line, error.description()));
  }
  return {};
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
  for (const auto& setting : kSettings) {
    const auto text = environment(setting.variable());
    if (!text) continue;
    if (const auto done = set(options, setting, is_list(setting) ? split(*text) : Texts{*text}); !done)
      return Failure(fmt::format("environment variable {}: {}", setting.variable(), done.error()));
  }
  return {};
}

struct Flags {
  std::string config;
  std::array<Texts, kSettings.size()> values;
};

void declare(CLI::App& command, Flags& flags) {
  command.add_option("--config", flags.config);
  for (size_t i = 0; i < kSettings.size(); ++i) {
    const auto& setting = kSettings[i];
    if (std::holds_alternative<Switch>(setting.kind))
      command.add_flag(setting.flag(), flags.values[i]);
    else
      command.add_option(setting.flag(), flags.values[i])
          ->allow_extra_args(false)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
}

std::expected<void, std::string> read_flags(Options& options, const Flags& flags) {
  for (size_t i = 0; i < kSettings.size(); ++i) {
    if (flags.values[i].empty()) continue;
    if (const auto done = set(options, kSettings[i], flags.values[i]); !done)
      return Failure(fmt::format("{}: {}", kSettings[i].flag(), done.error()));
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
    if (!options.dev && !gateway::ListenAddress::parse(address)->is_loopback())
      return Failure(
          fmt::format("no keys for tokens are configured, so anybody who reaches {} could use the server: listen on "
                      "loopback only, or "
                      "ask for open development mode with --dev",
                      address));
  return {};
}

std::expected<Options, std::string> gather(const Flags& flags, const Environment& environment) {
  Options options;
  const auto config = flags.config.empty() ? environment(std::string(kConfigVariable)).value_or("") : flags.config;
  if (!config.empty())
    if (const auto done = read_file(options, config); !done) return Failure(done.error());
  if (const auto done = read_environment(options, environment); !done) return Failure(done.error());
  if (const auto done = read_flags(options, flags); !done) return Failure(done.error());
  if (const auto done = validate(options); !done) return Failure(done.error());
  return options;
}

}  // namespace

std::string sample_config() {
  return "# Settings of heliograph, each with its default. Use: heliograph serve --config heliograph.toml\n"
         "# A flag (--udp-port) or an environment variable (HELIOGRAPH_UDP_PORT) of the same name goes before what "
         "stands here.\n" +
         to_toml(Options(), true);
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
  if (check) return std::unexpected(Exit{0, "The settings are good.\n"});
  if (print) return std::unexpected(Exit{0, to_toml(*options, false)});
  return *std::move(options);
}

}  // namespace heliograph::server
