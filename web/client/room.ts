// SPDX-License-Identifier: Apache-2.0
import { ConnectionError, SignalError } from './errors.ts';
import { Presence, type PresenceEvents, type PresenceOptions, type PublishRequest } from './presence.ts';
import { Publication, type PublishOptions } from './publication.ts';
import { PublishRequests } from './publish_requests.ts';
import type { Enabled, Session } from './session.ts';
import { addressKey, Code, entryAddress, type BareSignal, type PublishEntry, type Role, type SessionAddress } from './signals.ts';
import type { SessionStats } from './stats.ts';
import { Subscription } from './subscription.ts';

export interface RoomOptions extends PresenceOptions {
  channel: 'm2m' | 'a2m';
  /** Watch everyone who publishes, as they come. Default true; with false only who is named to `watch`. */
  watchAll?: boolean;
}

export type RoomEvents = PresenceEvents<Subscription, Publication>;

/**
 * A room: join it, publish streams, and what others publish arrives as Subscriptions, watched as soon as it is in the list.
 * Lost connections come back by themselves; media goes on meanwhile.
 *
 *     const room = new Room({ url, channel: 'm2m', roomId: 'tea', userId: 'ann' });
 *     room.on('added', (subscription) => subscription.on('stream', (stream) => { video.srcObject = stream; }));
 *     await room.join();
 *     await room.publish(await navigator.mediaDevices.getUserMedia({ audio: true, video: true }));
 */
export class Room extends Presence<Subscription, Publication> {
  private readonly watched = new Map<string, Subscription>();
  private readonly published = new Set<Publication>();
  private readonly requests = new PublishRequests();
  /** Sessions that `watch` and `unwatch` named, and which of the two it was. */
  private readonly chosen = new Map<string, boolean>();
  private list: PublishEntry[] = [];
  private asking = false;

  constructor(private readonly roomOptions: RoomOptions) {
    super(roomOptions, roomOptions.channel);
    this.on('members', (members) => this.requests.keepUsers(new Set(members.map(({ userId }) => userId))));
  }

  /** What is received. */
  override get subscriptions(): Subscription[] {
    return [...this.watched.values()];
  }

  /** What is sent. */
  override get publications(): Publication[] {
    return [...this.published];
  }

  /** All sessions that publish, ours too, whether they are watched or not. */
  get entries(): PublishEntry[] {
    return this.list;
  }

  /** The absolute URL of a playlist, for a player: `hls` of an entry, of a publication or of the event may be a path of the server. */
  playlist(hls: string): string {
    return new URL(hls, this.options.url.replace(/^ws/, 'http')).href;
  }

  /** Whether one has asked to publish and has no answer yet. */
  get isAsking(): boolean {
    return this.asking;
  }

  /** Who waits for `accept` or `reject`; the owner hears of them. */
  get publishRequests(): PublishRequest[] {
    return this.requests.waiting;
  }

