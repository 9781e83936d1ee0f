// SPDX-License-Identifier: Apache-2.0
// A WebSocket without a library (RFC 6455), to see each frame of the server and to send frames that no library would.
import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Section 5.2, as a client sends it: masked. */
export function encodeFrame({ code, payload = Buffer.alloc(0), fin = true, masked = true }) {
  const bytes = Buffer.from(payload);
  const extended = bytes.length < 126 ? 0 : bytes.length < 65_536 ? 2 : 8;
  const header = Buffer.alloc(2 + extended);
  header[0] = (fin ? 0x80 : 0) | code;
  header[1] = (masked ? 0x80 : 0) | (extended === 0 ? bytes.length : extended === 2 ? 126 : 127);
  if (extended === 2) header.writeUInt16BE(bytes.length, 2);
  if (extended === 8) header.writeBigUInt64BE(BigInt(bytes.length), 2);
  if (!masked) return Buffer.concat([header, bytes]);
  const key = randomBytes(4);
  for (let i = 0; i < bytes.length; i++) bytes[i] ^= key[i & 3];
  return Buffer.concat([header, key, bytes]);
}

/** Frames out of a stream of bytes, in whatever pieces it comes. */
export class FrameParser {
  #rest = Buffer.alloc(0);

  /** @returns {{code: number, fin: boolean, rsv: number, masked: boolean, payload: Buffer}[]} */
  push(bytes) {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const frames = [];
    for (let frame = this.#next(); frame; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next() {
    const rest = this.#rest;
    if (rest.length < 2) return undefined;
    const masked = (rest[1] & 0x80) !== 0;
    let length = rest[1] & 0x7f;
    let at = 2;
    if (length === 126) {
      if (rest.length < 4) return undefined;
      length = rest.readUInt16BE(2);
      at = 4;
    } else if (length === 127) {
      if (rest.length < 10) return undefined;
      length = Number(rest.readBigUInt64BE(2));
      at = 10;
    }
    const start = at + (masked ? 4 : 0);
    if (rest.length < start + length) return undefined;
    const payload = Buffer.from(rest.subarray(start, start + length));
    if (masked) for (let i = 0; i < payload.length; i++) payload[i] ^= rest[at + (i & 3)];
    this.#rest = rest.subarray(start + length);
    return { code: rest[0] & 0x0f, fin: (rest[0] & 0x80) !== 0, rsv: (rest[0] >> 4) & 7, masked, payload };
  }
}

export class RawSocket {
  frames = [];
  messages = [];
  #parser = new FrameParser();
  #partial = [];

  /** Opens and upgrades. `answerPings`: false is a client that is dead without knowing. */
  static async open(url, { answerPings = true, insecure = false, headers = [] } = {}) {
    const raw = new RawSocket();
    raw.answerPings = answerPings;
    const secure = url.protocol === 'wss:';
    const where = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || (secure ? 443 : 80)) };
    raw.socket = secure ? tls.connect({ ...where, servername: url.hostname, rejectUnauthorized: !insecure }) : net.connect(where);
    raw.socket.setNoDelay(true);
    raw.closed = new Promise((done) => raw.socket.once('close', () => {
      raw.ended = performance.now();
      done(raw.close);
    }));
    raw.socket.on('error', () => {});
    await new Promise((done, failed) => raw.socket.once(secure ? 'secureConnect' : 'connect', done).once('error', failed));
    await raw.#upgrade(url, headers);
    return raw;
  }

  #upgrade(url, headers) {
    const key = randomBytes(16).toString('base64');
    const accept = createHash('sha1').update(key + guid).digest('base64');
    this.socket.write([
      `GET ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`, 'Upgrade: websocket', 'Connection: Upgrade',
      `Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13', ...headers, '', '',
    ].join('\r\n'));
    return new Promise((done, failed) => {
      let head = Buffer.alloc(0);
      const onData = (bytes) => {
        head = Buffer.concat([head, bytes]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        this.socket.off('data', onData);
        this.socket.on('data', (more) => this.#receive(more));
        const text = head.subarray(0, end).toString();
        if (!text.startsWith('HTTP/1.1 101')) return failed(new Error(`the upgrade was answered with ${text.split('\r\n')[0]}`));
        if (!text.toLowerCase().includes(`sec-websocket-accept: ${accept.toLowerCase()}`)) return failed(new Error('Sec-WebSocket-Accept is wrong'));
        if (head.length > end + 4) this.#receive(head.subarray(end + 4));
        done();
      };
      this.socket.on('data', onData);
      this.socket.once('close', () => failed(new Error('closed during the upgrade')));
    });
  }

  #receive(bytes) {
    for (const frame of this.#parser.push(bytes)) {
      this.frames.push({ ...frame, at: performance.now() });
      if (frame.code === opcode.ping && this.answerPings) this.send({ code: opcode.pong, payload: frame.payload });
      if (frame.code === opcode.close) this.close = { code: frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : 1005, reason: frame.payload.subarray(2).toString() };
      if (frame.code === opcode.close) this.socket.end(encodeFrame({ code: opcode.close, payload: frame.payload }));
      if (frame.code > 2) continue;
      this.#partial.push(frame.payload);
      if (frame.fin) this.messages.push(Buffer.concat(this.#partial.splice(0)).toString());
    }
  }

  send(frame) {
    this.socket.write(encodeFrame(frame));
  }

  /** A message in pieces of that size. */
  sendText(text, piece = Infinity) {
    const bytes = Buffer.from(text);
    for (let at = 0; at === 0 || at < bytes.length; at += piece) {
      const payload = bytes.subarray(at, at + piece);
      this.send({ code: at === 0 ? opcode.text : opcode.continuation, payload, fin: at + piece >= bytes.length });
    }
  }

  destroy() {
    this.socket.destroy();
  }
}
