// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionError, SignalError } from '../client/errors.ts';
import type { Room, RoomOptions } from '../client/room.ts';
import type { PublishEntry, SessionAddress } from '../client/signals.ts';
import { entry, settle, stream, World, type FakeSocket } from './world.ts';

async function joined(world: World, options: Partial<RoomOptions> = {}): Promise<Room> {
  const room = world.room(options);
  await room.join();
  return room;
}

function refuse(c: number, more: Record<string, unknown> = {}) {
  return { c, b: { msg: `code ${c}`, ...more } };
}

test('JOIN creates the room, and says what is switched on', async () => {
  const world = new World();
  const room = await joined(world, { enabled: { video: false, audio: true } });
  const [join] = world.sent('JOIN');
  assert.deepEqual([join?.op, join?.ve, join?.ae, join?.rid, join?.ch], [{ roomCreating: true }, false, true, 'tea', 'm2m']);
  assert.deepEqual(join?.ss, { userId: 'ann', sessionId: 's1', category: 'stream', host: 'Web', deviceId: '' });
  assert.deepEqual([room.state, room.role, room.owner], ['joined', 'publisher', 'ann']);
});

test("another's room is joined without creating it", async () => {
  const world = new World();
  const ack = world.rules['JOIN']!;
  world.rules['JOIN'] = (signal, socket) => (signal.op?.roomCreating ? refuse(4022) : ack(signal, socket));
  await joined(world);
  assert.deepEqual(world.sent('JOIN').map(({ op }) => op), [{ roomCreating: true }, undefined]);
});

test('a token goes into the address and into JOIN, and one that may not create still joins', async () => {
  const world = new World(); // B-2, B-59
  const ack = world.rules['JOIN']!;
  world.rules['JOIN'] = (signal, socket) => (signal.op?.roomCreating ? refuse(4052) : ack(signal, socket));
  await joined(world, { token: 'a.b.c' });
  assert.equal(world.socket.url, 'ws://host/ws?token=a.b.c');
  assert.equal(world.sent('JOIN').at(-1)?.token, 'a.b.c');
});

test('a refused JOIN rejects with the server’s words, and can be tried again', async () => {
  const world = new World();
  const ack = world.rules['JOIN']!;
  world.rules['JOIN'] = () => refuse(4025);
  const room = world.room();
  await assert.rejects(room.join(), (error: SignalError) => error.code === 4025);
  assert.equal(room.state, 'idle');
  world.rules['JOIN'] = ack;
  await room.join();
  assert.equal(room.state, 'joined');
});

test('a heartbeat goes out at the interval that the server asked for', async () => {
  const world = new World();
  const ack = world.rules['JOIN']!;
  world.rules['JOIN'] = (signal, socket) => ({ b: { ...ack(signal, socket)?.b, hb: { interval: 1_000, timeout: 4_000 } } });
  await joined(world);
  await world.pass(5_500);
  assert.deepEqual(world.sent('HEARTBEAT').map(({ bid }) => bid), [1, 2, 3, 4, 5]);
});

test('a server that falls silent for hb.timeout is reached anew, and JOIN is sent again', async () => {
  const world = new World();
  const room = await joined(world);
  world.rules['HEARTBEAT'] = () => undefined;
  await world.pass(12_500);
  assert.equal(world.sockets.length, 2);
  assert.equal(world.sent('JOIN').length, 2);
  assert.equal(room.state, 'joined');
});

test('a HEARTBEAT that finds the room gone makes the client JOIN again on the same socket', async () => {
  const world = new World(); // B-54
  const room = await joined(world);
  let once = true;
  world.rules['HEARTBEAT'] = () => (once ? ((once = false), refuse(4001)) : {});
  await world.pass(3_500);
  assert.deepEqual([world.sockets.length, world.sent('JOIN').length, room.state], [1, 2, 'joined']);
});

test('every session in the list is watched, and the answer goes to it', async () => {
  const world = new World();
  const room = await joined(world);
  await world.list(2, entry('b1'), entry('b2', { category: 'screenshare' }));
  assert.deepEqual(world.sent('WATCH').map(({ to }) => to.sessionId), ['b1', 'b2']);
  assert.deepEqual(world.pc.remoteDescription, { type: 'offer', sdp: 'the offer' });
  assert.deepEqual(world.sent('ANSWER').map(({ to, sdp }) => [to, sdp]), [
    [{ userId: 'bob', sessionId: 'b1' }, 'answer of 0'],
    [{ userId: 'bob', sessionId: 'b2' }, 'answer of 1'],
  ]);
  assert.equal(room.subscriptions.length, 2);
});

