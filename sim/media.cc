// SPDX-License-Identifier: Apache-2.0
#include "sim/media.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "rtp/vp8.h"

namespace heliograph::sim {
namespace {

constexpr size_t kHistory = 2000;
constexpr uint32_t kMagic = 0x48454c49;

bool video(plan::Codec codec) { return plan::kind_of(codec) == plan::Kind::kVideo; }

}  // namespace

void Stamp::write(base::ByteWriter& out) const {
  out.u32(kMagic);
  out.u8(static_cast<uint8_t>(layer << 4 | life));
  out.u8(keyframe ? 1 : 0);
  out.u32(frame);
  out.u8(packet);
  out.u8(packets);
}

std::optional<Stamp> Stamp::read(base::ConstBytes bytes) {
  base::ByteReader in(bytes);
  if (in.u32() != kMagic) return std::nullopt;
  Stamp s;
  const uint8_t both = in.u8();
  s.layer = both >> 4;
  s.life = both & 15;
  s.keyframe = in.u8() != 0;
  s.frame = in.u32();
  s.packet = in.u8();
  s.packets = in.u8();
  return in.ok() ? std::optional(s) : std::nullopt;
}

Source::Source(const Options& options, base::Rng& rng)
    : options_(options),
      next_index_(0xff00 + rng.below(0x80)),  // below 2^16, and over it within a second
      rtx_index_(rng.below(0x7fff)),
      timestamp_offset_(0U - static_cast<uint32_t>(rng.below(200'000))),
      picture_id_(static_cast<uint16_t>(0x7ff0 - rng.below(16))),
      tl0_pic_idx_(static_cast<uint8_t>(rng.below(256))) {}

uint32_t Source::timestamp_at(base::Timestamp now) const {
  return timestamp_offset_ +
         static_cast<uint32_t>(static_cast<__int128>(now.us()) * plan::clock_rate(options_.codec) / 1'000'000);
}

std::vector<Packet> Source::frame(base::Timestamp now) {
  const bool key = video(options_.codec) && std::exchange(keyframe_due_, false);
  const auto count = static_cast<uint8_t>(options_.packets_a_frame * (key ? 3 : 1));
  std::vector<Packet> packets;
  for (uint8_t i = 0; i < count; ++i)
    packets.push_back(packet(timestamp_at(now), {options_.layer, options_.life, key, frame_, i, count}));
  packets.back().marker = true;
  ++frame_;
  picture_id_ = static_cast<uint16_t>((picture_id_ + 1) & 0x7fff);
  ++tl0_pic_idx_;
  for (const auto& p : packets) sent_.push_back(p);
  while (sent_.size() > kHistory) sent_.pop_front();
  return packets;
}

Packet Source::packet(uint32_t timestamp, const Stamp& stamp) {
  Packet p{options_.ssrc, options_.payload_type, next_index_++, timestamp, false, {}};
  p.payload.resize(options_.payload_size - (options_.uneven ? p.index % 7 : 0));
  base::ByteWriter out(p.payload);
  if (options_.codec == plan::Codec::kVp8) {
    rtp::Vp8Descriptor d;
    d.extended = true;
    d.start_of_partition = stamp.packet == 0;
    d.picture_id = picture_id_;
    d.long_picture_id = true;
    d.tl0_pic_idx = tl0_pic_idx_;
    d.write(out);
    out.u8(stamp.keyframe ? 0 : 1);  // RFC 7741 section 4.3: P, in the first byte of the frame
  }
  stamp.write(out);
  return p;
}

std::optional<Packet> Source::retransmit(uint16_t sequence_number) {
  const auto found =
      std::ranges::find_if(sent_, [&](const Packet& p) { return static_cast<uint16_t>(p.index) == sequence_number; });
  if (found == sent_.end()) return std::nullopt;
  if (!options_.rtx_ssrc || !options_.rtx_payload_type) return *found;
  Packet rtx = *found;
  rtx.ssrc = *options_.rtx_ssrc;
  rtx.payload_type = *options_.rtx_payload_type;
  rtx.index = rtx_index_++;
  rtx.payload.insert(rtx.payload.begin(),
                     {static_cast<uint8_t>(sequence_number >> 8), static_cast<uint8_t>(sequence_number)});
  return rtx;
}

void Receiver::on_packet(base::Timestamp now, uint16_t sequence_number, uint32_t timestamp, bool marker,
                         base::ConstBytes payload) {
  Got got{timestamp, marker, {}, -1};
  if (line_.codec.codec == plan::Codec::kVp8) {
    const auto d = rtp::Vp8Descriptor::parse(payload);
    if (!d || payload.size() < d->size + 1U) return breach("a VP8 payload without descriptor");
    got.picture_id = d->picture_id ? *d->picture_id : -1;
    payload = payload.subspan(d->size + 1U);
  }
  const auto stamp = Stamp::read(payload);
  if (!stamp) return breach(fmt::format("payload of {} is not what was sent", sequence_number));
  got.stamp = *stamp;
  const int64_t number = unwrapper_.unwrap(sequence_number);
  const auto [found, fresh] = received_.emplace(number, got);
  if (!fresh) {
    ++duplicates_;
    if (!(found->second.stamp == got.stamp)) breach(fmt::format("number {} came twice with other contents", number));
    return;
  }
  if (marker) ++frames_;
  if (stamp->keyframe && !first_keyframe_) first_keyframe_ = now;
  if (number == *unwrapper_.newest()) {
    if (layer_ && *layer_ != stamp->layer) ++switches_;
    layer_ = stamp->layer;
    life_ = stamp->life;
    if (newest_at_) longest_gap_ = std::max(longest_gap_, now - *newest_at_);
    newest_at_ = now;
  }
}

std::vector<uint16_t> Receiver::missing() const {
  return received_.empty() ? std::vector<uint16_t>() : missing_since(received_.begin()->first);
}

std::vector<uint16_t> Receiver::missing_lately() const {
  if (received_.empty()) return {};
  return missing_since(std::max(received_.begin()->first, received_.rbegin()->first - kLately));
}

std::vector<uint16_t> Receiver::missing_since(int64_t expected) const {
  std::vector<uint16_t> lost;
  for (auto it = received_.lower_bound(expected); it != received_.end(); ++it) {
    for (; expected < it->first; ++expected)
      if (it->first - expected < 500) lost.push_back(static_cast<uint16_t>(expected));
    expected = it->first + 1;
  }
  return lost;
}

void Receiver::check_complete() {
  if (received_.empty()) return;
  const auto& first = received_.begin()->second.stamp;
  if (video(line_.codec.codec) && (!first.keyframe || first.packet != 0)) breach("does not begin with a keyframe");
  const auto lost = missing();
  if (!lost.empty()) breach(fmt::format("{} numbers are missing, first {}", lost.size(), lost.front()));
  for (auto it = received_.begin(); std::next(it) != received_.end(); ++it)
    check_pair(std::next(it)->first, it->second, std::next(it)->second);
}

// What must hold between a packet and its successor by number.
void Receiver::check_pair(int64_t number, const Got& before, const Got& after) {
  const auto& a = before.stamp;
  const auto& b = after.stamp;
  const bool same_source = a.layer == b.layer && a.life == b.life;
  const bool same_frame = same_source && a.frame == b.frame;
  const auto step = static_cast<int32_t>(after.timestamp - before.timestamp);
  if (same_frame ? step != 0 : step <= 0) breach(fmt::format("timestamp moves by {} at {}", step, number));
  if (step > longest_silence_.us() * plan::clock_rate(line_.codec.codec) / 1'000'000)
    breach(fmt::format("timestamp jumps by {} at {}", step, number));
  if (same_frame && b.packet != a.packet + 1) breach(fmt::format("packets out of order within a frame at {}", number));
  if (!same_frame && b.packet != 0) breach(fmt::format("a frame begins in its middle at {}", number));
  if (same_source && video(line_.codec.codec) && b.frame > a.frame + 1 && !b.keyframe)
    breach(fmt::format("frames are left out without a keyframe at {}", number));
  if (!same_source && video(line_.codec.codec) && !b.keyframe)
    breach(fmt::format("another source begins without a keyframe at {}", number));
  if (before.picture_id >= 0 && after.picture_id >= 0) {
    const int32_t want = same_frame ? before.picture_id : (before.picture_id + 1) & 0x7fff;
    if (after.picture_id != want)
      breach(fmt::format("picture id {} after {} at {}", after.picture_id, before.picture_id, number));
  }
}

}  // namespace heliograph::sim
