// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, verify } from 'node:crypto';
import { test } from 'node:test';
import { clauses, signals } from '../src/contract.mjs';
import { minter } from '../src/jwt.mjs';
import * as rtp from '../src/media/rtp.mjs';
import * as sdp from '../src/media/sdp.mjs';
import { check as stunCheck, crc32, isStun, read as readStun } from '../src/media/stun.mjs';
import { read } from '../src/options.mjs';
import { load, select } from '../src/registry.mjs';
import { Places } from '../src/runner.mjs';
import { Schemas } from '../src/schemas.mjs';

test('every clause has a case, and every code of every signal that can occur', async () => {
  const cases = await load();
  const covered = new Set(cases.flatMap((one) => one.clauses));
  assert.deepEqual(clauses.filter((clause) => !covered.has(clause)), []);
  const cells = [...covered].filter((clause) => clause.includes('/')).map((cell) => cell.split('/').slice(0, 2).join('/'));
  const wanted = Object.entries(signals).flatMap(([s, { codes }]) => codes.map((code) => `${s}/${code}`));
  // PUBLISH_REJECT takes no place, so nothing that it asks for can be full.
  assert.deepEqual(wanted.filter((cell) => !cells.includes(cell)), ['PUBLISH_REJECT/4025']);
});

test('ids are different, and exact cases say why', async () => {
  const cases = await load();
  assert.equal(new Set(cases.map(({ id }) => id)).size, cases.length);
  assert.ok(cases.every(({ exact }) => exact === undefined || exact.length > 10));
});

test('--only takes clauses, cells, stars and parts of names', () => {
  const cases = [{ id: 'a/one', clauses: ['B-1'] }, { id: 'b/two', clauses: ['B-11', 'OFFER/4051/a2m'] }, { id: 'b/three', clauses: ['OFFER/4001/a2m'] }];
  const ids = (...only) => select(cases, only).map(({ id }) => id);
  assert.deepEqual(ids('B-1'), ['a/one']);
  assert.deepEqual(ids('OFFER/4051/a2m'), ['b/two']);
  assert.deepEqual(ids('OFFER/*/a2m'), ['b/two', 'b/three']);
  assert.deepEqual(ids('b/'), ['b/two', 'b/three']);
  assert.deepEqual(select(cases, undefined), cases);
});

test('options: what is wrong with them is said', () => {
  assert.throws(() => read([]), /which server/);
  assert.throws(() => read(['http://x']), /begins with ws/);
  assert.throws(() => read(['ws://x', '--clock', '{"nap":1}']), /--clock has no nap/);
  assert.throws(() => read(['ws://x', '--concurrency', 'many']), /must be a number/);
  assert.throws(() => read(['ws://x', '--secret', 'a', '--private-key', '/nowhere']), /either/);
  assert.equal(read(['ws://x', '--clock', '{"grace":500}']).clock.grace, 500);
  assert.deepEqual([read(['ws://x']).burst, read(['ws://x', '--secret', 's']).burst], [5_000, 500]);
});

test('places: no more than there are, and who only waited is back at once', async () => {
  const places = new Places(1);
  await places.take();
  let second = false;
  const waiting = places.take().then(() => (second = true));
  await Promise.resolve();
  assert.equal(second, false);
  places.give(); // the first waits for time
  await waiting;
  places.takeBack(); // and is back while the second works
  let third = false;
  places.take().then(() => (third = true));
  places.give();
  await new Promise(setImmediate);
  assert.equal(third, false);
  places.give();
  await new Promise(setImmediate);
  assert.equal(third, true);
});

test('tokens: HS256, RS256, ES256, EdDSA', () => {
  const parts = (token) => token.split('.').map((part) => Buffer.from(part, 'base64url'));
  const hs = minter({ secret: 's', kid: 'k' })({ sub: 'ann' });
  assert.deepEqual(JSON.parse(parts(hs)[0]), { alg: 'HS256', typ: 'JWT', kid: 'k' });
  assert.deepEqual(parts(hs)[2], createHmac('sha256', 's').update(hs.slice(0, hs.lastIndexOf('.'))).digest());
  for (const [kind, how, alg, hash] of [['rsa', { modulusLength: 2_048 }, 'RS256', 'sha256'], ['ec', { namedCurve: 'P-256' }, 'ES256', 'sha256'], ['ed25519', {}, 'EdDSA', null]]) {
    const { publicKey, privateKey } = generateKeyPairSync(kind, how);
    const token = minter({ privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) })({ sub: 'ann' });
    assert.equal(JSON.parse(parts(token)[0]).alg, alg);
    assert.ok(verify(hash, Buffer.from(token.slice(0, token.lastIndexOf('.'))), { key: publicKey, dsaEncoding: 'ieee-p1363' }, parts(token)[2]), alg);
  }
  assert.equal(minter({}), undefined);
});

