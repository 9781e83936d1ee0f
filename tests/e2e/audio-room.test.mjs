// SPDX-License-Identifier: Apache-2.0
// An a2m room in Chromium: sound only, whatever a client offers.
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launchChromium } from './browsers.mjs';
import { Person, publishWithVideo } from './page.mjs';
import { Server } from './server.mjs';
import { until } from './until.mjs';

describe('an a2m room', options, () => {
  let server, browser, ann, bob;
  const place = { room: 'radio', type: 'a2m' };

  before(async () => {
    server = await Server.start();
    browser = await launchChromium();
    ann = await Person.join(browser, server, { name: 'ann', ...place, source: 'microphone' });
    bob = await Person.join(browser, server, { name: 'bob', ...place, source: 'microphone' });
  });
  after(async () => {
    await browser?.close();
    await server?.end();
  });

  test('two people hear each other and receive no picture', async (t) => {
    for (const [listener, speaker] of [[ann, bob], [bob, ann]]) {
      const tile = await listener.tileOf(speaker);
      assert.equal(tile.video, 'false');
      const stats = await until('audio grows and is not silent', async () => {
        const now = await listener.statsOf(speaker);
        return now?.audio?.packetsReceived > 100 && now.audio.totalAudioEnergy > 0 && now;
      });
      assert.equal(stats.video, null);
      t.diagnostic(`${listener.name}: ${stats.audio.packetsReceived} packets, energy ${stats.audio.totalAudioEnergy.toFixed(3)}`);
    }
  });

  // The page knows not to offer video here; this client does not.
  test('a video line is answered with port 0, and never reaches a viewer', async () => {
    const cat = await Person.join(browser, server, { name: 'cat', ...place, source: 'none' });
    const answer = await cat.page.evaluate(publishWithVideo);
    const lines = answer.split('\r\n').filter((line) => line.startsWith('m='));
    assert.deepEqual(lines.map((line) => line.split(' ')[0]), ['m=audio', 'm=video']);
    assert.equal(lines[1].split(' ')[1], '0');
    assert.notEqual(lines[0].split(' ')[1], '0');
    await bob.tileOf(cat, { video: 'false' });
    const kinds = await bob.page.evaluate(offeredKinds, 'cat');
    assert.deepEqual(kinds, ['audio']);
  });
});

/** Runs in the page: the kinds in the offer for a watched user. */
function offeredKinds(userId) {
  const { subscriptions } = window.heliograph.room;
  const { pc } = subscriptions.find(({ address }) => address.userId === userId);
  return pc.getTransceivers().map(({ receiver }) => receiver.track.kind);
}
