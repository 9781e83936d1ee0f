// SPDX-License-Identifier: Apache-2.0
// Roles, owner, requests, KICK and bans, UNPUBLISH, UNWATCH, SIMULCAST_UPDATE (B-14, B-54, B-57, section 5).
import * as sdp from '../src/media/sdp.mjs';
import { check } from '../src/registry.mjs';
import { is } from '../src/session.mjs';

const media = ['m2m', 'a2m'];
const notIdempotent = { exact: 'KICK twice: the second is for nobody (4002)' };
/** Of somebody in the room: what a JOIN repeated says of it. */
const ownerOf = async (session) => (await session.join()).owner;
const quiet = async (t, peer, clause, what) => {
  await t.sleep(250);
  const count = peer.packets.length;
  await t.sleep(500);
  t.ok(peer.packets.length === count, clause, `expected no more packets ${what}, ${peer.packets.length - count} came`);
};

for (const ch of media) {
  check(`${ch}: UNPUBLISH ends the publication and nothing else`, ['B-54'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const ben = await room.publisher('ben');
    await ann.publish();
    await ben.sees(ann);
    const { peer } = await ben.watch(ann);
    await t.until('packets', () => peer.packets.length > 5);
    const { tid, ...body } = await ann.accepted('UNPUBLISH');
    t.same(body, { rid: ann.rid, sessionId: ann.sessionId }, 'section 5', 'the body of the UNPUBLISH ack');
    await ben.seesNo(ann);
    await quiet(t, peer, 'section 5', 'after UNPUBLISH');
    await ann.accepted('HEARTBEAT');
    await ann.accepted('UNPUBLISH', {}, 'B-54'); // of nothing
    const again = await ann.publish();
    await ben.sees(ann);
    t.ok(again.ack.sdp, 'section 5', 'expected a new publication after UNPUBLISH');
  });

  check(`${ch}: UNWATCH ends one downlink`, ['B-54'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const ben = await room.publisher('ben');
    const cas = await room.publisher('cas');
    await ann.publish();
    await cas.publish();
    await ben.sees(ann);
    await ben.sees(cas);
    const one = await ben.watch(ann);
    const two = await ben.watch(cas);
    await t.until('packets', () => one.peer.packets.length > 5 && two.peer.packets.length > 5);
    const { tid, ...body } = await ben.accepted('UNWATCH', { to: ann.to });
    t.same(body, { rid: ben.rid, to: ann.to }, 'section 5', 'the body of the UNWATCH ack');
    await quiet(t, one.peer, 'section 5', 'after UNWATCH');
    const count = two.peer.packets.length;
    await t.until('the other downlink goes on', () => two.peer.packets.length > count + 10);
    await ben.accepted('UNWATCH', { to: ann.to }, 'B-54'); // of nothing
    await ben.accepted('UNWATCH', { to: { userId: t.name('ghost'), sessionId: 'x' } }, 'B-54');
    await ben.refused(2001, 'ANSWER', { to: ann.to, sdp: one.answer }, 'B-40');
    const again = await ben.watch(ann);
    await t.until('packets again', () => again.peer.packets.length > 5);
  });

  check(`${ch}: UNWATCH to must be an object with a userId`, ['B-54', 'B-52'], async (t) => {
    const ann = await t.room(ch).creator('ann');
    for (const to of [undefined, null, 'ben', 5, { sessionId: 'x' }]) await ann.refused(2001, 'UNWATCH', { to }, 'section 5');
  });

  check(`${ch}: KICK of a session: it is told by whom, and is out; others of the user stay`, ['B-57'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const ben = await room.publisher('ben');
    const phone = await room.stranger('ben', { userId: ben.userId, sessionId: 'phone', claims: { role: 'publisher' } });
    await phone.join();
    await ben.publish();
    await ann.sees(ben);
    const { peer } = await ann.watch(ben);
    await t.until('packets', () => peer.packets.length > 5);
    const { tid, ...body } = await ann.accepted('KICK', { to: ben.to });
    t.same(body, { rid: ann.rid }, 'section 5', 'the body of the KICK ack');
    t.same(await ben.hearPush('KICKED'), { rid: ann.rid, sessionId: ben.sessionId, by: ann.userId }, 'B-57', 'the body of KICKED');
    await ann.seesNo(ben);
    await quiet(t, peer, 'B-57', 'of who was kicked');
    await ben.refused(4001, 'HEARTBEAT', {}, 'B-54');
    await phone.accepted('HEARTBEAT');
    t.same(phone.wire.all((m) => m.s === 'KICKED').length, 0, 'B-57', 'the number of KICKED at the other session');
    const { pt } = await ben.join({}, 'B-57'); // they may come back
    t.same(pt, 'publisher', 'B-57', 'pt of who came back');
  }, notIdempotent);

  check(`${ch}: KICK of a user: all their sessions`, ['B-57'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const ben = await room.publisher('ben');
    const phone = await room.stranger('ben', { userId: ben.userId, sessionId: 'phone', claims: { role: 'publisher' } });
    await phone.join();
    await ann.accepted('KICK', { to: ben.userId });
    t.same((await ben.hearPush('KICKED')).sessionId, ben.sessionId, 'section 5', 'sessionId of KICKED');
    t.same((await phone.hearPush('KICKED')).sessionId, 'phone', 'section 5', 'sessionId of KICKED');
    await phone.refused(4001, 'HEARTBEAT', {}, 'B-54');
    await ann.refused(4002, 'KICK', { to: ben.userId }, 'section 5');
    await ben.join({}, 'B-57');
  }, notIdempotent);

  check(`${ch}: op.ban bars a user for the room's life`, ['B-57'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const ben = await room.publisher('ben');
    await ann.accepted('KICK', { to: ben.userId, op: { ban: true } });
    await ben.hearPush('KICKED');
    await ben.refused(4053, 'JOIN', {}, 'B-57');
    const phone = await room.stranger('ben', { userId: ben.userId, sessionId: 'phone', claims: { role: 'publisher' } });
    await phone.refused(4053, 'JOIN', {}, 'B-57');
    await phone.refused(4053, 'JOIN', { op: { roomCreating: true } }, 'B-52'); // 4053 before 4022
    const elsewhere = await t.room(ch).stranger('ben', { userId: ben.userId, claims: { create: true } });
    await elsewhere.join({ op: { roomCreating: true } });
  }, notIdempotent);

  check(`${ch}: any publisher may KICK, but not the owner`, ['B-57'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const ben = await room.publisher('ben');
    const cas = await room.publisher('cas');
    await ben.refused(4051, 'KICK', { to: ann.userId }, 'B-57');
    await ben.refused(4051, 'KICK', { to: ann.to }, 'B-57');
    await ben.accepted('KICK', { to: cas.userId }, 'B-57');
    t.same((await cas.hearPush('KICKED')).by, ben.userId, 'B-57', 'by of KICKED');
    await ann.accepted('HEARTBEAT');
  }, notIdempotent);

  check(`${ch}: a viewer may not KICK, OFFER, UPDATE or UNPUBLISH`, ['B-14', 'B-15'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const vic = await room.viewer('vic');
    await vic.refused(4051, 'OFFER', { sdp: sdp.offer([sdp.opus], (await vic.peer()).transport) }, 'B-15');
    await vic.refused(4051, 'KICK', { to: ann.userId }, 'B-57');
    await vic.refused(4051, 'UPDATE', { ve: true }, 'section 5');
    await vic.refused(4051, 'UNPUBLISH', {}, 'section 5');
    await ann.settled();
    t.same(ann.wire.all((m) => m.s === 'KICKED').length, 0, 'B-57', 'the number of KICKED');
  });

  check(`${ch}: an admin moderates`, ['B-14', 'B-57'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const adm = await room.member('adm', { claims: { role: 'admin' } });
    t.same(adm.role, 'admin', 'B-14', 'pt of an admin');
    const vic = await room.viewer('vic');
    adm.say('PUBLISH_ACCEPT', { to: vic.userId });
    await vic.hearBare('PUBLISH_ACCEPT');
    await adm.publish(); // an admin is a publisher who moderates
    const ben = await room.publisher('ben');
    await ben.refused(4051, 'KICK', { to: adm.userId }, 'B-57');
    await adm.accepted('KICK', { to: ann.userId }, 'B-57');
    await ann.hearPush('KICKED');
  }, { needs: ['tokens'], ...notIdempotent });

  check(`${ch}: a request goes to the owner's sessions, bare; ACCEPT gives the role for good`, ['B-57', 'B-15'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const tablet = await room.stranger('ann', { userId: ann.userId, sessionId: 'tablet', claims: { role: 'publisher' } });
    await tablet.join();
    const ben = await room.publisher('ben');
    const vic = await room.viewer('vic');
    const asked = await vic.silently('PUBLISH_REQUEST', { ve: true, ae: false, mine: ['é', 1.5] }, 'B-57');
    t.same((await ann.hearBare('PUBLISH_REQUEST')).text, asked.text, 'section 5', 'the request as it arrives at the owner');
    await tablet.hearBare('PUBLISH_REQUEST');
    await ben.settled();
    t.same(ben.wire.all((m) => m.s === 'PUBLISH_REQUEST').length, 0, 'section 5', 'the number of requests at another publisher');
    const given = await ann.silently('PUBLISH_ACCEPT', { to: vic.to, also: 'this' }, 'B-57');
    t.same((await vic.hearBare('PUBLISH_ACCEPT')).text, given.text, 'section 5', 'the ACCEPT as it arrives');
    await vic.publish();
    await ben.sees(vic);
    await vic.refused(4023, 'PUBLISH_REQUEST', { ve: true, ae: true }, 'section 5');
    await vic.leave();
    const back = await vic.join();
    if (!t.suite.mint) t.same(back.pt, 'publisher', 'B-57', 'pt after coming back: the role lasts as long as the room');
  });

  check(`${ch}: ACCEPT needs no request before it; to may be a String`, ['B-57'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const vic = await room.viewer('vic');
    await ann.silently('PUBLISH_ACCEPT', { to: vic.userId }, 'B-57');
    await vic.hearBare('PUBLISH_ACCEPT');
    await vic.publish();
  });

  check(`${ch}: REJECT is forwarded and gives nothing`, ['B-57'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const vic = await room.viewer('vic');
    vic.say('PUBLISH_REQUEST', { ve: true, ae: true });
    await ann.hearBare('PUBLISH_REQUEST');
    const said = await ann.silently('PUBLISH_REJECT', { to: vic.userId }, 'B-57');
    t.same((await vic.hearBare('PUBLISH_REJECT')).text, said.text, 'section 5', 'the REJECT as it arrives');
    await vic.refused(4051, 'OFFER', { sdp: sdp.offer([sdp.opus], (await vic.peer()).transport) }, 'B-15');
  });

  check(`${ch}: only owner and admins ACCEPT and REJECT`, ['B-57'], async (t) => {
    const room = t.room(ch);
    await room.creator('ann');
    const ben = await room.publisher('ben');
    const vic = await room.viewer('vic');
    for (const s of ['PUBLISH_ACCEPT', 'PUBLISH_REJECT']) {
      await ben.refused(4051, s, { to: vic.userId }, 'B-57');
      await vic.refused(4051, s, { to: vic.userId }, 'B-57');
    }
    await vic.settled();
    t.same(vic.wire.all((m) => m.c === undefined).length, 0, 'B-57', 'the number of signals that were forwarded');
  });

  check(`${ch}: the owner is the longest-standing publisher, and it passes on`, ['B-14', 'B-57'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    t.same(ann.joined.owner, ann.userId, 'B-14', 'owner for who made the room');
    const vic = await room.viewer('vic');
    const ben = await room.publisher('ben');
    const cas = await room.publisher('cas');
    t.same(await ownerOf(cas), ann.userId, 'B-14', 'owner');
    await ann.leave();
    t.same(await ownerOf(cas), ben.userId, 'B-14', 'owner after the first left');
    await ann.join();
    t.same(await ownerOf(cas), ben.userId, 'B-14', 'owner after the first came back');
    ben.say('PUBLISH_REJECT', { to: vic.userId }); // what owners may
    await vic.hearBare('PUBLISH_REJECT');
    await ann.refused(4051, 'PUBLISH_REJECT', { to: vic.userId }, 'B-57'); // and who was one may not
    await ben.leave();
    t.same(await ownerOf(ann), cas.userId, 'B-14', 'owner after the second left');
  });

  check(`${ch}: no publisher, no owner; requests wait for the next`, ['B-57'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const vic = await room.viewer('vic');
    const wes = await room.viewer('wes');
    await ann.leave();
    t.same(await ownerOf(vic), '', 'B-57', 'owner when no publisher is left');
    await vic.silently('PUBLISH_REQUEST', { ve: true, ae: true }, 'B-57');
    await wes.silently('PUBLISH_REQUEST', { ve: false, ae: true }, 'B-57');
    const ben = await room.publisher('ben');
    t.same(ben.joined.owner, ben.userId, 'B-57', 'owner when a publisher is there again');
    const users = [(await ben.hearBare('PUBLISH_REQUEST')).message.ss.userId, (await ben.hearBare('PUBLISH_REQUEST')).message.ss.userId];
    t.same(users.sort(), [vic.userId, wes.userId].sort(), 'B-57', 'who had asked');
  }, { exact: 'it counts what is forwarded' });

  check(`${ch}: to of KICK, ACCEPT and REJECT is a String or an object`, ['B-52'], async (t) => {
    const ann = await t.room(ch).creator('ann');
    for (const s of ['KICK', 'PUBLISH_ACCEPT', 'PUBLISH_REJECT']) for (const to of [undefined, null, 5, { sessionId: 'x' }, '']) await ann.refused(2001, s, { to }, 'section 5');
  });
}

