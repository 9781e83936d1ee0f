// SPDX-License-Identifier: Apache-2.0
// Made from docs/reference/schemas by `npm run reference`. Do not edit.

/** userId, sessionId, rid: at most 256 bytes of UTF-8 (B-11). */
export type Id = string;
/** A string of at most 1,024 bytes, or a number. */
export type Scalar = string | number;
/** Names a request; comes back in its ack (B-8). */
export type Tid = string | number;
/** Type of room: group room, the same with audio only, call of two. */
export type Channel = 'm2m' | 'a2m' | 'p2p';
/** What a session publishes: a camera and microphone, or a screen. */
export type Category = 'stream' | 'screenshare';
/** Type of device (B-11). */
export type Host = 'iOS' | 'iOS_EX' | 'Android' | 'Web' | 'Web_Studio' | 'Server';
/** What a user may do in the room (B-14): only publishers and admins may send OFFER. */
export type Role = 'publisher' | 'viewer' | 'admin';
/** High, middle, low, or what fits the connection. */
export type Layer = 'h' | 'm' | 'l' | 'auto';
/** A userId as a String for all sessions of that user, or one session. */
export type UserOrSession = Id | Target;
/** Grows with every list of the room, so that a late one can be dropped (B-60). */
export type Rev = number;

/** `ss`: the session that speaks. */
export interface SessionInfo {
  userId: Id;
  sessionId: Id;
  category: Category;
  host: Host;
  /** May be empty, or missing for the same (B-11, B-51). */
  deviceId?: string;
}
/** `to` as an object: names a session within its room. */
export interface SessionAddress {
  userId: Id;
  sessionId: Id;
}
/** `to` as an object where the user alone is enough. */
export interface Target {
  userId: Id;
  /** userId, sessionId, rid: at most 256 bytes of UTF-8 (B-11). */
  sessionId?: string;
}
/** Fields that every signal carries. Fields that the contract does not know are tolerated. */
export interface SignalCommon {
  ch: Channel;
  ss: SessionInfo;
  rid: Id;
  tid?: Tid;
}
/** An error ack: its code and the first word of `b.msg` say the same. */
export interface ErrorAck {
  c: number;
  s: string;
  b: Refusal;
}
export interface Refusal {
  /** The original `data`, whole; null where there was none (B-5, B-51). */
  req: unknown;
  /** The name of the code, and one sentence that says what is wrong (B-5). */
  msg: string;
  tid?: Tid;
  /** With 500: milliseconds after which to send the signal again (B-32, and message rate limits). */
  retryAfter?: number;
}
/** One element of `pps`: a publishing session; in p2p, a session of the room (B-55). */
export interface PublishEntry {
  /** userId, sessionId, rid: at most 256 bytes of UTF-8 (B-11). */
  id: string;
  userId: Id;
  sessionId: Id;
  /** Empty when unknown (B-12). */
  username: string;
  /** Empty when unknown. */
  fullname: string;
  /** A picture's URL; empty when unknown. */
  avatar: string;
  host: Host;
  category: Category;
  deviceId: string;
  /** What the publisher has enabled now (B-31). */
  video: boolean;
  /** What the publisher has enabled now (B-31). */
  audio: boolean;
  /** URL of the playlist, where the session is packaged as HLS (B-25); an absolute path is one of the server itself. */
  hls?: string;
}
/** An element of `pps` in a WATCH ack. */
export interface OfferedEntry {
  /** userId, sessionId, rid: at most 256 bytes of UTF-8 (B-11). */
  id: string;
  userId: Id;
  sessionId: Id;
  /** Empty when unknown (B-12). */
  username: string;
  /** Empty when unknown. */
  fullname: string;
  /** A picture's URL; empty when unknown. */
  avatar: string;
  host: Host;
  category: Category;
  deviceId: string;
  /** What the publisher has enabled now (B-31). */
  video: boolean;
  /** What the publisher has enabled now (B-31). */
  audio: boolean;
  /** URL of the playlist, where the session is packaged as HLS (B-25); an absolute path is one of the server itself. */
  hls?: string;
  /** The SDP offer. */
  sdp: string;
}
export interface MemberSession {
  sessionId: Id;
  category: Category;
  host: Host;
  deviceId: string;
  publishing: boolean;
}
/** One element of `members` (B-60). */
export interface MemberEntry {
  userId: Id;
  username: string;
  fullname: string;
  avatar: string;
  role: Role;
  sessions: MemberSession[];
}
/** An RTCIceServer. */
export interface IceServer {
  urls: string[];
  /** `expiry:userId`, seconds since 1970, of coturn's REST scheme. */
  username?: string;
  credential?: string;
}
export interface IceConfig {
  /** URLs of STUN servers. */
  is: string[];
  /** STUN and TURN servers, as RTCPeerConnection takes them. */
  iceServers: IceServer[];
}
/** The session is known. Not sent when `send_ack` was false. */
export interface HeartbeatAckMessage {
  c: 200;
  s: 'HEARTBEAT';
  b: HeartbeatAck;
}
export interface HeartbeatAck {
  rid: Id;
  tid?: Tid;
  /** As it was sent; absent when none was. */
  bid?: string | number;
  pps: PublishEntry[];
}
/** ICE servers, with credentials made now. */
export interface IceServersAckMessage {
  c: 200;
  s: 'ICE_SERVERS';
  b: IceServersAck;
}
export interface IceServersAck {
  rid: Id;
  tid?: Tid;
  icfg: IceConfig;
}
/** JOIN succeeded. */
export interface JoinAckMessage {
  c: 200;
  s: 'JOIN';
  b: JoinAck;
}
export interface JoinAck {
  rid: Id;
  tid?: Tid;
  pt: Role;
  eg: 'native';
  /** The userId of the owner, in p2p of who made the room; empty while there is none (B-57). */
  owner: string;
  rev: Rev;
  icfg: IceConfig;
  hb: HeartbeatTimes;
  pps: PublishEntry[];
}
/** Milliseconds. */
export interface HeartbeatTimes {
  interval: number;
  timeout: number;
}
/** KICK succeeded. */
export interface KickAckMessage {
  c: 200;
  s: 'KICK';
  b: KickAck;
}
export interface KickAck {
  rid: Id;
  tid?: Tid;
}
/** LEAVE succeeded. */
export interface LeaveAckMessage {
  c: 200;
  s: 'LEAVE';
  b: LeaveAck;
}
export interface LeaveAck {
  rid: Id;
  tid?: Tid;
}
/** The answer to an OFFER in m2m and a2m. */
export interface OfferAckMessage {
  c: 200;
  s: 'OFFER';
  b: OfferAck;
}
export interface OfferAck {
  rid: Id;
  tid?: Tid;
  /** SDP answer. */
  sdp: string;
  sessionId: Id;
  /** URL of the playlist, where the session is packaged as HLS (B-25); an absolute path is one of the server itself. Absent also where the server has as many streams as it may, or makes no HLS. */
  hls?: string;
}
/** The wish is known; the layer changes with the next key frame. */
export interface SimulcastUpdateAckMessage {
  c: 200;
  s: 'SIMULCAST_UPDATE';
  b: SimulcastUpdateAck;
}
export interface SimulcastUpdateAck {
  rid: Id;
  tid?: Tid;
  to: SessionAddress;
  layer: Layer;
}
/** UNPUBLISH succeeded. */
export interface UnpublishAckMessage {
  c: 200;
  s: 'UNPUBLISH';
  b: UnpublishAck;
}
export interface UnpublishAck {
  rid: Id;
  tid?: Tid;
  sessionId: Id;
}
/** UNWATCH succeeded. */
export interface UnwatchAckMessage {
  c: 200;
  s: 'UNWATCH';
  b: UnwatchAck;
}
export interface UnwatchAck {
  rid: Id;
  tid?: Tid;
  to: Target;
}
/** Offers of what is watched: one entry for each session. */
export interface WatchAckMessage {
  c: 200;
  s: 'WATCH';
  b: WatchAck;
}
export interface WatchAck {
  rid: Id;
  tid?: Tid;
  pps: OfferedEntry[];
}
/** `data` of the action `answer`. The answer to an offer that came by WATCH, or in p2p from the other user (B-40, B-42). */
export interface AnswerSignal extends SignalCommon {
  s: 'ANSWER';
  /** The session whose offer is answered. p2p: also a userId as a String. */
  to: Id | Target;
  /** SDP answer. */
  sdp: string;
}
/** `data` of the action `heartbeat`. The session is alive (B-13). */
export interface HeartbeatSignal extends SignalCommon {
  s: 'HEARTBEAT';
  /** Comes back in the ack. */
  bid?: string | number;
  /** No ack when false; true when missing. */
  send_ack?: boolean;
}
/** `data` of the action `iceServers`. Asks for ICE servers with fresh credentials. */
export interface IceServersSignal extends SignalCommon {
  s: 'ICE_SERVERS';
}
/** `data` of the action `iceCandidate`. A candidate (B-41). */
export interface IceSignal extends SignalCommon {
  s: 'ICE';
  /** m2m, a2m: the own session, the own userId as a String, or absent for the uplink; another session for the downlink to it. p2p: a userId as a String, a session, or absent for the other user. */
  to?: Id | Target | null;
  /** `candidate:…`, `a=candidate:…`, the JSON of an RTCIceCandidateInit, or the end of candidates as an empty text or `a=end-of-candidates`. */
  sdp: string;
}
/** `data` of the action `join`. Enters a room, or with op.roomCreating makes it. Again by the same session: 200 with the state as it is. */
export interface JoinSignal extends SignalCommon {
  s: 'JOIN';
  /** Video is enabled; true when missing (B-51). */
  ve?: boolean;
  /** Audio is enabled; true when missing. */
  ae?: boolean;
  /** JWT, where the connection did not bring one (B-59). */
  token?: string;
  op?: {
    /** Makes the room where it does not exist; 4022 when another user made it (B-58). */
    roomCreating?: boolean;
    /** Asks for MEMBER_LIST_CHANGED. */
    members?: boolean;
    /** How the user is shown; believed in open development mode only, where no token says it. */
    name?: string;
  };
}
/** `data` of the action `kick`. Removes a user or one session from the room; by publishers (B-57). */
export interface KickSignal extends SignalCommon {
  s: 'KICK';
  to: UserOrSession;
  op?: {
    /** Bars the user for the room's life (B-57). */
    ban?: boolean;
  };
}
/** `data` of the action `leave`. Leaves the room; 200 also when not in it (B-54). */
export interface LeaveSignal extends SignalCommon {
  s: 'LEAVE';
}
/** `data` of the action `offer`. m2m, a2m: starts, renegotiates or restarts the session's uplink (B-20 … B-26). p2p: forwarded to the other user (B-42). */
export interface OfferSignal extends SignalCommon {
  s: 'OFFER';
  /** m2m, a2m: ignored, whatever its type (B-20). p2p: a userId as a String, {userId, sessionId}, or absent for the other user. */
  to?: unknown;
  /** SDP offer. */
  sdp: string;
  op?: {
    /** The uplink goes on: same publication, same watchers (B-22). */
    restarting?: boolean;
    /** Package the stream as HLS (B-25). Absent: as before while the publication goes on (a restart, a renegotiation), else not. */
    hlsForwarding?: boolean;
  };
}
/** `data` of the action `publishAccept`. Makes a member a publisher, by the owner or an admin; forwarded bare to who is made one (B-57). No success ack. */
export interface PublishAcceptSignal extends SignalCommon {
  s: 'PUBLISH_ACCEPT';
  to: UserOrSession;
}
/** `data` of the action `publishReject`. Declines a PUBLISH_REQUEST; forwarded bare to who sent it. No success ack. */
export interface PublishRejectSignal extends SignalCommon {
  s: 'PUBLISH_REJECT';
  to: UserOrSession;
}
/** `data` of the action `publishRequest`. A viewer asks to publish; forwarded bare to the owner's sessions (B-57). No success ack. */
export interface PublishRequestSignal extends SignalCommon {
  s: 'PUBLISH_REQUEST';
  /** Wants to send video. */
  ve?: boolean;
  /** Wants to send audio. */
  ae?: boolean;
}
/** `data` of the action `simulcastUpdate`. Which layer of a watched session to send. */
export interface SimulcastUpdateSignal extends SignalCommon {
  s: 'SIMULCAST_UPDATE';
  to: SessionAddress;
  layer: Layer;
  /** No video until a SIMULCAST_UPDATE without it. */
  pause?: boolean;
}
/** `data` of the action `unpublish`. Ends the session's uplink; it stays in the room. */
export interface UnpublishSignal extends SignalCommon {
  s: 'UNPUBLISH';
}
/** `data` of the action `unwatch`. Ends a downlink; 200 also when there is none (B-54). */
export interface UnwatchSignal extends SignalCommon {
  s: 'UNWATCH';
  to: Target1;
}
/** `to` as an object where the user alone is enough. */
export interface Target1 {
  userId: Id;
  /** userId, sessionId, rid: at most 256 bytes of UTF-8 (B-11). */
  sessionId?: string;
}
/** `data` of the action `updateVideo`. What is enabled has changed; everyone gets the list (B-31). At least one of `ve`, `ae` (B-51). */
export interface UpdateSignal extends SignalCommon {
  s: 'UPDATE';
  /** Video is enabled; unchanged when missing. */
  ve?: boolean;
  /** Audio is enabled; unchanged when missing. */
  ae?: boolean;
}
/** `data` of the action `watch`. Asks for an offer of what another session publishes (B-30 … B-34). */
export interface WatchSignal extends SignalCommon {
  s: 'WATCH';
  to: Target2;
  op?: {
    /** A new offer on the same PeerConnection, with an ICE restart (B-33). */
    restarting?: boolean;
  };
}
/** `to` as an object where the user alone is enough. */
export interface Target2 {
  userId: Id;
  /** userId, sessionId, rid: at most 256 bytes of UTF-8 (B-11). */
  sessionId?: string;
}
/** ANSWER was refused. The set of codes is closed (B-6). */
export interface AnswerError extends ErrorAck {
  c: 500 | 2001 | 2002 | 4001 | 4003 | 4024;
  s: 'ANSWER';
}
/** HEARTBEAT was refused. The set of codes is closed (B-6). */
export interface HeartbeatError extends ErrorAck {
  c: 500 | 2001 | 4001;
  s: 'HEARTBEAT';
}
/** ICE_SERVERS was refused. The set of codes is closed (B-6). */
export interface IceServersError extends ErrorAck {
  c: 500 | 2001 | 4001;
  s: 'ICE_SERVERS';
}
/** ICE was refused. The set of codes is closed (B-6). */
export interface IceError extends ErrorAck {
  c: 500 | 2001 | 2002 | 4001 | 4003;
  s: 'ICE';
}
/** JOIN was refused. The set of codes is closed (B-6). */
export interface JoinError extends ErrorAck {
  c: 500 | 2001 | 2002 | 4001 | 4022 | 4025 | 4052 | 4053;
  s: 'JOIN';
}
/** KICK was refused. The set of codes is closed (B-6). */
export interface KickError extends ErrorAck {
  c: 500 | 2001 | 2002 | 4001 | 4002 | 4051;
  s: 'KICK';
}
/** LEAVE was refused. The set of codes is closed (B-6). */
export interface LeaveError extends ErrorAck {
  c: 500 | 2001 | 2002 | 4001;
  s: 'LEAVE';
}
/** OFFER was refused. The set of codes is closed (B-6). */
export interface OfferError extends ErrorAck {
  c: 500 | 2001 | 2002 | 4001 | 4003 | 4051;
  s: 'OFFER';
}
/** PUBLISH_ACCEPT was refused. The set of codes is closed (B-6). */
export interface PublishAcceptError extends ErrorAck {
  c: 500 | 2001 | 2002 | 4001 | 4002 | 4025 | 4051;
  s: 'PUBLISH_ACCEPT';
}
/** PUBLISH_REJECT was refused. The set of codes is closed (B-6). */
export interface PublishRejectError extends ErrorAck {
  c: 500 | 2001 | 2002 | 4001 | 4002 | 4025 | 4051;
  s: 'PUBLISH_REJECT';
}
/** PUBLISH_REQUEST was refused. The set of codes is closed (B-6). */
export interface PublishRequestError extends ErrorAck {
  c: 500 | 2001 | 2002 | 4001 | 4023;
  s: 'PUBLISH_REQUEST';
}
/** SIMULCAST_UPDATE was refused. The set of codes is closed (B-6). */
export interface SimulcastUpdateError extends ErrorAck {
  c: 500 | 2001 | 2002 | 4001 | 4024;
  s: 'SIMULCAST_UPDATE';
}
/** Neither `data.s` nor `action` names a signal (B-4). */
export interface UnknownError extends ErrorAck {
  c: 500 | 2001;
  s: 'UNKNOWN';
}
/** UNPUBLISH was refused. The set of codes is closed (B-6). */
export interface UnpublishError extends ErrorAck {
  c: 500 | 2001 | 2002 | 4001 | 4051;
  s: 'UNPUBLISH';
}
/** UNWATCH was refused. The set of codes is closed (B-6). */
export interface UnwatchError extends ErrorAck {
  c: 500 | 2001 | 2002 | 4001;
  s: 'UNWATCH';
}
/** UPDATE was refused. The set of codes is closed (B-6). */
export interface UpdateError extends ErrorAck {
  c: 500 | 2001 | 2002 | 4001 | 4051;
  s: 'UPDATE';
}
/** WATCH was refused. The set of codes is closed (B-6). */
export interface WatchError extends ErrorAck {
  c: 500 | 2001 | 2002 | 4001 | 4024;
  s: 'WATCH';
}
/** The state of a session's playlist (B-25); to every session in the room, each time it is another. */
export interface HlsStatePush {
  /** Always 200 (B-57). */
  c: 200;
  s: 'HLS_STATE';
  b: HlsState;
}
export interface HlsState {
  rid: Id;
  userId: Id;
  sessionId: Id;
  /** `starting`: asked for, no playlist yet. `live`: the playlist plays. `ended`: it is over. `failed`: nothing that the session publishes can be packaged. */
  state: 'starting' | 'live' | 'ended' | 'failed';
  /** URL of the playlist; an absolute path is one of the server itself. */
  hls: string;
}
/** Every five minutes, so that nothing between closes the socket. */
export interface KeepAlivePush {
  /** Always 200 (B-57). */
  c: 200;
  s: 'KEEP_ALIVE';
  b: KeepAlive;
}
export interface KeepAlive {}
/** The session was removed from the room. */
export interface KickedPush {
  /** Always 200 (B-57). */
  c: 200;
  s: 'KICKED';
  b: Kicked;
}
export interface Kicked {
  rid: Id;
  sessionId: Id;
  /** The userId of who did it (B-57). */
  by: string;
}
/** Who is in the room has changed: the whole list, to sessions that asked with op.members (B-60). */
export interface MemberListChangedPush {
  /** Always 200 (B-57). */
  c: 200;
  s: 'MEMBER_LIST_CHANGED';
  b: MemberListChanged;
}
export interface MemberListChanged {
  rid: Id;
  rev: Rev;
  members: MemberEntry[];
}
/** Who publishes has changed: the whole list. In p2p, who is in the room (B-55). */
export interface PublishListChangedPush {
  /** Always 200 (B-57). */
  c: 200;
  s: 'PUBLISH_LIST_CHANGED';
  b: PublishListChanged;
}
export interface PublishListChanged {
  rid: Id;
  rev: Rev;
  pps: PublishEntry[];
}
/** The room is no more. */
export interface RoomClosedPush {
  /** Always 200 (B-57). */
  c: 200;
  s: 'ROOM_CLOSED';
  b: RoomClosed;
}
export interface RoomClosed {
  rid: Id;
  reason: string;
}
/** Another socket speaks for the session now (B-10). */
export interface SessionReplacedPush {
  /** Always 200 (B-57). */
  c: 200;
  s: 'SESSION_REPLACED';
  b: SessionReplaced;
}
export interface SessionReplaced {
  rid: Id;
  sessionId: Id;
}

