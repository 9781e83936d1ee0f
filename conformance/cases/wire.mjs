// SPDX-License-Identifier: Apache-2.0
// behaviour.md section 1: the wire.
import { RawSocket, opcode } from '../src/raw-socket.mjs';
import { check } from '../src/registry.mjs';
import { Session } from '../src/session.mjs';

async function rawSocket(t, room, options) {
  const url = new URL(t.suite.url);
  const userId = t.name('raw');
  if (t.suite.mint) url.searchParams.set('token', t.token(userId, { create: true, rid: room.rid }));
  const raw = await RawSocket.open(url, { insecure: t.suite.options.insecure, ...options });
  t.defer(() => raw.destroy());
  const common = { ch: room.ch, ss: { userId, sessionId: 'raw', category: 'stream', host: 'Web', deviceId: '' }, rid: room.rid };
  const said = (action, s, fields) => JSON.stringify({ action, data: { s, ...common, ...fields } });
  return { raw, said };
}

const answers = (t, raw, tid, deadline) => t.until(`the answer ${tid}`, () => raw.messages.map((text) => JSON.parse(text)).find(({ b }) => b?.tid === tid), deadline);

check('an ack is {c, s, b}, a text of JSON', ['B-1'], async (t) => {
  const ann = await t.room().creator();
  const ack = await ann.ask('HEARTBEAT', { bid: 7 });
  t.same(Object.keys(JSON.parse(ack.text)).sort(), ['b', 'c', 's'], 'B-1', 'the keys of an ack');
  t.same([ack.c, ack.s, ack.b.bid], [200, 'HEARTBEAT', 7], 'B-1', 'c, s and b.bid');
});

check('action is matched exactly', ['B-1', 'B-4'], async (t) => {
  const ann = await t.room().creator();
  for (const action of ['JOIN', 'Join', 'heartBeat', ' join', 'join ', 'HEARTBEAT']) {
    const s = action.trim().toUpperCase();
    const ack = await ann.ask(s, { ve: true, ae: true }, { wrong: true, action });
    t.isRefusal(ack, 2001, s, ack.said.data, 'B-1', `the action ${JSON.stringify(action)}`);
  }
});

check('any path is taken', ['B-2'], async (t) => {
  for (const path of ['/', '/some/where/else', '/ws/x']) {
    const room = t.room();
    const ann = await room.creator('ann', { socket: { path } });
    t.same(ann.role, 'publisher', 'B-2', `pt of who connected to ${path}`);
  }
});

check('a message of 128 KB is taken whole and in pieces', ['B-3'], async (t) => {
  const room = t.room();
  const { raw, said } = await rawSocket(t, room);
  raw.sendText(said('join', 'JOIN', { op: { roomCreating: true }, tid: 'j' }));
  t.same((await answers(t, raw, 'j')).c, 200, 'B-3', 'the code of JOIN');
  for (const [tid, piece] of [['whole', Infinity], ['two', 70_000], ['kilobytes', 1_024], ['bytes', 311]]) {
    const bare = said('heartbeat', 'HEARTBEAT', { tid, pad: '' });
    raw.sendText(said('heartbeat', 'HEARTBEAT', { tid, pad: 'x'.repeat(128 * 1_024 - bare.length) }), piece);
    t.same((await answers(t, raw, tid)).c, 200, 'B-3', `the code of a HEARTBEAT of 131,072 bytes in pieces of ${piece}`);
  }
});

check('a message over 128 KB closes with 1009', ['B-3'], async (t) => {
  for (const piece of [Infinity, 10_000]) {
    const { raw, said } = await rawSocket(t, t.room());
    raw.sendText(said('heartbeat', 'HEARTBEAT', { pad: 'x'.repeat(128 * 1_024) }), piece);
    await t.until('the socket is closed', () => raw.close);
    t.same(raw.close.code, 1009, 'B-3', `the close code after 128 KB and a little in pieces of ${piece}`);
  }
}, { exact: 'it counts frames' });

