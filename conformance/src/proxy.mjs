// SPDX-License-Identifier: Apache-2.0
// What a gateway in front of the server does to messages (B-9): they come out of order and twice.
import { random } from './random.mjs';

const longestHold = 40;

/**
 * One direction of one connection. Messages wait until `window` of them are there or the oldest was held for up to 40 ms;
 * then they go out in an order that the seed decides, some of them twice.
 *
 * The law: barrier() lets go of all that waits, so nothing said after it comes before what was said before it.
 */
export class Shuffle {
  #waiting = [];
  #timer;
  #closed = false;

  /** @param {{seed: number, window?: number, repeat?: number, deliver: (message: any) => void}} how */
  constructor({ seed, window = 4, repeat = 0.2, deliver }) {
    this.random = random(seed);
    Object.assign(this, { window, repeat, deliver });
  }

  push(message) {
    if (this.#closed) return;
    this.#waiting.push(message);
    if (this.#waiting.length >= this.window) return this.barrier();
    this.#timer ??= setTimeout(() => this.barrier(), 1 + this.random() * (longestHold - 1));
  }

  barrier() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#waiting.splice(0);
    for (const message of [...batch]) if (this.random() < this.repeat) batch.push(message);
    for (let i = batch.length - 1; i > 0; i--) {
      const j = Math.floor(this.random() * (i + 1));
      [batch[i], batch[j]] = [batch[j], batch[i]];
    }
    for (const message of batch) this.deliver(message);
  }

  close() {
    this.barrier();
    this.#closed = true;
  }
}

/**
 * Both directions of one connection. What a client says after it was told something never overtakes what it said
 * before: to the server that would be a client that cannot exist.
 */
export class Proxy {
  /** @param {{seed: number, window: number, repeat: number, toServer: Function, toClient: Function}} how */
  constructor({ seed, window, repeat, toServer, toClient }) {
    this.up = new Shuffle({ seed, window, repeat, deliver: toServer });
    const deliver = (message) => {
      this.up.barrier();
      toClient(message);
    };
    this.down = new Shuffle({ seed: seed ^ 0x9e3779b9, window, repeat, deliver });
  }

  fromClient(message) {
    this.up.push(message);
  }

  fromServer(message) {
    this.down.push(message);
  }

  close() {
    this.up.close();
    this.down.close();
  }
}
