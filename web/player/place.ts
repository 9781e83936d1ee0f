// SPDX-License-Identifier: Apache-2.0

/** The stream that a player's page is of. */
export interface StreamPlace {
  room: string;
  user: string;
  /** URL of its multivariant playlist. */
  playlist: string;
}

/** What the page's address says: …/hls/{room}/{user}/{session}/, with `?token=…` where the stream asks for one; null where it is of no stream. */
export function streamAt(href: string): StreamPlace | null {
  const { pathname, searchParams } = new URL(href);
  const [room, user] = /\/hls\/([^/]+)\/([^/]+)\/[^/]+\/$/.exec(pathname)?.slice(1).map(decoded) ?? [];
  if (!room || !user) return null;
  const playlist = new URL('index.m3u8', href);
  playlist.search = '';
  playlist.hash = '';
  const token = searchParams.get('token');
  return { room, user, playlist: withToken(playlist.href, token) };
}

/** The page that plays a playlist: beside it. Without anyone's token, for it is to be given away. */
export function playerLink(playlist: string): string {
  const link = new URL('.', playlist);
  link.search = '';
  return link.href;
}

export function withToken(playlist: string, token: string | null): string {
  if (!token) return playlist;
  const url = new URL(playlist);
  url.searchParams.set('token', token);
  return url.href;
}

function decoded(element: string): string {
  try {
    return decodeURIComponent(element);
  } catch {
    return element;
  }
}