check('a binary message closes with 1003', ['B-3'], async (t) => {
  const { raw, said } = await rawSocket(t, t.room());
  raw.send({ code: opcode.binary, payload: Buffer.from(said('join', 'JOIN', { op: { roomCreating: true } })) });
  await t.until('the socket is closed', () => raw.close);
  t.same(raw.close.code, 1003, 'B-3', 'the close code after a binary message');
}, { exact: 'it counts frames' });

check('text that is not UTF-8 closes with 1007', ['B-51'], async (t) => {
  for (const bytes of [[0xff, 0xfe], [0xc3, 0x28], [0xed, 0xa0, 0x80]]) {
    const { raw } = await rawSocket(t, t.room());
    raw.send({ code: opcode.text, payload: Buffer.from(bytes) });
    await t.until('the socket is closed', () => raw.close);
    t.same(raw.close.code, 1007, 'B-51', `the close code after the bytes ${bytes}`);
  }
}, { exact: 'it counts frames' });

check('what the server sends is in frames of at most 32 KB and unmasked', ['B-3'], async (t) => {
  const room = t.room();
  const { raw, said } = await rawSocket(t, room);
  const long = said('leave', 'LEAVE', { tid: 'long', pad: 'é'.repeat(60_000) });
  raw.sendText(long.replace('"LEAVE"', '"OFFER"')); // action and s disagree: b.req carries all of it back
  const ack = await answers(t, raw, 'long');
  t.same([ack.c, ack.s, ack.b.req.pad.length], [2001, 'OFFER', 60_000], 'B-3', 'c, s and the length of what b.req brings back');
  const data = raw.frames.filter(({ code }) => code <= 2);
  const longest = Math.max(...data.map(({ payload }) => payload.length));
  t.ok(longest <= 32 * 1_024, 'B-3', `expected frames of at most 32,768 bytes, got one of ${longest}`);
  t.ok(data.length >= 4, 'B-3', `expected 120,000 bytes to come in at least 4 frames, got ${data.length}`);
  t.ok(data.every(({ masked, rsv }) => !masked && rsv === 0), 'B-3', 'expected frames of the server to be unmasked and without extension bits');
}, { exact: 'it counts frames' });

check('the server pings, and closes a socket on which nothing came for 30 s', ['B-3', 'B-56'], async (t) => {
  const { raw, said } = await rawSocket(t, t.room(), { answerPings: false });
  raw.sendText(said('join', 'JOIN', { op: { roomCreating: true }, tid: 'j' }));
  await answers(t, raw, 'j');
  const since = performance.now();
  let ended = Infinity;
  raw.closed.then(() => (ended = performance.now()));
  await t.meanwhile(Promise.race([raw.closed, t.sleep(t.clock.silent + 8_000)]), 'the silent socket to be closed');
  t.ok(raw.frames.some(({ code }) => code === opcode.ping), 'B-3', 'expected a ping, none came');
  const lasted = ended - since;
  t.ok(lasted > t.clock.silent - 1_500 && lasted < t.clock.silent + 7_000, 'B-56', `expected the socket to be closed ${t.clock.silent} ms after the last thing received, it was after ${lasted} ms`);
}, { waits: 'silent', exact: 'it counts frames' });

check('a socket that answers pings stays, silent as it may be', ['B-3', 'B-13'], async (t) => {
  const room = t.room();
  const ann = await room.creator();
  await t.pause(t.clock.silent + 6_000, 'a socket to be silent for longer than it may without answering pings');
  t.ok(ann.wire.open, 'B-3', `expected the socket to be open, it was closed with ${JSON.stringify(ann.wire.end)}`);
  await ann.accepted('HEARTBEAT', {}, 'B-13');
}, { waits: 'silent' });

