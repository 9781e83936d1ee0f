// SPDX-License-Identifier: Apache-2.0
// REST, by openapi.yaml: every answer is held to it, errors are problem details (RFC 9457).
import { check } from '../src/registry.mjs';
import { is } from '../src/session.mjs';

const needs = { needs: ['api'], exact: 'HTTP is not shuffled, and what it pushes must be counted' };
const rooms = '/v1/rooms';
const room = `${rooms}/{rid}`;
const people = `${room}/participants`;
const person = `${people}/{userId}`;
const session = `${person}/{sessionId}`;

const problem = (t, answer, type) => t.same(answer.body.type, `/problems/${type}`, 'section 6', 'type of the problem');

check('healthz, readyz and metrics', ['REST'], async (t) => {
  for (const path of ['/healthz', '/readyz', '/metrics']) await t.rest('GET', path, {}, { token: null, want: 200 });
}, needs);

for (const ch of ['m2m', 'a2m', 'p2p']) {
  check(`POST makes a room of type ${ch}, GET finds it, DELETE closes it`, ['REST'], async (t) => {
    const rid = t.name('rest');
    const made = await t.rest('POST', rooms, {}, { body: { rid, ch }, want: 201 });
    t.same([made.body.rid, made.body.ch, made.body.persistent, made.body.users, made.body.creator], [rid, ch, false, 0, ''], 'section 6', 'rid, ch, persistent, users and creator');
    t.same(made.headers.get('location'), `/v1/rooms/${encodeURIComponent(rid)}`, 'section 6', 'Location');
    const again = await t.rest('POST', rooms, {}, { body: { rid, ch }, want: 200 });
    t.same(again.body, made.body, 'section 6', 'the room given back');
    const { body } = await t.rest('GET', room, { rid }, { want: 200 });
    t.same(body, made.body, 'section 6', 'the room');
    problem(t, await t.rest('POST', rooms, {}, { body: { rid, ch: ch === 'm2m' ? 'a2m' : 'm2m' }, want: 409 }), 'room-conflict');
    await t.rest('DELETE', room, { rid }, { want: 204 });
    problem(t, await t.rest('GET', room, { rid }, { want: 404 }), 'room-not-found');
    problem(t, await t.rest('DELETE', room, { rid }, { want: 404 }), 'room-not-found');
  }, needs);
}

check('POST without rid gives one that nobody guesses', ['REST'], async (t) => {
  const rids = [];
  for (let n = 0; n < 3; n++) rids.push((await t.rest('POST', rooms, {}, { body: { ch: 'm2m' }, want: 201 })).body.rid);
  t.ok(new Set(rids).size === 3 && rids.every((rid) => rid.length >= 16), 'section 6', `expected rids that nobody guesses, got ${rids}`);
  for (const rid of rids) await t.rest('DELETE', room, { rid }, { want: 204 });
}, needs);

check('who JOINs a room made over REST finds it', ['REST', 'B-17'], async (t) => {
  const r = t.room();
  await t.rest('POST', rooms, {}, { body: { rid: r.rid, ch: 'm2m' }, want: 201 });
  const ann = await r.publisher('ann');
  t.same(ann.joined.owner, ann.userId, 'B-14', 'owner: the first publisher');
  const { body } = await t.rest('GET', room, { rid: r.rid }, { want: 200 });
  t.same([body.users, body.sessions, body.publications, body.owner], [1, 1, 0, ann.userId], 'section 6', 'users, sessions, publications and owner');
}, needs);

check('a persistent room stays when it is empty', ['REST', 'B-17'], async (t) => {
  const [stays, goes] = [t.name('stays'), t.name('goes')];
  await t.rest('POST', rooms, {}, { body: { rid: stays, ch: 'm2m', persistent: true }, want: 201 });
  await t.rest('POST', rooms, {}, { body: { rid: goes, ch: 'm2m' }, want: 201 });
  await t.pause(t.clock.emptyRoom + 2_000, 'empty rooms to close');
  await t.rest('GET', room, { rid: stays }, { want: 200 });
  await t.rest('GET', room, { rid: goes }, { want: 404 });
  const { body } = await t.rest('PATCH', room, { rid: stays }, { body: { persistent: false }, type: 'application/merge-patch+json', want: 200 });
  t.same(body.persistent, false, 'section 6', 'persistent after PATCH');
  await t.rest('DELETE', room, { rid: stays }, { want: 204 });
}, { ...needs, waits: 'emptyRoom' });

