// SPDX-License-Identifier: Apache-2.0
import type { Connection } from './connection.ts';
import type { Environment } from './environment.ts';
import { ConnectionError, SignalError } from './errors.ts';
import type { Token } from './token.ts';
import { Code, type Channel, type JoinAck, type SessionAddress, type SessionInfo, type SignalCommon } from './signals.ts';

/** What a session enables; goes into JOIN and UPDATE as `ve` and `ae`. */
export interface Enabled {
  video: boolean;
  audio: boolean;
}

/** What JOIN asks for besides being let in. */
export interface JoinWishes {
  /** MEMBER_LIST_CHANGED (B-60). */
  members?: boolean;
  /** How one is shown; for servers in open development mode, otherwise the token says it. */
  name?: string;
}

/** Until the JOIN ack says otherwise. */
const defaultHeartbeat = { interval: 3_000, timeout: 10_000 };

/**
 * One session in a room: JOIN, heartbeats, UPDATE, LEAVE. A room has one for its camera, and one more for each screen it shares;
 * they share its Connection.
 */
export class Session {
  private heartbeat = defaultHeartbeat;
  private beats = 0;
  private cancelBeat: () => void = () => {};
  private joining: Promise<JoinAck> | null = null;

  constructor(
    private readonly connection: Connection,
    private readonly environment: Environment,
    private readonly ch: Channel,
    private readonly rid: string,
    readonly info: SessionInfo,
    private enabled: Enabled,
    private readonly token: Token,
    private readonly wishes: JoinWishes,
    /** Called when the server no longer knows this session (4001, B-54) and it must JOIN again. */
    private readonly forgotten: () => void,
  ) {}

  get address(): SessionAddress {
    return { userId: this.info.userId, sessionId: this.info.sessionId };
  }

  /** The fields that each of this session's signals has in common. */
  get common(): SignalCommon {
    return { ch: this.ch, ss: this.info, rid: this.rid };
  }

  /** Creates the room, or joins it where it is there already; starts the heartbeats. Again is harmless (idempotent). */
  join(): Promise<JoinAck> {
    this.joining ??= this.enter().finally(() => (this.joining = null));
    return this.joining;
  }

  /** Tells the room that video or audio was switched on or off; says nothing when nothing changed. */
  update(enabled: Partial<Enabled>): void {
    const before = this.enabled;
    this.enabled = { ...before, ...enabled };
    if (before.video === this.enabled.video && before.audio === this.enabled.audio) return;
    this.connection.send({ ...this.common, s: 'UPDATE', ve: this.enabled.video, ae: this.enabled.audio });
  }

  /** Leaves; the signal is on its way when this returns its promise, which never rejects. */
  async leave(): Promise<void> {
    this.cancelBeat();
    await this.connection.request({ ...this.common, s: 'LEAVE' }).catch(() => {});
  }

  /** Ends the heartbeats without a word to the server. */
  stop(): void {
    this.cancelBeat();
  }

  private async enter(): Promise<JoinAck> {
    const ack = await this.enterRoom();
    this.heartbeat = ack.hb ?? defaultHeartbeat;
    this.beatLater();
    return ack;
  }

  /** A token that has run out meanwhile is replaced by another where one can be had. */
  private async enterRoom(): Promise<JoinAck> {
    try {
      return await this.createOrJoin();
    } catch (error) {
      const runOut = error instanceof SignalError && error.code === Code.unauthorized;
      if (!runOut || !(await this.token.renew())) throw error;
      return this.createOrJoin();
    }
  }

  private async createOrJoin(): Promise<JoinAck> {
    try {
      return await this.requestJoin(true);
    } catch (error) {
      if (!(error instanceof SignalError) || !this.mayJoinInstead(error.code)) throw error;
      return await this.requestJoin(false);
    }
  }

  /** 4022: it is another's room. 4052 with a token: the token may join but not create (B-59). */
  private mayJoinInstead(code: number): boolean {
    return code === Code.alreadyExistRoom || (code === Code.unauthorized && this.token.current !== null);
  }

  private requestJoin(roomCreating: boolean): Promise<JoinAck> {
    const { members, name } = this.wishes;
    const op = { ...(roomCreating && { roomCreating }), ...(members && { members }), ...(name && { name }) };
    return this.connection.ask({
      ...this.common,
      s: 'JOIN',
      ve: this.enabled.video,
      ae: this.enabled.audio,
      ...(this.token.current !== null && { token: this.token.current }),
      ...(Object.keys(op).length > 0 && { op }),
    });
  }

  private beatLater(): void {
    this.cancelBeat();
    this.cancelBeat = this.environment.after(this.heartbeat.interval, () => this.beat());
  }

  private beat(): void {
    this.beatLater();
    this.connection.dropIfSilent(this.heartbeat.timeout);
    this.connection.request({ ...this.common, s: 'HEARTBEAT', bid: ++this.beats }).catch((error: unknown) => {
      if (error instanceof SignalError && error.code === Code.roomNotFound) this.forgotten();
      else if (!(error instanceof SignalError || error instanceof ConnectionError)) throw error;
    });
  }
}
