// SPDX-License-Identifier: Apache-2.0

/** A JWT, or a function that fetches one: called for every connection, and when the server does not take the last one any more. */
export type TokenSource = string | (() => string | Promise<string>);

/** The token that one has now, and how to get the next. */
export class Token {
  private value: string | null;

  constructor(private readonly source: TokenSource | null) {
    this.value = typeof source === 'string' ? source : null;
  }

  get current(): string | null {
    return this.value;
  }

  /** False where there is no other token to be had. Rejects with what the source threw. */
  async renew(): Promise<boolean> {
    if (typeof this.source !== 'function') return false;
    this.value = await this.source();
    return true;
  }

  /** An address with the token in its query (B-2). */
  addTo(url: string): string {
    if (this.value === null) return url;
    const target = new URL(url);
    target.searchParams.set('token', this.value);
    return target.href;
  }
}
