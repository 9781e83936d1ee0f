// SPDX-License-Identifier: Apache-2.0
// Firefox ESR and Chromium in one room, both ways.
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launchChromium, launchFirefox } from './browsers.mjs';
import { frameRate } from './measure.mjs';
import { Person, publishWithVideo } from './page.mjs';
import { Server } from './server.mjs';
import { until } from './until.mjs';

describe('Firefox and Chromium', options, () => {
  let server, firefox, chromium;

  before(async () => {
    server = await Server.start();
    [firefox, chromium] = await Promise.all([launchFirefox(), launchChromium()]);
  });
  after(async () => {
    await Promise.all([firefox?.close(), chromium?.close()]);
    await server?.end();
  });

  async function isSeenAndHeard(t, publisher, viewer, codec) {
    await viewer.tileOf(publisher);
    await viewer.seesFrames(publisher, { frames: 30, deadline: 30_000 });
    const rate = await frameRate(viewer, publisher);
    const { video, audio } = await viewer.statsOf(publisher);
    t.diagnostic(`${video.codec} ${video.width}×${video.height}, ${rate.toFixed(1)} frames a second; audio ${audio.packetsReceived} packets, energy ${audio.totalAudioEnergy}`);
    assert.equal(video.codec.toLowerCase(), codec);
    assert.ok(rate >= 20, `${rate} frames a second`);
    assert.ok(audio.packetsReceived > 50);
    await until('the sound is not silence', async () => (await viewer.statsOf(publisher)).audio.totalAudioEnergy > 0);
  }

  for (const codec of ['vp8', 'vp9', 'av1']) {
    test(`Firefox publishes ${codec}, Chromium watches`, async (t) => {
      t.diagnostic(`${firefox.version}, Chromium ${chromium.version}`);
      const room = `from-firefox-${codec}`;
      const fay = await Person.join(firefox, server, { name: 'fay', room, codec, source: 'camera' });
      const cat = await Person.join(chromium, server, { name: 'cat', room, source: 'none' });
      await isSeenAndHeard(t, fay, cat, codec);
      await Promise.all([fay.page.close(), cat.page.close()]);
    });

    test(`Chromium publishes ${codec}, Firefox watches`, async (t) => {
      const room = `from-chromium-${codec}`;
      const cat = await Person.join(chromium, server, { name: 'cat', room, codec, source: 'camera' });
      const fay = await Person.join(firefox, server, { name: 'fay', room, source: 'none' });
      await isSeenAndHeard(t, cat, fay, codec);
      await Promise.all([fay.page.close(), cat.page.close()]);
    });
  }

  // What a2m does to a video line: Firefox takes a refused line and goes on with the other.
  test('Firefox publishes audio where its video line is refused', async () => {
    const place = { room: 'radio', type: 'a2m' };
    const fay = await Person.join(firefox, server, { name: 'fay', ...place, source: 'none' });
    const cat = await Person.join(chromium, server, { name: 'cat', ...place, source: 'none' });
    const answer = await fay.page.evaluate(publishWithVideo);
    assert.deepEqual(answer.match(/^m=\w+ 0 /gm), ['m=video 0 ']);
    await cat.tileOf(fay);
    await until('audio comes', async () => (await cat.statsOf(fay))?.audio?.packetsReceived > 50);
    await Promise.all([fay.page.close(), cat.page.close()]);
  });

  test('they see and hear each other', async (t) => {
    const fay = await Person.join(firefox, server, { name: 'fay', room: 'both', codec: 'vp8', source: 'camera' });
    const cat = await Person.join(chromium, server, { name: 'cat', room: 'both', codec: 'vp8', source: 'camera' });
    await isSeenAndHeard(t, fay, cat, 'vp8');
    await isSeenAndHeard(t, cat, fay, 'vp8');
  });
});
