// SPDX-License-Identifier: Apache-2.0

/** The last `size` texts that were added; for knowing again what comes twice (B-9). */
export class Recent {
  private readonly texts = new Set<string>();

  constructor(private readonly size: number) {}

  has(text: string): boolean {
    return this.texts.has(text);
  }

  /** False when it was there already. */
  add(text: string): boolean {
    if (this.texts.has(text)) return false;
    this.texts.add(text);
    for (const oldest of this.texts) {
      if (this.texts.size <= this.size) break;
      this.texts.delete(oldest);
    }
    return true;
  }
}
