// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Call } from '../client/call.ts';
import { entry, settle, stream, World, type FakePeerConnection, type FakeSocket, type Sent } from './world.ts';

interface Address {
  userId: string;
  sessionId: string;
}

/** The server of a p2p room (B-42, B-55): who is there, lists to everyone, words forwarded as they are. */
class Line {
  readonly world = new World();
  readonly members = new Map<string, { socket: FakeSocket; address: Address }>();
  /** What the network does to a forwarded signal; by default it arrives. */
  deliver: (signal: Sent, arrive: () => void) => void = (_, arrive) => arrive();
  private rev = 0;

  constructor() {
    const { rules } = this.world;
    rules['JOIN'] = ({ ss }, socket) => {
      this.members.set(ss.sessionId, { socket, address: ss });
      queueMicrotask(() => this.push(ss.sessionId));
      return { b: { pt: 'publisher', owner: 'ann', rev: ++this.rev, pps: this.pps(), hb: { interval: 3_000, timeout: 10_000 } } };
    };
    rules['LEAVE'] = ({ ss }) => (this.remove(ss.sessionId), {});
    for (const s of ['OFFER', 'ANSWER', 'ICE']) rules[s] = (signal, socket) => void this.deliver(signal, () => this.forward(signal, socket));
  }

  call(userId: string, sessionId = `${userId}-1`): Call {
    return new Call({ url: 'ws://host/ws', roomId: 'tea', userId, sessionId, environment: this.world.environment });
  }

  async joined(userId: string, sessionId?: string): Promise<Call> {
    const call = this.call(userId, sessionId);
    await call.join();
    await settle();
    return call;
  }

  remove(sessionId: string): void {
    this.members.delete(sessionId);
    this.push();
  }

  /** The signals of a name that a session sent. */
  sent(s: Sent['s'], sessionId: string): (Sent & { to?: unknown; sdp?: string })[] {
    return this.world.sent(s).filter(({ ss }) => ss.sessionId === sessionId);
  }

  private pps() {
    return [...this.members.values()].map(({ address: { userId, sessionId } }) => entry(sessionId, { id: userId, userId }));
  }

  private push(except?: string): void {
    const body = { rid: 'tea', rev: ++this.rev, pps: this.pps() };
    for (const [id, { socket }] of this.members) if (id !== except) socket.say('PUBLISH_LIST_CHANGED', 200, body);
  }

  private forward(signal: Sent & { to?: unknown }, from: FakeSocket): void {
    const { to } = signal;
    for (const { socket, address } of this.members.values()) {
      const meant = typeof to === 'string' ? address.userId === to : (to as Address).sessionId === address.sessionId;
      if (meant && socket !== from) queueMicrotask(() => void this.world.bare({ ...signal }, socket));
    }
  }
}

function up(...pcs: (FakePeerConnection | undefined)[]): void {
  for (const pc of pcs) pc?.become('connected');
}

test('who joins second calls all devices of the other, who answers the session', async () => {
  const line = new Line(); // B-42
  const ann = await line.joined('ann');
  const bob = await line.joined('bob');
  assert.deepEqual(line.sent('OFFER', 'bob-1').map(({ to }) => to), ['ann']);
  assert.deepEqual(line.sent('ANSWER', 'ann-1').map(({ to }) => to), [{ userId: 'bob', sessionId: 'bob-1' }]);
  assert.equal(line.sent('OFFER', 'ann-1').length, 0);
  assert.deepEqual([ann.peer?.address, bob.peer?.address], [{ userId: 'bob', sessionId: 'bob-1' }, { userId: 'ann', sessionId: 'ann-1' }]);
  up(...line.world.pcs);
  assert.deepEqual([ann.peer?.state, bob.peer?.state], ['connected', 'connected']);
  await line.world.pass(60_000);
  assert.equal(line.world.sent('OFFER').length, 1);
});

test('nobody is called in an empty room', async () => {
  const line = new Line();
  await line.joined('ann');
  await line.world.pass(60_000);
  assert.equal(line.world.pcs.length, 0);
});

