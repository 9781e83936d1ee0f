// SPDX-License-Identifier: Apache-2.0
// What the boxes of a CMAF chunk say of time (ISO/IEC 14496-12).

/** [{type, start, end}] of the boxes that lie in [from, to). */
export function boxes(bytes, from = 0, to = bytes.length) {
  const found = [];
  for (let at = from; at < to;) {
    if (at + 8 > to) throw new Error('a box is cut off');
    const size = bytes.readUInt32BE(at);
    if (size < 8 || at + size > to) throw new Error(`a box of ${size} bytes where ${to - at} are`);
    found.push({ type: bytes.toString('latin1', at + 4, at + 8), start: at + 8, end: at + size });
    at += size;
  }
  return found;
}

const child = (bytes, { start, end }, type) => boxes(bytes, start, end).find((box) => box.type === type);
const need = (bytes, parent, ...path) => path.reduce((box, type) => {
  const found = child(bytes, box, type);
  if (!found) throw new Error(`no ${type}`);
  return found;
}, parent);

/** {timescale, kind: 'vide' | 'soun', format: 'avc1', …} of an initialisation segment. */
export function readInit(bytes) {
  const top = boxes(bytes);
  if (top.map(({ type }) => type).join() !== 'ftyp,moov') throw new Error(`an initialisation segment of ${top.map(({ type }) => type)}`);
  const mdia = need(bytes, top[1], 'trak', 'mdia');
  const mdhd = need(bytes, mdia, 'mdhd');
  const hdlr = need(bytes, mdia, 'hdlr');
  const stsd = need(bytes, mdia, 'minf', 'stbl', 'stsd');
  const trex = need(bytes, top[1], 'mvex', 'trex');
  return {
    timescale: bytes.readUInt32BE(mdhd.start + (bytes[mdhd.start] === 1 ? 20 : 12)),
    kind: bytes.toString('latin1', hdlr.start + 8, hdlr.start + 12),
    format: bytes.toString('latin1', stsd.start + 12, stsd.start + 16),
    defaultDuration: bytes.readUInt32BE(trex.start + 12),
    defaultFlags: bytes.readUInt32BE(trex.start + 20),
  };
}

/** [{at, duration, first: {pts, sync}, samples, last}] of each moof, in seconds. */
export function readChunks(bytes, init) {
  const top = boxes(bytes).filter(({ type }) => type !== 'styp');
  const chunks = [];
  for (let i = 0; i < top.length; i += 2) {
    if (top[i].type !== 'moof' || top[i + 1]?.type !== 'mdat') throw new Error(`a chunk of ${top.map(({ type }) => type)}`);
    chunks.push(readFragment(bytes, need(bytes, top[i], 'traf'), init));
  }
  return chunks;
}

function readFragment(bytes, traf, init) {
  const tfhd = need(bytes, traf, 'tfhd');
  const tfdt = need(bytes, traf, 'tfdt');
  const flags = bytes.readUIntBE(tfhd.start + 1, 3);
  let at = tfhd.start + 8;
  const field = (bit, size = 4) => {
    if (!(flags & bit)) return undefined;
    const value = bytes.readUInt32BE(at + size - 4);
    at += size;
    return value;
  };
  field(0x1, 8);
  field(0x2);
  const defaultDuration = field(0x8) ?? init.defaultDuration;
  field(0x10);
  const defaultFlags = field(0x20) ?? init.defaultFlags;
  const decode = bytes[tfdt.start] === 1 ? Number(bytes.readBigUInt64BE(tfdt.start + 4)) : bytes.readUInt32BE(tfdt.start + 4);
  const samples = boxes(bytes, traf.start, traf.end).filter(({ type }) => type === 'trun')
    .flatMap((trun) => readRun(bytes, trun, defaultDuration, defaultFlags));
  const duration = samples.reduce((sum, sample) => sum + sample.duration, 0);
  let shown = Infinity;
  let time = decode;
  for (const sample of samples) {
    shown = Math.min(shown, time + sample.offset);
    time += sample.duration;
  }
  return { at: decode / init.timescale, duration: duration / init.timescale, shown: shown / init.timescale, sync: samples[0]?.sync, samples: samples.length };
}

function readRun(bytes, trun, defaultDuration, defaultFlags) {
  const version = bytes[trun.start];
  const flags = bytes.readUIntBE(trun.start + 1, 3);
  const count = bytes.readUInt32BE(trun.start + 4);
  let at = trun.start + 8;
  if (flags & 0x1) at += 4;
  let first;
  if (flags & 0x4) {
    first = bytes.readUInt32BE(at);
    at += 4;
  }
  const samples = [];
  for (let i = 0; i < count; i++) {
    const sample = { duration: defaultDuration, offset: 0, flags: i === 0 && first !== undefined ? first : defaultFlags };
    if (flags & 0x100) { sample.duration = bytes.readUInt32BE(at); at += 4; }
    if (flags & 0x200) at += 4;
    if (flags & 0x400) { sample.flags = bytes.readUInt32BE(at); at += 4; }
    if (flags & 0x800) { sample.offset = version === 0 ? bytes.readUInt32BE(at) : bytes.readInt32BE(at); at += 4; }
    samples.push({ ...sample, sync: (sample.flags & 0x10000) === 0 });
  }
  return samples;
}
