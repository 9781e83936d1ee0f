// SPDX-License-Identifier: Apache-2.0
// Packets that say who sent them: every payload carries a mark, so that a watcher can tell one source from another.

/** RFC 5761 section 4. */
export const isRtcp = (bytes) => bytes.length >= 8 && (bytes[1] & 0x7f) >= 64 && (bytes[1] & 0x7f) < 96;

/** RFC 3550 section 5.1: what a watcher looks at. */
export function readHeader(bytes) {
  let at = 12 + 4 * (bytes[0] & 0x0f);
  if (bytes[0] & 0x10) at += 4 + 4 * bytes.readUInt16BE(at + 2);
  return { payloadType: bytes[1] & 0x7f, marker: bytes[1] >= 0x80, sequence: bytes.readUInt16BE(2), timestamp: bytes.readUInt32BE(4), ssrc: bytes.readUInt32BE(8), start: at };
}

const marks = { none: 0x00, h: 0x68, m: 0x6d, l: 0x6c };
const fill = (size, mark) => Buffer.alloc(size, mark);

/** RFC 7741: one packet, one frame, 320 by 240. `mark` repeats through the whole payload. */
export function vp8Frame(keyframe, mark, size = 60) {
  const start = keyframe ? [0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00] : [0x10, 0x11, 0, 0];
  return Buffer.concat([Buffer.from(start), fill(size, mark)]);
}

/** Opus: a frame of 20 ms (RFC 6716 section 3.1, configuration 31), filled with the mark. */
export const opusFrame = (mark, size = 20) => Buffer.concat([Buffer.from([0xf8]), fill(size, mark)]);

/** The mark of a packet, or undefined when its payload is something else (padding). */
export const markOf = (payload) => payload.at(-1);
export const mark = (letter) => marks[letter] ?? letter.charCodeAt(0);

/** PLI (RFC 4585 section 6.3.1) or FIR (RFC 5104 section 4.3.1) anywhere in a compound packet: the SSRCs that are asked. */
export function keyframeRequests(bytes) {
  const ssrcs = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4 + 4 * bytes.readUInt16BE(at + 2)) {
    if (bytes[at + 1] !== 206) continue;
    const format = bytes[at] & 0x1f;
    if (format === 1) ssrcs.push(bytes.readUInt32BE(at + 8));
    if (format === 4) for (let entry = at + 12; entry + 8 <= at + 4 + 4 * bytes.readUInt16BE(at + 2); entry += 8) ssrcs.push(bytes.readUInt32BE(entry));
  }
  return ssrcs;
}
