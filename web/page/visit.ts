// SPDX-License-Identifier: Apache-2.0
import {
  Call,
  Peer,
  Publication,
  Room,
  type CallMedia,
  type EndReason,
  type LinkState,
  type MediaKind,
  type Presence,
  type Role,
  type RoomState,
  type SessionAddress,
  type SessionStats,
  type Subscription,
} from '../client/index.ts';
import { canShareScreen, capture, captureCamera, captureScreen, release, type Capture } from './capture.ts';
import { allowedSource, type Choice } from './choice.ts';
import { byId, dress } from './elements.ts';
import type { HlsTile } from './hls_tile.ts';
import { HlsTiles } from './hls_tiles.ts';
import { Membership } from './membership.ts';
import { errors, notices } from './messages.ts';
import { Stage } from './stage.ts';
import type { Tile } from './tile.ts';
import { endInWords, errorInWords, lossInWords } from './words.ts';

/** What is sent, in a room or in a call of two. */
type Sending = Publication | CallMedia;

export interface VisitOptions {
  choice: Choice;
  capture: Capture | null;
  url: string;
  token: string | null;
  userId: string;
  /** It is over, by the user's will or not. */
  ended(): void;
}

/** Milliseconds between two looks at the statistics. */
const statsInterval = 500;
const viewerNotice = 'You are watching only. Ask to speak, and the room’s owner can let you.';
const stateWords: Readonly<Record<RoomState, string>> = {
  idle: 'not connected',
  joining: 'joining…',
  joined: 'connected',
  reconnecting: 'reconnecting…',
  left: 'left',
};

/** What Publication and Subscription have in common. */
interface StatefulLink {
  readonly state: LinkState;
  readonly error: Error | null;
  on(name: 'state', listener: (state: LinkState) => void): unknown;
}

/** One stay in a room: joins it, sends what was captured, shows what arrives, and serves the toolbar. */
export class Visit {
  readonly room: Presence<Subscription | Peer, Sending>;
  private readonly membership: Membership | null;
  private readonly stage = new Stage();
  private readonly hlsTiles: HlsTiles | null;
  private main: Sending | null = null;
  private screen: Sending | null = null;
  private figures = false;
  private readonly busy = new Set<string>();
  private readonly statsTimer: ReturnType<typeof setInterval>;

  constructor(private readonly options: VisitOptions) {
    const room = openRoom(options);
    this.room = room;
    this.membership = room instanceof Room ? new Membership(room) : null;
    this.hlsTiles = room instanceof Room ? new HlsTiles(room, this.stage, options.token) : null;
    this.listen();
    this.serveToolbar();
    this.statsTimer = setInterval(() => void this.showStats(), statsInterval);
  }

  /** Rejects when the room cannot be joined; everything is released then. */
  async join(): Promise<void> {
    try {
      await this.room.join();
    } catch (error) {
      this.release();
      throw error;
    }
    if (this.options.capture?.notice) notices.say(this.options.capture.notice);
    this.membership?.show();
    this.dressToolbar();
  }

  /** Sends what was captured. Says itself what went wrong. */
  async publish(): Promise<void> {
    const { capture, choice } = this.options;
    if (this.room.role === 'viewer') {
      release(capture?.stream);
      notices.say(viewerNotice);
    } else if (capture) {
      await this.publishMain(capture.stream, choice);
    }
    this.dressToolbar();
  }

  /** The signals are on their way when this returns. */
  leave(): Promise<void> {
    return this.room.leave();
  }

  stats(): Promise<SessionStats[]> {
    return this.room.stats();
  }

