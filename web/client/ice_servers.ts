// SPDX-License-Identifier: Apache-2.0
import type { Environment } from './environment.ts';
import type { IceConfig } from './signals.ts';

/** Milliseconds. A clock that is wrong must not make us ask all the time, nor never. */
const shortest = 60_000;
const longest = 6 * 3_600_000;

/**
 * STUN and TURN servers for RTCPeerConnections. TURN credentials say when they run out (`expiry:userId`): before that,
 * new ones are asked for.
 */
export class IceServers {
  private config: IceConfig | null = null;
  private cancelRefresh: () => void = () => {};

  constructor(
    private readonly environment: Environment,
    /** Asks the server for others; called when it is time. */
    private readonly refresh: () => void,
  ) {}

  get configuration(): RTCConfiguration {
    const { is = [], iceServers = [] } = this.config ?? {};
    const stun = is.length > 0 ? [{ urls: is }] : [];
    return { bundlePolicy: 'max-bundle', iceServers: iceServers.length > 0 ? iceServers : stun };
  }

  take(config: IceConfig | undefined): void {
    if (config) this.config = config;
    this.refreshLater();
  }

  stop(): void {
    this.cancelRefresh();
  }

  /** After three quarters of the credentials' life. A refresh that fails is tried again. */
  refreshLater(): void {
    this.cancelRefresh();
    const expiries = (this.config?.iceServers ?? []).map(({ username }) => parseInt(username ?? '', 10)).filter((time) => time > 0);
    if (expiries.length === 0) return;
    const left = (Math.min(...expiries) - this.environment.unixTime()) * 1_000;
    const wait = Math.min(longest, Math.max(shortest, left * 0.75));
    this.cancelRefresh = this.environment.after(wait, () => {
      this.refreshLater();
      this.refresh();
    });
  }
}
