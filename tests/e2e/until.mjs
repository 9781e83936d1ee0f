// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from 'node:timers/promises';

/** Asks until the answer is truthy, and returns it; throws `what` and the last answer at the deadline (ms). */
export async function until(what, ask, deadline = 15_000, interval = 50) {
  const end = performance.now() + deadline;
  let last;
  for (;;) {
    try {
      last = await ask();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) throw new Error(`not within ${deadline} ms: ${what}; last seen: ${inWords(last)}`);
    await pause(interval);
  }
}

function inWords(value) {
  return value instanceof Error ? value.message : JSON.stringify(value);
}
