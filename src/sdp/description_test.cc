// SPDX-License-Identifier: Apache-2.0
#include "sdp/description.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace heliograph::sdp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::filesystem::path> recordings() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(HELIOGRAPH_SDP_TESTDATA)) paths.push_back(entry.path());
  std::ranges::sort(paths);
  return paths;
}

const std::string kHead = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
const std::string kVideo = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n";

Media video_with(const std::string& attributes) {
  const auto parsed = parse(kHead + kVideo + attributes);
  EXPECT_TRUE(parsed) << parsed.error().what << " in " << attributes;
  return parsed ? parsed->medias.at(0) : Media{};
}

std::string error_of(const std::string& text) {
  const auto parsed = parse(text);
  return parsed ? "" : parsed.error().what;
}

class Recording : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(Recording, IsReadAndPrintsToWhatReadsTheSame) {
  const auto text = read_file(GetParam());
  const auto first = parse(text);
  ASSERT_TRUE(first) << first.error().line << ": " << first.error().what;
  const auto second = parse(to_string(*first));
  ASSERT_TRUE(second) << second.error().line << ": " << second.error().what;
  EXPECT_EQ(*first, *second);
}

// Printing loses no attribute: the lines of both texts are the same set, but for spaces and those that are written
// differently.
TEST_P(Recording, KeepsEveryAttribute) {
  const auto text = read_file(GetParam());
  const auto count = [](const std::string& s) {
    size_t lines = 0;
    for (size_t at = s.find("\na="); at != std::string::npos; at = s.find("\na=", at + 1)) ++lines;
    return lines;
  };
  EXPECT_EQ(count(text), count(to_string(parse(text).value())));
}

TEST_P(Recording, MayHaveOtherLineEnds) {
  auto text = read_file(GetParam());
  const auto expected = parse(text);
  std::erase(text, '\r');
  EXPECT_EQ(parse(text), expected);
  while (text.ends_with('\n')) text.pop_back();
  EXPECT_EQ(parse(text), expected);
}

// Cut anywhere or with a byte changed, it is read or refused, and what is read prints to what reads the same.
TEST_P(Recording, SurvivesDamage) {
  const auto text = read_file(GetParam());
  std::mt19937 random(7);
  for (int i = 0; i < 200; ++i) {
    auto damaged = text.substr(0, 1 + random() % text.size());
    damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto parsed = parse(damaged);
    if (parsed) EXPECT_EQ(parse(to_string(*parsed)).value(), *parsed) << damaged;
  }
}

INSTANTIATE_TEST_SUITE_P(Clients, Recording, ::testing::ValuesIn(recordings()),
                         [](const auto& param) { return param.param.stem().string(); });

TEST(Description, ReadsTheSessionPart) {
  const auto d = parse(
      "v=0\no=mozilla...THIS_IS_SDPARTA-99.0 279941245777491164 3 IN IP4 0.0.0.0\ns=-\nt=0 0\nb=AS:500\na=sendrecv\n"
      "a=ice-lite\na=ice-ufrag:abcd\na=ice-pwd:0123456789012345678901\na=ice-options:ice2 trickle\n"
      "a=fingerprint:sha-256 AA:BB\na=fingerprint:sha-1 CC\na=setup:passive\na=group:BUNDLE 0 1\na=group:LS 0\n"
      "a=extmap-allow-mixed\na=msid-semantic: WMS *\na=tool:x y\na=flag\n");
  ASSERT_TRUE(d) << d.error().what;
  EXPECT_EQ(d->origin, (Origin{"mozilla...THIS_IS_SDPARTA-99.0", "279941245777491164", "3", "IN IP4 0.0.0.0"}));
  EXPECT_EQ(d->direction, Direction::kSendRecv);
  EXPECT_TRUE(d->ice_lite);
  EXPECT_TRUE(d->extmap_allow_mixed);
  EXPECT_EQ(d->transport.ice_ufrag, "abcd");
  EXPECT_EQ(d->transport.ice_pwd, "0123456789012345678901");
  EXPECT_EQ(d->transport.ice_options, "ice2 trickle");
  EXPECT_THAT(d->transport.fingerprints, ElementsAre("sha-256 AA:BB", "sha-1 CC"));
  EXPECT_EQ(d->transport.setup, Setup::kPassive);
  EXPECT_THAT(d->groups, ElementsAre(Group{"BUNDLE", {"0", "1"}}, Group{"LS", {"0"}}));
  EXPECT_EQ(d->msid_semantic, "WMS *");
  EXPECT_THAT(d->bandwidths, ElementsAre("AS:500"));
  EXPECT_THAT(d->others, ElementsAre(Attribute{"tool", "x y"}, Attribute{"flag", std::nullopt}));
}

