// SPDX-License-Identifier: Apache-2.0
// Every video codec, and simulcast, from Chromium to Chromium.
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launchChromium } from './browsers.mjs';
import { Person } from './page.mjs';
import { Server } from './server.mjs';
import { until } from './until.mjs';

describe('video codecs', options, () => {
  let server, browser;

  before(async () => {
    server = await Server.start();
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    await server?.end();
  });

  /** One publishes, one watches; both leave when `look` is done. */
  async function inRoom(choice, look) {
    const room = `${choice.codec}-${choice.simulcast ?? '0'}`;
    const ann = await Person.join(browser, server, { name: 'ann', room, source: 'camera', ...choice });
    const bob = await Person.join(browser, server, { name: 'bob', room, source: 'none' });
    try {
      await look(ann, bob);
    } finally {
      await Promise.all([ann.page.close(), bob.page.close()]);
    }
  }

  for (const codec of ['vp8', 'h264', 'vp9', 'av1']) {
    test(`${codec} is published and decoded`, (t) =>
      inRoom({ codec }, async (ann, bob) => {
        const stats = await bob.seesFrames(ann, { frames: 60 });
        assert.equal(stats.video.codec.toLowerCase(), codec);
        t.diagnostic(`${stats.video.width}×${stats.video.height}, ${stats.video.fps.toFixed(1)} frames a second`);
      }));
  }

  for (const codec of ['vp8', 'h264']) {
    test(`of ${codec} simulcast a viewer gets the highest layer`, (t) =>
      inRoom({ codec, simulcast: '1', picture: { width: 1280, height: 720 } }, async (ann, bob) => {
        const up = await until('three layers are sent', async () => {
          const own = (await ann.stats()).find(({ direction }) => direction === 'up');
          if (own.video?.layers === 3 && own.video.height === 720) return own;
          throw new Error(JSON.stringify(own?.video));
        }, 30_000);
        assert.equal(up.video.codec.toLowerCase(), codec);
        const stats = await until('the picture has grown to full height', async () => {
          const down = await bob.statsOf(ann);
          if (down?.video?.height === 720) return down;
          throw new Error(JSON.stringify(down?.video));
        }, 60_000); // the publisher may take its highest layer back for a while, on a busy machine
        await bob.seesFrames(ann, { frames: stats.video.framesDecoded + 20 });
        assert.equal(stats.video.packetsLost, 0); // a layer switch leaves no hole in the numbers
        t.diagnostic(`${stats.video.width}×${stats.video.height}, ${stats.video.fps.toFixed(1)} frames a second`);
      }));
  }
});
