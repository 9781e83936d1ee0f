// SPDX-License-Identifier: Apache-2.0
// JOIN, HEARTBEAT, UPDATE, LEAVE and the list pushes (section 5, B-51, B-54, B-57, B-60).
import * as sdp from '../src/media/sdp.mjs';
import { check } from '../src/registry.mjs';

const members = 'MEMBER_LIST_CHANGED';

for (const ch of ['m2m', 'a2m', 'p2p']) {
  check(`${ch}: the JOIN ack`, ['B-14', 'B-54'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const { rid, pt, eg, owner, hb, pps, rev } = ann.joined;
    t.same({ rid, pt, eg, owner }, { rid: room.rid, pt: 'publisher', eg: 'native', owner: ann.userId }, 'section 5', 'rid, pt, eg and owner');
    t.same(hb, { interval: t.clock.heartbeatInterval, timeout: t.clock.heartbeat }, 'section 5', 'hb');
    t.same(pps.length, ch === 'p2p' ? 1 : 0, 'section 5', 'the length of pps');
    t.ok(Number.isInteger(rev), 'section 5', 'expected rev to be a number');
    t.ok(!pps.some((entry) => 'sdp' in entry), 'section 5', 'expected no sdp in the entries of a JOIN ack');
  });

  check(`${ch}: a JOIN repeated by the same session changes nothing`, ['B-58'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann', { join: { ve: false, op: { members: true } } });
    const first = ann.newest(members) ?? (await ann.list('one', (list) => list.length === 1, { s: members }));
    const again = await ann.join({ ve: true, op: { roomCreating: true } }, 'B-58');
    t.same([again.pt, again.owner, again.rev >= ann.joined.rev], ['publisher', ann.userId, true], 'section 5', 'pt, owner and whether rev went on');
    await ann.settled();
    t.same(ann.newest(members).rev, first.rev, 'section 5', 'the rev of the members: nothing changed');
    await ann.refused(4001, 'JOIN', { rid: t.name('nowhere') }, 'section 5');
  });

  check(`${ch}: LEAVE, and then one is a stranger`, ['B-54'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const ben = await room.member('ben', { claims: { role: 'publisher' } });
    const { tid, ...body } = await ben.leave();
    t.same(body, { rid: room.rid }, 'section 5', 'the body of the LEAVE ack');
    await ben.accepted('LEAVE', {}, 'B-54');
    await ben.refused(4001, 'HEARTBEAT', {}, 'B-54');
    await ben.refused(4001, 'UPDATE', { ve: true }, 'B-54');
    await ben.refused(4001, 'ICE_SERVERS', {}, 'B-54');
    if (ch !== 'p2p') {
      await ben.refused(4001, 'UNPUBLISH', {}, 'B-54');
      await ben.refused(4001, 'UNWATCH', { to: ann.to }, 'B-54');
      await ben.refused(4001, 'PUBLISH_REQUEST', { ve: true, ae: true }, 'B-54');
      await ben.refused(4024, 'WATCH', { to: ann.to }, 'B-15');
      await ben.refused(2001, 'ICE', { sdp: '' }, 'B-15', { wrong: false });
    }
    await ben.refused(4024, 'ANSWER', { to: ann.to, sdp: 'x' }, 'B-15');
    await ben.refused(4051, 'OFFER', { sdp: sdp.offer([sdp.opus], { ufrag: 'abcd', pwd: 'a'.repeat(22), fingerprint: `sha-256 ${'AB:'.repeat(31)}AB` }) }, 'B-15');
    await ben.join();
    await ben.accepted('HEARTBEAT');
  });

  check(`${ch}: HEARTBEAT brings back bid and the list; send_ack false is silent`, ['B-54'], async (t) => {
    const ann = await t.room(ch).creator('ann');
    if (ch !== 'p2p') {
      await ann.publish();
      await ann.sees(ann);
    }
    for (const bid of [1, 'b', 0, '']) {
      const { tid, ...body } = await ann.accepted('HEARTBEAT', { bid });
      t.same([body.rid, body.bid, body.pps.length], [ann.rid, bid, 1], 'section 5', 'rid, bid and the length of pps');
    }
    await ann.accepted('HEARTBEAT', { send_ack: true });
    await ann.silently('HEARTBEAT', { send_ack: false, bid: 5 }, 'section 5');
    for (const fields of [{ send_ack: 'no' }, { bid: {} }]) await ann.refused(2001, 'HEARTBEAT', fields, 'section 5');
  });
}

