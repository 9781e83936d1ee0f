// SPDX-License-Identifier: Apache-2.0
import type { SessionAddress, SessionStats } from '../client/index.ts';
import { addressKey } from '../client/index.ts';
import { byId } from './elements.ts';
import { bestGrid } from './grid.ts';
import { Tile, type TileContent } from './tile.ts';

/** Louder than this (0 … 1) is speech. */
const speechLevel = 0.02;
/** Milliseconds that a ring stays after the last loud moment, so that it does not flicker between words. */
const speechHold = 700;

/** All tiles: screens large, people beside them, each as large as the window lets. */
export class Stage {
  private readonly tiles = new Map<string, Tile>();
  private readonly lastLoud = new Map<string, number>();
  private readonly screens = byId('screens');
  private readonly people = byId('people');
  private readonly empty = byId('empty');
  private readonly hear = byId('hear');
  private readonly resized = new ResizeObserver(() => this.arrange());

  constructor() {
    this.resized.observe(byId('stage'));
    this.hear.onclick = () => this.hearAll();
    this.arrange();
  }

  add(content: TileContent): Tile {
    const tile = new Tile(content);
    this.tiles.set(addressKey(content.address), tile);
    const shelf = tile.isScreen ? this.screens : this.people;
    if (content.local) shelf.prepend(tile.element);
    else shelf.append(tile.element);
    this.arrange();
    return tile;
  }

  tileOf(address: SessionAddress): Tile | undefined {
    return this.tiles.get(addressKey(address));
  }

  remove(address: SessionAddress): void {
    this.tileOf(address)?.remove();
    this.tiles.delete(addressKey(address));
    this.lastLoud.delete(addressKey(address));
    this.arrange();
  }

  /** Plays a stream in a tile. A browser may refuse sound before the first click: then the picture plays, and a button offers the sound. */
  play(tile: Tile, stream: MediaStream): void {
    tile.setStream(stream);
    this.start(tile);
  }

  /** Plays whatever the tile's video has. */
  start(tile: Tile): void {
    tile.video.play().catch((error: unknown) => {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return; // AbortError: another stream came
      this.hear.hidden = false;
      tile.video.muted = true;
      tile.video.play().catch(() => {});
    });
  }

  show(stats: SessionStats[], figures: boolean): void {
    const now = performance.now();
    for (const one of stats) {
      const key = addressKey(one);
      const tile = this.tiles.get(key);
      if ((one.audio?.audioLevel ?? 0) > speechLevel) this.lastLoud.set(key, now);
      tile?.setSpeaking(tile.element.dataset['audio'] === 'true' && now - (this.lastLoud.get(key) ?? -Infinity) < speechHold);
      tile?.setFigures(figures ? one : null);
    }
  }

  clear(): void {
    for (const tile of this.tiles.values()) tile.remove();
    this.tiles.clear();
    this.lastLoud.clear();
    this.hear.hidden = true;
    this.resized.disconnect();
  }

  private hearAll(): void {
    this.hear.hidden = true;
    for (const { element, video } of this.tiles.values()) {
      if (element.dataset['local'] === 'true') continue;
      video.muted = false;
      video.play().catch(() => {});
    }
  }

  private arrange(): void {
    this.empty.hidden = this.tiles.size > 0;
    for (const shelf of [this.screens, this.people]) this.arrangeShelf(shelf);
  }

  private arrangeShelf(shelf: HTMLElement): void {
    const count = shelf.childElementCount;
    if (count === 0) return;
    const gap = parseFloat(getComputedStyle(shelf).columnGap) || 0;
    const box = this.roomFor(shelf);
    const { width, height } = bestGrid(count, box, gap, shelf === this.screens ? [16 / 9] : peopleRatios(box));
    shelf.style.setProperty('--tile-width', `${width}px`);
    shelf.style.setProperty('--tile-height', `${height}px`);
  }

  /** Stacked on a narrow window the screens' shelf is as high as its tiles, so it is measured by the stage. */
  private roomFor(shelf: HTMLElement): { width: number; height: number } {
    const stage = byId('stage');
    const stacked = getComputedStyle(stage).flexDirection === 'column';
    const height = shelf === this.screens && stacked ? stage.clientHeight / 2 : shelf.clientHeight;
    return { width: shelf.clientWidth, height };
  }
}

/** Faces may be cropped, on an upright window to a square. */
function peopleRatios({ width, height }: { width: number; height: number }): number[] {
  return width > height ? [16 / 9, 4 / 3] : [16 / 9, 4 / 3, 1];
}
