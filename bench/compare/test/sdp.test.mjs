// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, print } from '../sdp.mjs';

const kOffer = [
  'v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0', 'a=sendonly',
  'a=ice-ufrag:us', 'a=ice-pwd:secret', 'a=fingerprint:sha-256 AB:CD', 'a=setup:actpass',
  'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level', 'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 minptime=10;useinbandfec=1', 'a=rtcp-fb:111 transport-cc', 'a=ssrc:7 cname:somebody',
  'm=video 9 UDP/TLS/RTP/SAVPF 102 103', 'a=mid:1', 'a=sendonly',
  'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid', 'a=rtpmap:102 H264/90000', 'a=rtpmap:103 rtx/90000',
  'a=fmtp:102 packetization-mode=1;profile-level-id=42e01f', 'a=fmtp:103 apt=102', 'a=rtcp-fb:102 nack',
  'a=rtcp-fb:102 nack pli', 'a=ssrc-group:FID 8 9', 'a=ssrc:8 cname:somebody', 'a=ssrc:9 cname:somebody', '',
].join('\r\n');
const kTransport = {
  iceParameters: { usernameFragment: 'them', password: 'word' },
  iceCandidates: [{ foundation: 'udp', protocol: 'udp', priority: 1, ip: '127.0.0.1', port: 40000, type: 'host' }],
  dtlsParameters: { fingerprints: [{ algorithm: 'sha-1', value: '00' }, { algorithm: 'sha-256', value: 'EF' }] },
};

test('an offer becomes what mediasoup produces from', () => {
  const { ice, dtls, medias } = parse(kOffer);
  assert.deepEqual(ice, { usernameFragment: 'us', password: 'secret' });
  assert.deepEqual(dtls, { setup: 'actpass', fingerprints: [{ algorithm: 'sha-256', value: 'AB:CD' }] });
  const [audio, video] = medias;
  assert.equal(audio.kind, 'audio');
  assert.deepEqual(audio.encodings, [{ ssrc: 7 }]);
  assert.deepEqual(audio.codecs[0].parameters, { minptime: 10, useinbandfec: 1 });
  assert.equal(audio.codecs[0].channels, 2);
  assert.deepEqual(video.encodings, [{ ssrc: 8, rtx: { ssrc: 9 } }]);
  assert.deepEqual(video.codecs.map((c) => [c.mimeType, c.payloadType]), [['video/H264', 102], ['video/rtx', 103]]);
  assert.deepEqual(video.codecs[0].rtcpFeedback, [{ type: 'nack', parameter: '' }, { type: 'nack', parameter: 'pli' }]);
  assert.deepEqual(video.codecs[1].parameters, { apt: 102 });
  assert.equal(video.rtcp.cname, 'somebody');
});

test('a profile that looks like a number stays text', () => {
  const offer = kOffer.replace('profile-level-id=42e01f', 'profile-level-id=640032');
  assert.equal(parse(offer).medias[1].codecs[0].parameters['profile-level-id'], '640032');
});

test('what was read is written back, with the transport of the other side', () => {
  const { medias } = parse(kOffer);
  const again = parse(print(kTransport, medias, { setup: 'actpass', direction: 'sendonly' }));
  assert.deepEqual(again.medias, medias);
  assert.deepEqual(again.ice, { usernameFragment: 'them', password: 'word' });
  assert.deepEqual(again.dtls.fingerprints, [{ algorithm: 'sha-256', value: 'EF' }]);
});

test('an answer names no source of ours, and every candidate', () => {
  const answer = print(kTransport, parse(kOffer).medias, { setup: 'passive', direction: 'recvonly' });
  assert.ok(!answer.includes('a=ssrc'));
  assert.ok(answer.includes('a=candidate:udp 1 udp 1 127.0.0.1 40000 typ host\r\na=end-of-candidates'));
});
