// SPDX-License-Identifier: Apache-2.0
// A call of two (B-1, B-42, B-53, B-55): signals pass unread, byte for byte, in order, as often as they are sent.
import { check } from '../src/registry.mjs';

const exact = { exact: 'p2p keeps the order and drops no repeats' };
const actions = { OFFER: 'offer', ANSWER: 'answer', ICE: 'iceCandidate' };

/** A signal with odd spacing, key order, numbers and unknown fields. */
function odd(session, s, to) {
  const { ch, rid, ss } = session.common;
  const at = to === undefined ? '' : ` "to" :${JSON.stringify(to)},`;
  return `{"zz": [ 1.50,{"b":2 , "a":1}],\t"sdp":"not \\u0061n SDP \\/ at all\\r\\n","ss":${JSON.stringify(ss)},${at}"x-unknown":null ,"rid":${JSON.stringify(rid)} , "op":{"hlsForwarding":true,"restarting":false,"mine":"é"}, "ch":"${ch}","s":"${s}","big":12345678901234567890}`;
}

for (const s of ['OFFER', 'ANSWER', 'ICE']) {
  check(`${s} arrives byte for byte`, ['B-1', 'B-42', ...(s === 'OFFER' ? ['B-25'] : [])], async (t) => {
    const [ann, ben] = await t.room('p2p').pair();
    for (const to of [ben.userId, ben.to, ...(s === 'ANSWER' ? [] : [undefined])]) {
      const text = odd(ann, s, to);
      ann.wire.say(actions[s], text);
      const heard = await ben.hearBare(s);
      t.same(heard.text, text, 'B-1', `the ${s} with to ${JSON.stringify(to)} as it arrives`);
    }
    t.same(ann.wire.all((m) => m.s === s).length, 0, 'B-7', `the number of answers to ${s}`);
  }, exact);
}

check('SDP and candidates are never parsed', ['B-42'], async (t) => {
  const [ann, ben] = await t.room('p2p').pair();
  for (const [s, text] of [['OFFER', 'garbage'], ['ANSWER', ''], ['ICE', '{"no":"candidate"}']]) {
    ann.say(s, { to: ben.userId, sdp: text });
    const { message } = await ben.hearBare(s);
    t.same(message.sdp, text, 'B-42', `sdp of the ${s}`);
  }
});

check('the order of a sender is kept', ['B-42'], async (t) => {
  const [ann, ben] = await t.room('p2p').pair();
  for (let n = 0; n < 120; n++) ann.say(['OFFER', 'ICE', 'ANSWER'][n % 3], { to: n % 2 ? ben.userId : ben.to, sdp: String(n) });
  const got = [];
  for (let n = 0; n < 120; n++) got.push(Number((await ben.wire.hear('the next signal', (m) => m.c === undefined)).message.sdp));
  t.same(got, Array.from({ length: 120 }, (_, n) => n), 'B-42', 'the order of 120 signals');
}, exact);

check('what is sent twice arrives twice', ['B-55'], async (t) => {
  const [ann, ben] = await t.room('p2p').pair();
  for (const s of ['OFFER', 'ANSWER', 'ICE']) {
    const fields = { to: ben.userId, sdp: 'the same', tid: 'same' };
    for (let n = 0; n < 3; n++) ann.say(s, fields);
    await ann.settled();
    await ben.settled();
    t.same(ben.wire.all((m) => m.s === s && m.c === undefined).length, 3, 'B-55', `the number of ${s} that arrive`);
  }
}, exact);

check('to String reaches every session of that user, each socket once', ['B-42', 'B-55'], async (t) => {
  const room = t.room('p2p');
  const [ann, ben] = await room.pair();
  const phone = await room.stranger('ben', { userId: ben.userId, sessionId: 'phone' });
  const watch = await room.stranger('ben', { userId: ben.userId, sessionId: 'watch', wire: phone.wire });
  await phone.join();
  await watch.join();
  ann.say('OFFER', { to: ben.userId, sdp: 'x' });
  await ben.hearBare('OFFER');
  await phone.hearBare('OFFER');
  await phone.settled();
  t.same(phone.wire.all((m) => m.s === 'OFFER' && m.c === undefined).length, 1, 'B-55', 'the number of OFFERs on a socket with two sessions');
}, exact);