test('candidates are said to all devices until one has answered, then to that one', async () => {
  const line = new Line(); // B-41
  await line.joined('ann');
  line.deliver = () => {};
  await line.joined('bob');
  const [pc] = line.world.pcs;
  pc?.onicecandidate?.({ candidate: { candidate: 'candidate:1' } });
  await line.world.bare({ ...line.sent('OFFER', 'bob-1')[0], s: 'ANSWER', sdp: 'x', ss: { userId: 'ann', sessionId: 'ann-1' } });
  pc?.onicecandidate?.({ candidate: { candidate: 'candidate:2' } });
  pc?.onicecandidate?.({ candidate: null });
  assert.deepEqual(line.sent('ICE', 'bob-1').map(({ to, sdp }) => [to, sdp]), [
    ['ann', 'candidate:1'],
    [{ userId: 'ann', sessionId: 'ann-1' }, 'candidate:2'],
  ]);
});

test('candidates that come before the offer or the answer are kept for it, in each of their forms', async () => {
  const line = new Line(); // B-9, B-41
  const ann = await line.joined('ann');
  const from = { ch: 'p2p', rid: 'tea', ss: { userId: 'bob', sessionId: 'bob-1' }, to: 'ann' };
  for (const sdp of ['candidate:1', 'a=candidate:2', '{"candidate":"candidate:3","sdpMLineIndex":0}', '', 'a=end-of-candidates']) {
    await line.world.bare({ ...from, s: 'ICE', sdp });
  }
  await line.world.bare({ ...from, s: 'OFFER', sdp: 'offer' });
  assert.deepEqual(line.world.pc.candidates, ['candidate:1', 'candidate:2', 'candidate:3']);
  assert.equal(ann.peer?.address.sessionId, 'bob-1');
  await line.world.bare({ ...from, s: 'ICE', sdp: 'candidate:4' });
  assert.equal(line.world.pc.candidates.length, 4);
});

test('of several devices the first that answers talks; the others give up and wait', async () => {
  const line = new Line();
  const phone = await line.joined('ann', 'phone');
  const laptop = await line.joined('ann', 'laptop');
  const bob = await line.joined('bob');
  assert.deepEqual([line.sent('ANSWER', 'phone').length, line.sent('ANSWER', 'laptop').length], [1, 1]);
  assert.equal(bob.peer?.address.sessionId, 'phone');
  const [bobs, phones] = [bob.peer?.pc, phone.peer?.pc] as unknown as FakePeerConnection[];
  up(bobs, phones);
  await line.world.pass(16_000);
  assert.deepEqual([phone.peer?.state, bob.peer?.state, laptop.peer], ['connected', 'connected', null]);
  await line.world.pass(60_000);
  await line.joined('ann', 'tablet');
  await line.world.pass(60_000);
  assert.equal(line.world.sent('OFFER').length, 1); // they do not call: the phone does the talking
});

test('when the device that talks leaves, the other one of the user is called', async () => {
  const line = new Line();
  const phone = await line.joined('ann', 'phone');
  await line.joined('ann', 'laptop');
  const bob = await line.joined('bob');
  up(bob.peer?.pc as unknown as FakePeerConnection, phone.peer?.pc as unknown as FakePeerConnection);
  await line.world.pass(16_000);
  await phone.leave();
  await settle();
  assert.equal(bob.peer?.address.sessionId, 'laptop');
});

test('what comes twice changes nothing: offer, answer, candidate', async () => {
  const line = new Line(); // B-55: nothing is deduplicated in p2p
  line.deliver = (_, arrive) => (arrive(), arrive());
  const ann = await line.joined('ann');
  const bob = await line.joined('bob');
  await line.world.pass(5_000);
  up(...line.world.pcs);
  assert.equal(line.world.pcs.length, 2);
  assert.deepEqual([ann.peer?.state, bob.peer?.state], ['connected', 'connected']);
  const answers = line.sent('ANSWER', 'ann-1'); // the first one might have been lost
  assert.deepEqual([answers.length, new Set(answers.map(({ sdp }) => sdp)).size], [2, 1]);
  assert.deepEqual(line.world.pcs.map(({ descriptions }) => descriptions), [1, 1]);
});

