// SPDX-License-Identifier: Apache-2.0
// Follows a low-latency HLS stream as several kinds of players at once do and holds it to RFC 8216 and
// draft-pantos-hls-rfc8216bis: by blocking reload, by plain polling and by delta updates; every part is fetched by its
// preload hint and again by its own, every segment must be its parts, and ffprobe must find no fault.
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { readChunks, readInit } from './boxes.mjs';
import { parseMedia, parseMultivariant } from './playlist.mjs';

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** msn and index of the part behind the last one. */
function behind({ segments }) {
  const last = segments.at(-1);
  return last.whole ? [last.msn + 1, 0] : [last.msn, last.parts.length];
}

/** What ffprobe says against these bytes; '' when it reads them without a word. */
export function ffprobe(bytes) {
  return new Promise((done, failed) => {
    const probe = spawn('ffprobe', ['-v', 'error', '-count_frames', '-show_entries', 'stream=nb_read_frames', '-of', 'csv', '-']);
    let said = '';
    let out = '';
    probe.stderr.on('data', (text) => (said += text));
    probe.stdout.on('data', (text) => (out += text));
    probe.on('error', failed);
    probe.on('close', (code) => done(said || (code === 0 && /stream,\d+/.test(out) ? '' : `exit ${code}: ${out}`)));
    probe.stdin.on('error', () => {});
    probe.stdin.end(bytes);
  });
}

/** One media playlist, put together from all that was seen of it. */
class Rendition {
  constructor(uri, kind) {
    Object.assign(this, { uri, kind, segments: new Map(), inits: new Map(), hints: new Set(), hinted: new Map(), parts: 0, lastMsn: -1, lastPart: -1 });
  }
  get name() {
    return this.uri.split('/').pop().replace(/\.m3u8.*/, '');
  }
}

export class Checker {
  violations = [];
  counts = { playlists: 0, parts: 0, segments: 0, hints: 0, hintsInVain: 0, deltas: 0, probed: 0, discontinuities: 0 };
  /** ms that the newest part was old when a blocked playlist brought it. */
  ages = [];
  /** s between the first picture and the first sound of a segment of the same number. */
  offsets = [];
  renditions = [];
  ended = false;

  /** `keep`: segments' bytes stay in memory, by rendition and msn. `probe`: ffprobe each segment. */
  constructor(url, { keep = false, probe = true, log = () => {} } = {}) {
    Object.assign(this, { url, keep, probe, log });
  }

  wrong(where, what) {
    const text = `${where}: ${what}`;
    if (this.violations.length < 200) this.violations.push(text);
    this.log(text);
  }

  async get(url, expected = 200) {
    const begun = performance.now();
    const response = await fetch(url, { headers: { 'Accept-Encoding': 'gzip' } });
    const bytes = Buffer.from(await response.arrayBuffer());
    if (response.status !== expected) throw new Error(`${response.status} where ${expected} was expected: ${url} ${response.status < 400 ? '' : bytes.toString('utf8', 0, 200)}`);
    return { bytes, headers: response.headers, took: performance.now() - begun };
  }

  /** Until `stop()` or the end of the stream. */
  async run() {
    const master = await this.get(this.url);
    this.checkHeaders('multivariant', master, 'application/vnd.apple.mpegurl');
    const list = parseMultivariant(master.bytes.toString());
    if (!list.independent) this.wrong('multivariant', 'no EXT-X-INDEPENDENT-SEGMENTS');
    if (list.variants.length === 0) this.wrong('multivariant', 'no variant');
    for (const variant of list.variants) {
      for (const name of ['BANDWIDTH', 'CODECS']) if (!variant[name]) this.wrong('multivariant', `${variant.uri} has no ${name}`);
      if (variant.AUDIO && !list.media.some((m) => m['GROUP-ID'] === variant.AUDIO)) this.wrong('multivariant', `no audio group ${variant.AUDIO}`);
    }
    this.multivariant = list;
    const video = list.variants.filter((v) => /avc1|vp09|av01/.test(v.CODECS)).map((v) => v.uri);
    const audio = [...list.media.filter((m) => m.TYPE === 'AUDIO' && m.URI).map((m) => m.URI), ...list.variants.map((v) => v.uri).filter((uri) => !video.includes(uri))];
    const resolve = (uri) => new URL(uri, this.url).href;
    this.renditions = [...new Set(video)].map((uri) => new Rendition(resolve(uri), 'video'))
      .concat([...new Set(audio)].map((uri) => new Rendition(resolve(uri), 'audio')));
    const guarded = (work, where) => work().catch((error) => this.wrong(where, error.stack ?? String(error)));
    await Promise.all(this.renditions.flatMap((r) => [
      guarded(() => this.followBlocking(r), `${r.name} blocking`),
      guarded(() => this.followPlain(r), `${r.name} plain`),
      guarded(() => this.followDeltas(r), `${r.name} delta`),
      guarded(() => this.askWrongly(r), `${r.name} wrong`),
    ]));
    await Promise.all(this.pending ?? []);
    this.compareRenditions();
  }

