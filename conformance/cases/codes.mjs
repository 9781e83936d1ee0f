// SPDX-License-Identifier: Apache-2.0
// The table: each code of each signal's closed set in each room type where it can occur (B-6), and the order of the
// checks (B-52) by messages that are wrong in two ways.
import * as sdp from '../src/media/sdp.mjs';
import { roomTypes, signals } from '../src/contract.mjs';
import { check } from '../src/registry.mjs';

const fingerprint = `sha-256 ${'AB:'.repeat(31)}AB`;
const offer = sdp.offer([sdp.opus], { ufrag: 'abcd', pwd: 'a'.repeat(22), fingerprint });
const media = ['m2m', 'a2m'];

/** What each signal needs besides the common fields, `other` being somebody else in the room. */
const fieldsOf = {
  OFFER: (other) => ({ sdp: offer, to: other.userId }),
  ANSWER: (other) => ({ sdp: offer, to: other.to }),
  ICE: () => ({ sdp: '' }),
  WATCH: (other) => ({ to: other.to }),
  JOIN: () => ({ ve: true, ae: true }),
  LEAVE: () => ({}),
  HEARTBEAT: () => ({ bid: 1 }),
  UPDATE: () => ({ ve: true }),
  UNPUBLISH: () => ({}),
  UNWATCH: (other) => ({ to: other.to }),
  SIMULCAST_UPDATE: (other) => ({ to: other.to, layer: 'l' }),
  KICK: (other) => ({ to: other.userId }),
  PUBLISH_REQUEST: () => ({ ve: true, ae: true }),
  PUBLISH_ACCEPT: (other) => ({ to: other.userId }),
  PUBLISH_REJECT: (other) => ({ to: other.userId }),
  ICE_SERVERS: () => ({}),
};

const nobody = (t) => { const userId = t.name('ghost'); return { userId, sessionId: 'x', to: { userId, sessionId: 'x' } }; };
const ghost = { userId: 'nobody-is-called-that', sessionId: 'x', to: { userId: 'nobody-is-called-that', sessionId: 'x' } };

async function two(t, ch) {
  const room = t.room(ch);
  return { room, ann: await room.creator('ann'), ben: await room.member('ben', { claims: { role: 'publisher' } }) };
}

/** A room type that is not `ch` and where the signal exists. */
const otherType = (s, ch) => signals[s].rooms.find((type) => type !== ch);

// What leads to a code. Each is given the signal and the room type.
const cause = {
  async 2001(t, s, ch) {
    const { ann, ben } = await two(t, ch);
    const good = fieldsOf[s](ben);
    await ann.refused(2001, s, { ...good, rid: undefined });
    await ann.refused(2001, s, { ...good, ss: { ...ann.common.ss, category: 'none' } });
    if (!signals[s].codes.includes(2002)) {
      await ann.refused(2001, s, { ...good, ch: 'x2x' }, 'B-52');
    }
  },
  async 2002(t, s, ch) {
    const { ann, ben } = await two(t, ch);
    const good = fieldsOf[s](ben);
    await ann.refused(2002, s, { ...good, ch: 'x2x' });
    if (!signals[s].rooms.includes(ch)) return void await ann.refused(2002, s, good, 'B-6');
    const other = otherType(s, ch);
    if (other) await ann.refused(2002, s, { ...good, ch: other });
    for (const type of roomTypes.filter((name) => !signals[s].rooms.includes(name))) await ann.refused(2002, s, { ...good, ch: type });
  },
  async 4001(t, s, ch) {
    const { ann, ben } = await two(t, ch);
    await ann.refused(4001, s, { ...fieldsOf[s](ben), rid: t.name('nowhere') });
    if (!signals[s].codes.includes(2002)) await ann.refused(4001, s, { ...fieldsOf[s](ben), ch: otherType(s, ch) }, 'B-52');
  },
};