  private listen(): void {
    const { room } = this;
    room.on('state', (state) => this.showState(state));
    room.on('lost', ({ why, retryIn }) => {
      if (room.state === 'reconnecting') errors.say(lossInWords(why, retryIn));
    });
    room.on('added', (subscription) => this.addSubscription(subscription));
    room.on('removed', ({ address }) => this.removeTile(address));
    room.on('published', (publication) => this.addPublication(publication));
    room.on('unpublished', ({ session }) => this.removeTile(session.address));
    room.on('refused', (error) => {
      console.warn('refused', error);
      if (error.signal !== 'ICE') errors.say(errorInWords(error));
      this.dressToolbar();
    });
    room.on('role', (role) => void this.whileIdle('ask', () => this.onRole(role)));
    room.on('publishAnswer', ({ accepted, by }) => {
      if (!accepted) notices.say(`${by || 'The owner'} does not let you speak now.`);
      this.dressToolbar();
    });
    room.on('ended', (reason) => this.onEnded(reason));
  }

  /** Leave to speak came, or was taken. */
  private async onRole(role: Role): Promise<void> {
    this.showRole();
    if (role === 'viewer') {
      for (const publication of [this.main, this.screen]) release(publication?.stream);
      this.main = this.screen = null;
      return notices.say('You may only watch here from now on.');
    }
    const { choice } = this.options;
    if (this.main || choice.source === 'screen') return notices.say('You may speak here now.');
    notices.say('You may speak here now: others see and hear you.');
    const captured = await capture(choice.source === 'none' ? allowedSource(choice.type, 'camera') : choice.source);
    if (captured) await this.publishMain(captured.stream, choice);
  }

  private async publishMain(stream: MediaStream, { type, source, codec, simulcast, hls }: Choice): Promise<void> {
    const isScreen = source === 'screen';
    // A line for each kind, so that a camera can be switched on later without a new offer.
    const kinds: MediaKind[] = type === 'a2m' ? ['audio'] : ['audio', 'video'];
    const options = isScreen ? { codec, hls } : { codec, simulcast, kinds, hls };
    try {
      this.main = await this.room.publish(stream, options);
      if (hls && this.main instanceof Publication && this.main.hls === null) notices.say('The server makes no HLS stream of this.');
      this.watchForEnd(stream, () => void this.onMainEnded());
    } catch (error) {
      release(stream);
      errors.say(errorInWords(error));
    }
  }

  private addPublication(publication: Sending): void {
    const { category, session, stream } = publication;
    const name = this.options.choice.name;
    const tile = this.stage.add({ address: session.address, name, category, local: true });
    const show = () => {
      tile.setEnabled({ video: isLive(stream, 'video'), audio: isLive(stream, 'audio') });
      this.stage.play(tile, stream);
    };
    show();
    publication.on('tracks', show);
    this.followState(tile, publication);
    if (publication instanceof Publication) this.offerHls(tile, publication);
  }

  private addSubscription(subscription: Subscription | Peer): void {
    const { address, entry } = subscription;
    const nameOf = ({ fullname, username }: typeof entry) => fullname || username || address.userId;
    const tile = this.stage.add({ address, name: nameOf(entry), category: entry.category, local: false });
    tile.setEnabled(entry);
    subscription.on('changed', (changed: typeof entry) => {
      tile.setName(nameOf(changed));
      tile.setEnabled(changed);
    });
    this.followState(tile, subscription);
    const hls = subscription instanceof Peer ? null : this.offerHlsOf(tile, subscription);
    const play = (stream: MediaStream | null) => {
      if (stream && !hls?.isWatching) this.stage.play(tile, stream);
    };
    play(subscription.stream);
    subscription.on('stream', play);
    if (this.membership && !(subscription instanceof Peer)) tile.setMenu(() => [...(hls?.choices ?? []), ...(this.membership?.choicesFor(subscription) ?? [])]);
  }

  private removeTile(address: SessionAddress): void {
    this.hlsTiles?.remove(address);
    this.stage.remove(address);
  }

  /** Shows what becomes of one's own HLS stream. */
  private offerHls(tile: Tile, publication: Publication): void {
    const hls = this.hlsTiles?.add(tile, publication.session.address);
    publication.on('state', () => hls?.setPlaylist(publication.hls));
  }

