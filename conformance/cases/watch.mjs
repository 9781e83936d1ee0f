// SPDX-License-Identifier: Apache-2.0
// WATCH: one downlink for each watched session (B-30 to B-34).
import * as sdp from '../src/media/sdp.mjs';
import { check } from '../src/registry.mjs';

async function published(t, ch = 'm2m', how = {}) {
  const room = t.room(ch);
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  const uplink = await ann.publish(how);
  await ben.sees(ann);
  return { room, ann, ben, uplink };
}

for (const [what, to] of [['missing', () => undefined], ['null', () => null], ['a String', (ben) => ben.userId], ['the sender\'s own session', (ben) => ben.to], ['without userId', () => ({ sessionId: 'x' })], ['an array', () => []]]) {
  check(`to ${what}: 2001`, ['B-30', 'B-52', ...(what === 'null' ? ['B-51'] : [])], async (t) => {
    const ben = await t.room().creator('ben');
    await ben.refused(2001, 'WATCH', { to: to(ben) }, 'B-30');
  });
}

check('the offer is what a viewer can answer', ['B-30', 'B-31'], async (t) => {
  const { ann, ben } = await published(t);
  const { pps, rid } = await ben.accepted('WATCH', { to: ann.to }, 'B-30');
  t.same([rid, pps.length], [ann.rid, 1], 'B-30', 'rid and the number of entries');
  const offer = sdp.parse(pps[0].sdp);
  t.same(offer.media.map(({ kind }) => kind).sort(), ['audio', 'video'], 'B-31', 'the lines of the offer');
  for (const line of offer.media) {
    t.same(sdp.direction(line), 'sendonly', 'B-30', `the direction of the ${line.kind} line`);
    t.ok(line.lines.some((text) => text.startsWith('a=ssrc:')), 'B-30', `expected an SSRC in the ${line.kind} line`);
    t.ok(sdp.has(offer, 'a=rtcp-mux', line), 'B-30', 'expected a=rtcp-mux');
  }
  t.ok(sdp.has(offer, 'a=ice-lite'), 'B-30', 'expected a=ice-lite');
  t.same(sdp.attribute(offer, 'setup'), 'actpass', 'B-30', 'setup of the offer');
  t.ok(sdp.candidates(offer).length > 0, 'B-30', 'expected candidates in the offer');
});

check('what a publisher sends arrives, all of it and nothing else', ['B-30'], async (t) => {
  const { ann, ben } = await published(t, 'm2m', { mark: 'q' });
  const { peer, offer } = await ben.watch(ann);
  await t.until('packets', () => peer.packets.length > 60);
  t.continuous(peer.packets, 'B-30');
  const strange = peer.packets.find(({ mark, size }) => size > 0 && mark !== 0x71); // padding alone is no payload
  t.ok(!strange, 'B-30', `expected every payload to be as it was sent, got ${JSON.stringify(strange)}`);
  const ssrcs = new Set(peer.packets.map(({ ssrc }) => ssrc));
  t.same(ssrcs.size, 2, 'B-30', 'the number of SSRCs');
  for (const ssrc of ssrcs) t.ok(offer.media.some(({ lines }) => lines.some((line) => line.startsWith(`a=ssrc:${ssrc} `))), 'B-30', `expected SSRC ${ssrc} to stand in the offer`);
  t.same(peer.undecipherable ?? 0, 0, 'B-30', 'the number of packets that could not be decrypted');
});

check('a2m offers audio only', ['B-30', 'B-31'], async (t) => {
  const { ann, ben } = await published(t, 'a2m');
  const { peer, offer, entry } = await ben.watch(ann);
  t.same(offer.media.map(({ kind }) => kind), ['audio'], 'section 3', 'the lines of the offer');
  t.same([entry.video, entry.audio], [false, true], 'section 3', 'video and audio of the entry');
  await t.until('packets', () => peer.packets.length > 10);
});

check('to with userId only: an entry for each of the user\'s publishing sessions', ['B-30'], async (t) => {
  const { room, ann, ben } = await published(t);
  const screen = await room.stranger('ann', { userId: ann.userId, sessionId: 'screen', category: 'screenshare', claims: { role: 'publisher' } });
  const idle = await room.stranger('ann', { userId: ann.userId, sessionId: 'idle', claims: { role: 'publisher' } });
  await screen.join();
  await idle.join();
  await screen.publish({ mark: 's' });
  await ben.sees(screen);
  const { pps } = await ben.accepted('WATCH', { to: { userId: ann.userId } }, 'B-30');
  t.same(pps.map(({ sessionId }) => sessionId).sort(), [ann.sessionId, 'screen'].sort(), 'B-30', 'the sessions of the entries');
  t.ok(pps[0].sdp !== pps[1].sdp, 'B-30', 'expected an offer of its own in each entry');
  const taken = await ben.take(pps.find(({ sessionId }) => sessionId === 'screen'));
  await t.until('packets of the screen', () => taken.peer.packets.some(({ mark }) => mark === 0x73));
});

