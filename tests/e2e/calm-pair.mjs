// SPDX-License-Identifier: Apache-2.0
// Two people in a room of their own who ask the server something all the time, on a thread of their own, so that what
// else a test does does not count as the server's delay.
import assert from 'node:assert/strict';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { RawClient } from './raw-client.mjs';
import { until } from './until.mjs';

const interval = 20; // ms between the questions of each

/** The test's end of it. */
export class CalmPair {
  static async join(server) {
    const pair = new CalmPair();
    pair.worker = new Worker(new URL(import.meta.url), { workerData: { wsUrl: server.wsUrl } });
    pair.failed = new Promise((_, failed) => pair.worker.once('error', failed));
    pair.failed.catch(() => {});
    await pair.figures();
    return pair;
  }

  /** How long the answers took since the last call (ms); throws when one is missing or no success. */
  async figures() {
    this.worker.postMessage('figures');
    return Promise.race([new Promise((done) => this.worker.once('message', done)), this.failed]);
  }

  end() {
    return this.worker.terminate();
  }
}

class Pair {
  times = [];
  asked = new Map();
  number = 0;

  async join(server) {
    for (const userId of ['ann', 'bob']) {
      const person = await RawClient.join(server, { rid: 'calm', userId }, { roomCreating: userId === 'ann' });
      clearInterval(person.heartbeats);
      person.socket.removeAllListeners('message').on('message', (data) => this.hear(JSON.parse(data)));
      person.socket.once('close', (code) => assert.fail(`${userId} was closed with ${code}`));
      setInterval(() => this.ask(person), interval);
    }
  }

  ask(person) {
    const tid = ++this.number;
    this.asked.set(tid, performance.now());
    person.send('heartbeat', { s: 'HEARTBEAT', bid: tid, tid });
  }

  hear({ c, s, b }) {
    if (s !== 'HEARTBEAT') return;
    assert.equal(c, 200, JSON.stringify(b));
    this.times.push(performance.now() - this.asked.get(b.tid));
    this.asked.delete(b.tid);
  }

  async figures() {
    const now = this.number + 10;
    await until('some more questions are answered', () => this.number >= now && [...this.asked.keys()].every((tid) => tid > now));
    const times = this.times.splice(0).sort((a, b) => a - b);
    const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
    return { acks: times.length, p50: at(0.5), p99: at(0.99), max: times.at(-1) };
  }
}

if (!isMainThread) {
  const pair = new Pair();
  await pair.join(workerData);
  parentPort.on('message', async () => parentPort.postMessage(await pair.figures()));
}
