// SPDX-License-Identifier: Apache-2.0
import { byId } from './elements.ts';

/** A line of words above the page: `error` for what went wrong, `notice` for what is good to know. */
class Message {
  private readonly box: HTMLElement;
  private readonly words: HTMLElement;

  constructor(id: string) {
    this.box = byId(id);
    this.words = byId(`${id}-text`);
    byId(`${id}-close`).onclick = () => this.clear();
  }

  /** Shown before it is filled: only then do screen readers speak it. */
  say(words: string): void {
    this.box.hidden = false;
    this.words.textContent = words;
  }

  clear(): void {
    this.box.hidden = true;
    this.words.textContent = '';
  }
}

export const errors = new Message('error');
export const notices = new Message('notice');