test('what is published already comes with the JOIN ack', async () => {
  const world = new World();
  world.rules['JOIN'] = () => ({ b: { pt: 'viewer', rev: 5, pps: [entry('b1')] } });
  const room = await joined(world);
  assert.deepEqual([room.role, world.sent('WATCH').length], ['viewer', 1]);
});

test('a late list is dropped', async () => {
  const world = new World();
  const room = await joined(world);
  await world.list(7, entry('b1'));
  await world.list(6);
  await world.list(7);
  assert.equal(room.subscriptions.length, 1);
});

test('own sessions in the list are not watched', async () => {
  const world = new World();
  const room = await joined(world);
  await world.list(2, entry(room.address.sessionId, { id: 'ann', userId: 'ann' }));
  assert.equal(world.sent('WATCH').length, 0);
});

test('the own user on another device is watched; an entry may have only `id`', async () => {
  const world = new World();
  await joined(world);
  const { userId: _, ...bare } = entry('phone', { id: 'ann' });
  await world.list(2, bare as PublishEntry);
  assert.deepEqual(world.sent('WATCH')[0]?.to, { userId: 'ann', sessionId: 'phone' });
});

test('a publication that ends is let go, and watched again when it comes back', async () => {
  const world = new World();
  const room = await joined(world);
  const seen: string[] = [];
  room.on('added', () => seen.push('added'));
  room.on('removed', () => seen.push('removed'));
  await world.list(2, entry('b1'));
  await world.list(3);
  assert.equal(world.pc.connectionState, 'closed');
  await world.list(4, entry('b1'));
  assert.deepEqual(seen, ['added', 'removed', 'added']);
  assert.equal(world.sent('WATCH').length, 2);
});

test('a downlink whose transport the server closes is watched anew', async () => {
  const world = new World();
  await joined(world);
  await world.list(2, entry('b1'));
  world.pc.become('connected');
  world.pc.transport.state = 'closed';
  world.pc.transport.onstatechange?.();
  await world.pass(1_000);
  assert.deepEqual([world.pcs.length, world.sent('WATCH').length], [2, 2]);
  assert.equal(world.sent('WATCH')[1]?.op, undefined);
});

test('WATCH that is to be sent later is sent later', async () => {
  const world = new World(); // B-32
  await joined(world);
  const watch = world.rules['WATCH']!;
  world.rules['WATCH'] = () => refuse(500, { retryAfter: 2_000 });
  await world.list(2, entry('b1'));
  world.rules['WATCH'] = watch;
  await world.pass(1_999);
  assert.equal(world.sent('WATCH').length, 1);
  await world.pass(2);
  assert.equal(world.sent('ANSWER').length, 1);
});

test('a WATCH that is wrong is not sent again', async () => {
  const world = new World();
  const room = await joined(world);
  const refused: number[] = [];
  room.on('refused', ({ code }) => refused.push(code));
  world.rules['WATCH'] = () => refuse(2001);
  await world.list(2, entry('b1'));
  await world.pass(60_000);
  assert.deepEqual([refused, world.sent('WATCH').length, room.subscriptions[0]?.state], [[2001], 1, 'failed']);
});

test('mute at the publisher is seen without another WATCH', async () => {
  const world = new World();
  const room = await joined(world);
  await world.list(2, entry('b1'));
  let audio = true;
  room.subscriptions[0]?.on('changed', (changed) => (audio = changed.audio));
  await world.list(3, entry('b1', { audio: false }));
  assert.deepEqual([audio, world.sent('WATCH').length], [false, 1]);
});

test('the uplink is offered sendonly, and becomes connected', async () => {
  const world = new World();
  const room = await joined(world);
  const publication = await room.publish(stream('audio', 'video'), { maxBitrate: 900_000 });
  const kinds = world.pc.transceivers.map(({ sender, init }) => [sender.track?.kind, init.direction, init.sendEncodings]);
  assert.deepEqual(kinds, [['audio', 'sendonly', undefined], ['video', 'sendonly', [{ maxBitrate: 900_000 }]]]);
  assert.deepEqual(world.sent('OFFER').map(({ sdp, op }) => [sdp, op]), [['offer 1 of 0', undefined]]);
  assert.deepEqual(world.pc.remoteDescription, { type: 'answer', sdp: 'the answer' });
  assert.equal(publication.state, 'connecting');
  world.pc.become('connected');
  assert.equal(publication.state, 'connected');
});