test('both call at once: the polite one gives way, and there is one call', async () => {
  const line = new Line();
  const ann = await line.joined('ann');
  const waiting: (() => void)[] = [];
  line.deliver = (_, arrive) => void waiting.push(arrive);
  const bob = await line.joined('bob');
  await line.world.pass(5_500); // bob's offer is on its way so long that ann calls too
  assert.deepEqual([line.sent('OFFER', 'ann-1').length, line.sent('OFFER', 'bob-1').length], [1, 1]);
  line.deliver = (_, arrive) => arrive();
  for (const arrive of waiting) arrive();
  await settle();
  assert.deepEqual([line.sent('ANSWER', 'ann-1').length, line.sent('ANSWER', 'bob-1').length], [1, 0]);
  const [annsPc, bobsPc] = [ann.peer?.pc, bob.peer?.pc] as unknown as FakePeerConnection[];
  assert.equal(annsPc?.remoteDescription?.sdp, bobsPc?.localDescription?.sdp);
  assert.equal(bobsPc?.remoteDescription?.sdp, annsPc?.localDescription?.sdp);
});

test('an offer without an answer is made again', async () => {
  const line = new Line();
  await line.joined('ann');
  line.deliver = () => {};
  await line.joined('bob');
  await line.world.pass(11_000);
  assert.ok(line.sent('OFFER', 'bob-1').length > 1);
  assert.equal(line.world.pcs[0]?.connectionState, 'closed');
});

test('a connection that fails is restarted in place by the impolite one, then made anew', async () => {
  const line = new Line();
  const ann = await line.joined('ann');
  const bob = await line.joined('bob');
  up(...line.world.pcs);
  for (const pc of [...line.world.pcs].reverse()) pc.become('failed'); // the polite one's first
  assert.deepEqual([ann.peer?.state, bob.peer?.state], ['reconnecting', 'reconnecting']);
  await line.world.pass(10);
  assert.match(line.sent('OFFER', 'bob-1')[1]?.sdp ?? '', /ICE restart/);
  assert.equal(line.sent('OFFER', 'ann-1').length, 0);
  assert.equal(line.world.pcs.length, 2);
  up(...line.world.pcs);
  assert.deepEqual([ann.peer?.state, bob.peer?.state], ['connected', 'connected']);
});

test('a restart is answered by the device that talks, whoever else answers it too', async () => {
  const line = new Line();
  await line.joined('ann');
  const bob = await line.joined('bob');
  up(...line.world.pcs);
  line.deliver = () => {};
  const pc = bob.peer?.pc as unknown as FakePeerConnection;
  pc.become('failed');
  await line.world.pass(10);
  const answer = { ch: 'p2p', rid: 'tea', s: 'ANSWER', to: 'bob' };
  await line.world.bare({ ...answer, sdp: 'theirs', ss: { userId: 'ann', sessionId: 'tablet' } });
  assert.equal(pc.descriptions, 1);
  await line.world.bare({ ...answer, sdp: 'hers', ss: { userId: 'ann', sessionId: 'ann-1' } });
  assert.equal(pc.remoteDescription?.sdp, 'hers');
});

test('an offer with another certificate gets a new connection', async () => {
  const line = new Line();
  const ann = await line.joined('ann');
  const from = { ch: 'p2p', rid: 'tea', ss: { userId: 'bob', sessionId: 'bob-1' }, to: 'ann', s: 'OFFER' };
  await line.world.bare({ ...from, sdp: 'a=fingerprint:sha-256 AA\r\n' });
  await line.world.bare({ ...from, sdp: 'again\r\na=fingerprint:sha-256 AA\r\n' });
  assert.equal(line.world.pcs.length, 1);
  await line.world.bare({ ...from, sdp: 'a=fingerprint:sha-256 BB\r\n' });
  assert.deepEqual(line.world.pcs.map(({ connectionState }) => connectionState), ['closed', 'new']);
  assert.equal(line.sent('ANSWER', 'ann-1').length, 3);
  assert.equal(ann.peer?.pc as unknown, line.world.pc);
});

test('another device of the other does not break in while one talks', async () => {
  const line = new Line();
  const ann = await line.joined('ann');
  await line.joined('bob');
  up(...line.world.pcs);
  await line.world.bare({ ch: 'p2p', rid: 'tea', s: 'OFFER', sdp: 'offer', to: 'ann', ss: { userId: 'bob', sessionId: 'bob-2' } }, line.members.get('ann-1')?.socket);
  assert.deepEqual([ann.peer?.address.sessionId, line.world.pcs.length], ['bob-1', 2]);
});

