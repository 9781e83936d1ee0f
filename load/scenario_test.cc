// SPDX-License-Identifier: Apache-2.0
#include "load/scenario.h"

#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "load/options.h"

namespace heliograph::load {
namespace {

std::string all_are_good(const std::string&) { return {}; }

TEST(Scenario, KeysBecomeArguments) {
  const auto read =
      parse_scenario("viewers = 1000\nmesh = true\nramp = \"100/s\"\nfps = 29.5\n", "x.toml", all_are_good);
  ASSERT_TRUE(read);
  EXPECT_EQ(std::multiset<std::string>(read->begin(), read->end()),
            (std::multiset<std::string>{"--viewers=1000", "--mesh=true", "--ramp=100/s", "--fps=29.5"}));
}

TEST(Scenario, WhatIsWrongIsSaidWithItsPlace) {
  const auto says = [](std::string_view text, const TryArgument& attempt = all_are_good) {
    const auto read = parse_scenario(text, "x.toml", attempt);
    return read ? std::string("nothing") : read.error();
  };
  EXPECT_EQ(says("\nviewers = [3]\n").substr(0, 11), "x.toml:2:11");
  EXPECT_EQ(says("viewers = \n").substr(0, 8), "x.toml:1");
  EXPECT_EQ(says("[a]\nviewers = 3\n").substr(0, 8), "x.toml:1");
  EXPECT_EQ(says("scenario = \"y\"").substr(0, 10), "x.toml:1:1");
  EXPECT_EQ(says("  fps = 1\n", [](const std::string& a) { return "no " + a; }), "x.toml:1:3: no --fps=1");
}

class ScenarioFile : public testing::Test {
 protected:
  ~ScenarioFile() override { std::filesystem::remove(path); }
  std::expected<Options, Exit> parsed(const std::string& text, std::vector<const char*> more = {}) {
    std::ofstream(path) << text;
    std::vector<const char*> arguments{"heliograph-load", "--scenario", path.c_str()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return parse(static_cast<int>(arguments.size()), arguments.data());
  }
  const std::string path = std::filesystem::temp_directory_path() /
                           (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + ".toml");
};

TEST_F(ScenarioFile, SetsOptionsAndTheCommandLineGoesFirst) {
  const auto options = parsed("url = \"ws://a\"\nviewers = 7\nrooms = 3\naudio = false\n", {"--viewers", "9"});
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_EQ(options->viewers, 9);
  EXPECT_EQ(options->rooms, 3);
  EXPECT_FALSE(options->media.audio);
}

TEST_F(ScenarioFile, NamesTheLineOfAnOptionThatIsNone) {
  const auto options = parsed("viewers = 7\nvieuers = 7\n");
  ASSERT_FALSE(options);
  EXPECT_NE(options.error().text.find(".toml:2:1: vieuers"), std::string::npos) << options.error().text;
}

TEST_F(ScenarioFile, NamesTheLineOfAValueThatCannotBe) {
  const auto options = parsed("viewers = 7\n\nramp = \"fast\"\n");
  ASSERT_FALSE(options);
  EXPECT_NE(options.error().text.find(".toml:3:1: --ramp"), std::string::npos) << options.error().text;
}

}  // namespace
}  // namespace heliograph::load
