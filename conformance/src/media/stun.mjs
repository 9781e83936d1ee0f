// SPDX-License-Identifier: Apache-2.0
// The little of STUN (RFC 8489) that a full ICE agent needs towards an ICE-lite one (RFC 8445).
import { createHmac, randomBytes } from 'node:crypto';

const magicCookie = 0x2112a442;
const type = { request: 0x0001, indication: 0x0011, success: 0x0101, error: 0x0111 };
const attribute = {
  username: 0x0006, integrity: 0x0008, errorCode: 0x0009, xorMappedAddress: 0x0020, priority: 0x0024, useCandidate: 0x0025,
  fingerprint: 0x8028, controlling: 0x802a,
};

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});

export function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function encodeAttribute(kind, value) {
  const padded = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  padded.writeUInt16BE(kind, 0);
  padded.writeUInt16BE(value.length, 2);
  value.copy(padded, 4);
  return padded;
}

/** Sections 14.5 and 14.7: the length in the header covers what is being added. */
function sealed(kind, transaction, attributes, password) {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(kind, 0);
  header.writeUInt32BE(magicCookie, 4);
  transaction.copy(header, 8);
  let message = Buffer.concat([header, ...attributes]);
  message.writeUInt16BE(message.length - 20 + 24, 2);
  const integrity = createHmac('sha1', password).update(message).digest();
  message = Buffer.concat([message, encodeAttribute(attribute.integrity, integrity)]);
  message.writeUInt16BE(message.length - 20 + 8, 2);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE((crc32(message) ^ 0x5354554e) >>> 0);
  return Buffer.concat([message, encodeAttribute(attribute.fingerprint, crc)]);
}

function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A connectivity check that nominates (RFC 8445 sections 7.2.2 and 8.1.1). */
export function check({ username, password, tieBreaker }) {
  const transaction = randomBytes(12);
  const bytes = sealed(type.request, transaction, [
    encodeAttribute(attribute.username, Buffer.from(username)),
    encodeAttribute(attribute.priority, uint32(0x6e7f1eff)),
    encodeAttribute(attribute.controlling, tieBreaker),
    encodeAttribute(attribute.useCandidate, Buffer.alloc(0)),
  ], password);
  return { transaction: transaction.toString('hex'), bytes };
}

/** The answer to a check of the other side, IPv4 only: nothing here needs the address that it carries. */
export function success(request, { address, port }, password) {
  const value = Buffer.alloc(8);
  value[1] = 1;
  value.writeUInt16BE(port ^ (magicCookie >>> 16), 2);
  const octets = address.split('.').map(Number);
  octets.forEach((octet, index) => (value[4 + index] = octet ^ ((magicCookie >>> (24 - 8 * index)) & 0xff)));
  return sealed(type.success, request.subarray(8, 20), [encodeAttribute(attribute.xorMappedAddress, value)], password);
}

export function isStun(bytes) {
  return bytes.length >= 20 && bytes[0] < 4 && bytes.readUInt32BE(4) === magicCookie;
}

export function read(bytes) {
  const kind = bytes.readUInt16BE(0);
  const transaction = bytes.subarray(8, 20).toString('hex');
  return { kind: Object.keys(type).find((name) => type[name] === kind) ?? 'unknown', transaction };
}