test('simulcast has three rids; a codec that was chosen is offered alone with its companions', async () => {
  const world = new World();
  world.codecs = ['VP8', 'rtx', 'H264', 'ulpfec'].map((name) => ({ mimeType: `video/${name}`, clockRate: 90_000 }));
  const room = await joined(world);
  await room.publish(stream('video'), { simulcast: true, codec: 'h264' });
  const [video] = world.pc.transceivers;
  const encodings = video?.init.sendEncodings?.map(({ rid, scaleResolutionDownBy }) => [rid, scaleResolutionDownBy]);
  assert.deepEqual(encodings, [['q', 4], ['h', 2], ['f', 1]]);
  assert.deepEqual(video?.preferences?.map(({ mimeType }) => mimeType), ['video/H264', 'video/rtx', 'video/ulpfec']);
});

test('a codec that the browser lacks is refused in words, not tried for ever', async () => {
  const world = new World();
  world.codecs = [{ mimeType: 'video/VP8', clockRate: 90_000 }];
  const room = await joined(world);
  await assert.rejects(room.publish(stream('video'), { codec: 'av1' }), /cannot send AV1/);
  await world.pass(60_000);
  assert.deepEqual([world.pcs.length, room.publications.length], [1, 0]);
});

test('candidates trickle: of the uplink to the own session, of a downlink to the watched one', async () => {
  const world = new World(); // B-41
  const room = await joined(world);
  await room.publish(stream('audio'));
  world.pc.onicecandidate?.({ candidate: { candidate: 'candidate:1' } });
  await world.list(2, entry('b1'));
  world.pc.onicecandidate?.({ candidate: null });
  assert.deepEqual(world.sent('ICE').map(({ to, sdp }) => [(to as SessionAddress).sessionId, sdp]), [['s1', 'candidate:1'], ['b1', '']]);
  assert.ok(world.socket.sent.some(({ action }) => action === 'iceCandidate'));
});

test('an uplink that fails is restarted in place, then replaced, and each OFFER says restarting', async () => {
  const world = new World(); // B-22
  const room = await joined(world);
  const publication = await room.publish(stream('audio'));
  world.pc.become('connected');
  world.pc.become('failed');
  assert.equal(publication.state, 'reconnecting');
  await world.pass(1);
  assert.equal(world.pcs.length, 1);
  await world.pass(10_001);
  assert.equal(world.pcs.length, 2);
  assert.equal(world.pcs[0]?.connectionState, 'closed');
  assert.deepEqual(world.sent('OFFER').map(({ sdp, op }) => [sdp, op?.restarting]), [
    ['offer 1 of 0', undefined],
    ['offer 2 of 0, ICE restart', true],
    ['offer 1 of 1', true],
  ]);
  world.pc.become('connected');
  await world.pass(60_000);
  assert.deepEqual([publication.state, world.sent('OFFER').length], ['connected', 3]);
});

test('a disconnection that mends itself within 3 s causes nothing', async () => {
  const world = new World();
  const room = await joined(world);
  const publication = await room.publish(stream('audio'));
  world.pc.become('connected');
  world.pc.become('disconnected');
  await world.pass(2_900);
  world.pc.become('connected');
  await world.pass(60_000);
  assert.deepEqual([publication.state, world.sent('OFFER').length], ['connected', 1]);
});

test('a downlink that fails is watched with restarting, on the same connection', async () => {
  const world = new World(); // B-33
  await joined(world);
  await world.list(2, entry('b1'));
  world.pc.become('connected');
  world.pc.become('failed');
  await world.pass(1);
  assert.deepEqual(world.sent('WATCH').map(({ op }) => op?.restarting), [undefined, true]);
  assert.deepEqual([world.pcs.length, world.sent('ANSWER').length], [1, 2]);
});

