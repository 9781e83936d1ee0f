// SPDX-License-Identifier: Apache-2.0
// The project's page in a browser, driven as a person would; works with Playwright's and Puppeteer's pages alike.
import path from 'node:path';
import { mkdirSync } from 'node:fs';
import { outDirectory } from './server.mjs';
import { until } from './until.mjs';

export class Person {
  constructor(page, name) {
    this.page = page;
    this.name = name;
  }

  /** Opens the page and joins. `choice`: room, type, source, codec, simulcast as in the page's address. */
  static async join(browser, server, { name, picture, viewport, ...choice }) {
    const person = await Person.open(browser, server, { name, picture, viewport, ...choice, join: '1' });
    await person.inRoom();
    return person;
  }

  /** Opens the page with its form filled. */
  static async open(browser, server, { name, picture, viewport, ignoreHTTPSErrors, ...choice }) {
    const page = await browser.newPage({ picture, viewport, ...(ignoreHTTPSErrors && { ignoreHTTPSErrors }) });
    const person = new Person(page, name);
    person.messages = [];
    page.on('console', (message) => person.messages.push(message.text()));
    page.on('pageerror', (error) => person.messages.push(String(error)));
    await page.goto(`${server.url}?${new URLSearchParams({ name, ...choice })}`);
    return person;
  }

  inRoom() {
    return until(`${this.name} is in the room`, () => this.page.evaluate(() => {
      const error = document.querySelector('#error-text').textContent;
      return window.heliograph.room?.state === 'joined' || (error && Promise.reject(new Error(error)));
    }), 20_000);
  }

  tiles() {
    return this.page.evaluate(() => [...document.querySelectorAll('[data-session-id]')].map((tile) => ({ ...tile.dataset })));
  }

  /** The tile of someone else, once it is there; `wanted` are data attributes that it must have. */
  async tileOf(other, wanted = {}, deadline = 15_000) {
    const all = { userId: other.name ?? other, state: 'connected', ...wanted };
    return until(`${this.name} sees ${JSON.stringify(all)}`, async () => {
      const tiles = await this.tiles();
      const found = tiles.find((tile) => Object.entries(all).every(([key, value]) => tile[key] === value));
      return found ?? (await this.explain(tiles));
    }, deadline);
  }

  async explain(tiles) {
    if (tiles.length === 0) return null;
    throw new Error(JSON.stringify(tiles));
  }

  stats() {
    return this.page.evaluate(() => window.heliograph.stats());
  }

  /** What is received of another's session; null when there is none yet. */
  async statsOf(other, category = 'stream') {
    const stats = await this.stats();
    const userId = other.name ?? other;
    return stats.find((one) => one.direction === 'down' && one.userId === userId && one.category === category) ?? null;
  }

  /** Resolves when a picture of at least so many frames was decoded. */
  seesFrames(other, { frames = 10, category = 'stream', deadline = 20_000 } = {}) {
    return until(`${this.name} decodes ${frames} frames of ${other.name ?? other}`, async () => {
      const stats = await this.statsOf(other, category);
      if ((stats?.video?.framesDecoded ?? 0) >= frames) return stats;
      throw new Error(JSON.stringify(stats));
    }, deadline);
  }

  click(selector) {
    return this.page.evaluate((css) => document.querySelector(css).click(), selector);
  }

  async picture(file) {
    mkdirSync(outDirectory, { recursive: true });
    await this.page.screenshot({ path: path.join(outDirectory, `${file}.png`) });
  }
}

/** Runs in the page: publishes a camera through the page's room, and returns the answer. */
export async function publishWithVideo() {
  const { room } = window.heliograph;
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const publication = await room.publish(stream, { kinds: ['audio', 'video'] });
  return publication.pc.remoteDescription.sdp;
}
