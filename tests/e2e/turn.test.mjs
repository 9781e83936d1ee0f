// SPDX-License-Identifier: Apache-2.0
// A browser that may only use relays reaches the room by a real coturn, with the credentials that the server gives.
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BarePage } from './bare-page.mjs';
import { launchChromium } from './browsers.mjs';
import { Coturn } from './coturn.mjs';
import { Server } from './server.mjs';

describe('TURN', options, () => {
  let coturn, server, browser, ann;
  const ttl = 600;

  before(async () => {
    coturn = await Coturn.start();
    server = await Server.start([...coturn.urls.flatMap((url) => ['--turn-urls', url]), '--turn-secret', coturn.secret, '--turn-ttl', `${ttl}s`]);
    browser = await launchChromium();
    ann = await BarePage.join(browser, server, { userId: 'ann', op: { roomCreating: true } });
    await ann.publish();
  });
  after(async () => {
    await browser?.close();
    await server?.end();
    await coturn?.end();
  });

  const turnOf = (icfg) => icfg.iceServers.find(({ urls }) => [urls].flat().some((url) => url.startsWith('turn:')));
  /** Only relays, and only those that are reached over `transport`. */
  const onlyRelays = (icfg, transport) => {
    const server = turnOf(icfg);
    const urls = [server.urls].flat().filter((url) => url.endsWith(`transport=${transport}`));
    assert.equal(urls.length, 1);
    return { iceTransportPolicy: 'relay', iceServers: [{ ...server, urls }] };
  };

  test('JOIN brings credentials in coturn’s scheme, for this user and a while', () => {
    const { username, credential } = turnOf(ann.joined.icfg);
    const expiry = Number(username.split(':')[0]);
    const left = expiry - Date.now() / 1_000;
    assert.ok(left > ttl - 60 && left <= ttl + 1, `${left} s`);
    assert.deepEqual({ username, credential }, coturn.credentials('ann', expiry));
  });

  for (const transport of ['udp', 'tcp']) {
    test(`a browser publishes and watches through a relay reached over ${transport}`, async (t) => {
      const bob = await BarePage.join(browser, server, { userId: `bob-${transport}` });
      const config = onlyRelays(bob.joined.icfg, transport);
      await bob.publish({ config });
      await bob.watch(ann.to, { config });
      await ann.watch(bob.to, { name: `of ${transport}` });
      await Promise.all([bob.seesFrames(30), ann.seesFrames(30, `of ${transport}`)]);
      for (const name of ['up', 'down']) {
        const { local, remote } = await bob.pair(name);
        t.diagnostic(`${name}: ${JSON.stringify({ local, remote })}`);
        assert.equal(local.candidateType, 'relay');
        assert.equal(local.relayProtocol, transport);
        assert.ok(local.port >= coturn.relayPorts.min && local.port <= coturn.relayPorts.max);
        assert.equal(remote.candidateType, 'host');
      }
      await bob.say('leave', { s: 'LEAVE' });
      await bob.hear('LEAVE');
    });
  }

  test('ICE_SERVERS brings fresh credentials that coturn takes', async () => {
    const cat = await BarePage.join(browser, server, { userId: 'cat' });
    await cat.say('iceServers', { s: 'ICE_SERVERS' });
    const { icfg } = await cat.hear('ICE_SERVERS');
    assert.ok(parseInt(turnOf(icfg).username, 10) >= parseInt(turnOf(cat.joined.icfg).username, 10));
    const found = await cat.run('gather', 'fresh', onlyRelays(icfg, 'udp'));
    assert.ok(found.some(({ candidate }) => / typ relay /.test(candidate ?? '')), JSON.stringify(found));
  });

  test('what has expired, and what is another’s, is refused by coturn', async () => {
    const now = Math.floor(Date.now() / 1_000);
    const good = coturn.credentials('ann', now + 60);
    for (const [name, credentials] of Object.entries({
      expired: coturn.credentials('ann', now - 60),
      forged: { ...good, username: good.username.replace('ann', 'eve') },
    })) {
      const config = onlyRelays(ann.joined.icfg, 'udp');
      const found = await ann.run('gather', name, { ...config, iceServers: [{ ...config.iceServers[0], ...credentials }] });
      assert.ok(found.every(({ candidate }) => !candidate), name);
      assert.ok(found.some(({ errorCode }) => errorCode === 401), `${name}: ${JSON.stringify(found)}`);
    }
  });
});
