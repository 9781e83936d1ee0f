// SPDX-License-Identifier: Apache-2.0
// The table of settings, and how one of them is read and written. For options.cc.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "server/options.h"

namespace heliograph::server {

using Texts = std::vector<std::string>;

struct Text {
  std::string Options::* at;
  bool secret = false;                        // never printed
  bool (*takes)(std::string_view) = nullptr;  // besides nothing at all; nullptr: anything
  const char* what = nullptr;                 // it is
};
struct List {
  Texts Options::* at;
  bool (*takes)(std::string_view);
  const char* what;     // an element is
  bool secret = false;  // what stands behind the colon of an element is never printed
};
struct Number {
  int64_t Options::* at;
  int64_t min, max;
};
struct Switch {
  bool Options::* at;
};
struct Span {
  base::Duration Options::* at;
  base::Duration min;
  base::Duration max = base::Duration::infinite();
};
struct LogLevel {
  base::log::Level Options::* at;
};
struct LogForm {
  base::log::Form Options::* at;
};
struct AudioCoding {
  HlsAudio Options::* at;
};
struct CryptoLibrary {
  PacketCrypto Options::* at;
};
using Kind = std::variant<Text, List, Number, Switch, Span, LogLevel, LogForm, AudioCoding, CryptoLibrary>;

struct Setting {
  std::string_view group;
  // Of the TOML key; flag and environment variable are spelled from it. In the file hls_part may stand as `part` in a
  // table [hls] as well.
  std::string_view name;
  Kind kind;
  std::string_view help;

  std::string flag() const;      // "--udp-port"
  std::string variable() const;  // "HELIOGRAPH_UDP_PORT"
  bool is_list() const { return std::holds_alternative<List>(kind); }
};

std::span<const Setting> settings();

// Every source comes down to texts: one, or for a list any number. The error does not name the setting, and holds no
// secret.
std::expected<void, std::string> set(Options& options, const Setting& setting, const Texts& texts);
// The value as TOML; of a secret, that there is one.
std::string toml_of(const Options& options, const Setting& setting);

// "500ms", "10s", "2m", "1h"; at most 30 days.
std::expected<base::Duration, std::string> duration_of(std::string_view text);

}  // namespace heliograph::server
