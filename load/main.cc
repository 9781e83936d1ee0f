// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <fstream>

#include <fmt/format.h>

#include "load/options.h"
#include "load/own_process.h"
#include "load/report.h"
#include "load/run.h"

namespace {

using namespace heliograph;  // NOLINT

int fail(const std::string& sentence) {
  fmt::print(stderr, "heliograph-load: {}\n", sentence);
  return 2;
}

int run(const load::Options& options) {
  std::signal(SIGPIPE, SIG_IGN);
  if (options.pin && !load::pin_to(*options.pin))
    return fail(fmt::format("--pin {}: there is no such CPU", *options.pin));
  auto run = load::Run::create(options);
  if (!run) return fail(run.error());
  const auto report = (*run)->execute();
  if (!report) return fail(report.error());
  fmt::print("{}", to_text(*report));
  if (!options.json_file.empty()) {
    std::ofstream file(options.json_file);
    file << to_json(*report);
    if (!file.flush()) return fail("cannot write " + options.json_file);
  }
  return report->good() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = load::parse(argc, argv);
  if (!options) {
    fmt::print(options.error().code == 0 ? stdout : stderr, "{}", options.error().text);
    return options.error().code;
  }
  return run(*options);
}