const causes = {
  OFFER: {
    4003: { p2p: async (t) => { const { ann } = await two(t, 'p2p'); await ann.refused(4003, 'OFFER', fieldsOf.OFFER(nobody(t))); } },
    4051: each(roomTypes, async (t, ch) => {
      const { room, ben } = await two(t, ch);
      await (await room.stranger('eve')).refused(4051, 'OFFER', fieldsOf.OFFER(ben));
      if (ch !== 'p2p') await (await room.viewer('vic')).refused(4051, 'OFFER', fieldsOf.OFFER(ben));
    }),
  },
  ANSWER: {
    4003: { p2p: async (t) => { const { ann } = await two(t, 'p2p'); await ann.refused(4003, 'ANSWER', fieldsOf.ANSWER(nobody(t))); } },
    4024: each(roomTypes, async (t, ch) => {
      const { room, ann, ben } = await two(t, ch);
      await (await room.stranger('eve')).refused(4024, 'ANSWER', fieldsOf.ANSWER(ben));
      await ben.leave();
      await ann.refused(4024, 'ANSWER', fieldsOf.ANSWER(ben));
    }),
  },
  ICE: {
    4003: { p2p: async (t) => {
      const { room, ann } = await two(t, 'p2p');
      await ann.refused(4003, 'ICE', { sdp: '', to: nobody(t).userId });
      await (await room.stranger('eve')).refused(4003, 'ICE', { sdp: '' });
    } },
  },
  WATCH: {
    4024: each(media, async (t, ch) => {
      const { ann, ben } = await two(t, ch);
      await ann.refused(4024, 'WATCH', fieldsOf.WATCH(nobody(t)));
      await ben.leave();
      await ann.refused(4024, 'WATCH', fieldsOf.WATCH(ben));
    }),
  },
  JOIN: {
    4022: each(roomTypes, async (t, ch) => {
      const room = t.room(ch);
      await room.creator('ann');
      await (await room.stranger('ben', { claims: { create: true } })).refused(4022, 'JOIN', { ve: true, ae: true, op: { roomCreating: true } });
    }),
    4025: {
      p2p: async (t) => { const { room } = await two(t, 'p2p'); await (await room.stranger('eve')).refused(4025, 'JOIN', fieldsOf.JOIN()); },
      ...each(media, async (t, ch) => {
        const room = t.room(ch);
        await room.creator('ann');
        await room.fill();
        await (await room.stranger('tenth', { claims: { role: 'publisher' } })).refused(4025, 'JOIN', fieldsOf.JOIN());
      }, { needs: ['tokens'] }),
    },
    4052: each(roomTypes, async (t, ch) => {
      const room = t.room(ch);
      const ann = await room.stranger('ann');
      await ann.refused(4052, 'JOIN', { ve: true, ae: true, op: { roomCreating: true } }, 'B-59'); // create is not true
      await room.creator('ben');
      await (await room.stranger('cas', { claims: { rid: 'another-room' } })).refused(4052, 'JOIN', fieldsOf.JOIN(), 'B-59');
    }, { needs: ['tokens'] }),
    4053: {
      ...each(media, async (t, ch) => {
        const { ann, ben } = await two(t, ch);
        await ann.accepted('KICK', { to: ben.userId, op: { ban: true } });
        await ben.hearPush('KICKED');
        await ben.refused(4053, 'JOIN', fieldsOf.JOIN(), 'B-57');
      }, { exact: 'KICK twice: the second is for nobody (4002)' }),
      p2p: withTraits({ needs: ['api'] }, async (t) => {
        const { room, ben } = await two(t, 'p2p');
        await t.rest('PUT', '/v1/rooms/{rid}/participants/{userId}', { rid: room.rid, userId: ben.userId }, { body: { banned: true }, want: 200 });
        await ben.hearPush('KICKED');
        await ben.refused(4053, 'JOIN', fieldsOf.JOIN(), 'B-57');
      }),
    },
  },
  UPDATE: { 4051: each(media, async (t, ch) => viewerIsRefused(t, ch, 'UPDATE')) },
  UNPUBLISH: { 4051: each(media, async (t, ch) => viewerIsRefused(t, ch, 'UNPUBLISH')) },
  SIMULCAST_UPDATE: {
    4024: { m2m: async (t) => {
      const { ann, ben } = await two(t, 'm2m');
      await ben.leave();
      await ann.refused(4024, 'SIMULCAST_UPDATE', fieldsOf.SIMULCAST_UPDATE(ben));
    } },
  },
  KICK: {
    4002: each(media, async (t, ch) => {
      const { ann, ben } = await two(t, ch);
      await ann.refused(4002, 'KICK', fieldsOf.KICK(nobody(t)));
      await ann.refused(4002, 'KICK', { to: { userId: ben.userId, sessionId: 'not-there' } });
    }),
    4051: each(media, async (t, ch) => viewerIsRefused(t, ch, 'KICK')),
  },
  PUBLISH_REQUEST: {
    4023: each(media, async (t, ch) => { const { ben } = await two(t, ch); await ben.refused(4023, 'PUBLISH_REQUEST', fieldsOf.PUBLISH_REQUEST()); }),
  },
  PUBLISH_ACCEPT: {
    4002: each(media, async (t, ch) => { const { ann } = await two(t, ch); await ann.refused(4002, 'PUBLISH_ACCEPT', fieldsOf.PUBLISH_ACCEPT(nobody(t))); }),
    4025: each(media, async (t, ch) => {
      const room = t.room(ch);
      const ann = await room.creator('ann');
      await room.fill();
      const vic = await room.member('vic', { claims: { role: 'viewer' } });
      await ann.refused(4025, 'PUBLISH_ACCEPT', fieldsOf.PUBLISH_ACCEPT(vic));
    }),
    4051: each(media, async (t, ch) => { const { ann, ben } = await two(t, ch); await ben.refused(4051, 'PUBLISH_ACCEPT', fieldsOf.PUBLISH_ACCEPT(ann)); }),
  },
  PUBLISH_REJECT: {
    4002: each(media, async (t, ch) => { const { ann } = await two(t, ch); await ann.refused(4002, 'PUBLISH_REJECT', fieldsOf.PUBLISH_REJECT(nobody(t))); }),
    4051: each(media, async (t, ch) => { const { ann, ben } = await two(t, ch); await ben.refused(4051, 'PUBLISH_REJECT', fieldsOf.PUBLISH_REJECT(ann)); }),
  },
};

