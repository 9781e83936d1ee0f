// SPDX-License-Identifier: Apache-2.0
// Real players of a room that a real browser publishes (B-25): they play, without a stall once they have begun, and how
// long behind life is measured from a clock in the picture. HELIOGRAPH_HLS_SECONDS=600 watches for ten minutes, and then
// holds them to 2.5 s; a short look on a busy machine only has to play.
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BarePage } from './bare-page.mjs';
import { launchChromium } from './browsers.mjs';
import { Checker } from './hls/checker.mjs';
import { clapper } from './hls/clapper.mjs';
import { startSite, Viewer } from './hls/players.mjs';
import { Server } from './server.mjs';
import { until } from './until.mjs';

const seconds = Number(process.env['HELIOGRAPH_HLS_SECONDS'] ?? 25);
const strict = seconds >= 300;

describe('players', { ...options, timeout: (seconds + 240) * 1000 }, () => {
  let server;
  let browser;
  let site;
  let ann;
  const url = () => `${server.url}hls/tea/ann/ann-1/index.m3u8`;

  before(async () => {
    server = await Server.start(['--shards', '1']);
    browser = await launchChromium();
    site = await startSite();
    ann = await BarePage.open(browser, server, { userId: 'ann' });
    await clapper(ann.page);
    await ann.join({ roomCreating: true });
    await ann.publish({ op: { hlsForwarding: true } });
  });
  after(async () => {
    await browser?.close();
    site?.close();
    await server?.end();
  });

  test('hls.js and Shaka play without a stall', { timeout: (seconds + 120) * 1000 }, async (t) => {
    const viewers = [await Viewer.open(browser, site, 'hls', url()), await Viewer.open(browser, site, 'shaka', url())];
    for (const viewer of viewers) {
      await until(`${viewer.kind} plays`, async () => {
        const now = await viewer.look();
        if (now.decoded > 60 && now.time > 0) return now;
        throw new Error(JSON.stringify(now));
      }, 45_000, 200);
    }
    const starts = await Promise.all(viewers.map((viewer) => viewer.look()));
    for (let i = 0; i < seconds; i++) {
      await until('a second of media', async () => (await viewers[0].look()).time > starts[0].time + i, 15_000, 100);
      for (const viewer of viewers) await viewer.measure();
    }
    for (const [i, viewer] of viewers.entries()) {
      const end = await viewer.look();
      const { stalls, stalled } = end;
      t.diagnostic(`${viewer.kind}: ${viewer.summary()}; ${end.decoded} pictures, ${end.dropped} dropped; ${stalls - starts[i].stalls} stalls of ${(stalled - starts[i].stalled).toFixed(0)} ms; ${end.errors.join(', ') || 'no errors'}`);
      assert.deepEqual(end.errors.filter((text) => text.startsWith('fatal')), []);
      assert.ok(end.time - starts[i].time > seconds * 0.7, `${viewer.kind} played ${end.time - starts[i].time} s of ${seconds}: ${JSON.stringify(end)}`);
      assert.ok(viewer.delays.length > seconds / 2);
      if (!strict) continue;
      assert.equal(stalls, starts[i].stalls, `${viewer.kind} stalled`);
      assert.ok(Math.max(...viewer.latencies.slice(10)) < 2_500, `${viewer.kind} was ${Math.max(...viewer.latencies.slice(10))} ms behind`);
    }
    for (const viewer of viewers) await viewer.page.close();
  });

  for (const codec of ['VP9', 'AV1']) {
    test(`a publisher who has ${codec} only`, async (t) => {
      const cat = await BarePage.open(browser, server, { userId: codec, picture: { width: 320, height: 180 } });
      await cat.page.evaluate((mime) => {
        const original = RTCPeerConnection.prototype.addTransceiver;
        RTCPeerConnection.prototype.addTransceiver = function (track, init) {
          const made = original.call(this, track, init);
          const { codecs } = RTCRtpSender.getCapabilities(made.sender.track.kind);
          if (made.sender.track.kind === 'video') made.setCodecPreferences(codecs.filter(({ mimeType }) => mimeType === mime));
          return made;
        };
      }, `video/${codec}`);
      await cat.join();
      await cat.publish({ op: { hlsForwarding: true } });
      const checker = new Checker(`${server.url}hls/tea/${codec}/${codec}-1/index.m3u8`);
      const checked = checker.run();
      await until('four segments', () => checker.renditions.length > 0 && checker.renditions.every(({ segments }) => segments.size > 4), 60_000);
      const viewer = await Viewer.open(browser, site, 'hls', `${server.url}hls/tea/${codec}/${codec}-1/index.m3u8`);
      await until('it plays', async () => {
        const now = await viewer.look();
        if (now.decoded > 60) return now;
        throw new Error(JSON.stringify(now));
      }, 45_000, 200);
      await viewer.page.close();
      checker.stop();
      await cat.say('leave', { s: 'LEAVE' });
      await checked;
      await cat.page.close();
      t.diagnostic(`${checker.multivariant.variants[0].CODECS}: ${checker.summary()}`);
      assert.deepEqual(checker.violations, []);
    });
  }

  test('every layer of simulcast is a variant', async (t) => {
    const ben = await BarePage.join(browser, server, { userId: 'ben', picture: { width: 960, height: 540 } });
    const encodings = [{ rid: 'q', scaleResolutionDownBy: 4 }, { rid: 'h', scaleResolutionDownBy: 2 }, { rid: 'f' }];
    await ben.publish({ op: { hlsForwarding: true }, encodings });
    const widths = await until('three sizes', async () => {
      const response = await fetch(`${server.url}hls/tea/ben/ben-1/index.m3u8`);
      const found = [...(await response.text()).matchAll(/RESOLUTION=(\d+)x/g)].map(([, width]) => Number(width));
      if (new Set(found).size === 3) return found;
      throw new Error(`${response.status} ${found}`);
    }, 90_000, 500);
    t.diagnostic(`widths ${widths}`);
    const viewer = await Viewer.open(browser, site, 'hls', `${server.url}hls/tea/ben/ben-1/index.m3u8`);
    await until('it plays', async () => (await viewer.look()).decoded > 30, 45_000, 200);
    for (const width of [Math.min(...widths), Math.max(...widths)]) {
      await viewer.page.evaluate((wanted) => {
        window.player.nextLevel = window.player.levels.findIndex((level) => level.width === wanted);
      }, width);
      await until(`a picture ${width} wide`, async () => {
        const now = await viewer.look();
        if (now.width === width) return now;
        throw new Error(JSON.stringify(now));
      }, 30_000, 200);
    }
    const { errors } = await viewer.look();
    assert.deepEqual(errors.filter((text) => text.startsWith('fatal')), []);
  });
});
