// SPDX-License-Identifier: Apache-2.0
import type { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { Environment } from './environment.ts';
import { ConnectionError, type SignalError } from './errors.ts';
import { Link, type Approach, type LinkState } from './link.ts';
import type { Session } from './session.ts';
import { Code, entryAddress, type Layer, type PublishEntry, type SessionAddress } from './signals.ts';

export interface SubscriptionEvents {
  state: LinkState;
  /** Another stream to play, after a first connection or a new one. */
  stream: MediaStream;
  /** The publisher muted, unmuted or renamed. */
  changed: PublishEntry;
}

/** Refusals of a WATCH or ANSWER after which sending it again would bring the same one. 500 and 4024 pass: the list decides. */
const finalCodes: ReadonlySet<number> = new Set([Code.invalidSignal, Code.unsupportedChannel]);

interface Wish {
  layer: Layer;
  pause: boolean;
}

/** What a new downlink does. */
const asOffered: Wish = { layer: 'auto', pause: false };

/** What is received of one publishing session: a downlink, kept up as long as the session is in the list. Made by the room. */
export class Subscription extends Emitter<SubscriptionEvents> {
  /** The watched session. */
  readonly address: SessionAddress;
  private readonly link: Link;
  private currentStream: MediaStream | null = null;
  private wish: Wish = asOffered;
  /** What the server knows of it. */
  private told: Wish = asOffered;

  constructor(
    private currentEntry: PublishEntry,
    private readonly watcher: Session,
    private readonly connection: Connection,
    environment: Environment,
    configuration: () => RTCConfiguration,
    ready: () => boolean,
  ) {
    super();
    this.address = entryAddress(currentEntry);
    this.link = new Link(
      {
        configuration,
        ready,
        prepare: (pc) => this.prepare(pc),
        negotiate: (pc, approach) => this.negotiate(pc, approach),
        candidate: (sdp) => void connection.send({ ...watcher.common, s: 'ICE', to: this.address, sdp }),
        isFinal: (error: SignalError) => finalCodes.has(error.code),
        changed: (state) => this.onState(state),
      },
      environment,
    );
  }

  /** The session as the list has it now. */
  get entry(): PublishEntry {
    return this.currentEntry;
  }

  get state(): LinkState {
    return this.link.state;
  }

  /** Why the state is `failed`. */
  get error(): Error | null {
    return this.link.error;
  }

  /** Null until the first track arrived. */
  get stream(): MediaStream | null {
    return this.currentStream;
  }

  /** The downlink's connection now; another one after some repairs. */
  get pc(): RTCPeerConnection | null {
    return this.link.pc;
  }

  /** Which of a simulcast's layers is wanted. */
  get quality(): Layer {
    return this.wish.layer;
  }

  /** Whether its video is held back. */
  get paused(): boolean {
    return this.wish.pause;
  }

  /** Asks for a layer of a simulcast; `auto` leaves it to the server. Kept over repairs. m2m only; rejects with SignalError. */
  setQuality(layer: Layer): Promise<void> {
    this.wish = { ...this.wish, layer };
    return this.tellWish();
  }

  /** Holds the video back, as for a tile that nobody sees, or lets it come again. */
  setPaused(pause: boolean): Promise<void> {
    this.wish = { ...this.wish, pause };
    return this.tellWish();
  }

  /** Called by the room when there are new ICE servers: for the next ICE restart. */
  reconfigure(configuration: RTCConfiguration): void {
    this.link.reconfigure(configuration);
  }

  /** Called by the room. Rejects with the SignalError that refused for good. */
  begin(): Promise<void> {
    return this.link.begin();
  }

  /** Called by the room when signals can be sent again; `lost` when the server does not know the downlink any more. */
  resume(lost: boolean): void {
    this.link.resume(lost && this.state === 'connected');
  }

  /** Called by the room when the server refused the ANSWER. */
  watchAgain(): void {
    this.link.replaceSoon();
  }

  /** Called by the room with each list. */
  update(entry: PublishEntry): void {
    const before = this.currentEntry;
    this.currentEntry = entry;
    if (JSON.stringify(before) !== JSON.stringify(entry)) this.emit('changed', entry);
    if (this.state === 'connected' && this.lacksLine(before, entry)) this.link.replaceSoon();
  }

  close(): void {
    this.link.close();
  }

  /** The publisher switched on a kind that the downlink was never offered (rare, B-31: it renegotiated its uplink). */
  private lacksLine(before: PublishEntry, now: PublishEntry): boolean {
    const kinds = this.pc?.getTransceivers().map(({ receiver }) => receiver.track.kind) ?? [];
    const missing = (kind: 'audio' | 'video') => now[kind] && !before[kind] && !kinds.includes(kind);
    return missing('audio') || missing('video');
  }

  /** What is not connected yet is told when it is: a new downlink knows nothing of what the last one was told. */
  private async tellWish(): Promise<void> {
    if (this.state !== 'connected' || this.wish === this.told) return;
    const { layer, pause } = (this.told = this.wish);
    await this.connection.ask({ ...this.watcher.common, s: 'SIMULCAST_UPDATE', to: this.address, layer, pause });
  }

  private onState(state: LinkState): void {
    if (state === 'connected') this.tellWish().catch(() => {}); // refused: then it stays as the server has it
    this.emit('state', state);
  }

  private prepare(pc: RTCPeerConnection): void {
    const { layer, pause } = this.wish;
    this.told = layer === 'auto' && !pause ? this.wish : asOffered;

    // One stream of all tracks, whatever msid each has: played together they are in sync.
    const stream = new MediaStream();
    pc.ontrack = ({ track }) => {
      stream.addTrack(track);
      this.currentStream = stream;
      this.emit('stream', stream);
    };
  }

  private async negotiate(pc: RTCPeerConnection, approach: Approach): Promise<void> {
    const to = this.address;
    const ack = await this.connection.request({
      ...this.watcher.common,
      s: 'WATCH',
      to,
      ...(approach === 'restart' && { op: { restarting: true } }), // B-33
    });
    const offered = ack.pps.find(({ sessionId }) => sessionId === to.sessionId);
    if (!offered) throw new ConnectionError('the server offered another session');
    await pc.setRemoteDescription({ type: 'offer', sdp: offered.sdp });
    await pc.setLocalDescription();
    const sdp = pc.localDescription?.sdp ?? '';
    if (!this.connection.send({ ...this.watcher.common, s: 'ANSWER', to, sdp })) throw new ConnectionError('not connected');
  }
}
