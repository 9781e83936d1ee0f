// SPDX-License-Identifier: Apache-2.0
// Any text is a signal or a refusal; what is given back as b.req and b.tid is JSON again.
#include <simdjson.h>

#include "base/bytes.h"
#include "base/check.h"
#include "signal/parse.h"
#include "signal/write.h"

namespace {

using namespace heliograph;

void expect_json(const std::string& text) {
  simdjson::dom::parser parser;
  CHECK(parser.parse(simdjson::padded_string(text)).error() == simdjson::SUCCESS);
}

void answer(const signal::Signal& s) {
  CHECK(s.header.name != signal::Name::kUnknown && !s.header.rid.empty());
  CHECK(signal::exists_in(s.header.name, s.header.channel));
  expect_json(signal::refusal(s.header.name, {}, s.header.data, s.header.tid));
  expect_json(signal::leave_ack(s.header));
  if (const auto* heartbeat = std::get_if<signal::Heartbeat>(&s.body))
    expect_json(signal::heartbeat_ack(s.header, heartbeat->bid, "[]"));
  if (const auto* unwatch = std::get_if<signal::Unwatch>(&s.body))
    expect_json(signal::unwatch_ack(s.header, unwatch->to));
  if (const auto* update = std::get_if<signal::SimulcastUpdate>(&s.body))
    expect_json(signal::simulcast_ack(s.header, update->to, update->layer));
  expect_json(signal::kicked(s.header.rid, s.header.from.session_id, s.header.from.user_id));
  if (const auto* ice = std::get_if<signal::Ice>(&s.body)) (void)signal::candidate_attribute(ice->sdp);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto text = base::as_text({bytes, size});
  const auto signal = signal::parse(text);
  if (signal) {
    answer(*signal);
  } else {
    const auto& malformed = signal.error();
    CHECK(signal::may_answer(malformed.name, malformed.refusal.code));
    expect_json(signal::refusal(malformed.name, malformed.refusal, malformed.data, malformed.tid));
  }
  (void)signal::candidate_attribute(text);
  return 0;
}
