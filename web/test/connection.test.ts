// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection } from '../client/connection.ts';
import { ConnectionError, SignalError } from '../client/errors.ts';
import { actions, parseServerMessage, type HeartbeatSignal, type SessionInfo } from '../client/signals.ts';
import { settle, World } from './world.ts';

const ss: SessionInfo = { userId: 'ann', sessionId: 's', category: 'stream', host: 'Web', deviceId: '' };
const beat = (bid: number): HeartbeatSignal => ({ s: 'HEARTBEAT', ch: 'm2m', rid: 'tea', ss, bid });

async function opened(world: World): Promise<Connection> {
  const connection = new Connection('ws://host/ws', world.environment);
  await connection.open();
  return connection;
}

test('a signal goes out under its action, with a tid', async () => {
  const world = new World(); // B-1, B-8
  const connection = await opened(world);
  connection.send({ s: 'UPDATE', ch: 'm2m', rid: 'tea', ss, ve: true });
  assert.deepEqual(world.socket.sent, [
    { action: 'updateVideo', data: { s: 'UPDATE', ch: 'm2m', rid: 'tea', ss, ve: true, tid: '1' } },
  ]);
});

test('acks find their requests by tid, in whatever order they come', async () => {
  const world = new World(); // B-8, B-9
  world.rules['HEARTBEAT'] = () => undefined;
  const connection = await opened(world);
  const first = connection.request(beat(1));
  const second = connection.request(beat(2));
  world.socket.say('HEARTBEAT', 200, { bid: 2, tid: '2' });
  world.socket.say('HEARTBEAT', 200, { bid: 1, tid: '1' });
  assert.equal((await first).bid, 1);
  assert.equal((await second).bid, 2);
});

test('an ack without a tid belongs to the oldest request of its signal', async () => {
  const world = new World();
  world.rules['HEARTBEAT'] = () => undefined;
  const connection = await opened(world);
  const first = connection.request(beat(1));
  void connection.request(beat(2)).catch(() => {});
  world.socket.say('HEARTBEAT', 200, { bid: 1 });
  assert.equal((await first).bid, 1);
});

test('a refusal carries code, words, retryAfter and the request', async () => {
  const world = new World();
  const req = { s: 'HEARTBEAT' };
  world.rules['HEARTBEAT'] = () => ({ c: 500, b: { msg: 'INTERNAL_SERVER_ERROR: busy', retryAfter: 250, req } });
  const connection = await opened(world);
  await assert.rejects(connection.request(beat(1)), (error: SignalError) => {
    assert.ok(error instanceof SignalError);
    assert.deepEqual([error.code, error.message, error.retryAfter, error.request], [500, 'INTERNAL_SERVER_ERROR: busy', 250, req]);
    return true;
  });
});

test('a request that no one answers is given up after 10 s', async () => {
  const world = new World();
  world.rules['HEARTBEAT'] = () => undefined;
  const connection = await opened(world);
  const late = assert.rejects(connection.request(beat(1)), ConnectionError);
  await world.pass(10_000);
  await late;
});

test('a request that waits when the socket falls is told', async () => {
  const world = new World();
  world.rules['HEARTBEAT'] = () => undefined;
  const connection = await opened(world);
  const lost = assert.rejects(connection.request(beat(1)), ConnectionError);
  world.socket.fall();
  await lost;
});

test('the first open rejects when the server cannot be reached, and does not try again', async () => {
  const world = new World();
  world.reachable = false;
  const connection = new Connection('ws://host/ws', world.environment);
  await assert.rejects(connection.open(), ConnectionError);
  await world.pass(60_000);
  assert.equal(world.sockets.length, 1);
});

test('a lost socket is opened again, with waits that double up to 10 s', async () => {
  const world = new World();
  const connection = await opened(world);
  const waits: number[] = [];
  connection.on('lost', ({ retryIn }) => waits.push(retryIn));
  world.reachable = false;
  world.socket.fall();
  await world.pass(60_000);
  // random() is 0.5 here: three quarters of 500 ms · 2^n
  assert.deepEqual(waits.slice(0, 7), [375, 750, 1_500, 3_000, 6_000, 7_500, 7_500]);
  world.reachable = true;
  await world.pass(10_000);
  assert.ok(connection.isOpen);
});