check('limits of a room: its publishers', ['REST', 'B-14'], async (t) => {
  const r = t.room();
  await t.rest('POST', rooms, {}, { body: { rid: r.rid, ch: 'm2m', limits: { publishers: 1 } }, want: 201 });
  await r.publisher('ann');
  const ben = await r.stranger('ben', { claims: { role: 'publisher' } });
  const ack = await ben.ask('JOIN', { ve: true, ae: true });
  t.ok(ack.c === 4025 || ack.b.pt === 'viewer', 'section 3', `expected 4025, or pt viewer in open mode, got ${ack.text}`);
  const { body } = await t.rest('PATCH', room, { rid: r.rid }, { body: { limits: { publishers: 2 } }, type: 'application/merge-patch+json', want: 200 });
  t.same(body.limits.publishers, 2, 'section 6', 'limits.publishers after PATCH');
  await r.publisher('cas');
}, needs);

check('DELETE of a room: ROOM_CLOSED to everyone in it', ['REST'], async (t) => {
  const r = t.room();
  const ann = await r.creator('ann');
  const ben = await r.publisher('ben');
  await t.rest('DELETE', room, { rid: r.rid }, { want: 204 });
  for (const who of [ann, ben]) {
    const closed = await who.hearPush('ROOM_CLOSED');
    t.ok(typeof closed.reason === 'string' && closed.reason !== '', 'section 5', 'expected a reason');
    await who.refused(4001, 'HEARTBEAT', {}, 'B-54');
  }
  await ann.join({ op: { roomCreating: true } });
}, needs);

check('rooms are listed in pages, in order', ['REST'], async (t) => {
  const mine = Array.from({ length: 5 }, () => t.name('page')).sort();
  for (const rid of mine) await t.rest('POST', rooms, {}, { body: { rid, ch: 'm2m' }, want: 201 });
  const found = [];
  let after;
  for (let pages = 0; pages < 500; pages++) {
    const { body } = await t.rest('GET', rooms, {}, { query: { limit: 2, ...(after === undefined ? {} : { after }) }, want: 200 });
    t.ok(body.rooms.length <= 2, 'section 6', `expected at most 2 rooms in a page, got ${body.rooms.length}`);
    found.push(...body.rooms.map(({ rid }) => rid));
    after = body.next;
    if (after === undefined) break;
  }
  t.same(found.filter((rid) => mine.includes(rid)), mine, 'section 6', 'the rooms over all pages');
  t.same([...found].sort(), found, 'section 6', 'the order of the rooms');
  for (const rid of mine) await t.rest('DELETE', room, { rid }, { want: 204 });
  for (const limit of [0, 1_001, 'x']) problem(t, await t.rest('GET', rooms, {}, { query: { limit }, want: 400 }), 'invalid-request');
}, needs);

check('participants: who is there', ['REST'], async (t) => {
  const r = t.room();
  const ann = await r.creator('ann', { host: 'iOS', deviceId: 'p' });
  const vic = await r.viewer('vic');
  await ann.publish();
  await vic.sees(ann);
  await vic.watch(ann);
  const { body } = await t.rest('GET', people, { rid: r.rid }, { want: 200 });
  const of = (user) => body.participants.find(({ userId }) => userId === user.userId);
  t.same([of(ann).role, of(ann).owner, of(ann).banned], ['publisher', true, false], 'section 6', 'role, owner and banned of the owner');
  t.same(of(ann).sessions, [{ sessionId: ann.sessionId, category: 'stream', host: 'iOS', deviceId: 'p', connected: true, publishing: true, video: true, audio: true, watching: 0 }], 'section 6', 'the sessions of the owner');
  t.same([of(vic).role, of(vic).owner, of(vic).sessions[0].watching, of(vic).sessions[0].publishing], ['viewer', false, 1, false], 'section 6', 'role, owner, watching and publishing of a viewer');
  const page = await t.rest('GET', people, { rid: r.rid }, { query: { limit: 1 }, want: 200 });
  t.same([page.body.participants.length, typeof page.body.next], [1, 'string'], 'section 6', 'the length of a page of one, and its next');
  problem(t, await t.rest('GET', people, { rid: t.name('nowhere') }, { want: 404 }), 'room-not-found');
}, needs);

