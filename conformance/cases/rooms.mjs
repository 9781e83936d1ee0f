// SPDX-License-Identifier: Apache-2.0
// behaviour.md section 3: who may be in a room, and when it closes (B-14 to B-17, B-58).
import { check } from '../src/registry.mjs';

const all = ['m2m', 'a2m', 'p2p'];

for (const ch of all) {
  check(`${ch}: a room is there when somebody made it`, ['B-14', 'B-58'], async (t) => {
    const room = t.room(ch);
    const early = await room.stranger('early', { claims: { role: 'publisher' } });
    await early.refused(4001, 'JOIN', {}, 'B-6');
    await early.refused(4001, 'JOIN', { op: { roomCreating: false } }, 'B-6');
    const ann = await room.creator('ann');
    await early.refused(4022, 'JOIN', { op: { roomCreating: true } }, 'section 5');
    const { owner } = await early.join();
    t.same(owner, ann.userId, 'B-14', 'owner');
    const phone = await room.stranger('ann', { userId: ann.userId, sessionId: 'phone', claims: { create: true } });
    await phone.join({ op: { roomCreating: true } }, 'B-58');
    await phone.leave();
    await ann.leave();
    const back = await room.stranger('ann', { userId: ann.userId, sessionId: 'third', claims: { create: true } });
    await back.join({ op: { roomCreating: true } }, 'B-58'); // the room still exists
  });

  check(`${ch}: a room closes when it has been empty for 60 s, not before`, ['B-17'], async (t) => {
    const [early, late] = [t.room(ch), t.room(ch)];
    const [one, two] = [await early.creator('one'), await late.creator('two')];
    await one.leave();
    await two.leave();
    await t.pause(t.clock.emptyRoom - 3_000, 'empty rooms to close');
    await one.join({}, 'B-17'); // and its time begins anew
    await one.leave();
    await t.pause(4_500, 'the other room to close');
    await two.refused(4001, 'JOIN', {}, 'B-17');
    await one.join({}, 'B-17');
    await (await late.stranger('ann', { claims: { create: true } })).join({ op: { roomCreating: true } }, 'B-17');
  }, { waits: 'emptyRoom' });

  check(`${ch}: a room is made with its type`, ['B-52'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const ben = await room.stranger('ben');
    for (const other of all.filter((type) => type !== ch)) {
      await ben.refused(2002, 'JOIN', { ch: other }, 'B-6');
      await ben.refused(2002, 'JOIN', { ch: other, op: { roomCreating: true } }, 'B-52');
      await ann.refused(4001, 'HEARTBEAT', { ch: other }, 'B-52');
    }
  });
}

for (const ch of ['m2m', 'a2m']) {
  check(`${ch}: nine users publish; when one goes there is a place`, ['B-14'], async (t) => {
    const room = t.room(ch);
    await room.creator('ann');
    const others = await room.fill();
    t.same(others.length, t.suite.options.publishers - 1, 'section 3', 'the number of users who may publish besides the creator');
    const vic = await room.member('vic', { claims: { role: 'viewer' } });
    t.same(vic.role, 'viewer', 'section 3', 'pt when all places are taken');
    const second = await room.stranger('x', { userId: others[0].userId, sessionId: 'second', wire: t.suite.mint ? undefined : others[0].wire, claims: { role: 'publisher' } });
    await second.join();
    t.same(second.role, 'publisher', 'section 3', 'pt of a second session of who publishes already');
    await others[1].leave();
    const next = await room.publisher('next');
    t.same(next.role, 'publisher', 'section 3', 'pt when a place was given back');
  });
}

check('WATCH: 4024 to a stranger, of who left, and of who never was there', ['B-15', 'B-16', 'B-53'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  await ben.refused(4024, 'WATCH', { to: { userId: t.name('ghost'), sessionId: 'x' } }, 'B-16');
  await ben.refused(4024, 'WATCH', { to: { userId: t.name('ghost') } }, 'B-16');
  await ben.refused(4024, 'WATCH', { to: { userId: ann.userId, sessionId: 'x' } }, 'B-53');
  await ann.leave();
  await ben.refused(4024, 'WATCH', { to: ann.to }, 'B-16');
  const eve = await room.stranger('eve');
  await eve.refused(4024, 'WATCH', { to: ben.to }, 'B-15');
});

check('what ends with a session: its publication, its downlinks, its place in the lists', ['B-16', 'B-56'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben', { join: { op: { members: true } } });
  await ann.publish();
  await ben.publish();
  await ben.sees(ann);
  await ann.sees(ben);
  const down = await ann.watch(ben);
  await t.until('packets', () => down.peer.packets.length > 5);
  await ann.leave();
  await ben.seesNo(ann);
  await ben.list('one', (list) => list.length === 1, { s: 'MEMBER_LIST_CHANGED' });
  await t.sleep(250);
  const count = down.peer.packets.length;
  await t.sleep(400);
  t.same(down.peer.packets.length, count, 'B-56', 'the number of packets to who left');
});

check('strangers disturb nobody', ['B-15'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  await ann.publish();
  await ann.sees(ann);
  const { rev } = ann.newest();
  const eve = await room.stranger('eve');
  for (const [s, fields] of [['UPDATE', { ve: false }], ['UNPUBLISH', {}], ['KICK', { to: ann.userId }], ['PUBLISH_ACCEPT', { to: ann.userId }]]) {
    const { c } = await eve.ask(s, fields);
    t.ok(c !== 200, 'B-15', `expected ${s} of a stranger to be refused`);
  }
  await eve.accepted('LEAVE', {}, 'B-54');
  await ann.accepted('HEARTBEAT');
  t.same(ann.newest().rev, rev, 'B-15', 'the rev of the list');
});
