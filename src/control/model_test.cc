// SPDX-License-Identifier: Apache-2.0
// Random walks of several users against a model of the rooms. What fails is printed as the shortest walk that still
// fails. HELIOGRAPH_SEED and HELIOGRAPH_STEPS walk one seed, that far; HELIOGRAPH_ONLY="3,17,18" only these steps of
// it.
#include <cstdlib>
#include <cstring>
#include <functional>
#include <numeric>
#include <sstream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/test_model_run.h"

namespace heliograph::control::model {
namespace {

using Numbers = std::vector<size_t>;  // of steps, ascending
using Seen = std::map<std::string, size_t>;

Numbers all(size_t count) {
  Numbers numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

// Prints what was seen or, after "FAILED", what is wrong; with `story` what was done before it, too. Dies where the
// world's own laws are broken.
void walk(uint64_t seed, const Numbers& only, bool story, std::ostream& out) {
  Steps steps(seed);
  Run run(seed);
  std::string done;
  size_t at = 0;
  for (const auto number : only) {
    Step step;
    for (; at <= number; ++at) step = steps.next();
    const auto error = run.step(step);
    done += std::to_string(number) + ": " + run.did() + "\n";
    if (!error) continue;
    out << "FAILED at step " << number << ": " << *error << "\n" << (story ? done : "");
    return;
  }
  if (const auto error = run.step({.kind = Step::Kind::kDrain, .say = {}, .span = {}}))
    out << "FAILED at the end: " << *error << "\n";
  for (const auto& [what, count] : run.seen()) out << count << " " << what << "\n";
}

// In a process of its own, so that a broken CHECK is a failure like others. What it printed; nullopt is "as it should".
struct Outcome {
  bool failed = false;
  std::string printed;
};
Outcome walk_apart(uint64_t seed, const Numbers& only, bool story = false) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const auto child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    std::ostringstream out;
    walk(seed, only, story, out);
    const auto text = out.str();
    const bool written = write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
    _exit(written && !text.starts_with("FAILED") ? 0 : 1);
  }
  ::close(ends[1]);
  Outcome outcome;
  std::array<char, 4096> buffer;
  for (ssize_t n = 0; (n = read(ends[0], buffer.data(), buffer.size())) > 0;)
    outcome.printed.append(buffer.data(), static_cast<size_t>(n));
  ::close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  outcome.failed = status != 0;
  return outcome;
}

// The shortest end of the walk that fails, without the steps that it can do without.
Numbers shortened(uint64_t seed, Numbers failing) {
  const auto fails = [&](const Numbers& numbers) { return walk_apart(seed, numbers).failed; };
  for (size_t length = 1; length < failing.size(); length *= 2) {
    const Numbers end(failing.end() - static_cast<ptrdiff_t>(length), failing.end());
    if (fails(end)) {
      failing = end;
      break;
    }
  }
  for (size_t part = failing.size() / 2; part > 0; part /= 2)
    for (size_t at = 0; at + part <= failing.size();) {
      auto without = failing;
      without.erase(without.begin() + static_cast<ptrdiff_t>(at), without.begin() + static_cast<ptrdiff_t>(at + part));
      fails(without) ? failing = without : (at += part, failing);
    }
  return failing;
}

std::string report(uint64_t seed, const Numbers& walked) {
  const auto first = walk_apart(seed, walked).printed;
  const auto at = first.find("FAILED at step ");
  const auto end =
      at == std::string::npos ? walked.back() : std::stoul(first.substr(at + std::strlen("FAILED at step ")));
  Numbers failing;
  std::ranges::copy_if(walked, std::back_inserter(failing), [&](size_t n) { return n <= end; });
  failing = shortened(seed, failing);
  std::string text = "Replay: HELIOGRAPH_SEED=" + std::to_string(seed) + " HELIOGRAPH_ONLY=";
  for (const auto number : failing) text += std::to_string(number) + (number == failing.back() ? "\n" : ",");
  return text + walk_apart(seed, failing, /*story=*/true).printed;
}

void add(Seen& seen, const std::string& printed) {
  std::istringstream lines(printed);
  size_t count = 0;
  for (std::string what; lines >> count && std::getline(lines >> std::ws, what);) seen[what] += count;
}

// What each signal can be answered with (behaviour.md section 5; "silence" is B-7), and what is heard unasked.
constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kAnswers = {{
    {"JOIN", "200 500 2001 2002 4001 4022 4025 4052 4053"},
    {"LEAVE", "200 2001 2002 4001"},
    {"HEARTBEAT", "200 silence 2001 4001"},
    {"UPDATE", "silence 2001 2002 4001 4051"},
    {"OFFER", "200 silence 2001 2002 4001 4003 4051"},
    {"ANSWER", "silence 2001 2002 4001 4003 4024"},
    {"ICE", "silence 2001 2002 4001 4003"},
    {"WATCH", "200 silence 500 2001 2002 4001 4024"},
    {"UNPUBLISH", "200 2001 2002 4001 4051"},
    {"UNWATCH", "200 2001 2002 4001"},
    {"SIMULCAST_UPDATE", "200 2001 2002 4001 4024"},
    {"KICK", "200 2001 2002 4001 4002 4051"},
    {"PUBLISH_REQUEST", "silence 2001 2002 4001 4023"},
    {"PUBLISH_ACCEPT", "silence 2001 2002 4001 4002 4025 4051"},
    {"PUBLISH_REJECT", "silence 2001 2002 4001 4002 4051"},
    {"ICE_SERVERS", "200 2001 4001"},
}};
constexpr std::array kUnasked = {"push PUBLISH_LIST_CHANGED",
                                 "push MEMBER_LIST_CHANGED",
                                 "push KICKED",
                                 "push ROOM_CLOSED",
                                 "push SESSION_REPLACED",
                                 "push KEEP_ALIVE",
                                 "push HLS_STATE",
                                 "forwarded OFFER",
                                 "forwarded ANSWER",
                                 "forwarded ICE",
                                 "forwarded PUBLISH_REQUEST",
                                 "forwarded PUBLISH_ACCEPT",
                                 "forwarded PUBLISH_REJECT"};

void expect_all_seen(const Seen& seen) {
  const auto count = [&](const std::string& what) {
    size_t sum = 0;
    for (const auto& [text, n] : seen) sum += text.starts_with(what) ? n : 0;
    return sum;
  };
  for (const auto& [name, codes] : kAnswers) {
    std::istringstream words{std::string(codes)};
    for (std::string code; words >> code;)
      EXPECT_GE(count(code + " " + std::string(name) + " "), 5u) << code << " " << name;
  }
  for (const auto* what : kUnasked) EXPECT_GE(count(what), 20u) << what;
  EXPECT_GE(count("routes"), 1'000u);
  EXPECT_GE(count("streams"), 1'000u);
  EXPECT_GE(count("waiting streams"), 100u);
}

size_t from_environment(const char* name, size_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoul(text);
}

TEST(Model, WhateverIsSaidTheRoomsAreAsTheModelSays) {
  const auto steps = from_environment("HELIOGRAPH_STEPS", 2'500);
  const auto given = from_environment("HELIOGRAPH_SEED", 0);
  auto only = all(steps);
  if (const char* text = std::getenv("HELIOGRAPH_ONLY")) {
    only.clear();
    std::istringstream in(text);
    for (std::string number; std::getline(in, number, ',');) only.push_back(std::stoul(number));
  }
  Seen seen;
  for (uint64_t seed = given != 0 ? given : 1; seed <= (given != 0 ? given : 60); ++seed) {
    const auto outcome = walk_apart(seed, only);
    if (outcome.failed) FAIL() << report(seed, only);
    add(seen, outcome.printed);
  }
  if (given == 0) expect_all_seen(seen);
  if (std::getenv("HELIOGRAPH_SEEN") != nullptr)
    for (const auto& [what, count] : seen) std::printf("%6zu %s\n", count, what.c_str());
}

}  // namespace
}  // namespace heliograph::control::model