check('to with a sessionId: that session alone; a user alone who is the own: the others of its sessions', ['B-30'], async (t) => {
  const { room, ann, ben } = await published(t);
  const screen = await room.stranger('ann', { userId: ann.userId, sessionId: 'screen', category: 'screenshare', claims: { role: 'publisher' } });
  await screen.join();
  await screen.publish({ mark: 's' });
  await ben.sees(screen);
  const sessions = ({ pps }) => pps.map(({ sessionId }) => sessionId);
  t.same(sessions(await ben.accepted('WATCH', { to: screen.to }, 'B-30')), ['screen'], 'B-30', 'the sessions of the entries');
  t.same(sessions(await ann.accepted('WATCH', { to: { userId: ann.userId } }, 'B-30')), ['screen'], 'B-30', 'the sessions of the entries');
});

check('several viewers see the same', ['B-30'], async (t) => {
  const { room, ann, ben } = await published(t);
  const cas = await room.publisher('cas');
  const one = await ben.watch(ann);
  const two = await cas.watch(ann);
  await t.until('packets at both', () => one.peer.packets.length > 20 && two.peer.packets.length > 20);
  t.continuous(one.peer.packets, 'B-30', 'the first viewer');
  t.continuous(two.peer.packets, 'B-30', 'the second viewer');
});

check('a line is offered while it is muted; video and audio say what is enabled now', ['B-31'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann', { join: { ve: false, ae: true } });
  const ben = await room.publisher('ben');
  await ann.publish();
  const entry = await ben.sees(ann);
  t.same([entry.video, entry.audio], [false, true], 'B-31', 'video and audio in the list after a JOIN with ve false');
  const watching = await ben.watch(ann);
  t.same([watching.entry.video, watching.entry.audio], [false, true], 'B-31', 'video and audio of the WATCH ack');
  t.same(watching.offer.media.map(({ kind }) => kind).sort(), ['audio', 'video'], 'B-31', 'the lines of the offer');
  ann.say('UPDATE', { ve: true });
  await ben.list('video on', (pps) => pps[0]?.video === true);
  const video = Number(watching.offer.media.find(({ kind }) => kind === 'video').formats[0]);
  await t.until('video arrives with no new offer', () => watching.peer.packets.some(({ payloadType }) => payloadType === video));
});

check('a WATCH of who does not publish yet is held and answered when they do', ['B-32', 'B-61'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  const said = ben.say('WATCH', { to: ann.to });
  await t.sleep(200);
  await ben.accepted('HEARTBEAT', {}, 'B-61'); // a held WATCH holds up nothing else
  t.ok(!ben.wire.all((m) => m.s === 'WATCH').length, 'B-32', 'expected no answer before the target publishes');
  await ann.publish();
  const { message } = await ben.ackOf(said);
  t.same([message.c, message.b.pps?.length], [200, 1], 'B-32', 'the code of the held WATCH and the number of entries');
  await ben.take(message.b.pps[0]);
});

check('a held WATCH ends with 500 and retryAfter after 3 s', ['B-32'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  const since = performance.now();
  const said = ben.say('WATCH', { to: ann.to });
  const { message, at } = await t.meanwhile(ben.ackOf(said, t.clock.heldWatch + 6_000), 'the WATCH to end');
  const lasted = at - since;
  t.isRefusal(message, 500, 'WATCH', said.data, 'B-32', 'WATCH of who does not publish');
  t.ok(Number.isInteger(message.b.retryAfter) && message.b.retryAfter > 0, 'B-32', `expected retryAfter to be milliseconds, got ${message.b.retryAfter}`);
  t.ok(lasted > t.clock.heldWatch - 300 && lasted < t.clock.heldWatch + 3_000, 'B-32', `expected the refusal after ${t.clock.heldWatch} ms, it came after ${lasted} ms`);
}, { waits: 'heldWatch' });

check('a held WATCH ends with 4024 when its target leaves', ['B-61'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  const said = ben.say('WATCH', { to: ann.to });
  await ben.settled();
  const since = performance.now();
  await ann.leave();
  const { message, at } = await ben.ackOf(said);
  t.isRefusal(message, 4024, 'WATCH', said.data, 'B-61', 'a held WATCH whose target left');
  t.ok(at - since < t.clock.heldWatch - 800, 'B-61', 'expected 4024 at once, not when the WATCH ends anyway');
});

check('a held WATCH is dropped when the watcher leaves', ['B-61'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  ben.say('WATCH', { to: ann.to });
  await ben.settled();
  await ben.leave();
  await t.pause(t.clock.heldWatch + 700, 'the end that the WATCH would have had');
  t.same(ben.wire.all((m) => m.s === 'WATCH').length, 0, 'B-61', 'the number of answers to the WATCH');
}, { waits: 'heldWatch' });