test('4051 to an OFFER rejects the publish, and the room goes on', async () => {
  const world = new World();
  const room = await joined(world);
  world.rules['OFFER'] = () => refuse(4051);
  await assert.rejects(room.publish(stream('audio')), (error: SignalError) => error.code === 4051);
  assert.deepEqual([room.state, room.publications.length], ['joined', 0]);
});

test('after 500 to an OFFER the client exits the room', async () => {
  const world = new World();
  const room = await joined(world);
  world.rules['OFFER'] = () => refuse(500);
  await assert.rejects(room.publish(stream('audio')), (error: SignalError) => error.code === 500);
  assert.equal(room.state, 'left');
});

test('a screenshare is a second session on the same socket, and leaves by itself', async () => {
  const world = new World();
  const room = await joined(world);
  await room.publish(stream('audio', 'video'));
  const screen = await room.publish(stream('video'), { category: 'screenshare' });
  assert.deepEqual(world.sent('JOIN').map(({ ss }) => [ss.sessionId, ss.category]), [['s1', 'stream'], ['s2', 'screenshare']]);
  assert.deepEqual(world.sent('OFFER').map(({ ss }) => ss.sessionId), ['s1', 's2']);
  assert.equal(world.sockets.length, 1);
  await screen.stop();
  assert.deepEqual(world.sent('LEAVE').map(({ ss }) => ss.sessionId), ['s2']);
  await world.list(2, entry('s2', { id: 'ann', userId: 'ann' })); // a list from before the LEAVE
  assert.equal(world.sent('WATCH').length, 0);
  assert.equal(room.state, 'joined');
});

test('UPDATE says both switches, and nothing when nothing changed', async () => {
  const world = new World();
  const room = await joined(world);
  const publication = await room.publish(stream('audio', 'video'));
  publication.setEnabled({ audio: true });
  publication.setEnabled({ audio: false });
  assert.deepEqual(world.sent('UPDATE').map(({ ve, ae }) => [ve, ae]), [[true, false]]);
});

test('a track can be taken away and put back without an offer, and a new connection sends the new one', async () => {
  const world = new World();
  const room = await joined(world);
  const media = stream('audio', 'video');
  const publication = await room.publish(media, { kinds: ['audio', 'video'] });
  await publication.replaceTrack('video', null);
  assert.equal(media.getVideoTracks().length, 0);
  const camera = stream('video').getVideoTracks()[0]!;
  await publication.replaceTrack('video', camera);
  assert.deepEqual([media.getVideoTracks()[0], world.sent('OFFER').length], [camera, 1]);
  world.pc.become('failed');
  await world.pass(1);
  assert.equal(world.pc.transceivers[1]?.sender.track as unknown, camera);
});

test('a lost socket: media goes on, every session JOINs again, the room is back', async () => {
  const world = new World(); // B-13
  const room = await joined(world);
  await room.publish(stream('audio'));
  world.pc.become('connected');
  await room.publish(stream('video'), { category: 'screenshare' });
  world.pc.become('connected');
  await world.list(2, entry('b1'));
  world.pc.become('connected');
  const own = (sessionId: string) => entry(sessionId, { id: 'ann', userId: 'ann' });
  world.rules['JOIN'] = () => ({ b: { pt: 'publisher', rev: 3, pps: [own('s1'), own('s2'), entry('b1')] } });
  world.socket.fall();
  assert.equal(room.state, 'reconnecting');
  await world.pass(1_000);
  assert.equal(room.state, 'joined');
  assert.deepEqual(world.socket.sent.map(({ data }) => [data.s, data.ss.sessionId]), [['JOIN', 's1'], ['JOIN', 's2']]);
  assert.deepEqual(world.pcs.map(({ connectionState }) => connectionState), ['connected', 'connected', 'connected']);
});

test('a server that restarted counts from the start: its list is taken, and what it lost is offered again', async () => {
  const world = new World();
  const room = await joined(world);
  const publication = await room.publish(stream('audio'));
  world.pc.become('connected');
  await world.list(900, entry('b1'));
  world.socket.fall();
  await world.pass(1_000); // JOIN is answered with rev 1 and nobody
  assert.equal(room.subscriptions.length, 0);
  assert.equal(publication.state, 'reconnecting');
  await settle();
  assert.equal(world.sent('OFFER').at(-1)?.op?.restarting, true);
  world.pc.become('connected');
  assert.equal(publication.state, 'connected');
});

