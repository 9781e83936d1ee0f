// SPDX-License-Identifier: Apache-2.0
#include "hls/fragment_writer.h"

#include <algorithm>
#include <utility>

#include "hls/av1_headers.h"

extern "C" {
#include <libavutil/mem.h>
#include <libavutil/opt.h>
}

namespace heliograph::hls {
namespace {

constexpr size_t kOutputBuffer = 4096;     // for the boxes; samples go past it
constexpr int64_t kMaxStep = 0x7fff'fffe;  // libavformat holds more between two samples for an error
constexpr size_t kBytesOfMoof = 256;       // without trun's rows, and the header of mdat
constexpr size_t kBytesOfRow = 16;         // of trun: duration, size, flags, composition offset

// frag_custom: a fragment ends when we say so. empty_moov: the moov is written before the first sample is known.
// default_base_moof: as CMAF wants it (ISO/IEC 23000-19 section 7.3.2.3), and so that a chunk can be read by itself.
// cmaf: its brand.
constexpr const char* kFlags = "frag_custom+empty_moov+default_base_moof+cmaf";
constexpr const char* kFlagsWithoutIndex = "frag_custom+empty_moov+default_base_moof+cmaf+skip_trailer";
// Before each fragment. frag_discont: its tfdt is its first sample's dts; without it libavformat writes the end of the
// fragment before, whatever hole is in between. negative_cts_offsets, which comes with cmaf, would move dts.
constexpr const char* kFlagsOfFragment = "+frag_discont-negative_cts_offsets";

// libavformat takes AV1 apart (it leaves out delimiters and padding), and writes half of what it cannot read.
bool is_temporal_unit(base::ConstBytes data) {
  bool has_frame = false;
  while (!data.empty()) {
    const auto obu = take_obu(data);
    if (!obu) return false;
    has_frame |= obu->type == ObuType::kFrame || obu->type == ObuType::kFrameHeader;
  }
  return has_frame;
}

}  // namespace

// libavformat goes back to the size of a box when it knows it; never to before what was taken, which ends with a box.
struct FragmentWriter::Callbacks {
  static int write(void* self, uint8_t* data, int size) {
    auto& out = *static_cast<Output*>(self);
    const auto count = static_cast<size_t>(size);
    const size_t over = std::min(count, out.bytes.size() - out.at);
    std::copy_n(data, over, out.bytes.begin() + static_cast<ptrdiff_t>(out.at));
    out.bytes.insert(out.bytes.end(), data + over, data + count);
    out.at += count;
    return size;
  }

  static int64_t seek(void* self, int64_t to, int whence) {
    auto& out = *static_cast<Output*>(self);
    const auto end = out.taken + static_cast<int64_t>(out.bytes.size());
    if (whence == AVSEEK_SIZE) return end;
    if (whence != SEEK_SET || to < out.taken || to > end) return AVERROR(EINVAL);
    out.at = static_cast<size_t>(to - out.taken);
    return to;
  }
};

void FragmentWriter::CloseOutput::operator()(AVIOContext* output) const {
  av_freep(&output->buffer);
  avio_context_free(&output);
}

FragmentWriter::~FragmentWriter() = default;

std::expected<std::unique_ptr<FragmentWriter>, base::Trouble> FragmentWriter::create(
    std::vector<libav::Parameters> tracks, bool with_index) {
  libav::redirect_log();
  std::unique_ptr<FragmentWriter> writer(new FragmentWriter);
  if (auto opened = writer->open(std::move(tracks), with_index); !opened) return std::unexpected(opened.error());
  return writer;
}

std::expected<void, base::Trouble> FragmentWriter::open(std::vector<libav::Parameters> tracks, bool with_index) {
  const auto no_memory = std::unexpected(libav::trouble(AVERROR(ENOMEM), "libavformat cannot begin an mp4 file"));
  AVFormatContext* file = nullptr;
  if (const int error = avformat_alloc_output_context2(&file, nullptr, "mp4", nullptr); error < 0)
    return std::unexpected(libav::trouble(error, "libavformat cannot make mp4 files"));
  file_.reset(file);
  auto* buffer = static_cast<uint8_t*>(av_malloc(kOutputBuffer));
  if (buffer == nullptr) return no_memory;
  io_.reset(avio_alloc_context(buffer, kOutputBuffer, 1, &output_, nullptr, Callbacks::write, Callbacks::seek));
  if (!io_) return av_free(buffer), no_memory;
  packet_.reset(av_packet_alloc());
  if (!packet_ || !add_streams(std::move(tracks))) return no_memory;

  io_->direct = 1;
  file->pb = io_.get();
  file->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;  // bit-exact: without libavformat's name and version
  file->flags &= ~AVFMT_FLAG_AUTO_BSF;                        // our samples are whole; such a filter may hold them back
  file->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "movflags", with_index ? kFlags : kFlagsWithoutIndex, 0);
  av_dict_set(&options, "use_editlist", "0", 0);
  const int error = avformat_write_header(file, &options);
  av_dict_free(&options);
  if (error < 0) return std::unexpected(libav::trouble(error, "libavformat cannot write the header of an mp4 file"));
  return {};
}