  stop() {
    this.stopped = true;
  }

  get over() {
    return this.stopped || this.ended;
  }

  checkHeaders(where, { headers }, type) {
    if (!headers.get('content-type')?.startsWith(type)) this.wrong(where, `content type ${headers.get('content-type')}`);
    if (headers.get('access-control-allow-origin') !== '*') this.wrong(where, 'no Access-Control-Allow-Origin: *');
    if (!headers.get('cache-control')) this.wrong(where, 'no Cache-Control');
  }

  async playlist(r, query, how) {
    const url = new URL(r.uri);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const answer = await this.get(url);
    this.counts.playlists += 1;
    this.checkHeaders(`${r.name} ${how}`, answer, 'application/vnd.apple.mpegurl');
    if (answer.headers.get('content-encoding') !== 'gzip' && answer.bytes.length > 500) this.wrong(`${r.name} ${how}`, 'not compressed');
    return { ...answer, list: parseMedia(answer.bytes.toString()) };
  }

  async followBlocking(r) {
    let { list } = await this.playlist(r, {}, 'first');
    this.see(r, list, 'first');
    while (!this.over && !list.ended) {
      const [msn, part] = behind(list);
      const hint = list.hint?.URI;
      const got = await this.playlist(r, { _HLS_msn: msn, _HLS_part: part }, 'blocking');
      list = got.list;
      if (got.took > list.target * 3_000 + 500) this.wrong(`${r.name} blocking`, `${msn}.${part} took ${got.took.toFixed(0)} ms`);
      this.see(r, list, 'blocking');
      const last = list.segments.at(-1);
      const has = list.ended || last.msn > msn || (last.msn === msn && (last.whole || last.parts.length > part));
      if (!has) this.wrong(`${r.name} blocking`, `answered without ${msn}.${part}; the last is ${last.msn}.${last.parts.length - 1}`);
      const came = r.segments.get(msn)?.parts[part]?.uri;
      if (hint !== undefined && came !== undefined && came !== hint) this.wrong(`${r.name} blocking`, `${msn}.${part} is ${came} and was hinted at as ${hint}`);
      this.age(r, list);
    }
    if (list.ended) this.ended = true;
  }

  age(r, list) {
    const last = list.segments.at(-1);
    if (list.ended || !last || last.at === undefined) return;
    const length = last.whole ? last.duration : last.parts.reduce((sum, p) => sum + p.duration, 0);
    this.ages.push(Date.now() - (last.at + length * 1000));
  }

  async followPlain(r) {
    while (!this.over) {
      const { list } = await this.playlist(r, {}, 'plain');
      this.see(r, list, 'plain');
      await pause(700);
    }
  }

  async followDeltas(r) {
    let whole = (await this.playlist(r, {}, 'delta')).list;
    while (!this.over && !whole.ended) {
      const [msn, part] = behind(whole);
      const { list } = await this.playlist(r, { _HLS_msn: msn, _HLS_part: part, _HLS_skip: 'YES' }, 'delta');
      if (list.skipped > 0) {
        this.counts.deltas += 1;
        const skipped = whole.segments.filter(({ msn }) => msn >= list.mediaSequence && msn < list.mediaSequence + list.skipped);
        if (skipped.length !== list.skipped) this.wrong(`${r.name} delta`, `skips ${list.skipped} segments of which ${skipped.length} are known`);
        if (list.segments.length < 2) this.wrong(`${r.name} delta`, 'skips what is not older than the skip boundary');
        list.segments = [...skipped, ...list.segments];
      }
      this.see(r, list, 'delta');
      whole = list;
    }
  }