  /** Lets another's stream be watched by HLS. Its picture does not come twice: WebRTC's is held back meanwhile. */
  private offerHlsOf(tile: Tile, subscription: Subscription): HlsTile | undefined {
    const hls = this.hlsTiles?.add(tile, subscription.address, (on) => {
      tile.setStream(null);
      if (on && subscription.stream) this.stage.play(tile, subscription.stream);
      if (this.options.choice.type === 'm2m') subscription.setPaused(!on).catch((error: unknown) => errors.say(errorInWords(error)));
    });
    const follow = ({ hls: playlist }: typeof subscription.entry) => hls?.setPlaylist(playlist ?? null);
    follow(subscription.entry);
    subscription.on('changed', follow);
    return hls;
  }

  private followState(tile: Tile, link: StatefulLink): void {
    const show = (state: LinkState) => {
      tile.setState(state);
      if (state === 'failed' && link.error) errors.say(errorInWords(link.error));
    };
    show(link.state);
    link.on('state', show);
  }

  private serveToolbar(): void {
    byId('mic').onclick = () => this.toggleMicrophone();
    byId('camera').onclick = () => void this.whileIdle('camera', () => this.toggleCamera());
    byId('share').onclick = () => void this.whileIdle('share', () => (this.screen ? this.stopSharing() : this.startSharing()));
    byId('stats').onclick = () => this.toggleFigures();
    byId('ask').onclick = () => this.askToSpeak();
    byId('leave').onclick = () => void this.leave();
    this.dressToolbar();
  }

  /** One wish at a time for each button: a second click while the browser asks for permission is not heard. */
  private async whileIdle(button: string, work: () => Promise<void>): Promise<void> {
    if (this.busy.has(button)) return;
    this.busy.add(button);
    try {
      await work();
    } catch (error) {
      errors.say(errorInWords(error));
    } finally {
      this.busy.delete(button);
      this.dressToolbar();
    }
  }

  private dressToolbar(): void {
    const { choice } = this.options;
    const sending = this.main !== null && this.main.category === 'stream';
    const stream = this.main?.stream;
    const hearable = isLive(stream, 'audio');
    const visible = isLive(stream, 'video');
    byId('mic').hidden = !sending || !hasTrack(stream, 'audio');
    byId('camera').hidden = !sending || choice.type === 'a2m';
    byId('ask').hidden = this.room.role !== 'viewer';
    byId('share').hidden = this.room.role === 'viewer' || choice.type !== 'm2m' || choice.source === 'screen' || !canShareScreen();
    dress(byId('mic'), hearable ? 'mic' : 'mic-off', hearable ? 'Mute' : 'Unmute', hearable);
    dress(byId('camera'), visible ? 'camera' : 'camera-off', visible ? 'Stop video' : 'Start video', visible);
    dress(byId('share'), 'share', this.screen ? 'Stop sharing' : 'Share screen', this.screen !== null);
    const asked = this.room instanceof Room && this.room.isAsking;
    dress(byId('ask'), 'hand', asked ? 'Asked' : 'Ask to speak', asked);
    dress(byId('stats'), 'stats', 'Statistics', this.figures);
  }

  private askToSpeak(): void {
    const { type, source } = this.options.choice;
    this.membership?.ask({ audio: true, video: type === 'm2m' && source !== 'microphone' });
    this.dressToolbar();
  }

  private toggleMicrophone(): void {
    const track = this.main?.stream.getAudioTracks()[0];
    if (!this.main || !track) return;
    track.enabled = !track.enabled;
    this.main.setEnabled({ audio: track.enabled });
    this.stage.tileOf(this.main.session.address)?.setEnabled({ video: isLive(this.main.stream, 'video'), audio: track.enabled });
    this.dressToolbar();
  }

