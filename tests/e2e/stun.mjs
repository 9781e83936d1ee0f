// SPDX-License-Identifier: Apache-2.0
// A STUN server (RFC 8489) that tells everyone their address: werift asks one on the internet if it is not told another,
// and waits for seconds where nobody answers.
import dgram, { createSocket } from 'node:dgram';
import { syncBuiltinESMExports } from 'node:module';
import { address } from './netns.mjs';

const port = 3478;
const bindingSuccess = 0x0101;
const xorMappedAddress = 0x0020;
const cookie = Buffer.from([0x21, 0x12, 0xa4, 0x42]);

export const stunUrl = `stun:${address}:${port}`;

/** werift forgets some of its sockets when it closes: none is to keep a finished test's process alive. */
export function letSocketsGo() {
  const original = dgram.createSocket;
  dgram.createSocket = (...options) => original(...options).unref();
  syncBuiltinESMExports();
}

export function answerStun() {
  const socket = createSocket('udp4');
  socket.on('message', (request, from) => socket.send(answer(request, from), from.port, from.address));
  socket.bind(port, address);
}

function answer(request, from) {
  const reply = Buffer.alloc(32);
  reply.writeUInt16BE(bindingSuccess, 0);
  reply.writeUInt16BE(12, 2);
  request.copy(reply, 4, 4, 20); // cookie and transaction id
  reply.writeUInt16BE(xorMappedAddress, 20);
  reply.writeUInt16BE(8, 22);
  reply[25] = 1; // IPv4
  reply.writeUInt16BE(from.port ^ cookie.readUInt16BE(), 26);
  from.address.split('.').forEach((byte, index) => (reply[28 + index] = Number(byte) ^ cookie[index]));
  return reply;
}