  async askWrongly(r) {
    const refuses = (query) => this.get(`${r.uri}${r.uri.includes('?') ? '&' : '?'}${query}`, 400).catch((error) => this.wrong(`${r.name} wrong`, error.message));
    await pause(3_000);
    await refuses('_HLS_part=0');
    await refuses('_HLS_msn=now');
    await refuses(`_HLS_msn=${r.lastMsn + 10}`);
    // Of a segment that has ended meanwhile it is the next one's first part: then once more.
    for (let i = 0; i < 5 && !this.over; i++) {
      const { status } = await fetch(`${r.uri}${r.uri.includes('?') ? '&' : '?'}_HLS_msn=${r.lastMsn}&_HLS_part=100`);
      if (status === 400) return;
    }
    if (!this.over) this.wrong(`${r.name} wrong`, 'part 100 of the segment that runs is not refused');
  }

  see(r, list, how) {
    const where = `${r.name} ${how}`;
    this.checkConstants(r, list, where);
    if (!list.ended && !list.hint) this.wrong(where, 'no preload hint');
    if (list.ended && list.hint) this.wrong(where, 'a preload hint behind the end');
    if (list.hint?.TYPE === 'PART') this.hint(r, list.hint.URI);
    if (list.mediaSequence < (r.mediaSequence ?? 0) && how !== 'plain') this.wrong(where, 'EXT-X-MEDIA-SEQUENCE goes back');
    r.mediaSequence = Math.max(r.mediaSequence ?? 0, list.mediaSequence);
    if (!list.ended && this.renditions.length > 1 && list.reports.length !== this.renditions.length - 1) this.wrong(where, `${list.reports.length} rendition reports`);
    for (const report of list.reports) this.checkReport(r, report, where);
    let count = list.discontinuitySequence;
    let before;
    for (const segment of list.segments) {
      if (before && segment.msn !== before.msn + 1) this.wrong(where, `segment ${segment.msn} behind ${before.msn}`);
      if (segment.discontinuity) count += 1;
      this.merge(r, { ...segment, order: count }, list, where);
      before = segment;
    }
    this.advance(r, list);
  }

  checkConstants(r, list, where) {
    const now = JSON.stringify([list.version, list.target, list.part, list.server, list.independent]);
    r.constants ??= now;
    if (now !== r.constants) this.wrong(where, `changed: ${r.constants} to ${now}`);
    if (r.checked) return;
    r.checked = true;
    Object.assign(r, { target: list.target, part: list.part });
    const number = (name) => Number(list.server?.[name]);
    const rule = (good, what) => good || this.wrong(where, what);
    rule(list.version >= 9, `version ${list.version}`);
    rule(Number.isInteger(list.target) && list.target > 0, `EXT-X-TARGETDURATION ${list.target}`);
    rule(list.part > 0, 'no EXT-X-PART-INF');
    rule(list.server?.['CAN-BLOCK-RELOAD'] === 'YES', 'no CAN-BLOCK-RELOAD');
    rule(number('PART-HOLD-BACK') >= 3 * list.part - 1e-9, `PART-HOLD-BACK ${number('PART-HOLD-BACK')}`);
    rule(!list.server?.['HOLD-BACK'] || number('HOLD-BACK') >= 3 * list.target, `HOLD-BACK ${number('HOLD-BACK')}`);
    rule(number('CAN-SKIP-UNTIL') >= 6 * list.target, `CAN-SKIP-UNTIL ${number('CAN-SKIP-UNTIL')}`);
    rule(list.independent, 'no EXT-X-INDEPENDENT-SEGMENTS');
  }

  checkReport(r, report, where) {
    const other = this.renditions.find((o) => o.uri.split('?')[0] === new URL(report.URI, r.uri).href.split('?')[0]);
    if (!other) return this.wrong(where, `a report of an unknown rendition: ${report.URI}`);
    const behind = other.lastMsn - Number(report['LAST-MSN']);
    if (behind > 1 || !/^\d+$/.test(report['LAST-PART'])) this.wrong(where, `the report of ${other.name} says ${report['LAST-MSN']}.${report['LAST-PART']}, it is at ${other.lastMsn}.${other.lastPart}`);
  }

