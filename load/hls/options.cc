// SPDX-License-Identifier: Apache-2.0
#include "load/hls/options.h"

#include <map>

namespace heliograph::load::hls {
namespace {

constexpr const char* kAbout =
    "Low-latency HLS players of one stream, over HTTP/1.1 with keep-alive: each follows video and audio by blocking\n"
    "reloads and delta updates, and fetches every part. Prints a line a second, then a report.";
constexpr const char* kEpilogue =
    "Exit code: 0 all played without a stall, a hole or an error; 1 otherwise; 2 the run could not be made.\n"
    "Example, the server on one core and the players on another:\n"
    "  heliograph-hls-load --url http://127.0.0.1:8080/hls/room/user/session/index.m3u8 \\\n"
    "    --players 2000 --pin 1 --server-pid $(pidof heliograph)";

struct Raw {
  std::string url;
  std::string ramp = "100/s";
  double seconds = 60;
  double settle = 5;
};

void describe(CLI::App& app, Raw& raw, Options& o) {
  static const std::map<std::string, Choice> kChoices{{"highest", Choice::kHighest}, {"lowest", Choice::kLowest}};
  app.add_option("--url", raw.url, "the playlist: http://host:port/…/index.m3u8[?token=…]")->required();
  app.add_option("--players", o.players, "how many")->capture_default_str()->check(CLI::Range(1, 50'000));
  app.add_option("--seconds", raw.seconds, "that are measured, after ramp and settling")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 86'400.0));
  app.add_option("--ramp", raw.ramp, "players that begin in a second; burst: all at once")
      ->capture_default_str()
      ->check(kIsRamp);
  app.add_option("--settle", raw.settle, "seconds between the last player's beginning and what is measured")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 3600.0));
  app.add_option("--rendition", o.rendition, "highest or lowest of the variants")
      ->transform(CLI::CheckedTransformer(kChoices))
      ->default_str("highest");
  app.add_flag("!--no-parts", o.parts, "fetch playlists only");
  app.add_option("--server-pid,--pid", o.server_pid,
                 "process of the server, for its CPU time and memory (this machine)");
  app.add_option("--pin", o.pin, "keep to this CPU");
  app.add_option("--json", o.json_file, "write the report to this file as well, as JSON");
}

std::string check(const Raw& raw, Options& o) {
  const auto url = Url::parse_http(raw.url);
  if (!url) return "--url: " + url.error();
  if (url->tls)
    return "--url: https:// is not spoken here: give the server a plain http:// address to listen on for it";
  o.url = *url;
  o.ramp = *parse_ramp(raw.ramp);
  o.duration = base::Duration::from_seconds(raw.seconds);
  o.settle = base::Duration::from_seconds(raw.settle);
  return {};
}

}  // namespace

std::expected<Options, Exit> parse(int argc, const char* const* argv) {
  Options options;
  Raw raw;
  CLI::App app{kAbout, "heliograph-hls-load"};
  app.footer(kEpilogue);
  describe(app, raw, options);
  if (auto exit = parse_into(app, {argv + 1, argv + argc})) return std::unexpected(std::move(*exit));
  if (const auto wrong = check(raw, options); !wrong.empty()) return std::unexpected(refuse(app, wrong));
  return options;
}

}  // namespace heliograph::load::hls
