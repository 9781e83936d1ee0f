// SPDX-License-Identifier: Apache-2.0
import { byId } from './elements.ts';

/** A line of words above the page: `error` for what went wrong, `notice` for what is good to know. */
class Message {
  private readonly box: HTMLElement;
  private readonly words: HTMLElement;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** With a `lifetime` (ms) it goes by itself. */
  constructor(
    id: string,
    private readonly lifetime: number | null = null,
  ) {
    this.box = byId(id);
    this.words = byId(`${id}-text`);
    byId(`${id}-close`).onclick = () => this.clear();
  }

  /** Shown before it is filled: only then do screen readers speak it. */
  say(words: string): void {
    this.box.hidden = false;
    this.words.textContent = words;
    clearTimeout(this.timer);
    if (this.lifetime !== null) this.timer = setTimeout(() => this.clear(), this.lifetime);
  }

  clear(): void {
    this.box.hidden = true;
    this.words.textContent = '';
  }
}

export const errors = new Message('error');
export const notices = new Message('notice', 10_000);
