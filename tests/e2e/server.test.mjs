// SPDX-License-Identifier: Apache-2.0
// The program itself: its start, its doors, its end.
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { afterEach, describe, test } from 'node:test';
import { launchChromium } from './browsers.mjs';
import { Person } from './page.mjs';
import { RawClient } from './raw-client.mjs';
import { binary, Server } from './server.mjs';
import { until } from './until.mjs';

describe('heliograph serve', options, () => {
  let server;
  afterEach(async () => {
    await server?.end();
    server = undefined;
  });

  const status = async (path) => (await fetch(server.url + path)).status;

  test('an unknown option, a bad value and a bad address end it at once, and are named', () => {
    const cases = [
      [['--no-such-option', '1'], 2, '--no-such-option'],
      [['--udp-port', 'many'], 2, '--udp-port'],
      [['--listen', '0.0.0.0:8080'], 2, '--dev'],
      [['--dev', '--listen', '10.99.0.77:8080'], 1, '10.99.0.77'],
    ];
    for (const [flags, code, named] of cases) {
      const ended = spawnSync(binary, ['serve', ...flags], { encoding: 'utf8', timeout: 5_000 });
      assert.equal(ended.status, code, ended.stderr);
      assert.ok(ended.stderr.includes(named), ended.stderr);
    }
  });

  test('it is healthy and ready, and serves the page', async () => {
    server = await Server.start();
    assert.equal(await status('healthz'), 200);
    assert.equal(await status('readyz'), 200);
    assert.equal(await status(''), 200);
    assert.equal(await status('no-such-page'), 404);
  });

  test('its metrics count what was forwarded', async (t) => {
    server = await Server.start(['--shards', '1']);
    const browser = await launchChromium();
    const ann = await Person.join(browser, server, { name: 'ann', room: 'tea', source: 'camera' });
    const bob = await Person.join(browser, server, { name: 'bob', room: 'tea', source: 'none' });
    await bob.seesFrames(ann, { frames: 30 });
    const { video, audio } = await bob.statsOf(ann);
    const arrived = video.packetsReceived + audio.packetsReceived;
    const forwarded = await until('metrics are at least as new', async () => {
      const now = await server.total('heliograph_packets_forwarded_total');
      return now >= arrived && now;
    }, 2_000);
    t.diagnostic(`${forwarded} packets forwarded, ${arrived} arrived a moment before`);
    assert.equal(await server.total('heliograph_rooms'), 1);
    assert.equal(await server.total('heliograph_sessions'), 2);
    assert.equal(await server.total('heliograph_publications'), 1);
    assert.equal(await server.total('heliograph_downlinks'), 1);
    for (const name of ['srtp_forged', 'datagrams_malformed', 'datagrams_oversized', 'send_failed']) assert.equal(await server.total(`heliograph_${name}_total`), 0, name);
    for (const person of [ann, bob]) await person.click('#leave');
    await until('both have left', async () => (await server.total('heliograph_sessions')) === 0, 2_000);
    await until('their connections are gone', async () => (await server.total('heliograph_peers')) === 0, 2_000);
    await browser.close();
  });

  test('SIGTERM tells and closes everyone, turns newcomers away, and ends it with 0 when all have gone', async () => {
    server = await Server.start(['--grace-period', '20s']);
    const ann = await RawClient.join(server, { rid: 'tea', userId: 'ann' }, { roomCreating: true });
    const slow = await RawClient.join(server, { rid: 'tea', userId: 'slow' });
    slow.socket.pause(); // what it is told it does not read yet
    const ended = server.stop();
    assert.equal((await ann.hear('ROOM_CLOSED')).rid, 'tea');
    assert.equal(await ann.closed, 1001);
    assert.equal(await status('readyz'), 503);
    assert.equal(await status('healthz'), 200);
    await assert.rejects(RawClient.join(server, { rid: 'tea', userId: 'cat' }), /503/);
    slow.socket.resume();
    assert.equal((await slow.hear('ROOM_CLOSED')).rid, 'tea');
    assert.deepEqual(await within(ended, 5_000), { code: 0, signal: null });
    await Promise.all([ann.close(), slow.close()]);
  });

  test('SIGTERM ends it with 0 when the grace period is over, though someone stayed', async () => {
    server = await Server.start(['--grace-period', '1s']);
    const deaf = await RawClient.join(server, { rid: 'tea', userId: 'deaf' }, { roomCreating: true });
    deaf.socket.pause();
    assert.deepEqual(await within(server.stop(), 5_000), { code: 0, signal: null });
    await deaf.close();
  });

  test('whoever vanishes has left when heartbeat and grace are over', async () => {
    server = await Server.start(['--heartbeat-timeout', '1s', '--session-grace', '1s']);
    const ann = await RawClient.join(server, { rid: 'tea', userId: 'ann' }, { roomCreating: true });
    assert.equal(await server.total('heliograph_sessions'), 1);
    ann.socket.terminate();
    await until('the session is gone', async () => (await server.total('heliograph_sessions')) === 0, 5_000); // B-56
    await ann.close();
  });
});

async function within(promise, deadline) {
  let answer;
  promise.then((value) => (answer = { value }));
  return (await until('it ends', () => answer, deadline)).value;
}
