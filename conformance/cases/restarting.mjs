// SPDX-License-Identifier: Apache-2.0
// A second OFFER of a session that publishes (B-22, B-23), with a watcher attached who must notice nothing.
import * as sdp from '../src/media/sdp.mjs';
import { check } from '../src/registry.mjs';
import { defaultLines } from '../src/session.mjs';

async function watched(t, ch, how = {}) {
  const room = t.room(ch);
  const ann = await room.creator('ann');
  const ben = await room.publisher('ben');
  const uplink = await ann.publish({ mark: '1', ...how });
  await ben.sees(ann);
  const watching = await ben.watch(ann);
  await t.until('packets before the restart', () => watching.peer.packets.length > 20);
  return { room, ann, ben, uplink, watching, rev: ben.newest().rev };
}

/** Nothing was noticed: numbers go on, the list is the same, nothing else was said to the watcher. */
async function unnoticed(t, { ben, watching, rev }, clause, mark) {
  const before = watching.peer.packets.length;
  const kinds = watching.offer.media.length;
  const fresh = () => watching.peer.packets.slice(before).filter((packet) => !mark || packet.mark === mark.charCodeAt(0));
  await t.until('packets after the restart, of every kind', () => new Set(fresh().map(({ payloadType }) => payloadType)).size === kinds && fresh().length > 25);
  t.continuous(watching.peer.packets, clause);
  await ben.settled();
  t.same(ben.newest().rev, rev, clause, 'the rev of the list, which lives on');
}

for (const ch of ['m2m', 'a2m']) {
  check(`${ch}: an ICE restart on the same PeerConnection`, ['B-22'], async (t) => {
    const all = await watched(t, ch);
    const { ann, uplink } = all;
    const ufrag = sdp.attribute(uplink.answer, 'ice-ufrag');
    const { peer, lines } = uplink;
    peer.renewIce();
    const { sdp: text } = await ann.accepted('OFFER', { sdp: sdp.offer(lines, { ...peer.transport, version: 3 }), op: { restarting: true } }, 'B-22');
    const answer = sdp.parse(text);
    t.ok(sdp.attribute(answer, 'ice-ufrag') !== ufrag, 'B-22', 'expected other ICE credentials in the answer to an ICE restart');
    t.same(sdp.attribute(answer, 'fingerprint'), sdp.attribute(uplink.answer, 'fingerprint'), 'B-22', 'the fingerprint');
    ann.connect(peer, text);
    await t.until('checks are answered under the new credentials', () => peer.nominated);
    await unnoticed(t, all, 'B-22');
  });

  check(`${ch}: a new PeerConnection under the same publication`, ['B-22'], async (t) => {
    const all = await watched(t, ch);
    const { ann, uplink } = all;
    const peer = await ann.peer({ certificateName: 'another' });
    uplink.peer.drop();
    const { answer } = await ann.publish({ peer, mark: '2', op: { restarting: true } });
    t.same(answer.media.map(({ port }) => port !== 0), uplink.answer.media.map(({ port }) => port !== 0), 'B-22', 'the lines taken');
    await unnoticed(t, all, 'B-22', '2');
  });
}

check('a new PeerConnection takes over while the old one still sends', ['B-22'], async (t) => {
  const all = await watched(t, 'm2m');
  const { ann } = all;
  const peer = await ann.peer({ certificateName: 'another' });
  await ann.publish({ peer, mark: '2', op: { restarting: true } });
  await unnoticed(t, all, 'B-22', '2');
  const { packets } = all.watching.peer;
  const first = packets.findIndex(({ mark }) => mark === 0x32);
  const last = packets.findLastIndex(({ mark }) => mark === 0x31);
  t.ok(last < first + 60, 'B-22', 'expected the old PeerConnection to be heard no more once the new one is');
});

check('three restarts in a row, each by a new PeerConnection', ['B-22'], async (t) => {
  const all = await watched(t, 'm2m');
  let { peer } = all.uplink;
  for (const mark of ['2', '3', '4']) {
    const next = await all.ann.peer({ certificateName: mark });
    peer.drop();
    await all.ann.publish({ peer: next, mark, op: { restarting: true } });
    peer = next;
    await unnoticed(t, all, 'B-22', mark);
  }
});

check('an uplink that vanished is taken up again by a new PeerConnection', ['B-22'], async (t) => {
  const all = await watched(t, 'm2m');
  all.uplink.peer.vanish();
  await t.pause(4_000, 'an uplink to be silent');
  const peer = await all.ann.peer({ certificateName: 'another' });
  await all.ann.publish({ peer, mark: '2', op: { restarting: true } });
  await unnoticed(t, all, 'B-22', '2');
}, { waits: 4_000 });

check('a watcher who comes during a restart is served', ['B-22'], async (t) => {
  const all = await watched(t, 'm2m');
  const { room, ann, uplink } = all;
  const cas = await room.publisher('cas');
  uplink.peer.drop();
  const peer = await ann.peer({ certificateName: 'another' });
  const lines = defaultLines('m2m');
  const { sdp: text } = await ann.accepted('OFFER', { sdp: sdp.offer(lines, peer.transport), op: { restarting: true } }, 'B-22');
  const later = await cas.watch(ann);
  ann.connect(peer, text);
  ann.send(peer, lines, '2');
  await peer.ready();
  await t.until('packets at the new watcher', () => later.peer.packets.filter(({ mark }) => mark === 0x32).length > 10);
  await unnoticed(t, all, 'B-22', '2');
});

