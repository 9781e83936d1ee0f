// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include "gtest/gtest.h"

namespace heliograph::base::log {
namespace {

TEST(Log, ALineOfTextHasBareWordsAndQuotedSentences) {
  EXPECT_EQ(format_line(Form::kText, Level::kInfo, "room opened", {{"rid", "r1"}, {"why", "a b"}, {"n", 3}}),
            "info room opened rid=r1 why=\"a b\" n=3");
}

TEST(Log, AnEmptyValueIsVisible) {
  EXPECT_EQ(format_line(Form::kText, Level::kWarn, "e", {{"x", ""}}), "warn e x=\"\"");
}

TEST(Log, AValueCannotForgeALine) {
  const auto line = format_line(Form::kText, Level::kInfo, "e", {{"x", "a\ninfo forged\x1b[31m\x7f"}});
  EXPECT_EQ(line.find('\n'), line.npos);
  EXPECT_EQ(line.find('\x1b'), line.npos);
  EXPECT_EQ(format_line(Form::kText, Level::kInfo, "e", {{"x", "\x1b[31m"}}).find('\x1b'), line.npos);
}

TEST(Log, JsonQuotesTextAndLeavesNumbersBare) {
  EXPECT_EQ(format_line(Form::kJson, Level::kError, "e", {{"text", "1"}, {"n", 1}, {"yes", true}, {"q", "\"\\\t"}}),
            R"("level":"error","event":"e","text":"1","n":1,"yes":true,"q":"\"\\\u0009")");
}

TEST(Log, ALevelBelowTheConfiguredOneIsOff) {
  configure(Level::kWarn, Form::kText);
  EXPECT_FALSE(enabled(Level::kInfo));
  EXPECT_TRUE(enabled(Level::kWarn));
  configure(Level::kInfo, Form::kText);
  EXPECT_TRUE(enabled(Level::kInfo));
}

TEST(Log, WhatIsWrittenIsALineWithTheTime) {
  configure(Level::kInfo, Form::kJson);
  testing::internal::CaptureStderr();
  info("started", {{"port", 8080}});
  const auto line = testing::internal::GetCapturedStderr();
  configure(Level::kInfo, Form::kText);
  EXPECT_TRUE(line.starts_with("{\"time\":\"20")) << line;
  EXPECT_TRUE(line.ends_with("Z\",\"level\":\"info\",\"event\":\"started\",\"port\":8080}\n")) << line;
}

}  // namespace
}  // namespace heliograph::base::log
