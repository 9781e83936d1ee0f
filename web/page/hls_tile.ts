// SPDX-License-Identifier: Apache-2.0
import type { HlsState } from '../client/index.ts';
import { engineWith } from '../player/engine.ts';
import { playerLink, withToken } from '../player/place.ts';
import { Playback } from '../player/playback.ts';
import type { MenuChoice, Tile } from './tile.ts';
import { hlsInWords } from './words.ts';

type State = HlsState['state'];

export interface HlsTileOptions {
  /** One's own, for streams that ask for it. */
  token: string | null;
  /** The absolute URL of a playlist. */
  absolute(hls: string): string;
  /** Starts the tile's video. */
  start(): void;
  /** Gives the tile its WebRTC stream back, or spares it. */
  setWebRtc(on: boolean): void;
  /** Gives a link away. */
  share(link: string): void;
}

/** ms between two looks at the delay. */
const refresh = 1_000;

/** The HLS side of a tile: what becomes of the stream, its link, and watching by it instead of by WebRTC. */
export class HlsTile {
  private hls: string | null = null;
  private state: State | null = null;
  private playback: Playback | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly tile: Tile,
    private readonly options: HlsTileOptions,
  ) {}

  /** Whether HLS has the tile's video now. */
  get isWatching(): boolean {
    return this.playback !== null;
  }

  /** By the list, or by the answer to an OFFER. */
  setPlaylist(hls: string | null): void {
    this.hls = hls;
    this.show();
  }

  /** By HLS_STATE; what has ended stays to be read while the tile is there. */
  setState(state: State, hls: string): void {
    this.state = state;
    if (hls) this.hls = hls;
    if (state === 'ended' || state === 'failed') this.setWatching(false);
    this.show();
  }

  /** For the tile's menu. */
  get choices(): MenuChoice[] {
    if (this.tile.isLocal || this.hls === null || this.state === 'ended' || this.state === 'failed') return [];
    const line = (words: string, watching: boolean) => ({
      words,
      checked: this.isWatching === watching,
      act: () => this.setWatching(watching),
    });
    return [line('Watch by WebRTC', false), line('Watch by HLS', true)];
  }

  close(): void {
    clearInterval(this.timer);
    this.playback?.stop();
    this.playback = null;
  }

  private setWatching(watching: boolean): void {
    if (watching === this.isWatching || this.hls === null) return;
    this.close();
    this.options.setWebRtc(!watching);
    if (watching) this.watch(this.hls);
    this.show();
  }

  private watch(hls: string): void {
    const url = withToken(this.options.absolute(hls), this.options.token);
    const engine = engineWith(new URL('./player/hls.js', import.meta.url).href);
    this.playback = new Playback(this.tile.video, url, engine, () => this.options.start());
    this.playback.on('state', () => this.show());
    this.timer = setInterval(() => this.show(), refresh);
    this.playback.start();
  }

  private show(): void {
    const { hls, state, playback } = this;
    const words = hls === null ? null : hlsInWords(state, playback && { state: playback.state, delay: playback.delay });
    const act = () => this.options.share(playerLink(this.options.absolute(hls ?? '')));
    this.tile.setHls(words, { state: state ?? 'live', act });
    this.tile.setPlayback(playback && { state: playback.state, delay: playback.delay });
  }
}
