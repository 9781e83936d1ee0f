// SPDX-License-Identifier: Apache-2.0
// ANSWER in m2m and a2m (B-40, B-53).
import * as sdp from '../src/media/sdp.mjs';
import { check } from '../src/registry.mjs';

const some = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n';

for (const ch of ['m2m', 'a2m']) {
  check(`${ch}: to must be the watched session`, ['B-40'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const ben = await room.publisher('ben');
    await ann.publish();
    await ben.sees(ann);
    for (const to of [ann.userId, undefined, { userId: ann.userId }, { sessionId: ann.sessionId }]) await ben.refused(2001, 'ANSWER', { to, sdp: some }, 'B-40');
  });

  check(`${ch}: no offer is waiting: 2001`, ['B-40', 'B-53'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const ben = await room.publisher('ben');
    await ben.refused(2001, 'ANSWER', { to: ann.to, sdp: some }, 'B-53');
    await ann.publish();
    await ben.sees(ann);
    await ben.refused(2001, 'ANSWER', { to: ann.to, sdp: some }, 'B-40');
  });

  check(`${ch}: target never there or gone: 4024`, ['B-40', 'B-53', 'B-16'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const ben = await room.publisher('ben');
    await ben.refused(4024, 'ANSWER', { to: { userId: t.name('ghost'), sessionId: 'x' }, sdp: some }, 'B-53');
    await ben.refused(4024, 'ANSWER', { to: { userId: ann.userId, sessionId: 'x' }, sdp: some }, 'B-53');
    await ann.leave();
    await ben.refused(4024, 'ANSWER', { to: ann.to, sdp: some }, 'B-40');
  });
}

check('an answer that cannot be read: 2001, and the offer waits on', ['B-40', 'B-24'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  await ann.publish();
  await ben.sees(ann);
  const { pps } = await ben.accepted('WATCH', { to: ann.to });
  await ben.refused(2001, 'ANSWER', { to: ann.to, sdp: 'hello' }, 'B-40');
  const taken = await ben.take(pps[0]);
  await t.until('packets', () => taken.peer.packets.length > 5);
});

check('an identical ANSWER is ignored', ['B-9'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  await ann.publish();
  await ben.sees(ann);
  const { peer, to, answer } = await ben.watch(ann);
  await ben.silently('ANSWER', { to, sdp: answer }, 'B-9');
  const before = peer.packets.length;
  await t.until('packets go on', () => peer.packets.length > before + 10);
  t.continuous(peer.packets, 'B-9');
});

check('who answers as the DTLS server is served', ['B-40'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  await ann.publish();
  await ben.sees(ann);
  const { pps } = await ben.accepted('WATCH', { to: ann.to });
  const peer = await ben.peer();
  ben.connect(peer, pps[0].sdp, false);
  ben.say('ANSWER', { to: ann.to, sdp: sdp.answer(pps[0].sdp, { ...peer.transport, setup: 'passive' }) });
  await peer.ready();
  await t.until('packets', () => peer.packets.length > 10);
});
