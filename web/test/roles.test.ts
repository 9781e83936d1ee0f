// SPDX-License-Identifier: Apache-2.0
// Who may do what in a room, and who is there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SignalError } from '../client/errors.ts';
import type { PublishRequest } from '../client/presence.ts';
import type { Room, RoomOptions } from '../client/room.ts';
import { entry, settle, stream, World } from './world.ts';

const bob = { userId: 'bob', sessionId: 'b1', category: 'stream', host: 'Web', deviceId: '' };
const common = { ch: 'm2m', rid: 'tea', ss: bob };

async function joined(world: World, role = 'publisher', options: Partial<RoomOptions> = {}): Promise<Room> {
  world.rules['JOIN'] = () => ({ b: { pt: role, owner: 'bob', rev: 1, pps: [] } });
  const room = world.room(options);
  await room.join();
  return room;
}

function member(userId: string, role: string) {
  return { userId, username: '', fullname: '', avatar: '', role, sessions: [] };
}

test('a viewer asks, is accepted, and may publish from then on', async () => {
  const world = new World(); // B-57
  const room = await joined(world, 'viewer');
  const heard: unknown[] = [];
  room.on('publishAnswer', (answer) => heard.push(answer));
  room.on('role', (role) => heard.push(role));
  room.requestToPublish({ video: false, audio: true });
  assert.deepEqual(world.sent('PUBLISH_REQUEST').map(({ ve, ae }) => [ve, ae]), [[false, true]]);
  await world.bare({ ...common, s: 'PUBLISH_ACCEPT', to: 'ann' });
  await world.bare({ ...common, s: 'PUBLISH_ACCEPT', to: 'ann' }); // B-9: twice
  assert.deepEqual([room.role, heard], ['publisher', ['publisher', { accepted: true, by: 'bob' }]]);
  await room.publish(stream('audio'));
  assert.equal(world.sent('OFFER').length, 1);
});

test('a role given without having been asked for is taken', async () => {
  const world = new World();
  const room = await joined(world, 'viewer');
  await world.bare({ ...common, s: 'PUBLISH_ACCEPT', to: 'ann' });
  assert.equal(room.role, 'publisher');
});

test('who is rejected stays a viewer, and is told once', async () => {
  const world = new World();
  const room = await joined(world, 'viewer');
  const heard: unknown[] = [];
  room.on('publishAnswer', (answer) => heard.push(answer));
  await world.bare({ ...common, s: 'PUBLISH_REJECT', to: 'ann' }); // never asked
  room.requestToPublish({ video: true, audio: true });
  for (let i = 0; i < 2; i++) await world.bare({ ...common, s: 'PUBLISH_REJECT', to: 'ann' });
  assert.deepEqual([room.role, heard], ['viewer', [{ accepted: false, by: 'bob' }]]);
});

test('4023 to a request says that one may publish already', async () => {
  const world = new World();
  const room = await joined(world, 'viewer');
  world.rules['PUBLISH_REQUEST'] = () => ({ c: 4023, b: { msg: 'ALREADY_IS_PUBLISHER: so it is', req: null } });
  const refused: number[] = [];
  room.on('refused', ({ code }) => refused.push(code));
  room.requestToPublish({ video: true, audio: true });
  await settle();
  assert.deepEqual([room.role, refused], ['publisher', []]);
});

test('requests come to the owner, each once, and are answered by user', async () => {
  const world = new World();
  const room = await joined(world);
  const heard: PublishRequest[] = [];
  room.on('publishRequest', (request) => heard.push(request));
  const request = { ...common, s: 'PUBLISH_REQUEST', ve: false, ae: true };
  await world.bare({ ...request, tid: 1 });
  await world.bare({ ...request, tid: 1 }); // B-9: twice
  await world.bare({ ...request, ve: true, tid: 2 }); // changed their mind
  assert.deepEqual(heard, [{ from: bob, video: false, audio: true }]);
  assert.deepEqual(room.publishRequests, [{ from: bob, video: true, audio: true }]);
  assert.equal(room.owner, 'ann');
  room.accept('bob');
  await world.bare({ ...request, tid: 1 }); // late
  assert.deepEqual([room.publishRequests.length, heard.length], [0, 1]);
  await world.bare({ ...request, tid: 3 });
  room.reject('bob');
  assert.deepEqual([world.sent('PUBLISH_ACCEPT'), world.sent('PUBLISH_REJECT')].flat().map(({ s, to }) => [s, to]), [
    ['PUBLISH_ACCEPT', 'bob'],
    ['PUBLISH_REJECT', 'bob'],
  ]);
  assert.equal(heard.length, 2);
});