const wrongMessages = [
  ['what is not JSON', 'hello', 'UNKNOWN', null],
  ['half of an object', '{"action":"join","data":{', 'UNKNOWN', null],
  ['an array', '[1,2]', 'UNKNOWN', null],
  ['a string', '"join"', 'UNKNOWN', null],
  ['nothing at all', '', 'UNKNOWN', null],
  ['an empty object', '{}', 'UNKNOWN', null],
  ['no data', '{"action":"join"}', 'JOIN', null],
  ['data that is null', '{"action":"watch","data":null}', 'WATCH', null],
  ['data that is an array', '{"action":"leave","data":[1]}', 'LEAVE', [1]],
  ['data that is a string', '{"action":"offer","data":"x"}', 'OFFER', 'x'],
  ['no action', '{"data":{"s":"ICE"}}', 'ICE', { s: 'ICE' }],
  ['an unknown action', '{"action":"dance","data":{"s":"WATCH"}}', 'WATCH', { s: 'WATCH' }],
  ['an action that is no string', '{"action":5,"data":{"s":"KICK"}}', 'KICK', { s: 'KICK' }],
  ['an unknown action and an unknown s', '{"action":"dance","data":{"s":"DANCE"}}', 'UNKNOWN', { s: 'DANCE' }],
  ['an s that is no string', '{"action":"answer","data":{"s":7}}', 'ANSWER', { s: 7 }],
  ['no s', '{"action":"heartbeat","data":{"x":1}}', 'HEARTBEAT', { x: 1 }],
  ['the name of a push as s', '{"action":"join","data":{"s":"KICKED"}}', 'JOIN', { s: 'KICKED' }],
  ['action and s that disagree', '{"action":"offer","data":{"s":"ANSWER"}}', 'ANSWER', { s: 'ANSWER' }],
  ['all but everything', '{"action":"join","data":{"s":"JOIN"}}', 'JOIN', { s: 'JOIN' }],
];

check('a whole signal under the action of another is refused and does nothing', ['B-4'], async (t) => {
  const ann = await t.room().creator('ann');
  await ann.refused(2001, 'LEAVE', {}, 'B-4', { action: 'heartbeat', wrong: true });
  await ann.accepted('HEARTBEAT', {}, 'B-4');
});

for (const [what, text, s, req] of wrongMessages) {
  check(`${what} gets 2001 and the socket lives`, ['B-4', ...(req === null ? ['B-51'] : [])], async (t) => {
    const wire = await t.wire();
    wire.sayText(text);
    const { message } = await wire.hear('a 2001', (m) => m.c !== undefined);
    t.isRefusal(message, 2001, s, req, 'B-4', what);
    wire.sayText(text);
    await wire.hear('another 2001 on the same socket', (m) => m.c === 2001);
  });
}

const wrongFields = [
  ['ch missing', { ch: undefined }], ['ch a number', { ch: 3 }], ['rid missing', { rid: undefined }], ['rid empty', { rid: '' }], ['rid a number', { rid: 5 }],
  ['ss missing', { ss: undefined }], ['ss a string', { ss: 'me' }],
];

for (const [what, fields] of wrongFields) {
  check(`${what}: 2001`, ['B-4'], async (t) => {
    const ann = await t.room().creator();
    await ann.refused(2001, 'HEARTBEAT', fields, 'B-4');
    await ann.refused(2001, 'JOIN', fields, 'B-4');
    await ann.accepted('HEARTBEAT');
  });
}

check('deep nesting gets an answer and leaves the socket open', ['B-4'], async (t) => {
  const ann = await t.room().creator();
  for (const [opening, ending] of [['[', ']'], ['{"a":', '}']]) {
    const deep = `${opening.repeat(15_000)}1${ending.repeat(15_000)}`;
    ann.wire.sayText(`{"action":"heartbeat","data":{"s":"HEARTBEAT","pad":${deep}}}`);
    await ann.wire.hear('a 2001', (m) => m.c === 2001);
  }
  await ann.accepted('HEARTBEAT');
});

check('b.req is data, whole and byte for byte', ['B-5'], async (t) => {
  const ann = await t.room().creator();
  const { ss, rid } = ann.common;
  const odd = `{ "s" : "LEAVE","zz":[1 ,2.50,{"é":null}],\t"rid":${JSON.stringify(rid)} , "ch":"nope","ss":${JSON.stringify(ss)}, "tid":"odd","escaped":"\\u0041\\/","big":12345678901234567890 }`;
  ann.wire.say('leave', odd, { wrong: true });
  const { text, message } = await ann.wire.hear('the refusal', (m) => m.b?.tid === 'odd');
  t.same([message.c, message.s], [2002, 'LEAVE'], 'B-5', 'c and s');
  t.ok(text.includes(`"req":${odd}`), 'B-5', `expected "req": and then ${odd}, got ${text}`);
});

