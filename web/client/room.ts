// SPDX-License-Identifier: Apache-2.0
import { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import { browserEnvironment, type Environment } from './environment.ts';
import { ConnectionError, SignalError } from './errors.ts';
import { Publication, type PublishOptions } from './publication.ts';
import { Session, type Enabled } from './session.ts';
import {
  addressKey,
  Code,
  entryAddress,
  type Category,
  type Channel,
  type Host,
  type JoinAck,
  type PublishEntry,
  type Push,
  type Role,
  type SessionAddress,
  type SessionInfo,
} from './signals.ts';
import { StatsSampler, type SessionStats } from './stats.ts';
import { Subscription } from './subscription.ts';

export interface RoomOptions {
  /** `ws(s)://host/ws`. */
  url: string;
  /** JWT; its `sub` must be `userId`. */
  token?: string | null;
  channel: Channel;
  roomId: string;
  userId: string;
  /** Default: a new one. Give the same again only to take over that very session. */
  sessionId?: string;
  /** What the room's own session publishes. Default `stream`. */
  category?: Category;
  /** Default `Web`. */
  host?: Host;
  deviceId?: string;
  /** What is switched on when joining. Default: both. */
  enabled?: Enabled;
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

export interface RoomEvents {
  state: RoomState;
  /** The connection to the server went away; the next try is in `retryIn` ms. */
  lost: { why: string; retryIn: number };
  /** A session publishes; its Subscription is connecting already. */
  added: Subscription;
  /** A session does not publish any more. */
  removed: Subscription;
  published: Publication;
  /** A publication ended here. */
  unpublished: Publication;
  /** The server refused something that no promise stands for. */
  refused: SignalError;
  ended: EndReason;
}

/** Milliseconds that `leave` waits for the server's word. */
const leavePatience = 1_000;

/**
 * A room: join it, publish streams, and what others publish arrives as Subscriptions, watched as soon as it is in the list.
 * Lost connections come back by themselves; media goes on meanwhile.
 *
 *     const room = new Room({ url, channel: 'm2m', roomId: 'tea', userId: 'ann' });
 *     room.on('added', (subscription) => subscription.on('stream', (stream) => { video.srcObject = stream; }));
 *     await room.join();
 *     await room.publish(await navigator.mediaDevices.getUserMedia({ audio: true, video: true }));
 */
export class Room extends Emitter<RoomEvents> {
  private readonly environment: Environment;
  private readonly connection: Connection;
  private readonly session: Session;
  /** Every session that was ever ours: a list may still name one that has just ended. */
  private readonly own = new Set<string>();
  private readonly watched = new Map<string, Subscription>();
  private readonly published = new Set<Publication>();
  private readonly sampler = new StatsSampler();
  private currentState: RoomState = 'idle';
  private lastAck: JoinAck | null = null;
  private rev = -1;

  constructor(private readonly options: RoomOptions) {
    super();
    this.environment = options.environment ?? browserEnvironment;
    this.connection = new Connection(withToken(options.url, options.token), this.environment);
    const sessionId = options.sessionId ?? this.environment.uniqueId();
    this.session = this.newSession(options.category ?? 'stream', options.enabled ?? { video: true, audio: true }, sessionId);
    this.listen();
  }

  get state(): RoomState {
    return this.currentState;
  }

  /** What this user may do; null before `join`. */
  get role(): Role | null {
    return this.lastAck?.pt ?? null;
  }

  /** The userId of the room's owner at the last JOIN. */
  get owner(): string | null {
    return this.lastAck?.owner ?? null;
  }

  /** The room's own session. */
  get address(): SessionAddress {
    return this.session.address;
  }

  /** What is received. */
  get subscriptions(): Subscription[] {
    return [...this.watched.values()];
  }

  /** What is sent. */
  get publications(): Publication[] {
    return [...this.published];
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

  /**
   * Sends a stream. The first publication of the room's own category goes out under the room's session, any other under a new
   * one. Resolves when the server has answered; rejects with the SignalError that refused.
   */
  async publish(stream: MediaStream, options: PublishOptions = {}): Promise<Publication> {
    if (this.currentState !== 'joined') throw new ConnectionError('not in the room');
    const category = options.category ?? this.session.info.category;
    const own = category === this.session.info.category && !this.publicationOf(this.session.address);
    const enabled = { video: stream.getVideoTracks().length > 0, audio: stream.getAudioTracks().length > 0 };
    const session = own ? this.session : this.newSession(category, enabled, this.environment.uniqueId());
    const publication = this.newPublication(session, stream, options);
    this.published.add(publication);
    try {
      if (own) session.update(enabled);
      else await session.join(); // only members may OFFER (B-15)
      this.emit('published', publication);
      await publication.begin();
    } catch (error) {
      void publication.stop();
      throw error;
    }
    return publication;
  }

  /** Leaves the room. The signals are on their way when this returns its promise, so that it may be called while a page goes. */
  async leave(): Promise<void> {
    if (this.currentState === 'left') return;
    const goodbyes = Promise.all(this.sessions().map((session) => session.leave()));
    this.end({ kind: 'left' }, false);
    await Promise.race([goodbyes, new Promise<void>((done) => this.environment.after(leavePatience, done))]);
    this.connection.close();
  }

  /** Figures of everything that is sent and received, from WebRTC's statistics. */
  stats(): Promise<SessionStats[]> {
    return this.sampler.sample([
      ...this.publications.map((publication) => ({
        address: publication.session.address,
        category: publication.category,
        direction: 'up' as const,
        state: publication.state,
        pc: publication.pc,
      })),
      ...this.subscriptions.map((subscription) => ({
        address: subscription.address,
        category: subscription.entry.category,
        direction: 'down' as const,
        state: subscription.state,
        pc: subscription.pc,
      })),
    ]);
  }

  /** The network is known to be back: try at once instead of after the backoff. */
  retryNow(): void {
    this.connection.retryNow();
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
    this.connection.on('refused', (error) => this.onRefused(error));
  }

  private newSession(category: Category, enabled: Enabled, sessionId: string): Session {
    const { userId, host = 'Web', deviceId = '', channel, roomId, token = null } = this.options;
    const info: SessionInfo = { userId, sessionId, category, host, deviceId };
    this.own.add(addressKey(info));
    const forgotten = () => this.onForgotten();
    return new Session(this.connection, this.environment, channel, roomId, info, enabled, token, forgotten);
  }

  private newPublication(session: Session, stream: MediaStream, options: PublishOptions): Publication {
    const publication = new Publication(
      session,
      stream,
      options,
      this.connection,
      this.environment,
      () => this.configuration(),
      () => this.currentState === 'joined',
      (ended) => this.onUnpublished(ended),
    );
    publication.on('state', (state) => {
      if (state === 'failed') this.onPublicationFailed(publication);
    });
    return publication;
  }

  /** The contract: after 500 to an OFFER the client shall exit the room. */
  private onPublicationFailed({ error, session }: Publication): void {
    const mustExit = error instanceof SignalError && error.code === Code.internalServerError && session === this.session;
    if (mustExit) this.end({ kind: 'refused', error });
  }

  private sessions(): Session[] {
    return [...new Set([this.session, ...this.publications.map(({ session }) => session)])];
  }

  private publicationOf(address: SessionAddress): Publication | undefined {
    const key = addressKey(address);
    return this.publications.find(({ session }) => addressKey(session.address) === key);
  }

  private configuration(): RTCConfiguration {
    const { is = [], iceServers = [] } = this.lastAck?.icfg ?? {};
    const stun = is.length > 0 ? [{ urls: is }] : [];
    return { bundlePolicy: 'max-bundle', iceServers: iceServers.length > 0 ? iceServers : stun };
  }

  private enter(state: RoomState): void {
    if (this.currentState === state || this.currentState === 'left') return;
    this.currentState = state;
    this.emit('state', state);
  }

  private onJoined(ack: JoinAck): void {
    this.lastAck = ack;
    this.enter('joined');
    this.applyList(ack.rev, ack.pps);
  }

  /** JOIN again for each session: the server picks each up where it was (B-13), or starts afresh if it has itself restarted. */
  private async rejoin(): Promise<void> {
    const { rev } = this;
    this.rev = -1; // a restarted server counts from the start
    try {
      const ack = await this.session.join();
      await Promise.all(this.sessions().map((session) => session === this.session || this.rejoinExtra(session)));
      this.onJoined(ack);
      this.resumeMedia(ack.pps, ack.rev < rev);
    } catch (error) {
      this.onRejoinFailed(error);
    }
  }

  private async rejoinExtra(session: Session): Promise<void> {
    try {
      await session.join();
    } catch (error) {
      if (!(error instanceof SignalError)) throw error;
      await this.publicationOf(session.address)?.stop();
    }
  }

  private onRejoinFailed(error: unknown): void {
    if (error instanceof SignalError && error.code !== Code.internalServerError) this.end({ kind: 'refused', error });
    else this.connection.drop('the room could not be joined again');
  }

  /** A server that knows nothing of a living publication of ours knows nothing of our downlinks either, nor does one that has `restarted`. */
  private resumeMedia(pps: PublishEntry[], restarted: boolean): void {
    const listed = new Set(pps.map((entry) => addressKey(entryAddress(entry))));
    const lost = this.publications.filter(({ session }) => !listed.has(addressKey(session.address)));
    const forgotten = restarted || lost.some(({ state }) => state === 'connected');
    for (const publication of this.published) publication.resume(lost.includes(publication));
    for (const subscription of this.watched.values()) subscription.resume(forgotten);
  }

  private onForgotten(): void {
    if (this.currentState !== 'joined') return;
    this.enter('reconnecting');
    void this.rejoin();
  }

  private onPush(push: Push): void {
    if (this.currentState === 'left') return;
    if (push.s === 'PUBLISH_LIST_CHANGED') this.applyList(push.b.rev, push.b.pps);
    else if (push.s === 'ROOM_CLOSED') this.end({ kind: 'closed', reason: push.b.reason });
    else if (push.s === 'KICKED') this.onGone(push.b.sessionId, { kind: 'kicked', by: push.b.by });
    else if (push.s === 'SESSION_REPLACED') this.onGone(push.b.sessionId, { kind: 'replaced' });
  }

  /** One of our sessions was taken from us: the room's own ends the room, another only its publication. */
  private onGone(sessionId: string, reason: EndReason): void {
    if (sessionId === this.session.info.sessionId) return this.end(reason);
    const extra = this.publications.find(({ session }) => session.info.sessionId === sessionId);
    if (extra) void extra.stop();
  }

  private onRefused(error: SignalError): void {
    if (error.code === Code.roomNotFound) return this.onForgotten();
    // The contract: after 500 to one of these the client shall exit the room.
    const mustExit = error.code === Code.internalServerError && ['ANSWER', 'ICE'].includes(error.signal);
    if (mustExit) return this.end({ kind: 'refused', error });
    if (error.signal === 'ANSWER') this.addressedBy(error.request)?.watchAgain();
    this.emit('refused', error);
  }

  private addressedBy(request: unknown): Subscription | undefined {
    const to = (request as { to?: SessionAddress } | null)?.to;
    return to && this.watched.get(addressKey(to));
  }

  private applyList(rev: number, pps: PublishEntry[]): void {
    if (rev <= this.rev || this.currentState === 'left') return; // a late one
    this.rev = rev;
    const listed = new Map(pps.map((entry) => [addressKey(entryAddress(entry)), entry]));
    for (const key of this.own) listed.delete(key);
    for (const [key, subscription] of this.watched) if (!listed.has(key)) this.unwatch(key, subscription);
    for (const [key, entry] of listed) {
      const subscription = this.watched.get(key);
      if (subscription) subscription.update(entry);
      else this.watch(key, entry);
    }
  }

  private watch(key: string, entry: PublishEntry): void {
    const subscription = new Subscription(
      entry,
      this.session,
      this.connection,
      this.environment,
      () => this.configuration(),
      () => this.currentState === 'joined',
    );
    this.watched.set(key, subscription);
    this.emit('added', subscription);
    subscription.begin().catch((error: unknown) => {
      if (error instanceof SignalError) this.emit('refused', error);
    });
  }

  private unwatch(key: string, subscription: Subscription): void {
    this.watched.delete(key);
    subscription.close();
    this.emit('removed', subscription);
  }

  private async onUnpublished(publication: Publication): Promise<void> {
    this.published.delete(publication);
    this.emit('unpublished', publication);
    const { session } = publication;
    if (session !== this.session) return session.leave();
    await this.connection.request({ ...session.common, s: 'UNPUBLISH' }).catch(() => {});
  }

  private end(reason: EndReason, closeConnection = true): void {
    if (this.currentState === 'left') return;
    for (const session of this.sessions()) session.stop();
    for (const publication of this.published) publication.close();
    for (const [key, subscription] of this.watched) this.unwatch(key, subscription);
    if (closeConnection) this.connection.close();
    this.enter('left');
    this.emit('ended', reason);
  }
}

function withToken(url: string, token: string | null | undefined): string {
  if (!token) return url;
  const target = new URL(url);
  target.searchParams.set('token', token);
  return target.href;
}