check('a JOIN by a session that publishes keeps its media', ['B-58', 'B-13'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  await ann.publish();
  await ben.sees(ann);
  const { peer } = await ben.watch(ann);
  await t.until('packets', () => peer.packets.length > 10);
  const { rev } = ben.newest();
  await ann.join({ ve: false, ae: false, op: { roomCreating: true } });
  await ben.join();
  const before = peer.packets.length;
  await t.until('packets go on', () => peer.packets.length > before + 20);
  t.continuous(peer.packets, 'section 5');
  t.same(ben.newest().rev, rev, 'section 5', 'the rev of the list');
});

check('UPDATE is told in the list; what is missing stays; both missing: 2001', ['B-51', 'B-57'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  await ann.publish();
  await ben.sees(ann);
  for (const [fields, video, audio] of [[{ ve: false }, false, true], [{ ae: false }, false, false], [{ ve: true }, true, false], [{ ve: false, ae: true }, false, true]]) {
    ann.say('UPDATE', fields);
    await ben.list(`video ${video} and audio ${audio}`, ([entry]) => entry.video === video && entry.audio === audio);
  }
  await ann.refused(2001, 'UPDATE', {}, 'B-51');
  for (const fields of [{ ve: 1 }, { ae: 'yes' }]) await ann.refused(2001, 'UPDATE', fields, 'section 5');
});

check('missing ve and ae are true in JOIN', ['B-51'], async (t) => {
  const room = t.room();
  const ann = await room.stranger('ann', { claims: { create: true } });
  await ann.accepted('JOIN', { op: { roomCreating: true } }, 'B-51');
  await ann.publish();
  const entry = await ann.sees(ann);
  t.same([entry.video, entry.audio], [true, true], 'B-51', 'video and audio');
  const ben = await room.stranger('ben', { claims: { role: 'publisher' } });
  await ben.accepted('JOIN', { ae: false }, 'B-51');
  await ben.publish();
  const other = await ann.sees(ben);
  t.same([other.video, other.audio], [true, false], 'B-51', 'video and audio of who JOINed with ae false only');
});

check('video and audio of the list are what is negotiated and enabled', ['B-31'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  await ann.publish({ lines: [sdp.opus] });
  const entry = await ann.sees(ann);
  t.same([entry.video, entry.audio], [false, true], 'B-31', 'video and audio of an uplink with audio only');
});

check('lists are whole, and rev grows with each change', ['B-60'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  const cas = await room.publisher('cas');
  const revs = [ben.joined.rev];
  const step = async (what, wanted) => revs.push((await cas.list(what, wanted)).rev);
  await ann.publish();
  await step('ann', (pps) => pps.length === 1);
  await ben.publish();
  await step('both', (pps) => pps.length === 2);
  ann.say('UPDATE', { ve: false });
  await step('ann muted', (pps) => pps.some(({ video }) => !video));
  await ann.leave();
  await step('ben', (pps) => pps.length === 1 && pps[0].userId === ben.userId);
  t.ok(revs.every((rev, index) => index === 0 || rev > revs[index - 1]), 'B-60', `expected rev to grow, got ${revs}`);
});

check('a list push only when that list changed', ['B-60'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann', { join: { op: { members: true } } });
  await ann.publish();
  await ann.sees(ann);
  await ann.list('publishing', ([user]) => user.sessions[0].publishing, { s: members });
  await ann.settled();
  const revs = (s) => ann.wire.all((m) => m.s === s).map(({ message }) => message.b.rev);
  // Behind a gateway one push may come twice.
  const counts = () => ['PUBLISH_LIST_CHANGED', members].map((s) => (ann.wire.proxy ? new Set(revs(s)).size : revs(s).length));
  const [lists, all] = counts();
  ann.say('UPDATE', { ve: true }); // as it is
  await ann.settled();
  t.same(counts(), [lists, all], 'B-60', 'the number of lists after an UPDATE that changes nothing');
  ann.say('UPDATE', { ve: false });
  await ann.list('muted', ([entry]) => !entry.video);
  await ann.settled();
  t.same(counts(), [lists + 1, all], 'B-60', 'the number of lists after an UPDATE: members did not change');
  await room.member('vic', { join: {} });
  await ann.list('two members', (list) => list.length === 2, { s: members });
  t.same(counts(), [lists + 1, all + 1], 'B-60', 'the number of lists after a JOIN: publications did not change');
});