check('PUT gives a role, and takes it', ['REST', 'B-57'], async (t) => {
  const r = t.room();
  const ann = await r.creator('ann', { join: { op: { members: true } } });
  const vic = await r.viewer('vic');
  const names = { rid: r.rid, userId: vic.userId };
  const given = await t.rest('PUT', person, names, { body: { role: 'publisher' }, want: 200 });
  t.same([given.body.userId, given.body.role], [vic.userId, 'publisher'], 'section 6', 'userId and role');
  await ann.list('the new role', (list) => list.some(({ userId, role }) => userId === vic.userId && role === 'publisher'), { s: 'MEMBER_LIST_CHANGED' });
  await vic.publish();
  await ann.sees(vic);
  await t.rest('PUT', person, names, { body: { role: 'publisher' }, want: 200 }); // idempotent
  await ann.settled();
  t.ok(ann.newest().pps.some((entry) => is(entry, vic)), 'section 6', 'expected the publication to live on when the role is as it was');
  await t.rest('PUT', person, names, { body: { role: 'viewer' }, want: 200 });
  await ann.seesNo(vic); // a viewer publishes nothing
  problem(t, await t.rest('PUT', person, names, { body: { role: 'king' }, want: 400 }), 'invalid-request');
  problem(t, await t.rest('PUT', person, names, { body: {}, want: 400 }), 'invalid-request');
  problem(t, await t.rest('PUT', person, { ...names, rid: t.name('nowhere') }, { body: { role: 'viewer' }, want: 404 }), 'room-not-found');
}, needs);

check('PUT bars a user, who is out and stays so; and lets them in again', ['REST', 'B-57'], async (t) => {
  const r = t.room();
  await r.creator('ann');
  const ben = await r.publisher('ben');
  const names = { rid: r.rid, userId: ben.userId };
  const { body } = await t.rest('PUT', person, names, { body: { banned: true }, want: 200 });
  t.same([body.banned, body.sessions], [true, []], 'section 6', 'banned and sessions');
  await ben.hearPush('KICKED');
  await ben.refused(4053, 'JOIN', {}, 'B-57');
  await t.rest('PUT', person, names, { body: { banned: false }, want: 200 });
  await ben.join();
  const early = t.name('early'); // who was never there
  await t.rest('PUT', person, { rid: r.rid, userId: early }, { body: { banned: true }, want: 200 });
  await (await r.stranger('early', { userId: early })).refused(4053, 'JOIN', {}, 'B-57');
}, needs);

check('DELETE removes a session, or a user; they may come back', ['REST'], async (t) => {
  const r = t.room();
  const ann = await r.creator('ann');
  const ben = await r.publisher('ben');
  const phone = await r.stranger('ben', { userId: ben.userId, sessionId: 'pho/ne 1', claims: { role: 'publisher' } });
  await phone.join();
  await t.rest('DELETE', session, { rid: r.rid, userId: ben.userId, sessionId: 'pho/ne 1' }, { want: 204 });
  const kicked = await phone.hearPush('KICKED');
  t.same([kicked.sessionId, kicked.rid], ['pho/ne 1', r.rid], 'section 5', 'sessionId and rid of KICKED');
  await ben.accepted('HEARTBEAT');
  problem(t, await t.rest('DELETE', session, { rid: r.rid, userId: ben.userId, sessionId: 'pho/ne 1' }, { want: 404 }), 'participant-not-found');
  await phone.join();
  await t.rest('DELETE', person, { rid: r.rid, userId: ben.userId }, { want: 204 });
  await ben.hearPush('KICKED');
  await phone.hearPush('KICKED');
  problem(t, await t.rest('DELETE', person, { rid: r.rid, userId: ben.userId }, { want: 404 }), 'participant-not-found');
  await ben.join();
  await ann.accepted('HEARTBEAT');
}, needs);

