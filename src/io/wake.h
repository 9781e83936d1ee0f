// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <expected>

#include "base/refusal.h"
#include "io/file_descriptor.h"

namespace heliograph::io {

// How one thread wakes another out of its wait: an eventfd that is written at most once until it is taken.
class Wake {
 public:
  static std::expected<Wake, base::Trouble> create();
  Wake(Wake&& o) noexcept : fd_(std::move(o.fd_)) {}

  // Any thread. Costs a system call only when the sleeper has not been woken yet.
  void signal();
  // The sleeper, before it looks at its rings.
  void take();
  int fd() const { return fd_.get(); }

 private:
  explicit Wake(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
  std::atomic<bool> signalled_{false};
};

}  // namespace heliograph::io
