// SPDX-License-Identifier: Apache-2.0
// Streams of real encoders through a network that loses, delays and shuffles.
#include "hls/frame_assembler.h"

#include <map>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "base/hex.h"
#include "base/rng.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hls/testing_packetizer.h"

namespace heliograph::hls {
namespace {

using base::Duration;
using base::Timestamp;
using plan::Codec;
using testing::EncodedPicture;
using testing::Payload;
using testing::sample_of;

Timestamp at_ms(int64_t ms) { return Timestamp::from_micros(1'000'000 + ms * 1'000); }

const std::vector<EncodedPicture>& pictures_of(Codec codec) {
  static std::map<Codec, std::vector<EncodedPicture>> made;
  auto& pictures = made[codec];
  if (pictures.empty()) pictures = testing::encode_pictures(codec, 96, 64, 40);
  return pictures;
}

struct Sender {
  int64_t sequence = 65'530;
  uint64_t source = 1;
  uint32_t timestamp = 0xffff'0000;  // wraps on the way
};

// The packets of one picture. `last_marked`: false for senders that do not know the marker.
struct Packet {
  RtpPacket header;
  Payload payload;
  RtpPacket view() const {
    auto packet = header;
    packet.payload = payload;
    return packet;
  }
};
std::vector<Packet> packets_of(Sender& sender, const std::vector<Payload>& payloads, bool last_marked = true) {
  std::vector<Packet> packets;
  for (const auto& payload : payloads) {
    RtpPacket header;
    header.source = sender.source;
    header.sequence = sender.sequence++;
    header.timestamp = sender.timestamp;
    packets.push_back({header, payload});
  }
  if (!packets.empty()) packets.back().header.marker = last_marked;
  sender.timestamp += 3'000;
  return packets;
}

void receive(FrameAssembler& assembler, Timestamp now, const Packet& packet) {
  auto view = packet.view();
  view.arrival = now;
  assembler.receive(now, view);
}
std::vector<Frame> take_all(FrameAssembler& assembler, Timestamp now) {
  std::vector<Frame> frames;
  while (auto frame = assembler.take(now)) frames.push_back(std::move(*frame));
  return frames;
}

std::string name_of(const ::testing::TestParamInfo<Codec>& info) { return std::string(encoding_name(info.param)); }

class FrameAssemblerOf : public ::testing::TestWithParam<Codec> {};
INSTANTIATE_TEST_SUITE_P(Codecs, FrameAssemblerOf, ::testing::Values(Codec::kH264, Codec::kVp9, Codec::kAv1), name_of);

// Frames through libavcodec with the record as its configuration; returns pictures, or nothing after an error.
std::optional<size_t> decoded(const std::vector<Frame>& frames) {
  libav::redirect_log();
  const auto codec = frames.at(0).config->codec;
  libav::Parameters parameters(avcodec_parameters_alloc());
  parameters->codec_type = AVMEDIA_TYPE_VIDEO;
  parameters->codec_id = codec == Codec::kH264  ? AV_CODEC_ID_H264
                         : codec == Codec::kVp9 ? AV_CODEC_ID_VP9
                                                : AV_CODEC_ID_AV1;
  const auto& record = frames[0].config->record;
  if (codec != Codec::kVp9) {
    parameters->extradata = libav::padded_copy(record.data(), record.size());
    parameters->extradata_size = static_cast<int>(record.size());
  }
  const auto decoder = testing::internal::open_decoder(*parameters);
  const libav::Packet packet(av_packet_alloc());
  testing::Demuxed::Stream stream;
  int damaged = 0;
  for (const auto& frame : frames) {
    testing::require(av_new_packet(packet.get(), static_cast<int>(frame.data.size())), "a packet");
    std::ranges::copy(frame.data, packet->data);
    testing::internal::decode(*decoder, packet.get(), stream, damaged);
    av_packet_unref(packet.get());
  }
  testing::internal::decode(*decoder, nullptr, stream, damaged);
  if (damaged != 0) return std::nullopt;
  for (const auto& size : stream.decoded)
    EXPECT_EQ(size, std::pair(int{frames[0].config->width}, int{frames[0].config->height}));
  return stream.decoded.size();
}

TEST_P(FrameAssemblerOf, WhatAnEncoderMadeDecodesBehindThePackets) {
  const auto& pictures = pictures_of(GetParam());
  base::Rng rng(1);
  FrameAssembler assembler(GetParam(), "");
  EXPECT_TRUE(assembler.needs_keyframe());
  Sender sender;
  std::vector<Frame> frames;
  for (const auto& picture : pictures) {
    const uint32_t timestamp = sender.timestamp;
    for (const auto& packet : packets_of(sender, packetize(GetParam(), picture, 200, rng)))
      receive(assembler, at_ms(0), packet);
    auto frame = assembler.take(at_ms(0));
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->timestamp, timestamp);
    EXPECT_EQ(frame->keyframe, picture.keyframe);
    EXPECT_EQ(frame->config != nullptr, picture.keyframe);
    EXPECT_EQ(frame->data, sample_of(GetParam(), picture.stream));
    if (frame->config && !frames.empty()) EXPECT_EQ(frame->config, frames[0].config) << "the same, not an equal one";
    frames.push_back(std::move(*frame));
  }
  EXPECT_FALSE(assembler.needs_keyframe());
  EXPECT_EQ(assembler.frames_lost(), 0U);
  EXPECT_FALSE(assembler.take(at_ms(0)));
  EXPECT_TRUE(assembler.next_time().is_never());
  EXPECT_EQ(frames.at(0).config->width, 96);
  EXPECT_EQ(frames.at(0).config->height, 64);
  EXPECT_EQ(decoded(frames), pictures.size());
}

// What the network does with a packet, in virtual time.
struct Network {
  double loss = 0;      // of a packet
  double hopeless = 0;  // of what is lost: never comes
  int64_t jitter_ms = 0;
  int64_t repair_ms = 150;  // what is lost comes so much later, at most
  bool markers = true;
};
struct Arrival {
  Timestamp time;
  uint64_t order = 0;
  size_t picture = 0;
  Packet packet;
};

std::vector<Arrival> arrivals(Codec codec, const Network& network, base::Rng& rng, size_t rounds) {
  std::vector<Arrival> all;
  Sender sender;
  const auto& pictures = pictures_of(codec);
  for (size_t i = 0; i < rounds * pictures.size(); ++i) {
    const auto sent = at_ms(static_cast<int64_t>(i) * 33);
    auto payloads = packetize(codec, pictures[i % pictures.size()], 60 + rng.below(300), rng);
    if (rng.chance(0.1)) payloads.emplace_back();  // padding
    for (auto& packet : packets_of(sender, payloads, network.markers)) {
      auto time = sent + Duration::micros(
                             static_cast<int64_t>(rng.below(static_cast<uint64_t>(network.jitter_ms) * 1'000 + 1)));
      if (rng.chance(network.loss)) {
        if (rng.chance(network.hopeless)) continue;
        time = time +
               Duration::millis(20 + static_cast<int64_t>(rng.below(static_cast<uint64_t>(network.repair_ms) - 20)));
      }
      all.push_back({time, all.size(), i, std::move(packet)});
    }
  }
  std::ranges::sort(
      all, [](const Arrival& a, const Arrival& b) { return std::pair(a.time, a.order) < std::pair(b.time, b.order); });
  return all;
}

// The number of the picture behind each frame that came out; checked byte by byte.
std::vector<size_t> shown(Codec codec, const std::vector<Frame>& frames) {
  std::vector<size_t> numbers;
  const auto& pictures = pictures_of(codec);
  for (const auto& frame : frames) {
    const uint32_t number = (frame.timestamp - Sender().timestamp) / 3'000;
    const auto& picture = pictures[number % pictures.size()];
    EXPECT_EQ(frame.keyframe, picture.keyframe);
    EXPECT_EQ(frame.data, sample_of(codec, picture.stream)) << "picture " << number;
    numbers.push_back(number);
  }
  return numbers;
}

std::vector<Frame> play(FrameAssembler& assembler, const std::vector<Arrival>& all) {
  std::vector<Frame> frames;
  const auto take = [&](Timestamp now) {
    for (auto& frame : take_all(assembler, now)) {
      EXPECT_LE(frame.arrival, now);
      frames.push_back(std::move(frame));
    }
    EXPECT_GT(assembler.next_time(), now);
  };
  for (const auto& arrival : all) {
    while (assembler.next_time() < arrival.time) take(assembler.next_time());
    receive(assembler, arrival.time, arrival.packet);
    take(arrival.time);
  }
  while (!assembler.next_time().is_never()) take(assembler.next_time());
  return frames;
}

TEST_P(FrameAssemblerOf, NothingIsLostWhenEverythingComesInTime) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    base::Rng rng(seed);
    const auto all =
        arrivals(GetParam(), {.loss = 0.1, .jitter_ms = 30, .repair_ms = 69, .markers = seed % 4 != 0}, rng, 1);
    FrameAssembler assembler(GetParam(), "");
    const auto numbers = shown(GetParam(), play(assembler, all));
    // Without markers the last picture waits for the next.
    const size_t expected = pictures_of(GetParam()).size() - (seed % 4 != 0 ? 0 : 1);
    ASSERT_EQ(numbers.size(), expected) << "seed " << seed;
    for (size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], i);
    ASSERT_EQ(assembler.frames_lost(), 0U);
    ASSERT_FALSE(assembler.needs_keyframe());
  }
}

TEST_P(FrameAssemblerOf, NoFrameComesWithoutWhatItRefersTo) {
  size_t total = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    base::Rng rng(seed);
    const Network network{
        .loss = 0.03, .hopeless = 0.3, .jitter_ms = static_cast<int64_t>(seed % 60), .markers = seed % 3 != 0};
    const auto all = arrivals(GetParam(), network, rng, 3);
    FrameAssembler assembler(GetParam(), "");
    const auto frames = play(assembler, all);
    const auto numbers = shown(GetParam(), frames);
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (i > 0) ASSERT_GT(numbers[i], numbers[i - 1]);
      if (!frames[i].keyframe) ASSERT_EQ(numbers[i], numbers[i - 1] + 1) << "seed " << seed;
    }
    total += numbers.size();
    const size_t missing = 3 * pictures_of(GetParam()).size() - numbers.size();
    EXPECT_LE(assembler.frames_lost(), missing + 10) << "seed " << seed;
    EXPECT_GE(assembler.frames_lost() + 30, missing) << "seed " << seed;
  }
  EXPECT_GT(total, 60U * 30);
}

TEST_P(FrameAssemblerOf, TwoSourcesFollowOneAnotherAndTheFirstCannotComeBack) {
  const auto& pictures = pictures_of(GetParam());
  base::Rng rng(2);
  FrameAssembler assembler(GetParam(), "");
  Sender first, second{.sequence = 3, .source = 9, .timestamp = 77};
  std::vector<Packet> late;
  for (size_t i = 0; i < 4; ++i) {
    auto packets = packets_of(first, packetize(GetParam(), pictures[i], 100, rng));
    for (const auto& packet : packets) receive(assembler, at_ms(0), packet);
    late = packets;
  }
  // Whole, but taken only later; and a picture that is cut.
  auto cut = packets_of(first, packetize(GetParam(), pictures[4], 40, rng));
  cut.pop_back();
  for (const auto& packet : cut) receive(assembler, at_ms(0), packet);
  for (const auto& packet : packets_of(second, packetize(GetParam(), pictures[0], 100, rng)))
    receive(assembler, at_ms(10), packet);
  for (const auto& packet : late) receive(assembler, at_ms(20), packet);
  const auto frames = take_all(assembler, at_ms(20));
  ASSERT_EQ(frames.size(), 5U);
  EXPECT_EQ(frames[3].source, 1U);
  EXPECT_EQ(frames[4].source, 9U);
  EXPECT_TRUE(frames[4].keyframe);
  EXPECT_EQ(frames[4].config, frames[0].config);
  EXPECT_EQ(assembler.frames_lost(), 1U);
  EXPECT_FALSE(assembler.needs_keyframe());
}

TEST_P(FrameAssemblerOf, AnotherSourceBeginsWithAKeyframe) {
  const auto& pictures = pictures_of(GetParam());
  base::Rng rng(2);
  FrameAssembler assembler(GetParam(), "");
  Sender first, second{.sequence = 3, .source = 9, .timestamp = 77};
  for (const auto& packet : packets_of(first, packetize(GetParam(), pictures[0], 100, rng)))
    receive(assembler, at_ms(0), packet);
  EXPECT_EQ(take_all(assembler, at_ms(0)).size(), 1U);
  for (const auto& packet : packets_of(second, packetize(GetParam(), pictures[1], 100, rng)))
    receive(assembler, at_ms(10), packet);
  EXPECT_TRUE(assembler.needs_keyframe());
  EXPECT_TRUE(take_all(assembler, at_ms(10)).empty());
}

TEST_P(FrameAssemblerOf, AnotherSizeIsAnotherConfigFromTheKeyframeOn) {
  base::Rng rng(5);
  FrameAssembler assembler(GetParam(), "");
  Sender sender;
  std::vector<Frame> frames;
  for (const int width : {96, 128}) {
    for (const auto& picture : testing::encode_pictures(GetParam(), width, 64, 3))
      for (const auto& packet : packets_of(sender, packetize(GetParam(), picture, 200, rng)))
        receive(assembler, at_ms(0), packet);
    for (auto& frame : take_all(assembler, at_ms(0))) frames.push_back(std::move(frame));
  }
  ASSERT_EQ(frames.size(), 6U);
  EXPECT_EQ(frames[0].config->width, 96);
  EXPECT_EQ(frames[3].config->width, 128);
  EXPECT_NE(*frames[0].config, *frames[3].config);
  EXPECT_EQ(decoded({frames[3], frames[4], frames[5]}), 3U);
}

// Each cut one way or another; what a packet says of its size is not believed.
TEST_P(FrameAssemblerOf, RubbishIsSurvivedAndBounded) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    base::Rng rng(seed);
    auto all = arrivals(GetParam(), {.loss = 0.1, .hopeless = 0.5, .jitter_ms = 20}, rng, 1);
    for (auto& arrival : all) {
      auto& payload = arrival.packet.payload;
      if (!payload.empty() && rng.chance(0.2)) payload.resize(rng.below(payload.size() + 1));
      if (!payload.empty() && rng.chance(0.2)) payload[rng.below(payload.size())] = static_cast<uint8_t>(rng());
      if (rng.chance(0.02)) arrival.packet.header.sequence += static_cast<int64_t>(rng.below(100'000)) - 50'000;
      if (rng.chance(0.05)) arrival.packet.header.timestamp = rng.u32();
      if (rng.chance(0.05)) arrival.packet.header.marker = rng.chance(0.5);
    }
    FrameAssembler assembler(GetParam(), "");
    for (const auto& arrival : all) {
      receive(assembler, arrival.time, arrival.packet);
      for (const auto& frame : take_all(assembler, arrival.time)) EXPECT_EQ(frame.keyframe, frame.config != nullptr);
    }
  }
}

// RFC 6184 section 8.2.1: sets that came in band are their sender's; those of the description are everybody's.
TEST(FrameAssembler, ParameterSetsOfOneSourceAreNoneOfAnother) {
  FrameAssembler assembler(Codec::kH264, "");
  base::Rng rng(1);
  const auto& keyframe = pictures_of(Codec::kH264).front().stream;
  std::vector<Payload> slices;
  for (const auto nal : testing::nal_units(keyframe))
    if ((nal[0] & 0x1f) == 5) slices.emplace_back(nal.begin(), nal.end());
  Sender first, second{.sequence = 100, .source = 2};
  for (const auto& packet : packets_of(first, testing::H264Packetizer(rng, 300).packetize(keyframe)))
    receive(assembler, at_ms(0), packet);
  for (const auto& packet : packets_of(first, slices)) receive(assembler, at_ms(0), packet);
  EXPECT_EQ(take_all(assembler, at_ms(0)).size(), 2U);
  for (const auto& packet : packets_of(second, slices)) receive(assembler, at_ms(0), packet);
  EXPECT_TRUE(take_all(assembler, at_ms(500)).empty());
  EXPECT_TRUE(assembler.needs_keyframe());
}

TEST(FrameAssembler, AFrameArrivedWithTheFirstOfItsPackets) {
  FrameAssembler assembler(Codec::kH264, "");
  base::Rng rng(1);
  Sender sender;
  auto packets = packets_of(sender, testing::H264Packetizer(rng, 100).packetize(pictures_of(Codec::kH264)[0].stream));
  ASSERT_GT(packets.size(), 2U);
  std::swap(packets[0], packets[1]);
  for (size_t i = 0; i < packets.size(); ++i) {
    auto view = packets[i].view();
    view.arrival = at_ms(static_cast<int64_t>(10 + i));  // it crossed from another thread
    assembler.receive(at_ms(50), view);
  }
  const auto frame = assembler.take(at_ms(50));
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->arrival, at_ms(10));
}

TEST(FrameAssembler, Vp8GivesNoFramesAndWantsNoKeyframe) {
  FrameAssembler assembler(Codec::kVp8, "");
  RtpPacket packet;
  const auto payload = base::from_hex("10 00 00 00 9d 01 2a 40 01 b4 00");
  packet.payload = payload;
  packet.marker = true;
  assembler.receive(at_ms(0), packet);
  EXPECT_FALSE(assembler.take(at_ms(0)));
  EXPECT_FALSE(assembler.needs_keyframe());
  EXPECT_TRUE(assembler.next_time().is_never());
}

}  // namespace
}  // namespace heliograph::hls
