// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iterator>

#include "fmt/chrono.h"
#include "fmt/format.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace heliograph::base::log {
namespace {

std::atomic<Level> g_level{Level::kOff};  // a library is silent until the program says otherwise
std::atomic<Form> g_form{Form::kText};

constexpr std::string_view name_of(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarn:
      return "warn";
    case Level::kError:
      return "error";
    case Level::kOff:
      break;
  }
  return "off";
}

spdlog::level::level_enum spdlog_level(Level level) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                   spdlog::level::err, spdlog::level::off};
  return kLevels[static_cast<int>(level)];
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_word(std::string& out, std::string_view text) {
  // Quoted as well with a control character: what a client says must not move an operator's terminal.
  const auto is_plain = [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '=' && c != '"' && c != '\\';
  };
  const bool plain = !text.empty() && std::ranges::all_of(text, is_plain);
  plain ? void(out += text) : append_quoted(out, text);
}

std::string utc_now() {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto ms = now.time_since_epoch().count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), ms);
}

}  // namespace

void configure(Level level, Form form) {
  g_level = level;
  g_form = form;
  auto logger = spdlog::get("heliograph");
  if (!logger) logger = spdlog::stderr_logger_mt("heliograph");
  logger->set_pattern("%v");
  logger->set_level(spdlog_level(level));
  spdlog::set_default_logger(logger);
}

bool enabled(Level level) { return level >= g_level.load(std::memory_order_relaxed); }

std::string format_line(Form form, Level level, std::string_view event, Fields fields) {
  std::string line;
  if (form == Form::kText) {
    line = fmt::format("{} {}", name_of(level), event);
    for (const auto& f : fields) {
      line += fmt::format(" {}=", f.name);
      append_word(line, f.value);
    }
    return line;
  }
  line = fmt::format("\"level\":\"{}\",\"event\":", name_of(level));
  append_quoted(line, event);
  for (const auto& f : fields) {
    line += ',';
    append_quoted(line, f.name);
    line += ':';
    f.quoted ? append_quoted(line, f.value) : void(line += f.value);
  }
  return line;
}

void write(Level level, std::string_view event, Fields fields) {
  if (!enabled(level)) return;
  const Form form = g_form;
  const auto body = format_line(form, level, event, fields);
  const auto line = form == Form::kText ? fmt::format("{} {}", utc_now(), body)
                                        : fmt::format("{{\"time\":\"{}\",{}}}", utc_now(), body);
  spdlog::default_logger_raw()->log(spdlog_level(level), line);
}

}  // namespace heliograph::base::log
