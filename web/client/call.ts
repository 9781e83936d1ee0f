// SPDX-License-Identifier: Apache-2.0
import { preferCodec, type MediaKind, type VideoCodec } from './codec.ts';
import { EarlyCandidates } from './early_candidates.ts';
import { Emitter } from './emitter.ts';
import { ConnectionError, type SignalError } from './errors.ts';
import type { LinkState } from './link.ts';
import { attachTracks, Peer } from './peer.ts';
import { Presence, type PresenceEvents, type PresenceOptions } from './presence.ts';
import type { PublicationEvents } from './publication.ts';
import type { Enabled, Session } from './session.ts';
import { addressKey, Code, entryAddress, type BareSignal, type PublishEntry, type SessionAddress } from './signals.ts';
import type { SessionStats } from './stats.ts';

export type CallOptions = PresenceOptions;
export type CallEvents = PresenceEvents<Peer, CallMedia>;

/** Milliseconds. Who joins second calls; a call that does not come is made from here. */
const callPatience = 5_000;
/** A server that has restarted does not list the other until they are back too. */
const returnPatience = 15_000;

/** What one sends in a call. */
export class CallMedia extends Emitter<PublicationEvents> {
  readonly category = 'stream';
  /** The connection is the peer's affair: what is sent is always ready. */
  readonly state: LinkState = 'connected';
  readonly error = null;

  constructor(
    readonly session: Session,
    /** Plays locally what is sent. */
    readonly stream: MediaStream,
    readonly codec: VideoCodec | null,
    private readonly peer: () => Peer | null,
    private readonly ended: () => void,
  ) {
    super();
  }

  /** Tells the other that video or audio is on or off. Media itself is the tracks' affair. */
  setEnabled(enabled: Partial<Enabled>): void {
    this.session.update(enabled);
  }

  /** Sends another track of that kind, or none, without a new offer. */
  async replaceTrack(kind: MediaKind, track: MediaStreamTrack | null): Promise<void> {
    await this.peer()?.replaceTrack(kind, track);
    for (const old of this.stream.getTracks()) if (old.kind === kind && old !== track) this.stream.removeTrack(old);
    if (track && !this.stream.getTracks().includes(track)) this.stream.addTrack(track);
    this.emit('tracks', this.stream);
  }

  /** Sends nothing any more. The tracks go on: who captured them stops them. */
  async stop(): Promise<void> {
    for (const kind of ['audio', 'video'] as const) await this.peer()?.replaceTrack(kind, null);
    this.setEnabled({ audio: false, video: false });
    this.ended();
  }
}

/**
 * A call of two: join it, publish a stream, and the other one arrives as a Peer. Media goes straight between the two; the
 * server forwards their words only. Of a user's devices the first that answers talks, the others wait.
 *
 *     const call = new Call({ url, roomId: 'ann-and-bob', userId: 'ann' });
 *     call.on('added', (peer) => peer.on('stream', (stream) => { video.srcObject = stream; }));
 *     await call.join();
 *     await call.publish(await navigator.mediaDevices.getUserMedia({ audio: true, video: true }));
 */
export class Call extends Presence<Peer, CallMedia> {
  private readonly early = new EarlyCandidates();
  private list: PublishEntry[] = [];
  private currentPeer: Peer | null = null;
  private announced = false;
  private media: CallMedia | null = null;
  private cancelWait: () => void = () => {};

  constructor(options: CallOptions) {
    super(options, 'p2p');
  }

  /** The other one, once one of their devices talks with us. */
  get peer(): Peer | null {
    return this.announced ? this.currentPeer : null;
  }

  /** What is received: the peer, or nothing. */
  override get subscriptions(): Peer[] {
    return this.peer ? [this.peer] : [];
  }

  /** What is sent. */
  override get publications(): CallMedia[] {
    return this.media ? [this.media] : [];
  }

  /** Sends a stream, instead of one that was sent before. */
  override async publish(stream: MediaStream, { codec = null }: { codec?: VideoCodec | null } = {}): Promise<CallMedia> {
    if (this.state !== 'joined') throw new ConnectionError('not in the call');
    await this.media?.stop();
    this.media = new CallMedia(this.session, stream, codec, () => this.currentPeer, () => this.onMediaEnded());
    const pc = this.currentPeer?.pc;
    if (pc) await attachTracks(pc, stream, false);
    this.session.update({ video: stream.getVideoTracks().length > 0, audio: stream.getAudioTracks().length > 0 });
    this.emit('published', this.media);
    return this.media;
  }

  /** Figures of what is sent and received, from WebRTC's statistics. */
  override stats(): Promise<SessionStats[]> {
    const pc = this.peer?.pc ?? null;
    const state = this.peer?.state ?? 'connecting';
    const up = { address: this.address, category: 'stream' as const, direction: 'up' as const, state, pc };
    const down = this.peer && { address: this.peer.address, category: this.peer.entry.category, direction: 'down' as const, state, pc };
    return this.sampler.sample([...(this.media ? [up] : []), ...(down ? [down] : [])]);
  }

  protected override sessions(): Session[] {
    return [this.session];
  }

  protected override async rejoinOthers(): Promise<void> {}

  protected override resume(): void {
    this.currentPeer?.resume();
  }