async function viewerIsRefused(t, ch, s) {
  const { room, ann } = await two(t, ch);
  await (await room.viewer('vic')).refused(4051, s, fieldsOf[s](ann));
}

function withTraits(traits, run) {
  return Object.assign((t, ch) => run(t, ch), { traits });
}

function each(types, run, traits = {}) {
  return Object.fromEntries(types.map((ch) => [ch, withTraits(traits, (t) => run(t, ch))]));
}

for (const [s, { rooms, codes }] of Object.entries(signals)) {
  for (const code of [2001, 2002, 4001].filter((number) => codes.includes(number))) {
    for (const ch of code === 2002 ? roomTypes : rooms) check(`${s} ${code} in ${ch}`, [`${s}/${code}/${ch}`, 'B-6'], (t) => cause[code](t, s, ch));
  }
  for (const [code, types] of Object.entries(causes[s] ?? {})) {
    if (!codes.includes(Number(code))) throw new Error(`${s} has no ${code}`);
    for (const [ch, run] of Object.entries(types)) check(`${s} ${code} in ${ch}`, [`${s}/${code}/${ch}`, 'B-6'], (t) => run(t, ch), run.traits);
  }
}

for (const ch of media) {
  check(`WATCH 500 in ${ch}`, [`WATCH/500/${ch}`, 'B-32'], async (t) => {
    const { ann, ben } = await two(t, ch);
    const said = ann.say('WATCH', { to: ben.to });
    const { message } = await t.meanwhile(ann.ackOf(said, t.clock.heldWatch + 6_000), 'the WATCH to end');
    t.isRefusal(message, 500, 'WATCH', said.data, 'B-32', 'WATCH of who does not publish');
    t.ok(message.b.retryAfter > 0, 'B-32', `expected retryAfter, got ${message.b.retryAfter}`);
  }, { waits: 'heldWatch' });
}

// Faults in the order in which they are found (B-52): [code, what it is, fields]. A message with two of them is answered
// with the first.
const shape = (t, a) => ({ ss: { ...a.common.ss, host: 'Fridge' } });
const unknownType = () => ({ ch: 'x2x' });
const noRoom = (t) => ({ rid: t.name('nowhere') });
const badSdp = () => ({ sdp: 'not an SDP' });