check('b.msg is a constant and a sentence that names what is wrong', ['B-5'], async (t) => {
  const ann = await t.room().creator();
  const { msg: rid } = await ann.refused(2001, 'HEARTBEAT', { rid: 5 }, 'B-5');
  t.ok(/rid/.test(rid), 'B-5', `expected the sentence to name rid, got ${rid}`);
  const { msg: host } = await ann.refused(2001, 'HEARTBEAT', { ss: { ...ann.common.ss, host: 'Fridge' } }, 'B-5');
  t.ok(/host/.test(host), 'B-5', `expected the sentence to name host, got ${host}`);
});

for (const tid of ['x', '', 'ü"\\', 0, 17, -3.5, 9_007_199_254_740_991]) {
  check(`tid ${JSON.stringify(tid)} comes back`, ['B-8'], async (t) => {
    const ann = await t.room().creator();
    ann.say('HEARTBEAT', { tid, bid: 'mine' });
    const { message: good } = await ann.wire.hear('an ack', (m) => m.s === 'HEARTBEAT' && m.c === 200 && m.b.bid === 'mine');
    t.same(good.b.tid, tid, 'B-8', 'tid of a success');
    ann.say('WATCH', { tid, to: { userId: 'nobody' } });
    const { message: bad } = await ann.wire.hear('a refusal', (m) => m.s === 'WATCH');
    t.same([bad.c, bad.b.tid], [4024, tid], 'B-8', 'c and tid of a refusal');
  });
}

check('without a tid there is none in the ack; a tid of another type is refused', ['B-8'], async (t) => {
  const ann = await t.room().creator();
  ann.say('LEAVE', { tid: undefined });
  const { message } = await ann.wire.hear('the ack', (m) => m.s === 'LEAVE');
  t.ok(message.c === 200 && !('tid' in message.b), 'B-8', `expected 200 without tid, got ${JSON.stringify(message)}`);
  for (const tid of [true, {}, []]) {
    ann.say('LEAVE', { tid, rid: ann.rid }, { wrong: true });
    const { message: bad } = await ann.wire.hear('2001', (m) => m.s === 'LEAVE' && m.c === 2001);
    t.ok(!('tid' in bad.b), 'B-8', `expected no tid in the answer to a tid of ${JSON.stringify(tid)}`);
  }
}, { exact: 'without a tid a repeated ack cannot be told' });

check('OFFER acks carry b.sessionId', ['B-8'], async (t) => {
  const ann = await t.room().creator();
  const { ack } = await ann.publish({ wait: false });
  t.same([ack.rid, ack.sessionId], [ann.rid, ann.sessionId], 'B-8', 'rid and sessionId of the OFFER ack');
});

check('silence is acceptance: ANSWER, ICE, UPDATE', ['B-7', 'B-57'], async (t) => {
  const room = t.room();
  const ann = await room.creator();
  const ben = await room.publisher();
  await ann.publish();
  await ben.sees(ann);
  const { to, answer } = await ben.watch(ann);
  await ben.silently('ICE', { to, sdp: 'candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host' }, 'B-7');
  await ben.silently('ANSWER', { to, sdp: answer }, 'B-7'); // the same again
  await ben.silently('UPDATE', { ve: false }, 'B-57');
});

check('one socket carries many sessions', ['B-10'], async (t) => {
  const room = t.room();
  const ann = await room.creator();
  const second = await room.stranger('second', { userId: ann.userId, sessionId: 'screen', category: 'screenshare', wire: ann.wire });
  await second.join();
  await ann.accepted('HEARTBEAT', {}, 'B-10');
  await second.accepted('HEARTBEAT', {}, 'B-10');
  const other = new Session(ann.wire, { ...ann.common.ss, ch: 'a2m', rid: t.name('room') });
  if (!t.suite.mint) await other.join({ op: { roomCreating: true } }, 'B-10');
  t.same(ann.wire.all((m) => m.s === 'SESSION_REPLACED').length, 0, 'B-10', 'the number of SESSION_REPLACED when nothing was replaced');
});
