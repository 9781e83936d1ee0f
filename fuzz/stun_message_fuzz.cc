// SPDX-License-Identifier: Apache-2.0
// Any bytes as a STUN message; what is read of it, written again, must read the same.
#include <array>

#include "base/check.h"
#include "stun/message.h"

namespace stun = heliograph::stun;
using heliograph::base::as_bytes;
using heliograph::base::ConstBytes;

namespace {

void write_again(const stun::MessageView& m) {
  std::array<uint8_t, 3000> out{};
  stun::MessageWriter writer(out, m.message_class(), m.method(), m.transaction_id());
  if (m.username()) writer.username(*m.username());
  if (m.software()) writer.software(*m.software());
  if (m.xor_mapped_address()) writer.xor_mapped_address(*m.xor_mapped_address());
  if (m.priority()) writer.priority(*m.priority());
  if (m.ice_controlling()) writer.ice_controlling(*m.ice_controlling());
  if (m.ice_controlled()) writer.ice_controlled(*m.ice_controlled());
  if (m.use_candidate()) writer.use_candidate();
  writer.message_integrity(as_bytes("key"));
  writer.fingerprint();
  if (writer.written().empty()) return;  // the signatures made it too long
  const auto again = stun::MessageView::parse(writer.written());
  CHECK(again && again->check_integrity(as_bytes("key")) && again->check_fingerprint());
  CHECK(again->message_class() == m.message_class() && again->method() == m.method());
  CHECK(again->transaction_id() == m.transaction_id());
  CHECK(again->username() == m.username() && again->software() == m.software());
  CHECK(again->xor_mapped_address() == m.xor_mapped_address() && again->priority() == m.priority());
  CHECK(again->ice_controlling() == m.ice_controlling() && again->ice_controlled() == m.ice_controlled());
  CHECK(again->use_candidate() == m.use_candidate());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto message = stun::MessageView::parse(ConstBytes(bytes, size));
  if (!message) return 0;
  CHECK(stun::looks_like_stun(message->bytes()));
  CHECK(!message->check_integrity(as_bytes("VOkJxbRl1RmTxUk/WvJxBt")) || message->has_integrity());
  CHECK(!message->check_fingerprint() || message->has_fingerprint());
  (void)message->error_code();
  (void)message->unknown_attributes();
  write_again(*message);
  return 0;
}
