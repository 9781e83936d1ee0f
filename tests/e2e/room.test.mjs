// SPDX-License-Identifier: Apache-2.0
// A group room in Chromium, from joining to leaving.
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launchChromium } from './browsers.mjs';
import { firstFrameTimes, frameRate, median } from './measure.mjs';
import { Person } from './page.mjs';
import { Server } from './server.mjs';
import { until } from './until.mjs';

describe('an m2m room', options, () => {
  let server, browser, ann, bob;
  const room = 'tea';

  before(async () => {
    server = await Server.start();
    browser = await launchChromium();
    ann = await Person.join(browser, server, { name: 'ann', room, source: 'camera' });
    bob = await Person.join(browser, server, { name: 'bob', room, source: 'camera' });
  });
  after(async () => {
    await browser?.close();
    await server?.end();
  });

  test('two people see each other move, at 25 frames of 30 or more', async (t) => {
    await Promise.all([ann.seesFrames(bob), bob.seesFrames(ann)]);
    const rates = await Promise.all([frameRate(ann, bob), frameRate(bob, ann)]);
    t.diagnostic(`frames a second: ann sees ${rates[0].toFixed(1)}, bob sees ${rates[1].toFixed(1)}`);
    for (const rate of rates) assert.ok(rate >= 25, `${rate} frames a second`);
  });

  test('they hear each other', async (t) => {
    for (const [listener, speaker] of [[ann, bob], [bob, ann]]) {
      const before = (await listener.statsOf(speaker)).audio.packetsReceived;
      const { audio } = await until('audio grows and is not silent', async () => {
        const stats = await listener.statsOf(speaker);
        return stats.audio.packetsReceived > before + 50 && stats.audio.totalAudioEnergy > 0 && stats;
      });
      t.diagnostic(`${listener.name}: ${audio.packetsReceived} packets, energy ${audio.totalAudioEnergy.toFixed(3)}`);
    }
  });

  test('whoever joins late has the first frame within a second', async (t) => {
    const cat = await Person.open(browser, server, { name: 'cat', room, source: 'none' });
    const times = await firstFrameTimes(cat, ann, 10);
    t.diagnostic(`from Join to the first frame, ms: ${times.map(Math.round).join(' ')}; median ${Math.round(median(times))}`);
    assert.ok(median(times) <= 1_000);
    await cat.page.close();
  });

  test('a screen is a second session, and is watched', async () => {
    await ann.click('#share');
    const tile = await bob.tileOf(ann, { category: 'screenshare' });
    const camera = await bob.tileOf(ann, { category: 'stream' });
    assert.notEqual(tile.sessionId, camera.sessionId);
    await bob.seesFrames(ann, { category: 'screenshare', frames: 3 });
    await ann.click('#share');
    await until('the screen’s tile goes', async () => !(await bob.tiles()).some(({ category }) => category === 'screenshare'), 2_000);
  });

  test('muting shows on the others, and unmuting too', async () => {
    await ann.click('#mic');
    await bob.tileOf(ann, { audio: 'false', video: 'true' }, 2_000);
    await ann.click('#mic');
    await bob.tileOf(ann, { audio: 'true', video: 'true' }, 2_000);
    await ann.click('#camera');
    await bob.tileOf(ann, { video: 'false' }, 2_000);
    await ann.click('#camera');
    await bob.tileOf(ann, { video: 'true' }, 5_000);
    const { video } = await bob.statsOf(ann);
    await bob.seesFrames(ann, { frames: video.framesDecoded + 10 });
  });

  test('whoever reloads the page is back', async () => {
    const old = await bob.tileOf(ann);
    await ann.page.reload();
    await ann.inRoom();
    await until('bob has a tile of the new session only', async () => {
      const tiles = (await bob.tiles()).filter(({ userId, state }) => userId === 'ann' && state === 'connected');
      return tiles.length === 1 && tiles[0].sessionId !== old.sessionId;
    }, 5_000);
    await Promise.all([bob.seesFrames(ann), ann.seesFrames(bob)]);
  });

  test('the tile of whoever leaves goes within a second', async (t) => {
    const gone = bob.page.evaluate(() => new Promise((done) => {
      const present = () => document.querySelector('[data-user-id="ann"]') !== null;
      new MutationObserver(() => present() || done(Date.now())).observe(document.body, { childList: true, subtree: true });
    }));
    const left = await ann.page.evaluate(() => {
      const now = Date.now();
      document.querySelector('#leave').click();
      return now;
    });
    const ms = (await gone) - left;
    t.diagnostic(`the tile went after ${ms} ms`);
    assert.ok(ms <= 1_000, `${ms} ms`);
  });
});