  merge(r, seen, list, where) {
    const at = `${where} ${seen.msn}`;
    let known = r.segments.get(seen.msn);
    if (!known) {
      known = { msn: seen.msn, parts: [], bytes: [], fetches: [] };
      r.segments.set(seen.msn, known);
      if (seen.map === undefined) this.wrong(at, 'no EXT-X-MAP');
      if (seen.at === undefined) this.wrong(at, 'no EXT-X-PROGRAM-DATE-TIME');
    }
    for (const name of ['at', 'map', 'discontinuity', 'order']) {
      known[name] ??= seen[name];
      if (known[name] !== seen[name]) this.wrong(at, `${name} was ${known[name]} and is ${seen[name]}`);
    }
    for (const [i, part] of seen.parts.entries()) this.mergePart(r, known, i, part, at);
    if (!seen.whole) return;
    if (known.duration === undefined) this.finish(r, known, seen, at);
    if (known.duration !== seen.duration || known.uri !== seen.uri) this.wrong(at, `was ${known.duration} ${known.uri} and is ${seen.duration} ${seen.uri}`);
    if (seen.parts.length > 0 && seen.parts.length !== known.parts.length) this.wrong(at, `${seen.parts.length} of ${known.parts.length} parts`);
  }

  mergePart(r, known, i, part, at) {
    const before = known.parts[i];
    if (before) {
      if (JSON.stringify(before) !== JSON.stringify(part)) this.wrong(at, `part ${i} was ${JSON.stringify(before)} and is ${JSON.stringify(part)}`);
      return;
    }
    if (i !== known.parts.length) return; // the first look at a stream that runs
    if (known.duration !== undefined) this.wrong(at, `part ${i} of a segment that had ended`);
    if (part.duration > r.part + 1e-6) this.wrong(at, `part ${i} lasts ${part.duration} s`);
    if (i > 0 && known.parts[i - 1].duration < r.part * 0.85) this.wrong(at, `part ${i - 1} lasts ${known.parts[i - 1].duration} s and is not the last`);
    if (i === 0 && !part.independent) this.wrong(at, 'does not begin with an independent part');
    if (part.gap) this.wrong(at, `part ${i} is a gap`);
    known.parts.push(part);
    r.parts += 1;
    const fetched = this.fetchPart(r, known, i, part);
    known.fetches.push(fetched);
    this.later(fetched);
  }

  finish(r, known, seen, at) {
    Object.assign(known, { duration: seen.duration, uri: seen.uri });
    if (Math.round(seen.duration) > r.target) this.wrong(at, `lasts ${seen.duration} s`);
    if (seen.discontinuity) this.counts.discontinuities += 1;
    const sum = known.parts.reduce((total, part) => total + part.duration, 0);
    known.complete = Math.abs(sum - seen.duration) < 0.01;
    if (known.parts.length > 0 && r.firstMsn !== undefined && !known.complete && seen.msn > r.firstMsn) this.wrong(at, `lasts ${seen.duration} s and its parts ${sum}`);
    r.firstMsn ??= seen.msn;
    const before = r.segments.get(seen.msn - 1);
    if (before?.duration !== undefined && Math.abs(seen.at - before.at - before.duration * 1000) > 20) this.wrong(at, `begins ${seen.at - before.at} ms behind one of ${before.duration} s`);
    this.counts.segments += 1;
    this.later(this.fetchSegment(r, known));
  }

  advance(r, list) {
    const last = list.segments.at(-1);
    if (!last) return;
    const part = last.parts.length - 1;
    if (last.msn > r.lastMsn || (last.msn === r.lastMsn && (part > r.lastPart || (last.whole && !r.whole)))) {
      Object.assign(r, { lastMsn: last.msn, lastPart: part, whole: last.whole });
    }
  }

  later(work) {
    this.pending ??= new Set();
    const watched = work.catch((error) => this.wrong('media', error.stack ?? String(error))).finally(() => this.pending.delete(watched));
    this.pending.add(watched);
  }

  /** A hint is asked for at once, and must bring what its part is then; nothing, if the segment ends before. */
  hint(r, uri) {
    if (r.hints.has(uri)) return;
    r.hints.add(uri);
    this.counts.hints += 1;
    this.later((async () => {
      const response = await fetch(new URL(uri, r.uri));
      const bytes = Buffer.from(await response.arrayBuffer());
      if (response.status === 200) r.hinted.set(uri, bytes);
      else if (response.status === 404) this.counts.hintsInVain += 1;
      else if (!this.over) this.wrong(r.name, `a hint was answered ${response.status}: ${uri}`);
    })());
  }