const marks = { h: 0x68, m: 0x6d, l: 0x6c };

check('SIMULCAST_UPDATE: the layer asked for is the layer that comes', ['B-54'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  const cas = await room.publisher('cas');
  await ann.publish({ lines: [sdp.opus, { ...sdp.vp8, rids: ['h', 'm', 'l'] }] });
  await ben.sees(ann);
  const { peer, offer } = await ben.watch(ann);
  const other = await cas.watch(ann);
  const video = Number(offer.media.find(({ kind }) => kind === 'video').formats[0]);
  const frames = (from, to = peer) => to.packets.slice(from).filter(({ payloadType }) => payloadType === video);
  await t.until('video', () => frames(0).length > 5);
  for (const layer of ['l', 'h', 'm', 'l', 'h']) {
    const { tid, ...body } = await ben.accepted('SIMULCAST_UPDATE', { to: ann.to, layer });
    t.same(body, { rid: ann.rid, to: ann.to, layer }, 'section 5', 'the body of the SIMULCAST_UPDATE ack');
    await t.until(`ten frames in a row of layer ${layer}`, () => {
      const last = frames(0).slice(-10);
      if (last.every(({ mark }) => mark === marks[layer])) return true;
      throw new Error(`the last came from ${last.map(({ mark }) => String.fromCharCode(mark)).join('')}`);
    });
  }
  t.continuous(peer.packets, 'section 5');
  await cas.accepted('SIMULCAST_UPDATE', { to: ann.to, layer: 'l' });
  const before = peer.packets.length;
  await t.until('the other watcher has the low layer', () => frames(0, other.peer).slice(-10).every(({ mark }) => mark === marks.l));
  t.ok(frames(before).every(({ mark }) => mark === marks.h), 'section 5', 'expected one viewer\'s wish to change nothing for another');
  await ben.accepted('SIMULCAST_UPDATE', { to: ann.to, layer: 'auto' });
});

