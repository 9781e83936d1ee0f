// SPDX-License-Identifier: Apache-2.0
// Any bytes as a compound RTCP packet: each kind that is read is written and read again.
#include <array>

#include "base/check.h"
#include "rtcp/block.h"
#include "rtcp/bye.h"
#include "rtcp/extended_report.h"
#include "rtcp/fir.h"
#include "rtcp/nack.h"
#include "rtcp/pli.h"
#include "rtcp/receiver_report.h"
#include "rtcp/remb.h"
#include "rtcp/sdes.h"
#include "rtcp/sender_report.h"
#include "rtcp/transport_feedback.h"

namespace base = heliograph::base;
namespace rtcp = heliograph::rtcp;

namespace {

template <class Kind>
void read_and_write(const rtcp::Block& block) {
  const auto kind = Kind::parse(block);
  if (!kind) return;
  std::array<uint8_t, 16'384> out;
  base::ByteWriter writer(out);
  kind->write(writer);
  CHECK(writer.ok() && writer.size() % 4 == 0);
  rtcp::BlockReader reader(writer.written());
  const auto written = reader.next();
  CHECK(written && !reader.next() && !reader.malformed());
  CHECK(Kind::parse(*written) == kind);
}

void walk(const rtcp::Block& block) {
  if (const auto nack = rtcp::Nack::parse(block)) {
    size_t lost = 0;
    nack->each_lost([&](uint16_t) { ++lost; });
    CHECK(lost >= nack->items.size() && lost <= 17 * nack->items.size());
  }
  if (const auto feedback = rtcp::TransportFeedback::parse(block)) {
    size_t packets = 0;
    feedback->each([&](uint16_t, std::optional<base::Duration>) { ++packets; });
    CHECK(packets == feedback->deltas.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  rtcp::for_each(base::ConstBytes(bytes, size), [](const rtcp::Block& block) {
    read_and_write<rtcp::SenderReport>(block);
    read_and_write<rtcp::ReceiverReport>(block);
    read_and_write<rtcp::SourceDescription>(block);
    read_and_write<rtcp::Bye>(block);
    read_and_write<rtcp::Nack>(block);
    read_and_write<rtcp::TransportFeedback>(block);
    read_and_write<rtcp::PictureLossIndication>(block);
    read_and_write<rtcp::FullIntraRequest>(block);
    read_and_write<rtcp::Remb>(block);
    read_and_write<rtcp::ExtendedReport>(block);
    walk(block);
  });
  return 0;
}
