// SPDX-License-Identifier: Apache-2.0
// RFC 6455 byte by byte over a bare TCP socket: as wrong, as slow and as mute as a test wants it to be.
import net from 'node:net';
import tls from 'node:tls';
import { address } from './netns.mjs';

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };
const upgradeRequest =
  'GET /ws HTTP/1.1\r\nHost: server\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'; // the key of section 1.3

/** A client's frame; its mask is zeros, so that the payload stays as it is. */
export function frame(opcode, payload = '', { fin = true, masked = true, promised, reserved = 0 } = {}) {
  const body = Buffer.from(payload);
  const length = promised ?? body.length;
  const head = [(fin ? 0x80 : 0) | reserved | opcode];
  const mask = masked ? 0x80 : 0;
  if (length < 126) head.push(mask | length);
  else if (length < 65_536) head.push(mask | 126, length >> 8, length & 0xff);
  else head.push(mask | 127, 0, 0, 0, 0, (length >>> 24) & 0xff, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff);
  return Buffer.concat([Buffer.from(head), Buffer.alloc(masked ? 4 : 0), body]);
}

export class RawSocket {
  received = Buffer.alloc(0);
  frames = []; // {opcode, payload, fin}
  bytes = 0;
  ended = false;

  /** `from`: an address of this machine's loopback; `pongs`: answers pings. */
  constructor({ from = '127.0.1.1', port = 8080, secure = false, pongs = false } = {}) {
    this.pongs = pongs;
    const options = { host: address, port, localAddress: from };
    this.tcp = secure ? tls.connect({ ...options, rejectUnauthorized: false }) : net.connect(options);
    this.connected = new Promise((done) => this.tcp.once(secure ? 'secureConnect' : 'connect', done));
    this.tcp.on('data', (data) => this.#take(data));
    this.tcp.on('error', () => {});
    this.closed = new Promise((done) => this.tcp.on('close', () => done((this.ended = true))));
  }

  /** A WebSocket. */
  static async open(options) {
    const socket = new RawSocket(options);
    socket.tcp.write(upgradeRequest);
    socket.status = await Promise.race([new Promise((done) => (socket.answered = done)), socket.closed.then(() => 0)]);
    return socket;
  }

  #take(data) {
    this.bytes += data.length;
    this.received = this.received.length === 0 ? data : Buffer.concat([this.received, data]);
    if (this.answered) {
      const end = this.received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const answered = this.answered;
      this.answered = undefined;
      const status = Number(this.received.subarray(9, 12));
      this.received = this.received.subarray(end + 4);
      answered(status);
    }
    while (this.#takeFrame());
  }

  #takeFrame() {
    const { received } = this;
    if (received.length < 2) return false;
    const short = received[1] & 0x7f;
    const start = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (received.length < start) return false;
    const length = short === 126 ? received.readUInt16BE(2) : short === 127 ? Number(received.readBigUInt64BE(2)) : short;
    if (received.length < start + length) return false;
    const payload = Buffer.from(received.subarray(start, start + length));
    this.received = received.subarray(start + length);
    const opcode = received[0] & 0x0f;
    if (opcode === opcodes.ping && this.pongs) this.send(opcodes.pong, payload);
    this.frames.push({ opcode, payload, fin: (received[0] & 0x80) !== 0 });
    return true;
  }

  send(opcode, payload, shape) {
    return this.tcp.write(frame(opcode, payload, shape));
  }

  /** Writes the same bytes over and over until `done()` says so or the socket has gone, at the pace that it takes them. */
  async flood(bytes, done) {
    while (!done() && !this.ended) {
      if (this.tcp.write(bytes)) await new Promise((next) => setImmediate(next));
      else await Promise.race([new Promise((next) => this.tcp.once('drain', next)), this.closed, done.promise]);
    }
  }

  /** The text messages that have come, whole. */
  get texts() {
    const texts = [];
    let parts = [];
    for (const { opcode, payload, fin } of this.frames) {
      if (opcode > opcodes.binary) continue;
      parts.push(payload);
      if (!fin) continue;
      texts.push(Buffer.concat(parts).toString());
      parts = [];
    }
    return texts;
  }

  /** Of the close frame that came; 1006 when the socket ended without one (section 7.1.5); undefined while it lives. */
  get closeCode() {
    const goodbye = this.frames.find(({ opcode }) => opcode === opcodes.close);
    if (goodbye) return goodbye.payload.length >= 2 ? goodbye.payload.readUInt16BE(0) : 1005;
    return this.ended ? 1006 : undefined;
  }

  destroy() {
    this.tcp.destroy();
  }
}