  protected override onList(pps: PublishEntry[], push: boolean): void {
    this.list = pps;
    this.cancelWait();
    const peer = this.currentPeer;
    const listed = peer && this.entryOf(peer);
    if (peer && listed) return peer.update(listed);
    if (peer && !push) return void (this.cancelWait = this.environment.after(returnPatience, () => this.onPeerGone(peer)));
    if (peer) return this.onPeerGone(peer);
    if (!this.mayCall()) return;
    if (push) this.cancelWait = this.environment.after(callPatience, () => this.callThem());
    else this.callThem(); // they were there first
  }

  protected override onSignal(signal: BareSignal): void {
    const from = signal.ss;
    if (addressKey(from) === addressKey(this.address)) return;
    if (signal.s === 'OFFER') void this.peerFor(from).onOffer(from, signal.sdp);
    else if (signal.s === 'ANSWER') void this.currentPeer?.onAnswer(from, signal.sdp);
    else if (signal.s === 'ICE' && this.currentPeer?.userId === from.userId) void this.currentPeer.onCandidate(from, signal.sdp);
    else if (signal.s === 'ICE') this.early.add(from.sessionId, signal.sdp);
  }

  protected override onSessionGone(): void {}

  /** 4003 and 4024: they are gone, and the list says so, or comes back. */
  protected override onRefusal({ code }: SignalError): boolean {
    return code !== Code.recipientNotMember && code !== Code.userLeft;
  }

  protected override onRole(): void {}

  protected override reconfigure(configuration: RTCConfiguration): void {
    this.currentPeer?.reconfigure(configuration);
  }

  protected override release(): void {
    this.cancelWait();
    this.forget();
  }

  /** The session that talks, or while none does any of the user's. */
  private entryOf({ address }: Peer): PublishEntry | undefined {
    return this.list.find((entry) => {
      const { userId, sessionId } = entryAddress(entry);
      return userId === address.userId && (address.sessionId === '' || sessionId === address.sessionId);
    });
  }

  private others(): PublishEntry[] {
    return this.list.filter((entry) => entryAddress(entry).userId !== this.address.userId);
  }

  /** With another device of ours in the room it is that one's call; this one waits to be called. */
  private mayCall(): boolean {
    const ours = this.list.filter((entry) => entryAddress(entry).userId === this.address.userId);
    return this.others().length > 0 && ours.every((entry) => entry.sessionId === this.address.sessionId);
  }

  private callThem(): void {
    const [entry] = this.others();
    if (!entry || this.currentPeer || this.state !== 'joined') return;
    this.currentPeer = this.newPeer(entry);
    void this.currentPeer.call();
  }

  private peerFor(from: SessionAddress): Peer {
    const peer = this.currentPeer;
    if (peer && !this.givesWayTo(peer, from)) return peer;
    this.cancelWait();
    if (peer) this.forget();
    const names = { username: '', fullname: '', avatar: '', deviceId: '' };
    const unknown = { id: from.userId, ...names, host: 'Web', category: 'stream', video: true, audio: true, ...from } as const;
    const entry = this.list.find((one) => addressKey(entryAddress(one)) === addressKey(from));
    return (this.currentPeer = this.newPeer(entry ?? unknown));
  }

  /** Who talks is not interrupted by another device; who does not any more is. */
  private givesWayTo({ address, state }: Peer, { userId, sessionId }: SessionAddress): boolean {
    if (address.userId !== userId) return true;
    return address.sessionId !== '' && address.sessionId !== sessionId && state !== 'connected';
  }

  private newPeer(entry: PublishEntry): Peer {
    const known = { ...entry, ...entryAddress(entry) };
    const polite = this.address.userId < known.userId;
    return new Peer(
      known,
      polite,
      this.early,
      {
        configuration: () => this.configuration(),
        attach: (pc, offering) => this.attach(pc, offering),
        send: (signal) => void this.connection.send({ ...this.session.common, ...signal }),
        answered: (peer) => this.onAnswered(peer),
        gaveUp: (peer) => this.onGaveUp(peer),
      },
      this.environment,
    );
  }

  private async attach(pc: RTCPeerConnection, offering: boolean): Promise<void> {
    const [, video] = await attachTracks(pc, this.media?.stream ?? null, offering);
    if (video && offering) preferCodec(video, this.media?.codec, this.environment);
  }

  private onAnswered(peer: Peer): void {
    if (this.currentPeer !== peer) return;
    const entry = this.entryOf(peer);
    if (entry) peer.update(entry);
    this.announced = true;
    this.emit('added', peer);
  }

  private onGaveUp(peer: Peer): void {
    if (this.currentPeer === peer) this.forget();
  }

  /** The device that talked is gone; another of theirs may be there. */
  private onPeerGone(peer: Peer): void {
    if (this.currentPeer !== peer) return;
    this.forget();
    if (this.mayCall()) this.callThem();
  }

  private forget(): void {
    const peer = this.currentPeer;
    this.currentPeer = null;
    this.early.clear();
    peer?.close();
    if (peer && this.announced) this.emit('removed', peer);
    this.announced = false;
  }

  private onMediaEnded(): void {
    const { media } = this;
    this.media = null;
    if (media) this.emit('unpublished', media);
  }
}
