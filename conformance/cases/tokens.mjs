// SPDX-License-Identifier: Apache-2.0
// Tokens (B-2, B-11, B-59, section 6).
import { createHmac } from 'node:crypto';
import { check } from '../src/registry.mjs';

const needs = { needs: ['tokens'] };
const now = () => Math.floor(Date.now() / 1_000);
const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function refusedUpgrade(t, options, what, statuses = [401]) {
  const outcome = await t.wire('user', { ...options, bare: true }).then(() => ({ opened: true }), (error) => error);
  t.ok(!outcome.opened, 'B-2', `expected the upgrade with ${what} to be refused, it was not`);
  t.ok(statuses.includes(outcome.status), 'B-2', `expected ${statuses.join(' or ')} to the upgrade with ${what}, got ${outcome.status ?? outcome.message}`);
}

const spoil = {
  'garbage': () => 'garbage',
  'three parts of garbage': () => 'a.b.c',
  'another signature': (t) => { const [head, body] = t.token('ann').split('.'); return `${head}.${body}.${Buffer.alloc(32, 7).toString('base64url')}`; },
  'another body': (t) => { const [head, , seal] = t.token('ann').split('.'); return `${head}.${base64({ sub: 'eve', exp: now() + 600 })}.${seal}`; },
  'no signature': (t) => t.token('ann').split('.').slice(0, 2).join('.') + '.',
  'alg none': () => `${base64({ alg: 'none', typ: 'JWT' })}.${base64({ sub: 'ann', exp: now() + 600 })}.`,
  'another secret': (t) => {
    const text = `${base64({ alg: 'HS256', typ: 'JWT', ...(t.suite.options.kid ? { kid: t.suite.options.kid } : {}) })}.${base64({ sub: 'ann', exp: now() + 600 })}`;
    return `${text}.${createHmac('sha256', 'not the secret').update(text).digest('base64url')}`;
  },
  'a time that is over': (t) => t.token('ann', { exp: now() - 3_600 }),
  'no sub': (t) => t.suite.mint({ exp: now() + 600 }),
  'a sub that is no String': (t) => t.suite.mint({ sub: 5, exp: now() + 600 }),
};

for (const [what, make] of Object.entries(spoil)) {
  check(`a token with ${what}: 401 before the upgrade`, ['B-2'], async (t) => {
    await refusedUpgrade(t, { token: make(t) }, `a token with ${what} in ?token=`);
    await refusedUpgrade(t, { authorization: `Bearer ${make(t)}` }, `a token with ${what} in Authorization`);
  }, needs);
}

check('a kid that the server does not know: 401', ['B-2'], async (t) => {
  if (!t.suite.options.kid) t.notApplicable('kid: no --kid was given');
  await refusedUpgrade(t, { token: t.token('ann', {}, { kid: 'nobody-has-this' }) }, 'an unknown kid');
}, needs);

check('a token in ?token= or in Authorization opens the door', ['B-2'], async (t) => {
  for (const way of ['token', 'authorization']) {
    const room = t.room();
    const userId = t.name('ann');
    const token = t.token(userId, { create: true });
    const ann = await room.stranger('ann', { userId, socket: way === 'token' ? { token } : { authorization: `Bearer ${token}` } });
    await ann.join({ op: { roomCreating: true } }, 'B-2');
  }
}, needs);

check('ss.userId must be the sub of the token: else 2001', ['B-11'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const eve = await room.member('eve');
  for (const s of ['JOIN', 'LEAVE', 'HEARTBEAT']) await eve.refused(2001, s, { ss: ann.common.ss }, 'B-11', { wrong: false });
  await eve.accepted('HEARTBEAT', {}, 'B-11');
  await ann.accepted('HEARTBEAT');
  t.same(ann.wire.all((m) => m.s === 'SESSION_REPLACED').length, 0, 'B-11', 'the number of SESSION_REPLACED');
}, needs);

