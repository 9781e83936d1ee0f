// SPDX-License-Identifier: Apache-2.0
// OFFER in m2m and a2m: the answer's form (B-20), what is accepted (B-21), what is not (B-24, B-50), when a publication
// is one (B-26). Restarts are in restarting.mjs.
import * as sdp from '../src/media/sdp.mjs';
import { check } from '../src/registry.mjs';

const { opus, vp8, h264 } = sdp;

for (const ch of ['m2m', 'a2m']) {
  check(`the answer in ${ch} is recvonly, ICE-lite, complete, UDP first`, ['B-20'], async (t) => {
    const ann = await t.room(ch).creator();
    const { answer } = await ann.publish({ wait: false, play: false });
    const lines = answer.media.filter(({ port }) => port !== 0);
    t.same(lines.length, ch === 'a2m' ? 1 : 2, 'B-20', 'the number of lines taken');
    for (const line of lines) {
      t.same(sdp.direction(line), 'recvonly', 'B-20', `the direction of the ${line.kind} line of the answer`);
      t.ok(sdp.has(answer, 'a=rtcp-mux', line), 'B-20', `expected a=rtcp-mux in the ${line.kind} line`);
    }
    t.ok(sdp.has(answer, 'a=ice-lite'), 'B-20', 'expected a=ice-lite in the answer');
    t.ok(answer.media.some(({ lines: all }) => all.includes('a=end-of-candidates')) || sdp.has(answer, 'a=end-of-candidates'), 'B-20', 'expected a=end-of-candidates in the answer');
    const candidates = sdp.candidates(answer);
    t.ok(candidates.length > 0, 'B-20', 'expected candidates in the answer');
    t.same([candidates[0].transport, candidates[0].type, candidates[0].component], ['udp', 'host', 1], 'B-20', 'the first candidate');
    t.ok(candidates.every(({ priority }) => priority <= candidates[0].priority), 'B-20', 'expected the first candidate to be the best');
    const bundle = answer.lines.find((line) => line.startsWith('a=group:BUNDLE'));
    t.same(bundle, `a=group:BUNDLE ${lines.map((line) => sdp.attribute(answer, 'mid', line)).join(' ')}`, 'B-20', 'the BUNDLE group');
    t.ok(sdp.attribute(answer, 'ice-ufrag')?.length >= 4 && sdp.attribute(answer, 'ice-pwd')?.length >= 22, 'B-20', 'expected ICE credentials as long as RFC 8839 wants them');
    t.ok(/^sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/.test(sdp.attribute(answer, 'fingerprint') ?? ''), 'B-20', 'expected a SHA-256 fingerprint');
    t.ok(['passive', 'active'].includes(sdp.attribute(answer, 'setup')), 'B-20', `expected setup to be passive or active, got ${sdp.attribute(answer, 'setup')}`);
  });
}

for (const [what, to] of [['a String', 'someone'], ['an object', { userId: 'x', sessionId: 'y' }], ['another object', { z: 1 }], ['a number', 5], ['true', true], ['null', null], ['an array', []], ['an empty String', '']]) {
  check(`to is ignored when it is ${what}`, ['B-20', 'B-51'], async (t) => {
    const ann = await t.room().creator();
    await ann.accepted('OFFER', { to, sdp: sdp.offer([opus], (await ann.peer()).transport) }, 'B-20', { wrong: true });
  });
}

check('media flows when the client is the DTLS server', ['B-20'], async (t) => {
  const room = t.room();
  const ann = await room.creator();
  const { answer } = await ann.publish({ passive: true });
  t.same(sdp.attribute(answer, 'setup'), 'active', 'B-20', 'setup in the answer to setup:passive');
  const ben = await room.publisher('ben');
  const { peer } = await ben.watch(ann);
  await t.until('packets of both kinds', () => new Set(peer.packets.map(({ payloadType }) => payloadType)).size === 2);
});

check('setup:active with a line that sends is accepted', ['B-50', 'B-20'], async (t) => {
  const ann = await t.room().creator();
  const { answer } = await ann.publish({ transport: { setup: 'active' } });
  t.same(sdp.attribute(answer, 'setup'), 'passive', 'B-50', 'setup in the answer to setup:active');
});