bool FragmentWriter::add_streams(std::vector<libav::Parameters> tracks) {
  for (auto& parameters : tracks) {
    AVStream* stream = avformat_new_stream(file_.get(), nullptr);
    if (stream == nullptr || avcodec_parameters_copy(stream->codecpar, parameters.get()) < 0) return false;
    const bool is_video = parameters->codec_type == AVMEDIA_TYPE_VIDEO;
    stream->time_base = {1, static_cast<int>(is_video ? kVideoRate : kAudioRate)};
    tracks_.push_back({.is_av1 = parameters->codec_id == AV_CODEC_ID_AV1});
  }
  return true;
}

bool FragmentWriter::fits(const Track& track, const Sample& sample) const {
  const bool has_room = sample.data.size() <= kMaxBytes - pending_bytes_ && pending_ < kMaxSamples;
  const bool has_content = !sample.data.empty() && sample.duration > 0;
  const bool is_sane =
      sample.dts >= 0 && sample.pts >= sample.dts && sample.pts - sample.dts <= kMaxStep && sample.duration <= kMaxStep;
  const bool is_next = track.dts == INT64_MIN || (sample.dts > track.dts && sample.dts - track.dts <= kMaxStep);
  return has_room && has_content && is_sane && is_next && (!track.is_av1 || is_temporal_unit(sample.data));
}

bool FragmentWriter::add(size_t index, const Sample& sample) {
  Track& track = tracks_[index];
  if (!fits(track, sample)) return false;
  Sample placed = sample;
  // The fragment before has gone out with an end beyond this one's beginning: it is decoded a little later, and shown
  // when it should be.
  if (!track.in_fragment && sample.dts < track.end) {
    const auto late = track.end - sample.dts;
    placed.dts = track.end;
    placed.pts = std::max(placed.pts, placed.dts);
    placed.duration = static_cast<uint32_t>(std::max<int64_t>(int64_t{placed.duration} - late, 1));
  }
  if (pending_ == 0) begin_fragment();
  if (!write(index, placed)) return false;
  track.dts = placed.dts;
  track.end = placed.dts + placed.duration;
  track.in_fragment = true;
  ++pending_;
  pending_bytes_ += placed.data.size();
  return true;
}

void FragmentWriter::begin_fragment() { av_opt_set(file_->priv_data, "movflags", kFlagsOfFragment, 0); }

bool FragmentWriter::write(size_t index, const Sample& sample) {
  packet_->stream_index = static_cast<int>(index);
  // Not changed and not kept: av_write_frame() copies into the fragment's buffer.
  packet_->data = const_cast<uint8_t*>(sample.data.data());
  packet_->size = static_cast<int>(sample.data.size());
  packet_->dts = sample.dts;
  packet_->pts = sample.pts;
  packet_->duration = sample.duration;
  packet_->flags = sample.keyframe ? AV_PKT_FLAG_KEY : 0;
  return av_write_frame(file_.get(), packet_.get()) >= 0;
}

void FragmentWriter::flush() {
  if (pending_ == 0) return;
  output_.bytes.reserve(output_.bytes.size() + pending_bytes_ + tracks_.size() * kBytesOfMoof + pending_ * kBytesOfRow);
  av_write_frame(file_.get(), nullptr);
  for (auto& track : tracks_) track.in_fragment = false;
  pending_ = pending_bytes_ = 0;
}

void FragmentWriter::finish() {
  flush();
  av_write_trailer(file_.get());
}

Blob FragmentWriter::take() {
  avio_flush(io_.get());
  if (output_.bytes.empty()) return nullptr;
  output_.taken += static_cast<int64_t>(output_.bytes.size());
  output_.at = 0;
  return std::make_shared<const std::vector<uint8_t>>(std::exchange(output_.bytes, {}));
}

}  // namespace heliograph::hls
