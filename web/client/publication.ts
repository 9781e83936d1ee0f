// SPDX-License-Identifier: Apache-2.0
import { preferCodec, type MediaKind, type VideoCodec } from './codec.ts';
import type { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { Environment } from './environment.ts';
import type { SignalError } from './errors.ts';
import { Link, type Approach, type LinkState } from './link.ts';
import type { Enabled, Session } from './session.ts';
import { Code, type Category } from './signals.ts';

export interface PublishOptions {
  /** What is published; a second publication opens a session of its own. Default `stream`. */
  category?: Category;
  /** Kinds that get a line in the offer, also without a track yet, so that one can be added later. Default: those of the stream. */
  kinds?: readonly MediaKind[];
  /** Send this codec only; default: the browser's choice. Ignored where the browser lets no one choose. */
  codec?: VideoCodec | null;
  /** Three layers: full, half and quarter size (rids f, h, q). Default false. */
  simulcast?: boolean;
  /** Of the video's largest layer, in bit/s. Default 2,500,000. */
  maxBitrate?: number;
  /** Package the stream as HLS too (B-25). Default false. */
  hls?: boolean;
}

export interface PublicationEvents {
  state: LinkState;
  /** A track was added, replaced or taken away. */
  tracks: MediaStream;
}

const defaultMaxBitrate = 2_500_000;
const layers = [
  { rid: 'q', scaleResolutionDownBy: 4, share: 0.08 },
  { rid: 'h', scaleResolutionDownBy: 2, share: 0.28 },
  { rid: 'f', scaleResolutionDownBy: 1, share: 1 },
];

/** Refusals of an OFFER after which sending it again would bring the same one. */
const finalCodes: ReadonlySet<number> = new Set([
  Code.internalServerError,
  Code.invalidSignal,
  Code.unsupportedChannel,
  Code.permissionNotFound,
]);

/** What one session sends: an uplink of audio and video, kept up over network changes and server restarts. Made by `Room.publish`. */
export class Publication extends Emitter<PublicationEvents> {
  readonly category: Category;
  private readonly link: Link;
  private hlsUrl: string | null = null;

  constructor(
    /** Whose publication it is. */
    readonly session: Session,
    /** Plays locally what is sent. */
    readonly stream: MediaStream,
    private readonly options: PublishOptions,
    private readonly connection: Connection,
    private readonly environment: Environment,
    configuration: () => RTCConfiguration,
    ready: () => boolean,
    private readonly ended: (publication: Publication) => Promise<void>,
  ) {
    super();
    this.category = session.info.category;
    this.link = new Link(
      {
        configuration,
        ready,
        prepare: (pc) => this.prepare(pc),
        negotiate: (pc, approach) => this.negotiate(pc, approach),
        candidate: (sdp) => void connection.send({ ...session.common, s: 'ICE', to: session.address, sdp }),
        isFinal: ({ code, retryAfter }: SignalError) => finalCodes.has(code) && retryAfter === null,
        changed: (state) => this.emit('state', state),
      },
      environment,
    );
  }

  get state(): LinkState {
    return this.link.state;
  }

  /** Why the state is `failed`. */
  get error(): Error | null {
    return this.link.error;
  }

  /** The uplink's connection now; another one after some repairs. */
  get pc(): RTCPeerConnection | null {
    return this.link.pc;
  }

  /** URL of the playlist, where there is one: asked for and granted, or started by an operator. `Room.playlist` makes it absolute. */
  get hls(): string | null {
    return this.hlsUrl;
  }

  /** Called by the room when there are new ICE servers: for the next ICE restart. */
  reconfigure(configuration: RTCConfiguration): void {
    this.link.reconfigure(configuration);
  }

  /** Called by the room with the playlist's URL that the list has for this publication. */
  listed(hls: string | null): void {
    this.hlsUrl = hls;
  }

  /** Sends the first OFFER; rejects with the SignalError that refused it. Called by the room. */
  begin(): Promise<void> {
    return this.link.begin();
  }

  /** Called by the room when signals can be sent again; `lost` when the server does not list this publication any more. */
  resume(lost: boolean): void {
    this.link.resume(lost && this.state === 'connected');
  }

  /** Tells the others that video or audio is on or off (they see it in the list). Media itself is the tracks' affair. */
  setEnabled(enabled: Partial<Enabled>): void {
    this.session.update(enabled);
  }

  /** Sends another track of that kind, or none, without a new offer. The kind must be among those that were published. */
  async replaceTrack(kind: MediaKind, track: MediaStreamTrack | null): Promise<void> {
    const transceiver = this.pc?.getTransceivers().find(({ receiver }) => receiver.track.kind === kind);
    if (!transceiver) throw new Error(`no ${kind} was published`);
    await transceiver.sender.replaceTrack(track);
    for (const old of this.tracksOf(kind)) if (old !== track) this.stream.removeTrack(old);
    if (track) this.stream.addTrack(track);
    this.emit('tracks', this.stream);
  }

  /** Ends the publication, and its session too where that was opened for it. The tracks go on: who captured them stops them. */
  async stop(): Promise<void> {
    if (this.state === 'closed') return;
    this.close();
    await this.ended(this);
  }

  /** Lets go of the connection without a signal. Called by the room. */
  close(): void {
    this.link.close();
  }

  private tracksOf(kind: MediaKind): MediaStreamTrack[] {
    return this.stream.getTracks().filter((track) => track.kind === kind);
  }

  private prepare(pc: RTCPeerConnection): void {
    for (const kind of this.kinds()) {
      const transceiver = pc.addTransceiver(this.tracksOf(kind)[0] ?? kind, {
        direction: 'sendonly',
        streams: [this.stream],
        ...(kind === 'video' && { sendEncodings: this.encodings() }),
      });
      if (kind === 'video') preferCodec(transceiver, this.options.codec, this.environment);
    }
  }

  private kinds(): readonly MediaKind[] {
    const both: MediaKind[] = ['audio', 'video'];
    return this.options.kinds ?? both.filter((kind) => this.tracksOf(kind).length > 0);
  }

  private encodings(): RTCRtpEncodingParameters[] {
    const { codec, simulcast = false, maxBitrate = defaultMaxBitrate } = this.options;
    if (!simulcast) return [{ maxBitrate }];
    // Chromium makes spatial layers of one VP9 or AV1 stream, not rids, unless each rid is told to have one layer.
    const single = codec === 'vp9' || codec === 'av1' ? { scalabilityMode: 'L1T1' } : {};
    return layers.map(({ share, ...layer }) => ({ ...layer, ...single, maxBitrate: Math.round(maxBitrate * share) }));
  }

  private async negotiate(pc: RTCPeerConnection, approach: Approach): Promise<void> {
    const op = { ...(approach !== 'fresh' && { restarting: true }), ...(this.options.hls && { hlsForwarding: true }) }; // B-22, B-25
    await pc.setLocalDescription(await pc.createOffer({ iceRestart: approach === 'restart' }));
    const ack = await this.connection.request({
      ...this.session.common,
      s: 'OFFER',
      sdp: pc.localDescription?.sdp ?? '',
      ...(Object.keys(op).length > 0 && { op }),
    });
    this.hlsUrl = ack.hls ?? null;
    await pc.setRemoteDescription({ type: 'answer', sdp: ack.sdp });
  }
}
