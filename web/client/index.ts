// SPDX-License-Identifier: Apache-2.0
/** heliograph's signalling client: rooms, publications, subscriptions, and the wire's types. Start at `Room`. */
export { Room } from './room.ts';
export type { EndReason, RoomEvents, RoomOptions, RoomState } from './room.ts';
export { Publication } from './publication.ts';
export type { MediaKind, PublicationEvents, PublishOptions, VideoCodec } from './publication.ts';
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
