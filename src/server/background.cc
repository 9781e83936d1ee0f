// SPDX-License-Identifier: Apache-2.0
#include "server/background.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

namespace heliograph::server {
namespace {

constexpr int kNice = 8;

}  // namespace

void run_in_background(const char* name) {
  pthread_setname_np(pthread_self(), name);
  const sched_param none{};
  // On Linux both are of a thread, not of the process (sched(7), setpriority(2)).
  const bool batch = sched_setscheduler(0, SCHED_BATCH, &none) == 0;
  const bool nice = setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice) == 0;
  if (!batch || !nice) base::log::warn("a thread could not be put into the background", {{"thread", name}});
}

}  // namespace heliograph::server
