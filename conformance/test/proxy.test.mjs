// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Proxy, Shuffle } from '../src/proxy.mjs';
import { random, seedOf } from '../src/random.mjs';

const shuffled = (seed, messages, how = {}) => {
  const out = [];
  const shuffle = new Shuffle({ seed, deliver: (message) => out.push(message), ...how });
  for (const message of messages) shuffle.push(message);
  shuffle.close();
  return out;
};
const numbers = (count) => Array.from({ length: count }, (_, n) => n);

test('everything arrives, some of it twice, not in order', () => {
  const out = shuffled(1, numbers(200));
  assert.deepEqual([...new Set(out)].sort((a, b) => a - b), numbers(200));
  assert.ok(out.length > 215 && out.length < 270, `${out.length} messages`);
  assert.notDeepEqual([...new Set(out)], numbers(200));
});

test('the same seed, the same order; another seed, another', () => {
  assert.deepEqual(shuffled(7, numbers(50)), shuffled(7, numbers(50)));
  assert.notDeepEqual(shuffled(7, numbers(50)), shuffled(8, numbers(50)));
});

test('nothing moves further than the window', () => {
  const out = shuffled(3, numbers(100), { window: 4, repeat: 0 });
  out.forEach((message, place) => assert.ok(Math.abs(message - place) < 4, `${message} at ${place}`));
});

test('without repeats and with a window of one it is a wire', () => {
  assert.deepEqual(shuffled(3, numbers(20), { window: 1, repeat: 0 }), numbers(20));
});

test('a message is not held for longer than 50 ms', async () => {
  const out = [];
  const shuffle = new Shuffle({ seed: 1, window: 1_000, deliver: (message) => out.push(message) });
  shuffle.push('one');
  await new Promise((done) => setTimeout(done, 60));
  assert.ok(out.includes('one'));
});

test('what is said after something was heard never comes before what was said until then', () => {
  for (let seed = 0; seed < 50; seed++) {
    const atServer = [];
    const proxy = new Proxy({ seed, window: 8, repeat: 0.5, toServer: (message) => atServer.push(message), toClient: () => {} });
    for (let round = 0; round < 10; round++) {
      for (let n = 0; n < 3; n++) proxy.fromClient({ round, n });
      proxy.fromServer('ack');
      proxy.down.barrier(); // it is heard now
    }
    proxy.close();
    const rounds = atServer.map(({ round }) => round);
    assert.deepEqual(rounds, [...rounds].sort((a, b) => a - b), `seed ${seed}`);
  }
});

test('a closed direction takes nothing more', () => {
  const out = [];
  const shuffle = new Shuffle({ seed: 1, repeat: 0, deliver: (message) => out.push(message) });
  shuffle.push(1);
  shuffle.close();
  shuffle.push(2);
  assert.deepEqual(out, [1]);
});

test('random numbers are in [0, 1) and of the seed', () => {
  const next = random(seedOf('x'));
  const values = Array.from({ length: 1_000 }, next);
  assert.ok(values.every((value) => value >= 0 && value < 1));
  assert.ok(Math.abs(values.reduce((sum, value) => sum + value, 0) / 1_000 - 0.5) < 0.05);
  assert.notEqual(seedOf('x'), seedOf('y'));
});
