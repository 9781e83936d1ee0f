// SPDX-License-Identifier: Apache-2.0
// What breaks comes back by itself: a WebSocket, an ICE connection, the server.
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launchChromium } from './browsers.mjs';
import { frameRate } from './measure.mjs';
import { Person } from './page.mjs';
import { Server } from './server.mjs';
import { until } from './until.mjs';

describe('recovery', options, () => {
  let server, browser, ann, bob;

  before(async () => {
    server = await Server.start();
    browser = await launchChromium();
    ann = await Person.join(browser, server, { name: 'ann', room: 'tea', source: 'camera' });
    bob = await Person.join(browser, server, { name: 'bob', room: 'tea', source: 'camera' });
    await Promise.all([ann.seesFrames(bob), bob.seesFrames(ann)]);
  });
  after(async () => {
    await browser?.close();
    await server?.end();
  });

  const stateOf = (person) => person.page.evaluate(() => window.heliograph.room.state);
  const ufragOf = (person, list) => person.page.evaluate((name) => /a=ice-ufrag:(\S+)/.exec(window.heliograph.room[name][0].pc.remoteDescription.sdp)[1], list);

  test('media goes on while a WebSocket is away, and the same session is picked up (B-13)', async (t) => {
    const before = await bob.tileOf(ann);
    const { freezeCount, packetsLost } = (await bob.statsOf(ann)).video;
    await ann.page.evaluate(() => window.sockets.at(-1).close());
    await until('ann notices', async () => (await stateOf(ann)) === 'reconnecting', 2_000, 10);
    await until('ann is back', async () => (await stateOf(ann)) === 'joined', 10_000);
    assert.deepEqual({ ...(await bob.tileOf(ann)), speaking: '' }, { ...before, speaking: '' });
    const rate = await frameRate(bob, ann, 2);
    const { video } = await bob.statsOf(ann);
    t.diagnostic(`${rate.toFixed(1)} frames a second, ${video.freezeCount - freezeCount} freezes`);
    assert.ok(rate >= 10);
    assert.equal(video.packetsLost, packetsLost);
  });

  for (const [list, what] of [['publications', 'an uplink'], ['subscriptions', 'a downlink']]) {
    test(`ICE restarts on ${what}, on the same RTCPeerConnection (B-22, B-33)`, async () => {
      const ufrag = await ufragOf(ann, list);
      const frames = (await bob.statsOf(ann)).video.framesDecoded;
      await ann.page.evaluate(pretendFailure, list);
      await until('other credentials', async () => (await ufragOf(ann, list)) !== ufrag, 5_000);
      await until('the link is up', () => ann.page.evaluate((name) => window.heliograph.room[name][0].state === 'connected', list), 5_000);
      await Promise.all([bob.seesFrames(ann, { frames: frames + 60 }), ann.tileOf(bob), bob.tileOf(ann)]);
      assert.ok((await frameRate(ann, bob, 2)) >= 10);
      assert.equal((await bob.statsOf(ann)).video.packetsLost, 0);
    });
  }

  test('a camera’s keyframe is enough for the viewers after a publisher reconnects anew (B-22)', async () => {
    const before = await bob.tileOf(ann);
    await ann.page.evaluate(() => window.heliograph.room.publications[0].pc.close());
    await ann.page.evaluate(pretendFailure, 'publications'); // a restart is refused by the closed one, so a new one is made
    await until('another connection', () => ann.page.evaluate(() => window.heliograph.room.publications[0].pc.connectionState === 'connected'), 10_000);
    const frames = (await bob.statsOf(ann)).video.framesDecoded;
    await bob.seesFrames(ann, { frames: frames + 30 });
    assert.equal((await bob.tileOf(ann)).sessionId, before.sessionId);
    assert.equal((await bob.statsOf(ann)).video.packetsLost, 0); // continuous numbers
  });

  test('everyone is back after the server has restarted', async (t) => {
    for (const person of [ann, bob]) await person.page.evaluate(() => (window.oldPc = window.heliograph.room.subscriptions[0].pc));
    await server.end();
    await until('they notice', async () => (await stateOf(ann)) === 'reconnecting' && (await stateOf(bob)) === 'reconnecting', 5_000);
    server = await Server.start();
    const start = performance.now();
    for (const [viewer, publisher] of [[ann, bob], [bob, ann]]) {
      await until('a new downlink', () => viewer.page.evaluate(() => {
        const { pc } = window.heliograph.room.subscriptions[0] ?? {};
        return pc && pc !== window.oldPc;
      }), 20_000);
      await viewer.tileOf(publisher);
      await viewer.seesFrames(publisher, { frames: 30 });
    }
    t.diagnostic(`they see each other again after ${Math.round(performance.now() - start)} ms`);
  });
});

/** Runs in the page: what the browser does when ICE has failed. */
function pretendFailure(list) {
  const { pc } = window.heliograph.room[list][0];
  Object.defineProperty(pc, 'connectionState', { get: () => 'failed', configurable: true });
  pc.onconnectionstatechange();
  delete pc.connectionState;
}