/** Every signal that a client sends. */
export type Signal =
  | OfferSignal
  | AnswerSignal
  | IceSignal
  | WatchSignal
  | JoinSignal
  | LeaveSignal
  | HeartbeatSignal
  | UpdateSignal
  | UnpublishSignal
  | UnwatchSignal
  | SimulcastUpdateSignal
  | KickSignal
  | PublishRequestSignal
  | PublishAcceptSignal
  | PublishRejectSignal
  | IceServersSignal;

/** The `action` of the envelope `{action, data}` that carries each signal (B-1). */
export const actions = {
  OFFER: 'offer',
  ANSWER: 'answer',
  ICE: 'iceCandidate',
  WATCH: 'watch',
  JOIN: 'join',
  LEAVE: 'leave',
  HEARTBEAT: 'heartbeat',
  UPDATE: 'updateVideo',
  UNPUBLISH: 'unpublish',
  UNWATCH: 'unwatch',
  SIMULCAST_UPDATE: 'simulcastUpdate',
  KICK: 'kick',
  PUBLISH_REQUEST: 'publishRequest',
  PUBLISH_ACCEPT: 'publishAccept',
  PUBLISH_REJECT: 'publishReject',
  ICE_SERVERS: 'iceServers',
} as const;

/** The body of the success ack of each signal that has one; for the others silence is acceptance (B-7, B-57). */
export interface AckBodies {
  OFFER: OfferAck;
  WATCH: WatchAck;
  JOIN: JoinAck;
  LEAVE: LeaveAck;
  HEARTBEAT: HeartbeatAck;
  UNPUBLISH: UnpublishAck;
  UNWATCH: UnwatchAck;
  SIMULCAST_UPDATE: SimulcastUpdateAck;
  KICK: KickAck;
  ICE_SERVERS: IceServersAck;
}

/** The body of each push: what the server says unasked. */
export interface PushBodies {
  HLS_STATE: HlsState;
  KEEP_ALIVE: KeepAlive;
  KICKED: Kicked;
  MEMBER_LIST_CHANGED: MemberListChanged;
  PUBLISH_LIST_CHANGED: PublishListChanged;
  ROOM_CLOSED: RoomClosed;
  SESSION_REPLACED: SessionReplaced;
}

export const pushNames = [
  'HLS_STATE',
  'KEEP_ALIVE',
  'KICKED',
  'MEMBER_LIST_CHANGED',
  'PUBLISH_LIST_CHANGED',
  'ROOM_CLOSED',
  'SESSION_REPLACED',
] as const;

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
