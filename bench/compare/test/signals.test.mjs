// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { NotYet, read, serve, sessionOf } from '../signals.mjs';

const kFrom = { rid: 'r', ss: { userId: 'u', sessionId: 's' } };
const kTarget = { userId: 'p', sessionId: 't' };

// What is asked of it, and the answers that were set.
class Recorder {
  asked = [];
  watch = async (from, to) => this.#note('watch', from.user, to.user, this.offer());
  openRoom = async (room) => this.#note('openRoom', room);
  publish = async (from, sdp) => this.#note('publish', from.user, sdp, 'an answer');
  answer = async (from, to, sdp) => this.#note('answer', from.user, to.user, sdp);
  leave = async (from) => this.#note('leave', from.user);
  offer = () => 'an offer';

  #note(...what) {
    this.asked.push(what);
    return what.at(-1);
  }
}

async function connected(rival, use) {
  const server = await serve(rival, 0);
  const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}/ws`);
  await once(socket, 'open');
  const ask = async (s, more) => {
    socket.send(JSON.stringify({ action: s.toLowerCase(), data: { s, ...kFrom, ...more } }));
    return JSON.parse((await once(socket, 'message'))[0].toString());
  };
  try {
    await use(ask, socket);
  } finally {
    socket.close();
    await once(socket, 'close');
    server.close();
  }
}

test('a publisher joins, offers and gets the answer of the server behind', async () => {
  const rival = new Recorder();
  await connected(rival, async (ask) => {
    assert.equal((await ask('JOIN')).c, 200);
    assert.equal((await ask('OFFER', { sdp: 'o' })).b.sdp, 'an answer');
  });
  assert.deepEqual(rival.asked.slice(0, 2), [['openRoom', 'r'], ['publish', 'u', 'o', 'an answer']]);
});

test('a viewer finds the offer in pps, under the name of whom it watches', async () => {
  await connected(new Recorder(), async (ask) => {
    const { b } = await ask('WATCH', { to: kTarget });
    assert.deepEqual(b.pps, [{ id: 'p', sessionId: 't', sdp: 'an offer' }]);
  });
});

test('who is not there yet is asked for again, any other fault is final', async () => {
  const rival = new Recorder();
  await connected(rival, async (ask) => {
    rival.offer = () => {
      throw new NotYet('later');
    };
    const later = await ask('WATCH', { to: kTarget });
    assert.equal(later.c, 500);
    assert.ok(later.b.retryAfter > 0);
    rival.offer = () => {
      throw new Error('never');
    };
    assert.equal((await ask('WATCH', { to: kTarget })).b.retryAfter, undefined);
  });
});

test('a session leaves with its socket', async () => {
  const rival = new Recorder();
  const left = new Promise((resolve) => (rival.leave = async (from) => resolve(from.user)));
  await connected(rival, (ask) => ask('JOIN'));
  assert.equal(await left, 'u');
});

test('what is no signal is nothing to act on', () => {
  const texts = ['', '{', '{}', '{"data":null}', '{"data":{"s":"JOIN"}}', '[]'];
  for (const text of texts) assert.equal(read(text), undefined);
  assert.equal(sessionOf('r', { userId: 'u' }), undefined);
  assert.notEqual(sessionOf('r', kTarget).key, sessionOf('other', kTarget).key);
});
