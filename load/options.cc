// SPDX-License-Identifier: Apache-2.0
#include "load/options.h"

#include <CLI/CLI.hpp>
#include <charconv>

#include <fmt/format.h>

#include "crypto/random.h"

namespace heliograph::load {
namespace {

constexpr const char* kAbout =
    "Puts a heliograph server under load, over the real protocol: WebSocket signals, ICE, DTLS, SRTP.\n"
    "One m2m room; its publishers send made-up H264 and Opus, its viewers decrypt and count every packet.\n"
    "Prints a line a second, then a report. Publishers need the right to publish: run the server with --dev.";
constexpr const char* kEpilogue =
    "Exit code: 0 nothing was lost and everybody saw a picture; 1 otherwise; 2 the run could not be made.\n"
    "Example, the server on one core and the load on another:\n"
    "  taskset -c 0 heliograph serve --dev --shards 1 &\n"
    "  heliograph-load --url ws://127.0.0.1:8080/ws --viewers 200 --pin 1 --server-pid $!";

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0) || value > 1e12) return std::nullopt;
  return value;
}

// What CLI11 reads as it stands.
struct Raw {
  std::string url;
  std::string rate = "2500k";
  std::string ramp = "50/s";
  double duration = 60;
  double settle = 5;
};

void describe(CLI::App& app, Raw& raw, Options& o) {
  app.add_option("--url", raw.url, "the server's WebSocket: ws://host:port/path[?token=…]")->required();
  app.add_option("--publishers", o.publishers, "who publish; every viewer watches all of them")
      ->capture_default_str()
      ->check(CLI::Range(1, 9));
  app.add_option("--viewers", o.viewers, "who watch")->capture_default_str()->check(CLI::Range(1, 50'000));
  app.add_option("--duration", raw.duration, "seconds that are measured, after ramp and settling")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 86'400.0));
  app.add_option("--video-bitrate", raw.rate, "bits a second of each publisher's video: 2500k, 2.5M; 0: no video")
      ->capture_default_str();
  app.add_option("--fps", o.fps, "frames a second")->capture_default_str()->check(CLI::Range(1.0, 240.0));
  app.add_flag("--audio,!--no-audio", o.audio, "publish audio, 50 packets a second (the default)");
  app.add_option("--ramp", raw.ramp, "viewers that join in a second")->capture_default_str();
  app.add_option("--settle", raw.settle, "seconds between the last viewer's first picture and what is measured")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 3600.0));
  app.add_option("--server-pid", o.server_pid, "process of the server, for its CPU time and memory (this machine)");
  app.add_option("--pin", o.pin, "keep to this CPU");
  app.add_option("--room", o.room, "name of the room; one is made up otherwise");
  app.add_option("--json", o.json_file, "write the report to this file as well, as JSON");
}

std::string check(const Raw& raw, Options& o) {
  const auto url = Url::parse(raw.url);
  if (!url) return "--url: " + url.error();
  const auto rate = parse_rate(raw.rate);
  if (!rate) return "--video-bitrate: a number of bits a second, as 2500k or 2.5M; not " + raw.rate;
  const auto ramp = parse_ramp(raw.ramp);
  if (!ramp) return "--ramp: a number of viewers a second above 0, as 50/s; not " + raw.ramp;
  if (rate->bps() == 0 && !o.audio) return "--video-bitrate 0 and --no-audio leave nothing to publish";
  o.url = *url;
  o.video_rate = *rate;
  o.ramp = *ramp;
  o.duration = base::Duration::from_seconds(raw.duration);
  o.settle = base::Duration::from_seconds(raw.settle);
  if (o.room.empty()) o.room = "load-" + crypto::random_ice_chars(8);
  return {};
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
  if (text.ends_with("/s")) text.remove_suffix(2);
  const auto value = parse_number(text);
  return value && *value > 0 ? value : std::nullopt;
}

std::expected<Options, Exit> parse(int argc, const char* const* argv) {
  Options options;
  Raw raw;
  CLI::App app{kAbout, "heliograph-load"};
  app.footer(kEpilogue);
  describe(app, raw, options);
  try {  // CLI11 knows no other way
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return std::unexpected(Exit{0, app.help()});
  } catch (const CLI::ParseError& error) {
    return std::unexpected(Exit{2, fmt::format("heliograph-load: {}\nTry heliograph-load --help\n", error.what())});
  }
  if (const auto wrong = check(raw, options); !wrong.empty())
    return std::unexpected(Exit{2, fmt::format("heliograph-load: {}\n", wrong)});
  return options;
}

}  // namespace heliograph::load