TEST(Description, ReadsTheFormatsOfALine) {
  const auto m = video_with(
      "a=rtpmap:111 OPUS/48000/2\na=fmtp:111 minptime=10; useinbandfec=1\na=rtcp-fb:* nack  pli\na=rtcp-fb:96 nack \n");
  EXPECT_THAT(m.rtpmaps, ElementsAre(RtpMap{111, "OPUS", 48000, "2"}));
  EXPECT_THAT(m.fmtps, ElementsAre(Fmtp{111, "minptime=10; useinbandfec=1"}));
  EXPECT_THAT(m.feedbacks, ElementsAre(RtcpFeedback{std::nullopt, "nack pli"}, RtcpFeedback{96, "nack"}));
}

TEST(Description, ReadsHeaderExtensionsWithTheirDirection) {
  const auto m = video_with("a=extmap:1 urn:a\na=extmap:2/recvonly urn:b\na=extmap:4096 urn:c with attributes\n");
  EXPECT_THAT(m.extmaps, ElementsAre(ExtMap{1, std::nullopt, "urn:a", ""}, ExtMap{2, Direction::kRecvOnly, "urn:b", ""},
                                     ExtMap{4096, std::nullopt, "urn:c", "with attributes"}));
}

TEST(Description, ReadsSourcesAndTheirGroups) {
  const auto m = video_with("a=ssrc:42 cname:x\na=ssrc:42 msid:a b\na=ssrc-group:FID 42 4294967295\na=msid:a b\n");
  EXPECT_THAT(m.sources, ElementsAre(SourceAttribute{42, "cname", "x"}, SourceAttribute{42, "msid", "a b"}));
  EXPECT_THAT(m.source_groups, ElementsAre(SourceGroup{"FID", {42, 4294967295}}));
  EXPECT_THAT(m.msids, ElementsAre("a b"));
}

TEST(Description, ReadsSimulcastWithAlternativesAndPauses) {  // RFC 8853 section 5.1
  const auto m =
      video_with("a=rid:q send pt=96,97;max-width=320;max-fps=15\na=rid:h recv\na=simulcast:send q,~h;f recv ~x\n");
  EXPECT_THAT(m.rids, ElementsAre(Rid{"q", true, {96, 97}, {{"max-width", "320"}, {"max-fps", "15"}}},
                                  Rid{"h", false, {}, {}}));
  ASSERT_TRUE(m.simulcast);
  EXPECT_THAT(m.simulcast->send,
              ElementsAre(SimulcastStream{{"q", false}, {"h", true}}, SimulcastStream{{"f", false}}));
  EXPECT_THAT(m.simulcast->recv, ElementsAre(SimulcastStream{{"x", true}}));
}

TEST(Description, PrintsLinesThatNoRecordingHas) {
  const std::string lines =
      "a=extmap:2/recvonly urn:b with attributes\r\n"
      "a=rtcp-fb:* nack pli\r\n"
      "a=rid:q send pt=96,97;max-width=320\r\n"
      "a=rid:h recv max-fps=15;flag\r\n"
      "a=simulcast:send q,~h;f recv ~x\r\n";
  EXPECT_EQ(to_string(parse(kHead + kVideo + lines).value()), kHead + kVideo + lines);
}

TEST(Description, KeepsTheFormatsThatAreNotOfRtp) {
  const auto d = parse(kHead + "m=application 9 DTLS/SCTP 5000\r\na=fmtp:webrtc-datachannel x=1\r\n");
  ASSERT_TRUE(d);
  EXPECT_THAT(d->medias[0].formats, ElementsAre("5000"));
  EXPECT_THAT(d->medias[0].others, ElementsAre(Attribute{"fmtp", "webrtc-datachannel x=1"}));
}

TEST(Description, TakesALinesDirectionBeforeTheSessionsBeforeSendrecv) {  // RFC 8866 section 6.7
  const auto d = parse(kHead + "a=inactive\r\n" + kVideo + "a=sendonly\r\n" + kVideo);
  ASSERT_TRUE(d);
  EXPECT_EQ(direction_of(*d, d->medias[0]), Direction::kSendOnly);
  EXPECT_EQ(direction_of(*d, d->medias[1]), Direction::kInactive);
  const auto silent = parse(kHead + kVideo);
  EXPECT_EQ(direction_of(*silent, silent->medias[0]), Direction::kSendRecv);
}

