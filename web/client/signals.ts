// SPDX-License-Identifier: Apache-2.0
/**
 * The wire: every signal a client sends, every ack and push it gets back, and the codes in them.
 * The types follow the signalling contract; a reference such as B-5 is a clause of the server's behaviour.
 */

/** Kind of room: group room, the same with audio only, call of two. */
export type Channel = 'm2m' | 'a2m' | 'p2p';
/** What a session publishes: a camera and microphone, or a screen. */
export type Category = 'stream' | 'screenshare';
export type Host = 'iOS' | 'iOS_EX' | 'Android' | 'Web' | 'Web_Studio' | 'Server';
/** What a user may do in the room (B-14). Only publishers and admins may send OFFER. */
export type Role = 'publisher' | 'viewer' | 'admin';

/** Names a session within a room. */
export interface SessionAddress {
  userId: string;
  sessionId: string;
}

/** The `ss` of a signal: who speaks. */
export interface SessionInfo extends SessionAddress {
  category: Category;
  host: Host;
  deviceId: string;
}

/** Fields that every signal carries. */
export interface SignalCommon {
  ch: Channel;
  ss: SessionInfo;
  /** Room id. */
  rid: string;
  /** Comes back as `b.tid` of the ack (B-8). */
  tid?: string | number;
}

export interface JoinSignal extends SignalCommon {
  s: 'JOIN';
  /** Whether video / audio is enabled. */
  ve: boolean;
  ae: boolean;
  token?: string;
  op?: { roomCreating?: boolean };
}

export interface LeaveSignal extends SignalCommon {
  s: 'LEAVE';
}

export interface HeartbeatSignal extends SignalCommon {
  s: 'HEARTBEAT';
  bid: string | number;
  /** No ack is sent when false. */
  send_ack?: boolean;
}

/** At least one of the two must stand there (B-51). */
export interface UpdateSignal extends SignalCommon {
  s: 'UPDATE';
  ve?: boolean;
  ae?: boolean;
}

export interface OfferSignal extends SignalCommon {
  s: 'OFFER';
  sdp: string;
  op?: {
    /** The uplink goes on: same publication, same watchers (B-22). */
    restarting?: boolean;
    hlsForwarding?: boolean;
  };
}

export interface AnswerSignal extends SignalCommon {
  s: 'ANSWER';
  to: SessionAddress;
  sdp: string;
}

export interface IceSignal extends SignalCommon {
  s: 'ICE';
  to: SessionAddress;
  /** `candidate:…`, or `""` for the end of candidates (B-41). */
  sdp: string;
}

export interface WatchSignal extends SignalCommon {
  s: 'WATCH';
  to: SessionAddress;
  /** A new offer on the same connection, with an ICE restart (B-33). */
  op?: { restarting?: boolean };
}

export interface UnpublishSignal extends SignalCommon {
  s: 'UNPUBLISH';
}

export type Signal =
  | JoinSignal
  | LeaveSignal
  | HeartbeatSignal
  | UpdateSignal
  | OfferSignal
  | AnswerSignal
  | IceSignal
  | WatchSignal
  | UnpublishSignal;

export type SignalName = Signal['s'];

/** The `action` of the envelope `{action, data}` that carries each signal (B-1). */
export const actions: Readonly<Record<SignalName, string>> = {
  JOIN: 'join',
  LEAVE: 'leave',
  HEARTBEAT: 'heartbeat',
  UPDATE: 'updateVideo',
  OFFER: 'offer',
  ANSWER: 'answer',
  ICE: 'iceCandidate',
  WATCH: 'watch',
  UNPUBLISH: 'unpublish',
};

/** One publishing session, as the lists have it. */
export interface PublishEntry {
  /** The userId (B-12). */
  id: string;
  userId?: string;
  username: string;
  fullname: string;
  avatar: string;
  sessionId: string;
  host: Host;
  category: Category;
  deviceId: string;
  /** What the publisher has enabled now (B-31). */
  video: boolean;
  audio: boolean;
}

export interface JoinAck {
  rid: string;
  pt: Role;
  eg?: string;
  owner?: string | null;
  /** Grows with each list of the room; an older list is dropped. */
  rev: number;
  icfg?: { is?: string[]; iceServers?: RTCIceServer[] };
  /** Milliseconds. */
  hb?: { interval: number; timeout: number };
  pps: PublishEntry[];
}

export interface OfferAck {
  rid: string;
  /** The answer. */
  sdp: string;
  sessionId?: string;
}

export interface WatchAck {
  rid: string;
  /** One entry for each watched session, with its offer. */
  pps: (PublishEntry & { sdp: string })[];
}

/** The body of the success ack of each signal that has one. ANSWER, ICE and UPDATE have none: silence is acceptance (B-7). */
export interface AckBodies {
  JOIN: JoinAck;
  LEAVE: { rid: string };
  HEARTBEAT: { rid: string; bid: string | number; pps: PublishEntry[] };
  OFFER: OfferAck;
  WATCH: WatchAck;
  UNPUBLISH: { rid: string; sessionId: string };
}

export type AckedName = keyof AckBodies;

/** What the server says unasked. */
export interface PushBodies {
  PUBLISH_LIST_CHANGED: { rid: string; rev: number; pps: PublishEntry[] };
  SESSION_REPLACED: { rid: string; sessionId: string };
  KICKED: { rid: string; sessionId: string; by: string };
  ROOM_CLOSED: { rid: string; reason: string };
  KEEP_ALIVE: Record<string, never>;
}

export type PushName = keyof PushBodies;
/** A push with its name, so that `switch (push.s)` knows the body. */
export type Push = { [S in PushName]: { s: S; b: PushBodies[S] } }[PushName];

const pushNames: ReadonlySet<string> = new Set<PushName>([
  'PUBLISH_LIST_CHANGED',
  'SESSION_REPLACED',
  'KICKED',
  'ROOM_CLOSED',
  'KEEP_ALIVE',
]);

export function isPushName(name: string): name is PushName {
  return pushNames.has(name);
}

/** The codes of acks. */
export const Code = {
  ok: 200,
  internalServerError: 500,
  invalidSignal: 2001,
  unsupportedChannel: 2002,
  roomNotFound: 4001,
  notRoomMember: 4002,
  recipientNotMember: 4003,
  alreadyExistRoom: 4022,
  alreadyIsPublisher: 4023,
  userLeft: 4024,
  roomFull: 4025,
  permissionNotFound: 4051,
  unauthorized: 4052,
  banned: 4053,
} as const;

/** What the server sends: an ack or a push. */
export interface ServerMessage {
  c: number;
  s: string;
  b: Record<string, unknown>;
}

/** Reads a text frame; null for what is not a server message. */
export function parseServerMessage(text: string): ServerMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value) || typeof value['c'] !== 'number' || typeof value['s'] !== 'string') return null;
  return { c: value['c'], s: value['s'], b: isRecord(value['b']) ? value['b'] : {} };
}

/** The text frame that carries a signal. */
export function encodeSignal(signal: Signal): string {
  return JSON.stringify({ action: actions[signal.s], data: signal });
}

/** One string for a session's address, for use as a key. */
export function addressKey(address: SessionAddress): string {
  return JSON.stringify([address.userId, address.sessionId]);
}

/** The address of a list entry. */
export function entryAddress(entry: PublishEntry): SessionAddress {
  return { userId: entry.userId ?? entry.id, sessionId: entry.sessionId };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
