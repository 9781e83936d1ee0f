// SPDX-License-Identifier: Apache-2.0
// Who may publish, and who has to go, in browsers with tokens (B-14, B-57, B-59).
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { BarePage } from './bare-page.mjs';
import { launchChromium } from './browsers.mjs';
import { binary, Server } from './server.mjs';
import { until } from './until.mjs';

const secret = 'a secret of more than thirty-two bytes';
const tokenFor = (userId, ...more) =>
  execFileSync(binary, ['token', '--secret', secret, '--kid', 'e2e', '--sub', userId, ...more], { encoding: 'utf8' }).trim();

describe('moderation', options, () => {
  let server, browser, ann, vic, wim;

  before(async () => {
    server = await Server.start(['--token-secrets', `e2e:${secret}`, '--room-max-publishers', '2'], { dev: false });
    browser = await launchChromium();
    ann = await join('ann', { op: { roomCreating: true } }, '--create', '--name', 'Ann');
    await ann.publish();
    vic = await join('vic', {}, '--rid', 'te*', '--name', 'Vic');
    wim = await join('wim');
    await wim.watch(ann.to, { name: 'ann' });
    await wim.seesFrames(15, 'ann');
  });
  after(async () => {
    await browser?.close();
    await server?.end();
  });

  const join = (userId, who = {}, ...claims) => BarePage.join(browser, server, { userId, token: tokenFor(userId, ...claims), ...who });
  const listed = (page, wanted) => until(`${page.name} is told of ${JSON.stringify(wanted)}`, async () => {
    const { pps } = await page.hear('PUBLISH_LIST_CHANGED');
    return JSON.stringify(pps.map(({ userId }) => userId).sort()) === JSON.stringify(wanted);
  }, 20_000);
  const media = (uplinks, downlinks) => until(`the server carries ${uplinks} uplinks and ${downlinks} downlinks`, async () => {
    const seen = [await server.total('heliograph_publications'), await server.total('heliograph_downlinks')];
    return (seen[0] === uplinks && seen[1] === downlinks) || Promise.reject(new Error(seen.join(', ')));
  });
  /** What comes on a connection ceases, while `beside` goes on: what was under way when the server stopped may still arrive. */
  const silent = async (page, name, beside) => {
    const packets = async () => (await page.received(name)).video.packetsReceived;
    await until(`nothing comes on ${name}`, async () => {
      const before = await packets();
      await page.seesFrames(15, beside);
      return (await packets()) === before;
    });
  };

  test('tokens say who someone is, and where (B-2, B-59)', async () => {
    assert.equal(ann.joined.pt, 'publisher');
    assert.equal(vic.joined.pt, 'viewer');
    assert.equal(vic.joined.owner, 'ann');
    await assert.rejects(BarePage.open(browser, server, { userId: 'eve', token: `${tokenFor('eve')}x` }), /no socket/);
    const eve = await BarePage.open(browser, server, { userId: 'eve', token: tokenFor('eve', '--rid', 'coffee') });
    await eve.say('join', { s: 'JOIN', ve: true, ae: true });
    await eve.hear('JOIN', 4052);
    await eve.connect(server.wsUrl);
    await eve.join({}, { token: tokenFor('eve') });
    await eve.say('leave', { s: 'LEAVE' });
    await eve.hear('LEAVE');
  });

  test('a viewer who is let publish is seen', async () => {
    const sdp = await vic.run('offerUplink', 'too early', {});
    await vic.say('offer', { s: 'OFFER', sdp });
    await vic.hear('OFFER', 4051);
    await vic.close('too early');
    await vic.say('publishRequest', { s: 'PUBLISH_REQUEST', ve: true, ae: true });
    const request = await ann.hearBare('PUBLISH_REQUEST');
    assert.equal(request.ss.userId, 'vic');
    await ann.say('publishAccept', { s: 'PUBLISH_ACCEPT', to: { userId: 'vic', sessionId: 'vic-1' } });
    await vic.hearBare('PUBLISH_ACCEPT');
    await vic.publish();
    await listed(wim, ['ann', 'vic']);
    const entry = await wim.watch(vic.to, { name: 'vic' });
    assert.equal(entry.username, 'Vic');
    await wim.seesFrames(15, 'vic');
  });

  test('a publisher more than the room takes is refused', async () => {
    await wim.say('publishRequest', { s: 'PUBLISH_REQUEST', ve: true, ae: true });
    await ann.hearBare('PUBLISH_REQUEST');
    await ann.say('publishAccept', { s: 'PUBLISH_ACCEPT', to: 'wim' });
    await ann.hear('PUBLISH_ACCEPT', 4025);
    await ann.say('publishReject', { s: 'PUBLISH_REJECT', to: 'wim' });
    await wim.hearBare('PUBLISH_REJECT');
    const pat = await BarePage.open(browser, server, { userId: 'pat', token: tokenFor('pat', '--role', 'publisher') });
    await pat.say('join', { s: 'JOIN', ve: true, ae: true });
    await pat.hear('JOIN', 4025);
  });

  test('who stops publishing is no longer seen, and may again', async () => {
    await vic.say('unpublish', { s: 'UNPUBLISH' });
    await vic.hear('UNPUBLISH');
    await listed(wim, ['ann']);
    await media(1, 1);
    await silent(wim, 'vic', 'ann');
    await vic.publish({ name: 'again' });
    await listed(wim, ['ann', 'vic']);
    await wim.watch(vic.to, { name: 'vic again' });
    await wim.seesFrames(15, 'vic again');
  });

  test('only who may kick kicks; who was kicked may come back', async () => {
    await wim.say('kick', { s: 'KICK', to: 'vic' });
    await wim.hear('KICK', 4051);
    await vic.say('kick', { s: 'KICK', to: 'ann' });
    await vic.hear('KICK', 4051);
    await ann.say('kick', { s: 'KICK', to: vic.to });
    await ann.hear('KICK');
    const { by } = await vic.hear('KICKED');
    assert.equal(by, 'ann');
    await listed(wim, ['ann']);
    await media(1, 1);
    await silent(wim, 'vic again', 'ann');
    assert.equal((await vic.join()).pt, 'publisher'); // a role that was given lasts as long as the room
  });

  test('who is banned does not', async () => {
    await ann.say('kick', { s: 'KICK', to: 'vic', op: { ban: true } });
    await ann.hear('KICK');
    await vic.hear('KICKED');
    await vic.say('join', { s: 'JOIN', ve: true, ae: true });
    await vic.hear('JOIN', 4053);
    const other = await BarePage.open(browser, server, { userId: 'vic', sessionId: 'vic-2', token: tokenFor('vic') });
    await other.say('join', { s: 'JOIN', ve: true, ae: true });
    await other.hear('JOIN', 4053);
    await wim.seesFrames(15, 'ann');
  });

  test('the room has an owner again when the first has gone', async () => {
    await wim.say('publishRequest', { s: 'PUBLISH_REQUEST', ve: true, ae: true });
    await ann.hearBare('PUBLISH_REQUEST');
    await ann.say('publishAccept', { s: 'PUBLISH_ACCEPT', to: 'wim' });
    await wim.hearBare('PUBLISH_ACCEPT');
    await ann.say('leave', { s: 'LEAVE' });
    await ann.hear('LEAVE');
    await media(0, 0);
    const xan = await join('xan');
    assert.equal(xan.joined.owner, 'wim');
    await wim.publish();
    await xan.watch(wim.to);
    await xan.seesFrames();
  });
});