check('stats: what is sent and watched', ['REST'], async (t) => {
  const r = t.room();
  const ann = await r.creator('ann');
  const ben = await r.publisher('ben');
  await ann.publish();
  await ben.sees(ann);
  await ben.watch(ann);
  const { body } = await t.rest('GET', `${room}/stats`, { rid: r.rid }, { want: 200 });
  t.same([body.rid, body.users, body.sessions, body.connected, body.publishingUsers, body.downlinks, body.publicationCount], [r.rid, 2, 2, 2, 1, 1, 1], 'section 6', 'the figures of the room');
  const [publication] = body.publications;
  t.same([publication.userId, publication.sessionId, publication.listed, publication.connected, publication.watchers], [ann.userId, ann.sessionId, true, true, 1], 'section 6', 'the publication');
  t.same(publication.tracks.map(({ kind, codec }) => `${kind} ${codec.toUpperCase()}`), ['audio OPUS', 'video VP8'], 'section 6', 'its tracks');
  problem(t, await t.rest('GET', `${room}/stats`, { rid: t.name('nowhere') }, { want: 404 }), 'room-not-found');
}, needs);

check('what cannot be understood: 400, 415', ['REST'], async (t) => {
  for (const raw of ['{', '[]', '"x"', '', '{"ch":"x2x"}', '{"rid":"a"}', '{"ch":"m2m","what":1}', '{"ch":"m2m","rid":""}', '{"ch":"m2m","limits":{"publishers":-1}}']) {
    problem(t, await t.rest('POST', rooms, {}, { raw, want: 400 }), 'invalid-request');
  }
  problem(t, await t.rest('POST', rooms, {}, { raw: 'ch=m2m', type: 'application/x-www-form-urlencoded', want: 415 }), 'unsupported-media-type');
}, needs);

check('no token or a bad one: 401; a good one that is not for this: 403', ['REST', 'B-2'], async (t) => {
  const rid = t.name('guarded');
  const body = { rid, ch: 'm2m' };
  for (const token of [null, 'a.b.c', t.token('op', { role: 'admin', create: true, exp: Math.floor(Date.now() / 1_000) - 600 })]) {
    const answer = await t.rest('POST', rooms, {}, { body, token, want: 401 });
    problem(t, answer, 'unauthorized');
    t.ok(/^Bearer/i.test(answer.headers.get('www-authenticate') ?? ''), 'section 6', 'expected WWW-Authenticate: Bearer');
  }
  for (const claims of [{ role: 'publisher', create: true }, { create: true }, { role: 'admin', rid: 'another', create: true }, { role: 'admin', create: false }]) {
    problem(t, await t.rest('POST', rooms, {}, { body, token: t.token('op', claims), want: 403 }), 'forbidden');
  }
  await t.rest('POST', rooms, {}, { body, want: 201 });
  problem(t, await t.rest('GET', room, { rid }, { token: t.token('op', { role: 'admin', rid: 'another' }), want: 403 }), 'forbidden');
  await t.rest('GET', room, { rid }, { token: t.token('op', { role: 'admin', rid: `${rid.slice(0, -1)}*` }), want: 200 });
  const { body: page } = await t.rest('GET', rooms, {}, { token: t.token('op', { role: 'admin', rid }), want: 200 });
  t.ok(page.rooms.every((entry) => entry.rid === rid), 'section 6', 'expected a list of the rooms that the token may see');
  await t.rest('DELETE', room, { rid }, { want: 204 });
}, { needs: ['api', 'tokens'], exact: needs.exact });
