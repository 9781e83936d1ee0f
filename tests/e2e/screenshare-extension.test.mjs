// SPDX-License-Identifier: Apache-2.0
// A screen that an iOS broadcast extension sends: the same user in a process of its own, with its own socket and
// session (B-10).
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BarePage } from './bare-page.mjs';
import { launchChromium } from './browsers.mjs';
import { Server } from './server.mjs';
import { until } from './until.mjs';

describe('an iOS screenshare extension', options, () => {
  let server, browser, bob, phone, extension;

  before(async () => {
    server = await Server.start(['--heartbeat-timeout', '5s', '--session-grace', '5s']);
    browser = await launchChromium();
    bob = await BarePage.join(browser, server, { userId: 'bob', op: { roomCreating: true } });
    phone = await BarePage.join(browser, server, { userId: 'ann', sessionId: 'ann-camera', host: 'iOS' });
    extension = await BarePage.join(browser, server, { userId: 'ann', sessionId: 'ann-screen', host: 'iOS_EX', category: 'screenshare' });
    await bob.say('publishAccept', { s: 'PUBLISH_ACCEPT', to: 'ann' });
    await phone.hearBare('PUBLISH_ACCEPT');
    await phone.publish();
    await extension.publish({ kinds: { audio: false, video: true } });
  });
  after(async () => {
    await browser?.close();
    await server?.end();
  });

  test('is listed beside the camera of the same user, and both are watched', async () => {
    await bob.say('watch', { s: 'WATCH', to: { userId: 'ann' } });
    const { pps } = await bob.hear('WATCH');
    assert.deepEqual(pps.map(({ id, sessionId, host, category }) => ({ id, sessionId, host, category })).sort((a, b) => a.sessionId < b.sessionId ? -1 : 1), [
      { id: 'ann', sessionId: 'ann-camera', host: 'iOS', category: 'stream' },
      { id: 'ann', sessionId: 'ann-screen', host: 'iOS_EX', category: 'screenshare' },
    ]);
    for (const { sessionId, sdp } of pps) {
      await bob.say('answer', { s: 'ANSWER', to: { userId: 'ann', sessionId }, sdp: await bob.run('answerDownlink', sessionId, sdp, {}) });
      await bob.connected(sessionId);
    }
    const [camera, screen] = await Promise.all([bob.seesFrames(30, 'ann-camera'), bob.seesFrames(30, 'ann-screen')]);
    assert.ok(camera.audio.packetsReceived > 0);
    assert.equal(screen.audio, null);
  });

  test('may lose its socket and come back, and nobody notices (B-13)', async () => {
    const before = await bob.received('ann-screen');
    await bob.run('forget');
    const websockets = await server.total('heliograph_websockets');
    await extension.disconnect();
    await until('the server has noticed', async () => (await server.total('heliograph_websockets')) === websockets - 1);
    await bob.seesFrames(30, 'ann-screen');
    await extension.connect();
    const { pps } = await extension.join();
    assert.ok(pps.some(({ sessionId }) => sessionId === 'ann-screen'), 'it publishes still');
    const after = await bob.seesFrames(30, 'ann-screen');
    assert.equal(after.track.id, before.track.id);
    assert.equal(after.video.ssrc, before.video.ssrc);
    assert.equal(after.video.packetsLost, 0);
    assert.deepEqual(await bob.run('inbox'), []);
    await bob.seesFrames(15, 'ann-camera');
  });

  test('ends alone, after the grace, when it stops without a word (B-56)', async () => {
    await extension.close('up');
    await extension.page.close();
    await until('the list has the camera only', async () => {
      const list = (await bob.hear('PUBLISH_LIST_CHANGED')).pps.filter(({ userId }) => userId === 'ann');
      return list.length === 1 && list[0].sessionId === 'ann-camera';
    }, 30_000);
    await bob.seesFrames(15, 'ann-camera');
  });

  test('goes with the user who is kicked (B-57)', async () => {
    extension = await BarePage.join(browser, server, { userId: 'ann', sessionId: 'ann-screen', host: 'iOS_EX', category: 'screenshare' });
    await extension.publish({ kinds: { audio: false, video: true } });
    await bob.run('forget');
    await bob.say('kick', { s: 'KICK', to: 'ann' });
    await bob.hear('KICK');
    for (const page of [phone, extension]) {
      const { by, sessionId } = await page.hear('KICKED');
      assert.deepEqual([by, sessionId], ['bob', page.to.sessionId]);
    }
    await until('nothing of ann is listed', async () => !(await bob.hear('PUBLISH_LIST_CHANGED')).pps.some(({ userId }) => userId === 'ann'));
    await until('no media of theirs is left', async () => (await server.total('heliograph_publications')) === 0);
  });
});
