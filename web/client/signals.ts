// SPDX-License-Identifier: Apache-2.0
/**
 * The wire: every signal a client sends, every ack and push it gets back, and the codes in them. The types are made from
 * docs/reference/schemas; here is what reads and writes the text. A reference such as B-5 is a clause of docs/signals.md.
 */
import { actions, pushNames, type AckBodies, type PushBodies, type SessionAddress, type Signal } from './wire.gen.ts';

export * from './wire.gen.ts';

export type SignalName = Signal['s'];
export type AckedName = keyof AckBodies;
export type PushName = keyof PushBodies;
/** A push with its name, so that `switch (push.s)` knows the body. */
export type Push = { [S in PushName]: { s: S; b: PushBodies[S] } }[PushName];

/** Signals that come from another user as they are: without `c` and `b` (B-1, B-57). */
const bareNames = ['OFFER', 'ANSWER', 'ICE', 'PUBLISH_REQUEST', 'PUBLISH_ACCEPT', 'PUBLISH_REJECT'] as const;
export type BareSignal = Extract<Signal, { s: (typeof bareNames)[number] }>;

const knownPushes: ReadonlySet<string> = new Set(pushNames);
const knownBare: ReadonlySet<string> = new Set(bareNames);

export function isPushName(name: string): name is PushName {
  return knownPushes.has(name);
}

/** What the server itself says: an ack or a push. */
export interface ServerMessage {
  c: number;
  s: string;
  b: Record<string, unknown>;
}

/** Reads a text frame; null for what is not a server message. */
export function parseServerMessage(text: string): ServerMessage | null {
  const value = parse(text);
  if (!isRecord(value) || typeof value['c'] !== 'number' || typeof value['s'] !== 'string') return null;
  return { c: value['c'], s: value['s'], b: isRecord(value['b']) ? value['b'] : {} };
}

/** Reads a text frame that is another user's signal; null for everything else. */
export function parseBareSignal(text: string): BareSignal | null {
  const value = parse(text);
  if (!isRecord(value) || 'c' in value || !knownBare.has(String(value['s']))) return null;
  const { ss } = value;
  const spoken = isRecord(ss) && typeof ss['userId'] === 'string' && typeof ss['sessionId'] === 'string';
  const carries = typeof value['sdp'] === 'string' || String(value['s']).startsWith('PUBLISH');
  return spoken && carries ? (value as unknown as BareSignal) : null;
}

/** The text frame that carries a signal. */
export function encodeSignal(signal: Signal): string {
  return JSON.stringify({ action: actions[signal.s], data: signal });
}

/** One string for a session's address, for use as a key. */
export function addressKey(address: SessionAddress): string {
  return JSON.stringify([address.userId, address.sessionId]);
}

/** The address of a list entry; older servers give only `id`. */
export function entryAddress(entry: { id: string; userId?: string; sessionId: string }): SessionAddress {
  return { userId: entry.userId ?? entry.id, sessionId: entry.sessionId };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
