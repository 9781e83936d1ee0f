// SPDX-License-Identifier: Apache-2.0
#include "load/options.h"

#include "crypto/random.h"
#include "load/scenario.h"

namespace heliograph::load {
namespace {

constexpr const char* kAbout =
    "Puts a heliograph server under load, over the real protocol: WebSocket signals, ICE, DTLS, SRTP.\n"
    "In each room publishers send made-up H264 and Opus, and viewers decrypt and count every packet.\n"
    "Shows progress every second, then a report.";
constexpr const char* kEpilogue =
    "Exit code: 0 nothing was lost and everybody saw a picture; 1 otherwise; 2 the run could not be made.\n"
    "The server must let so many in from one address, and everybody publish:\n"
    "  heliograph serve --dev --connections-per-address 0 --connection-rate-per-address 0\n"
    "Examples:\n"
    "  heliograph-load --url ws://127.0.0.1:8080/ws --viewers 200 --server-pid $(pidof heliograph)\n"
    "  heliograph-load --url wss://media.example/ws --rooms 10 --publishers 9 --viewers 0 --mesh \\\n"
    "    --token-secret-file web:web.secret --metrics-url https://media.example/metrics\n"
    "  heliograph-load --url ws://127.0.0.1:8080/ws --viewers 200 --burst 500 --csv burst.csv";

// What CLI11 reads as it stands.
struct Raw {
  std::string url;
  std::string scenario;
  std::string metrics;
  bool insecure = false;
  std::string video_file;
  std::string rate = "2500k";
  std::string ramp = "50/s";
  std::string burst_ramp = "burst";
  double duration = 60;
  double settle = 5;
  double burst_after = 5;
};

void describe_rooms(CLI::App& app, Raw& raw, Options& o) {
  app.option_defaults()->group("Rooms and who is in them");
  app.add_option("--room", o.room, "name of the room, or what the names of several begin with; else made up");
  app.add_option("--rooms", o.rooms, "rooms, all alike")->capture_default_str()->check(CLI::Range(1, 10'000));
  app.add_option("--publishers", o.publishers, "who publish in each room")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--viewers", o.viewers, "who watch in each room, each all publishers of it")
      ->capture_default_str()
      ->check(CLI::Range(0, 50'000));
  app.add_flag("--mesh", o.mesh, "publishers watch the others of their room as well: a meeting");
  app.add_option("--ramp", raw.ramp, "how many begin to watch in a second; burst: all at once")
      ->capture_default_str()
      ->check(kIsRamp);
  app.add_option("--settle", raw.settle, "seconds between the last viewer's first picture and what is measured")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 3600.0));
  app.add_option("--duration", raw.duration, "seconds that are measured")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 86'400.0));
}

void describe_burst(CLI::App& app, Raw& raw, Options& o) {
  app.option_defaults()->group("A burst of joins while the others watch");
  app.add_option("--burst", o.burst, "viewers more, over all rooms, who join while it is measured")
      ->capture_default_str()
      ->check(CLI::Range(0, 50'000));
  app.add_option("--burst-after", raw.burst_after, "seconds that are measured before they come")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 86'400.0));
  app.add_option("--burst-ramp", raw.burst_ramp, "how many of them join in a second; burst: all at once")
      ->capture_default_str()
      ->check(kIsRamp);
}

void describe_media(CLI::App& app, Raw& raw, Options& o) {
  app.option_defaults()->group("What is published");
  app.add_option("--video-bitrate", raw.rate, "bits a second of each publisher's video: 2500k, 2.5M; 0: no video")
      ->capture_default_str()
      ->check(kIsRate);
  app.add_option("--fps", o.media.fps, "frames a second")->capture_default_str()->check(CLI::Range(1.0, 240.0));
  app.add_flag("--simulcast", o.media.simulcast,
               "three layers, q, h and f, as browsers send; --video-bitrate is that of the highest");
  app.add_option("--video-file", raw.video_file,
                 "H264 of this file (Annex B, as ffmpeg -c copy -f h264 writes), in a loop, at --fps; sizes as there");
  app.add_flag("--audio,!--no-audio", o.media.audio, "audio, 50 packets a second (the default)");
}

void describe_server(CLI::App& app, Raw& raw, Options& o) {
  app.option_defaults()->group("The server");
  app.add_option("--url", raw.url, "its WebSocket: ws://host:port/ws or wss://host/ws; needed");
  app.add_flag("--insecure", raw.insecure, "take any certificate: a self-signed one, or one for another name");
  app.add_option("--token-secret-file", o.tokens.secret_file,
                 "makes each client a token, signed with the server's secret: [KID:]FILE");
  app.add_option("--token-key", o.tokens.key_file, "the same, signed with a private key: a PEM file");
  app.add_option("--token-kid", o.tokens.kid, "the name of that key, where the server wants one");
  app.add_option("--token-issuer", o.tokens.issuer, "iss of these tokens");
  app.add_option("--token-audience", o.tokens.audience, "aud of these tokens");
  app.add_option("--server-pid", o.server_pid, "its process on this machine, for its CPU time and memory");
  app.add_option("--metrics-url", raw.metrics,
                 "its Prometheus page, for the same from anywhere; else /metrics beside the WebSocket is tried");
}

void describe_output(CLI::App& app, Raw& raw, Options& o) {
  app.option_defaults()->group("This program");
  app.add_option("--scenario", raw.scenario,
                 "a TOML file with any of these options as keys, without the dashes; the command line goes first");
  app.add_option("--json", o.json_file, "write the report to this file as well, as JSON");
  app.add_option("--csv", o.csv_file, "write every second of the run to this file, a line each");
  app.add_option("--pin", o.pin, "keep to this CPU");
}

// One parser, ready to parse once.
struct Parser {
  Parser() {
    app.footer(kEpilogue);
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    describe_server(app, raw, options);
    describe_rooms(app, raw, options);
    describe_burst(app, raw, options);
    describe_media(app, raw, options);
    describe_output(app, raw, options);
  }
  std::string finish();

  CLI::App app{kAbout, "heliograph-load"};
  Raw raw;
  Options options;
};

// What is left to be said once all is read; empty: nothing.
std::string Parser::finish() {
  auto& o = options;
  if (raw.url.empty()) return "--url is needed: the server's WebSocket, as ws://127.0.0.1:8080/ws";
  const auto url = Url::parse(raw.url);
  if (!url) return "--url: " + url.error();
  o.url = *url;
  o.url.insecure = raw.insecure;
  if (!raw.metrics.empty()) {
    const auto metrics = Url::parse_http(raw.metrics);
    if (!metrics) return "--metrics-url: " + metrics.error();
    o.metrics = *metrics;
    o.metrics->insecure = raw.insecure;
  }
  o.media.video_rate = *parse_rate(raw.rate);
  if (!raw.video_file.empty()) {
    auto recording = Recording::read(raw.video_file);
    if (!recording) return "--video-file: " + raw.video_file + " " + recording.error();
    o.media.recording = std::make_shared<const Recording>(std::move(*recording));
  }
  o.ramp = *parse_ramp(raw.ramp);
  o.burst_ramp = *parse_ramp(raw.burst_ramp);
  o.duration = base::Duration::from_seconds(raw.duration);
  o.settle = base::Duration::from_seconds(raw.settle);
  o.burst_after = base::Duration::from_seconds(raw.burst_after);
  if (o.media.simulcast && (o.media.recording || o.media.video_rate.bps() == 0))
    return "--simulcast needs made-up video: without --video-file, and with a --video-bitrate above 0";
  if (!o.media.has_video() && !o.media.audio) return "--video-bitrate 0 and --no-audio leave nothing to publish";
  if (o.viewers == 0 && !o.mesh && o.burst == 0) return "--viewers 0 without --mesh or --burst: nobody would watch";
  if (o.mesh && o.publishers < 2) return "--mesh needs --publishers 2 or more, who watch each other";
  if (o.room.empty()) o.room = "load-" + crypto::random_ice_chars(8);
  return {};
}

std::string what_is_wrong_with(const std::string& argument) {
  Parser parser;
  try {  // CLI11 knows no other way
    parser.app.parse(std::vector{argument});
  } catch (const CLI::ExtrasError&) {
    return argument.substr(2, argument.find('=') - 2) + ": there is no such option";
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

std::expected<Options, Exit> parse(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  {
    Parser first;
    if (auto exit = parse_into(first.app, arguments)) return std::unexpected(std::move(*exit));
    if (!first.raw.scenario.empty()) {
      const auto scenario = read_scenario(first.raw.scenario, what_is_wrong_with);
      if (!scenario) return std::unexpected(refuse(first.app, scenario.error()));
      arguments.insert(arguments.begin(), scenario->begin(), scenario->end());
    }
  }
  Parser parser;
  if (auto exit = parse_into(parser.app, arguments)) return std::unexpected(std::move(*exit));
  if (const auto wrong = parser.finish(); !wrong.empty()) return std::unexpected(refuse(parser.app, wrong));
  return std::move(parser.options);
}

}  // namespace heliograph::load