for (const [s, { codes, rooms }] of Object.entries(signals)) {
  if (!codes.includes(2002)) {
    check(`the order of ${s}: an unknown ch is 2001, another room's ch 4001`, ['B-52'], async (t) => {
      const { ann, ben } = await two(t, 'm2m');
      const good = fieldsOf[s](ben);
      await ann.refused(2001, s, { ...good, ...unknownType(), ...noRoom(t) }, 'B-52');
      await ann.refused(4001, s, { ...good, ch: 'p2p' }, 'B-52');
    });
    continue;
  }
  check(`the order of ${s}: 2001 shape, 2002 unknown ch, 4001, 2002 another ch`, ['B-52'], async (t) => {
    const { ann, ben } = await two(t, rooms[0]);
    const good = fieldsOf[s](ben);
    await ann.refused(2001, s, { ...good, ...shape(t, ann), ...unknownType() }, 'B-52');
    await ann.refused(2001, s, { ...good, ...shape(t, ann), ...noRoom(t) }, 'B-52');
    await ann.refused(2002, s, { ...good, ...unknownType(), ...noRoom(t) }, 'B-52');
    if (!rooms.includes('p2p')) await ann.refused(2002, s, { ...good, ch: 'p2p', ...noRoom(t) }, 'B-52');
    const other = otherType(s, rooms[0]);
    if (other) await ann.refused(4001, s, { ...good, ch: other, ...noRoom(t) }, 'B-52');
    const eve = await t.room(rooms[0], { rid: ann.rid }).stranger('eve');
    if (other && s !== 'JOIN') await eve.refused(2002, s, { ...good, ch: other }, 'B-52');
  });
}

check('the order of OFFER: 4051 before what is wrong with the SDP', ['B-52'], async (t) => {
  const { room } = await two(t, 'm2m');
  await (await room.viewer('vic')).refused(4051, 'OFFER', badSdp(), 'B-52');
  await (await room.stranger('eve')).refused(4051, 'OFFER', badSdp(), 'B-52');
});

check('the order of ANSWER: 4024 before what is wrong with the SDP; shape before both', ['B-52'], async (t) => {
  const { ann } = await two(t, 'm2m');
  await ann.refused(4024, 'ANSWER', { to: ghost.to, ...badSdp() }, 'B-52');
  await ann.refused(2001, 'ANSWER', { to: ghost.userId, ...badSdp() }, 'B-52');
  await ann.refused(2001, 'ANSWER', { to: ghost.userId, ...noRoom(t), sdp: 'x' }, 'B-52');
});

check('the order of WATCH: a String and the own session are shape', ['B-52', 'B-30'], async (t) => {
  const { ann } = await two(t, 'm2m');
  for (const to of ['someone', undefined, ann.to]) {
    await ann.refused(2001, 'WATCH', { to, ...noRoom(t) }, 'B-52');
    await ann.refused(2001, 'WATCH', { to, ch: 'p2p' }, 'B-52');
  }
  await ann.refused(2002, 'WATCH', { to: ghost.to, ch: 'p2p', ...noRoom(t) }, 'B-52');
});

check('the order of KICK: 4051 before 4002', ['B-52'], async (t) => {
  const { room } = await two(t, 'm2m');
  await (await room.viewer('vic')).refused(4051, 'KICK', { to: ghost.userId }, 'B-52');
});

check('the order of PUBLISH_ACCEPT: 4051 before 4002, 4002 before 4025', ['B-52'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const others = await room.fill();
  await others[0].refused(4051, 'PUBLISH_ACCEPT', { to: ghost.userId }, 'B-52');
  await ann.refused(4002, 'PUBLISH_ACCEPT', { to: ghost.userId }, 'B-52');
});

check('the order of SIMULCAST_UPDATE: 4024 before what is not watched', ['B-52'], async (t) => {
  const { ann } = await two(t, 'm2m');
  await ann.refused(4024, 'SIMULCAST_UPDATE', { to: ghost.to, layer: 'l' }, 'B-52');
});

check('the order of JOIN: 2002 before 4022, 4022 before 4025', ['B-52'], async (t) => {
  const { room } = await two(t, 'p2p');
  const eve = await room.stranger('eve', { claims: { create: true } });
  await eve.refused(2002, 'JOIN', { ch: 'm2m', op: { roomCreating: true } }, 'B-52');
  await eve.refused(4022, 'JOIN', { op: { roomCreating: true } }, 'B-52');
  await eve.refused(4025, 'JOIN', {}, 'B-52');
});
