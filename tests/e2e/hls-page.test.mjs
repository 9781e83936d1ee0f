// SPDX-License-Identifier: Apache-2.0
// Watching by HLS as a person does: the box ticked by a publisher, the tile of a watcher, the page that is given away.
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { launchChromium } from './browsers.mjs';
import { Person } from './page.mjs';
import { openPlayer } from './player-page.mjs';
import { binary, Server } from './server.mjs';
import { until } from './until.mjs';

const patience = 40_000;

describe('HLS in the page', options, () => {
  let server, browser, ann, bob, player, link;
  const room = 'tea & cake';

  before(async () => {
    server = await Server.start(['--shards', '1']);
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    await server?.end();
  });

  const tileOf = (person, wanted) => person.tileOf(ann, wanted, patience);

  /** Of the tile's own video element: pictures come, and not by WebRTC. */
  const videoOfTile = () =>
    bob.page.evaluate(() => {
      const video = document.querySelector('[data-user-id="ann"] video');
      return { at: performance.now(), position: video.currentTime, frames: video.getVideoPlaybackQuality().totalVideoFrames, byWebRtc: video.srcObject !== null };
    });

  const choose = (words) =>
    bob.page.evaluate((text) => {
      const menu = document.querySelector('[data-user-id="ann"] .menu');
      menu.open = true;
      return new Promise((done) => setTimeout(done)).then(() => {
        const line = [...menu.querySelectorAll('button')].find(({ textContent }) => textContent === text);
        if (!line) throw new Error(menu.textContent);
        line.click();
      });
    }, words);

  test('a player that comes before the stream says so', async () => {
    player = await openPlayer(browser, `${server.url}hls/tea/nobody/s/`);
    await player.is('waiting', patience);
    assert.match(await player.words(), /not started/);
    await player.page.close();
  });

  test('who ticks the box has a live stream, and a link to give away', async () => {
    ann = await Person.open(browser, server, { name: 'ann', room, source: 'camera' });
    await ann.page.evaluate(() => {
      document.querySelector('#hls').click();
      document.querySelector('#join').click();
    });
    await ann.inRoom();
    const tile = await tileOf(ann, { hls: 'live', local: 'true' });
    await ann.click('.tile .hls');
    await until('the link is given', () => ann.page.evaluate(() => /HLS stream/.test(document.querySelector('#notice-text').textContent)), patience);
    link = `${server.url}hls/${encodeURIComponent(room)}/ann/${encodeURIComponent(tile.sessionId)}/`;
    await ann.picture('publisher');
  });

  test('another watches the tile by HLS and sees how late it is', async (t) => {
    bob = await Person.join(browser, server, { name: 'bob', room, source: 'none' });
    await tileOf(bob, { watch: 'webrtc' });
    await choose('Watch by HLS');
    const tile = await until('it plays', async () => {
      const now = await tileOf(bob, { watch: 'hls', playback: 'playing' });
      return now.delay && now;
    }, patience);
    const before = await videoOfTile();
    assert.equal(before.byWebRtc, false);
    const late = await until('pictures move', async () => {
      const now = await videoOfTile();
      return now.frames > before.frames + 20 && now.position > before.position + 1 && now;
    }, patience);
    t.diagnostic(`${tile.delay} s behind; ${late.frames - before.frames} pictures in ${((late.at - before.at) / 1_000).toFixed(1)} s`);
    await until('it is less than 10 s behind', async () => Number((await tileOf(bob, { watch: 'hls' })).delay) < 10, patience);
    await bob.picture('tile');
  });

  test('and by WebRTC again', async () => {
    const seen = (await bob.statsOf(ann))?.video?.framesDecoded ?? 0; // none where WebRTC's picture was held back at once
    await choose('Watch by WebRTC');
    await tileOf(bob, { watch: 'webrtc' });
    await bob.seesFrames(ann, { frames: seen + 20, deadline: patience });
    assert.equal((await videoOfTile()).byWebRtc, true);
  });

  test('the link opens a page that plays, not far behind', async (t) => {
    player = await openPlayer(browser, link);
    await player.plays(patience);
    const before = await player.figures();
    await until('pictures move', async () => {
      const now = await player.figures();
      return now.frames > before.frames + 20 && now.position > before.position + 1;
    }, patience);
    const { delay } = await until('it is less than 10 s behind', async () => {
      const now = await player.figures();
      if (now.delay < 10) return now;
      throw new Error(JSON.stringify(now));
    }, patience);
    t.diagnostic(`${delay.toFixed(2)} s behind`);
    assert.equal(await player.page.evaluate(() => document.querySelector('#title').textContent), 'ann');
    assert.match(await player.page.evaluate(() => document.querySelector('#delay').textContent), /\d\.\d s/);
    assert.deepEqual(player.complaints, []);
    await player.picture('player');
  });

  test('it says that the stream has ended when the publisher leaves', async () => {
    await ann.click('#leave');
    await player.is('ended', patience);
    assert.match(await player.words(), /has ended/);
    await player.picture('player-ended');
  });
});

describe('HLS in the page where tokens are asked for', options, () => {
  const secret = 'a secret of more than thirty-two bytes';
  let server, browser, link;
  const tokenFor = (userId, ...claims) =>
    execFileSync(binary, ['token', '--secret', secret, '--kid', 'e2e', '--sub', userId, ...claims], { encoding: 'utf8' }).trim();

  before(async () => {
    server = await Server.start(['--shards', '1', '--token-secrets', `e2e:${secret}`, '--hls-tokens'], { dev: false });
    browser = await launchChromium();
    const ann = await Person.join(browser, server, { name: 'ann', room: 'tea', source: 'camera', hls: '1', token: tokenFor('ann', '--create') });
    const { sessionId } = await ann.tileOf(ann, { hls: 'live' }, patience);
    link = `${server.url}hls/tea/ann/${sessionId}/`;
  });
  after(async () => {
    await browser?.close();
    await server?.end();
  });

  test('the player says that it is not let in', async () => {
    const player = await openPlayer(browser, link);
    await player.is('refused', patience);
    assert.match(await player.words(), /does not let you in/);
    await player.page.close();
  });

  test('with a token in its address it plays', async () => {
    const player = await openPlayer(browser, `${link}?token=${tokenFor('guest', '--rid', 'tea')}`);
    await player.plays(patience);
  });
});