  /**
   * Sends a stream. The first publication of the room's own category goes out under the room's session, any other under a new
   * one. Resolves when the server has answered; rejects with the SignalError that refused.
   */
  override async publish(stream: MediaStream, options: PublishOptions = {}): Promise<Publication> {
    if (this.state !== 'joined') throw new ConnectionError('not in the room');
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

  /** Watches a publishing session that is not watched, also one that comes later. */
  watch(address: SessionAddress): void {
    this.chosen.set(addressKey(address), true);
    this.follow();
  }

  /** Does not watch a session any more, until `watch`. */
  unwatch(address: SessionAddress): void {
    const key = addressKey(address);
    this.chosen.set(key, false);
    const subscription = this.watched.get(key);
    if (!subscription) return;
    this.forget(key, subscription);
    const { userId, sessionId } = address;
    this.connection.ask({ ...this.session.common, s: 'UNWATCH', to: { userId, sessionId } }).catch(() => {}); // it ends by itself then
  }

  /** Asks the owner for leave to publish; the answer is `publishAnswer`, and `role` when it is yes. */
  requestToPublish({ video, audio }: Enabled): void {
    this.asking = true;
    this.connection.send({ ...this.session.common, s: 'PUBLISH_REQUEST', ve: video, ae: audio });
  }

  /** Lets a user publish, whether they asked or not; for owner and admins. What is wrong with it comes as `refused`. */
  accept(userId: string): void {
    this.answer('PUBLISH_ACCEPT', userId);
  }

  /** Declines a request. */
  reject(userId: string): void {
    this.answer('PUBLISH_REJECT', userId);
  }

  /** Removes a user (a String) or one session; with `ban` the user cannot come back. For publishers (B-57). Rejects with SignalError. */
  async kick(to: string | SessionAddress, { ban = false } = {}): Promise<void> {
    await this.connection.ask({ ...this.session.common, s: 'KICK', to, ...(ban && { op: { ban } }) });
  }

  /** Figures of everything that is sent and received, from WebRTC's statistics. */
  override stats(): Promise<SessionStats[]> {
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

  protected override sessions(): Session[] {
    return [...new Set([this.session, ...this.publications.map(({ session }) => session)])];
  }

  protected override onList(pps: PublishEntry[]): void {
    this.list = pps;
    const listed = new Map(pps.map((entry) => [addressKey(entryAddress(entry)), entry]));
    for (const publication of this.published) {
      const entry = listed.get(addressKey(publication.session.address));
      if (entry) publication.listed(entry.hls ?? null);
    }
    this.follow();
  }

  protected override async rejoinOthers(): Promise<void> {
    await Promise.all(this.sessions().map((session) => session === this.session || this.rejoinExtra(session)));
  }

  /** A server that knows nothing of a living publication of ours knows nothing of our downlinks either, nor does one that has `restarted`. */
  protected override resume(pps: PublishEntry[], restarted: boolean): void {
    const listed = new Set(pps.map((entry) => addressKey(entryAddress(entry))));
    const lost = this.publications.filter(({ session }) => !listed.has(addressKey(session.address)));
    const forgotten = restarted || lost.some(({ state }) => state === 'connected');
    for (const publication of this.published) publication.resume(lost.includes(publication));
    for (const subscription of this.watched.values()) subscription.resume(forgotten);
  }

  protected override onSignal(signal: BareSignal): void {
    if (signal.s === 'PUBLISH_REQUEST') this.onPublishRequest(signal);
    else if (signal.s === 'PUBLISH_ACCEPT') this.onAccepted(signal.ss.userId);
    else if (signal.s === 'PUBLISH_REJECT') this.onRejected(signal.ss.userId);
  }

  protected override onSessionGone(sessionId: string): void {
    const extra = this.publications.find(({ session }) => session.info.sessionId === sessionId);
    if (extra) void extra.stop();
  }

  protected override onRefusal(error: SignalError): boolean {
    if (error.signal === 'ANSWER') this.addressedBy(error.request)?.watchAgain();
    if (error.signal !== 'PUBLISH_REQUEST') return true;
    if (error.code !== Code.alreadyIsPublisher) this.asking = false;
    else this.onAccepted(this.owner ?? '');
    return error.code !== Code.alreadyIsPublisher;
  }

  /** A viewer's uplinks have been ended by the server. */
  protected override onRole(role: Role): void {
    if (role !== 'viewer') return;
    for (const publication of this.publications) void publication.stop();
  }

  protected override reconfigure(configuration: RTCConfiguration): void {
    for (const link of [...this.published, ...this.watched.values()]) link.reconfigure(configuration);
  }

  protected override release(): void {
    for (const publication of this.published) publication.close();
    for (const [key, subscription] of this.watched) this.forget(key, subscription);
  }

  private newPublication(session: Session, stream: MediaStream, options: PublishOptions): Publication {
    const publication = new Publication(
      session,
      stream,
      options,
      this.connection,
      this.environment,
      () => this.configuration(),
      () => this.state === 'joined',
      (ended) => this.onUnpublished(ended),
    );
    publication.on('state', (state) => {
      if (state === 'failed') this.onPublicationFailed(publication);
    });
    return publication;
  }

  private onPublicationFailed({ error, session }: Publication): void {
    if (!(error instanceof SignalError)) return;
    // The contract: after 500 to an OFFER the client shall exit the room.
    const mustExit = error.code === Code.internalServerError && session === this.session;
    if (mustExit) this.end({ kind: 'refused', error });
    else if (error.code === Code.permissionNotFound) this.setRole('viewer');
  }

  private publicationOf(address: SessionAddress): Publication | undefined {
    const key = addressKey(address);
    return this.publications.find(({ session }) => addressKey(session.address) === key);
  }

  private async rejoinExtra(session: Session): Promise<void> {
    try {
      await session.join();
    } catch (error) {
      if (!(error instanceof SignalError)) throw error;
      await this.publicationOf(session.address)?.stop();
    }
  }

  private addressedBy(request: unknown): Subscription | undefined {
    const to = (request as { to?: SessionAddress } | null)?.to;
    return to && this.watched.get(addressKey(to));
  }

  /** Watches what is in the list and wanted, lets go of the rest. */
  private follow(): void {
    const listed = new Map(this.list.map((entry) => [addressKey(entryAddress(entry)), entry]));
    for (const key of this.own) listed.delete(key);
    for (const [key, subscription] of this.watched) if (!listed.has(key)) this.forget(key, subscription);
    for (const [key, entry] of listed) {
      const subscription = this.watched.get(key);
      if (subscription) subscription.update(entry);
      else if (this.chosen.get(key) ?? this.roomOptions.watchAll ?? true) this.subscribe(key, entry);
    }
  }

  private subscribe(key: string, entry: PublishEntry): void {
    const subscription = new Subscription(
      entry,
      this.session,
      this.connection,
      this.environment,
      () => this.configuration(),
      () => this.state === 'joined',
    );
    this.watched.set(key, subscription);
    this.emit('added', subscription);
    subscription.begin().catch((error: unknown) => {
      if (error instanceof SignalError) this.emit('refused', error);
    });
  }

  private forget(key: string, subscription: Subscription): void {
    this.watched.delete(key);
    subscription.close();
    this.emit('removed', subscription);
  }

  private async onUnpublished(publication: Publication): Promise<void> {
    if (!this.published.delete(publication)) return;
    this.emit('unpublished', publication);
    const { session } = publication;
    if (session !== this.session) return session.leave();
    if (this.role !== 'viewer') await this.connection.ask({ ...session.common, s: 'UNPUBLISH' }).catch(() => {});
  }

  private answer(s: 'PUBLISH_ACCEPT' | 'PUBLISH_REJECT', userId: string): void {
    this.requests.removeUser(userId);
    this.connection.send({ ...this.session.common, s, to: userId });
  }

  /** They come to the owner only. */
  private onPublishRequest(signal: BareSignal & { s: 'PUBLISH_REQUEST' }): void {
    this.setOwner(this.address.userId);
    const request = this.requests.add(signal);
    if (request) this.emit('publishRequest', request);
  }

  private onAccepted(by: string): void {
    if (!this.asking && this.role !== 'viewer') return; // it came twice
    this.asking = false;
    if (this.role === 'viewer') this.setRole('publisher');
    this.emit('publishAnswer', { accepted: true, by });
  }

  private onRejected(by: string): void {
    if (!this.asking) return;
    this.asking = false;
    this.emit('publishAnswer', { accepted: false, by });
  }
}
