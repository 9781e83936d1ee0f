// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace heliograph::server {

// Names this thread and puts it behind those that forward media: in SCHED_BATCH, niced. What it does is never in a
// hurry of less than tens of milliseconds.
void run_in_background(const char* name);

}  // namespace heliograph::server