  async init(r, uri) {
    if (!r.inits.has(uri)) r.inits.set(uri, this.get(new URL(uri, r.uri)).then((answer) => ({ bytes: answer.bytes, ...readInit(answer.bytes) })));
    return r.inits.get(uri);
  }

  async fetchPart(r, segment, i, part) {
    const init = await this.init(r, segment.map);
    const answer = await this.get(new URL(part.uri, r.uri));
    this.checkHeaders(part.uri, answer, `${r.kind}/mp4`);
    this.counts.parts += 1;
    segment.bytes[i] = answer.bytes;
    const hinted = r.hinted.get(part.uri);
    if (hinted && !hinted.equals(answer.bytes)) this.wrong(part.uri, 'the hint brought something else');
    const chunks = readChunks(answer.bytes, init);
    const length = chunks.reduce((sum, chunk) => sum + chunk.duration, 0);
    if (Math.abs(length - part.duration) > 0.002) this.wrong(part.uri, `said to last ${part.duration} s and lasts ${length}`);
    if (part.independent && r.kind === 'video' && !chunks[0].sync) this.wrong(part.uri, 'said to be independent and is not');
    segment.times ??= [];
    segment.times[i] = { at: chunks[0].at, end: chunks[0].at + length, shown: chunks[0].shown };
  }

  async fetchSegment(r, segment) {
    const init = await this.init(r, segment.map);
    const { bytes } = await this.get(new URL(segment.uri, r.uri));
    await Promise.allSettled(segment.fetches);
    segment.sum = bytes.length;
    const chunks = readChunks(bytes, init);
    for (let i = 1; i < chunks.length; i++)
      if (Math.abs(chunks[i].at - chunks[i - 1].at - chunks[i - 1].duration) > 0.001) this.wrong(segment.uri, `chunk ${i} begins at ${chunks[i].at} behind one that ended at ${chunks[i - 1].at + chunks[i - 1].duration}`);
    const length = chunks.reduce((sum, chunk) => sum + chunk.duration, 0);
    if (Math.abs(length - segment.duration) > 0.005) this.wrong(segment.uri, `said to last ${segment.duration} s and lasts ${length}`);
    segment.begins = chunks[0].at;
    segment.ends = chunks.at(-1).at + chunks.at(-1).duration;
    segment.shown = chunks[0].shown;
    if (segment.complete && segment.bytes.length === segment.parts.length && !segment.bytes.includes(undefined) && !Buffer.concat(segment.bytes).equals(bytes)) this.wrong(segment.uri, 'is not its parts');
    segment.bytes = this.keep ? [bytes] : [];
    if (!this.probe) return;
    const said = await ffprobe(Buffer.concat([init.bytes, bytes]));
    this.counts.probed += 1;
    if (said) this.wrong(segment.uri, `ffprobe: ${said}`);
  }

  /** What only all renditions together show. */
  compareRenditions() {
    for (const r of this.renditions) {
      for (const [msn, segment] of r.segments) {
        const before = r.segments.get(msn - 1);
        if (before?.ends !== undefined && segment.begins !== undefined && Math.abs(segment.begins - before.ends) > 0.001) this.wrong(`${r.name} ${msn}`, `begins at ${segment.begins}, the one before ended at ${before.ends}`);
      }
    }
    const [first, ...others] = this.renditions;
    for (const other of others) {
      for (const [msn, segment] of other.segments) {
        const same = first?.segments.get(msn);
        if (!same) continue;
        if (same.discontinuity !== segment.discontinuity || same.order !== segment.order) this.wrong(`${other.name} ${msn}`, `discontinuity ${segment.discontinuity} ${segment.order}, ${first.name} ${same.discontinuity} ${same.order}`);
        if (other.kind === 'audio' && first.kind === 'video' && segment.shown !== undefined && same.shown !== undefined) this.offsets.push(segment.shown - same.shown);
      }
    }
  }

  summary() {
    const sorted = [...this.ages].sort((a, b) => a - b);
    const at = (q) => (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN).toFixed(0);
    const worst = Math.max(0, ...this.offsets.map(Math.abs));
    const counts = Object.entries(this.counts).map(([name, n]) => `${n} ${name}`).join(', ');
    return `${counts}; newest part's age p50 ${at(0.5)} ms, p99 ${at(0.99)}, max ${at(1)}; first picture to first sound of a segment at most ${(worst * 1000).toFixed(0)} ms; ${this.violations.length} violations`;
  }
}
