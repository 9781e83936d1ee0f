// SPDX-License-Identifier: Apache-2.0
#include "gateway/response_head.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heliograph::gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ResponseHead, HasStatusHeadersAndLength) {
  const Response response{.status = 206, .content_type = "video/mp4", .body = "12345", .headers = {{"A", "b"}}};
  EXPECT_EQ(head_of(response, {}, "today"),
            "HTTP/1.1 206 Partial Content\r\nA: b\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: "
            "no-referrer\r\nDate: today\r\nContent-Type: video/mp4\r\nContent-Length: "
            "5\r\n\r\n");
}

TEST(ResponseHead, WhatARouteSaysItselfIsNotSaidTwice) {
  const Response response{.headers = {{"Referrer-Policy", "origin"}}};
  const auto head = head_of(response, {}, "today");
  EXPECT_THAT(head, HasSubstr("Referrer-Policy: origin\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("no-referrer")));
}

// RFC 9112 section 9.3
TEST(ResponseHead, SaysWhetherTheConnectionStaysWhereItIsNotTheDefault) {
  const auto head = [](bool http_1_1, bool keep_alive) { return head_of({}, {http_1_1, keep_alive, false}, ""); };
  EXPECT_THAT(head(true, true), Not(HasSubstr("Connection")));
  EXPECT_THAT(head(true, false), HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(head(false, false), Not(HasSubstr("Connection")));
  EXPECT_THAT(head(false, true), HasSubstr("HTTP/1.0 200 OK\r\n"));
  EXPECT_THAT(head(false, true), HasSubstr("Connection: keep-alive\r\n"));
}

// RFC 9110 section 8.6
TEST(ResponseHead, HasNoLengthWhereThereIsNoContent) {
  EXPECT_THAT(head_of({.status = 204}, {}, ""), Not(HasSubstr("Content-Length")));
  EXPECT_THAT(head_of({.status = 304}, {}, ""), Not(HasSubstr("Content-Length")));
  EXPECT_THAT(head_of({.status = 200}, {}, ""), HasSubstr("Content-Length: 0\r\n"));
}

TEST(ResponseHead, AValueOfTwoLinesIsLeftOut) {
  const Response response{.headers = {{"A", "b\r\nC: d"}, {"E", "f\n"}, {"G", "h"}}};
  const auto head = head_of(response, {}, "today");
  EXPECT_THAT(head, Not(HasSubstr("C: d")));
  EXPECT_THAT(head, Not(HasSubstr("E:")));
  EXPECT_THAT(head, HasSubstr("G: h\r\n"));
}

// RFC 9110 section 5.6.7 has this very example.
TEST(ResponseHead, ADateIsThatOfItsSecond) {
  HttpDate date;
  EXPECT_EQ(date.at(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.at(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.at(784'111'778), "Sun, 06 Nov 1994 08:49:38 GMT");
}

TEST(ResponseHead, AStatusThatItDoesNotKnowHasThePhraseOfItsClass) {
  EXPECT_EQ(reason_of(404), "Not Found");
  EXPECT_EQ(reason_of(418), "Bad Request");
  EXPECT_EQ(reason_of(599), "Internal Server Error");
}

}  // namespace
}  // namespace heliograph::gateway
