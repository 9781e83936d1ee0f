// SPDX-License-Identifier: Apache-2.0
// Structured logs on standard error, one line an event. Never on the path of a packet.
//
//   base::log::info("room opened", {{"rid", rid}, {"ch", "m2m"}});
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace heliograph::base::log {

enum class Level { kDebug, kInfo, kWarn, kError, kOff };
enum class Form { kText, kJson };

// A named value of one log line.
struct Field {
  std::string_view name;
  std::string value;
  bool quoted = true;  // false: a number or a boolean, bare in JSON

  Field(std::string_view n, std::string_view v) : name(n), value(v) {}
  Field(std::string_view n, const char* v) : name(n), value(v) {}
  Field(std::string_view n, const std::string& v) : name(n), value(v) {}
  Field(std::string_view n, bool v) : name(n), value(v ? "true" : "false"), quoted(false) {}
  template <class Number>
    requires std::is_arithmetic_v<Number>
  Field(std::string_view n, Number v) : name(n), value(std::to_string(v)), quoted(false) {}
};

using Fields = std::initializer_list<Field>;

// At start, before other threads; until then nothing is written. Text: `2026-01-02T03:04:05.678Z info room opened
// rid=r1`. JSON: one object a line.
void configure(Level level, Form form);
bool enabled(Level level);
void write(Level level, std::string_view event, Fields fields);

inline void debug(std::string_view event, Fields fields = {}) {
  if (enabled(Level::kDebug)) write(Level::kDebug, event, fields);
}
inline void info(std::string_view event, Fields fields = {}) { write(Level::kInfo, event, fields); }
inline void warn(std::string_view event, Fields fields = {}) { write(Level::kWarn, event, fields); }
inline void error(std::string_view event, Fields fields = {}) { write(Level::kError, event, fields); }

// Exposed for tests: the line that write() would print, without the time.
std::string format_line(Form form, Level level, std::string_view event, Fields fields);

}  // namespace heliograph::base::log