  /** Off means off: the camera is released and its light goes out. */
  private async toggleCamera(): Promise<void> {
    if (!this.main) return;
    const old = this.main.stream.getVideoTracks()[0];
    old?.stop();
    const track = old ? null : ((await captureCamera()) ?? null);
    await this.main.replaceTrack('video', track);
    this.main.setEnabled({ video: track !== null });
    this.watchForEnd(this.main.stream, () => void this.onMainEnded());
  }

  private async startSharing(): Promise<void> {
    const stream = await captureScreen();
    this.watchForEnd(stream, () => void this.whileIdle('share', () => this.stopSharing()));
    try {
      this.screen = await this.room.publish(stream, { category: 'screenshare', codec: this.options.choice.codec, hls: this.options.choice.hls });
    } catch (error) {
      release(stream);
      throw error;
    }
  }

  private async stopSharing(): Promise<void> {
    const screen = this.screen;
    this.screen = null;
    release(screen?.stream);
    await screen?.stop();
  }

  /** `ended` comes when the user stops the sharing in the browser's own bar, or a device is unplugged; not from our own `stop()`. */
  private watchForEnd(stream: MediaStream, ended: () => void): void {
    for (const track of stream.getTracks()) track.onended = ended;
  }

  private async onMainEnded(): Promise<void> {
    if (!this.main) return;
    if (this.main.category === 'screenshare') {
      const main = this.main;
      this.main = null;
      release(main.stream);
      await main.stop();
      notices.say('You stopped sharing your screen.');
    } else {
      for (const kind of ['audio', 'video'] as const) await this.dropEnded(this.main, kind);
      errors.say('A camera or microphone stopped. Was it unplugged?');
    }
    this.dressToolbar();
  }

  private async dropEnded(publication: Sending, kind: MediaKind): Promise<void> {
    const ended = publication.stream.getTracks().some((track) => track.kind === kind && track.readyState === 'ended');
    if (!ended) return;
    await publication.replaceTrack(kind, null);
    publication.setEnabled({ [kind]: false });
  }

  private toggleFigures(): void {
    this.figures = !this.figures;
    this.dressToolbar();
    void this.showStats();
  }

  private async showStats(): Promise<void> {
    this.stage.show(await this.room.stats(), this.figures);
  }

  private showState(state: RoomState): void {
    const chip = byId('connection');
    chip.textContent = stateWords[state];
    chip.dataset['state'] = state;
    if (state !== 'joined') return;
    errors.clear();
    this.showRole();
  }

  private showRole(): void {
    byId('role').textContent = 'watching only';
    byId('role').hidden = this.room.role !== 'viewer';
  }

  private onEnded(reason: EndReason): void {
    const words = endInWords(reason);
    this.release();
    if (words) errors.say(words);
    this.options.ended();
  }

  private release(): void {
    clearInterval(this.statsTimer);
    release(this.options.capture?.stream);
    for (const { stream } of this.room.publications) release(stream);
    this.membership?.clear();
    this.hlsTiles?.clear();
    this.stage.clear();
  }
}

function openRoom({ choice, capture, url, token, userId }: VisitOptions): Room | Call {
  const enabled = { video: hasTrack(capture?.stream, 'video'), audio: hasTrack(capture?.stream, 'audio') };
  const options = { url, token, roomId: choice.room, userId, enabled, name: choice.name };
  if (choice.type === 'p2p') return new Call(options);
  const category = choice.source === 'screen' ? 'screenshare' : 'stream';
  return new Room({ ...options, channel: choice.type, category, members: true });
}

function hasTrack(stream: MediaStream | null | undefined, kind: MediaKind): boolean {
  return stream?.getTracks().some((track) => track.kind === kind) ?? false;
}

function isLive(stream: MediaStream | null | undefined, kind: MediaKind): boolean {
  return stream?.getTracks().some((track) => track.kind === kind && track.enabled && track.readyState === 'live') ?? false;
}
