// SPDX-License-Identifier: Apache-2.0
import type { RoomType } from './choice.ts';
import { delayInWords } from '../player/words.ts';
import type { PlaybackState } from '../player/playback.ts';
import { Code, ConnectionError, SignalError, type EndReason, type HlsState, type Layer, type LinkState, type Role, type SessionStats } from '../client/index.ts';

const refusals: Readonly<Record<number, string>> = {
  [Code.internalServerError]: 'The server failed.',
  [Code.invalidSignal]: 'The server did not accept what this page sent.',
  [Code.unsupportedChannel]: 'The room is of another kind. Choose the other kind of room and join again.',
  [Code.roomNotFound]: 'The room does not exist any more.',
  [Code.notRoomMember]: 'That one is not in the room any more.',
  [Code.userLeft]: 'The other one has left.',
  [Code.roomFull]: 'The room is full.',
  [Code.permissionNotFound]: 'You may only watch in this room.',
  [Code.unauthorized]: 'The server does not let you in: this needs a valid link or token.',
  [Code.banned]: 'You have been barred from this room.',
};

/** An error for the user: what happened, and the server's own words where it gave some. */
export function errorInWords(error: unknown): string {
  if (error instanceof SignalError) {
    return `${refusals[error.code] ?? `The server refused ${error.signal}.`} (${error.code}: ${error.message})`;
  }
  if (error instanceof ConnectionError) return sentence(error.message);
  return error instanceof Error ? error.message : String(error);
}

/** The kinds of room, as a chip says them. */
export function typeInWords(type: RoomType): string {
  return { m2m: 'video', a2m: 'audio', p2p: 'call of two' }[type];
}

/** The layers of a simulcast, as a menu says them. */
export function qualityInWords(layer: Layer): string {
  return { auto: 'Automatic', h: 'High quality', m: 'Medium quality', l: 'Low quality' }[layer];
}

/** What somebody does in a room. */
export function roleInWords(role: Role, owns: boolean, sends: boolean): string {
  if (owns) return 'owner';
  if (role === 'publisher') return sends ? 'sends' : 'may send';
  return role === 'admin' ? 'admin' : 'watches';
}

/** Why the room was left; null when the user chose to. */
export function endInWords(reason: EndReason): string | null {
  switch (reason.kind) {
    case 'left':
      return null;
    case 'kicked':
      return `You were removed from the room${reason.by ? ` by ${reason.by}` : ''}.`;
    case 'closed':
      return reason.reason ? `The room was closed: ${reason.reason}` : 'The room was closed.';
    case 'replaced':
      return 'This session goes on in another window.';
    case 'refused':
      if (reason.error instanceof SignalError && reason.error.code === Code.banned) return 'You were removed from this room and cannot come back.';
      return `You are out of the room. ${errorInWords(reason.error)}`;
  }
}

export function lossInWords(why: string, retryIn: number): string {
  const wait = retryIn < 1_000 ? 'now' : `in ${Math.round(retryIn / 1_000)} s`;
  return `${sentence(why)} Trying again ${wait}. Sound and picture go on if they can.`;
}

/** What a tile says about its connection; null when there is nothing to say. */
export function stateInWords(state: LinkState): string | null {
  if (state === 'connected' || state === 'closed') return null;
  return state === 'failed' ? 'refused' : `${state}…`;
}

/** What a tile says about its HLS stream. */
export function hlsInWords(state: HlsState['state'] | null, watched: { state: PlaybackState; delay: number | null } | null): string {
  if (watched?.delay != null && watched.state === 'playing') return `HLS · ${delayInWords(watched.delay)} behind`;
  if (watched && watched.state !== 'paused' && state !== 'ended') return `HLS · ${playbackWords[watched.state] ?? 'starting…'}`;
  return state === null ? 'HLS' : `HLS · ${{ starting: 'starting…', live: 'live', ended: 'ended', failed: 'not possible' }[state]}`;
}

const playbackWords: Readonly<Partial<Record<PlaybackState, string>>> = {
  buffering: 'buffering…',
  lost: 'cannot be reached',
  ended: 'ended',
  refused: 'refused',
  unsupported: 'not in this browser',
};

/** The figures of a tile, as label and value. */
export function figuresInWords({ video, audio, bitrate, loss, rtt }: SessionStats): [string, string][] {
  const rows: [string, string][] = [];
  if (video?.width && video.height) {
    rows.push(['Picture', `${video.width}×${video.height}`], ['Frames', `${Math.round(video.fps)} fps`]);
    if (video.layers > 1) rows.push(['Layers', String(video.layers)]);
  }
  const codecs = [video?.width ? video.codec : null, audio?.codec?.replace(/^opus$/i, 'Opus')].filter((codec) => codec);
  if (codecs.length > 0) rows.push(['Codec', codecs.join(', ')]);
  rows.push(['Bitrate', bitrateInWords(bitrate)], ['Loss', `${(loss * 100).toFixed(1)} %`]);
  rows.push(['RTT', rtt === null ? '–' : rtt < 10 ? `${rtt.toFixed(1)} ms` : `${Math.round(rtt)} ms`]);
  return rows;
}

function bitrateInWords(bitrate: number): string {
  return bitrate >= 1e6 ? `${(bitrate / 1e6).toFixed(2)} Mbit/s` : `${Math.round(bitrate / 1e3)} kbit/s`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
}
