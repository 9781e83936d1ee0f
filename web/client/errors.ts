// SPDX-License-Identifier: Apache-2.0
import type { ServerMessage } from './signals.ts';

/** The server refused a signal. */
export class SignalError extends Error {
  override readonly name = 'SignalError';

  constructor(
    /** The refused signal, such as `OFFER`. */
    readonly signal: string,
    /** The contract's code, see `Code`. */
    readonly code: number,
    message: string,
    /** Milliseconds after which the server wants the signal again, where it said so (B-32). */
    readonly retryAfter: number | null = null,
    /** The refused signal as it was sent (B-5). */
    readonly request: unknown = null,
  ) {
    super(message);
  }

  static from(message: ServerMessage): SignalError {
    const { msg, retryAfter, req } = message.b;
    return new SignalError(
      message.s,
      message.c,
      typeof msg === 'string' ? msg : `code ${message.c}`,
      typeof retryAfter === 'number' ? retryAfter : null,
      req ?? null,
    );
  }
}

/** The socket could not be opened, went away, or an answer did not come in time. What was asked may be asked again. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}
