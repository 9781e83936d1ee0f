// SPDX-License-Identifier: Apache-2.0
import type { Environment } from './environment.ts';

export type VideoCodec = 'vp8' | 'h264' | 'vp9' | 'av1';
export type MediaKind = 'audio' | 'video';

/** Not codecs of their own but companions of every one. */
const companions = new Set(['video/rtx', 'video/red', 'video/ulpfec', 'video/flexfec-03']);

/** Lets a transceiver offer one codec only, with its companions. Does nothing where the browser lets no one choose. */
export function preferCodec(transceiver: RTCRtpTransceiver, codec: VideoCodec | null | undefined, environment: Environment): void {
  const all = codec ? environment.senderCodecs('video') : null;
  if (!all || !transceiver.setCodecPreferences) return;
  const wanted = all.filter(({ mimeType }) => mimeType.toLowerCase() === `video/${codec}`);
  if (wanted.length === 0) throw new Error(`this browser cannot send ${codec?.toUpperCase()}`);
  transceiver.setCodecPreferences([...wanted, ...all.filter(({ mimeType }) => companions.has(mimeType.toLowerCase()))]);
}
