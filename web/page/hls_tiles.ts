// SPDX-License-Identifier: Apache-2.0
import { addressKey, type HlsState, type Room, type SessionAddress } from '../client/index.ts';
import { giveLink } from './clipboard.ts';
import { HlsTile } from './hls_tile.ts';
import type { Stage } from './stage.ts';
import type { Tile } from './tile.ts';

/** All tiles' HLS sides, and what the server said of streams whose tiles are still to come. */
export class HlsTiles {
  private readonly all = new Map<string, HlsTile>();
  private readonly said = new Map<string, HlsState>();

  constructor(
    private readonly room: Room,
    private readonly stage: Stage,
    private readonly token: string | null,
  ) {
    room.on('hls', (pushed) => {
      const key = addressKey(pushed);
      const tile = this.all.get(key);
      tile?.setState(pushed.state, pushed.hls);
      if (tile || pushed.state !== 'ended') this.said.set(key, pushed);
      else this.said.delete(key); // nobody will want to read it
    });
  }

  /** `setWebRtc`: gives the tile its WebRTC stream back, or spares it. */
  add(tile: Tile, address: SessionAddress, setWebRtc: (on: boolean) => void = () => {}): HlsTile {
    const key = addressKey(address);
    const made = new HlsTile(tile, {
      token: this.token,
      absolute: (hls) => this.room.playlist(hls),
      start: () => this.stage.start(tile),
      setWebRtc,
      share: (link) => void giveLink('The link to the HLS stream', link),
    });
    this.all.set(key, made);
    const said = this.said.get(key);
    if (said) made.setState(said.state, said.hls);
    return made;
  }

  remove(address: SessionAddress): void {
    const key = addressKey(address);
    this.all.get(key)?.close();
    this.all.delete(key);
    this.said.delete(key);
  }

  clear(): void {
    for (const tile of this.all.values()) tile.close();
    this.all.clear();
    this.said.clear();
  }
}