check('watched again, unanswered and young: the same offer', ['B-33'], async (t) => {
  const { ann, ben } = await published(t);
  const first = await ben.accepted('WATCH', { to: ann.to });
  const second = await ben.accepted('WATCH', { to: ann.to }, 'B-33');
  t.same(second.pps[0].sdp, first.pps[0].sdp, 'B-33', 'the offer of the second WATCH');
  await ben.take(second.pps[0]);
});

check('watched again, answered: the old downlink is closed and a new one offered', ['B-33'], async (t) => {
  const { ann, ben } = await published(t);
  const first = await ben.watch(ann);
  const second = await ben.watch(ann, { fields: {} });
  t.ok(sdp.attribute(second.offer, 'ice-ufrag') !== sdp.attribute(first.offer, 'ice-ufrag'), 'B-33', 'expected other ICE credentials in the new offer');
  await t.until('packets of the new one', () => second.peer.packets.length > 10);
  const count = first.peer.packets.length;
  await t.sleep(400);
  t.ok(first.peer.packets.length <= count + 1, 'B-33', `expected nothing more on the old downlink, ${first.peer.packets.length - count} packets came`);
}, { exact: 'a repeated WATCH after the ANSWER is another WATCH' });

check('watched again after 15 s unanswered: a new offer', ['B-33'], async (t) => {
  const { ann, ben } = await published(t);
  const first = await ben.accepted('WATCH', { to: ann.to });
  await t.pause(t.clock.sameOffer + 700, 'the offer to grow old');
  const second = await ben.accepted('WATCH', { to: ann.to }, 'B-33');
  t.ok(second.pps[0].sdp !== first.pps[0].sdp, 'B-33', 'expected another offer than the old one');
  await ben.take(second.pps[0]);
}, { waits: 'sameOffer' });

check('op.restarting: a new offer on the same PeerConnection, with an ICE restart', ['B-33'], async (t) => {
  const { ann, ben } = await published(t);
  const first = await ben.watch(ann);
  await t.until('packets', () => first.peer.packets.length > 10);
  const { pps } = await ben.accepted('WATCH', { to: ann.to, op: { restarting: true } }, 'B-33');
  const offer = sdp.parse(pps[0].sdp);
  t.ok(sdp.attribute(offer, 'ice-ufrag') !== sdp.attribute(first.offer, 'ice-ufrag'), 'B-33', 'expected other ICE credentials');
  t.same(sdp.attribute(offer, 'fingerprint'), sdp.attribute(first.offer, 'fingerprint'), 'B-33', 'the fingerprint');
  t.same(offer.lines.find((line) => line.startsWith('o=')).split(' ')[1], first.offer.lines.find((line) => line.startsWith('o=')).split(' ')[1], 'B-33', 'the session id of the offer (RFC 8866 o=)');
  first.peer.renewIce();
  await ben.take(pps[0], { peer: first.peer });
  const before = first.peer.packets.length;
  await t.until('packets go on over the same DTLS connection', () => first.peer.nominated && first.peer.packets.length > before + 15);
  t.continuous(first.peer.packets, 'B-33');
});

check('an offer that is unanswered for 30 s is freed', ['B-33'], async (t) => {
  const { ann, ben } = await published(t);
  const peer = await ben.peer();
  const { pps } = await ben.accepted('WATCH', { to: ann.to });
  await t.pause(t.clock.unanswered + 1_000, 'the offer to be freed');
  await ben.refused(2001, 'ANSWER', { to: ann.to, sdp: sdp.answer(pps[0].sdp, peer.transport) }, 'B-33');
}, { waits: 'unanswered' });

check('a viewer may refuse a line', ['B-34'], async (t) => {
  const { ann, ben } = await published(t);
  const { peer, offer } = await ben.watch(ann, { refused: ['video'] });
  const audio = Number(offer.media.find(({ kind }) => kind === 'audio').formats[0]);
  await t.until('audio', () => peer.packets.length > 20);
  t.ok(peer.packets.every(({ payloadType }) => payloadType === audio), 'B-34', 'expected audio only');
});

check('both lines refused: 2001, and closed', ['B-34'], async (t) => {
  const { ann, ben } = await published(t);
  const peer = await ben.peer();
  const { pps } = await ben.accepted('WATCH', { to: ann.to });
  await ben.refused(2001, 'ANSWER', { to: ann.to, sdp: sdp.answer(pps[0].sdp, { ...peer.transport, refused: ['audio', 'video'] }) }, 'B-34');
  await ben.refused(2001, 'ANSWER', { to: ann.to, sdp: sdp.answer(pps[0].sdp, peer.transport) }, 'B-34'); // no offer waits any more
  await ben.watch(ann);
});

check('a viewer watches too, and its role forbids it nothing here', ['B-14', 'B-15'], async (t) => {
  const { room, ann } = await published(t);
  const vic = await room.viewer('vic');
  const { peer } = await vic.watch(ann);
  await t.until('packets', () => peer.packets.length > 10);
});
