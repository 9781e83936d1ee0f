// SPDX-License-Identifier: Apache-2.0
import type { Category, LinkState, SessionAddress, SessionStats } from '../client/index.ts';
import { icon, make } from './elements.ts';
import { figuresInWords, stateInWords } from './words.ts';

export interface TileContent {
  address: SessionAddress;
  name: string;
  category: Category;
  /** Our own: no sound, and a camera is mirrored. */
  local: boolean;
}

/** A line of a tile's menu. */
export interface MenuChoice {
  words: string;
  /** One of several that exclude each other; whether it is the one that holds. */
  checked?: boolean;
  danger?: boolean;
  act(): void;
}

/** One participant's picture: video, name, what is muted, state of the connection, figures. */
export class Tile {
  readonly element = make('article', 'tile');
  readonly video = make('video');
  private readonly nameText = make('span');
  private readonly muted = icon('mic-off');
  private readonly state = make('span', 'state');
  private readonly hls = make('button', 'hls');
  private readonly figures = make('dl', 'figures');
  private readonly initials = make('span');

  constructor(private readonly content: TileContent) {
    const { address, category, local } = content;
    Object.assign(this.element.dataset, { userId: address.userId, sessionId: address.sessionId, category });
    Object.assign(this.element.dataset, { local, mirrored: local && category === 'stream', speaking: false });
    this.video.autoplay = true;
    this.video.playsInline = true;
    this.video.muted = local;
    this.figures.hidden = true;
    const avatar = make('div', 'avatar');
    avatar.setAttribute('aria-hidden', 'true');
    avatar.style.setProperty('--hue', String(hueOf(address.userId)));
    avatar.append(this.initials);
    const name = make('div', 'name');
    name.append(this.muted, this.nameText);
    const badges = make('div', 'badges');
    badges.append(this.hls, this.state);
    this.hls.type = 'button';
    this.hls.hidden = true;
    this.element.append(this.video, avatar, name, badges, this.figures);
    this.setName(content.name);
    this.setEnabled({ video: false, audio: true });
    this.setState('connecting');
  }

  get isScreen(): boolean {
    return this.content.category === 'screenshare';
  }

  setName(name: string): void {
    const { local } = this.content;
    const words = this.isScreen ? (local ? 'Your screen' : `${name}’s screen`) : local ? `${name} (you)` : name;
    this.nameText.textContent = words;
    this.element.setAttribute('aria-label', words);
    if (this.isScreen) this.initials.replaceChildren(icon('share'));
    else this.initials.textContent = initialsOf(name);
  }

  get isLocal(): boolean {
    return this.content.local;
  }

  setStream(stream: MediaStream | null): void {
    if (this.video.srcObject !== stream) this.video.srcObject = stream;
  }

  /** What is switched on at the sender. A screen without sound is not "muted". */
  setEnabled({ video, audio }: { video: boolean; audio: boolean }): void {
    this.element.dataset['video'] = String(video);
    this.element.dataset['audio'] = String(audio);
    this.muted.toggleAttribute('hidden', audio || this.isScreen);
    this.muted.style.display = audio || this.isScreen ? 'none' : '';
  }

  setState(state: LinkState): void {
    const words = stateInWords(state);
    this.element.dataset['state'] = state;
    this.state.textContent = words ?? '';
    this.state.hidden = words === null;
  }

  /** The state of its HLS stream, in words, and what a press on them does; null: it has none. */
  setHls(words: string | null, { state = '', act = (): void => {} } = {}): void {
    this.hls.hidden = words === null;
    this.hls.textContent = words ?? '';
    this.hls.title = 'Copy the link to the HLS stream';
    this.hls.onclick = act;
    if (words === null) delete this.element.dataset['hls'];
    else this.element.dataset['hls'] = state;
  }

  /** What of an HLS stream is seen in it; null: it is watched by WebRTC. For tests and style sheets. */
  setPlayback(playback: { state: string; delay: number | null } | null): void {
    const { dataset } = this.element;
    dataset['watch'] = playback ? 'hls' : 'webrtc';
    if (playback?.delay != null) dataset['delay'] = playback.delay.toFixed(2);
    else delete dataset['delay'];
    if (playback) dataset['playback'] = playback.state;
    else delete dataset['playback'];
  }

  setSpeaking(speaking: boolean): void {
    this.element.dataset['speaking'] = String(speaking);
  }

  /** Shows figures, or with null hides them. */
  setFigures(stats: SessionStats | null): void {
    this.figures.hidden = stats === null;
    if (!stats) return;
    const cells = figuresInWords(stats).flatMap(([label, value]) => [make('dt', '', label), make('dd', '', value)]);
    this.figures.replaceChildren(...cells);
  }

  /** A menu of what can be done about the participant; asked for each time it opens. */
  setMenu(choices: () => MenuChoice[]): void {
    const menu = make('details', 'menu');
    const opener = make('summary', '', '⋯');
    opener.setAttribute('aria-label', `What to do about ${this.element.getAttribute('aria-label')}`);
    const list = make('div', 'choices-of-menu');
    menu.append(opener, list);
    menu.ontoggle = () => {
      if (menu.open) list.replaceChildren(...choices().map((choice) => menuLine(choice, () => (menu.open = false))));
      menu.classList.toggle('empty', menu.open && list.childElementCount === 0);
    };
    // A click anywhere else closes it.
    menu.addEventListener('focusout', ({ relatedTarget }) => {
      if (!menu.contains(relatedTarget as Node | null)) menu.open = false;
    });
    this.element.append(menu);
  }

  remove(): void {
    this.video.srcObject = null;
    this.element.remove();
  }
}

function menuLine({ words, checked, danger, act }: MenuChoice, close: () => void): HTMLButtonElement {
  const line = make('button', danger ? 'danger' : '', words);
  line.type = 'button';
  if (checked !== undefined) line.setAttribute('aria-pressed', String(checked));
  line.onclick = () => {
    close();
    act();
  };
  return line;
}

function initialsOf(name: string): string {
  const words = name.trim().split(/[\s._-]+/u);
  return words.slice(0, 2).map((word) => [...word][0] ?? '').join('').toUpperCase() || '?';
}

/** The same colour for the same user everywhere. */
function hueOf(userId: string): number {
  let hash = 7;
  for (const letter of userId) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 3_600;
  return hash / 10;
}
