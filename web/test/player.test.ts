// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Engine, EngineFailure, MakeEngine } from '../player/engine.ts';
import { playerLink, streamAt, withToken } from '../player/place.ts';
import { clockAhead, identityOf, Playback, waitBefore, type PlaybackEnvironment, type PlaybackState } from '../player/playback.ts';
import { delayInWords, qualityInWords, stateInWords } from '../player/words.ts';

const noon = Date.parse('2026-11-22T12:00:00Z');

class FakeEngine implements Engine {
  playingDate: Date | null = null;
  latency: number | null = null;
  lag = 0;
  isOver = false;
  qualities = [];
  quality = -1;
  destroyed = false;
  setQuality(): void {}
  goLive(): void {}
  destroy(): void {
    this.destroyed = true;
  }
}

/** A playback without a browser: answers are told, time goes by hand. */
class Theatre {
  readonly video = Object.assign(new EventTarget(), { ended: false }) as HTMLVideoElement;
  readonly engines: FakeEngine[] = [];
  readonly waits: number[] = [];
  readonly states: PlaybackState[] = [];
  readonly playback: Playback;
  answer: Response | Error = new Response('', { status: 404 });
  asked = 0;
  capable = true;
  private wake: (() => void) | null = null;
  private fail: (why: EngineFailure) => void = () => {};

  constructor() {
    const environment: PlaybackEnvironment = {
      fetch: async () => {
        this.asked++;
        if (this.answer instanceof Error) throw this.answer;
        return this.answer.clone();
      },
      now: () => noon,
      random: () => 0,
      setTimeout: (work, ms) => (this.waits.push(ms), (this.wake = work)),
      clearTimeout: () => (this.wake = null),
    };
    const makeEngine: MakeEngine = async (_video, _url, failed) => {
      this.fail = failed;
      if (!this.capable) return null;
      this.engines.push(new FakeEngine());
      return this.engines.at(-1) ?? null;
    };
    this.playback = new Playback(this.video, 'https://h/hls/r/u/s/index.m3u8', makeEngine, () => {}, environment);
    this.playback.on('state', (state) => this.states.push(state));
  }

  get engine(): FakeEngine {
    const engine = this.engines.at(-1);
    assert.ok(engine);
    return engine;
  }

  async start(): Promise<void> {
    this.playback.start();
    await settled();
  }

  says(event: string): void {
    this.video.dispatchEvent(new Event(event));
  }

  async breaks(why: EngineFailure): Promise<void> {
    this.fail(why);
    await settled();
  }

  /** The wait is over. */
  async elapse(): Promise<void> {
    const { wake } = this;
    assert.ok(wake, 'something was to be asked again');
    this.wake = null;
    wake();
    await settled();
  }

  get isWaiting(): boolean {
    return this.wake !== null;
  }
}

const settled = () => new Promise((done) => setImmediate(done));
const playlist = (prefix: string, headers = {}) => new Response(`#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n${prefix}/v/list.m3u8\n`, { headers });

async function playing(): Promise<Theatre> {
  const theatre = new Theatre();
  theatre.answer = playlist('abc');
  await theatre.start();
  theatre.says('playing');
  return theatre;
}