test('the waits start small again once the server has spoken', async () => {
  const world = new World();
  const connection = await opened(world);
  const waits: number[] = [];
  connection.on('lost', ({ retryIn }) => waits.push(retryIn));
  for (let i = 0; i < 3; i++) {
    world.socket.fall();
    await world.pass(10_000);
    world.socket.say('KEEP_ALIVE', 200, {});
  }
  assert.deepEqual(waits, [375, 375, 375]);
});

test('retryNow does not wait, and opens no second socket', async () => {
  const world = new World();
  const connection = await opened(world);
  world.socket.fall();
  connection.retryNow();
  connection.retryNow();
  await settle();
  assert.equal(world.sockets.length, 2);
  await world.pass(20_000);
  assert.equal(world.sockets.length, 2);
});

test('a server that closes with 1008 is left alone', async () => {
  const world = new World(); // B-59
  const connection = await opened(world);
  let barred = false;
  connection.on('barred', () => (barred = true));
  world.socket.fall(1008);
  await world.pass(60_000);
  assert.ok(barred);
  assert.equal(world.sockets.length, 1);
});

test('what is not a server message is nothing', () => {
  for (const text of ['', 'x', '[]', 'null', '{}', '{"c":"200","s":"JOIN"}', '{"c":200}']) assert.equal(parseServerMessage(text), null);
  assert.deepEqual(parseServerMessage('{"c":200,"s":"JOIN","b":null}'), { c: 200, s: 'JOIN', b: {} });
});

test('an answer that comes twice is heard once', async () => {
  const world = new World(); // B-9
  world.rules['HEARTBEAT'] = () => undefined;
  const connection = await opened(world);
  let refused = 0;
  connection.on('refused', () => refused++);
  const beating = connection.request(beat(1)).catch(() => {});
  for (let i = 0; i < 3; i++) world.socket.say('HEARTBEAT', 4001, { msg: 'ROOM_NOT_FOUND: x', req: null, tid: '1' });
  await beating;
  assert.equal(refused, 0);
  for (let i = 0; i < 3; i++) world.socket.say('ANSWER', 4024, { msg: 'USER_LEFT: x', req: null, tid: 'other' });
  assert.equal(refused, 1);
});

test('a signal that was one too many is said again once, later, and only then told as refused', async () => {
  const world = new World();
  world.rules['UPDATE'] = (signal) => ({ c: 500, b: { msg: 'INTERNAL_SERVER_ERROR: too many messages', req: signal, retryAfter: 400 } });
  const connection = await opened(world);
  let refused = 0;
  connection.on('refused', () => refused++);
  connection.send({ s: 'UPDATE', ch: 'm2m', rid: 'tea', ss, ve: true });
  await world.pass(399);
  assert.deepEqual([world.sent('UPDATE').length, refused], [1, 0]);
  await world.pass(60_000);
  assert.deepEqual([world.sent('UPDATE').map(({ tid }) => tid), refused], [['1', '2'], 1]);
});

test('another user’s signal is told as it is; what only looks like one is nothing', async () => {
  const world = new World(); // B-1
  const connection = await opened(world);
  const heard: unknown[] = [];
  connection.on('signal', (signal) => heard.push(signal));
  const offer = { s: 'OFFER', ch: 'p2p', rid: 'tea', ss, sdp: 'v=0', more: 1 };
  await world.bare(offer);
  for (const wrong of [{ ...offer, ss: null }, { ...offer, sdp: 1 }, { ...offer, s: 'KICK' }, { ...offer, c: 200 }]) await world.bare(wrong);
  assert.deepEqual(heard, [offer]);
});

test('every signal of the contract has its action', () => {
  assert.deepEqual(Object.keys(actions).length, 16);
  assert.equal(actions.UPDATE, 'updateVideo');
});
