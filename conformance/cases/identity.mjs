// SPDX-License-Identifier: Apache-2.0
// behaviour.md section 2: who is who.
import { check } from '../src/registry.mjs';

const set = (ann, field, value) => ({ ss: { ...ann.common.ss, [field]: value } });

check('a second socket takes a session over, and the first is told', ['B-10'], async (t) => {
  const room = t.room();
  const ann = await room.creator();
  const again = ann.on(await t.wire(ann.userId, { claims: { create: true } }));
  await again.accepted('HEARTBEAT', {}, 'B-10');
  const replaced = await ann.hearPush('SESSION_REPLACED');
  t.same(replaced, { rid: ann.rid, sessionId: ann.sessionId }, 'B-10', 'the body of SESSION_REPLACED');
}, { exact: 'a repeated message would take the session back' });

check('after a takeover the old socket gets nothing for the session', ['B-10'], async (t) => {
  const room = t.room();
  const ann = await room.creator();
  const again = ann.on(await t.wire(ann.userId, { claims: { create: true } }));
  await again.join();
  await ann.hearPush('SESSION_REPLACED');
  const ben = await room.publisher('ben');
  await ben.publish();
  await again.sees(ben);
  t.same(ann.wire.all((m) => m.s === 'PUBLISH_LIST_CHANGED' && m.b.pps.length > 0).length, 0, 'B-10', 'the number of lists on the socket that was replaced');
}, { exact: 'a repeated message would take the session back' });

check('the end of the old socket does not end a session that has moved to another', ['B-10', 'B-56'], async (t) => {
  const ann = await t.room().creator();
  const again = ann.on(await t.wire(ann.userId, { claims: { create: true } }));
  await again.join();
  await ann.hearPush('SESSION_REPLACED');
  await ann.wire.drop();
  await t.pause(t.clock.grace + 2_000, 'the grace of a session whose socket is gone');
  await again.accepted('HEARTBEAT', {}, 'B-56');
}, { waits: 'grace', exact: 'a repeated message would take the session back' });

check('a session moves back to the socket that speaks for it', ['B-10'], async (t) => {
  const ann = await t.room().creator();
  const again = ann.on(await t.wire(ann.userId, { claims: { create: true } }));
  await again.join();
  await ann.hearPush('SESSION_REPLACED');
  await ann.accepted('HEARTBEAT', {}, 'B-10');
  await again.hearPush('SESSION_REPLACED');
}, { exact: 'a repeated message would take the session back' });

check('a user has many sessions: each is there by itself', ['B-10'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann', { join: { op: { members: true } } });
  const phone = await room.stranger('ann', { userId: ann.userId, sessionId: 'phone', host: 'Android', deviceId: 'p', claims: { role: 'publisher' } });
  await phone.join();
  const { members } = await ann.list('two sessions', (list) => list[0].sessions.length === 2, { s: 'MEMBER_LIST_CHANGED' });
  t.same(members.length, 1, 'B-10', 'the number of users');
  await phone.leave();
  await ann.list('one session', (list) => list[0].sessions.length === 1, { s: 'MEMBER_LIST_CHANGED' });
  await ann.accepted('HEARTBEAT', {}, 'B-10');
});

for (const [field, values] of Object.entries({
  userId: [undefined, '', 5, null, 'x'.repeat(257), 'é'.repeat(129)],
  sessionId: [undefined, '', {}, 'x'.repeat(257)],
  host: [undefined, 'web', 'Fridge', '', 1],
  category: [undefined, 'camera', '', true],
  deviceId: [5, {}],
})) {
  check(`ss.${field} that is not as it should be: 2001`, ['B-11'], async (t) => {
    const ann = await t.room().creator();
    for (const value of values) await ann.refused(2001, 'HEARTBEAT', set(ann, field, value), 'B-11');
    await ann.accepted('HEARTBEAT', {}, 'B-11');
  });
}

check('rid is at most 256 bytes', ['B-11'], async (t) => {
  const stem = t.name('r');
  const rid = `${stem}${'é'.repeat(Math.floor((256 - stem.length) / 2))}`;
  const ann = await t.room('m2m', { rid }).creator();
  await ann.refused(2001, 'JOIN', { rid: `${rid}ééé` }, 'B-11', { wrong: true });
});