test('another device of the other takes over from one that has gone quiet', async () => {
  const line = new Line();
  const ann = await line.joined('ann');
  await line.joined('bob');
  up(...line.world.pcs);
  const seen: string[] = [];
  ann.on('removed', ({ address }) => seen.push(`-${address.sessionId}`));
  ann.on('added', ({ address }) => seen.push(`+${address.sessionId}`));
  for (const pc of line.world.pcs) pc.become('disconnected');
  await line.world.bare({ ch: 'p2p', rid: 'tea', s: 'OFFER', sdp: 'offer', to: 'ann', ss: { userId: 'bob', sessionId: 'bob-2' } }, line.members.get('ann-1')?.socket);
  assert.deepEqual(seen, ['-bob-1', '+bob-2']);
});

test('a stream goes out without a new offer, and a camera too that is switched on later', async () => {
  const line = new Line();
  const ann = await line.joined('ann');
  await line.joined('bob');
  const media = stream('audio');
  const publication = await ann.publish(media);
  const pc = ann.peer?.pc as unknown as FakePeerConnection;
  assert.equal(pc.transceivers[0]?.sender.track?.kind, 'audio');
  assert.deepEqual(line.world.sent('UPDATE').map(({ ve, ae }) => [ve, ae]), [[false, true]]);
  pc.addTransceiver('video');
  const camera = stream('video').getVideoTracks()[0]!;
  await publication.replaceTrack('video', camera);
  assert.equal(pc.transceivers[1]?.sender.track as unknown, camera);
  assert.equal(line.world.sent('OFFER').length, 1);
});

test('the offer of who has a stream already carries it, with a line for each kind', async () => {
  const line = new Line();
  const bob = await line.joined('bob');
  await bob.publish(stream('audio', 'video'));
  line.deliver = () => {};
  await line.joined('ann');
  await line.world.pass(5_500); // ann's offer was lost: bob calls
  const pc = line.world.pcs.at(-1);
  assert.deepEqual(pc?.transceivers.map(({ sender, direction }) => [sender.track?.kind, direction]), [['audio', 'sendrecv'], ['video', 'sendrecv']]);
});

test('the other’s mute is seen, and their leaving ends the call on both sides of it', async () => {
  const line = new Line();
  const ann = await line.joined('ann');
  const bob = await line.joined('bob');
  const removed: string[] = [];
  ann.on('removed', ({ userId }) => removed.push(userId));
  await line.world.bare({ c: 200, s: 'PUBLISH_LIST_CHANGED', b: { rid: 'tea', rev: 90, pps: [entry('bob-1', { audio: false })] } }, line.members.get('ann-1')?.socket);
  assert.equal(ann.peer?.entry.audio, false);
  await bob.leave();
  await line.world.bare({ c: 200, s: 'PUBLISH_LIST_CHANGED', b: { rid: 'tea', rev: 91, pps: [] } }, line.members.get('ann-1')?.socket);
  assert.deepEqual([removed, ann.peer, ann.state, bob.state], [['bob'], null, 'joined', 'left']);
  assert.ok(line.world.pcs.every(({ connectionState }) => connectionState === 'closed'));
});

test('a lost socket disturbs nothing: the other is kept until the server has had time to list them', async () => {
  const line = new Line(); // B-13
  const ann = await line.joined('ann');
  await line.joined('bob');
  up(...line.world.pcs);
  const bobs = line.members.get('bob-1');
  line.members.delete('bob-1'); // a server that restarted
  line.members.get('ann-1')?.socket.fall();
  await line.world.pass(2_000);
  assert.deepEqual([ann.state, ann.peer?.state], ['joined', 'connected']);
  line.members.set('bob-1', bobs!);
  line.members.get('ann-1')?.socket.say('PUBLISH_LIST_CHANGED', 200, { rid: 'tea', rev: 99, pps: [entry('bob-1')] });
  await line.world.pass(60_000);
  assert.deepEqual([ann.peer?.state, line.world.pcs.length], ['connected', 2]);
});

test('figures of a call have both directions', async () => {
  const line = new Line();
  const ann = await line.joined('ann');
  await line.joined('bob');
  await ann.publish(stream('audio'));
  for (const pc of line.world.pcs) Object.assign(pc, { getStats: async () => new Map() });
  assert.deepEqual((await ann.stats()).map(({ userId, direction }) => [userId, direction]), [['ann', 'up'], ['bob', 'down']]);
});