const accepted = {
  'H264 with no fmtp': [{ ...h264, fmtp: undefined }],
  'H264 with packetization-mode 1': [h264],
  'payload types 35 and 127': [{ ...opus, payloadType: 127 }, { ...vp8, payloadType: 35 }],
  'simulcast by rid': [opus, { ...vp8, rids: ['h', 'm', 'l'] }],
  'plain SSRC lines': [{ ...opus, ssrc: 111 }, { ...vp8, ssrc: 222 }],
  'no SSRC lines': [opus, vp8],
  'audio only': [opus],
  'video only': [vp8],
  'sendrecv lines': [{ ...opus, direction: 'sendrecv' }, { ...vp8, direction: 'sendrecv' }],
  'VP9': [{ ...vp8, codec: 'VP9/90000' }],
  'AV1': [{ ...vp8, codec: 'AV1/90000' }],
  'codec names in small letters': [{ ...opus, codec: 'OPUS/48000/2' }, { ...vp8, codec: 'vp8/90000' }],
  'several codecs in a line': [{ ...vp8, payloadType: '120 96', more: ['a=rtpmap:120 H265/90000'], codec: 'VP8/90000' }].map((line) => line),
};

for (const [what, lines] of Object.entries(accepted)) {
  check(`accepted: ${what}`, ['B-21'], async (t) => {
    const ann = await t.room().creator();
    const peer = await ann.peer();
    let offer = sdp.offer(lines, peer.transport);
    if (what === 'several codecs in a line') offer = offer.replaceAll(/^a=(rtpmap|rtcp-fb):120 96/gm, 'a=$1:96');
    const { sdp: text } = await ann.accepted('OFFER', { sdp: offer }, 'B-21');
    const answer = sdp.parse(text);
    t.same(answer.media.map(({ kind, port }) => [kind, port !== 0]), lines.map(({ kind }) => [kind, true]), 'B-21', 'the lines of the answer and whether they are taken');
    lines.forEach(({ payloadType, codec }, index) => {
      if (typeof payloadType === 'number') t.ok(answer.media[index].formats.includes(String(payloadType)), 'B-21', `expected payload type ${payloadType} of ${codec} in ${answer.media[index].lines[0]}`);
    });
    ann.connect(peer, text);
    await peer.ready();
    await ann.list('the publication', (pps) => pps.length === 1);
  });
}

check('simulcast is answered with the same rids', ['B-21'], async (t) => {
  const ann = await t.room().creator();
  const { answer } = await ann.publish({ lines: [{ ...vp8, rids: ['h', 'm', 'l'] }], wait: false });
  const rids = answer.media[0].lines.filter((line) => line.startsWith('a=rid:'));
  t.same(rids.map((line) => line.slice(6)).sort(), ['h recv', 'l recv', 'm recv'], 'B-21', 'the rids of the answer');
  t.ok(/^a=simulcast:recv h;m;l$/m.test(answer.media[0].lines.join('\n')), 'B-21', 'expected a=simulcast:recv h;m;l');
});

check('the first audio and the first video line are published, further ones and unknown ones get port 0', ['B-21', 'B-50'], async (t) => {
  const room = t.room();
  const ann = await room.creator();
  const data = 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:9\r\na=sctp-port:5000\r\n';
  const lines = [opus, vp8, { ...opus, mid: '2', payloadType: 112 }, { ...vp8, mid: '3', payloadType: 97 }];
  const peer = await ann.peer();
  const offer = sdp.offer(lines, peer.transport) + data + 'm=text 9 UDP/TLS/RTP/SAVPF 98\r\nc=IN IP4 0.0.0.0\r\na=mid:10\r\na=rtpmap:98 t140/1000\r\n';
  const { sdp: text } = await ann.accepted('OFFER', { sdp: offer }, 'B-21');
  t.same(sdp.parse(text).media.map(({ kind, port }) => `${kind} ${port ? 'taken' : 0}`), ['audio taken', 'video taken', 'audio 0', 'video 0', 'application 0', 'text 0'], 'B-21', 'the lines of the answer');
});

