// SPDX-License-Identifier: Apache-2.0
#include "dtls/record.h"

namespace heliograph::dtls {

std::optional<Record> Record::take(base::ByteReader& reader) {
  if (reader.left() == 0) return std::nullopt;
  const auto from_here = reader.rest();
  Record record;
  record.type = reader.u8();
  record.version = reader.u16();
  record.epoch = reader.u16();
  record.sequence_number = reader.u48();
  record.body = reader.bytes(reader.u16());
  if (!reader.ok()) return std::nullopt;
  record.whole = from_here.first(from_here.size() - reader.left());
  return record;
}

}  // namespace heliograph::dtls
