// SPDX-License-Identifier: Apache-2.0
// op.hlsForwarding, and what the room hears of it (B-25). Not applicable where a server makes no HLS: then there is no b.hls.
import * as sdp from '../src/media/sdp.mjs';
import { check } from '../src/registry.mjs';
import { defaultLines, is } from '../src/session.mjs';

const { opus, vp8, h264 } = sdp;
const vp9 = { ...vp8, payloadType: 98, codec: 'VP9/90000', fmtp: 'profile-id=0' };
const av1 = { ...vp8, payloadType: 45, codec: 'AV1/90000' };
const forwarded = { hlsForwarding: true };

/** One video line that offers several codecs, in that order. */
function several(first, ...others) {
  const formats = others.flatMap(({ payloadType, codec, fmtp }) => [`a=rtpmap:${payloadType} ${codec}`, ...(fmtp ? [`a=fmtp:${payloadType} ${fmtp}`] : [])]);
  return { ...first, more: formats, others: others.map(({ payloadType }) => payloadType) };
}

/** The offer of those lines: all formats of `several` stand in the m-line. */
function offerOf(lines, transport) {
  let text = sdp.offer(lines, transport);
  for (const { kind, payloadType, others = [] } of lines) {
    if (others.length) text = text.replace(new RegExp(`^(m=${kind} \\d+ \\S+ ${payloadType})`, 'm'), `$1 ${others.join(' ')}`);
  }
  return text;
}

function hasHls(t, ack) {
  if (ack.hls === undefined) t.notApplicable('HLS: the server gives no b.hls');
  t.ok(/^(https?:\/\/|\/)[^ ]+\.m3u8$/.test(ack.hls), 'B-25', `expected hls to be the URL of a playlist, got ${ack.hls}`);
}

/** ann publishes with HLS, ben is there. */
async function published(t, { ch = 'm2m', lines = ch === 'a2m' ? [opus] : [opus, h264], op = forwarded, ...how } = {}) {
  const room = t.room(ch);
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  const uplink = await ann.publish({ lines, op, ...how });
  if (op.hlsForwarding) hasHls(t, uplink.ack);
  return { room, ann, ben, uplink };
}

/** Waits for a list in which ann's entry has that hls. */
const lists = (ben, ann, hls) => ben.list(`hls ${hls} at ${ann.sessionId}`, (pps) => pps.some((entry) => is(entry, ann) && entry.hls === hls));

/** Waits for HLS_STATE of that session, with that state. */
async function state(listener, session, wanted, deadline) {
  const fits = (m) => m.s === 'HLS_STATE' && m.b.rid === session.rid && is(m.b, session) && m.b.state === wanted;
  return (await listener.wire.hear(`HLS_STATE ${wanted} of ${session.sessionId}`, fits, deadline)).message.b;
}

for (const ch of ['m2m', 'a2m']) {
  check(`${ch}: hls is the same in the ack, the list, JOIN, HEARTBEAT and WATCH`, ['B-25'], async (t) => {
    const { room, ann, ben, uplink } = await published(t, { ch });
    const { hls } = uplink.ack;
    await lists(ben, ann, hls);
    const cas = await room.publisher('cas');
    t.same(cas.joined.pps.find((entry) => is(entry, ann))?.hls, hls, 'B-25', 'hls in pps of the JOIN ack');
    const { pps } = await ben.accepted('HEARTBEAT', { bid: 1 }, 'B-25');
    t.same(pps.find((entry) => is(entry, ann))?.hls, hls, 'B-25', 'hls in pps of the HEARTBEAT ack');
    const watched = await cas.accepted('WATCH', { to: ann.to }, 'B-25');
    t.same(watched.pps[0].hls, hls, 'B-25', 'hls in pps of the WATCH ack');
    await cas.publish();
    const entry = await ben.sees(cas);
    t.same(entry.hls, undefined, 'B-25', 'hls of somebody who did not ask for it');
  });

  check(`${ch}: what is forwarded is watched like everything else`, ['B-25'], async (t) => {
    const { ann, ben } = await published(t, { ch });
    await ben.sees(ann);
    const { peer } = await ben.watch(ann);
    await t.until('packets', () => peer.packets.length > 20);
    t.continuous(peer.packets, 'B-25');
  });
}