test('KICK removes a user or a session, with a ban where that is asked for', async () => {
  const world = new World();
  const room = await joined(world);
  await room.kick('bob', { ban: true });
  await room.kick({ userId: 'bob', sessionId: 'b1' });
  assert.deepEqual(world.sent('KICK').map(({ to, op }) => [to, op]), [['bob', { ban: true }], [{ userId: 'bob', sessionId: 'b1' }, undefined]]);
  world.rules['KICK'] = () => ({ c: 4051, b: { msg: 'PERMISSION_NOT_FOUND: only publishers', req: null } });
  await assert.rejects(room.kick('bob'), (error: SignalError) => error.code === 4051);
});

test('members are asked for once a room, listed by rev, and gone requests go with them', async () => {
  const world = new World(); // B-60
  const room = await joined(world, 'publisher', { members: true });
  assert.deepEqual(world.sent('JOIN')[0]?.op, { roomCreating: true, members: true });
  await world.bare({ ...common, s: 'PUBLISH_REQUEST', tid: 1 });
  const list = (rev: number, ...users: string[]) => {
    world.socket.say('MEMBER_LIST_CHANGED', 200, { rid: 'tea', rev, members: users.map((user) => member(user, 'publisher')) });
  };
  list(7, 'ann', 'bob');
  await world.list(8, entry('b1')); // the other list counts with the same numbers
  list(6, 'ann', 'bob', 'late');
  assert.deepEqual(room.members.map(({ userId }) => userId), ['ann', 'bob']);
  list(9, 'ann');
  assert.deepEqual([room.members.length, room.publishRequests.length, room.subscriptions.length], [1, 0, 1]);
  await room.publish(stream('audio'));
  await room.publish(stream('video'), { category: 'screenshare' });
  assert.equal(world.sent('JOIN').at(-1)?.op && 'members' in (world.sent('JOIN').at(-1)?.op ?? {}), false);
});

test('a server that restarted counts members from the start', async () => {
  const world = new World();
  const room = await joined(world, 'publisher', { members: true });
  world.socket.say('MEMBER_LIST_CHANGED', 200, { rid: 'tea', rev: 900, members: [member('ann', 'publisher'), member('bob', 'viewer')] });
  world.socket.fall();
  await world.pass(1_000);
  world.socket.say('MEMBER_LIST_CHANGED', 200, { rid: 'tea', rev: 1, members: [member('ann', 'publisher')] });
  assert.equal(room.members.length, 1);
});

test('a role taken away ends what one publishes, without a word to the server, which has ended it', async () => {
  const world = new World();
  const room = await joined(world, 'publisher', { members: true });
  const publication = await room.publish(stream('audio'));
  world.socket.say('MEMBER_LIST_CHANGED', 200, { rid: 'tea', rev: 5, members: [member('ann', 'viewer')] });
  await settle();
  assert.deepEqual([room.role, publication.state, room.publications.length, world.sent('UNPUBLISH').length], ['viewer', 'closed', 0, 0]);
  world.socket.say('MEMBER_LIST_CHANGED', 200, { rid: 'tea', rev: 6, members: [member('ann', 'admin')] });
  assert.equal(room.role, 'admin');
});

test('4051 to an OFFER shows that one is a viewer now', async () => {
  const world = new World();
  const room = await joined(world);
  world.rules['OFFER'] = () => ({ c: 4051, b: { msg: 'PERMISSION_NOT_FOUND: viewers watch', req: null } });
  await assert.rejects(room.publish(stream('audio')));
  assert.equal(room.role, 'viewer');
});

test('another room’s words are not for us', async () => {
  const world = new World();
  const room = await joined(world, 'viewer');
  await world.bare({ ...common, rid: 'coffee', s: 'PUBLISH_ACCEPT', to: 'ann' });
  assert.equal(room.role, 'viewer');
});