check('all hosts and categories are taken; deviceId may be empty or missing', ['B-11', 'B-51'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann', { join: { op: { members: true } } });
  const kinds = [['iOS', 'stream'], ['iOS_EX', 'screenshare'], ['Android', 'stream'], ['Web', 'screenshare'], ['Web_Studio', 'stream'], ['Server', 'stream']];
  for (const [index, [host, category]] of kinds.entries()) {
    const ben = await room.stranger('ben', { userId: ann.userId, sessionId: `s${index}`, host, category, deviceId: index === 0 ? undefined : '', claims: { role: 'publisher' } });
    if (index === 0) delete ben.common.ss.deviceId;
    await ben.join({}, 'B-11');
  }
  const { members } = await ann.list('seven sessions', ([{ sessions }]) => sessions.length === 7, { s: 'MEMBER_LIST_CHANGED' });
  const got = members[0].sessions.filter(({ sessionId }) => /^s\d$/.test(sessionId)).map(({ host, category, deviceId }) => [host, category, deviceId]);
  t.same(got, kinds.map((kind) => [...kind, '']), 'B-51', 'host, category and deviceId of the members\' sessions');
});

check('pps entries say who it is: id is the userId', ['B-12'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann', { host: 'Web_Studio', deviceId: 'desk', claims: { name: 'ann', fullname: 'Ann Lee', avatar: 'https://example.org/a.png' } });
  const ben = await room.publisher('ben');
  await ann.publish();
  const entry = await ben.sees(ann);
  const named = t.suite.mint ? { username: 'ann', fullname: 'Ann Lee', avatar: 'https://example.org/a.png' } : { username: '', fullname: '', avatar: '' };
  const want = { id: ann.userId, userId: ann.userId, sessionId: ann.sessionId, ...named, host: 'Web_Studio', category: 'stream', deviceId: 'desk', video: true, audio: true };
  t.same(entry, want, 'B-12', 'the entry in the list');
  const { ack } = await ben.watch(ann);
  const { sdp, ...watched } = ack.pps[0];
  t.same(watched, want, 'B-12', 'the entry in the WATCH ack, but its sdp');
  t.ok(sdp.startsWith('v=0'), 'B-12', `expected sdp to be an SDP, got ${sdp}`);
});

check('the iOS extension shares the screen in its own session on its own socket', ['B-10'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann', { host: 'iOS' });
  const screen = await room.stranger('ann', { userId: ann.userId, sessionId: 'ex', host: 'iOS_EX', category: 'screenshare', claims: { role: 'publisher' } });
  await screen.join();
  await ann.publish({ mark: 'c' });
  await screen.publish({ mark: 's' });
  const ben = await room.publisher('ben');
  const both = await ben.list('both sessions', (pps) => pps.length === 2);
  t.same(both.pps.map(({ host, category }) => `${host} ${category}`).sort(), ['iOS stream', 'iOS_EX screenshare'], 'B-10', 'host and category in the list');
  const one = await ben.watch(ann);
  const two = await ben.watch(screen);
  await t.until('each is seen by its own mark', () => one.peer.packets.length > 5 && two.peer.packets.length > 5);
  t.ok(one.peer.packets.every(({ mark }) => mark === 0x63), 'B-10', 'expected the camera in the downlink to the camera');
  t.ok(two.peer.packets.every(({ mark }) => mark === 0x73), 'B-10', 'expected the screen in the downlink to the screen');
  await screen.leave(); // the extension ends; the camera does not
  await ben.seesNo(screen);
  const seen = one.peer.packets.length;
  await t.until('the camera goes on', () => one.peer.packets.length > seen + 5);
});