TEST(Description, FindsTheBundleOfAMid) {
  const auto d = parse(kHead + "a=group:LS 1\r\na=group:BUNDLE 0\r\na=group:BUNDLE 1 2\r\n");
  ASSERT_TRUE(d);
  EXPECT_EQ(bundle_of(*d, "1"), &d->groups[2]);
  EXPECT_EQ(bundle_of(*d, "3"), nullptr);
}

TEST(Description, PassesOverLinesThatSayNothingToUs) {
  EXPECT_EQ(parse(kHead + "i=x\r\nu=x\r\nk=prompt\r\n\r\n"), parse(kHead));
}

struct Nonsense {
  std::string text;
  std::string what;
};
class Refused : public ::testing::TestWithParam<Nonsense> {};

TEST_P(Refused, WithAReason) { EXPECT_THAT(error_of(GetParam().text), HasSubstr(GetParam().what)); }

INSTANTIATE_TEST_SUITE_P(
    Texts, Refused,
    ::testing::Values(Nonsense{"", "no description"}, Nonsense{"hello", "not of the form"},
                      Nonsense{"o=- 1 2 IN IP4 0.0.0.0\n", "begins with v=0"}, Nonsense{"v=1\n", "begins with v=0"},
                      Nonsense{"v=0\ns=-\n", "o= is missing"}, Nonsense{"v=0\no=- x 2 IN IP4 1.1.1.1\n", "o= needs"},
                      Nonsense{"v=0\no=- 1 2\n", "o= needs"}, Nonsense{kHead + "v=0\n", "second time"},
                      Nonsense{kHead + "A=x\n", "not of the form"}, Nonsense{kHead + "a=\n", "needs a name"},
                      Nonsense{kHead + "a=x:\x01\n", "control character"},
                      Nonsense{kHead + "a=x\ry\n", "control character"}, Nonsense{kHead + "m=video 9 X\n", "m= needs"},
                      Nonsense{kHead + "m=video 65536 X 1\n", "port"}, Nonsense{kHead + kVideo + "s=-\n", "before"},
                      Nonsense{kHead + kVideo + "a=rtpmap:128 VP8/90000\n", "a=rtpmap"},
                      Nonsense{kHead + kVideo + "a=rtpmap:96 VP8\n", "a=rtpmap"},
                      Nonsense{kHead + kVideo + "a=rtcp-fb:x nack\n", "a=rtcp-fb"},
                      Nonsense{kHead + kVideo + "a=extmap:0 urn:a\n", "a=extmap"},
                      Nonsense{kHead + kVideo + "a=extmap:1/up urn:a\n", "a=extmap"},
                      Nonsense{kHead + kVideo + "a=extmap:256 urn:a\n", "a=extmap"},
                      Nonsense{kHead + kVideo + "a=extmap:4352 urn:a\n", "a=extmap"},
                      Nonsense{kHead + kVideo + "a=ssrc:4294967296 cname:x\n", "a=ssrc"},
                      Nonsense{kHead + kVideo + "a=setup:maybe\n", "a=setup"},
                      Nonsense{kHead + kVideo + "a=rid:a/b send\n", "a=rid"},
                      Nonsense{kHead + kVideo + "a=simulcast:send a;;b\n", "a=simulcast"},
                      Nonsense{kHead + kVideo + "a=mid:a b\n", "a=mid"}));

TEST(Description, SaysWhichLineIsWrong) {
  const auto parsed = parse(kHead + kVideo + "a=mid:0\r\na=rtpmap:x\r\n");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().line, 7u);
}

std::string repeated(const std::string& line, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += line;
  return text;
}

TEST(Description, HasLimits) {
  EXPECT_TRUE(parse(kHead + repeated(kVideo, kMaxMedias)));
  EXPECT_THAT(error_of(kHead + repeated(kVideo, kMaxMedias + 1)), HasSubstr("too many m="));
  EXPECT_TRUE(parse(kHead + repeated("a=x\n", kMaxAttributes)));
  EXPECT_THAT(error_of(kHead + repeated("a=x\n", kMaxAttributes + 1)), HasSubstr("too many attributes"));
  EXPECT_THAT(error_of(kHead + repeated("\n", kMaxLines)), HasSubstr("too many lines"));
  EXPECT_THAT(error_of(kHead + std::string(kMaxBytes, 'x')), HasSubstr("128 KB"));
}

}  // namespace
}  // namespace heliograph::sdp
