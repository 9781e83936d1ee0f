// SPDX-License-Identifier: Apache-2.0
import { Emitter } from './emitter.ts';
import { backoff, type Environment } from './environment.ts';
import { ConnectionError, SignalError } from './errors.ts';
import { Recent } from './recent.ts';
import {
  Code,
  encodeSignal,
  isPushName,
  parseBareSignal,
  parseServerMessage,
  type AckBodies,
  type AckedName,
  type BareSignal,
  type Push,
  type ServerMessage,
  type Signal,
} from './signals.ts';

/** The signals that have a success ack. */
export type AckedSignal = Extract<Signal, { s: AckedName }>;

export interface ConnectionEvents {
  /** The socket is open; `again` when it was before. */
  open: { again: boolean };
  /** The socket went away; the next try is in `retryIn` ms. */
  lost: { why: string; retryIn: number };
  /** The server closed the socket and does not want it back (close code 1008). */
  barred: { why: string };
  push: Push;
  /** Another user's signal, as it is (B-1). */
  signal: BareSignal;
  /** An error ack to a signal that nobody waits on (ANSWER, ICE, UPDATE). */
  refused: SignalError;
}

interface Pending {
  signal: AckedSignal;
  resolve(body: never): void;
  reject(error: Error): void;
  cancelTimeout(): void;
}

/** Milliseconds that an ack, or the opening of the socket, may take. WATCH may be held 3 s by the server (B-32). */
const requestTimeout = 10_000;
const policyViolation = 1008;
/** Acks that are known again when they come twice; signals that were sent a second time. */
const remembered = 256;

/**
 * One WebSocket to the server: sends signals, pairs acks with them by `tid` (B-8), and after the first success comes back
 * on its own, with backoff and jitter, until `close`. Knows nothing of rooms.
 */
export class Connection extends Emitter<ConnectionEvents> {
  private socket: WebSocket | null = null;
  private readonly pending = new Map<string, Pending>();
  private readonly answered = new Recent(remembered);
  private readonly repeated = new Recent(remembered);
  private lastTid = 0;
  private lastReceived = 0;
  private attempt = 0;
  private connecting = false;
  private opened = false;
  private closed = false;
  private cancelRetry: () => void = () => {};

  constructor(
    /** Asked for each socket, so that each can have a token of its own. */
    private readonly url: string | (() => Promise<string>),
    private readonly environment: Environment,
  ) {
    super();
  }

  /** Opens the socket; rejects with ConnectionError when this first try fails. */
  open(): Promise<void> {
    this.closed = false;
    return this.connect();
  }

  /** Closes the socket for good. */
  close(): void {
    this.closed = true;
    this.cancelRetry();
    this.discard('closed');
  }

  get isOpen(): boolean {
    return this.opened && this.socket?.readyState === 1;
  }

  /** Sends a signal for which silence is acceptance; while the socket is away it is dropped and false is returned. */
  send(signal: Signal): boolean {
    return this.sendAs(this.nextTid(), signal);
  }

