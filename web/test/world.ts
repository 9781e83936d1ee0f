// SPDX-License-Identifier: Apache-2.0
// The world around the client, made of fakes: a clock that only a test moves, a server that only says what a test lets it say.
import type { Environment } from '../client/environment.ts';
import type { PublishEntry, Signal } from '../client/signals.ts';
import { Room, type RoomOptions } from '../client/room.ts';

type Json = Record<string, unknown>;
export type Sent = Signal & { tid: string; op?: { roomCreating?: boolean; restarting?: boolean } };

export class FakeSocket {
  readyState = 0;
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  readonly sent: { action: string; data: Sent }[] = [];

  constructor(
    readonly url: string,
    private readonly heard: (socket: FakeSocket, signal: Sent) => void,
  ) {}

  send(text: string): void {
    const message = JSON.parse(text) as { action: string; data: Sent };
    this.sent.push(message);
    this.heard(this, message.data);
  }

  close(): void {
    this.readyState = 3;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  fall(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code, reason: '' });
  }

  say(s: string, c: number, b: Json): void {
    this.onmessage?.({ data: JSON.stringify({ c, s, b }) });
  }
}

class FakeTransceiver {
  readonly sender: { track: FakeTrack | null; transport: FakeTransport; replaceTrack(track: FakeTrack | null): Promise<void> };
  readonly receiver: { track: FakeTrack; transport: FakeTransport };
  preferences: RTCRtpCodec[] | null = null;
  direction: string;

  constructor(
    trackOrKind: FakeTrack | string,
    transport: FakeTransport,
    readonly init: RTCRtpTransceiverInit,
  ) {
    this.direction = init.direction ?? 'sendrecv';
    const track = typeof trackOrKind === 'string' ? null : trackOrKind;
    const replaceTrack = async (next: FakeTrack | null) => void (this.sender.track = next);
    this.sender = { track, transport, replaceTrack };
    this.receiver = { track: new FakeTrack(track?.kind ?? String(trackOrKind)), transport };
  }

  setCodecPreferences(codecs: RTCRtpCodec[]): void {
    this.preferences = codecs;
  }
}

class FakeTransport {
  state = 'connected';
  onstatechange: (() => void) | null = null;
}

export class FakeTrack {
  readyState = 'live';
  enabled = true;
  constructor(readonly kind: string) {}
}

export class FakeStream {
  constructor(private readonly tracks: FakeTrack[] = []) {}
  getTracks = () => [...this.tracks];
  getVideoTracks = () => this.tracks.filter(({ kind }) => kind === 'video');
  getAudioTracks = () => this.tracks.filter(({ kind }) => kind === 'audio');
  addTrack = (track: FakeTrack) => void this.tracks.push(track);
  removeTrack = (track: FakeTrack) => void this.tracks.splice(this.tracks.indexOf(track), 1);
}

/** An RTCPeerConnection whose SDP is its number; a test says when it connects. */
export class FakePeerConnection {
  connectionState = 'new';
  signalingState = 'stable';
  readonly candidates: string[] = [];
  localDescription: { sdp: string } | null = null;
  remoteDescription: { type: string; sdp: string } | null = null;
  onicecandidate: ((event: { candidate: { candidate: string } | null }) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  ontrack: ((event: { track: FakeTrack }) => void) | null = null;
  readonly transport = new FakeTransport();
  readonly transceivers: FakeTransceiver[] = [];
  /** Remote descriptions that were taken. */
  descriptions = 0;
  /** Kinds that get a line by another's offer. */
  offered = ['audio'];
  /** What an SDP carries of a certificate; for calls, where both ends look at it. */
  fingerprint = '';
  private offers = 0;

  constructor(
    readonly number: number,
    public configuration: RTCConfiguration,
  ) {}

  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration;
  }

  async addIceCandidate({ candidate = '' }: RTCIceCandidateInit): Promise<void> {
    if (!this.remoteDescription) throw new Error('InvalidStateError');
    this.candidates.push(candidate);
  }

  addTransceiver(trackOrKind: FakeTrack | string, init: RTCRtpTransceiverInit = {}): FakeTransceiver {
    const transceiver = new FakeTransceiver(trackOrKind, this.transport, init);
    this.transceivers.push(transceiver);
    return transceiver;
  }

  getTransceivers = () => this.transceivers;
  getSenders = () => this.transceivers.map(({ sender }) => sender);
  getReceivers = () => this.transceivers.map(({ receiver }) => receiver);

  async createOffer({ iceRestart }: RTCOfferOptions = {}): Promise<{ type: string; sdp: string }> {
    return { type: 'offer', sdp: `offer ${++this.offers} of ${this.number}${iceRestart ? ', ICE restart' : ''}${this.fingerprint}` };
  }

  async setLocalDescription(description?: { sdp: string }): Promise<void> {
    this.localDescription = description ?? { sdp: `answer of ${this.number}${this.fingerprint}` };
    this.signalingState = description ? 'have-local-offer' : 'stable';
  }

  async setRemoteDescription(description: { type: string; sdp: string }): Promise<void> {
    const expected = description.type === 'offer' || this.signalingState === 'have-local-offer';
    if (this.connectionState === 'closed' || !expected) throw new Error('InvalidStateError');
    this.descriptions++;
    this.remoteDescription = description;
    this.signalingState = description.type === 'offer' ? 'have-remote-offer' : 'stable';
    if (description.type === 'offer' && this.transceivers.length === 0) for (const kind of this.offered) this.addTransceiver(kind);
  }

