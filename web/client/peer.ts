// SPDX-License-Identifier: Apache-2.0
import type { MediaKind } from './codec.ts';
import type { EarlyCandidates } from './early_candidates.ts';
import { Emitter } from './emitter.ts';
import { backoff, type Environment } from './environment.ts';
import type { LinkState } from './link.ts';
import type { PublishEntry, SessionAddress, UserOrSession } from './signals.ts';

export interface PeerEvents {
  state: LinkState;
  /** A stream to play; another one after a new connection. */
  stream: MediaStream;
  /** They muted, unmuted or renamed. */
  changed: PublishEntry;
}

/** What a Peer leaves to the call. */
export interface PeerOwner {
  configuration(): RTCConfiguration;
  /** Adds what the call sends to a connection; `offering`: lines may be added. */
  attach(pc: RTCPeerConnection, offering: boolean): Promise<void>;
  send(signal: { s: 'OFFER' | 'ANSWER' | 'ICE'; to: UserOrSession; sdp: string }): void;
  /** A session of theirs is the one that talks with us. */
  answered(peer: Peer): void;
  /** Nothing came of it. */
  gaveUp(peer: Peer): void;
}

/** Milliseconds. A device that answers may have to ask its user first. */
const answerPatience = 10_000;
const connectingPatience = 15_000;
const disconnectedPatience = 3_000;
const kinds: readonly MediaKind[] = ['audio', 'video'];

/**
 * The other one in a call of two: one RTCPeerConnection, straight to one of their devices. Either side may offer, also both
 * at once: then the polite one gives way. What comes late, twice or from another device than the one that talks is ignored.
 */
export class Peer extends Emitter<PeerEvents> {
  private current: RTCPeerConnection | null = null;
  private currentState: LinkState = 'connecting';
  private currentStream: MediaStream | null = null;
  private sessionId: string | null = null;
  private lastOffer = '';
  private lastAnswer = '';
  private making = false;
  private wasUp = false;
  private attempt = 0;
  private queue: Promise<void> = Promise.resolve();
  private cancelNext: () => void = () => {};

  constructor(
    /** Of any of their sessions, until it is known which one talks. */
    private currentEntry: PublishEntry,
    /** Whose offer stands when both offer at once: the other's. */
    private readonly polite: boolean,
    private readonly early: EarlyCandidates,
    private readonly owner: PeerOwner,
    private readonly environment: Environment,
  ) {
    super();
  }

  get userId(): string {
    return this.currentEntry.userId;
  }

  /** The session that talks with us; its `sessionId` is "" until one does. */
  get address(): SessionAddress {
    return { userId: this.userId, sessionId: this.sessionId ?? '' };
  }

  get entry(): PublishEntry {
    return this.currentEntry;
  }

  get state(): LinkState {
    return this.currentState;
  }

  /** A call is not refused for good: it is tried as long as the other is there. */
  get error(): Error | null {
    return null;
  }

  get stream(): MediaStream | null {
    return this.currentStream;
  }

  get pc(): RTCPeerConnection | null {
    return this.current;
  }

  /** Calls them: an offer to all of their devices, or to the one that talks. */
  call(): Promise<void> {
    return this.inTurn(() => this.offer(false));
  }

  onOffer(from: SessionAddress, sdp: string): Promise<void> {
    return this.inTurn(() => this.takeOffer(from, sdp));
  }

  onAnswer(from: SessionAddress, sdp: string): Promise<void> {
    return this.inTurn(() => this.takeAnswer(from, sdp));
  }

  onCandidate(from: SessionAddress, sdp: string): Promise<void> {
    return this.inTurn(() => this.takeCandidate(from, sdp));
  }

  /** Signals can be sent again: what is not up is tried at once. */
  resume(): void {
    if (this.currentState !== 'connected') this.tryLater(0);
  }

  update(entry: PublishEntry): void {
    const before = this.currentEntry;
    this.currentEntry = entry;
    if (JSON.stringify(before) !== JSON.stringify(entry)) this.emit('changed', entry);
  }

  /** Sends another track of that kind, or none. */
  async replaceTrack(kind: MediaKind, track: MediaStreamTrack | null): Promise<void> {
    const transceiver = this.current?.getTransceivers().find(({ receiver }) => receiver.track.kind === kind);
    await transceiver?.sender.replaceTrack(track);
  }