  /** Sends a signal and waits for its ack. Rejects with SignalError when refused, ConnectionError when no ack can come. */
  request<S extends AckedName>(signal: AckedSignal & { s: S }): Promise<AckBodies[S]> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) return reject(new ConnectionError('not connected to the server'));
      const tid = this.nextTid();
      const late = () => this.settle(tid)?.reject(new ConnectionError(`no answer to ${signal.s} in time`));
      const cancelTimeout = this.environment.after(requestTimeout, late);
      this.pending.set(tid, { signal, resolve, reject, cancelTimeout });
      this.socket?.send(encodeSignal({ ...signal, tid }));
    });
  }

  /** The same, but a refusal with `retryAfter` (too many messages) is taken as a wish to be asked again, once. */
  async ask<S extends AckedName>(signal: AckedSignal & { s: S }): Promise<AckBodies[S]> {
    try {
      return await this.request<S>(signal);
    } catch (error) {
      if (!(error instanceof SignalError) || error.retryAfter === null) throw error;
      await new Promise<void>((done) => this.environment.after(error.retryAfter ?? 0, done));
      return this.request<S>(signal);
    }
  }

  /** Drops a socket on which nothing arrived for `timeout` ms: it is dead, whatever the system thinks. */
  dropIfSilent(timeout: number): void {
    if (this.isOpen && this.environment.now() - this.lastReceived > timeout) this.drop('the server fell silent');
  }

  /** Tries again at once instead of after the backoff; for when the network is known to be back. */
  retryNow(): void {
    if (this.closed || this.socket || this.connecting) return;
    this.cancelRetry();
    this.reconnect();
  }

  /** Gives the socket up and opens another. */
  drop(why: string): void {
    if (!this.isOpen) return;
    this.discard(why);
    this.retryLater(why);
  }

  private async connect(): Promise<void> {
    this.connecting = true;
    try {
      const url = typeof this.url === 'string' ? this.url : await this.address(this.url);
      if (this.closed) throw new ConnectionError('closed');
      await this.openSocket(url);
    } finally {
      this.connecting = false;
    }
  }

  private async address(url: () => Promise<string>): Promise<string> {
    try {
      return await url();
    } catch (error) {
      throw new ConnectionError(`no token could be had: ${error instanceof Error ? error.message : error}`);
    }
  }

  private openSocket(url: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = this.environment.openSocket(url);
      this.socket = socket;
      const fail = (why: string) => {
        cancelTimeout();
        if (this.socket === socket) this.discard(why);
        reject(new ConnectionError(why));
      };
      const cancelTimeout = this.environment.after(requestTimeout, () => fail('the server did not answer'));
      socket.onopen = () => {
        cancelTimeout();
        socket.onclose = (event) => this.onClose(event);
        this.onOpen();
        resolve();
      };
      socket.onclose = () => fail('the server could not be reached');
      socket.onmessage = (event) => this.onText(event.data);
    });
  }

  private onOpen(): void {
    const again = this.opened;
    this.opened = true;
    this.lastReceived = this.environment.now();
    this.emit('open', { again });
  }

  private onClose(event: CloseEvent): void {
    const why = event.reason || 'the connection to the server was lost';
    this.discard(why);
    if (event.code === policyViolation) {
      this.closed = true;
      this.emit('barred', { why });
    } else {
      this.retryLater(why);
    }
  }

  /** Lets go of the socket: what it says from now on is not heard, and who waited is told. */
  private discard(why: string): void {
    const socket = this.socket;
    this.socket = null;
    if (socket) {
      socket.onopen = socket.onclose = socket.onmessage = null;
      socket.close();
    }
    for (const tid of [...this.pending.keys()]) this.settle(tid)?.reject(new ConnectionError(why));
  }

  private retryLater(why: string): void {
    if (this.closed) return;
    const retryIn = backoff(this.attempt++, this.environment);
    this.cancelRetry = this.environment.after(retryIn, () => this.reconnect());
    this.emit('lost', { why, retryIn });
  }

  private reconnect(): void {
    this.connect().catch((error: Error) => this.retryLater(error.message));
  }

  private onText(text: unknown): void {
    this.lastReceived = this.environment.now();
    this.attempt = 0;
    if (typeof text !== 'string') return;
    const message = parseServerMessage(text);
    const bare = message ? null : parseBareSignal(text);
    if (bare) this.emit('signal', bare);
    else if (message && isPushName(message.s)) this.emit('push', { s: message.s, b: message.b } as unknown as Push);
    else if (message) this.onAck(message);
  }

  private onAck(message: ServerMessage): void {
    const { tid } = message.b;
    if (tid !== undefined && !this.answered.add(String(tid))) return; // it came twice
    const waiting = this.settle(this.tidOf(message));
    if (message.c === Code.ok) waiting?.resolve(message.b as never);
    else if (waiting) waiting.reject(SignalError.from(message));
    else this.onRefused(SignalError.from(message));
  }

  /** What is refused only for now (too many messages) is said again, once; it is not told as a refusal then. */
  private onRefused(error: SignalError): void {
    const signal = error.request as Signal | null;
    const again = error.retryAfter !== null && signal !== null && !this.repeated.has(String(signal.tid));
    if (again) this.environment.after(error.retryAfter ?? 0, () => this.repeat(signal));
    else this.emit('refused', error);
  }

  private repeat(signal: Signal): void {
    const tid = this.nextTid();
    this.repeated.add(tid);
    this.sendAs(tid, signal);
  }

  private sendAs(tid: string, signal: Signal): boolean {
    if (!this.isOpen) return false;
    this.socket?.send(encodeSignal({ ...signal, tid }));
    return true;
  }

  /** `tid` is optional for a server too (B-8): without it an ack belongs to the oldest request of its signal. */
  private tidOf(message: ServerMessage): string {
    const { tid } = message.b;
    if (tid !== undefined) return String(tid);
    for (const [oldest, { signal }] of this.pending) if (signal.s === message.s) return oldest;
    return '';
  }

  private settle(tid: string): Pending | undefined {
    const pending = this.pending.get(tid);
    this.pending.delete(tid);
    pending?.cancelTimeout();
    return pending;
  }

  private nextTid(): string {
    return String(++this.lastTid);
  }
}
