// SPDX-License-Identifier: Apache-2.0
// A call of two browsers: the server carries their words and never their media (B-42, B-55).
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BarePage } from './bare-page.mjs';
import { launchChromium } from './browsers.mjs';
import { Person } from './page.mjs';
import { Server } from './server.mjs';
import { until } from './until.mjs';

describe('a call', options, () => {
  let server, browser, ann, bob, tablet;
  const udpPort = 40_000;
  const inCall = { ch: 'p2p', rid: 'call' };

  before(async () => {
    server = await Server.start(['--udp-port', String(udpPort), '--shards', '1']);
    browser = await launchChromium();
    ann = await BarePage.join(browser, server, { ...inCall, userId: 'ann', op: { roomCreating: true } });
    bob = await BarePage.join(browser, server, { ...inCall, userId: 'bob' });
  });
  after(async () => {
    await browser?.close();
    await server?.end();
  });

  /** Gives a page the candidates that the other's ICE signals bring, for as long as the test runs. */
  async function takeCandidates(page, name, deadline) {
    for (;;) {
      const { sdp } = await page.hearBare('ICE', deadline);
      await page.run('addCandidate', name, sdp);
      if (sdp === '') return;
    }
  }

  test('two browsers see each other, and the server none of it', async () => {
    const offer = await bob.run('call', 'call', null, ann.to); // who joins second calls
    await bob.say('offer', { s: 'OFFER', sdp: offer });
    const heard = await ann.hearBare('OFFER');
    assert.equal(heard.sdp, offer);
    assert.deepEqual(heard.ss, bob.common.ss);
    const answer = await ann.run('call', 'call', heard.sdp, bob.to);
    await ann.say('answer', { s: 'ANSWER', to: bob.to, sdp: answer });
    await bob.run('setAnswer', 'call', (await bob.hearBare('ANSWER')).sdp);
    await Promise.all([takeCandidates(ann, 'call'), takeCandidates(bob, 'call')]);
    await Promise.all([ann.connected('call'), bob.connected('call')]);
    for (const page of [ann, bob]) {
      const { audio } = await page.seesFrames(30, 'call');
      assert.ok(audio.packetsReceived > 10);
    }
    const [hers, his] = [await ann.pair('call'), await bob.pair('call')];
    assert.deepEqual([hers.local.port, hers.remote.port], [his.remote.port, his.local.port]);
    for (const { port } of [hers.local, hers.remote]) assert.notEqual(port, udpPort);
    for (const metric of ['heliograph_peers', 'heliograph_publications', 'heliograph_datagrams_received_total', 'heliograph_datagrams_sent_total'])
      assert.equal(await server.total(metric), 0, metric);
  });

  test('what is said to a user reaches each of their devices, byte for byte and in order', async () => {
    tablet = await BarePage.join(browser, server, { ...inCall, userId: 'ann', sessionId: 'ann-tablet', host: 'iOS' });
    const odd = '{"action":"iceCandidate","data":{ "s":"ICE", "unknown" : [1, {"x":null}], "ch":"p2p","rid":"call","ss":{"userId":"bob","sessionId":"bob-1","category":"stream","host":"Web","deviceId":""},"to":"ann","sdp":"not a candidate \\u00e9" }}';
    await bob.run('raw', odd);
    const bare = odd.slice(odd.indexOf('"data":') + 7, -1);
    for (const page of [ann, tablet]) assert.equal((await page.hearBare('ICE')).text, bare);
    for (let i = 0; i < 20; i++) await bob.say('iceCandidate', { s: 'ICE', to: 'ann', sdp: `${i}` });
    for (const page of [ann, tablet])
      for (let i = 0; i < 20; i++) assert.equal((await page.hearBare('ICE')).sdp, `${i}`);
    await bob.say('iceCandidate', { s: 'ICE', to: tablet.to, sdp: 'for the tablet' });
    await bob.say('iceCandidate', { s: 'ICE', to: 'ann', sdp: 'for both' });
    assert.equal((await tablet.hearBare('ICE')).sdp, 'for the tablet');
    for (const page of [ann, tablet]) assert.equal((await page.hearBare('ICE')).sdp, 'for both');
  });

  test('what is said to a socket that is away for a moment is held, and the call goes on', async () => {
    await tablet.say('leave', { s: 'LEAVE' });
    await tablet.hear('LEAVE');
    const websockets = await server.total('heliograph_websockets');
    await ann.disconnect();
    await until('the server has noticed', async () => (await server.total('heliograph_websockets')) === websockets - 1);
    for (let i = 0; i < 5; i++) await bob.say('iceCandidate', { s: 'ICE', to: ann.to, sdp: `held ${i}` });
    const { framesDecoded } = (await bob.received('call')).video;
    await ann.connect();
    await ann.join();
    for (let i = 0; i < 5; i++) assert.equal((await ann.hearBare('ICE')).sdp, `held ${i}`);
    await until('the picture goes on', async () => (await bob.received('call')).video.framesDecoded > framesDecoded + 15);
    await ann.say('iceCandidate', { s: 'ICE', to: bob.to, sdp: 'and back' });
    assert.equal((await bob.hearBare('ICE')).sdp, 'and back');
  });

  test('two people meet by the project’s page', async () => {
    const [dan, eve] = [{ name: 'dan' }, { name: 'eve' }].map(({ name }) => ({ name, room: 'visit', type: 'p2p', source: 'camera' }));
    const people = [await Person.join(browser, server, dan), await Person.join(browser, server, eve)];
    await Promise.all([people[0].seesFrames('eve', { frames: 30 }), people[1].seesFrames('dan', { frames: 30 })]);
    assert.equal(await server.total('heliograph_peers'), 0);
    assert.equal(await server.total('heliograph_datagrams_received_total'), 0);
    for (const { page } of people) await page.close();
  });

  test('a third user is refused (B-14), and so is WATCH (B-6)', async () => {
    const cat = await BarePage.open(browser, server, { ...inCall, userId: 'cat' });
    await cat.say('join', { s: 'JOIN', ve: true, ae: true });
    await cat.hear('JOIN', 4025);
    await bob.say('watch', { s: 'WATCH', to: ann.to });
    await bob.hear('WATCH', 2002);
  });
});
