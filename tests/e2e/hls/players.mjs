// SPDX-License-Identifier: Apache-2.0
// hls.js and Shaka, each in a page of its own, as any site would use them; what they say of themselves, and what the
// clock in the picture says of them.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { address } from '../netns.mjs';
import { delayOf } from './clapper.mjs';

const require = createRequire(import.meta.url);
const scripts = {
  '/hls.js': path.join(path.dirname(require.resolve('hls.js')), 'hls.min.js'),
  '/shaka.js': path.join(path.dirname(require.resolve('shaka-player')), 'shaka-player.compiled.js'),
};

/** Another origin than the server's: CORS must let it. */
export async function startSite() {
  const server = createServer(async (request, response) => {
    const file = scripts[request.url];
    response.setHeader('Content-Type', file ? 'text/javascript' : 'text/html');
    response.end(file ? await readFile(file) : '<!doctype html><meta charset="utf-8"><title>player</title><video muted autoplay playsinline></video>');
  });
  await new Promise((done) => server.listen(8090, address, done));
  return { url: `http://${address}:8090/`, close: () => server.close() };
}

/** In the page. */
function watchVideo() {
  const video = document.querySelector('video');
  const seen = { started: 0, stalls: 0, stalled: 0, errors: [], shown: 0 };
  let since = 0;
  video.addEventListener('playing', () => {
    seen.started ||= performance.now();
    if (since) seen.stalled += performance.now() - since;
    since = 0;
  });
  video.addEventListener('waiting', () => {
    if (!seen.started) return;
    seen.stalls += 1;
    since = performance.now();
  });
  window.seen = seen;
  return video;
}

const starts = {
  hls: async (url) => {
    const video = watch();
    const hls = new window.Hls({ lowLatencyMode: true, liveDurationInfinity: true });
    hls.on(window.Hls.Events.ERROR, (_, { fatal, details, error }) => window.seen.errors.push(`${fatal ? 'fatal ' : ''}${details} ${error?.message ?? ''}`));
    hls.loadSource(url);
    hls.attachMedia(video);
    window.player = hls;
    window.latency = () => hls.latency * 1000;
  },
  shaka: async (url) => {
    const video = watch();
    window.shaka.polyfill.installAll();
    const player = new window.shaka.Player();
    await player.attach(video);
    player.configure({ streaming: { lowLatencyMode: true } });
    player.addEventListener('error', ({ detail }) => window.seen.errors.push(`${detail.severity === 2 ? 'fatal ' : ''}${detail.code} ${detail.data}`));
    await player.load(url);
    window.player = player;
    window.latency = () => Date.now() - player.getPlayheadTimeAsDate().getTime();
  },
};

/** One viewer with the player `kind`, 'hls' or 'shaka'. */
export class Viewer {
  static async open(browser, site, kind, url) {
    const page = await browser.newPage();
    await page.goto(site.url);
    await page.addScriptTag({ url: `${site.url}${kind}.js` });
    await page.evaluate(`window.watch = ${watchVideo}`);
    await page.evaluate(starts[kind], url);
    return Object.assign(new Viewer(), { page, kind, delays: [], latencies: [] });
  }

  /** {started, stalls, stalled, errors, time, decoded, dropped, width} */
  look() {
    return this.page.evaluate(() => {
      const video = document.querySelector('video');
      const quality = video.getVideoPlaybackQuality();
      return { ...window.seen, time: video.currentTime, decoded: quality.totalVideoFrames, dropped: quality.droppedVideoFrames, width: video.videoWidth, rate: video.playbackRate, state: video.readyState, paused: video.paused, buffered: [...Array(video.buffered.length).keys()].map((i) => `${video.buffered.start(i).toFixed(2)}–${video.buffered.end(i).toFixed(2)}`).join(' ') };
    });
  }

  /** Takes both delays, ms. */
  async measure() {
    const drawn = await delayOf(this.page);
    if (drawn !== null) this.delays.push(drawn);
    this.latencies.push(await this.page.evaluate(() => window.latency()));
  }

  summary() {
    const at = (list, q) => ([...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))] ?? NaN).toFixed(0);
    return `by the clock in the picture p50 ${at(this.delays, 0.5)} ms, p95 ${at(this.delays, 0.95)}, max ${at(this.delays, 1)} (${this.delays.length} looks); by PROGRAM-DATE-TIME p50 ${at(this.latencies, 0.5)}, max ${at(this.latencies, 1)}`;
  }
}