  reconfigure(configuration: RTCConfiguration): void {
    this.current?.setConfiguration(configuration);
  }

  close(): void {
    this.cancelNext();
    this.current?.close();
    this.enter('closed');
  }

  /** One description after the other, in the order they came. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(async () => {
      if (this.currentState === 'closed') return;
      try {
        await work();
      } catch (error) {
        if (!this.isOver()) this.tryLater(backoff(this.attempt, this.environment), 'replace');
      }
    });
    return this.queue;
  }

  private async offer(iceRestart: boolean): Promise<void> {
    const pc = this.current ?? this.open();
    if (pc.signalingState !== 'stable') return this.resend(pc);
    this.making = true;
    try {
      await this.owner.attach(pc, true);
      await pc.setLocalDescription(await pc.createOffer({ iceRestart }));
    } finally {
      this.making = false;
    }
    this.resend(pc);
  }

  /** The same offer again: who has it ignores it. */
  private resend(pc: RTCPeerConnection): void {
    this.owner.send({ s: 'OFFER', to: this.to(), sdp: pc.localDescription?.sdp ?? '' });
    this.expect(answerPatience);
  }

  private async takeOffer(from: SessionAddress, sdp: string): Promise<void> {
    if (this.isOther(from)) return;
    if (sdp === this.lastOffer) return this.answerAgain(); // B-9
    const collision = this.making || this.current?.signalingState === 'have-local-offer';
    if (collision && !this.polite) return; // they give way, and answer ours
    const pc = this.connectionFor(sdp);
    this.know(from);
    this.lastOffer = sdp;
    await pc.setRemoteDescription({ type: 'offer', sdp });
    await this.owner.attach(pc, false);
    await pc.setLocalDescription();
    this.lastAnswer = pc.localDescription?.sdp ?? '';
    this.owner.send({ s: 'ANSWER', to: this.to(), sdp: this.lastAnswer });
    await this.flush(pc);
    this.expect(connectingPatience);
  }

  private answerAgain(): void {
    if (this.lastAnswer) this.owner.send({ s: 'ANSWER', to: this.to(), sdp: this.lastAnswer });
  }

  private async takeAnswer(from: SessionAddress, sdp: string): Promise<void> {
    const pc = this.current;
    // Another device was quicker, or it came twice, or late.
    if (!pc || pc.signalingState !== 'have-local-offer' || this.isOther(from)) return;
    await pc.setRemoteDescription({ type: 'answer', sdp });
    this.know(from);
    await this.flush(pc);
    this.expect(connectingPatience);
  }

  private async takeCandidate(from: SessionAddress, sdp: string): Promise<void> {
    if (this.isOther(from)) return;
    const pc = this.current;
    if (!pc?.remoteDescription || this.sessionId === null) this.early.add(from.sessionId, sdp);
    else await this.addCandidate(pc, sdp);
  }

  /** What a description does not know yet may belong to the next one, which is on its way. */
  private async addCandidate(pc: RTCPeerConnection, sdp: string): Promise<void> {
    const candidate = candidateInit(sdp);
    if (!candidate) return;
    await pc.addIceCandidate(candidate).catch(() => this.early.add(this.sessionId ?? '', sdp));
  }

  private async flush(pc: RTCPeerConnection): Promise<void> {
    for (const sdp of this.early.take(this.sessionId ?? '')) await this.addCandidate(pc, sdp);
  }

  /**
   * The same one, unless the other side has begun anew: then its certificate is another. A first offer of ours that gave way
   * goes with its connection: lines that it had added would not be taken for those of the other's offer (RFC 9429 section 5.10).
   */
  private connectionFor(sdp: string): RTCPeerConnection {
    const before = this.current?.remoteDescription?.sdp;
    const goesOn = this.current && before && fingerprintOf(before) === fingerprintOf(sdp);
    return goesOn && this.current ? this.current : this.open();
  }

  /** Whether these are the words of another device than the one that talks. */
  private isOther({ sessionId }: SessionAddress): boolean {
    return this.sessionId !== null && this.sessionId !== sessionId;
  }

  private know({ sessionId }: SessionAddress): void {
    if (this.sessionId !== null) return;
    this.sessionId = sessionId;
    this.owner.answered(this);
  }

