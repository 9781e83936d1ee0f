// SPDX-License-Identifier: Apache-2.0
import { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import { browserEnvironment, type Environment } from './environment.ts';
import { ConnectionError, SignalError } from './errors.ts';
import { IceServers } from './ice_servers.ts';
import type { PublishOptions } from './publication.ts';
import { Session, type Enabled } from './session.ts';
import {
  addressKey,
  Code,
  type BareSignal,
  type Category,
  type Channel,
  type HlsState,
  type Host,
  type JoinAck,
  type MemberEntry,
  type PublishEntry,
  type Push,
  type Role,
  type SessionAddress,
  type SessionInfo,
} from './signals.ts';
import { StatsSampler, type SessionStats } from './stats.ts';
import { Token, type TokenSource } from './token.ts';

export interface PresenceOptions {
  /** `ws(s)://host/ws`. */
  url: string;
  /** JWT, or what fetches one; its `sub` must be `userId`. */
  token?: TokenSource | null;
  roomId: string;
  userId: string;
  /** Default: a new one. Give the same again only to take over that very session. */
  sessionId?: string;
  /** What the own session publishes. Default `stream`. */
  category?: Category;
  /** Default `Web`. */
  host?: Host;
  deviceId?: string;
  /** What is switched on when joining. Default: both. */
  enabled?: Enabled;
  /** Ask for the list of members too, not only of those who publish. Default false. */
  members?: boolean;
  /** How one is shown; for servers in open development mode, otherwise the token says it. */
  name?: string;
  /** For tests. */
  environment?: Environment;
}

/** `idle` before `join` and after a failed one; `left` is final. */
export type RoomState = 'idle' | 'joining' | 'joined' | 'reconnecting' | 'left';

/** Why a room was left. */
export type EndReason =
  | { kind: 'left' }
  | { kind: 'kicked'; by: string }
  | { kind: 'closed'; reason: string }
  /** Another socket speaks for the session now (B-10). */
  | { kind: 'replaced' }
  /** The server did not let us back, or failed in a way after which a client must leave. */
  | { kind: 'refused'; error: Error };

/** `Remote` is what arrives, `Local` what is sent. */
export interface PresenceEvents<Remote, Local> {
  state: RoomState;
  /** The connection to the server went away; the next try is in `retryIn` ms. */
  lost: { why: string; retryIn: number };
  /** What one may do here has changed. */
  role: Role;
  /** Who is in the room, where `members` asked for it. */
  members: MemberEntry[];
  /** Somebody sends; it is connecting already. */
  added: Remote;
  /** Somebody does not send any more. */
  removed: Remote;
  published: Local;
  /** A publication ended here. */
  unpublished: Local;
  /** The server refused something that no promise stands for. */
  refused: SignalError;
  /** A playlist appeared, changed its state or went (B-25). */
  hls: HlsState;
  /** A viewer asks for leave to publish; told to the owner (B-57). */
  publishRequest: PublishRequest;
  /** The answer to the own request, or leave that one had not asked for. */
  publishAnswer: { accepted: boolean; by: string };
  ended: EndReason;
}

/** Who wants to publish, and what. */
export interface PublishRequest {
  from: SessionInfo;
  video: boolean;
  audio: boolean;
}

/** Milliseconds that `leave` waits for the server's word. */
const leavePatience = 1_000;

/**
 * Being in a room, whatever its type: joins, stays in over lost connections, leaves, and knows who else is there. Media is
 * the affair of Room and Call.
 */
export abstract class Presence<Remote, Local> extends Emitter<PresenceEvents<Remote, Local>> {
  protected readonly environment: Environment;
  protected readonly connection: Connection;
  protected readonly session: Session;
  protected readonly sampler = new StatsSampler();
  /** Every session that was ever ours: a list may still name one that has just ended. */
  protected readonly own = new Set<string>();
  private readonly token: Token;
  private readonly ice: IceServers;
  private currentState: RoomState = 'idle';
  private currentRole: Role | null = null;
  private currentOwner: string | null = null;
  private currentMembers: MemberEntry[] = [];
  private rev = -1;
  private membersRev = -1;

  constructor(
    protected readonly options: PresenceOptions,
    /** The type of the room. */
    readonly channel: Channel,
  ) {
    super();
    this.environment = options.environment ?? browserEnvironment;
    this.token = new Token(options.token ?? null);
    this.connection = new Connection(() => this.socketUrl(), this.environment);
    this.ice = new IceServers(this.environment, () => void this.refreshIceServers());
    const sessionId = options.sessionId ?? this.environment.uniqueId();
    this.session = this.newSession(options.category ?? 'stream', options.enabled ?? { video: true, audio: true }, sessionId);
    this.listen();
  }

  get state(): RoomState {
    return this.currentState;
  }

  /** What this user may do; null before `join`. */
  get role(): Role | null {
    return this.currentRole;
  }

  /** The userId of the room's owner, as far as one has heard; in p2p who made the room. */
  get owner(): string | null {
    return this.currentOwner;
  }

  /** Who is in the room, where `members` asked for it. */
  get members(): MemberEntry[] {
    return this.currentMembers;
  }

  /** The own session. */
  get address(): SessionAddress {
    return this.session.address;
  }

  /** Creates or joins the room. Rejects with ConnectionError or SignalError; then it may be called again. */
  async join(): Promise<JoinAck> {
    if (this.currentState !== 'idle') throw new Error(`the room is ${this.currentState}`);
    this.enter('joining');
    try {
      await this.connection.open();
      const ack = await this.session.join();
      this.onJoined(ack);
      return ack;
    } catch (error) {
      this.connection.close();
      this.session.stop();
      this.enter('idle');
      throw error;
    }
  }

  /** Leaves the room. The signals are on their way when this returns its promise, so that it may be called while a page goes. */
  async leave(): Promise<void> {
    if (this.currentState === 'left') return;
    const goodbyes = Promise.all(this.sessions().map((session) => session.leave()));
    this.end({ kind: 'left' }, false);
    await Promise.race([goodbyes, new Promise<void>((done) => this.environment.after(leavePatience, done))]);
    this.connection.close();
  }

  /** The network is known to be back: try at once instead of after the backoff. */
  retryNow(): void {
    this.connection.retryNow();
  }

  /** What is received. */
  abstract get subscriptions(): Remote[];
  /** What is sent. */
  abstract get publications(): Local[];
  /** Sends a stream. */
  abstract publish(stream: MediaStream, options?: PublishOptions): Promise<Local>;
  /** Figures of everything that is sent and received, from WebRTC's statistics. */
  abstract stats(): Promise<SessionStats[]>;

  /** The sessions that are in the room now. */
  protected abstract sessions(): Session[];
  /** A new list of the room; `push`: it was not the answer to a JOIN. */
  protected abstract onList(pps: PublishEntry[], push: boolean): void;
  /** The own session is back in the room; before the list is taken. */
  protected abstract rejoinOthers(): Promise<void>;
  /** The list is taken; `restarted`: the server is another than before. */
  protected abstract resume(pps: PublishEntry[], restarted: boolean): void;
  protected abstract onSignal(signal: BareSignal): void;
  /** A session of ours that is not the own one was taken. */
  protected abstract onSessionGone(sessionId: string): void;
  /** Not to be told is what returns false. */
  protected abstract onRefusal(error: SignalError): boolean;
  protected abstract onRole(role: Role): void;
  /** For the next ICE restart of what is there. */
  protected abstract reconfigure(configuration: RTCConfiguration): void;
  /** Lets go of all media. */
  protected abstract release(): void;

  protected newSession(category: Category, enabled: Enabled, sessionId: string): Session {
    const { userId, host = 'Web', deviceId = '', roomId, members = false, name = '' } = this.options;
    const info: SessionInfo = { userId, sessionId, category, host, deviceId };
    // One list of members is enough, whatever else one publishes.
    const wishes = { members: members && this.own.size === 0, name };
    this.own.add(addressKey(info));
    const forgotten = () => this.onForgotten();
    return new Session(this.connection, this.environment, this.channel, roomId, info, enabled, this.token, wishes, forgotten);
  }

  protected configuration(): RTCConfiguration {
    return this.ice.configuration;
  }

  protected setRole(role: Role): void {
    const before = this.currentRole;
    if (before === role) return;
    this.currentRole = role;
    if (before === null) return;
    this.onRole(role);
    this.emit('role', role);
  }

  protected setOwner(userId: string): void {
    this.currentOwner = userId;
  }

  protected end(reason: EndReason, closeConnection = true): void {
    if (this.currentState === 'left') return;
    for (const session of this.sessions()) session.stop();
    this.ice.stop();
    this.release();
    if (closeConnection) this.connection.close();
    this.enter('left');
    this.emit('ended', reason);
  }

  private async socketUrl(): Promise<string> {
    await this.token.renew();
    return this.token.addTo(this.options.url);
  }

  private listen(): void {
    this.connection.on('lost', (lost) => {
      this.enter('reconnecting');
      this.emit('lost', lost);
    });
    this.connection.on('open', ({ again }) => {
      if (again && this.currentState === 'reconnecting') void this.rejoin();
    });
    this.connection.on('barred', ({ why }) => this.end({ kind: 'refused', error: new ConnectionError(why) }));
    this.connection.on('push', (push) => this.onPush(push));
    this.connection.on('signal', (signal) => {
      if (this.currentState !== 'left' && signal.rid === this.options.roomId) this.onSignal(signal);
    });
    this.connection.on('refused', (error) => this.onRefused(error));
  }

  private enter(state: RoomState): void {
    if (this.currentState === state || this.currentState === 'left') return;
    this.currentState = state;
    this.emit('state', state);
  }

  private onJoined(ack: JoinAck): void {
    this.currentOwner = ack.owner || null;
    this.setRole(ack.pt);
    this.ice.take(ack.icfg);
    this.enter('joined');
    this.applyList(ack.rev, ack.pps, false);
  }

  /** JOIN again for each session: the server picks each up where it was (B-13), or starts afresh if it has itself restarted. */
  private async rejoin(): Promise<void> {
    const { rev } = this;
    this.rev = this.membersRev = -1; // a restarted server counts from the start
    try {
      const ack = await this.session.join();
      await this.rejoinOthers();
      this.onJoined(ack);
      this.resume(ack.pps, ack.rev < rev);
    } catch (error) {
      this.onRejoinFailed(error);
    }
  }

  private onRejoinFailed(error: unknown): void {
    if (error instanceof SignalError && error.code !== Code.internalServerError) this.end({ kind: 'refused', error });
    else this.connection.drop('the room could not be joined again');
  }

  private onForgotten(): void {
    if (this.currentState !== 'joined') return;
    this.enter('reconnecting');
    void this.rejoin();
  }

  private onPush(push: Push): void {
    if (this.currentState === 'left') return;
    switch (push.s) {
      case 'PUBLISH_LIST_CHANGED':
        return this.applyList(push.b.rev, push.b.pps, true);
      case 'MEMBER_LIST_CHANGED':
        return this.applyMembers(push.b.rev, push.b.members);
      case 'ROOM_CLOSED':
        return this.end({ kind: 'closed', reason: push.b.reason });
      case 'KICKED':
        return this.onGone(push.b.sessionId, { kind: 'kicked', by: push.b.by });
      case 'SESSION_REPLACED':
        return this.onGone(push.b.sessionId, { kind: 'replaced' });
      case 'HLS_STATE':
        return this.emit('hls', push.b);
      case 'KEEP_ALIVE':
        return;
    }
  }

  /** One of our sessions was taken from us: the own one ends the stay, another only what it sent. */
  private onGone(sessionId: string, reason: EndReason): void {
    if (sessionId === this.session.info.sessionId) this.end(reason);
    else this.onSessionGone(sessionId);
  }

  private onRefused(error: SignalError): void {
    if (error.code === Code.roomNotFound) return this.onForgotten();
    // The contract: after 500 to one of these the client shall exit the room.
    const mustExit = error.code === Code.internalServerError && ['OFFER', 'ANSWER', 'ICE'].includes(error.signal);
    if (mustExit) return this.end({ kind: 'refused', error });
    if (this.onRefusal(error)) this.emit('refused', error);
  }

  private applyList(rev: number, pps: PublishEntry[], push: boolean): void {
    if (rev <= this.rev || this.currentState === 'left') return; // a late one
    this.rev = rev;
    this.onList(pps, push);
  }

  /** Both lists count with the same numbers, and either may come alone (B-60). */
  private applyMembers(rev: number, members: MemberEntry[]): void {
    if (rev <= this.membersRev) return;
    this.membersRev = rev;
    this.currentMembers = members;
    const self = members.find(({ userId }) => userId === this.options.userId);
    if (self) this.setRole(self.role);
    this.emit('members', members);
  }

  private async refreshIceServers(): Promise<void> {
    if (this.currentState !== 'joined') return;
    try {
      const { icfg } = await this.connection.ask({ ...this.session.common, s: 'ICE_SERVERS' });
      this.ice.take(icfg);
      this.reconfigure(this.ice.configuration);
    } catch (error) {
      if (error instanceof SignalError && error.code === Code.roomNotFound) this.onForgotten();
    }
  }
}
