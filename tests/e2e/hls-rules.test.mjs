// SPDX-License-Identifier: Apache-2.0
// A checker follows a stream while everything happens to it that happens to WebRTC: loss, another picture size, mute,
// a screen that hardly changes, an ICE restart, a new PeerConnection, a publisher gone and back (B-22, B-25).
// HELIOGRAPH_HLS_CALM=120 keeps each scene for two minutes.
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { BarePage } from './bare-page.mjs';
import { launchChromium } from './browsers.mjs';
import { Checker } from './hls/checker.mjs';
import { clapper, offsetsOf } from './hls/clapper.mjs';
import { Server } from './server.mjs';
import { until } from './until.mjs';

const scene = Number(process.env['HELIOGRAPH_HLS_CALM'] ?? 6) * 1000;

describe('the rules of a stream', options, () => {
  let server;
  let browser;
  let ann;
  let checker;
  let checked;

  /** Media time goes on: so many ms more of it in every rendition. */
  const goesOn = async (ms = scene) => {
    const length = (r) => [...r.segments.values()].reduce((sum, { parts }) => sum + parts.reduce((s, { duration }) => s + duration, 0), 0) * 1000;
    const goals = checker.renditions.map((r) => [r, length(r) + ms]);
    await until(`${ms} ms more of the stream`, () => {
      const left = goals.filter(([r, goal]) => length(r) < goal);
      if (left.length > 0) throw new Error(left.map(([r, goal]) => `${r.name} ${length(r).toFixed(0)}/${goal.toFixed(0)}`).join(', '));
      return true;
    }, ms + 30_000, 100);
  };
  const rules = (t) => {
    t.diagnostic(checker.summary());
    assert.deepEqual(checker.violations, []);
  };
  const nft = (...rule) => {
    const { status, stderr } = spawnSync('nft', rule, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  };

  before(async () => {
    server = await Server.start(['--shards', '1']);
    browser = await launchChromium();
    ann = await BarePage.open(browser, server, { userId: 'ann' });
    await clapper(ann.page);
    await ann.join({ roomCreating: true });
    await ann.publish({ op: { hlsForwarding: true } });
    checker = new Checker(`${server.url}hls/tea/ann/ann-1/index.m3u8`, { keep: true });
    checked = checker.run();
    checked.catch(() => {});
    await until('the stream is followed', () => checker.renditions.length > 0 && checker.renditions.every((r) => r.parts > 4), 40_000);
  });
  after(async () => {
    checker?.stop();
    await browser?.close();
    await server?.end();
  });

  test('a camera', async (t) => {
    await goesOn(scene * 2);
    rules(t);
  });

  test('3 % of the packets lost', async (t) => {
    nft('add', 'table', 'inet', 'loss');
    nft('add', 'chain', 'inet', 'loss', 'in', '{ type filter hook input priority 0; }');
    nft('add', 'rule', 'inet', 'loss', 'in', 'udp', 'dport', '40000', 'numgen', 'random', 'mod', '100', '<', '3', 'drop');
    await goesOn(scene * 2);
    nft('delete', 'table', 'inet', 'loss');
    rules(t);
  });

  test('a picture of another size', async (t) => {
    const before = checker.renditions[0].inits.size;
    await ann.page.evaluate(() => window.clapper.resize(480, 270));
    await until('another initialisation segment', () => checker.renditions[0].inits.size > before, 20_000);
    await goesOn();
    rules(t);
  });

  test('a camera that is off, and on again', async (t) => {
    const before = checker.counts.discontinuities;
    await ann.say('updateVideo', { s: 'UPDATE', ve: false });
    await ann.page.evaluate(() => (window.clapper.track('video').enabled = false));
    await until('a slate', () => checker.counts.discontinuities > before, 20_000);
    await goesOn();
    await ann.page.evaluate(() => (window.clapper.track('video').enabled = true));
    await ann.say('updateVideo', { s: 'UPDATE', ve: true });
    await until('the camera', () => checker.counts.discontinuities > before + 1, 20_000);
    await goesOn();
    rules(t);
  });

  test('a microphone that is off', async (t) => {
    await ann.say('updateVideo', { s: 'UPDATE', ae: false });
    await goesOn();
    await ann.say('updateVideo', { s: 'UPDATE', ae: true });
    await goesOn();
    rules(t);
  });

  test('one picture a second', async (t) => {
    await ann.page.evaluate(() => (window.clapper.rate(1), (window.clapper.flashes = false)));
    await goesOn(scene * 1.5);
    await ann.page.evaluate(() => (window.clapper.rate(60), (window.clapper.flashes = true)));
    rules(t);
  });

  test('an ICE restart', async (t) => {
    await ann.restartIce();
    await goesOn();
    rules(t);
  });

  test('a new PeerConnection', async (t) => {
    await ann.publish({ name: 'second', op: { restarting: true } });
    await ann.close('up');
    await goesOn();
    rules(t);
  });

  test('a publisher who is gone for five seconds', async (t) => {
    nft('add', 'table', 'inet', 'gone');
    nft('add', 'chain', 'inet', 'gone', 'in', '{ type filter hook input priority 0; }');
    nft('add', 'rule', 'inet', 'gone', 'in', 'udp', 'dport', '40000', 'drop');
    await goesOn(5_000);
    nft('delete', 'table', 'inet', 'gone');
    await goesOn();
    rules(t);
  });

  test('a screen that is shared at one picture a second from the beginning', async (t) => {
    const ben = await BarePage.open(browser, server, { userId: 'ben', category: 'screenshare' });
    await clapper(ben.page);
    await ben.page.evaluate(() => window.clapper.rate(1));
    await ben.join();
    await ben.publish({ op: { hlsForwarding: true } });
    const slow = new Checker(`${server.url}hls/tea/ben/ben-1/index.m3u8`);
    const done = slow.run();
    await until('three segments', () => slow.renditions.length > 0 && slow.renditions.every(({ segments }) => segments.size > 3), 60_000);
    slow.stop();
    await ben.say('leave', { s: 'LEAVE' });
    await done;
    t.diagnostic(slow.summary());
    assert.deepEqual(slow.violations, []);
    assert.ok(slow.renditions[0].part >= 1, `parts of ${slow.renditions[0].part} s`);
  });

  test('the end', async (t) => {
    await ann.say('unpublish', { s: 'UNPUBLISH' });
    await ann.hear('UNPUBLISH');
    await until('the playlist ends', () => checker.ended, 20_000);
    await checked;
    rules(t);
    const offsets = await offsetsOf(checker);
    const sorted = offsets.map(Math.abs).sort((a, b) => a - b);
    const [p95, worst] = [sorted[Math.floor(sorted.length * 0.95)], sorted.at(-1)];
    const mean = offsets.reduce((sum, offset) => sum + offset, 0) / offsets.length;
    t.diagnostic(`flash behind beep, ${offsets.length} of them: mean ${(mean * 1000).toFixed(1)} ms, 95 % within ${(p95 * 1000).toFixed(0)} ms, all within ${(worst * 1000).toFixed(0)} ms`);
    // What the page draws late on a busy machine counts here too; calm scenes are held to what was promised.
    assert.ok(p95 < (process.env['HELIOGRAPH_HLS_CALM'] ? 0.045 : 0.15), `${p95 * 1000} ms`);
    assert.ok(offsets.length > 10);
  });
});