  close(): void {
    this.connectionState = 'closed';
  }

  become(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

/** What the server does with a signal: say something, or with undefined nothing. */
export type Rule = (signal: Sent, socket: FakeSocket) => { c?: number; b?: Json } | undefined;

export class World {
  readonly sockets: FakeSocket[] = [];
  readonly pcs: FakePeerConnection[] = [];
  readonly rules: Record<string, Rule> = {
    JOIN: () => ({ b: { pt: 'publisher', owner: 'ann', rev: 1, pps: [], hb: { interval: 3_000, timeout: 10_000 } } }),
    LEAVE: () => ({}),
    HEARTBEAT: () => ({}),
    OFFER: () => ({ b: { sdp: 'the answer' } }),
    WATCH: (signal) => ({ b: { pps: [{ ...entry((signal.s === 'WATCH' && signal.to.sessionId) || ''), sdp: 'the offer' }] } }),
    UNPUBLISH: () => ({}),
    UNWATCH: () => ({}),
    SIMULCAST_UPDATE: () => ({}),
    KICK: () => ({}),
  };
  /** Sockets open by themselves unless this is false. */
  reachable = true;
  codecs: RTCRtpCodec[] | null = null;
  private time = 0;
  private ids = 0;
  private timers: { at: number; callback: () => void }[] = [];

  readonly environment: Environment = {
    openSocket: (url) => this.openSocket(url) as unknown as WebSocket,
    openPeerConnection: (configuration) => this.openPeerConnection(configuration) as unknown as RTCPeerConnection,
    senderCodecs: () => this.codecs,
    after: (ms, callback) => this.after(ms, callback),
    now: () => this.time,
    unixTime: () => 1_700_000_000 + this.time / 1_000,
    random: () => 0.5,
    uniqueId: () => `s${++this.ids}`,
  };

  room(options: Partial<RoomOptions> = {}): Room {
    const base = { url: 'ws://host/ws', channel: 'm2m', roomId: 'tea', userId: 'ann' } as const;
    return new Room({ ...base, environment: this.environment, ...options });
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error('no socket was opened');
    return socket;
  }

  /** The connection that was made last. */
  get pc(): FakePeerConnection {
    const pc = this.pcs.at(-1);
    if (!pc) throw new Error('no RTCPeerConnection was made');
    return pc;
  }

  /** All signals of a name that were sent, on any socket. */
  sent<S extends Signal['s']>(s: S): Extract<Sent, { s: S }>[] {
    const all = this.sockets.flatMap((socket) => socket.sent.map(({ data }) => data));
    return all.filter((signal): signal is Extract<Sent, { s: S }> => signal.s === s);
  }

  /** Says a list of publishing sessions. */
  list(rev: number, ...entries: PublishEntry[]): Promise<void> {
    this.socket.say('PUBLISH_LIST_CHANGED', 200, { rid: 'tea', rev, pps: entries });
    return settle();
  }

  /** Moves the clock, step by step through all that falls due. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    for (await settle(); ; await settle()) {
      const next = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers.splice(this.timers.indexOf(next), 1);
      this.time = next.at;
      next.callback();
    }
    this.time = end;
  }

  private openSocket(url: string): FakeSocket {
    const socket = new FakeSocket(url, (from, signal) => this.answer(from, signal));
    this.sockets.push(socket);
    queueMicrotask(() => (this.reachable ? socket.open() : socket.fall()));
    return socket;
  }

  private openPeerConnection(configuration: RTCConfiguration): FakePeerConnection {
    const pc = new FakePeerConnection(this.pcs.length, configuration);
    this.pcs.push(pc);
    return pc;
  }

  /** Another user's signal, as it is. */
  bare(signal: Json, socket = this.socket): Promise<void> {
    socket.onmessage?.({ data: JSON.stringify(signal) });
    return settle();
  }

  private answer(socket: FakeSocket, signal: Sent): void {
    const answer = this.rules[signal.s]?.(signal, socket);
    if (answer) queueMicrotask(() => socket.say(signal.s, answer.c ?? 200, { rid: signal.rid, tid: signal.tid, ...answer.b }));
  }

  private after(ms: number, callback: () => void): () => void {
    const timer = { at: this.time + ms, callback };
    this.timers.push(timer);
    return () => void (this.timers = this.timers.filter((one) => one !== timer));
  }
}

/** Lets every promise that can go on go on. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

/** A list's entry for a session of bob's. */
export function entry(sessionId: string, changes: Partial<PublishEntry> = {}): PublishEntry {
  const names = { username: '', fullname: '', avatar: '', deviceId: '' };
  return { id: 'bob', userId: 'bob', sessionId, host: 'Web', category: 'stream', video: true, audio: true, ...names, ...changes };
}

/** A captured stream of these kinds. */
export function stream(...kinds: string[]): MediaStream {
  return new FakeStream(kinds.map((kind) => new FakeTrack(kind))) as unknown as MediaStream;
}

Object.assign(globalThis, { MediaStream: FakeStream });
