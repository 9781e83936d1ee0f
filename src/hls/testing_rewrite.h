// SPDX-License-Identifier: Apache-2.0
// Streams as libx264 does not make them, out of such as it does: headers written anew around the same macroblocks.
#pragma once

#include <optional>

#include "hls/bit_reader.h"
#include "hls/h264_parameter_sets.h"
#include "hls/testing_sequence.h"

namespace heliograph::hls::testing {

struct H264Rewrite {
  std::optional<uint8_t> order_type;  // pic_order_cnt_type instead of 2
  uint32_t step = 2;                  // type 0: between pictures
  bool order_delta_is_zero = false;   // type 1
  int32_t non_reference_offset = -1;  // type 1
  bool long_term = false;             // keyframes and the fifth picture behind them; with one reference more
  bool keep_vui = false;              // which says that nothing is reordered
  bool last_unreferenced = false;     // nothing refers to the last picture before a keyframe
};

// Of one slice a picture, with one reference, without weights. CABAC only where no field is added or
// taken away.
class H264Rewriter {
 public:
  explicit H264Rewriter(const H264Rewrite& wish) : wish_(wish) {}

  // packets: in byte stream format, of one sequence.
  std::vector<Frame> rewrite(const std::vector<Bytes>& packets) {
    std::vector<Frame> frames;
    FrameMaker maker;
    for (size_t i = 0; i < packets.size(); ++i) {
      const bool last = !is_keyframe(packets[i]) && i + 1 < packets.size() && is_keyframe(packets[i + 1]);
      std::vector<Bytes> units;
      for (const auto& nal : nal_units(packets[i])) units.push_back(rewrite(nal, last && wish_.last_unreferenced));
      frames.push_back(maker.make_h264(units));
    }
    return frames;
  }

 private:
  static uint8_t type_of(const Bytes& nal) { return nal[0] & 0x1f; }
  static bool is_keyframe(const Bytes& packet) {
    return std::ranges::any_of(nal_units(packet), [](const Bytes& nal) { return type_of(nal) == 5; });
  }

  Bytes rewrite(const Bytes& nal, bool unreferenced) {
    if (type_of(nal) == 7) return rewrite_sequence(nal);
    const bool slice = type_of(nal) == 1 || type_of(nal) == 5;
    return slice && wish_.order_type ? rewrite_slice(nal, unreferenced) : nal;
  }

  static uint32_t copy_ue(BitReader& in, BitWriter& out) {
    const uint32_t value = in.ue();
    out.ue(value);
    return value;
  }
  static bool copy_bit(BitReader& in, BitWriter& out) {
    const bool value = in.bit();
    out.bit(value);
    return value;
  }
  static Bytes finish(BitWriter& out) {
    auto bytes = out.take();
    while (bytes.back() == 0) bytes.pop_back();
    return escape(bytes);
  }

  Bytes rewrite_sequence(const Bytes& nal) {
    sps_ = SequenceParameters::parse(nal).value();
    const auto bytes = unescape(nal);
    BitReader in(bytes);
    BitWriter out;
    out.bits(in.bits(32), 32);
    copy_ue(in, out);
    copy_ue(in, out);
    const uint32_t old_type = in.ue();
    const uint32_t type = wish_.order_type.value_or(static_cast<uint8_t>(old_type));
    out.ue(type);
    if (old_type == 0) out.ue(in.ue());
    if (old_type != 0 && type == 0) out.ue(kOrderBits - 4);
    if (type == 1) {
      out.bit(wish_.order_delta_is_zero);
      out.se(wish_.non_reference_offset);
      out.se(0);
      out.ue(1);
      out.se(2);
    }
    out.ue(in.ue() + (wish_.long_term ? 1 : 0));
    copy_bit(in, out);
    copy_ue(in, out);
    copy_ue(in, out);
    copy_bit(in, out);
    copy_bit(in, out);
    if (copy_bit(in, out))
      for (int i = 0; i < 4; ++i) copy_ue(in, out);
    if (wish_.keep_vui) {
      while (in.left() > 0) copy_bit(in, out);
    } else {
      out.bit(false);  // vui_parameters_present_flag
      out.trailing();
    }
    return finish(out);
  }

  Bytes rewrite_slice(const Bytes& nal, bool unreferenced) {
    const bool idr = type_of(nal) == 5;
    const auto bytes = unescape(nal);
    BitReader in(bytes);
    BitWriter out;
    out.bits(unreferenced ? in.bits(8) & 0x1f : in.bits(8), 8);
    copy_ue(in, out);
    const uint32_t type = copy_ue(in, out) % 5;
    copy_ue(in, out);
    out.bits(in.bits(sps_.frame_num_bits), sps_.frame_num_bits);
    picture_ = idr ? 0 : picture_ + 1;
    if (idr) copy_ue(in, out);
    if (wish_.order_type == 0) out.bits(picture_ * wish_.step & ((1U << kOrderBits) - 1), kOrderBits);
    if (wish_.order_type == 1 && !wish_.order_delta_is_zero) out.se(unreferenced ? 2 - wish_.non_reference_offset : 0);
    if (type == 0) {
      if (copy_bit(in, out)) copy_ue(in, out);
      write_modification(in.bit(), out);
    }
    if (idr) {
      copy_bit(in, out);
      in.bit();
      out.bit(wish_.long_term);
    } else {
      const bool adaptive = in.bit();
      if (!unreferenced) write_marking(adaptive, out);
    }
    while (in.left() > 0) copy_bit(in, out);
    return finish(out);
  }

  // Behind the long-term picture another is in front of it in the list: the last short-term one.
  void write_modification(bool present, BitWriter& out) const {
    const bool chosen = wish_.long_term && picture_ == kLongTerm + 1;
    out.bit(present || chosen);
    if (!chosen) return;
    out.ue(2);
    out.ue(0);
    out.ue(3);
  }
  void write_marking(bool adaptive, BitWriter& out) const {
    const bool chosen = wish_.long_term && picture_ == kLongTerm;
    out.bit(adaptive || chosen);
    if (!chosen) return;
    for (const uint32_t command : {4U, 1U, 6U, 0U, 0U}) out.ue(command);
  }

  static constexpr unsigned kOrderBits = 8;
  static constexpr uint32_t kLongTerm = 5;

  H264Rewrite wish_;
  SequenceParameters sps_;
  uint32_t picture_ = 0;  // since the keyframe
};

inline std::vector<Frame> rewrite(const CodedSequence& sequence, const H264Rewrite& wish) {
  AVCodecID codec = AV_CODEC_ID_NONE;
  const auto packets = encode_packets(sequence, codec);
  return H264Rewriter(wish).rewrite(packets);
}

}  // namespace heliograph::hls::testing
