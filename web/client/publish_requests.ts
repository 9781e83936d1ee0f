// SPDX-License-Identifier: Apache-2.0
import type { PublishRequest } from './presence.ts';
import { Recent } from './recent.ts';
import { addressKey, type PublishRequestSignal } from './signals.ts';

/** As many wait at most; the oldest is forgotten. */
const waitingAtMost = 100;

/** Who has asked the owner for leave to publish and has no answer yet: one request a session, the last that it made. */
export class PublishRequests {
  private readonly requests = new Map<string, PublishRequest>();
  private readonly seen = new Recent(1_000);

  get waiting(): PublishRequest[] {
    return [...this.requests.values()];
  }

  /** Null for what was here before: a message may come twice (B-9). */
  add({ ss, tid, ve = true, ae = true }: PublishRequestSignal): PublishRequest | null {
    const key = addressKey(ss);
    if (tid !== undefined && !this.seen.add(`${key} ${tid}`)) return null;
    const request = { from: ss, video: ve, audio: ae };
    const again = this.requests.delete(key);
    this.requests.set(key, request);
    for (const oldest of this.requests.keys()) {
      if (this.requests.size <= waitingAtMost) break;
      this.requests.delete(oldest);
    }
    return again ? null : request;
  }

  /** A user was answered, or is gone. */
  removeUser(userId: string): void {
    for (const [key, { from }] of this.requests) if (from.userId === userId) this.requests.delete(key);
  }

  keepUsers(userIds: ReadonlySet<string>): void {
    for (const { from } of this.waiting) if (!userIds.has(from.userId)) this.removeUser(from.userId);
  }
}