for (const ch of ['m2m', 'a2m']) {
  check(`${ch}: restarting where there is no uplink: a fresh start`, ['B-22'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator('ann');
    const ben = await room.publisher('ben');
    await ann.publish({ op: { restarting: true } });
    await ben.sees(ann);
    const { peer } = await ben.watch(ann);
    await t.until('packets', () => peer.packets.length > 10);
  });
}

check('same ufrag and fingerprint: a track is added, the others notice nothing', ['B-23'], async (t) => {
  const all = await watched(t, 'm2m', { lines: [sdp.opus] });
  const { room, ann, ben, uplink, watching } = all;
  const { peer } = uplink;
  const lines = [sdp.opus, sdp.vp8];
  const { sdp: text } = await ann.accepted('OFFER', { sdp: sdp.offer(lines, { ...peer.transport, version: 3 }) }, 'B-23');
  const answer = sdp.parse(text);
  t.same(sdp.attribute(answer, 'ice-ufrag'), sdp.attribute(uplink.answer, 'ice-ufrag'), 'B-23', 'the ufrag of the answer to a renegotiation');
  t.same(answer.media.map(({ port }) => port !== 0), [true, true], 'B-23', 'the lines taken');
  ann.send(peer, [sdp.vp8], '1');
  const before = watching.peer.packets.length;
  await t.until('audio goes on', () => watching.peer.packets.length > before + 25);
  t.continuous(watching.peer.packets, 'B-23');
  const entry = await ben.list('video', (pps) => pps[0]?.video === true);
  t.ok(entry, 'B-23', 'expected the list to have video');
  const cas = await room.publisher('cas');
  const later = await cas.watch(ann);
  await t.until('both kinds at a new watcher', () => new Set(later.peer.packets.map(({ payloadType }) => payloadType)).size === 2);
});

check('same ufrag and fingerprint: a track is dropped, the other goes on', ['B-23'], async (t) => {
  const { room, ann, ben, uplink, watching } = await watched(t, 'm2m');
  const { peer, lines, senders } = uplink;
  senders[1].stop();
  await ann.accepted('OFFER', { sdp: sdp.offer([lines[0], { ...lines[1], direction: 'inactive' }], { ...peer.transport, version: 3 }) }, 'B-23');
  const before = watching.peer.packets.length;
  await t.until('audio goes on', () => watching.peer.packets.length > before + 25);
  t.continuous(watching.peer.packets, 'B-23');
  await ben.list('no video', (pps) => pps[0]?.video === false && pps[0]?.audio === true);
  const cas = await room.publisher('cas');
  const later = await cas.watch(ann);
  t.same(later.offer.media.map(({ kind }) => kind), ['audio'], 'B-31', 'the lines offered to a new watcher');
});

check('another PeerConnection without restarting: the old publication ends, a new one begins', ['B-23'], async (t) => {
  const { ann, ben, uplink, watching } = await watched(t, 'm2m');
  const peer = await ann.peer({ certificateName: 'another' });
  await ann.publish({ peer, mark: '2', op: { restarting: false } });
  await ben.sees(ann);
  const again = await ben.watch(ann);
  await t.until('packets of the new publication', () => again.peer.packets.filter(({ mark }) => mark === 0x32).length > 20);
  t.ok(again.peer.packets.every(({ mark }) => mark === 0x32), 'B-23', 'expected nothing of the old publication in the new one');
  t.ok(!watching.peer.packets.some(({ mark }) => mark === 0x32), 'B-23', 'expected nothing of the new publication on the downlink to the old one');
  t.ok(!uplink.peer.closed, 'B-23', 'expected the old peer not to have closed itself');
});

check('another ufrag without restarting, same fingerprint: a new publication too, never a refusal', ['B-23'], async (t) => {
  const { ann, ben } = await watched(t, 'm2m');
  const peer = await ann.peer();
  await ann.publish({ peer, mark: '2' });
  await ben.sees(ann);
  const again = await ben.watch(ann);
  await t.until('packets of the new publication', () => again.peer.packets.filter(({ mark }) => mark === 0x32).length > 20);
});

check('a list without the publication comes between the old one and the new one', ['B-23', 'B-26'], async (t) => {
  const { ann, ben, rev } = await watched(t, 'm2m');
  const peer = await ann.peer({ certificateName: 'another' });
  const { sdp: text } = await ann.accepted('OFFER', { sdp: sdp.offer([sdp.opus], peer.transport) }, 'B-23');
  await ben.list('nobody', (pps) => pps.length === 0);
  ann.connect(peer, text);
  await peer.ready();
  await ben.sees(ann);
  t.ok(ben.newest().rev >= rev + 2, 'B-23', 'expected two changes of the list');
});
