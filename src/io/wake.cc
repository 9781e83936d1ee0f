// SPDX-License-Identifier: Apache-2.0
#include "io/wake.h"

#include <cstdint>

#include <sys/eventfd.h>

namespace heliograph::io {

std::expected<Wake, base::Trouble> Wake::create() {
  FileDescriptor fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd.valid()) return std::unexpected(system_trouble("eventfd"));
  return Wake(std::move(fd));
}

void Wake::signal() {
  if (signalled_.exchange(true)) return;
  const uint64_t one = 1;
  (void)!::write(fd_.get(), &one, sizeof one);
}

void Wake::take() {
  // Order matters: a signal() after the exchange writes again; one before it happened before what the sleeper reads of
  // the rings next, which a plain store would not promise.
  uint64_t count = 0;
  (void)!::read(fd_.get(), &count, sizeof count);
  signalled_.exchange(false);
}

}  // namespace heliograph::io