check('no token at the upgrade: JOIN brings one', ['B-59'], async (t) => {
  const room = t.room();
  const userId = t.name('ann');
  const ann = await room.stranger('ann', { userId, socket: { bare: true } });
  await ann.join({ token: t.token(userId, { create: true, name: 'Ann' }), op: { roomCreating: true } }, 'B-59');
  await ann.accepted('HEARTBEAT', {}, 'B-59');
  await ann.refused(2001, 'HEARTBEAT', { ss: { ...ann.common.ss, userId: 'eve' } }, 'B-11', { wrong: false });
}, needs);

check('a JOIN with the token of another user: 2001, and nobody has come in', ['B-11', 'B-59'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const eve = await room.stranger('eve', { userId: t.name('eve'), socket: { bare: true } });
  await eve.refused(2001, 'JOIN', { token: t.token(ann.userId, {}) }, 'B-11', { wrong: false });
  await eve.refused(4001, 'HEARTBEAT', {}, 'B-59');
}, needs);

check('a bad token in a JOIN is told after a room that is not there and a ch that is another', ['B-52', 'B-59'], async (t) => {
  const room = t.room();
  await room.creator('ann');
  const eve = await room.stranger('eve', { userId: t.name('eve'), socket: { bare: true } });
  await eve.refused(4001, 'JOIN', { rid: t.name('nowhere'), token: 'garbage' }, 'B-52');
  await eve.refused(2002, 'JOIN', { ch: 'a2m', token: 'garbage' }, 'B-52');
  await eve.refused(4052, 'JOIN', { token: 'garbage' }, 'B-59');
}, needs);

for (const [what, make] of [['no token', () => undefined], ['a bad token', () => 'a.b.c'], ['a token whose time is over', (t, userId) => t.token(userId, { create: true, exp: now() - 600 })]]) {
  check(`no token at the upgrade, JOIN with ${what}: 4052 and closed with 1008`, ['B-59'], async (t) => {
    const userId = t.name('ann');
    const ann = await t.room().stranger('ann', { userId, socket: { bare: true } });
    await ann.refused(4052, 'JOIN', { token: make(t, userId), op: { roomCreating: true } }, 'B-59');
    t.same((await ann.wire.ended(t.patience)).code, 1008, 'B-59', 'the close code');
  }, { ...needs, exact: 'a repeat may arrive after the close' });
}

check('no token for 10 s: closed with 1008', ['B-59'], async (t) => {
  const wire = await t.wire('ann', { bare: true });
  const since = performance.now();
  const { code } = await t.meanwhile(wire.ended(t.clock.tokenWait + 8_000), 'a socket without a token to be closed');
  t.same(code, 1008, 'B-59', 'the close code');
  t.ok(performance.now() - since > t.clock.tokenWait - 700, 'B-59', `expected the socket to have ${t.clock.tokenWait} ms, it was closed after ${performance.now() - since}`);
}, { ...needs, waits: 'tokenWait' });

check('who has no token yet takes no session over and hears nothing', ['B-59', 'B-10'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const eve = ann.on(await t.wire('eve', { bare: true }));
  for (const [s, fields] of [['HEARTBEAT', {}], ['UPDATE', { ve: false }], ['LEAVE', {}], ['UNPUBLISH', {}]]) {
    const { c } = await eve.ask(s, fields);
    t.ok(c !== 200 || s === 'LEAVE', 'B-59', `expected ${s} of who has no token to be refused, got ${c}`);
  }
  await ann.accepted('HEARTBEAT', {}, 'B-59');
  t.same(ann.wire.all((m) => m.s === 'SESSION_REPLACED').length, 0, 'B-59', 'the number of SESSION_REPLACED');
}, needs);

check('who has no token yet does not carry a session that is in the room: it is still there after its socket is gone', ['B-59'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann', { join: { op: { members: true } } });
  const eve = ann.on(await t.wire('eve', { bare: true }));
  await eve.ask('LEAVE');
  await eve.wire.drop();
  await ann.accepted('HEARTBEAT', {}, 'B-59');
  t.same(ann.newest('MEMBER_LIST_CHANGED')?.members.length ?? 1, 1, 'B-59', 'the number of members');
}, needs);

const fits = [
  [undefined, true], ['{rid}', true], ['other', false], [['other', '{rid}'], true], [['other', 'more'], false], ['*', true], ['{head}*', true], ['*{tail}', true], ['{head}*{tail}', true],
  ['x*', false], ['{rid}?', false], ['{short}?', true], ['{short}??', false], ['{rid}*', true],
];

