// SPDX-License-Identifier: Apache-2.0

const sessionsAtMost = 8;
const candidatesAtMost = 64;

/** Candidates that came before the description they belong to (B-9), by session. What is beyond the limits is dropped. */
export class EarlyCandidates {
  private readonly held = new Map<string, string[]>();

  add(sessionId: string, candidate: string): void {
    const candidates = this.held.get(sessionId) ?? [];
    if (candidates.length >= candidatesAtMost || (candidates.length === 0 && this.held.size >= sessionsAtMost)) return;
    this.held.set(sessionId, [...candidates, candidate]);
  }

  /** In the order they came; they are not held any more. */
  take(sessionId: string): string[] {
    const candidates = this.held.get(sessionId) ?? [];
    this.held.delete(sessionId);
    return candidates;
  }

  clear(): void {
    this.held.clear();
  }
}
