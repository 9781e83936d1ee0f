// SPDX-License-Identifier: Apache-2.0
// Message rate limits: answered, not dropped in silence. What is over the limit gets 500 with b.retryAfter; so each
// signal's 500 can be reached. These run alone: in open mode the limit is the address's, which all cases share.
import * as sdp from '../src/media/sdp.mjs';
import { signals } from '../src/contract.mjs';
import { check } from '../src/registry.mjs';

const exact = { alone: true, exact: 'it counts messages' };
const offer = sdp.offer([sdp.opus], { ufrag: 'abcd', pwd: 'a'.repeat(22), fingerprint: `sha-256 ${'AB:'.repeat(31)}AB` });
const to = { userId: 'x', sessionId: 'x' };
const fields = {
  OFFER: { sdp: offer }, ANSWER: { sdp: offer, to }, ICE: { sdp: '', to }, WATCH: { to }, JOIN: { ve: true, ae: true }, LEAVE: {}, HEARTBEAT: { bid: 1 }, UPDATE: { ve: true },
  UNPUBLISH: {}, UNWATCH: { to }, SIMULCAST_UPDATE: { to, layer: 'l' }, KICK: { to }, PUBLISH_REQUEST: { ve: true, ae: true }, PUBLISH_ACCEPT: { to }, PUBLISH_REJECT: { to }, ICE_SERVERS: {},
};

const refusals = (wire) => wire.all(({ c, s }) => c === 500 && s === 'HEARTBEAT');

/** Until the first message is refused. Each batch is small, so that few are refused in a row. */
async function exhaust(t, session) {
  const { burst } = t.suite.options;
  for (let sent = 0; sent < 3 * burst + 2_000; sent += 200) {
    for (let n = 0; n < 200; n++) session.say('HEARTBEAT', { send_ack: false });
    if (sent % 1_000 === 800) await t.until('the messages are read', () => session.wire.socket.bufferedAmount < 100_000);
    await t.sleep(0);
    if (refusals(session.wire).length) return sent;
  }
  await t.sleep(500);
  if (!refusals(session.wire).length) t.fail('rate limits', `expected messages over the limit to be answered with 500, none of ${3 * burst + 2_000} was`);
  return 3 * burst;
}

/** Every signal in that room type, each right behind a few that use up what has trickled in. */
async function flood(t, ch) {
  const room = t.room(ch);
  const ann = await room.creator('ann');
  await exhaust(t, ann);
  const claims = t.suite.mint ? { wire: await t.wire(ann.userId, { claims: { create: true } }) } : {};
  const bob = await room.stranger('bob', { userId: ann.userId, sessionId: 'flood', ...claims });
  const answers = new Map();
  const names = Object.keys(signals).filter((s) => signals[s].rooms.includes(ch));
  const said = names.map((s) => {
    for (let n = 0; n < 30; n++) bob.say('HEARTBEAT', { send_ack: false });
    return bob.say(s, fields[s]);
  });
  for (const one of said) answers.set(one.s, { said: one, message: (await bob.ackOf(one).catch((error) => ({ message: undefined, error }))).message });
  await t.until('the limit has recovered', async () => (await bob.ask('HEARTBEAT', { send_ack: true })).c !== 500, 12_000);
  return answers;
}

async function answersOf(t, ch) {
  const { shared } = t.suite;
  if (t.suite.options.burst === 0) t.notApplicable('rate limits: --burst 0');
  if (!shared.has(`flood ${ch}`)) shared.set(`flood ${ch}`, flood(t, ch));
  return shared.get(`flood ${ch}`);
}

for (const [s, { rooms }] of Object.entries(signals)) {
  for (const ch of rooms) {
    check(`${s} over the rate limit in ${ch}: 500 with retryAfter`, [`${s}/500/${ch}`], async (t) => {
      const { said, message } = (await answersOf(t, ch)).get(s);
      t.ok(message, 'B-6', `expected ${s} over the limit to be answered; no answer came`);
      t.isRefusal(message, 500, s, said.data, 'B-6', `${s} over the rate limit`);
      t.ok(Number.isInteger(message.b.retryAfter) && message.b.retryAfter > 0, 'B-32', `expected retryAfter in milliseconds, got ${message.b.retryAfter}`);
    }, { ...exact, waits: 1_000 });
  }
}

check('who goes on and on over the limit is closed with 1008', ['B-4'], async (t) => {
  if (t.suite.options.burst === 0) t.notApplicable('rate limits: --burst 0');
  const ann = await t.room().creator('ann');
  await exhaust(t, ann);
  for (let n = 0; n < 40 && ann.wire.open; n++) {
    for (let m = 0; m < 100; m++) ann.say('HEARTBEAT', { send_ack: false });
    await t.sleep(0);
  }
  t.same((await ann.wire.ended(t.patience)).code, 1008, 'B-4', 'the close code after thousands of messages over the limit');
  const ben = await t.room().stranger('ben', { claims: { create: true } });
  await t.until('the limit has recovered', async () => (await ben.ask('HEARTBEAT', {})).c !== 500, 15_000);
}, exact);

check('more sockets than an address may open: 429 with Retry-After, and the door opens again', ['B-2'], async (t) => {
  const { connectionBurst } = t.suite.options;
  if (connectionBurst === 0) t.notApplicable('rate limits: --connection-burst 0');
  const knock = () => t.wire('knocker', { claims: { create: true } }).then((wire) => wire.drop(), (error) => error);
  let refused;
  for (let n = 0; n < 2 * connectionBurst + 500 && !refused; n += 50) {
    refused = (await Promise.all(Array.from({ length: 50 }, knock))).find(({ status }) => status !== undefined);
  }
  t.ok(refused, 'rate limits', `expected 429 after ${connectionBurst} sockets at once, ${2 * connectionBurst + 500} were let in`);
  t.same(refused.status, 429, 'rate limits', 'the status of the upgrade');
  t.ok(Number(refused.headers['retry-after']) >= 1, 'rate limits', `expected Retry-After in seconds, got ${refused.headers['retry-after']}`);
  t.same(refused.headers['content-type']?.split(';')[0], 'application/problem+json', 'rate limits', 'the type of the answer');
  t.same(JSON.parse(refused.body).status, 429, 'rate limits', 'status in the problem (RFC 9457)');
  await t.until('a socket is let in again', async () => (await knock()).status === undefined, 10_000);
}, exact);