for (const [claim, fit] of fits) {
  check(`rid ${JSON.stringify(claim) ?? 'missing'} in a token: ${fit ? 'let in' : '4052'}`, ['B-59'], async (t) => {
    const room = t.room();
    await room.creator('owner');
    const { rid } = room;
    const named = (text) => text.replace('{rid}', rid).replace('{head}', rid.slice(0, 8)).replace('{tail}', rid.slice(-3)).replace('{short}', rid.slice(0, -1));
    const value = Array.isArray(claim) ? claim.map(named) : claim === undefined ? undefined : named(claim);
    const ann = await room.stranger('ann', { claims: { rid: value } });
    if (fit) await ann.join({}, 'B-59');
    else await ann.refused(4052, 'JOIN', { ve: true, ae: true }, 'B-59');
  }, needs);
}

check('create must be true to make a room', ['B-59'], async (t) => {
  for (const create of [undefined, false, 'true', 1]) {
    const outcome = await t.room().stranger('ann', { claims: { create } }).catch((error) => error);
    if (outcome.status === 401) continue; // a claim of a wrong type may spoil the token
    await outcome.refused(4052, 'JOIN', { op: { roomCreating: true } }, 'B-59');
  }
}, needs);

check('role in a token wins; without it the creator is publisher, others viewers', ['B-14', 'B-59'], async (t) => {
  for (const ch of ['m2m', 'a2m']) {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    t.same(ann.role, 'publisher', 'B-59', 'pt of the creator without a role');
    t.same((await room.member('ben')).role, 'viewer', 'B-59', 'pt of another without a role');
    for (const role of ['publisher', 'viewer', 'admin']) t.same((await room.member('cas', { claims: { role } })).role, role, 'B-59', `pt of another with role ${role}`);
    const other = await t.room(ch).creator('dan', { claims: { role: 'viewer' } });
    t.same(other.role, 'viewer', 'B-59', 'pt of a creator with role viewer');
  }
}, needs);

check('a token whose time is over lets nobody JOIN', ['B-59'], async (t) => {
  const room = t.room();
  await room.creator('owner');
  const ann = await room.stranger('ann', { claims: { exp: now() + 3 } });
  await t.pause(t.clock.tokenLeeway + 5_000, 'a token to end');
  await ann.refused(4052, 'JOIN', {}, 'B-59');
}, { ...needs, waits: 'tokenLeeway' });

check('the order of JOIN: 4001 and 2002 before 4052, 4052 before 4022', ['B-52'], async (t) => {
  const room = t.room();
  await room.creator('ann');
  const eve = await room.stranger('eve', { claims: { rid: 'elsewhere', create: true } });
  await eve.refused(2002, 'JOIN', { ch: 'a2m' }, 'B-52');
  await eve.refused(4001, 'JOIN', { rid: t.name('nowhere') }, 'B-52');
  await eve.refused(4052, 'JOIN', { op: { roomCreating: true } }, 'B-52');
}, needs);

check('TURN credentials follow coturn\'s scheme', ['B-54'], async (t) => {
  const { turnSecret } = t.suite.options;
  const ann = await t.room().creator('ann');
  const { icfg } = await ann.accepted('ICE_SERVERS');
  for (const { iceServers } of [ann.joined.icfg, icfg]) {
    const turn = iceServers.filter(({ urls }) => [urls].flat().some((url) => /^turns?:/.test(url)));
    t.ok(turn.length > 0, 'section 6', 'expected a TURN server in icfg.iceServers');
    for (const { username, credential } of turn) {
      const [expiry, ...user] = username.split(':');
      t.same(user.join(':'), ann.userId, 'section 6', 'the user in the username of TURN');
      t.ok(Number(expiry) > now() && Number(expiry) < now() + 8 * 86_400, 'section 6', `expected the username of TURN to begin with a time to come, got ${expiry}`);
      t.same(credential, createHmac('sha1', turnSecret).update(username).digest('base64'), 'section 6', 'the credential of TURN');
    }
  }
}, { needs: ['turn'] });
