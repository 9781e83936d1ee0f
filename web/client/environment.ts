// SPDX-License-Identifier: Apache-2.0

/** All that the client takes from the world around it, so that a test can be that world. */
export interface Environment {
  openSocket(url: string): WebSocket;
  openPeerConnection(configuration: RTCConfiguration): RTCPeerConnection;
  /** What the browser can send of a kind; null where it does not say. */
  senderCodecs(kind: 'audio' | 'video'): RTCRtpCodec[] | null;
  /** Calls back once after that many milliseconds; the returned function takes it back. */
  after(ms: number, callback: () => void): () => void;
  /** Milliseconds, of a clock that never goes back. */
  now(): number;
  /** Seconds since 1970, as well as this machine knows. */
  unixTime(): number;
  /** A fraction in [0, 1). */
  random(): number;
  /** An id that no one else has. */
  uniqueId(): string;
}

export const browserEnvironment: Environment = {
  openSocket: (url) => new WebSocket(url),
  openPeerConnection: (configuration) => new RTCPeerConnection(configuration),
  senderCodecs: (kind) => RTCRtpSender.getCapabilities?.(kind)?.codecs ?? null,
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  now: () => performance.now(),
  unixTime: () => Date.now() / 1_000,
  random: () => Math.random(),
  uniqueId,
};

/** Not crypto.randomUUID: that is missing where the page came over plain http from another machine. */
function uniqueId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Milliseconds before try `attempt` (0, 1, …): 500 ms doubling up to 10 s, of which a random half is taken off so that clients do not come back all at once. */
export function backoff(attempt: number, environment: Environment): number {
  const ceiling = Math.min(10_000, 500 * 2 ** Math.min(attempt, 10));
  return ceiling * (0.5 + environment.random() / 2);
}
