// SPDX-License-Identifier: Apache-2.0
// A WebSocket server that speaks heliograph's signals, as far as heliograph-load does (docs/signals.md), for a server
// that speaks something else. What stands behind it is a `rival`, an object with five async functions:
//
//   openRoom(room)                      before anybody of the room publishes or watches
//   publish(session, offer) → answer    SDP of an uplink
//   watch(session, target) → offer      SDP of a downlink to a publishing session; throws NotYet while there is none
//   answer(session, target, sdp)        what the viewer said to it
//   leave(session)                      frees all that it has
//
// A session is {room, user, id}, its `key` the three in one string.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const kRetryAfterMs = 200;

// The target does not publish: the client may ask again.
export class NotYet extends Error {}

// The session that a signal speaks for or to; undefined where the signal names none.
export function sessionOf(room, who) {
  const names = [room, who?.userId, who?.sessionId];
  if (!names.every((name) => typeof name === 'string')) return undefined;
  return { room, user: who.userId, id: who.sessionId, key: JSON.stringify(names) };
}

export function ack(name, body, code = 200) {
  return JSON.stringify({ c: code, s: name, b: body });
}

// {signal, from, to} of a message, or undefined where it is none that can be answered.
export function read(text) {
  let signal;
  try {
    signal = JSON.parse(text)?.data;
  } catch {
    return undefined;
  }
  const from = sessionOf(signal?.rid, signal?.ss);
  return from && typeof signal.s === 'string' ? { signal, from, to: sessionOf(signal.rid, signal.to) } : undefined;
}

// The body of the ack, undefined where a signal has none (B-7).
async function act(rival, { signal, from, to }) {
  const rid = from.room;
  switch (signal.s) {
    case 'JOIN':
      await rival.openRoom(rid);
      return { rid, pps: [] };
    case 'OFFER':
      return { rid, sessionId: from.id, sdp: await rival.publish(from, signal.sdp) };
    case 'WATCH':
      return { rid, pps: [{ id: to.user, sessionId: to.id, sdp: await rival.watch(from, to) }] };
    case 'ANSWER':
      await rival.answer(from, to, signal.sdp);
      return undefined;
    case 'LEAVE':
      await rival.leave(from);
      return { rid };
    case 'HEARTBEAT':
    case 'ICE':
      return undefined;
    default:
      throw new Error(`${signal.s} is not known to this adapter`);
  }
}

async function answer(rival, message) {
  if (!message) return ack('UNKNOWN', { msg: 'INVALID_SIGNAL: no signal of heliograph' }, 2001);
  try {
    const body = await act(rival, message);
    return body && ack(message.signal.s, body);
  } catch (error) {
    const body = { msg: `INTERNAL_SERVER_ERROR: ${error.message}` };
    if (error instanceof NotYet) body.retryAfter = kRetryAfterMs;
    return ack(message.signal.s, body, 500);
  }
}

function complain(error) {
  console.error(`adapter: ${error.message}`);
}

// Listens on 127.0.0.1:port; resolves once it does.
export function serve(rival, port) {
  const http = createServer((request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
  sockets.on('connection', (socket) => {
    const sessions = new Map(); // that spoke here, by their keys: they end with the socket
    socket.on('error', () => socket.terminate());
    socket.on('close', () => sessions.forEach((session) => rival.leave(session).catch(complain)));
    socket.on('message', async (bytes) => {
      const message = read(bytes.toString());
      if (message) sessions.set(message.from.key, message.from);
      const text = await answer(rival, message);
      if (text) socket.send(text);
    });
  });
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, '127.0.0.1', () => resolve(http));
  });
}
