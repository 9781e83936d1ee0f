// SPDX-License-Identifier: Apache-2.0
// hls_record: one file for a stream, whole at its end, and after a crash of the server whole up to the last part.
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { BarePage } from './bare-page.mjs';
import { launchChromium } from './browsers.mjs';
import { parseMedia, parseMultivariant } from './hls/playlist.mjs';
import { Server } from './server.mjs';
import { until } from './until.mjs';

describe('a recording', options, () => {
  let folder;
  let server;
  let browser;
  let ann;

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'heliograph-record-'));
    server = await Server.start(['--shards', '1', '--hls-record', '--hls-dir', folder]);
    browser = await launchChromium();
    ann = await BarePage.join(browser, server, { userId: 'ann', op: { roomCreating: true } });
    await ann.publish({ op: { hlsForwarding: true } });
  });
  afterEach(async () => {
    await browser?.close();
    await server?.end();
    rmSync(folder, { recursive: true });
  });

  const recordings = () => readdirSync(path.join(folder, 'recordings'), { recursive: true, withFileTypes: false })
    .map((name) => path.join(folder, 'recordings', name)).filter((name) => name.endsWith('.mp4'));
  /** Seconds of each track's packets, and what ffprobe had to say. */
  const probe = (file) => {
    const seconds = ['v', 'a'].map((kind) => {
      const { stdout } = spawnSync('ffprobe', ['-v', 'quiet', '-select_streams', kind, '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', file], { encoding: 'utf8', maxBuffer: 1 << 26 });
      const times = stdout.trim().split('\n').map((line) => parseFloat(line)).filter((time) => !Number.isNaN(time));
      return times.length > 0 ? Math.max(...times) - Math.min(...times) : 0;
    });
    return { seconds, said: spawnSync('ffprobe', ['-v', 'error', '-count_frames', '-show_streams', file], { encoding: 'utf8', maxBuffer: 1 << 26 }).stderr };
  };
  /** What players were given so far, s. */
  const published = async () => {
    const url = `${server.url}hls/tea/ann/ann-1/index.m3u8`;
    const [variant] = parseMultivariant(await (await fetch(url)).text()).variants;
    const list = parseMedia(await (await fetch(new URL(variant.uri, url))).text());
    return list.segments.reduce((sum, { whole, duration, parts }) => sum + (whole ? duration : parts.reduce((s, part) => s + part.duration, 0)), 0);
  };
  const lasts = (seconds) => until(`${seconds} s were published`, async () => {
    const now = await published();
    if (now >= seconds) return now;
    throw new Error(String(now));
  }, 40_000, 100);

  test('that the server was killed in is whole up to the last part', async (t) => {
    const before = await lasts(9);
    server.process.kill('SIGKILL');
    await server.exited;
    const [file, ...others] = recordings();
    assert.deepEqual(others, []);
    const { seconds } = probe(file);
    t.diagnostic(`${before.toFixed(2)} s were published, ${seconds.map((s) => s.toFixed(2)).join(' s of video and ')} s of sound are in ${statSync(file).size} bytes`);
    // The last part of sound ends up to a part before that of video.
    for (const length of seconds) assert.ok(length > before - 0.6, `${length} of ${before}`);
  });

  test('is finished when its publisher leaves', async (t) => {
    await lasts(6);
    await ann.say('leave', { s: 'LEAVE' });
    await ann.hear('LEAVE');
    await until('the recording is over', async () => (await server.total('heliograph_hls_recordings')) === 0, 15_000);
    const [file] = recordings();
    const { seconds, said } = probe(file);
    t.diagnostic(`${path.relative(folder, file)}: ${seconds.map((s) => s.toFixed(2)).join(' s of video and ')} s of sound`);
    assert.equal(said, '');
    for (const length of seconds) assert.ok(length > 5);
  });
});
