// SPDX-License-Identifier: Apache-2.0
// ICE in m2m and a2m (B-41, B-53), early candidates (B-9, B-61).
import * as sdp from '../src/media/sdp.mjs';
import { check } from '../src/registry.mjs';

const plain = 'candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host';

const forms = {
  'candidate:…': plain,
  'a=candidate:…': `a=${plain}`,
  'with a line end': `a=${plain}\r\n`,
  'RTCIceCandidateInit': JSON.stringify({ candidate: plain, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'abcd' }),
  'RTCIceCandidateInit of a=': JSON.stringify({ candidate: `a=${plain}`, sdpMid: null, sdpMLineIndex: null }),
  'RTCIceCandidateInit of the end': JSON.stringify({ candidate: '', sdpMid: '0' }),
  'the end as ""': '',
  'the end as a=end-of-candidates': 'a=end-of-candidates',
  'the end as end-of-candidates': 'end-of-candidates',
  'a .local name': 'candidate:1 1 udp 2130706431 8c3b1f6e-0f0d-4a5e-9a1c-0c8f6d6f3a11.local 50000 typ host generation 0 ufrag abcd network-cost 999',
  'TCP': 'candidate:3 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active generation 0',
  'IPv6': 'candidate:4 1 udp 2130706431 2001:db8::17 50000 typ host',
  'server reflexive': 'candidate:5 1 UDP 1694498815 198.51.100.4 40000 typ srflx raddr 192.0.2.7 rport 50000',
  'relayed': 'candidate:6 1 udp 41885439 198.51.100.9 60000 typ relay raddr 198.51.100.4 rport 40000',
};
const unparsable = ['hello', 'candidate:', 'candidate:1 1 udp', 'a=candidate:1 1 udp x 192.0.2.7 50000 typ host', '{"candidate":5}', '{"candid', 'v=0', 'candidate:1 1 udp 1 192.0.2.7 99999 typ host', '{}'];

for (const ch of ['m2m', 'a2m']) {
  check(`${ch}: every form of candidate is taken, for the uplink and for a downlink`, ['B-41'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const ben = await room.publisher('ben');
    await ann.publish();
    await ben.publish();
    await ben.sees(ann);
    await ben.watch(ann);
    const said = [];
    for (const candidate of Object.values(forms)) for (const to of [ann.to, ben.to, ben.userId, undefined]) said.push([candidate, to, ben.say('ICE', { to, sdp: candidate })]);
    await ben.settled();
    for (const [candidate, to, { tid }] of said) {
      const [answer] = ben.wire.all(({ c, b }) => c !== undefined && b?.tid === tid);
      t.ok(!answer, 'B-41', `expected silence to the candidate ${JSON.stringify(candidate)} with to ${JSON.stringify(to)}, got ${answer?.text}`);
    }
  });

  check(`${ch}: what is no candidate: 2001`, ['B-41'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    await ann.publish();
    for (const text of unparsable) await ann.refused(2001, 'ICE', { to: ann.to, sdp: text }, 'B-41');
  });

  check(`${ch}: any other String: 2001; an object without sessionId of another user too`, ['B-41'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const ben = await room.publisher('ben');
    await ann.publish();
    await ben.publish();
    await ben.sees(ann);
    await ben.watch(ann);
    await ben.refused(2001, 'ICE', { to: ann.userId, sdp: plain }, 'B-41');
    await ben.refused(2001, 'ICE', { to: t.name('nobody'), sdp: plain }, 'B-41');
    await ben.refused(2001, 'ICE', { to: { userId: ann.userId }, sdp: plain }, 'B-41');
  });

  check(`${ch}: to a session never watched: 2001; to one that has left or is not watched any more: ignored`, ['B-41', 'B-53'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const ben = await room.publisher('ben');
    const cas = await room.publisher('cas');
    await ann.publish();
    await ben.sees(ann);
    await ben.refused(2001, 'ICE', { to: ann.to, sdp: plain }, 'B-53');
    await ben.watch(ann);
    await ann.leave();
    await ben.seesNo(ann);
    await ben.silently('ICE', { to: ann.to, sdp: plain }, 'B-41');
    await cas.leave();
    await ben.silently('ICE', { to: cas.to, sdp: plain }, 'B-53');
  });

  check(`${ch}: candidates of the own uplink may come before it`, ['B-9', 'B-53', 'B-61'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const said = Array.from({ length: 70 }, () => ann.say('ICE', { to: ann.to, sdp: plain })); // more than are kept
    await ann.settled();
    const tids = new Set(said.map(({ tid }) => tid));
    const [answer] = ann.wire.all(({ c, b }) => c !== undefined && tids.has(b?.tid));
    t.ok(!answer, 'B-61', `expected silence, got ${answer?.text}`);
    await ann.publish();
    await ann.list('the publication', (pps) => pps.length === 1);
  });
}

check('candidates for a downlink may come before its offer', ['B-9'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  const watch = ben.say('WATCH', { to: ann.to }); // held
  await ben.settled();
  await ben.silently('ICE', { to: ann.to, sdp: plain }, 'B-9');
  await ann.publish();
  const { message } = await ben.ackOf(watch);
  const taken = await ben.take(message.b.pps[0]);
  await t.until('packets', () => taken.peer.packets.length > 5);
});

check('identical ICE is ignored', ['B-9'], async (t) => {
  const ann = await t.room().creator('ann');
  await ann.publish({ lines: [sdp.opus] });
  await ann.silently('ICE', { to: ann.to, sdp: plain, tid: 'same' }, 'B-9');
  await ann.silently('ICE', { to: ann.to, sdp: plain, tid: 'same' }, 'B-9');
});

check('candidates of who is a stranger: 2001', ['B-15'], async (t) => {
  const room = t.room();
  await room.creator('ann');
  const eve = await room.stranger('eve');
  await eve.refused(2001, 'ICE', { sdp: plain }, 'B-15');
});