check('SIMULCAST_UPDATE with pause: no video, audio goes on; and video again', ['B-54'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  await ann.publish();
  await ben.sees(ann);
  const { peer, offer } = await ben.watch(ann);
  const video = Number(offer.media.find(({ kind }) => kind === 'video').formats[0]);
  const count = (wanted) => peer.packets.filter(({ payloadType }) => (payloadType === video) === wanted).length;
  await t.until('video', () => count(true) > 5);
  await ben.accepted('SIMULCAST_UPDATE', { to: ann.to, layer: 'auto', pause: true });
  await t.sleep(250);
  const [frames, sounds] = [count(true), count(false)];
  await t.until('audio goes on', () => count(false) > sounds + 12);
  t.same(count(true), frames, 'section 5', 'the number of video packets while paused');
  await ben.accepted('SIMULCAST_UPDATE', { to: ann.to, layer: 'auto', pause: false });
  await t.until('video again', () => count(true) > frames + 5);
  t.continuous(peer.packets.filter(({ payloadType }) => payloadType !== video), 'section 5');
});

check('SIMULCAST_UPDATE of what is not watched: 2001; of who left: 4024; a layer that is none: 2001', ['B-54'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  await ann.publish();
  await ben.sees(ann);
  await ben.refused(2001, 'SIMULCAST_UPDATE', { to: ann.to, layer: 'l' }, 'B-54', { wrong: false });
  await ben.watch(ann);
  for (const layer of ['x', undefined, 1, 'H']) await ben.refused(2001, 'SIMULCAST_UPDATE', { to: ann.to, layer }, 'section 5');
  for (const to of [undefined, ann.userId, { userId: ann.userId }]) await ben.refused(2001, 'SIMULCAST_UPDATE', { to, layer: 'l' }, 'section 5');
  await ann.leave();
  await ben.seesNo(ann);
  await ben.refused(4024, 'SIMULCAST_UPDATE', { to: ann.to, layer: 'l' }, 'section 5');
});