check('hlsForwarding false, or absent: no hls', ['B-25'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  for (const [session, op] of [[ann, { hlsForwarding: false }], [ben, undefined]]) {
    const { ack } = await session.publish({ lines: [opus, h264], op });
    t.same(ack.hls, undefined, 'B-25', `hls of the ack with op ${JSON.stringify(op)}`);
  }
  t.same([(await ann.sees(ben)).hls, (await ben.sees(ann)).hls], [undefined, undefined], 'B-25', 'hls of the entries');
});

check('hlsForwarding that is no Bool is 2001', ['B-25', 'B-4'], async (t) => {
  const ann = await t.room().creator();
  for (const wrong of ['true', 1, {}]) await ann.refused(2001, 'OFFER', { sdp: sdp.offer([opus], (await ann.peer()).transport), op: { hlsForwarding: wrong } }, 'B-4');
});

const preferences = [
  ['H264 before VP8, VP9 and AV1', several(vp8, vp9, av1, h264), h264],
  ['VP9 before VP8 where there is no H264', several(vp8, av1, vp9), vp9],
  ['AV1 before VP8 where there is nothing else', several(vp8, av1), av1],
];
for (const [what, line, wanted] of preferences) {
  check(`with hlsForwarding the answer takes ${what}`, ['B-25'], async (t) => {
    const ann = await t.room().creator();
    const ack = await ann.accepted('OFFER', { sdp: offerOf([opus, line], (await ann.peer()).transport), op: forwarded }, 'B-25');
    hasHls(t, ack);
    t.same(sdp.parse(ack.sdp).media[1].formats[0], String(wanted.payloadType), 'B-25', 'the first payload type of the video line');
  });
}

check('without hlsForwarding the offer\'s order decides', ['B-25', 'B-20'], async (t) => {
  const ann = await t.room().creator();
  const ack = await ann.accepted('OFFER', { sdp: offerOf([opus, several(vp8, h264)], (await ann.peer()).transport), op: { hlsForwarding: false } }, 'B-25');
  t.same(sdp.parse(ack.sdp).media[1].formats[0], String(vp8.payloadType), 'B-20', 'the first payload type of the video line');
});

check('an identical OFFER has the same hls', ['B-25', 'B-9'], async (t) => {
  const { ann, uplink } = await published(t);
  const again = await ann.accepted('OFFER', { sdp: uplink.offer, op: forwarded }, 'B-9');
  t.same([again.sdp, again.hls], [uplink.ack.sdp, uplink.ack.hls], 'B-9', 'sdp and hls of the second ack');
});

check('a restart that says nothing of HLS leaves it: the same PeerConnection', ['B-25', 'B-22'], async (t) => {
  const { ann, ben, uplink } = await published(t);
  const { rev } = await lists(ben, ann, uplink.ack.hls);
  const { peer, lines } = uplink;
  peer.renewIce();
  const ack = await ann.accepted('OFFER', { sdp: sdp.offer(lines, { ...peer.transport, version: 3 }), op: { restarting: true } }, 'B-22');
  t.same(ack.hls, uplink.ack.hls, 'B-25', 'hls after a restart');
  await ben.settled();
  t.same(ben.newest().rev, rev, 'B-22', 'the rev of the list, which lives on');
});

for (const was of [true, false]) {
  check(`a restart that says nothing of HLS leaves it: another PeerConnection, ${was ? 'forwarded' : 'not forwarded'}`, ['B-25', 'B-22'], async (t) => {
    const { ann, ben, uplink } = await published(t, { op: { hlsForwarding: was } });
    await ben.sees(ann);
    const peer = await ann.peer({ certificateName: 'another' });
    uplink.peer.drop();
    const { ack } = await ann.publish({ peer, lines: uplink.lines, op: { restarting: true } });
    t.same(ack.hls, uplink.ack.hls, 'B-25', 'hls after a restart');
  });
}

check('a restart may end it, and begin it again', ['B-25', 'B-22'], async (t) => {
  const { ann, ben, uplink } = await published(t);
  const { peer, lines } = uplink;
  const restart = async (hlsForwarding, version) => {
    peer.renewIce();
    return ann.accepted('OFFER', { sdp: sdp.offer(lines, { ...peer.transport, version }), op: { restarting: true, hlsForwarding } }, 'B-22');
  };
  t.same((await restart(false, 3)).hls, undefined, 'B-25', 'hls after a restart with hlsForwarding false');
  await lists(ben, ann, undefined);
  await state(ben, ann, 'ended');
  t.same((await restart(true, 4)).hls, uplink.ack.hls, 'B-25', 'hls after a restart with hlsForwarding true');
  await lists(ben, ann, uplink.ack.hls);
});

