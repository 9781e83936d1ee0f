// SPDX-License-Identifier: Apache-2.0
import type Hls from 'hls.js';
import type { ErrorData } from 'hls.js';

/** One of the sizes that a stream comes in. */
export interface Quality {
  /** As the engine counts. */
  index: number;
  /** Pixels; 0 where the playlist does not say. */
  height: number;
  /** bit/s */
  bitrate: number;
}

export type EngineFailure = 'broken' | 'unsupported';

/** What turns a playlist into pictures of a video element: hls.js, or the browser itself. */
export interface Engine {
  /** When what is shown now was made, by the server's clock; null where nobody knows. */
  readonly playingDate: Date | null;
  /** Seconds behind the newest that there is; null before anything is known. */
  readonly latency: number | null;
  /** How many more than intended. */
  readonly lag: number;
  /** The stream is over, and what is left of it is less than a segment. */
  readonly isOver: boolean;
  /** The largest first; empty where there is nothing to choose. */
  readonly qualities: readonly Quality[];
  /** `index` of the one that was chosen; -1: by itself. */
  readonly quality: number;
  setQuality(index: number): void;
  goLive(): void;
  destroy(): void;
}

/** `failed`: nothing more comes of this engine; called later only. Null: the browser cannot play HLS at all. */
export type MakeEngine = (video: HTMLVideoElement, url: string, failed: (why: EngineFailure) => void) => Promise<Engine | null>;

/** The browser's own HLS where it cannot play from a page's buffers (iPhones), else hls.js, which is at that URL. */
export function engineWith(hlsUrl: string): MakeEngine {
  return async (video, url, failed) => {
    if (playsNatively(video)) return new NativeEngine(video, url, failed);
    const { default: Class } = (await import(hlsUrl)) as { default: typeof Hls };
    return Class.isSupported() ? new HlsJsEngine(Class, video, url, failed) : null;
  };
}

function playsNatively(video: HTMLVideoElement): boolean {
  return !('MediaSource' in window) && video.canPlayType('application/vnd.apple.mpegurl') !== '';
}

/** Safari's. */
class NativeEngine implements Engine {
  readonly lag = 0;
  readonly isOver = false; // it says so itself
  readonly qualities = [];
  readonly quality = -1;
  private readonly onError: () => void;

  constructor(
    private readonly video: HTMLVideoElement & { getStartDate?(): Date },
    url: string,
    failed: (why: EngineFailure) => void,
  ) {
    this.onError = () => failed(video.error?.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED ? 'unsupported' : 'broken');
    video.addEventListener('error', this.onError);
    video.src = url;
  }

  get playingDate(): Date | null {
    const start = this.video.getStartDate?.().getTime() ?? NaN; // Safari's alone: the time that position 0 stands for
    return Number.isNaN(start) ? null : new Date(start + this.video.currentTime * 1_000);
  }

  get latency(): number | null {
    const { seekable, currentTime } = this.video;
    return seekable.length > 0 ? seekable.end(seekable.length - 1) - currentTime : null;
  }

  setQuality(): void {}

  goLive(): void {
    const { seekable } = this.video;
    if (seekable.length > 0) this.video.currentTime = seekable.end(seekable.length - 1);
  }

  destroy(): void {
    this.video.removeEventListener('error', this.onError);
    this.video.removeAttribute('src');
    this.video.load();
  }
}

class HlsJsEngine implements Engine {
  private readonly hls: Hls;
  private repairs = 0;

  constructor(
    Class: typeof Hls,
    video: HTMLVideoElement,
    url: string,
    private readonly failed: (why: EngineFailure) => void,
  ) {
    this.hls = new Class({
      lowLatencyMode: true,
      enableWorker: false, // fMP4 is handed through: there is nothing to work on
      maxLiveSyncPlaybackRate: 1.05, // what was lost to a hiccup is caught up with, unheard
      backBufferLength: 60,
    });
    this.hls.on(Class.Events.ERROR, (_, error) => this.onError(error));
    this.hls.loadSource(url);
    this.hls.attachMedia(video);
  }

  get playingDate(): Date | null {
    return this.hls.playingDate;
  }

  get latency(): number | null {
    return this.hls.latency > 0 ? this.hls.latency : null;
  }

  get lag(): number {
    const { latency, targetLatency } = this.hls;
    return targetLatency === null ? 0 : Math.max(0, latency - targetLatency);
  }

  get isOver(): boolean {
    const { latestLevelDetails: details, media } = this.hls;
    return details !== null && media !== null && !details.live && media.currentTime > details.edge - details.targetduration;
  }

  get qualities(): readonly Quality[] {
    const { levels } = this.hls;
    const all = levels.map(({ height, bitrate }, index) => ({ index, height, bitrate }));
    // The same picture with another sound is no other quality.
    const first = all.filter(({ index }) => levels.findIndex(({ uri }) => uri === levels[index]?.uri) === index);
    return first.length > 1 ? first.sort((a, b) => b.height - a.height || b.bitrate - a.bitrate) : [];
  }

  get quality(): number {
    return this.hls.autoLevelEnabled ? -1 : this.hls.nextLevel;
  }

  setQuality(index: number): void {
    this.hls.nextLevel = index;
  }

  goLive(): void {
    const { liveSyncPosition, media } = this.hls;
    if (liveSyncPosition !== null && media) media.currentTime = liveSyncPosition;
  }

  destroy(): void {
    this.hls.destroy();
  }

  /** What is not fatal hls.js sees to itself. */
  private onError({ fatal, type, details }: ErrorData): void {
    if (!fatal) return;
    if (details === 'manifestIncompatibleCodecsError' || details === 'bufferAddCodecError') return this.failed('unsupported');
    if (type === 'mediaError' && this.repairs++ === 0) return this.hls.recoverMediaError();
    this.failed('broken');
  }
}
