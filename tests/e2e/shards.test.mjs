// SPDX-License-Identifier: Apache-2.0
// Publisher and viewer on different shards: packets cross between threads.
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launchChromium } from './browsers.mjs';
import { Person } from './page.mjs';
import { RawClient } from './raw-client.mjs';
import { Server } from './server.mjs';
import { until } from './until.mjs';

// Viewers stay with their publisher until it has six more of them than the other shard has work
// (docs/decisions/0015-placement.md); more than this, and those who come next go elsewhere.
const kAtHome = 8;

describe('two shards', options, () => {
  let server, browser;
  const crowd = [];

  before(async () => {
    server = await Server.start(['--shards', '2']);
    browser = await launchChromium();
  });
  after(async () => {
    for (const viewer of crowd) await viewer.close();
    await browser?.close();
    await server?.end();
  });

  /** Who is offered ann's media and has not answered yet: their places are taken. */
  async function crowdAround(rid, userId) {
    for (let i = 0; i < kAtHome; i++) {
      crowd.push(await RawClient.join(server, { rid, userId: `crowd-${i}` }));
      crowd.at(-1).send('watch', { s: 'WATCH', to: { userId } });
      await crowd.at(-1).hear('WATCH');
    }
  }

  test('a publication is seen from the other shard', async (t) => {
    const ann = await Person.join(browser, server, { name: 'ann', room: 'tea', source: 'camera' });
    await crowdAround('tea', 'ann');
    const viewers = [];
    for (const name of ['bob', 'cat', 'dan']) viewers.push(await Person.join(browser, server, { name, room: 'tea', source: 'none' }));
    const shards = await Promise.all([shardOf(ann, 'publications'), ...viewers.map((viewer) => shardOf(viewer, 'subscriptions'))]);
    t.diagnostic(`UDP ports of publisher and viewers: ${shards.join(' ')}`);
    assert.equal(new Set(shards).size, 2, 'all on one shard');
    for (const viewer of viewers) await viewer.seesFrames(ann, { frames: 60 });
    for (const viewer of viewers) assert.ok((await viewer.statsOf(ann)).audio.packetsReceived > 50);
    const forwarded = await server.metric('heliograph_packets_forwarded_total');
    t.diagnostic(`packets forwarded: ${JSON.stringify([...forwarded])}`);
    assert.ok([...forwarded.values()].some((packets) => packets > 0), 'by the shard that is not home: the crowd there took nothing');
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
