// SPDX-License-Identifier: Apache-2.0
import { backoff, type Environment } from './environment.ts';
import { ConnectionError, SignalError } from './errors.ts';

/**
 * What a connection is doing. `connecting` until media flows for the first time, `reconnecting` while it is being repaired,
 * `failed` when the server refused for good, `closed` when it was ended here.
 */
export type LinkState = 'connecting' | 'connected' | 'reconnecting' | 'failed' | 'closed';

/**
 * How descriptions are exchanged: `fresh` for the first time, `restart` on the same RTCPeerConnection with an ICE restart,
 * `replace` on a new RTCPeerConnection that goes on where the old one fell.
 */
export type Approach = 'fresh' | 'restart' | 'replace';

/** What a Link leaves to its owner. */
export interface LinkOwner {
  configuration(): RTCConfiguration;
  /** A new RTCPeerConnection, before its descriptions. */
  prepare(pc: RTCPeerConnection): void;
  /** Exchanges descriptions with the server. */
  negotiate(pc: RTCPeerConnection, approach: Approach): Promise<void>;
  /** A local candidate, `""` for the end of them. */
  candidate(sdp: string): void;
  /** Whether signals can be sent; when not, the link waits for `resume`. */
  ready(): boolean;
  /** Whether trying again after this refusal is pointless. */
  isFinal(error: SignalError): boolean;
  changed(state: LinkState): void;
}

/** Milliseconds. ICE often mends a disconnection by itself; the server drops what is not up after 15 s (B-26). */
const disconnectedPatience = 3_000;
const connectingPatience = 10_000;
/** A publication's end closes its downlinks; the list that says so may be a moment behind. */
const closedPatience = 500;

/** One RTCPeerConnection to the server, kept up: repaired by an ICE restart first, then by new connections, with backoff. */
export class Link {
  private current: RTCPeerConnection | null = null;
  private currentState: LinkState = 'connecting';
  private finalError: Error | null = null;
  private attempt = 0;
  private negotiating = false;
  /** Whether `current` was ever up: only then can an ICE restart help. */
  private wasUp = false;
  private cancelNext: () => void = () => {};

  constructor(
    private readonly owner: LinkOwner,
    private readonly environment: Environment,
  ) {}

  get pc(): RTCPeerConnection | null {
    return this.current;
  }

  get state(): LinkState {
    return this.currentState;
  }

  /** Why the state is `failed`. */
  get error(): Error | null {
    return this.finalError;
  }

  /** Connects for the first time. Rejects with what was final; all else is tried again. */
  begin(): Promise<void> {
    return this.negotiate('fresh');
  }

  /** Signals can be sent again: a link that is not up tries at once. With `lost` it does so even if it believes to be up. */
  resume(lost = false): void {
    if (this.negotiating || (this.currentState === 'connected' && !lost)) return;
    this.tryLater(0, lost ? 'replace' : this.nextApproach());
  }

  /** Starts over on a new connection, after the backoff; for when the server refused the answer or has more to offer. */
  replaceSoon(): void {
    this.tryLater(backoff(this.attempt, this.environment), 'replace');
  }

  /** Other ICE servers, from the next ICE restart on. */
  reconfigure(configuration: RTCConfiguration): void {
    if (!this.isOver) this.current?.setConfiguration(configuration);
  }

  close(): void {
    this.enter('closed');
  }

  private async negotiate(approach: Approach): Promise<void> {
    if (this.isOver || this.negotiating || !this.owner.ready()) return;
    this.cancelNext();
    this.negotiating = true;
    const fallen = approach === 'restart' ? null : this.current;
    try {
      const pc = approach === 'restart' && this.current ? this.current : this.open();
      await this.owner.negotiate(pc, approach);
      this.watchTransport(pc);
      this.awaitConnected(pc);
    } catch (error) {
      this.onRefused(error, approach);
    } finally {
      fallen?.close();
      this.negotiating = false;
    }
  }

  private open(): RTCPeerConnection {
    const pc = this.environment.openPeerConnection(this.owner.configuration());
    this.current = pc;
    this.wasUp = false;
    pc.onicecandidate = ({ candidate }) => {
      if (this.current === pc) this.owner.candidate(candidate?.candidate ?? '');
    };
    pc.onconnectionstatechange = () => {
      if (this.current === pc) this.onConnectionState(pc.connectionState);
    };
    this.owner.prepare(pc);
    return pc;
  }

  /** The server's DTLS close_notify ends the transport; not every browser shows that in connectionState. */
  private watchTransport(pc: RTCPeerConnection): void {
    const ends = [...pc.getSenders(), ...pc.getReceivers()];
    const transport = ends.map((end) => end.transport).find((found) => found);
    if (!transport) return;
    transport.onstatechange = () => {
      if (this.current === pc && transport.state === 'closed') this.tryLater(closedPatience, 'replace');
    };
  }

  private onConnectionState(state: RTCPeerConnectionState): void {
    if (state === 'connected') this.onConnected();
    else if (state === 'disconnected') this.tryLater(disconnectedPatience);
    else if (state === 'failed') this.tryLater(this.delay());
  }

  private onConnected(): void {
    this.cancelNext();
    this.attempt = 0;
    this.wasUp = true;
    this.enter('connected');
  }

  private awaitConnected(pc: RTCPeerConnection): void {
    if (this.isOver || this.current !== pc) return;
    if (pc.connectionState === 'connected') return this.onConnected();
    this.cancelNext();
    this.cancelNext = this.environment.after(connectingPatience, () => this.tryLater(0));
  }

  private onRefused(error: unknown, approach: Approach): void {
    if (this.isOver) return;
    if (approach !== 'restart' && this.isFinal(error)) {
      this.finalError = error instanceof Error ? error : new Error(String(error));
      this.enter('failed');
      throw error;
    }
    const asked = error instanceof SignalError ? error.retryAfter : null;
    this.tryLater(asked ?? backoff(this.attempt, this.environment), 'replace');
  }

  /** Beside refusals, what the browser itself throws is final: an SDP or a codec that it does not take, it never will. */
  private isFinal(error: unknown): boolean {
    return error instanceof SignalError ? this.owner.isFinal(error) : !(error instanceof ConnectionError);
  }

  private tryLater(ms: number, approach: Approach = this.nextApproach()): void {
    if (this.isOver) return;
    this.cancelNext();
    this.enter(this.currentState === 'connecting' ? 'connecting' : 'reconnecting');
    this.cancelNext = this.environment.after(ms, () => {
      this.attempt++;
      this.negotiate(approach).catch(() => {});
    });
  }

  private nextApproach(): Approach {
    return this.wasUp && this.attempt === 0 ? 'restart' : 'replace';
  }

  private delay(): number {
    return this.attempt === 0 ? 0 : backoff(this.attempt, this.environment);
  }

  private get isOver(): boolean {
    return this.currentState === 'closed' || this.currentState === 'failed';
  }

  private enter(state: LinkState): void {
    if (this.currentState === state || this.isOver) return;
    this.currentState = state;
    if (this.isOver) {
      this.cancelNext();
      this.current?.close();
    }
    this.owner.changed(state);
  }
}
