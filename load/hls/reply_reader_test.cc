// SPDX-License-Identifier: Apache-2.0
#include "load/hls/reply_reader.h"

#include "gtest/gtest.h"

namespace heliograph::load::hls {
namespace {

using State = ReplyReader::State;

constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\nDate: x\r\nContent-length:  5\r\n\r\nhello";

TEST(ReplyReader, AnAnswerIsReadInWhateverPiecesItComes) {
  for (size_t size = 1; size <= kReply.size(); ++size) {
    ReplyReader reader;
    reader.begin(true);
    for (size_t at = 0; at < kReply.size(); at += size) {
      const bool last = at + size >= kReply.size();
      ASSERT_EQ(reader.take(kReply.substr(at, size)), last ? State::kDone : State::kMore) << size << " at " << at;
    }
    EXPECT_EQ(reader.status(), 200);
    EXPECT_EQ(reader.body(), "hello");
    EXPECT_EQ(reader.total_bytes(), kReply.size());
    EXPECT_FALSE(reader.closes());
  }
}

TEST(ReplyReader, ABodyThatIsNotKeptIsCounted) {
  ReplyReader reader;
  reader.begin(false);
  EXPECT_EQ(reader.take(kReply), State::kDone);
  EXPECT_EQ(reader.body_bytes(), 5u);
  EXPECT_EQ(reader.body(), "");
}

TEST(ReplyReader, TheNextBeginsAfresh) {
  ReplyReader reader;
  reader.begin(true);
  reader.take("HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_TRUE(reader.closes());
  reader.begin(true);
  EXPECT_FALSE(reader.begun());
  EXPECT_EQ(reader.take("HTTP/1.1 304 Not Modified\r\n\r\n"), State::kDone);
  EXPECT_EQ(reader.status(), 304);
  EXPECT_FALSE(reader.closes());
}

TEST(ReplyReader, WhatIsNoAnswerOrMoreThanOneIsBroken) {
  for (const std::string_view bad :
       {"SSH-2.0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 abc\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy"}) {
    ReplyReader reader;
    reader.begin(true);
    EXPECT_EQ(reader.take(bad), State::kBroken) << bad;
  }
  ReplyReader endless;
  endless.begin(true);
  EXPECT_EQ(endless.take(std::string(20'000, 'x')), State::kBroken);
}

}  // namespace
}  // namespace heliograph::load::hls
