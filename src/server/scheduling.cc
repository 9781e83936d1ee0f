// SPDX-License-Identifier: Apache-2.0
#include "server/scheduling.h"

#include <cstdint>

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

namespace heliograph::server {
namespace {

constexpr int kNice = 8;
constexpr uint64_t kShortestSlice = 100'000;  // ns; the kernel takes no less

// As sched_setattr(2) has it; the kernel's header and the C library's cannot be included together.
struct SchedulingAttributes {
  uint32_t size = sizeof(SchedulingAttributes);
  uint32_t policy = SCHED_OTHER;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = kShortestSlice;
  uint64_t deadline = 0;
  uint64_t period = 0;
};

}  // namespace

void run_in_background(const char* name) {
  pthread_setname_np(pthread_self(), name);
  const sched_param none{};
  // On Linux both are of a thread, not of the process (sched(7), setpriority(2)).
  const bool batch = sched_setscheduler(0, SCHED_BATCH, &none) == 0;
  const bool nice = setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice) == 0;
  if (!batch || !nice) base::log::warn("a thread could not be put into the background", {{"thread", name}});
}

void run_promptly(const char* name) {
  pthread_setname_np(pthread_self(), name);
  SchedulingAttributes attributes;
  attributes.nice = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid()));
  if (syscall(SYS_sched_setattr, 0, &attributes, 0) != 0)
    base::log::debug("the kernel knows no slices of time", {{"thread", name}});
}

}  // namespace heliograph::server