check('a line that was rejected already stays so', ['B-21'], async (t) => {
  const ann = await t.room().creator();
  const { answer } = await ann.publish({ lines: [{ ...opus, port: 0 }, vp8], wait: false });
  t.same(answer.media.map(({ port }) => port !== 0), [false, true], 'B-21', 'whether the lines are taken');
});

check('without trickle: candidates in the offer are no trouble, of whatever kind', ['B-21'], async (t) => {
  const ann = await t.room().creator();
  const more = ['a=candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host', 'a=candidate:2 1 udp 2130706430 0b3f-aa.local 50001 typ host', 'a=candidate:3 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active', 'a=candidate:4 1 udp 1 2001:db8::1 5 typ relay raddr :: rport 0', 'a=end-of-candidates'];
  await ann.publish({ lines: [{ ...opus, more }] });
});

const unusable = {
  'no fingerprint': (text) => text.replaceAll(/a=fingerprint:.*\r\n/g, ''),
  'no ufrag': (text) => text.replaceAll(/a=ice-ufrag:.*\r\n/g, ''),
  'no pwd': (text) => text.replaceAll(/a=ice-pwd:.*\r\n/g, ''),
  'no common codec': (text) => text.replaceAll(/opus\/48000\/2/g, 'PCMU/8000').replaceAll('VP8/90000', 'theora/90000'),
  'no line that sends': (text) => text.replaceAll('a=sendonly', 'a=recvonly'),
  'inactive lines only': (text) => text.replaceAll('a=sendonly', 'a=inactive'),
  'only rejected lines': (text) => text.replaceAll(/^m=(audio|video) 9/gm, 'm=$1 0'),
  'only a data channel': (text) => `${text.slice(0, text.indexOf('m='))}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:actpass\r\na=fingerprint:sha-256 ${'AB:'.repeat(31)}AB\r\n`,
  'no SDP at all': () => 'hello',
  'nothing': () => '',
  'an SDP without media': () => 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n',
};

for (const [what, spoil] of Object.entries(unusable)) {
  check(`${what}: 2001, and a live uplink is untouched`, ['B-24', ...(/line|channel/.test(what) ? ['B-50'] : [])], async (t) => {
    const room = t.room();
    const ann = await room.creator();
    const ben = await room.publisher('ben');
    const { peer, offer } = await ann.publish();
    await ben.sees(ann);
    const watching = await ben.watch(ann);
    for (const op of [undefined, { restarting: true }]) await ann.refused(2001, 'OFFER', { sdp: spoil(offer), op }, 'B-24', { wrong: what === 'nothing' });
    const before = watching.peer.packets.length;
    await t.until('the uplink is still watched', () => watching.peer.packets.length > before + 10);
    t.continuous(watching.peer.packets, 'B-24');
    t.same(ben.newest().pps.length, 1, 'B-24', 'the length of the list');
    t.ok(!peer.closed, 'B-24', 'expected the peer to live');
  });
}

for (const ch of ['m2m', 'a2m']) {
  check(`a publication is in the list of ${ch} when ICE and DTLS are up, not before`, ['B-26'], async (t) => {
    const room = t.room(ch);
    const ann = await room.creator();
    const ben = await room.publisher('ben');
    const peer = await ann.peer();
    const lines = ch === 'a2m' ? [opus] : [opus, vp8];
    const { sdp: answer } = await ann.accepted('OFFER', { sdp: sdp.offer(lines, peer.transport) }, 'B-26');
    await t.sleep(300);
    await ben.settled();
    t.same(ben.newest().pps, [], 'B-26', 'the list before ICE and DTLS are up');
    ann.connect(peer, answer);
    await peer.ready();
    const entry = await ben.sees(ann);
    t.same([entry.video, entry.audio], [ch === 'm2m', true], 'B-26', 'video and audio of the entry');
  });
}

check('a publication that is not up within 15 s is dropped', ['B-26'], async (t) => {
  const room = t.room();
  const ann = await room.creator();
  const peer = await ann.peer();
  const { sdp: first } = await ann.accepted('OFFER', { sdp: sdp.offer([opus], peer.transport) }, 'B-26');
  await t.pause(t.clock.uplinkConnect + 1_500, 'the time that an uplink has to come up');
  ann.connect(peer, first); // too late: nobody is there
  await t.sleep(1_500);
  t.ok(!peer.nominated, 'B-26', 'expected the connection to be gone, its checks were answered');
  t.same(ann.newest().pps, [], 'B-26', 'the list');
}, { waits: 'uplinkConnect' });