  private to(): UserOrSession {
    return this.sessionId === null ? this.userId : this.address;
  }

  private open(): RTCPeerConnection {
    this.current?.close();
    const pc = this.environment.openPeerConnection(this.owner.configuration());
    this.current = pc;
    this.wasUp = false;
    this.lastOffer = this.lastAnswer = '';
    pc.onicecandidate = ({ candidate }) => {
      if (this.current === pc && candidate?.candidate) this.owner.send({ s: 'ICE', to: this.to(), sdp: candidate.candidate });
    };
    pc.onconnectionstatechange = () => {
      if (this.current === pc) this.onConnectionState(pc.connectionState);
    };
    const stream = new MediaStream();
    pc.ontrack = ({ track }) => {
      if (!stream.getTracks().includes(track)) stream.addTrack(track);
      this.currentStream = stream;
      this.emit('stream', stream);
    };
    return pc;
  }

  private onConnectionState(state: RTCPeerConnectionState): void {
    if (state === 'connected') {
      this.cancelNext();
      this.attempt = 0;
      this.wasUp = true;
      this.enter('connected');
    } else if (state === 'disconnected') {
      // Not both at once: the polite one waits for the other to mend it.
      this.tryLater(disconnectedPatience * (this.polite ? 2 : 1));
    } else if (state === 'failed') {
      this.tryLater(this.polite ? disconnectedPatience : 0);
    }
  }

  /** Something must come of it until then. */
  private expect(ms: number): void {
    if (this.current?.connectionState === 'connected') return;
    this.cancelNext();
    this.cancelNext = this.environment.after(ms, () => this.onPatienceLost());
  }

  /** Who was called and never connected was not meant: another device of ours took the call. */
  private onPatienceLost(): void {
    const called = this.lastAnswer !== '' && this.current?.signalingState === 'stable';
    if (called && !this.wasUp) return this.owner.gaveUp(this);
    this.tryLater(0);
  }

  private tryLater(ms: number, approach: 'restart' | 'replace' = this.wasUp && this.attempt === 0 ? 'restart' : 'replace'): void {
    if (this.isOver()) return;
    this.cancelNext();
    this.enter(this.currentState === 'connecting' ? 'connecting' : 'reconnecting');
    this.cancelNext = this.environment.after(ms + (this.attempt > 0 ? backoff(this.attempt, this.environment) : 0), () => {
      this.attempt++;
      if (approach === 'replace') this.open();
      void this.inTurn(() => this.offer(approach === 'restart'));
    });
  }

  private isOver(): boolean {
    return this.currentState === 'closed';
  }

  private enter(state: LinkState): void {
    if (this.currentState === state || this.isOver()) return;
    this.currentState = state;
    this.emit('state', state);
  }
}

/** Lines for both kinds, so that a camera can be switched on without a new offer. */
export async function attachTracks(pc: RTCPeerConnection, stream: MediaStream | null, offering: boolean): Promise<RTCRtpTransceiver[]> {
  const attached: RTCRtpTransceiver[] = [];
  for (const kind of kinds) {
    const there = pc.getTransceivers().find(({ receiver }) => receiver.track.kind === kind);
    const transceiver = there ?? (offering ? pc.addTransceiver(kind, { direction: 'sendrecv' }) : null);
    if (!transceiver) continue;
    const track = stream?.getTracks().find((one) => one.kind === kind) ?? null;
    if (transceiver.direction !== 'sendrecv') transceiver.direction = 'sendrecv';
    if (transceiver.sender.track !== track) await transceiver.sender.replaceTrack(track);
    attached.push(transceiver);
  }
  return attached;
}

/** A candidate in any of the forms of B-41; null for the end of them. */
function candidateInit(sdp: string): RTCIceCandidateInit | null {
  if (sdp.startsWith('{')) {
    const init = JSON.parse(sdp) as RTCIceCandidateInit;
    return init.candidate ? init : null;
  }
  const candidate = sdp.trim().replace(/^a=/, '');
  return candidate.startsWith('candidate:') ? { candidate, sdpMLineIndex: 0 } : null;
}

function fingerprintOf(sdp: string): string | undefined {
  return /^a=fingerprint:(.*)$/m.exec(sdp)?.[1]?.trim();
}
