// SPDX-License-Identifier: Apache-2.0
// Janus's videoroom behind heliograph's signals, over Janus's WebSocket API: one Janus session for all, one handle for
// each publisher and one for each subscription.
import { WebSocket } from 'ws';
import { NotYet } from './signals.mjs';

const kPlugin = 'janus.plugin.videoroom';
const kKeepAliveMs = 25_000; // Janus forgets a session after 60 s
const kNoSuchRoom = 426;
const kNoSuchFeed = 428;

// What is measured is forwarding: no cap on the bit rate, no keyframes by the clock, no events about loudness.
const kRoom = {
  publishers: 1000,
  bitrate: 0,
  fir_freq: 0,
  audiocodec: 'opus',
  videocodec: 'h264',
  audiolevel_event: false,
  record: false,
};

export class JanusError extends Error {
  constructor(code, reason) {
    super(`Janus: ${code} ${reason}`);
    this.code = code;
  }
}

// What Janus answered in the end, or undefined for the "ack" that only says that an answer will come.
export function outcome(message) {
  if (message.janus === 'ack') return undefined;
  if (message.janus === 'error') throw new JanusError(message.error.code, message.error.reason);
  const said = message.plugindata?.data;
  if (said?.error_code) throw new JanusError(said.error_code, said.error);
  return message;
}

class Connection {
  #socket;
  #waiting = new Map(); // transaction → {resolve, reject}
  #next = 0;

  static open(url) {
    const connection = new Connection();
    connection.#socket = new WebSocket(url, 'janus-protocol', { perMessageDeflate: false });
    connection.#socket.on('message', (bytes) => connection.#take(JSON.parse(bytes.toString())));
    return new Promise((resolve, reject) => {
      connection.#socket.once('open', () => resolve(connection));
      connection.#socket.on('error', reject);
      connection.#socket.on('close', () => connection.#fail());
    });
  }

  ask(request) {
    const transaction = `${++this.#next}`;
    this.#socket.send(JSON.stringify({ ...request, transaction }));
    return new Promise((resolve, reject) => this.#waiting.set(transaction, { resolve, reject }));
  }

  #take(message) {
    const asked = this.#waiting.get(message.transaction);
    if (!asked) return; // an event that nobody asked for: media is up, a handle hung up
    try {
      const found = outcome(message);
      if (!found) return;
      asked.resolve(found);
    } catch (error) {
      asked.reject(error);
    }
    this.#waiting.delete(message.transaction);
  }

  #fail() {
    for (const { reject } of this.#waiting.values()) reject(new Error('Janus closed its WebSocket'));
    this.#waiting.clear();
  }
}

export class Janus {
  #connection;
  #session;
  #rooms = new Map(); // name → promise that it is there
  #handles = new Map(); // session's key → Map(what: 'uplink' or the watched session's key → handle)

  static async connect(url) {
    const janus = new Janus();
    janus.#connection = await Connection.open(url);
    janus.#session = (await janus.#connection.ask({ janus: 'create' })).data.id;
    setInterval(() => janus.#ask('keepalive').catch(() => {}), kKeepAliveMs).unref();
    return janus;
  }

  openRoom(room) {
    if (!this.#rooms.has(room)) this.#rooms.set(room, this.#createRoom(room));
    return this.#rooms.get(room);
  }

  async publish(session, offer) {
    const handle = await this.#attachFor(session, 'uplink');
    const request = { request: 'joinandconfigure', ptype: 'publisher', room: session.room, id: session.key };
    return (await this.#message(handle, request, { type: 'offer', sdp: offer })).jsep.sdp;
  }

  async watch(session, target) {
    const handle = await this.#attachFor(session, target.key);
    const request = { request: 'join', ptype: 'subscriber', room: session.room, streams: [{ feed: target.key }] };
    try {
      return (await this.#message(handle, request)).jsep.sdp;
    } catch (error) {
      if (error.code === kNoSuchFeed || error.code === kNoSuchRoom) throw new NotYet(error.message);
      throw error;
    }
  }

  async answer(session, target, sdp) {
    const handle = this.#handles.get(session.key)?.get(target.key);
    if (handle) await this.#message(handle, { request: 'start' }, { type: 'answer', sdp });
  }

  async leave(session) {
    const handles = this.#handles.get(session.key)?.values() ?? [];
    this.#handles.delete(session.key);
    await Promise.all([...handles].map((handle_id) => this.#ask('detach', { handle_id })));
  }

  async #createRoom(room) {
    await this.#message(await this.#attach(), { request: 'create', room, ...kRoom });
  }

  #ask(janus, more) {
    return this.#connection.ask({ janus, session_id: this.#session, ...more });
  }

  async #attach() {
    return (await this.#ask('attach', { plugin: kPlugin })).data.id;
  }

  async #attachFor(session, what) {
    const old = this.#handles.get(session.key)?.get(what);
    if (old) return old;
    const handle = await this.#attach();
    if (!this.#handles.has(session.key)) this.#handles.set(session.key, new Map());
    this.#handles.get(session.key).set(what, handle);
    return handle;
  }

  #message(handle_id, body, jsep) {
    // No candidate follows: all that there will be stand in the SDP.
    return this.#ask('message', { handle_id, body, ...(jsep && { jsep: { ...jsep, trickle: false } }) });
  }
}