check('a renegotiation that says nothing of HLS leaves it', ['B-25', 'B-23'], async (t) => {
  const { ann, ben, uplink } = await published(t);
  const ack = await ann.accepted('OFFER', { sdp: sdp.offer([opus, { ...h264, direction: 'inactive' }], { ...uplink.peer.transport, version: 3 }) }, 'B-23');
  t.same(ack.hls, uplink.ack.hls, 'B-25', 'hls after a renegotiation');
  const body = await ben.list('no video', (pps) => pps.some((entry) => is(entry, ann) && !entry.video));
  t.same(body.pps.find((entry) => is(entry, ann)).hls, uplink.ack.hls, 'B-25', 'hls of the entry');
});

check('another publication says anew whether it is forwarded', ['B-25', 'B-23'], async (t) => {
  const { ann, ben, uplink } = await published(t);
  await lists(ben, ann, uplink.ack.hls);
  const peer = await ann.peer({ certificateName: 'another' });
  const { ack } = await ann.publish({ peer, lines: uplink.lines });
  t.same(ack.hls, undefined, 'B-25', 'hls of the ack of a fresh OFFER that says nothing of it');
  await lists(ben, ann, undefined);
  await state(ben, ann, 'ended');
});

check('HLS_STATE: starting, live and ended, to everyone in the room', ['B-25'], async (t) => {
  const { ann, ben, uplink } = await published(t);
  const { hls } = uplink.ack;
  for (const listener of [ann, ben]) t.same((await state(listener, ann, 'starting')).hls, hls, 'B-25', 'hls of HLS_STATE starting');
  for (const listener of [ann, ben]) t.same((await state(listener, ann, 'live', 15_000)).hls, hls, 'B-25', 'hls of HLS_STATE live');
  await ann.accepted('UNPUBLISH');
  for (const listener of [ann, ben]) t.same((await state(listener, ann, 'ended', 15_000)).hls, hls, 'B-25', 'hls of HLS_STATE ended');
}, { waits: 15_000 });

check('HLS_STATE ended after LEAVE, and after the publisher was kicked', ['B-25'], async (t) => {
  const { room, ann, ben, uplink } = await published(t);
  await state(ben, ann, 'starting');
  await ann.leave();
  t.same((await state(ben, ann, 'ended', 15_000)).hls, uplink.ack.hls, 'B-25', 'hls of HLS_STATE ended');
  const cas = await room.publisher('cas');
  await cas.publish({ lines: [opus], op: forwarded });
  await state(ben, cas, 'starting');
  await ben.accepted('KICK', { to: cas.to });
  await state(ben, cas, 'ended', 15_000);
}, { waits: 15_000 });

check('a live playlist is where hls says', ['B-25'], async (t) => {
  const { ann, ben, uplink } = await published(t, { ch: 'a2m' });
  await state(ben, ann, 'live', 15_000);
  const base = new URL(t.suite.url);
  const url = new URL(uplink.ack.hls, `${base.protocol.replace('ws', 'http')}//${base.host}`);
  const found = await t.until('the playlist is there', async () => {
    const response = await fetch(url);
    if (response.status === 401 || response.status === 403) t.notApplicable('the server asks for tokens to watch by HLS');
    return response.ok ? response : undefined;
  });
  const text = await found.text();
  t.ok(text.startsWith('#EXTM3U'), 'B-25', `expected ${url} to be a playlist, got ${text.slice(0, 60)}`);
}, { waits: 15_000 });

check('p2p knows no HLS: it is passed on unread', ['B-25', 'B-42'], async (t) => {
  const [ann, ben] = await t.room('p2p').pair();
  const said = ben.say('OFFER', { to: ann.to, sdp: 'whatever', op: forwarded });
  const heard = await ann.hearBare('OFFER');
  t.same(heard.text, said.text, 'B-42', 'the OFFER that arrived');
  await ben.settled();
  t.ok(ben.newest().pps.every((entry) => entry.hls === undefined), 'B-25', 'expected no hls in the entries of a p2p room');
});

// ── over REST ──