test('what has not started is asked for again, more and more seldom, and then plays', async () => {
  const theatre = new Theatre();
  await theatre.start();
  for (let i = 0; i < 5; i++) await theatre.elapse();
  assert.deepEqual(theatre.waits, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  theatre.answer = playlist('abc');
  await theatre.elapse();
  theatre.says('playing');
  assert.deepEqual(theatre.states, ['waiting', 'starting', 'playing']);
});

test('not all players come at once', () => {
  assert.deepEqual([waitBefore(0, 0), waitBefore(0, 1), waitBefore(1_000, 1)], [1_000, 750, 7_500]);
});

test('a link that does not let one in is final, a server that fails is not', async () => {
  for (const status of [401, 403]) {
    const theatre = new Theatre();
    theatre.answer = new Response('', { status });
    await theatre.start();
    assert.deepEqual([theatre.states, theatre.isWaiting], [['refused'], false]);
  }
  for (const answer of [new Response('', { status: 503 }), new TypeError('network')]) {
    const theatre = new Theatre();
    theatre.answer = answer;
    await theatre.start();
    assert.deepEqual([theatre.states, theatre.isWaiting], [['lost'], true]);
  }
});

test('a browser that cannot is told so', async () => {
  const theatre = new Theatre();
  theatre.capable = false;
  theatre.answer = playlist('abc');
  await theatre.start();
  assert.deepEqual([theatre.playback.state, theatre.isWaiting], ['unsupported', false]);
});

test('buffering, pausing and going on are states', async () => {
  const theatre = await playing();
  for (const event of ['waiting', 'playing', 'pause', 'playing']) theatre.says(event);
  assert.deepEqual(theatre.states, ['playing', 'buffering', 'playing', 'paused', 'playing']);
});

test('what breaks is let go of and begun anew', async () => {
  const theatre = await playing();
  const broken = theatre.engine;
  await theatre.breaks('broken');
  assert.deepEqual([broken.destroyed, theatre.playback.state, theatre.playback.delay], [true, 'lost', null]);
  await theatre.elapse();
  theatre.says('playing');
  assert.deepEqual([theatre.engines.length, theatre.playback.state], [2, 'playing']);
});

test('what has ended stays so until another stream begins at its place', async () => {
  const theatre = await playing();
  theatre.says('ended');
  await theatre.elapse(); // kept by the server for a while: the same
  theatre.answer = new Response('', { status: 404 });
  await theatre.elapse();
  assert.deepEqual([theatre.playback.state, theatre.engines.length], ['ended', 1]);
  theatre.answer = playlist('def');
  await theatre.elapse();
  assert.deepEqual([theatre.playback.state, theatre.engines.length], ['starting', 2]);
});

test('a stream that is over and stands still has ended, whatever the engine says', async () => {
  const theatre = await playing();
  theatre.says('waiting');
  await theatre.elapse();
  assert.deepEqual([theatre.playback.state, theatre.isWaiting], ['buffering', true]);
  theatre.engine.isOver = true;
  await theatre.elapse();
  assert.equal(theatre.playback.state, 'ended');
});

test('one that goes on after all has not', async () => {
  const theatre = await playing();
  theatre.says('waiting');
  theatre.engine.isOver = true;
  theatre.says('playing');
  assert.deepEqual([theatre.playback.state, theatre.isWaiting], ['playing', false]);
});

test('nothing is heard of a playback that was stopped', async () => {
  const theatre = await playing();
  theatre.playback.stop();
  theatre.says('waiting');
  assert.deepEqual([theatre.engine.destroyed, theatre.states, theatre.isWaiting], [true, ['playing'], false]);
});

test('the delay is from when a picture was made until now, by the server’s clock', async () => {
  const theatre = new Theatre();
  theatre.answer = playlist('abc', { Date: new Date(noon + 60_000).toUTCString() }); // our clock is a minute slow
  await theatre.start();
  assert.equal(theatre.playback.delay, null); // nothing plays yet
  theatre.says('playing');
  theatre.engine.latency = 1.5;
  assert.equal(theatre.playback.delay, 1.5);
  theatre.engine.playingDate = new Date(noon + 58_000);
  assert.equal(theatre.playback.delay, 2.5);
  theatre.engine.playingDate = new Date(noon + 70_000); // not before it was made
  assert.equal(theatre.playback.delay, 1.5);
});

test('clocks are the same unless the answer’s date says clearly otherwise', () => {
  const headers = (date: string, age?: string) => new Headers({ Date: date, ...(age && { Age: age }) });
  assert.equal(clockAhead(headers(new Date(noon).toUTCString()), noon + 900), 0);
  assert.equal(clockAhead(headers(new Date(noon - 20_000).toUTCString(), '20'), noon), 0); // from a cache
  assert.equal(clockAhead(headers(new Date(noon).toUTCString()), noon + 10_000), -9_500);
  assert.equal(clockAhead(new Headers(), noon), 0);
});

test('a stream is known by its first playlist', () => {
  assert.equal(identityOf('#EXTM3U\n\n#EXT-X-STREAM-INF:BANDWIDTH=1\nabc/v/list.m3u8\nabc/w/list.m3u8\n'), 'abc/v/list.m3u8');
  assert.equal(identityOf(''), '');
});

test('the page’s address says which stream, and the token goes along', () => {
  assert.deepEqual(streamAt('https://h/hls/tea/zo%C3%AB/a%2Fb/'), { room: 'tea', user: 'zoë', playlist: 'https://h/hls/tea/zo%C3%AB/a%2Fb/index.m3u8' });
  assert.equal(streamAt('https://h/cdn/hls/tea/ann/s/?token=a%2Bb&x=1#y')?.playlist, 'https://h/cdn/hls/tea/ann/s/index.m3u8?token=a%2Bb');
  assert.equal(streamAt('https://h/hls/tea/%/s/')?.user, '%');
  assert.equal(streamAt('https://h/player/index.html'), null);
});

test('the link to give away is the page beside the playlist, without a token', () => {
  const playlist = 'https://h/hls/tea/ann/a%2Fb/index.m3u8';
  assert.equal(playerLink(playlist), 'https://h/hls/tea/ann/a%2Fb/');
  assert.equal(playerLink(withToken(playlist, 'secret')), 'https://h/hls/tea/ann/a%2Fb/');
});

test('every state but playing and pausing is said in words', () => {
  const silent = (['waiting', 'lost', 'starting', 'playing', 'buffering', 'paused', 'ended', 'refused', 'unsupported'] as const).filter((state) => stateInWords(state) === null);
  assert.deepEqual(silent, ['playing', 'paused']);
});

test('delays and qualities have their units', () => {
  assert.deepEqual([delayInWords(1.74), delayInWords(59.94), delayInWords(125.2)], ['1.7 s', '59.9 s', '2 min 5 s']);
  const inWords = (...heights: number[]) => {
    const all = heights.map((height, index) => ({ index, height, bitrate: 64_000 * (index + 1) }));
    return all.map((one) => qualityInWords(one, all));
  };
  assert.deepEqual(inWords(720, 360), ['720p', '360p']);
  assert.deepEqual(inWords(0, 360, 360), ['64 kbit/s', '360p, 128 kbit/s', '360p, 192 kbit/s']);
});
