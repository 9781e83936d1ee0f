// SPDX-License-Identifier: Apache-2.0
// One WebSocket to the server, with a shuffling proxy in between when that is asked for. What comes is kept until a case
// takes it, checked against the schemas and the laws that hold for every message.
import WebSocket from 'ws';
import { Proxy } from './proxy.mjs';
import { seedOf } from './random.mjs';

/** @typedef {{message: any, text: string, at: number, taken?: boolean}} Heard */

export class Wire {
  /** @type {Heard[]} */
  heard = [];
  said = 0;
  #waiting = new Set();

  constructor(trial, socket, name) {
    Object.assign(this, { trial, socket, name });
    const { shuffle } = trial.suite;
    if (shuffle) {
      this.proxy = new Proxy({
        ...shuffle,
        seed: seedOf(`${shuffle.seed}/${trial.one.id}/${name}`),
        toServer: (text) => socket.readyState === WebSocket.OPEN && socket.send(text),
        toClient: (frame) => this.#receive(frame),
      });
    }
    socket.on('message', (bytes, binary) => (this.proxy ? this.proxy.fromServer({ bytes, binary }) : this.#receive({ bytes, binary })));
    socket.on('error', () => {});
    this.closed = new Promise((done) => socket.on('close', (code, reason) => {
      this.proxy?.close();
      this.end = { code, reason: String(reason), at: performance.now() };
      done(this.end);
      this.#tell();
    }));
  }

  /**
   * @param {import('./trial.mjs').Trial} trial
   * @param {{token?: string, authorization?: string, path?: string, headers?: object, autoPong?: boolean}} options
   */
  static async open(trial, name, { token, authorization, path, headers = {}, autoPong = true } = {}) {
    const url = new URL(trial.suite.url);
    if (path !== undefined) url.pathname = path;
    if (token !== undefined) url.searchParams.set('token', token);
    if (authorization !== undefined) headers = { ...headers, authorization };
    for (let tries = 0; ; tries++) {
      const socket = new WebSocket(url, { headers, autoPong, perMessageDeflate: false, maxPayload: 64 << 20, rejectUnauthorized: !trial.suite.options.insecure });
      const wire = new Wire(trial, socket, name);
      const outcome = await new Promise((done) => {
        socket.once('open', () => done({ opened: true }));
        socket.once('unexpected-response', (request, response) => {
          let body = '';
          response.on('data', (chunk) => (body += chunk));
          response.on('end', () => done({ status: response.statusCode, headers: response.headers, body }));
          response.on('error', () => done({ status: response.statusCode, headers: response.headers, body }));
        });
        socket.once('error', (error) => setTimeout(() => done({ error }), 50));
      });
      if (outcome.opened) return wire;
      // A door that is closed for a while (429 with Retry-After) is no fault: many cases come from one address.
      if (outcome.status === 429 && tries < 30 && !trial.one.alone) {
        await new Promise((done) => setTimeout(done, Math.min(5, Number(outcome.headers['retry-after'] ?? 1)) * 1_000));
        continue;
      }
      throw Object.assign(new Error(outcome.error ? `no connection: ${outcome.error.message}` : `the upgrade was answered with ${outcome.status} ${outcome.body}`), outcome);
    }
  }

  /** As it is: no envelope, no check. */
  sayText(text) {
    this.said++;
    if (this.proxy) this.proxy.fromClient(text);
    else this.socket.send(text);
  }

  /** An envelope around the text of `data`; returns that text. */
  say(action, data, { wrong = false } = {}) {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    if (!wrong) {
      const error = this.trial.suite.schemas.outgoing(action, JSON.parse(text));
      if (error) throw new Error(`the suite itself sent what violates its schema: ${error}\n${text}`);
    }
    this.sayText(`{"action":${JSON.stringify(action)},"data":${text}}`);
    return text;
  }

  #receive({ bytes, binary }) {
    if (binary) return this.trial.break(new Error('B-3: the server sent a binary frame; only text frames are allowed'));
    const text = bytes.toString();
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return this.trial.break(new Error(`B-1: the server sent what is not JSON: ${text.slice(0, 200)}`));
    }
    const error = this.trial.suite.schemas.incoming(message);
    if (error) this.trial.break(new Error(`schema: what the server sent violates its schema: ${error}\n${text.slice(0, 1_000)}`));
    this.#holdToLaws(message, text);
    this.heard.push({ message, text, at: performance.now() });
    this.#tell();
  }

  /** Section 5: `rev` only grows, and one rev has one content. */
  #holdToLaws({ s, b }, text) {
    if (s !== 'PUBLISH_LIST_CHANGED' && s !== 'MEMBER_LIST_CHANGED') return;
    this.lists ??= new Map();
    const key = `${b.rid}/${s}`;
    const { rev = -1, seen = new Map() } = this.lists.get(key) ?? {};
    const list = JSON.stringify(b.pps ?? b.members);
    if (seen.has(b.rev) && seen.get(b.rev) !== list) this.trial.break(new Error(`section 5: two different lists with one rev: ${text}`));
    if (!this.proxy && b.rev < rev) this.trial.break(new Error(`section 5: rev only grows; after ${rev} came ${text}`));
    seen.set(b.rev, list);
    this.lists.set(key, { rev: Math.max(rev, b.rev), seen });
  }

  #tell() {
    for (const look of [...this.#waiting]) look();
  }

  /** Takes the first message that fits; waits for it. @returns {Promise<Heard>} */
  async hear(what, fits, deadline = this.trial.patience) {
    this.trial.at = `${this.name} waits for ${what}`;
    let look;
    let timer;
    try {
      return await new Promise((done, failed) => {
        look = () => {
          const found = this.heard.find((entry) => !entry.taken && fits(entry.message, entry));
          if (found) {
            found.taken = true;
            this.#waiting.delete(look); // it takes one, even when more come before the case goes on
            done(found);
          } else if (this.end) {
            failed(new Error(`expected ${what}, but the socket was closed with ${this.end.code} ${this.end.reason}${this.#recent()}`));
          }
        };
        timer = setTimeout(() => failed(new Error(`expected ${what} within ${deadline} ms, it did not come${this.#recent()}`)), deadline);
        this.#waiting.add(look);
        look();
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(look);
    }
  }

  #recent() {
    const texts = this.heard.filter(({ taken }) => !taken).slice(-6).map(({ text }) => `\n    ${text.slice(0, 300)}`);
    return texts.length ? `; ${this.name} heard instead:${texts.join('')}` : `; ${this.name} heard nothing else`;
  }

  /** Everything that fits and has come so far; taken or not. */
  all(fits) {
    return this.heard.filter(({ message }) => fits(message));
  }

  /** Resolves with {code, reason} when the server closes it. */
  async ended(deadline) {
    this.trial.at = `${this.name} waits for its socket's end`;
    let timer;
    const late = new Promise((_, failed) => (timer = setTimeout(() => failed(new Error(`expected the socket to be closed within ${deadline} ms; it is open`)), deadline)));
    try {
      return await Promise.race([this.closed, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  get open() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** As a process that dies: no close frame. */
  drop() {
    this.proxy?.close();
    this.socket.terminate();
    return this.closed;
  }

  close() {
    this.proxy?.close();
    this.socket.close(1000);
    return this.closed;
  }
}
