// SPDX-License-Identifier: Apache-2.0
#include "hls/codec_parameters.h"

#include <algorithm>

#include "base/bytes.h"

extern "C" {
#include <libavutil/channel_layout.h>
}

namespace heliograph::hls {
namespace {

using Result = std::expected<libav::Parameters, base::Trouble>;

std::unexpected<base::Trouble> refused(std::string sentence) {
  return std::unexpected(base::Trouble{std::make_error_code(std::errc::invalid_argument), std::move(sentence)});
}

Result with_record(AVMediaType type, AVCodecID codec, base::ConstBytes record) {
  libav::Parameters parameters(avcodec_parameters_alloc());
  if (!parameters) return refused("no memory for a track's parameters");
  parameters->codec_type = type;
  parameters->codec_id = codec;
  if (record.empty()) return parameters;
  parameters->extradata = libav::padded_copy(record.data(), record.size());
  if (parameters->extradata == nullptr) return refused("no memory for a track's configuration");
  parameters->extradata_size = static_cast<int>(record.size());
  return parameters;
}

AVPixelFormat pixel_format(uint8_t bit_depth, uint8_t subsampling) {
  constexpr AVPixelFormat kFormats[3][3] = {{AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P10, AV_PIX_FMT_YUV420P12},
                                            {AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV422P10, AV_PIX_FMT_YUV422P12},
                                            {AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUV444P10, AV_PIX_FMT_YUV444P12}};
  const auto row = subsampling <= 1 ? 0 : subsampling - 1;  // 0: 4:2:0 vertical, 1: collocated, 2: 4:2:2, 3: 4:4:4
  const bool known = subsampling <= 3 && (bit_depth == 8 || bit_depth == 10 || bit_depth == 12);
  return known ? kFormats[row][(bit_depth - 8) / 2] : AV_PIX_FMT_NONE;
}

// libavformat makes vpcC out of the parameters, so the payload is taken apart (VP Codec ISO Media File Format Binding
// section 3): profile, level, depth | subsampling | range, primaries, transfer, matrix, codecInitializationDataSize.
Result vp9_parameters(base::ConstBytes record) {
  base::ByteReader reader(record);
  const int profile = reader.u8(), level = reader.u8();
  const uint8_t packed = reader.u8();
  const int primaries = reader.u8(), transfer = reader.u8(), matrix = reader.u8();
  const uint8_t subsampling = (packed >> 1) & 7;
  const auto format = pixel_format(packed >> 4, subsampling);
  if (!reader.ok() || format == AV_PIX_FMT_NONE)
    return refused("the configuration of a VP9 track is not a vpcC record");
  auto made = with_record(AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_VP9, {});
  if (!made) return made;
  AVCodecParameters& parameters = **made;
  parameters.profile = profile;
  parameters.level = level;
  parameters.format = format;
  parameters.chroma_location = subsampling == 0 ? AVCHROMA_LOC_LEFT : AVCHROMA_LOC_TOPLEFT;
  parameters.color_range = (packed & 1) != 0 ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  parameters.color_primaries = static_cast<AVColorPrimaries>(primaries);
  parameters.color_trc = static_cast<AVColorTransferCharacteristic>(transfer);
  parameters.color_space = static_cast<AVColorSpace>(matrix);
  return made;
}

Result h264_parameters(base::ConstBytes record) {
  // Our samples have 4-byte lengths: lengthSizeMinusOne is 3.
  if (record.size() < 7 || record[0] != 1 || (record[4] & 3) != 3 || parameter_sets(record).empty())
    return refused("the configuration of an H264 track is not an avcC record with 4-byte lengths");
  return with_record(AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_H264, record);
}

Result av1_parameters(base::ConstBytes record) {
  // marker and version (AV1 ISOBMFF section 2.3.3)
  if (record.size() < 4 || record[0] != 0x81) return refused("the configuration of an AV1 track is not an av1C record");
  return with_record(AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_AV1, record);
}

Result video_parameters(const VideoConfig& config) {
  switch (config.codec) {
    case plan::Codec::kH264:
      return h264_parameters(config.record);
    case plan::Codec::kVp9:
      return vp9_parameters(config.record);
    case plan::Codec::kAv1:
      return av1_parameters(config.record);
    case plan::Codec::kVp8:  // libavformat refuses it in mp4, and no player takes it there
    case plan::Codec::kOpus:
      break;
  }
  return refused("there is no video track of this codec in mp4");
}

Result audio_parameters(const AudioConfig& config) {
  if (config.codec == AudioCodec::kAac) {
    if (config.record.size() < 2) return refused("the configuration of an AAC track is not an AudioSpecificConfig");
    return with_record(AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_AAC, config.record);
  }
  // RFC 7845 section 5.1: 19 bytes at least, with the magic in front.
  const auto magic = base::as_bytes("OpusHead");
  if (config.record.size() < 19 || !std::ranges::equal(base::ConstBytes(config.record).first(magic.size()), magic))
    return refused("the configuration of an Opus track is not an OpusHead");
  return with_record(AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_OPUS, config.record);
}

bool append_sets(base::ByteReader& reader, int count, std::vector<uint8_t>& out) {
  for (int i = 0; i < count; ++i) {
    const uint16_t size = reader.u16();
    const auto set = reader.bytes(size);
    if (!reader.ok()) return false;
    const uint8_t length[4] = {0, 0, static_cast<uint8_t>(size >> 8), static_cast<uint8_t>(size)};
    out.insert(out.end(), length, length + 4);
    out.insert(out.end(), set.begin(), set.end());
  }
  return true;
}

}  // namespace

Result codec_parameters(const VideoConfig& config) {
  if (config.width == 0 || config.height == 0) return refused("a video track has no width or no height");
  auto made = video_parameters(config);
  if (!made) return made;
  (*made)->width = config.width;
  (*made)->height = config.height;
  return made;
}

Result codec_parameters(const AudioConfig& config) {
  if (config.channels < 1 || config.channels > 8) return refused("an audio track has no channels or more than eight");
  auto made = audio_parameters(config);
  if (!made) return made;
  (*made)->sample_rate = kAudioRate;
  if (config.codec == AudioCodec::kAac) (*made)->frame_size = 1024;
  av_channel_layout_default(&(*made)->ch_layout, config.channels);
  return made;
}

std::vector<uint8_t> parameter_sets(base::ConstBytes avcc) {
  base::ByteReader reader(avcc);
  reader.skip(5);
  std::vector<uint8_t> sets;
  if (!append_sets(reader, reader.u8() & 0x1f, sets) || !append_sets(reader, reader.u8(), sets) || !reader.ok())
    return {};
  return sets;
}

}  // namespace heliograph::hls
