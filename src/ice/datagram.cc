// SPDX-License-Identifier: Apache-2.0
#include "ice/datagram.h"

namespace heliograph::ice {

void append_success(const stun::MessageView& request, const Path& path, std::string_view pwd, Out& out) {
  auto& datagram = out.emplace_back();
  stun::MessageWriter writer(datagram.buffer, stun::Class::kSuccess, stun::kBinding, request.transaction_id());
  writer.xor_mapped_address(path.remote);
  sign(writer, pwd, path, datagram);
}

void sign(stun::MessageWriter& writer, std::optional<std::string_view> pwd, const Path& path, Datagram& datagram) {
  if (pwd) writer.message_integrity(base::as_bytes(*pwd));
  writer.fingerprint();
  datagram.path = path;
  datagram.size = static_cast<uint16_t>(writer.written().size());
}

}  // namespace heliograph::ice
