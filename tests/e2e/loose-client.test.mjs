// SPDX-License-Identifier: Apache-2.0
// A client as loose as real ones (behaviour.md B-9, B-20, B-21, B-41): it publishes all the same, and is watched.
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launchChromium } from './browsers.mjs';
import { Person } from './page.mjs';
import { RawClient } from './raw-client.mjs';
import { Server } from './server.mjs';
import { answerStun, letSocketsGo } from './stun.mjs';
import { until } from './until.mjs';

describe('a loose client', options, () => {
  let server, browser, lou, offer, answer;
  const rid = 'attic';

  before(async () => {
    letSocketsGo();
    answerStun();
    server = await Server.start();
    browser = await launchChromium();
    lou = await RawClient.join(server, { rid, userId: 'lou' }, { roomCreating: true });
  });
  after(async () => {
    await lou?.close();
    await browser?.close();
    await server?.end();
  });

  test('its candidates may come before its OFFER', async () => {
    lou.send('iceCandidate', { s: 'ICE', to: 'lou', sdp: 'candidate:1 1 udp 2122260223 10.99.0.1 50000 typ host' });
    assert.deepEqual(await lou.heardOf('ICE'), []); // B-9, B-53
  });

  test('its OFFER has a `to`, no fmtp for H264 and no candidates, and is answered whole', async () => {
    offer = loosened(await lou.prepareToPublish());
    assert.match(offer, /H264\/90000/i);
    assert.doesNotMatch(offer, /a=fmtp|a=candidate/);
    assert.match(offer, /a=ssrc:/);
    lou.send('offer', { s: 'OFFER', to: 'someone-left-over', sdp: offer });
    answer = (await lou.hear('OFFER')).sdp;
    for (const line of [/a=ice-lite/, /a=candidate:\S+ 1 udp/i, /a=end-of-candidates/, /a=recvonly/, /a=rtcp-mux/, /a=group:BUNDLE/]) assert.match(answer, line); // B-20
    assert.match(answer, /H264\/90000/);
  });

  test('the same OFFER again gets the same answer, whatever its `to`', async () => {
    for (const to of ['other', { userId: 'someone', sessionId: 'gone' }, { userId: 7 }, 7, null, []]) {
      lou.send('offer', { s: 'OFFER', to, sdp: offer });
      assert.equal((await lou.hear('OFFER')).sdp, answer, JSON.stringify(to)); // B-9, B-20
    }
  });

  test('it publishes H264 and Opus, and Chromium watches', async (t) => {
    await lou.pc.setRemoteDescription({ type: 'answer', sdp: answer });
    await lou.connected();
    const vic = await Person.join(browser, server, { name: 'vic', room: rid, source: 'none' });
    lou.play(await encodeH264(vic.page));
    await vic.tileOf('lou');
    const { video } = await vic.seesFrames('lou', { frames: 45 });
    assert.equal(video.codec, 'H264');
    assert.equal(video.packetsLost, 0);
    const { audio } = await until('audio', async () => {
      const stats = await vic.statsOf('lou');
      return stats.audio.packetsReceived > 100 && stats;
    });
    t.diagnostic(`${video.width}×${video.height}, ${video.framesDecoded} frames, ${audio.packetsReceived} audio packets`);
  });

  test('its candidates may take any form and any of four addresses, and come twice', async () => {
    const own = { userId: 'lou', sessionId: 'lou-1' };
    const line = 'candidate:2 1 udp 2122260223 10.99.0.1 50001 typ host generation 0';
    const forms = [
      line,
      `a=${line}`,
      JSON.stringify({ candidate: line, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'abcd' }),
      JSON.stringify({ candidate: '', sdpMid: '0' }),
      '',
      'a=end-of-candidates',
      'candidate:3 1 udp 2122260223 5b1c4a2e-7c1c-4c0a-9d3c-2f1f0f0f0f0f.local 50002 typ host',
      'candidate:4 1 tcp 1518280447 10.99.0.1 9 typ host tcptype active',
    ];
    for (const sdp of forms) for (const to of [own, 'lou', null, undefined]) for (let twice = 0; twice < 2; twice++) lou.send('iceCandidate', { s: 'ICE', to, sdp });
    assert.deepEqual(await lou.heardOf('ICE'), []); // B-7, B-41
    lou.send('iceCandidate', { s: 'ICE', to: own, sdp: 'candidate:none of this' });
    await lou.hear('ICE', 2001);
    lou.send('iceCandidate', { s: 'ICE', to: 'somebody-else', sdp: line });
    await lou.hear('ICE', 2001);
  });

  test('another such client watches it, saying everything twice', async (t) => {
    const val = await RawClient.join(server, { rid, userId: 'val' });
    const to = { userId: 'lou', sessionId: 'lou-1' };
    await val.watch(to, (data) => {
      val.send('answer', data);
      val.send('answer', data);
      val.send('iceCandidate', { s: 'ICE', to, sdp: 'a=end-of-candidates' });
    });
    await val.connected();
    await until('packets of both kinds', () => val.received.video > 60 && val.received.audio > 60);
    assert.deepEqual(await val.heardOf('ANSWER'), []); // B-9
    assert.deepEqual(await val.heardOf('ICE'), []);
    t.diagnostic(`${val.received.video} video packets, ${val.received.audio} audio packets`);
    await val.close();
  });
});

/** No parameters for any format, and no candidates: neither in the offer nor after it. */
function loosened(sdp) {
  const lines = sdp.split('\r\n');
  return lines.filter((line) => !/^a=(fmtp|candidate|end-of-candidates)/.test(line)).join('\r\n');
}

/** A second of H264 (30 frames, the first a keyframe; Annex B), made by that page's browser. */
async function encodeH264(page) {
  const frames = await page.evaluate(async () => {
    const chunks = [];
    const encoder = new VideoEncoder({ output: (chunk) => chunks.push(chunk), error: (error) => { throw error; } });
    encoder.configure({ codec: 'avc1.42001f', width: 320, height: 240, bitrate: 500_000, framerate: 30, avc: { format: 'annexb' } });
    const canvas = new OffscreenCanvas(320, 240);
    const context = canvas.getContext('2d');
    for (let i = 0; i < 30; i++) {
      context.fillStyle = `hsl(${i * 12} 80% 50%)`;
      context.fillRect(0, 0, 320, 240);
      context.fillStyle = 'white';
      context.fillRect(i * 10, 100, 40, 40);
      const frame = new VideoFrame(canvas, { timestamp: i * 33_333 });
      encoder.encode(frame, { keyFrame: i === 0 });
      frame.close();
    }
    await encoder.flush();
    return chunks.map((chunk) => {
      const bytes = new Uint8Array(chunk.byteLength);
      chunk.copyTo(bytes);
      return [...bytes];
    });
  });
  return frames.map((bytes) => Buffer.from(bytes));
}
