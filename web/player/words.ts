// SPDX-License-Identifier: Apache-2.0
import type { Quality } from './engine.ts';
import type { PlaybackState } from './playback.ts';

/** What to say over the picture, and what more there is to know; null when the picture speaks. */
export function stateInWords(state: PlaybackState): { words: string; hint: string } | null {
  switch (state) {
    case 'playing':
    case 'paused':
      return null;
    case 'starting':
      return { words: 'Starting…', hint: '' };
    case 'buffering':
      return { words: 'Buffering…', hint: '' };
    case 'waiting':
      return { words: 'The stream has not started yet', hint: 'It plays here by itself as soon as it does.' };
    case 'lost':
      return { words: 'The stream cannot be reached', hint: 'Trying again…' };
    case 'ended':
      return { words: 'The stream has ended', hint: 'Should it start again, it plays here by itself.' };
    case 'refused':
      return { words: 'This link does not let you in', hint: 'Ask whoever sent it to you for a new one.' };
    case 'unsupported':
      return { words: 'This browser cannot play the stream', hint: 'Try another one, or a newer version.' };
  }
}

export function delayInWords(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** By its height, where that tells it from the others; layers of a simulcast may begin alike. */
export function qualityInWords({ height, bitrate }: Quality, all: readonly Quality[]): string {
  const rate = `${Math.round(bitrate / 1_000)} kbit/s`;
  if (height === 0) return rate;
  return all.filter((one) => one.height === height).length > 1 ? `${height}p, ${rate}` : `${height}p`;
}
