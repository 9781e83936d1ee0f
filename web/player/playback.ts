// SPDX-License-Identifier: Apache-2.0
import { Emitter } from '../client/emitter.ts';
import type { Engine, EngineFailure, MakeEngine, Quality } from './engine.ts';

export type PlaybackState =
  /** There is no stream at that URL; asked for again and again. */
  | 'waiting'
  /** It could not be asked for, or broke; asked for again and again. */
  | 'lost'
  | 'starting'
  | 'playing'
  | 'buffering'
  | 'paused'
  /** It is over; should another one begin at that URL, that is played. */
  | 'ended'
  /** Not without a better link. Final. */
  | 'refused'
  /** The browser cannot. Final. */
  | 'unsupported';

export interface PlaybackEvents {
  state: PlaybackState;
}

/** What a playback needs of the world, so that a test can replace it. */
export interface PlaybackEnvironment {
  fetch(url: string, options: RequestInit): Promise<Response>;
  now(): number;
  random(): number;
  setTimeout(work: () => void, ms: number): unknown;
  clearTimeout(timer: never): void;
}

export const browserPlayback: PlaybackEnvironment = {
  fetch: (url, options) => fetch(url, options),
  now: () => Date.now(),
  random: () => Math.random(),
  setTimeout: (work, ms) => setTimeout(work, ms),
  clearTimeout: (timer) => clearTimeout(timer),
};

const longestWait = 10_000;
/** ms of buffering after which to look whether the stream is over. */
const endCheck = 1_000;
/** ms; HTTP's Date has whole seconds, so a smaller difference of the clocks says nothing. */
const clockNoise = 2_000;
/** s; a delay that cannot be: then the clocks are wrong. */
const longestDelay = 24 * 3_600;

/** ms until the next attempt: 1 s, doubled up to 10 s, less up to a quarter, so that not all players come at once. */
export function waitBefore(attempt: number, random: number): number {
  return Math.min(longestWait, 1_000 * 2 ** Math.min(attempt, 10)) * (1 - random / 4);
}

/** How far the server's clock is ahead of ours, in ms, by an answer's headers; 0 where it cannot be told. */
export function clockAhead(headers: Pick<Headers, 'get'>, now: number): number {
  const date = Date.parse(headers.get('Date') ?? '') + Number(headers.get('Age') ?? 0) * 1_000 + 500;
  const ahead = date - now;
  return Number.isNaN(ahead) || Math.abs(ahead) < clockNoise ? 0 : ahead;
}

/** The first playlist that a multivariant playlist names: another one means another stream. */
export function identityOf(playlist: string): string {
  return playlist.split('\n').find((line) => line !== '' && !line.startsWith('#')) ?? '';
}

/** Plays the HLS stream of a URL in a video element, from before its beginning to after its end. */
export class Playback extends Emitter<PlaybackEvents> {
  private current: PlaybackState = 'starting';
  private engine: Engine | null = null;
  private attempt = 0;
  private timer: unknown;
  private ahead = 0;
  private identity = '';
  private readonly stopped = new AbortController();

  /** `play` starts the video element, and knows what to do where the browser forbids sound. */
  constructor(
    private readonly video: HTMLVideoElement,
    private readonly url: string,
    private readonly makeEngine: MakeEngine,
    private readonly play: () => void,
    private readonly environment: PlaybackEnvironment = browserPlayback,
  ) {
    super();
    const on = (name: string, act: () => void) => video.addEventListener(name, () => this.engine && act(), { signal: this.stopped.signal });
    on('playing', () => this.onPlaying());
    on('waiting', () => this.state === 'playing' && this.onBuffering());
    on('pause', () => !video.ended && this.onPause());
    on('ended', () => this.onEnded());
  }

  get state(): PlaybackState {
    return this.current;
  }

  /** Seconds from the camera's server to the eye; null where nothing plays. */
  get delay(): number | null {
    if (!this.engine || !['playing', 'buffering', 'paused'].includes(this.state)) return null;
    const { playingDate, latency } = this.engine;
    const delay = playingDate ? (this.environment.now() + this.ahead - playingDate.getTime()) / 1_000 : NaN;
    return delay >= 0 && delay < longestDelay ? delay : latency;
  }

  /** Seconds that it is later than it could be: after a pause, or sought back. */
  get lag(): number {
    return this.engine?.lag ?? 0;
  }

  get qualities(): readonly Quality[] {
    return this.engine?.qualities ?? [];
  }

  get quality(): number {
    return this.engine?.quality ?? -1;
  }

  setQuality(index: number): void {
    this.engine?.setQuality(index);
  }

  goLive(): void {
    this.engine?.goLive();
    this.play();
  }

  start(): void {
    void this.look();
  }

  stop(): void {
    this.stopped.abort();
    this.release();
  }

  /** Asks for the playlist, and plays it once it is there. The server holds a request for what may come soon. */
  private async look(): Promise<void> {
    const { signal } = this.stopped;
    try {
      const response = await this.environment.fetch(this.url, { cache: 'no-store', signal });
      const text = await response.text();
      if (signal.aborted) return;
      if (response.ok) await this.onFound(response, text);
      else this.onMissing(response.status);
    } catch {
      if (!signal.aborted) this.again('lost');
    }
  }

  private async onFound({ headers }: Response, text: string): Promise<void> {
    const identity = identityOf(text);
    if (this.state === 'ended' && identity === this.identity) return this.again('ended');
    this.identity = identity;
    this.ahead = clockAhead(headers, this.environment.now());
    this.enter('starting');
    const engine = await this.makeEngine(this.video, this.url, (why) => this.engine === engine && this.onFailed(why));
    if (!engine) return this.enter('unsupported');
    if (this.stopped.signal.aborted) return engine.destroy();
    this.engine = engine;
    this.play();
  }

  private onMissing(status: number): void {
    if (status === 401 || status === 403) this.enter('refused');
    else this.again(status === 404 ? 'waiting' : 'lost');
  }

  private onFailed(why: EngineFailure): void {
    this.release();
    if (why === 'unsupported') this.enter('unsupported');
    else this.again('lost');
  }

  /** hls.js 1.7.4 leaves out the last part of a stream that ends, where other parts of its segment were loaded, and never says `ended`. */
  private onBuffering(): void {
    this.enter('buffering');
    const look = () => {
      if (this.engine?.isOver) this.onEnded();
      else this.timer = this.environment.setTimeout(look, endCheck);
    };
    this.timer = this.environment.setTimeout(look, endCheck);
  }

  private onPause(): void {
    this.environment.clearTimeout(this.timer as never);
    this.enter('paused');
  }

  private onPlaying(): void {
    this.attempt = 0;
    this.environment.clearTimeout(this.timer as never);
    this.enter('playing');
  }

  private onEnded(): void {
    this.release();
    this.again('ended');
  }

  /** What has ended stays so in words, until there is something else to play. */
  private again(state: 'waiting' | 'lost' | 'ended'): void {
    this.enter(this.state === 'ended' ? 'ended' : state);
    const wait = waitBefore(this.attempt++, this.environment.random());
    this.timer = this.environment.setTimeout(() => void this.look(), wait);
  }

  private release(): void {
    this.environment.clearTimeout(this.timer as never);
    const engine = this.engine;
    this.engine = null; // first: what the video says while it is emptied is not the stream's
    engine?.destroy();
  }

  private enter(state: PlaybackState): void {
    if (state === this.current) return;
    this.current = state;
    this.emit('state', state);
  }
}
