// SPDX-License-Identifier: Apache-2.0
#include "bwe/transport_feedback_builder.h"

#include <algorithm>

namespace heliograph::bwe {
namespace {

using rtcp::TransportFeedback;

// Feedback costs a twentieth of what it is about, as RTCP at large does (RFC 3550 section 6.2).
constexpr double kFeedbackShare = 0.05;
// What a feedback is taken to cost: IP, UDP, SRTCP and the block itself.
constexpr double kTypicalFeedbackBits = 108 * 8;

int64_t ticks(base::Timestamp t) { return t.us() / TransportFeedback::kDeltaUnit.us(); }
constexpr int64_t kTicksPerReference = TransportFeedback::kReferenceUnit.us() / TransportFeedback::kDeltaUnit.us();
int32_t wrapped_reference(int64_t reference) {
  return static_cast<int32_t>(static_cast<uint32_t>(reference) << 8) >> 8;
}

}  // namespace

void TransportFeedbackBuilder::on_packet(base::Timestamp now, uint16_t sequence_number, size_t size, base::Ssrc media) {
  const int64_t number = unwrapper_.unwrap(sequence_number);
  if (!newest_) start(now, number);
  media_ = media;
  bytes_ += static_cast<int64_t>(size);
  move_window(number);
  if (number <= *newest_ - kWindow || !arrival(number).is_never()) return;  // too late, or a duplicate
  arrival(number) = now;
  begin_ = std::min(begin_, number);  // told as lost before: it is told again, with all that follows
  if (next_.is_never()) next_ = std::max(now, last_sent_ + interval_);
}

void TransportFeedbackBuilder::start(base::Timestamp now, int64_t number) {
  arrivals_.fill(base::Timestamp::never());
  newest_ = number;
  begin_ = number;
  last_sent_ = now;
}

// Forgets what falls out at the old end: it is in the places of the new numbers.
void TransportFeedbackBuilder::move_window(int64_t number) {
  for (int64_t n = std::max(*newest_, number - kWindow) + 1; n <= number; ++n) arrival(n) = base::Timestamp::never();
  newest_ = std::max(*newest_, number);
  begin_ = std::max(begin_, *newest_ - kWindow + 1);
}

std::optional<TransportFeedback> TransportFeedbackBuilder::on_time(base::Timestamp now) {
  if (now < next_) return std::nullopt;
  const auto feedback = build();
  if (begin_ > *newest_) finish_round(now);
  return feedback;
}

void TransportFeedbackBuilder::finish_round(base::Timestamp now) {
  const auto received = base::DataRate::of(bytes_, now - last_sent_);
  const auto bits_per_second = std::max<double>(1, static_cast<double>(received.bps()) * kFeedbackShare);
  interval_ =
      std::clamp(base::Duration::from_seconds(kTypicalFeedbackBits / bits_per_second), kMinInterval, kMaxInterval);
  bytes_ = 0;
  last_sent_ = now;
  next_ = base::Timestamp::never();
}

// From begin_ as far as one feedback goes; begin_ is then what comes after. It ends with a packet that arrived: what is
// missing behind it may still come.
TransportFeedback TransportFeedbackBuilder::build() {
  int64_t first_arrived = begin_;
  while (arrival(first_arrived).is_never()) ++first_arrived;
  // After a long gap its beginning is left out.
  begin_ = std::max(begin_, first_arrived - kMaxStatuses / 2);
  const int64_t reference = ticks(arrival(first_arrived)) / kTicksPerReference;
  TransportFeedback feedback{.sources = {sender_, media_},
                             .base_sequence_number = static_cast<uint16_t>(begin_),
                             .reference_time = wrapped_reference(reference),
                             .feedback_count = feedback_count_++,
                             .deltas = {}};
  append_statuses(feedback, reference * kTicksPerReference);
  return feedback;
}

void TransportFeedbackBuilder::append_statuses(TransportFeedback& feedback, int64_t last_ticks) {
  const int64_t end = std::min(*newest_ + 1, begin_ + kMaxStatuses);
  for (int64_t number = begin_; number < end; ++number) {
    if (arrival(number).is_never()) continue;
    const int64_t delta = ticks(arrival(number)) - last_ticks;
    if (delta != static_cast<int16_t>(delta)) return;  // over 8 s apart: the next feedback has a reference of its own
    for (; begin_ < number; ++begin_) feedback.deltas.push_back(std::nullopt);
    feedback.deltas.push_back(static_cast<int16_t>(delta));
    last_ticks += delta;
    ++begin_;
  }
}

}  // namespace heliograph::bwe
