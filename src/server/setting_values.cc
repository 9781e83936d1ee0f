// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>
#include <utility>

#include "fmt/format.h"
#include "server/settings.h"
#include "toml++/toml.h"

namespace heliograph::server {
namespace {

using base::Duration;
using Failure = std::unexpected<std::string>;

constexpr auto kLevels =
    std::to_array<std::pair<std::string_view, base::log::Level>>({{"debug", base::log::Level::kDebug},
                                                                  {"info", base::log::Level::kInfo},
                                                                  {"warn", base::log::Level::kWarn},
                                                                  {"error", base::log::Level::kError},
                                                                  {"off", base::log::Level::kOff}});
constexpr auto kForms = std::to_array<std::pair<std::string_view, base::log::Form>>(
    {{"text", base::log::Form::kText}, {"json", base::log::Form::kJson}});

constexpr auto kAudioCodings = std::to_array<std::pair<std::string_view, HlsAudio>>(
    {{"aac", HlsAudio::kAac}, {"opus", HlsAudio::kOpus}, {"both", HlsAudio::kBoth}});
constexpr auto kCryptoLibraries = std::to_array<std::pair<std::string_view, PacketCrypto>>(
    {{"auto", PacketCrypto::kAuto}, {"ipsec-mb", PacketCrypto::kIpsecMb}, {"openssl", PacketCrypto::kOpenSsl}});

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
    const auto& text = texts.front();
    if (kind.takes != nullptr && !text.empty() && !kind.takes(text))
      return Failure(fmt::format("\"{}\" is not {}", text, kind.what));
    options.*kind.at = text;
    return {};
  }
  std::expected<void, std::string> operator()(const List& kind) const {
    for (const auto& text : texts)
      if (!kind.takes(text))
        return Failure(kind.secret ? fmt::format("one of them is not {}", kind.what)
                                   : fmt::format("\"{}\" is not {}", text, kind.what));
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
    if (*value > kind.max) return Failure(fmt::format("{} is more than {}", texts.front(), text_of(kind.max)));
    options.*kind.at = *value;
    return {};
  }
  std::expected<void, std::string> operator()(const LogLevel& kind) const { return name(kind.at, kLevels); }
  std::expected<void, std::string> operator()(const LogForm& kind) const { return name(kind.at, kForms); }
  std::expected<void, std::string> operator()(const AudioCoding& kind) const { return name(kind.at, kAudioCodings); }
  std::expected<void, std::string> operator()(const CryptoLibrary& kind) const {
    return name(kind.at, kCryptoLibraries);
  }

  template <class Value>
  std::expected<void, std::string> name(Value Options::* at, const auto& names) const {
    const auto value = one_of<Value>(texts.front(), names);
    if (!value) return Failure(value.error());
    options.*at = *value;
    return {};
  }
};

// ── writing one setting, as TOML ──

constexpr std::string_view kHidden = "(hidden)";  // too short to be taken as a secret again

struct Write {
  const Options& options;

  std::string operator()(const Text& kind) const {
    const auto& text = options.*kind.at;
    return toml_string(kind.secret && !text.empty() ? kHidden : text);
  }
  std::string operator()(const List& kind) const {
    std::string out;
    for (const auto& text : options.*kind.at) {
      const auto shown = kind.secret ? text.substr(0, text.find(':') + 1) + std::string(kHidden) : text;
      out += (out.empty() ? "" : ", ") + toml_string(shown);
    }
    return "[" + out + "]";
  }
  std::string operator()(const Number& kind) const { return std::to_string(options.*kind.at); }
  std::string operator()(const Switch& kind) const { return options.*kind.at ? "true" : "false"; }
  std::string operator()(const Span& kind) const { return toml_string(text_of(options.*kind.at)); }
  std::string operator()(const LogLevel& kind) const { return toml_string(name_in(kLevels, options.*kind.at)); }
  std::string operator()(const LogForm& kind) const { return toml_string(name_in(kForms, options.*kind.at)); }
  std::string operator()(const AudioCoding& kind) const {
    return toml_string(name_in(kAudioCodings, options.*kind.at));
  }
  std::string operator()(const CryptoLibrary& kind) const {
    return toml_string(name_in(kCryptoLibraries, options.*kind.at));
  }
};

}  // namespace

std::expected<Duration, std::string> duration_of(std::string_view text) {
  const auto digits = text.substr(0, text.find_first_not_of("0123456789"));
  const auto number = whole_number(digits);
  const auto unit = std::ranges::find(kUnits, text.substr(digits.size()), [](const auto& pair) { return pair.first; });
  if (!number || unit == kUnits.end())
    return Failure(fmt::format("\"{}\" is not a time such as 500ms, 10s, 2m or 1h", text));
  if (*number > kMaxSpanMs / unit->second) return Failure(fmt::format("\"{}\" is more than 30 days", text));
  return Duration::millis(*number * unit->second);
}

std::expected<void, std::string> set(Options& options, const Setting& setting, const Texts& texts) {
  if (!setting.is_list() && texts.size() != 1) return Failure("stands there more than once");
  return std::visit(Read{options, texts}, setting.kind);
}

std::string toml_of(const Options& options, const Setting& setting) { return std::visit(Write{options}, setting.kind); }

}  // namespace heliograph::server