const rest = { needs: ['api'], exact: 'HTTP is not shuffled, and what it pushes must be counted' };
const template = '/v1/rooms/{rid}/participants/{userId}/{sessionId}/hls';
const names = (session) => ({ rid: session.rid, ...session.to });
const problem = (t, answer, type) => t.same(answer.body.type, `/problems/${type}`, 'section 6', 'type of the problem');

/** PUT, of a server that makes HLS: one that makes none answers it with hls-not-found. */
async function putHls(t, ann) {
  const answer = await t.rest('PUT', template, names(ann));
  if (answer.body.type === '/problems/hls-not-found') t.notApplicable('HLS: the server makes none');
  return answer;
}

async function started(t, ann, want) {
  const answer = await putHls(t, ann);
  t.same(answer.status, want, 'section 6', 'the status of PUT');
  return answer.body;
}

check('REST starts what runs, once, and stops it', ['REST', 'B-25'], async (t) => {
  const room = t.room();
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  const { ack } = await ann.publish({ lines: defaultLines('a2m') });
  t.same(ack.hls, undefined, 'B-25', 'hls of the ack');
  const { url } = await started(t, ann, 201);
  await lists(ben, ann, url);
  t.same((await state(ben, ann, 'starting')).hls, url, 'B-25', 'hls of HLS_STATE');
  await started(t, ann, 200);
  const { body } = await t.rest('GET', template, names(ann), { want: 200 });
  t.same(body.url, url, 'section 6', 'url');
  const people = await t.rest('GET', '/v1/rooms/{rid}/participants', names(ann), { want: 200 });
  const listed = people.body.participants.find(({ userId }) => userId === ann.userId).sessions[0];
  t.same(listed.hls?.url, url, 'section 6', 'hls of the session in the list of participants');
  await t.rest('DELETE', template, names(ann), { want: 204 });
  await lists(ben, ann, undefined);
  await state(ben, ann, 'ended', 15_000);
  problem(t, await t.rest('GET', template, names(ann), { want: 404 }), 'hls-not-found');
  await t.rest('DELETE', template, names(ann), { want: 204 });
}, { ...rest, waits: 15_000 });

check('who makes HLS when REST says so makes it when an OFFER does', ['REST', 'B-25'], async (t) => {
  const ann = await t.room().creator('ann');
  const answer = await putHls(t, ann);
  const { ack } = await ann.publish({ lines: [opus, h264], op: forwarded });
  t.ok(ack.hls !== undefined, 'B-25', 'expected the ack to carry hls');
}, rest);

check('REST: GET tells the state', ['REST', 'B-25'], async (t) => {
  const { ann, ben } = await published(t, { ch: 'a2m' });
  await state(ben, ann, 'live', 15_000);
  const { body } = await t.rest('GET', template, names(ann), { want: 200 });
  t.same(body.state, 'live', 'section 6', 'state');
}, { ...rest, waits: 15_000 });

check('REST: nothing is forwarded that is not there', ['REST', 'B-25'], async (t) => {
  const ann = await t.room().creator('ann');
  const answer = await putHls(t, ann);
  problem(t, answer, 'not-publishing');
  for (const method of ['GET', 'PUT', 'DELETE']) {
    problem(t, await t.rest(method, template, { ...names(ann), sessionId: 'nobody' }, { want: 404 }), 'participant-not-found');
    problem(t, await t.rest(method, template, { ...names(ann), rid: t.name('none') }, { want: 404 }), 'room-not-found');
  }
  const two = await t.room('p2p').creator('two');
  problem(t, await t.rest('PUT', template, names(two), { want: 409 }), 'wrong-room-type');
}, rest);

check('REST: hlsTokens of a room', ['REST', 'B-25'], async (t) => {
  const rid = t.name('tokens');
  const made = await t.rest('POST', '/v1/rooms', {}, { body: { rid, ch: 'm2m', hlsTokens: true }, want: 201 });
  t.same(made.body.hlsTokens, true, 'section 6', 'hlsTokens');
  const { body } = await t.rest('PATCH', '/v1/rooms/{rid}', { rid }, { body: { hlsTokens: false }, type: 'application/merge-patch+json', want: 200 });
  t.same(body.hlsTokens, false, 'section 6', 'hlsTokens after PATCH');
  problem(t, await t.rest('POST', '/v1/rooms', {}, { body: { rid: t.name('two'), ch: 'p2p', hlsTokens: true }, want: 409 }), 'wrong-room-type');
  await t.rest('DELETE', '/v1/rooms/{rid}', { rid }, { want: 204 });
}, rest);
