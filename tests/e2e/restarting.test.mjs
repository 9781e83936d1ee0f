// SPDX-License-Identifier: Apache-2.0
// `op.restarting` as a foreign client may say it: whatever a publisher's connection goes through, a watcher's picture
// does not stop (B-22, B-23). recovery.test.mjs has what the project's page does by itself.
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BarePage } from './bare-page.mjs';
import { launchChromium } from './browsers.mjs';
import { Server } from './server.mjs';
import { until } from './until.mjs';

describe('restarting', options, () => {
  let server, browser, ann, bob;

  before(async () => {
    server = await Server.start(['--shards', '2']);
    browser = await launchChromium();
    ann = await BarePage.join(browser, server, { userId: 'ann', op: { roomCreating: true } });
    bob = await BarePage.join(browser, server, { userId: 'bob' });
    await ann.publish();
    await bob.watch(ann.to);
    await bob.seesFrames();
  });
  after(async () => {
    await browser?.close();
    await server?.end();
  });

  const state = async () => {
    const { video, audio, track } = await bob.received();
    return {
      same: { track, video: video.ssrc, audio: audio.ssrc, lost: video.packetsLost, audioLost: audio.packetsLost },
      frozen: video.totalFreezesDuration,
      frames: video.framesDecoded,
    };
  };

  /** What `change` does is not noticed by bob; nothing is said to him either. */
  async function unnoticed(t, change) {
    const before = await state();
    await bob.run('forget');
    await bob.run('frameGaps');
    await change();
    await bob.seesFrames(45);
    const after = await state();
    const { shown, longest } = await bob.run('frameGaps');
    t.diagnostic(`longest time between two pictures ${Math.round(longest)} ms, frozen ${after.frozen - before.frozen} s`);
    assert.deepEqual(after.same, before.same);
    assert.ok(after.frames > before.frames);
    assert.ok(shown > 0);
    // Tenths of a second are a busy machine's; waiting for a layer, for consent or for a keyframe that nobody asks for is more.
    assert.ok(after.frozen - before.frozen < 1, `frozen for ${after.frozen - before.frozen} s`);
    assert.deepEqual(await bob.run('inbox'), []);
  }
  const ufrag = (sdp) => /a=ice-ufrag:(\S+)/.exec(sdp)[1];
  let answer;

  test('an ICE restart on the same connection', async (t) => {
    await unnoticed(t, async () => {
      const first = await ann.restartIce();
      answer = await ann.restartIce();
      assert.notEqual(ufrag(first), ufrag(answer));
    });
    assert.equal(await ann.run('state', 'up'), 'connected');
  });

  test('another connection, and the old one is closed when it is up', async (t) => {
    await unnoticed(t, async () => {
      await ann.publish({ name: 'second', op: { restarting: true } });
      await ann.close('up');
    });
  });

  test('another connection, and both send for a while', async (t) => {
    await unnoticed(t, async () => {
      await ann.publish({ name: 'third', op: { restarting: true } });
      await bob.seesFrames(45);
    });
    await ann.close('second');
  });

  test('another connection that does not come up, and then one that does', async (t) => {
    await unnoticed(t, async () => {
      const sdp = await ann.run('offerUplink', 'never', {});
      await ann.say('offer', { s: 'OFFER', sdp, op: { restarting: true } });
      await ann.hear('OFFER'); // and nothing is done with the answer
      await bob.seesFrames(30);
      await ann.publish({ name: 'fourth', op: { restarting: true } });
      await ann.close('third');
    });
    await ann.close('never');
  });

  // The old one is gone before: there is a hole in what was sent, none in what bob is told.
  test('another connection after the old one was closed', async () => {
    const before = await state();
    await bob.run('forget');
    await ann.close('fourth');
    await ann.publish({ name: 'fifth', op: { restarting: true } });
    await bob.seesFrames(45);
    assert.deepEqual((await state()).same, before.same);
    assert.deepEqual(await bob.run('inbox'), []);
  });

  test('without `restarting` another connection is another publication (B-23)', async () => {
    await bob.close('down');
    await ann.publish({ name: 'sixth' });
    await ann.close('fifth');
    await bob.watch(ann.to, { name: 'down again' });
    await bob.seesFrames(30, 'down again');
    await bob.close('down again');
  });

  test('with no uplink there any more it is a fresh start', async () => {
    await ann.say('unpublish', { s: 'UNPUBLISH' });
    await ann.hear('UNPUBLISH');
    await ann.close('sixth');
    await ann.publish({ name: 'seventh', op: { restarting: true } });
    await bob.watch(ann.to, { name: 'third down' });
    await bob.seesFrames(30, 'third down');
  });

  test('and so it is on a server that has been restarted', async () => {
    await server.end();
    server = await Server.start();
    for (const page of [ann, bob]) {
      await page.hear('CLOSED', 1006);
      await page.connect();
    }
    await ann.join({ roomCreating: true });
    await bob.join();
    await ann.publish({ name: 'eighth', op: { restarting: true } });
    await bob.watch(ann.to, { name: 'last down' });
    await bob.seesFrames(30, 'last down');
    await until('the server knows of both', async () => (await server.total('heliograph_peers')) === 2);
  });
});
