// SPDX-License-Identifier: Apache-2.0
// Publisher and viewer on different shards: packets cross between threads.
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launchChromium } from './browsers.mjs';
import { Person } from './page.mjs';
import { Server } from './server.mjs';
import { until } from './until.mjs';

describe('two shards', options, () => {
  let server, browser;

  before(async () => {
    server = await Server.start(['--shards', '2']);
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    await server?.end();
  });

  test('a publication is seen from the other shard', async (t) => {
    const ann = await Person.join(browser, server, { name: 'ann', room: 'tea', source: 'camera' });
    const viewers = [];
    for (const name of ['bob', 'cat', 'dan']) viewers.push(await Person.join(browser, server, { name, room: 'tea', source: 'none' }));
    const shards = await Promise.all([shardOf(ann, 'publications'), ...viewers.map((viewer) => shardOf(viewer, 'subscriptions'))]);
    t.diagnostic(`UDP ports of publisher and viewers: ${shards.join(' ')}`);
    assert.equal(new Set(shards).size, 2, 'all on one shard');
    for (const viewer of viewers) await viewer.seesFrames(ann, { frames: 60 });
    for (const viewer of viewers) assert.ok((await viewer.statsOf(ann)).audio.packetsReceived > 50);
    const forwarded = await server.metric('heliograph_packets_forwarded_total');
    t.diagnostic(`packets forwarded: ${JSON.stringify([...forwarded])}`);
    assert.equal([...forwarded.values()].filter((packets) => packets > 0).length, 2);
    assert.equal(await server.total('heliograph_crossings_lost_total'), 0);
  });

  /** The server's UDP port at the other end of someone's first connection: it names the shard. */
  function shardOf(person, kind) {
    return until(`${person.name} is connected`, () => person.page.evaluate(async (list) => {
      const stats = await window.heliograph.room[list][0]?.pc?.getStats();
      const all = [...(stats?.values() ?? [])];
      const transport = all.find(({ type }) => type === 'transport');
      const pair = all.find(({ id }) => id === transport?.selectedCandidatePairId);
      return all.find(({ id }) => id === pair?.remoteCandidateId)?.port;
    }, kind));
  }
});
