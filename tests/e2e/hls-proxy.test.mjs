// SPDX-License-Identifier: Apache-2.0
// nginx as packaging/nginx.conf has it between everybody and the server: room page, WebSocket, HLS by HTTP/2.
import { address, options } from './netns.mjs';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launchChromium } from './browsers.mjs';
import { Nginx } from './nginx.mjs';
import { Person } from './page.mjs';
import { openPlayer } from './player-page.mjs';
import { Server } from './server.mjs';
import { until } from './until.mjs';

const patience = 40_000;
const ignoreHTTPSErrors = true; // the certificate is the test's own

describe('HLS behind nginx', options, () => {
  let server, nginx, browser, ann, players;
  const cached = []; // what the cache said to a player, for each answer

  before(async () => {
    server = await Server.start(['--shards', '1', '--hls-url', `https://${address}`, '--trusted-proxies', address]);
    nginx = await Nginx.start();
    browser = await launchChromium();
    ann = await Person.join(browser, nginx, { name: 'ann', room: 'tea', source: 'camera', hls: '1', ignoreHTTPSErrors });
  });
  after(async () => {
    await browser?.close();
    await nginx?.end();
    await server?.end();
  });

  const rememberCache = (page) =>
    page.on('response', (response) => {
      const file = new URL(response.url()).pathname.split('/').pop();
      if (/\.(m3u8|m4s|mp4)$/.test(file)) cached.push({ file, status: response.headers()['x-cache-status'] });
    });

  test('two players play 15 s on end without a stall', async (t) => {
    const { sessionId } = await ann.tileOf(ann, { hls: 'live' }, patience);
    const link = `${nginx.url}hls/tea/ann/${sessionId}/`;
    players = await Promise.all([1, 2].map(() => openPlayer(browser, link, { ignoreHTTPSErrors })));
    for (const { page } of players) rememberCache(page);
    for (const player of players) await player.plays(patience);
    for (const player of players) {
      const { worst } = await until('15 s without a stall', () => calm(player, 15), 120_000, 0);
      t.diagnostic(`at most ${worst.toFixed(2)} s behind; ${(await player.figures()).stalls} stalls since the first picture`);
      // hls.js keeps further back after each stall that a busy machine made: nearness is printed, not asserted.
      assert.ok(worst < 20, `${worst} s behind`);
      assert.deepEqual(player.complaints, []);
    }
    await players[0].picture('player');
  });

  test('all of it came by HTTP/2', async () => {
    const protocols = await players[0].page.evaluate(() => {
      const entries = performance.getEntriesByType('resource').filter(({ name }) => /\/(hls|player)\//.test(name));
      return entries.map(({ nextHopProtocol }) => nextHopProtocol);
    });
    assert.ok(protocols.length > 20, `${protocols.length} requests`);
    assert.deepEqual([...new Set(protocols)], ['h2']);
  });

  test('what one player has had, the cache has for the other', (t) => {
    const tally = (what) => {
      const all = cached.filter(({ file }) => what.test(file)).map(({ status }) => status);
      return Object.fromEntries([...new Set(all)].map((status) => [status, all.filter((one) => one === status).length]));
    };
    t.diagnostic(`parts ${JSON.stringify(tally(/m4s$/))}, playlists ${JSON.stringify(tally(/m3u8$/))}`);
    assert.ok(tally(/m4s$/).HIT > 0);
  });
});

/** `worst`: the largest delay of so many seconds of pictures; null as soon as there was a stall. */
async function calm(player, seconds) {
  const start = await player.figures();
  let worst = start.delay ?? 0;
  const passed = async () => {
    const now = await player.figures();
    worst = Math.max(worst, now.delay ?? 0);
    return now.stalls > start.stalls ? 'stalled' : now.position > start.position + seconds && 'calm';
  };
  return (await until(`${seconds} s go by`, passed, 4_000 * seconds, 250)) === 'calm' ? { worst } : null;
}
