// SPDX-License-Identifier: Apache-2.0
/** heliograph's signalling client: rooms, publications, subscriptions, calls, and the wire's types. Start at `Room`. */
export { Room } from './room.ts';
export type { RoomEvents, RoomOptions } from './room.ts';
export { Call, CallMedia } from './call.ts';
export type { CallEvents, CallOptions } from './call.ts';
export { Peer } from './peer.ts';
export type { PeerEvents } from './peer.ts';
export { Presence } from './presence.ts';
export type { EndReason, PresenceOptions, PublishRequest, RoomState } from './presence.ts';
export type { TokenSource } from './token.ts';
export { Publication } from './publication.ts';
export type { PublicationEvents, PublishOptions } from './publication.ts';
export type { MediaKind, VideoCodec } from './codec.ts';
export { Subscription } from './subscription.ts';
export type { SubscriptionEvents } from './subscription.ts';
export type { LinkState } from './link.ts';
export { ConnectionError, SignalError } from './errors.ts';
export { Connection } from './connection.ts';
export type { ConnectionEvents } from './connection.ts';
export type { Enabled } from './session.ts';
export { Session } from './session.ts';
export { browserEnvironment } from './environment.ts';
export type { Environment } from './environment.ts';
export type { AudioStats, Direction, MediaStats, SessionStats, VideoStats } from './stats.ts';
export * from './signals.ts';
