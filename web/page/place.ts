// SPDX-License-Identifier: Apache-2.0
import type { Choice } from './choice.ts';

/** Where the server's WebSocket is: the page's own host. */
export function socketUrl({ protocol, host }: Pick<Location, 'protocol' | 'host'>): string {
  return `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/ws`;
}

/** The page's address without anything personal, to be sent to others. */
export function shareLink({ origin, pathname }: Pick<Location, 'origin' | 'pathname'>, { room, type }: Choice): string {
  return `${origin}${pathname}?${new URLSearchParams({ room, type })}`;
}

/** The parameters that bring back this choice: the room always, the rest where the address already had it. */
export function parametersFor(choice: Choice, before: URLSearchParams): URLSearchParams {
  const { name, room, type, source, codec, simulcast, hls } = choice;
  const values = { name, source, codec: codec ?? '', simulcast: simulcast ? '1' : '0', hls: hls ? '1' : '0' };
  const after = new URLSearchParams(before);
  after.set('room', room);
  after.set('type', type);
  for (const [key, value] of Object.entries(values)) if (before.has(key)) after.set(key, value);
  return after;
}

/** Who one is: the token's subject where there is a token (the server insists, B-11), else the name. Throws words when the token is none. */
export function identify(name: string, token: string | null): { userId: string; token: string | null } {
  if (!token) return { userId: name, token: null };
  const subject = subjectOf(token);
  if (!subject) throw new Error('The token in this page’s address is broken. Ask for a new link.');
  return { userId: subject, token };
}

/** The `sub` of a JWT, unverified: verifying is the server's work. */
function subjectOf(token: string): string | null {
  try {
    const payload = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(payload), (letter) => letter.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const subject = (claims as { sub?: unknown } | null)?.sub;
    return typeof subject === 'string' ? subject : null;
  } catch {
    return null;
  }
}