check('members: only to sessions that asked, with all that is said of them', ['B-60'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann', { join: { op: { members: true } }, claims: { name: 'ann', fullname: 'Ann Lee', avatar: 'https://example.org/a.png' } });
  const ben = await room.publisher('ben', { host: 'iOS', deviceId: 'p', category: 'screenshare' });
  const { rid, members: list } = await ann.list('two', (all) => all.length === 2, { s: members });
  t.same(rid, room.rid, 'B-60', 'rid');
  const names = t.suite.mint ? { username: 'ann', fullname: 'Ann Lee', avatar: 'https://example.org/a.png' } : { username: '', fullname: '', avatar: '' };
  const none = { username: '', fullname: '', avatar: '' };
  const want = [
    { userId: ann.userId, ...names, role: 'publisher', sessions: [{ sessionId: ann.sessionId, category: 'stream', host: 'Web', deviceId: 'd', publishing: false }] },
    { userId: ben.userId, ...none, role: 'publisher', sessions: [{ sessionId: ben.sessionId, category: 'screenshare', host: 'iOS', deviceId: 'p', publishing: false }] },
  ];
  const byId = (a, b) => (a.userId < b.userId ? -1 : 1);
  t.same([...list].sort(byId), want.sort(byId), 'B-60', 'members');
  await ben.settled();
  t.same(ben.wire.all((m) => m.s === members).length, 0, 'B-60', 'the number of member lists at who did not ask');
  await ben.publish();
  await ann.list('ben publishing', (all) => all.some(({ userId, sessions }) => userId === ben.userId && sessions[0].publishing), { s: members });
  await ben.leave();
  await ann.list('one', (all) => all.length === 1, { s: members });
});

check('the rev of a JOIN ack is that of the list in it', ['B-60'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  await ann.publish();
  const { rev } = await ann.list('ann', (pps) => pps.length === 1);
  const ben = await room.member('ben');
  t.same([ben.joined.rev, ben.joined.pps.length], [rev, 1], 'section 5', 'rev and the number of pps in the ack');
});

check('one rev for both lists', ['B-60'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann', { join: { op: { members: true } } });
  const ben = await room.publisher('ben');
  await ben.publish();
  await ann.sees(ben);
  await ann.list('ben publishing', (all) => all.some(({ sessions }) => sessions[0].publishing), { s: members });
  await ben.leave();
  await ann.seesNo(ben);
  await ann.list('one', (all) => all.length === 1, { s: members });
  const revs = ['PUBLISH_LIST_CHANGED', members].map((s) => new Set(ann.wire.all((m) => m.s === s).map(({ message }) => message.b.rev)));
  const both = [...revs[0]].filter((rev) => revs[1].has(rev));
  t.same(both, [], 'B-60', 'the revs that stand in a list of both kinds');
  if (ann.wire.proxy) return; // which shuffles
  const inOrder = ann.wire.all((m) => m.s === 'PUBLISH_LIST_CHANGED' || m.s === members).map(({ message }) => message.b.rev);
  t.ok(inOrder.every((rev, index) => index === 0 || rev > inOrder[index - 1]), 'B-60', `expected the revs of both kinds to grow together, got ${inOrder}`);
});

check('lists go to every session in the room and to nobody outside', ['B-60'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const vic = await room.viewer('vic');
  const out = await t.room().creator('out');
  await ann.publish();
  await vic.sees(ann);
  await out.settled();
  t.same(out.wire.all((m) => m.b?.rid === room.rid).length, 0, 'B-60', 'the number of messages of another room');
});

check('KEEP_ALIVE every five minutes', ['B-13'], async (t) => {
  const ann = await t.room().creator('ann');
  const heartbeats = setInterval(() => ann.say('HEARTBEAT', { send_ack: false }), 5_000);
  t.defer(() => clearInterval(heartbeats));
  const since = performance.now();
  await t.meanwhile(ann.hearPush('KEEP_ALIVE', t.clock.keepAlive + 10_000), 'KEEP_ALIVE');
  const lasted = performance.now() - since;
  t.ok(lasted > t.clock.keepAlive - 5_000, 'section 5', `expected KEEP_ALIVE after ${t.clock.keepAlive} ms, it came after ${lasted}`);
}, { slow: true, waits: 'keepAlive' });