check('signalling hiccups do not stop media: a dropped socket, and a JOIN on a new one', ['B-13'], async (t) => {
  const room = t.room();
  const ann = await room.creator();
  const ben = await room.publisher('ben');
  await ann.publish({ mark: 'a' });
  await ben.sees(ann);
  const watching = await ben.watch(ann);
  await t.until('packets', () => watching.peer.packets.length > 10);
  await ann.wire.drop();
  await ben.wire.drop();
  const before = watching.peer.packets.length;
  await t.until('packets while no socket is there', () => watching.peer.packets.length > before + 20);
  const back = ann.on(await t.wire(ann.userId, { claims: { create: true } }));
  const { pps, pt } = await back.join({}, 'B-13');
  t.same(pt, 'publisher', 'B-13', 'pt of who came back');
  t.ok(pps.some(({ sessionId }) => sessionId === ann.sessionId), 'B-13', `expected the publication in the list after the JOIN, got ${JSON.stringify(pps)}`);
  const benBack = ben.on(await t.wire(ben.userId, { claims: { role: 'publisher' } }));
  await benBack.join({}, 'B-13');
  const after = watching.peer.packets.length;
  await t.until('packets after the JOINs, with no new offer', () => watching.peer.packets.length > after + 20);
  t.continuous(watching.peer.packets, 'B-13');
}, { exact: 'a repeat may arrive after the drop' });

check('an uplink that sends keeps its session when its socket is gone for longer than heartbeat and grace', ['B-13', 'B-56'], async (t) => {
  const room = t.room();
  const ann = await room.creator();
  const ben = await room.publisher('ben');
  await ann.publish({ mark: 'a' });
  await ben.sees(ann);
  await ann.wire.drop();
  await t.pause(t.clock.heartbeat + t.clock.grace + 3_000, 'heartbeat and grace to pass');
  await ben.accepted('HEARTBEAT');
  t.ok(ben.newest().pps.some(({ sessionId }) => sessionId === ann.sessionId), 'B-13', 'expected the session to live while consent on its connection is fresh');
}, { waits: 23_000 });

check('a session ends 10 s after its socket when it never sent a heartbeat', ['B-13', 'B-56'], async (t) => {
  const room = t.room();
  const ben = await room.creator('ben', { join: { op: { members: true } } });
  const ann = await room.publisher('ann');
  await ben.list('ann', (members) => members.length === 2, { s: 'MEMBER_LIST_CHANGED' });
  await ann.wire.drop();
  const since = performance.now();
  await t.meanwhile(ben.list('ben alone', (members) => members.length === 1, { s: 'MEMBER_LIST_CHANGED', deadline: t.clock.grace + 6_000 }), 'the session to end');
  const lasted = performance.now() - since;
  t.ok(lasted > t.clock.grace - 700, 'B-56', `expected the session to end ${t.clock.grace} ms after its socket, it ended after ${lasted} ms`);
}, { waits: 'grace' });

check('a heartbeat counts for 10 s: then the grace begins', ['B-13', 'B-56'], async (t) => {
  const room = t.room();
  const ben = await room.creator('ben', { join: { op: { members: true } } });
  const ann = await room.publisher('ann');
  await ann.accepted('HEARTBEAT');
  const since = performance.now();
  await ann.wire.drop();
  await ben.list('ann', (members) => members.length === 2, { s: 'MEMBER_LIST_CHANGED' });
  const wanted = t.clock.heartbeat + t.clock.grace;
  await t.meanwhile(ben.list('ben alone', (members) => members.length === 1, { s: 'MEMBER_LIST_CHANGED', deadline: wanted + 6_000 }), 'the session to end');
  const lasted = performance.now() - since;
  t.ok(lasted > wanted - 700, 'B-56', `expected the session to end ${wanted} ms after its last heartbeat, it ended after ${lasted} ms`);
}, { waits: 20_000, exact: 'a repeat may arrive after the drop' });

check('who JOINs again within the grace has not left', ['B-13'], async (t) => {
  const room = t.room();
  const ben = await room.creator('ben', { join: { op: { members: true } } });
  const ann = await room.publisher('ann');
  await ben.list('ann', (members) => members.length === 2, { s: 'MEMBER_LIST_CHANGED' });
  const { rev } = ben.newest('MEMBER_LIST_CHANGED');
  await ann.wire.drop();
  await t.pause(t.clock.grace - 3_000, 'most of the grace');
  const back = ann.on(await t.wire(ann.userId, { claims: { role: 'publisher' } }));
  await back.join({}, 'B-13');
  await t.pause(4_000, 'the end that the grace would have had');
  await ben.settled();
  t.same(ben.newest('MEMBER_LIST_CHANGED').rev, rev, 'B-13', 'the rev of the members: nobody left, nobody came');
}, { waits: 'grace' });