for (const ch of ['m2m', 'a2m', 'p2p']) {
  check(`${ch}: ICE_SERVERS gives what JOIN gave`, ['B-54'], async (t) => {
    const ann = await t.room(ch).creator('ann');
    const { icfg, rid } = await ann.accepted('ICE_SERVERS');
    t.same(rid, ann.rid, 'section 5', 'rid');
    t.same(icfg.is, ann.joined.icfg.is, 'section 5', 'icfg.is');
    const urls = ({ iceServers }) => iceServers.map((server) => server.urls);
    t.same(urls(icfg), urls(ann.joined.icfg), 'section 5', 'the urls of icfg.iceServers');
    const stun = icfg.iceServers.flatMap((server) => [server.urls].flat()).filter((url) => url.startsWith('stun'));
    t.same(icfg.is, stun, 'section 5', 'icfg.is: the STUN urls');
  });
}

check('the first publisher of a room is still its owner after KICK of another', ['B-57', 'B-14'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  await ann.accepted('KICK', { to: ben.to });
  await ben.hearPush('KICKED');
  t.same(await ownerOf(ann), ann.userId, 'B-14', 'owner');
  t.ok(!ann.newest().pps.some((entry) => is(entry, ben)), 'B-57', 'expected the list to be without who was kicked');
}, notIdempotent);
