// SPDX-License-Identifier: Apache-2.0

/**
 * Waits until `probe` gives something truthy, and gives it back. A probe that throws says why it is not yet.
 * @template T
 */
export async function until(what, probe, deadline = 8_000, every = 15) {
  const end = performance.now() + deadline;
  let why = '';
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
    } catch (error) {
      why = `: ${error.message}`;
    }
    if (performance.now() >= end) throw new Error(`${what}: not within ${deadline} ms${why}`);
    await new Promise((done) => setTimeout(done, every));
  }
}