test('a server that restarted knows no downlink: who is listed again already is watched anew, at once', async () => {
  const world = new World();
  await joined(world);
  await world.list(900, entry('b1'));
  world.pc.become('connected');
  world.rules['JOIN'] = () => ({ b: { pt: 'publisher', rev: 2, pps: [entry('b1')] } });
  world.socket.fall();
  await world.pass(1_000);
  await settle();
  assert.deepEqual(world.sent('WATCH').map(({ op }) => op?.restarting), [undefined, undefined]);
  assert.equal(world.pcs.length, 2);
});

test('so it is where the numbers do not tell, but the own publication is not known any more', async () => {
  const world = new World();
  const room = await joined(world);
  await room.publish(stream('audio'));
  world.pc.become('connected');
  await world.list(2, entry('b1'));
  world.pc.become('connected');
  world.rules['JOIN'] = () => ({ b: { pt: 'publisher', rev: 3, pps: [entry('b1')] } });
  world.socket.fall();
  await world.pass(1_000);
  await settle();
  assert.equal(world.sent('WATCH').length, 2);
  assert.equal(world.sent('OFFER').length, 2);
});

test('a downlink that could not be repaired while the socket was away is watched once it is back', async () => {
  const world = new World();
  await joined(world);
  await world.list(2, entry('b1'));
  world.pc.become('connected');
  world.rules['JOIN'] = () => ({ b: { pt: 'publisher', rev: 3, pps: [entry('b1')] } });
  world.reachable = false;
  world.socket.fall();
  world.pc.become('failed');
  await world.pass(5_000);
  assert.equal(world.sent('WATCH').length, 1);
  world.reachable = true;
  await world.pass(10_000);
  assert.ok(world.sent('WATCH').length > 1);
});

test('a publish that the socket’s loss cuts off goes on after it', async () => {
  const world = new World();
  const room = await joined(world);
  const offer = world.rules['OFFER']!;
  world.rules['OFFER'] = (_, socket: FakeSocket) => void queueMicrotask(() => socket.fall());
  const publication = await room.publish(stream('audio'));
  world.rules['OFFER'] = offer;
  await world.pass(5_000);
  assert.equal(world.sent('OFFER').length, 2);
  world.pc.become('connected');
  assert.equal(publication.state, 'connected');
});

test('someone barred while away is told, and does not come back', async () => {
  const world = new World();
  const room = await joined(world);
  let reason: unknown;
  room.on('ended', (ended) => (reason = ended));
  world.rules['JOIN'] = () => refuse(4053);
  world.socket.fall();
  await world.pass(60_000);
  assert.equal((reason as { kind: string }).kind, 'refused');
  assert.deepEqual([room.state, world.sockets.length], ['left', 2]);
});

for (const [push, body, kind] of [
  ['KICKED', { sessionId: 's1', by: 'bob' }, 'kicked'],
  ['ROOM_CLOSED', { reason: 'the server stops' }, 'closed'],
  ['SESSION_REPLACED', { sessionId: 's1' }, 'replaced'],
] as const) {
  test(`${push} ends the room, its media and its socket`, async () => {
    const world = new World();
    const room = await joined(world);
    await room.publish(stream('audio'));
    let reason = '';
    room.on('ended', (ended) => (reason = ended.kind));
    world.socket.say(push, 200, { rid: 'tea', ...body });
    await world.pass(60_000);
    assert.deepEqual([reason, room.state, world.pc.connectionState, world.sockets.length], [kind, 'left', 'closed', 1]);
  });
}

test('KICKED of the screenshare takes only the screenshare', async () => {
  const world = new World();
  const room = await joined(world);
  await room.publish(stream('audio'));
  await room.publish(stream('video'), { category: 'screenshare' });
  world.socket.say('KICKED', 200, { rid: 'tea', sessionId: 's2', by: 'bob' });
  await settle();
  assert.deepEqual([room.state, room.publications.map(({ category }) => category)], ['joined', ['stream']]);
});

test('an ANSWER that was refused is mended by another WATCH', async () => {
  const world = new World();
  await joined(world);
  await world.list(2, entry('b1'));
  const [answer] = world.sent('ANSWER');
  world.socket.say('ANSWER', 2001, { req: answer, msg: 'INVALID_SIGNAL: no offer is waiting', tid: answer?.tid });
  await world.pass(1_000);
  assert.equal(world.sent('WATCH').length, 2);
});