test('schemas: a good message passes, a bad one is named', () => {
  const schemas = new Schemas();
  const ss = { userId: 'a', sessionId: 'b', category: 'stream', host: 'Web', deviceId: '' };
  assert.equal(schemas.outgoing('leave', { s: 'LEAVE', ch: 'm2m', ss, rid: 'r' }), '');
  assert.match(schemas.outgoing('leave', { s: 'LEAVE', ch: 'm2m', ss }), /client\/leave: .*rid/);
  assert.match(schemas.outgoing('dance', {}), /no action dance/);
  assert.equal(schemas.incoming({ c: 200, s: 'LEAVE', b: { rid: 'r' } }), '');
  assert.match(schemas.incoming({ c: 200, s: 'LEAVE', b: { rid: 'r', more: 1 } }), /ack\/leave/);
  assert.match(schemas.incoming({ c: 4003, s: 'LEAVE', b: { req: {}, msg: 'x' } }), /error\/leave/);
  assert.match(schemas.incoming({ c: 200, s: 'DANCE', b: {} }), /no signal and no push/);
  assert.equal(schemas.rest('DELETE', '/v1/rooms/{rid}', { status: 204, body: '' }), '');
  assert.match(schemas.rest('GET', '/v1/rooms', { status: 200, type: 'application/json', body: { rooms: [{}] } }), /200 of GET/);
  assert.match(schemas.rest('GET', '/v1/rooms', { status: 418, type: 'text/plain', body: '' }), /no 418/);
});

test('SDP: what is written is read', () => {
  const text = sdp.offer([sdp.opus, { ...sdp.vp8, rids: ['h', 'l'] }], { ufrag: 'abcd', pwd: 'x'.repeat(22), fingerprint: 'sha-256 AA' });
  const read = sdp.parse(text);
  assert.deepEqual(read.media.map(({ kind, port, formats }) => [kind, port, formats]), [['audio', 9, ['111']], ['video', 9, ['96']]]);
  assert.equal(sdp.attribute(read, 'ice-ufrag'), 'abcd');
  assert.equal(sdp.direction(read.media[0]), 'sendonly');
  assert.ok(text.includes('a=simulcast:send h;l\r\n'));
  const answer = sdp.parse(sdp.answer(text, { ufrag: 'u', pwd: 'p', fingerprint: 'sha-256 BB', refused: ['video'] }));
  assert.deepEqual(answer.media.map(({ port }) => port), [9, 0]);
});

test('STUN: CRC-32 and a check that is one', () => {
  assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926);
  const { bytes, transaction } = stunCheck({ username: 'a:b', password: 'p', tieBreaker: Buffer.alloc(8) });
  assert.ok(isStun(bytes));
  assert.deepEqual(readStun(bytes), { kind: 'request', transaction });
  assert.equal(bytes.readUInt16BE(2), bytes.length - 20);
});

test('RTP and RTCP: headers, marks, keyframe requests', () => {
  const packet = Buffer.concat([Buffer.from([0x90, 0x80 | 96, 0, 7, 0, 0, 0, 9, 0, 0, 0, 5, 0xbe, 0xde, 0, 1, 1, 2, 3, 4]), rtp.vp8Frame(true, rtp.mark('h'))]);
  const { payloadType, sequence, timestamp, ssrc, start, marker } = rtp.readHeader(packet);
  assert.deepEqual([payloadType, sequence, timestamp, ssrc, start, marker], [96, 7, 9, 5, 20, true]);
  assert.equal(rtp.markOf(packet.subarray(start)), 0x68);
  const pli = Buffer.from([0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 77]);
  const fir = Buffer.from([0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 78, 1, 0, 0, 0]);
  assert.deepEqual(rtp.keyframeRequests(Buffer.concat([pli, fir])), [77, 78]);
  assert.ok(rtp.isRtcp(pli) && !rtp.isRtcp(packet));
});
