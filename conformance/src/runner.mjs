// SPDX-License-Identifier: Apache-2.0
// Runs cases side by side. A case that only waits for time gives its place to another, so that all of them take little
// longer than the longest wait.
import { NotApplicable, Trial } from './trial.mjs';

export class Places {
  #free;
  #queue = [];

  constructor(count) {
    this.#free = count;
  }

  async take() {
    if (this.#free > 0) return void this.#free--;
    await new Promise((done) => this.#queue.push(done));
  }

  give() {
    if (this.#free < 0) return void this.#free++;
    const next = this.#queue.shift();
    if (next) next();
    else this.#free++;
  }

  /** Back at once, even where that is one too many: what it waited for is over and its deadlines run. */
  takeBack() {
    this.#free--;
  }
}

const lacks = {
  tokens: (suite) => suite.mint ? '' : 'tokens: no --secret or --private-key was given',
  open: (suite) => suite.mint ? 'of open development mode only; the server has keys' : '',
  api: (suite) => suite.options.api ? '' : 'REST: no --api was given',
  turn: (suite) => suite.options.turnSecret ? '' : 'TURN: no --turn-secret was given',
};

/** Why it cannot be run here, or ''. */
export function inapplicable(suite, one) {
  if (one.exact && suite.shuffle) return `not under --shuffle: ${one.exact}`;
  for (const need of one.needs ?? []) {
    const why = lacks[need](suite);
    if (why) return why;
  }
  return '';
}

export const waitOf = (suite, { waits = 0 }) => (typeof waits === 'string' ? suite.clock[waits] : waits);

async function attempt(suite, one, places) {
  const trial = new Trial(suite, one, places);
  const limit = (suite.options.timeout ?? 25_000) + 2 * waitOf(suite, one);
  let timer;
  const late = new Promise((_, failed) => (timer = setTimeout(() => failed(new Error(`not done within ${limit} ms; it was at: ${trial.at}`)), limit)));
  const started = performance.now();
  try {
    const running = one.run(trial);
    running.catch(() => {});
    await Promise.race([running, late, trial.broken]);
    await trial.finish();
    return { status: 'passed', ms: performance.now() - started };
  } catch (error) {
    if (error instanceof NotApplicable) return { status: 'not applicable', reason: error.message, ms: performance.now() - started };
    return { status: 'failed', error, ms: performance.now() - started, trace: trial.trace() };
  } finally {
    clearTimeout(timer);
    await trial.cleanUp();
  }
}

/** @param {(result: object) => void} report called as each case ends */
export async function run(suite, cases, report) {
  const results = [];
  const done = (one, result) => {
    results.push({ ...result, id: one.id, title: one.title, file: one.file, clauses: one.clauses });
    report(results.at(-1));
  };
  const able = cases.filter((one) => {
    const reason = inapplicable(suite, one);
    if (reason) done(one, { status: 'not applicable', reason, ms: 0 });
    return !reason;
  });
  const places = new Places(suite.options.concurrency);
  const together = able.filter(({ alone }) => !alone).sort((a, b) => waitOf(suite, b) - waitOf(suite, a));
  await Promise.all(together.map(async (one) => {
    await places.take();
    const result = await attempt(suite, one, places);
    places.give();
    done(one, result);
  }));
  for (const one of able.filter(({ alone }) => alone)) {
    await places.take();
    const result = await attempt(suite, one, places);
    places.give();
    done(one, result);
  }
  return results;
}