test('leave says so for every session at once, and does not wait for ever', async () => {
  const world = new World();
  const room = await joined(world);
  await room.publish(stream('audio'));
  await room.publish(stream('video'), { category: 'screenshare' });
  world.rules['LEAVE'] = () => undefined;
  const left = room.leave();
  assert.deepEqual(world.sent('LEAVE').map(({ ss }) => ss.sessionId), ['s1', 's2']); // before any await: a page may be going
  await world.pass(1_000);
  await left;
  assert.deepEqual([room.state, world.socket.readyState], ['left', 3]);
  await world.pass(60_000);
  assert.equal(world.sockets.length, 1);
});

test('nothing can be published before the room is joined', async () => {
  const world = new World();
  await assert.rejects(world.room().publish(stream('audio')), ConnectionError);
});

test('the ICE servers of the JOIN ack are used', async () => {
  const world = new World();
  world.rules['JOIN'] = () => ({ b: { pt: 'publisher', rev: 1, pps: [], icfg: { is: ['stun:a'], iceServers: [] } } });
  const room = await joined(world);
  await room.publish(stream('audio'));
  assert.deepEqual(world.pc.configuration.iceServers, [{ urls: ['stun:a'] }]);
});

test('a layer of a simulcast is asked for once connected, and again of a new downlink', async () => {
  const world = new World();
  const room = await joined(world);
  await world.list(2, entry('b1'));
  const [subscription] = room.subscriptions;
  void subscription?.setQuality('m');
  assert.equal(world.sent('SIMULCAST_UPDATE').length, 0); // 2001 before there is a downlink (B-54)
  world.pc.become('connected');
  await subscription?.setPaused(true);
  world.pc.become('failed');
  await world.pass(1);
  world.pc.become('connected'); // by an ICE restart: the downlink is the same
  assert.equal(world.sent('SIMULCAST_UPDATE').length, 2);
  world.pc.transport.state = 'closed';
  world.pc.transport.onstatechange?.();
  await world.pass(1_000);
  world.pc.become('connected');
  const to = { userId: 'bob', sessionId: 'b1' };
  assert.deepEqual(
    world.sent('SIMULCAST_UPDATE').map(({ to: whom, layer, pause }) => [whom, layer, pause]),
    [[to, 'm', false], [to, 'm', true], [to, 'm', true]],
  );
  assert.deepEqual([subscription?.quality, subscription?.paused], ['m', true]);
});

test('what is not wanted is not watched any more, until it is', async () => {
  const world = new World();
  const room = await joined(world);
  const bob = { userId: 'bob', sessionId: 'b1' };
  await world.list(2, entry('b1'), entry('b2'));
  room.unwatch(bob);
  await world.list(3, entry('b1'), entry('b2'));
  assert.deepEqual(world.sent('UNWATCH').map(({ to }) => to), [bob]);
  assert.deepEqual([room.subscriptions.length, room.entries.length, world.pcs[0]?.connectionState], [1, 2, 'closed']);
  room.watch(bob);
  await settle();
  assert.deepEqual([room.subscriptions.length, world.sent('WATCH').length], [2, 3]);
});

test('a room that watches no one by itself watches who is named', async () => {
  const world = new World();
  const room = await joined(world, { watchAll: false });
  await world.list(2, entry('b1'));
  assert.equal(world.sent('WATCH').length, 0);
  room.watch({ userId: 'bob', sessionId: 'b1' });
  await settle();
  assert.equal(world.sent('WATCH').length, 1);
});

test('TURN credentials are renewed before they run out, and connections get the new ones', async () => {
  const world = new World();
  const now = world.environment.unixTime();
  const turn = (expiry: number) => ({ is: [], iceServers: [{ urls: ['turn:t'], username: `${expiry}:ann`, credential: 'c' }] });
  world.rules['JOIN'] = () => ({ b: { pt: 'publisher', rev: 1, pps: [], icfg: turn(now + 1_000) } });
  world.rules['ICE_SERVERS'] = () => ({ b: { icfg: turn(now + 5_000) } });
  const room = await joined(world);
  await room.publish(stream('audio'));
  world.pc.become('connected');
  await world.pass(740_000);
  assert.equal(world.sent('ICE_SERVERS').length, 0);
  await world.pass(20_000);
  assert.equal(world.sent('ICE_SERVERS').length, 1);
  assert.equal(world.pc.configuration.iceServers?.[0]?.username, `${now + 5_000}:ann`);
  await world.pass(2_000_000);
  assert.equal(world.sent('ICE_SERVERS').length, 1);
  await room.leave();
  const before = world.sent('ICE_SERVERS').length;
  await world.pass(10_000_000);
  assert.equal(world.sent('ICE_SERVERS').length, before);
});