check('to object reaches that session only', ['B-42'], async (t) => {
  const room = t.room('p2p');
  const [ann, ben] = await room.pair();
  const phone = await room.stranger('ben', { userId: ben.userId, sessionId: 'phone' });
  await phone.join();
  for (const s of ['OFFER', 'ANSWER', 'ICE']) {
    ann.say(s, { to: phone.to, sdp: s });
    await phone.hearBare(s);
  }
  await ben.settled();
  t.same(ben.wire.all((m) => m.c === undefined).length, 0, 'B-42', 'the number of signals at the session that was not addressed');
});

check('a String never comes back to the sender\'s socket, but reaches their other devices', ['B-55'], async (t) => {
  const room = t.room('p2p');
  const [ann] = await room.pair();
  const phone = await room.stranger('ann', { userId: ann.userId, sessionId: 'phone' });
  await phone.join();
  ann.say('ICE', { to: ann.userId, sdp: 'mine' });
  await phone.hearBare('ICE');
  await ann.settled();
  t.same(ann.wire.all((m) => m.s === 'ICE').length, 0, 'B-55', 'the number of ICE on the sender\'s socket');
});

check('to a user with no socket but the sender\'s: 4003', ['B-55'], async (t) => {
  const [ann] = await t.room('p2p').pair();
  await ann.refused(4003, 'ICE', { to: ann.userId, sdp: 'x' }, 'B-55');
});

check('up to 64 messages wait for a socket that is away, the 65th is refused, and they come in order', ['B-42', 'B-55'], async (t) => {
  const [ann, ben] = await t.room('p2p').pair();
  await ben.accepted('HEARTBEAT');
  await ben.wire.drop();
  await t.sleep(300);
  for (let n = 0; n < 64; n++) ann.say('ICE', { to: ben.userId, sdp: String(n) });
  await ann.refused(4003, 'ICE', { to: ben.userId, sdp: '64' }, 'B-55');
  t.same(ann.wire.all((m) => m.s === 'ICE' && m.c !== undefined).length, 1, 'B-55', 'the number of refusals');
  const back = ben.on(await t.wire(ben.userId));
  await back.join();
  const got = [];
  for (let n = 0; n < 64; n++) got.push(Number((await back.hearBare('ICE')).message.sdp));
  t.same(got, Array.from({ length: 64 }, (_, n) => n), 'B-42', 'the 64 messages in their order');
  ann.say('ICE', { to: ben.userId, sdp: 'after' });
  t.same((await back.hearBare('ICE')).message.sdp, 'after', 'B-42', 'what comes after the 64');
}, exact);

check('what waited for 10 s is dropped', ['B-42'], async (t) => {
  if (t.clock.heartbeat + t.clock.grace < t.clock.held + 2_000) t.notApplicable('--clock: a session without socket ends before what is held for it grows old');
  const [ann, ben] = await t.room('p2p').pair();
  await ben.accepted('HEARTBEAT');
  await ben.wire.drop();
  await t.sleep(300);
  await ann.silently('ICE', { to: ben.to, sdp: 'old' }, 'B-42');
  await t.pause(t.clock.held + 800, 'a held message to grow old');
  ann.say('ICE', { to: ben.to, sdp: 'young' });
  await ann.settled();
  const back = ben.on(await t.wire(ben.userId));
  await back.join();
  t.same((await back.hearBare('ICE')).message.sdp, 'young', 'B-42', 'the first that comes after 10 s');
}, { waits: 'held', ...exact });

