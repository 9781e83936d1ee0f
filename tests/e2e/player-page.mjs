// SPDX-License-Identifier: Apache-2.0
// The page at /hls/{rid}/{userId}/{sessionId}/ in a browser.
import path from 'node:path';
import { mkdirSync } from 'node:fs';
import { outDirectory } from './server.mjs';
import { until } from './until.mjs';

export async function openPlayer(browser, link, how = {}) {
  const page = await browser.newPage(how);
  const player = new PlayerPage(page);
  page.on('pageerror', (error) => player.complaints.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy|Refused/.test(message.text())) player.complaints.push(message.text());
  });
  await page.goto(link);
  await page.evaluate(watchStalls);
  return player;
}

export class PlayerPage {
  /** What the browser has against the page. */
  complaints = [];

  constructor(page) {
    this.page = page;
  }

  is(state, deadline) {
    return until(`the player is ${state}`, async () => {
      const now = await this.page.evaluate(() => document.body.dataset.state);
      if (now === state) return now;
      throw new Error(now);
    }, deadline);
  }

  /** Resolves when pictures are shown and their delay is known. */
  async plays(deadline) {
    await this.is('playing', deadline);
    await until('the delay is known', async () => (await this.figures()).delay !== null, deadline);
  }

  words() {
    return this.page.evaluate(() => document.querySelector('#status').textContent);
  }

  /** `delay` in s, as it is shown; `stalls` since the first picture. */
  figures() {
    return this.page.evaluate(() => {
      const video = document.querySelector('video');
      const { hidden, dataset } = document.querySelector('#delay');
      return {
        delay: hidden || dataset.seconds === undefined ? null : Number(dataset.seconds),
        position: video.currentTime,
        frames: video.getVideoPlaybackQuality().totalVideoFrames,
        stalls: window.stalls,
      };
    });
  }

  async picture(file) {
    mkdirSync(outDirectory, { recursive: true });
    await this.page.screenshot({ path: path.join(outDirectory, `${file}.png`) });
  }
}

/** Runs in the page. */
function watchStalls() {
  window.stalls = 0;
  let begun = false;
  const look = () => {
    const { state } = document.body.dataset;
    if (begun && state === 'buffering') window.stalls++;
    begun ||= state === 'playing';
  };
  new MutationObserver(look).observe(document.body, { attributeFilter: ['data-state'] });
  look();
}