test('each socket gets a token of its own, and JOIN the same', async () => {
  const world = new World();
  let issued = 0;
  await joined(world, { token: async () => `token${++issued}` });
  world.socket.fall();
  await world.pass(1_000);
  assert.deepEqual(world.sockets.map(({ url }) => url), ['ws://host/ws?token=token1', 'ws://host/ws?token=token2']);
  assert.deepEqual(world.sent('JOIN').map(({ token }) => token), ['token1', 'token2']);
});

test('a token that has run out is renewed when the server says so', async () => {
  const world = new World();
  const ack = world.rules['JOIN']!;
  let issued = 0;
  world.rules['JOIN'] = (signal, socket) => (signal.s === 'JOIN' && signal.token === 'token1' ? refuse(4052) : ack(signal, socket));
  const room = await joined(world, { token: () => `token${++issued}` });
  assert.deepEqual([room.state, issued], ['joined', 2]);
});

test('a token that cannot be had is a join that failed', async () => {
  const world = new World();
  const room = world.room({ token: () => Promise.reject(new Error('logged out')) });
  await assert.rejects(room.join(), /logged out/);
  assert.deepEqual([room.state, world.sockets.length], ['idle', 0]);
});

test('too many messages: a JOIN and an OFFER that were to come later come later', async () => {
  const world = new World();
  const { JOIN: join, OFFER: offer } = world.rules;
  let busy = true;
  world.rules['JOIN'] = (signal, socket) => (busy ? ((busy = false), refuse(500, { retryAfter: 800 })) : join!(signal, socket));
  const room = world.room();
  const joining = room.join();
  await world.pass(700);
  assert.equal(room.state, 'joining');
  await world.pass(200);
  await joining;
  world.rules['OFFER'] = () => refuse(500, { retryAfter: 800 });
  const publishing = room.publish(stream('audio'));
  await settle();
  world.rules['OFFER'] = offer!;
  await world.pass(900);
  await publishing;
  assert.deepEqual([room.state, world.sent('OFFER').length], ['joined', 2]);
});

test('a playlist is asked for, and its state is told', async () => {
  const world = new World(); // B-25
  const room = await joined(world);
  world.rules['OFFER'] = () => ({ b: { sdp: 'the answer', hls: 'https://h/x.m3u8' } });
  const publication = await room.publish(stream('audio'), { hls: true });
  assert.deepEqual([world.sent('OFFER')[0]?.op, publication.hls], [{ hlsForwarding: true }, 'https://h/x.m3u8']);
  const states: string[] = [];
  room.on('hls', ({ state }) => states.push(state));
  world.socket.say('HLS_STATE', 200, { rid: 'tea', userId: 'ann', sessionId: 's1', state: 'live', hls: 'https://h/x.m3u8' });
  assert.deepEqual(states, ['live']);
});

test('a playlist follows the list, and its URL can be made absolute', async () => {
  const world = new World(); // B-25
  const room = await joined(world);
  const publication = await room.publish(stream('audio'));
  assert.equal(publication.hls, null);
  const hls = '/hls/tea/ann/s%2F1/index.m3u8';
  const { userId, sessionId } = publication.session.address;
  const own = entry(sessionId, { id: userId, userId });
  world.socket.say('PUBLISH_LIST_CHANGED', 200, { rid: 'tea', rev: 50, pps: [{ ...own, hls }] });
  assert.deepEqual([publication.hls, room.entries[0]?.hls], [hls, hls]);
  assert.match(room.playlist(hls), /^https?:\/\/[^/]+\/hls\/tea\/ann\/s%2F1\/index\.m3u8$/);
  assert.equal(room.playlist('https://cdn.example.org/x.m3u8'), 'https://cdn.example.org/x.m3u8');
  world.socket.say('PUBLISH_LIST_CHANGED', 200, { rid: 'tea', rev: 51, pps: [own] });
  assert.equal(publication.hls, null);
});
