// SPDX-License-Identifier: Apache-2.0
// How urgent threads are, one beside the other on the same core.
#pragma once

namespace heliograph::server {

// Names this thread and puts it behind those that forward media: in SCHED_BATCH, niced. What it does is never in a
// hurry of less than tens of milliseconds.
void run_in_background(const char* name);

// Names this thread, and lets it in as soon as it has work, ahead of one that computes at length: it asks for the
// shortest slices of time (sched_setattr(2), sched_runtime; Linux 6.12, without effect before). What it does takes
// microseconds and is what everybody waits for.
void run_promptly(const char* name);

}  // namespace heliograph::server
