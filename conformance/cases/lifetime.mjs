// SPDX-License-Identifier: Apache-2.0
// How connections end, and sessions with them (B-13, B-56).
import * as sdp from '../src/media/sdp.mjs';
import { check } from '../src/registry.mjs';

/** RFC 7675 section 5.1: consent lasts 30 s. */
const consent = 30_000;

check('an uplink whose consent ran out leaves the list; its session stays while its socket does', ['B-13', 'B-56'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  const { peer } = await ann.publish();
  await ben.sees(ann);
  peer.vanish();
  await t.meanwhile(ben.seesNo(ann, consent + t.clock.grace + 10_000), 'consent to run out');
  await ann.accepted('HEARTBEAT', {}, 'B-13');
  await ann.publish();
  await ben.sees(ann);
}, { waits: 40_000 });

check('a session without socket ends 10 s after its last consent expired', ['B-13', 'B-56'], async (t) => {
  const room = t.room();
  const ben = await room.creator('ben', { join: { op: { members: true } } });
  const ann = await room.publisher('ann');
  const { peer } = await ann.publish();
  await ben.sees(ann);
  await ann.wire.drop();
  peer.vanish();
  const since = performance.now();
  await t.pause(t.clock.grace + 2_000, 'the grace that does not count yet');
  await ben.settled();
  t.same(ben.newest('MEMBER_LIST_CHANGED').members.length, 2, 'B-56', 'the number of members while consent is fresh');
  await t.meanwhile(ben.list('ben alone', (list) => list.length === 1, { s: 'MEMBER_LIST_CHANGED', deadline: consent + t.clock.grace + 8_000 }), 'the session to end');
  const lasted = performance.now() - since;
  t.ok(lasted > consent + t.clock.grace - 8_000, 'B-56', `expected the grace to begin when consent expires, the session ended after ${lasted} ms`);
  t.ok(lasted < consent + t.clock.grace + 8_000, 'B-56', `expected the session to end within ${consent + t.clock.grace} ms, it took ${lasted} ms`);
}, { waits: 42_000 });

check('a watcher who vanished costs nobody anything', ['B-13'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  const cas = await room.publisher('cas');
  await ann.publish();
  await ben.sees(ann);
  const one = await ben.watch(ann);
  const two = await cas.watch(ann);
  await t.until('packets', () => one.peer.packets.length > 5 && two.peer.packets.length > 5);
  one.peer.drop();
  await ben.wire.drop();
  const before = two.peer.packets.length;
  await t.until('the other goes on', () => two.peer.packets.length > before + 30);
  t.continuous(two.peer.packets, 'B-13');
});

check('a watching session lives by its downlink', ['B-13', 'B-56'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann', { join: { op: { members: true } } });
  const ben = await room.publisher('ben');
  await ann.publish({ lines: [sdp.opus] });
  await ben.sees(ann);
  const { peer } = await ben.watch(ann);
  await t.until('packets', () => peer.packets.length > 5);
  await ben.wire.drop();
  await t.pause(t.clock.grace + 3_000, 'the grace to pass');
  await ann.settled();
  t.same(ann.newest('MEMBER_LIST_CHANGED').members.length, 2, 'B-13', 'the number of members while the downlink has consent');
  const before = peer.packets.length;
  await t.until('packets go on', () => peer.packets.length > before + 10);
}, { waits: 13_000 });

check('a socket that is closed properly is like one that is cut', ['B-56'], async (t) => {
  const room = t.room();
  const ben = await room.creator('ben', { join: { op: { members: true } } });
  const ann = await room.publisher('ann');
  await ben.list('ann', (list) => list.length === 2, { s: 'MEMBER_LIST_CHANGED' });
  await ann.wire.close();
  await t.sleep(1_500);
  await ben.settled();
  t.same(ben.newest('MEMBER_LIST_CHANGED').members.length, 2, 'B-56', 'the number of members within the grace');
  await t.meanwhile(ben.list('ben alone', (list) => list.length === 1, { s: 'MEMBER_LIST_CHANGED', deadline: t.clock.grace + 5_000 }), 'the session to end');
}, { waits: 'grace' });