check('a2m: a video line is answered with port 0', ['B-50', 'B-21'], async (t) => {
  const room = t.room('a2m');
  const ann = await room.creator();
  const { answer } = await ann.publish({ lines: [opus, vp8], play: false });
  t.same(answer.media.map(({ kind, port }) => [kind, port !== 0]), [['audio', true], ['video', false]], 'section 3', 'the lines of the answer');
  const ben = await room.publisher('ben');
  const entry = await ben.sees(ann);
  t.same([entry.video, entry.audio], [false, true], 'section 3', 'video and audio of the entry');
});

check('a2m: an OFFER with video only is 2001', ['B-50'], async (t) => {
  const ann = await t.room('a2m').creator();
  await ann.refused(2001, 'OFFER', { sdp: sdp.offer([vp8], (await ann.peer()).transport) }, 'B-50');
});

check('an identical OFFER gets the same answer, with the new tid', ['B-9', 'B-61'], async (t) => {
  const ann = await t.room().creator();
  const { offer, ack, peer } = await ann.publish({ op: { restarting: false } });
  const again = await ann.accepted('OFFER', { sdp: offer, op: { restarting: false }, tid: 'again' }, 'B-9');
  t.same([again.sdp, again.tid], [ack.sdp, 'again'], 'B-61', 'sdp and tid of the second answer');
  await t.sleep(200);
  t.ok(peer.connected && peer.checked > 0, 'B-9', 'expected the connection to live on');
});

check('an identical OFFER before the connection is up gets the same answer', ['B-9', 'B-61'], async (t) => {
  const ann = await t.room().creator();
  const peer = await ann.peer();
  const offer = sdp.offer([opus], peer.transport);
  const { sdp: first } = await ann.accepted('OFFER', { sdp: offer });
  const { sdp: second } = await ann.accepted('OFFER', { sdp: offer }, 'B-9');
  t.same(second, first, 'B-9', 'the answer to an identical OFFER');
  const { sdp: third } = await ann.accepted('OFFER', { sdp: offer, op: { restarting: true } }, 'B-61');
  t.ok(third !== undefined, 'B-61', 'expected an answer to an OFFER with another op');
});

check('hlsForwarding does not disturb an uplink', ['B-25'], async (t) => {
  const room = t.room();
  const ann = await room.creator();
  const ben = await room.publisher('ben');
  const { ack } = await ann.publish({ lines: [opus, h264], op: { hlsForwarding: true } });
  const entry = await ben.sees(ann);
  t.same(typeof entry.hls, typeof ack.hls, 'B-25', 'the type of hls in the list, as in the ack');
});

check('hlsForwarding: the ack and the entries carry a URL, and H264 is preferred', ['B-25'], async (t) => {
  const room = t.room();
  const ann = await room.creator();
  const ben = await room.publisher('ben');
  const both = { ...vp8, payloadType: '96 102', more: [] };
  const peer = await ann.peer();
  const offer = sdp.offer([opus, both], peer.transport)
    .replaceAll(/^a=(rtpmap|rtcp-fb):96 102/gm, 'a=$1:96')
    .replace('a=rtpmap:96 VP8/90000\r\n', 'a=rtpmap:96 VP8/90000\r\na=rtpmap:102 H264/90000\r\na=fmtp:102 packetization-mode=1;profile-level-id=42e01f;level-asymmetry-allowed=1\r\n');
  const ack = await ann.accepted('OFFER', { sdp: offer, op: { hlsForwarding: true } }, 'B-25');
  if (ack.hls === undefined) t.notApplicable('HLS: the server gives no b.hls');
  t.ok(/^(https?:\/\/|\/)/.test(ack.hls), 'B-25', `expected hls to be a URL, got ${ack.hls}`);
  t.same(sdp.parse(ack.sdp).media[1].formats[0], '102', 'B-25', 'the first payload type of the video line');
  ann.connect(peer, ack.sdp);
  await peer.ready();
  const entry = await ben.sees(ann);
  t.same(entry.hls, ack.hls, 'B-25', 'hls of the entry');
});