check('4003: not a member; 4024: an ANSWER to who left', ['B-16', 'B-53'], async (t) => {
  const [ann, ben] = await t.room('p2p').pair();
  const ghost = t.name('ghost');
  for (const to of [ghost, { userId: ghost, sessionId: 'x' }, { userId: ben.userId, sessionId: 'x' }]) {
    for (const s of ['OFFER', 'ANSWER', 'ICE']) await ann.refused(4003, s, { to, sdp: 'x' }, 'B-53');
  }
  await ben.leave();
  await ann.refused(4024, 'ANSWER', { to: ben.userId, sdp: 'x' }, 'B-53');
  await ann.refused(4024, 'ANSWER', { to: ben.to, sdp: 'x' }, 'B-53');
  await ann.refused(4003, 'OFFER', { to: ben.userId, sdp: 'x' }, 'B-16');
  await ann.refused(4003, 'ICE', { to: ben.to, sdp: 'x' }, 'B-16');
  await ann.refused(4003, 'OFFER', { sdp: 'x' }, 'B-42');
});

check('who left is remembered for 60 s', ['B-16'], async (t) => {
  const [ann, ben] = await t.room('p2p').pair();
  await ben.leave();
  await t.pause(t.clock.left - 5_000, 'most of the memory of who left');
  await ann.refused(4024, 'ANSWER', { to: ben.to, sdp: 'x' }, 'B-16');
  await t.pause(6_000, 'the rest of it');
  await ann.refused(4003, 'ANSWER', { to: ben.to, sdp: 'x' }, 'B-16');
}, { waits: 61_000 });

check('strangers: OFFER 4051, ANSWER 4024, ICE 4003', ['B-15'], async (t) => {
  const room = t.room('p2p');
  const ann = await room.creator('ann');
  const eve = await room.stranger('eve');
  await eve.refused(4051, 'OFFER', { to: ann.userId, sdp: 'x' }, 'B-15');
  await eve.refused(4024, 'ANSWER', { to: ann.userId, sdp: 'x' }, 'B-15');
  await eve.refused(4003, 'ICE', { to: ann.userId, sdp: 'x' }, 'B-15');
  await ann.settled();
  t.same(ann.wire.all((m) => m.c === undefined).length, 0, 'B-42', 'the number of signals of a stranger that arrive');
});

check('both are publishers, the owner is who made the room, pps lists the sessions', ['B-14', 'B-55'], async (t) => {
  const room = t.room('p2p');
  const ann = await room.creator('ann', { join: { ve: false } });
  t.same([ann.joined.pt, ann.joined.owner], ['publisher', ann.userId], 'B-55', 'pt and owner for who made it');
  const ben = await room.member('ben');
  t.same([ben.joined.pt, ben.joined.owner], ['publisher', ann.userId], 'B-55', 'pt and owner for the other');
  const want = [[ann.sessionId, false, true], [ben.sessionId, true, true]];
  const shape = (pps) => pps.map(({ sessionId, video, audio }) => [sessionId, video, audio]).sort();
  t.same(shape(ben.joined.pps), want.sort(), 'B-55', 'sessionId, video and audio of pps');
  await ann.list('both', (pps) => pps.length === 2);
  ben.say('UPDATE', { ae: false });
  await ann.list('the other muted', (pps) => pps.some(({ sessionId, audio, video }) => sessionId === ben.sessionId && !audio && video));
  await ben.leave();
  await ann.list('one', (pps) => pps.length === 1);
});

check('two users, any number of their devices', ['B-14'], async (t) => {
  const room = t.room('p2p');
  const [ann, ben] = await room.pair();
  for (const user of [ann, ben]) {
    for (const device of ['a', 'b', 'c']) await (await room.stranger('x', { userId: user.userId, sessionId: device })).join({}, 'section 3');
  }
  const eve = await room.stranger('eve');
  await eve.refused(4025, 'JOIN', {}, 'section 3');
  await ben.list('eight sessions', (pps) => pps.length === 8);
});
