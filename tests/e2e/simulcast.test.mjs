// SPDX-License-Identifier: Apache-2.0
// SIMULCAST_UPDATE: a viewer chooses among the encodings that Chromium sends, pauses, and is moved when one is gone.
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BarePage } from './bare-page.mjs';
import { launchChromium } from './browsers.mjs';
import { Server } from './server.mjs';
import { until } from './until.mjs';

describe('simulcast', options, () => {
  let server, browser, ann, bob, cat;
  const encodings = [
    { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 80_000 },
    { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 200_000 },
    { rid: 'f', maxBitrate: 500_000 },
  ];
  const widths = { l: 240, m: 480, h: 960 }; // the smallest picture of which Chromium sends three encodings

  before(async () => {
    server = await Server.start(['--shards', '2']);
    browser = await launchChromium();
    ann = await BarePage.join(browser, server, { userId: 'ann', op: { roomCreating: true }, picture: { width: 960, height: 540 } });
    await ann.publish({ encodings });
    bob = await BarePage.join(browser, server, { userId: 'bob' });
    cat = await BarePage.join(browser, server, { userId: 'cat' });
    for (const viewer of [bob, cat]) {
      await viewer.watch(ann.to);
      await hasWidth(viewer, widths.h, 60_000); // the best that there is, when nothing else is asked for
    }
  });
  after(async () => {
    await browser?.close();
    await server?.end();
  });

  const hasWidth = (viewer, width, deadline = 20_000) => until(`${viewer.name} sees a picture ${width} wide`, async () => {
    const { video } = await viewer.received();
    return video?.frameWidth === width || Promise.reject(new Error(`${video?.frameWidth}`));
  }, deadline, 20);
  const wish = async (viewer, layer, more = {}) => {
    await viewer.say('simulcastUpdate', { s: 'SIMULCAST_UPDATE', to: ann.to, layer, ...more });
    const body = await viewer.hear('SIMULCAST_UPDATE');
    assert.deepEqual([body.to, body.layer], [ann.to, layer]);
  };
  const sound = async (viewer) => (await viewer.received()).audio.packetsReceived;

  test('each viewer gets the layer that they ask for, and the others what they have', async (t) => {
    for (const layer of ['l', 'm', 'h', 'l', 'auto', 'm']) {
      const start = performance.now();
      await wish(bob, layer);
      await hasWidth(bob, widths[layer] ?? widths.h);
      t.diagnostic(`${layer} after ${Math.round(performance.now() - start)} ms`);
      assert.equal((await cat.received()).video.frameWidth, widths.h);
    }
    await bob.seesFrames(30);
    assert.equal((await bob.received()).video.packetsLost, 0);
  });

  test('a pause stops the picture and not the sound, and is no loss', async () => {
    await wish(bob, 'h', { pause: true });
    const frames = async () => (await bob.received()).video.framesReceived;
    const still = await until('the picture stands still', async () => {
      const before = await frames();
      await cat.seesFrames(15);
      return (await frames()) === before && before;
    });
    const heard = await sound(bob);
    await until('sound goes on', async () => (await sound(bob)) > heard + 50);
    assert.equal(await frames(), still);
    await wish(bob, 'h');
    await bob.seesFrames(30);
    await hasWidth(bob, widths.h);
    const { video } = await bob.received();
    assert.equal(video.packetsLost, 0);
  });

  test('a layer that its publisher drops is replaced, and comes back', async () => {
    await wish(bob, 'm');
    await hasWidth(bob, widths.m);
    await ann.run('setActive', 'up', 'f', false);
    await hasWidth(cat, widths.m);
    assert.equal((await bob.received()).video.frameWidth, widths.m);
    await ann.run('setActive', 'up', 'f', true);
    await hasWidth(cat, widths.h);
    for (const viewer of [bob, cat]) {
      await viewer.seesFrames(30);
      assert.equal((await viewer.received()).video.packetsLost, 0);
    }
  });

  test('what is not watched cannot be chosen (B-54)', async () => {
    await bob.say('simulcastUpdate', { s: 'SIMULCAST_UPDATE', to: cat.to, layer: 'l' });
    await bob.hear('SIMULCAST_UPDATE', 2001);
  });
});
