// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameParser, encodeFrame, opcode } from '../src/raw-socket.mjs';

for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 131_072]) {
  for (const masked of [true, false]) {
    test(`a frame of ${length} bytes${masked ? ', masked,' : ''} is read as it was written, in whatever pieces`, () => {
      const payload = Buffer.alloc(length, 'abc');
      const bytes = encodeFrame({ code: opcode.text, payload, fin: length % 2 === 0, masked });
      for (const piece of [1, 3, 1_000, bytes.length]) {
        if (piece === 1 && length > 1_000) continue;
        const parser = new FrameParser();
        const frames = [];
        for (let at = 0; at < bytes.length; at += piece) frames.push(...parser.push(bytes.subarray(at, at + piece)));
        assert.deepEqual(frames, [{ code: opcode.text, fin: length % 2 === 0, rsv: 0, masked, payload }]);
      }
    });
  }
}

test('several frames in one piece', () => {
  const bytes = Buffer.concat([1, 2, 3].map((n) => encodeFrame({ code: opcode.ping, payload: Buffer.from([n]) })));
  assert.deepEqual(new FrameParser().push(bytes).map(({ payload }) => payload[0]), [1, 2, 3]);
});

test('the lengths of RFC 6455 section 5.7', () => {
  assert.deepEqual([...encodeFrame({ code: opcode.text, payload: Buffer.from('Hello'), masked: false })], [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
  const masked = Buffer.from([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
  assert.equal(new FrameParser().push(masked)[0].payload.toString(), 'Hello');
});
