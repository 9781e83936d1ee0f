// SPDX-License-Identifier: Apache-2.0
import type { LinkState } from './link.ts';
import type { Category, SessionAddress } from './signals.ts';

/** `up`: published from here. `down`: watched here. */
export type Direction = 'up' | 'down';

/** Figures of one kind of media. Counters run from the start of the connection; what does not apply to the direction is null. */
export interface MediaStats {
  /** Such as `VP8`; null until known. */
  codec: string | null;
  packetsSent: number | null;
  packetsReceived: number | null;
  packetsLost: number | null;
  bytes: number;
}

export interface VideoStats extends MediaStats {
  /** Of the largest layer. */
  width: number | null;
  height: number | null;
  framesEncoded: number | null;
  framesDecoded: number | null;
  keyFrames: number | null;
  freezeCount: number | null;
  /** Frames per second over the last 1 to 2 s. */
  fps: number;
  /** Layers that are being sent (simulcast). */
  layers: number;
}

export interface AudioStats extends MediaStats {
  /** 0 … 1, now. */
  audioLevel: number | null;
  totalAudioEnergy: number | null;
}

/** Figures of one session that is sent or received. */
export interface SessionStats extends SessionAddress {
  category: Category;
  direction: Direction;
  state: LinkState;
  video: VideoStats | null;
  audio: AudioStats | null;
  /** Media in bit/s over the last 1 to 2 s. */
  bitrate: number;
  /** Fraction 0 … 1 of packets lost over the last 1 to 2 s. */
  loss: number;
  /** Milliseconds; null until measured. */
  rtt: number | null;
}

/** One connection to take figures of. */
export interface StatsSource {
  address: SessionAddress;
  category: Category;
  direction: Direction;
  state: LinkState;
  pc: RTCPeerConnection | null;
}

/** RTCStats of any type: members as the browsers have them. */
type Report = Record<string, unknown> & { id: string; type: string };

/** The counters that rates are made of. */
interface Counters {
  at: number;
  bytes: number;
  frames: number;
  packets: number;
  lost: number;
}

/** Milliseconds: rates are taken over this to twice this, however often one asks. */
const rateWindow = 1_000;

/** Turns RTCStatsReports into SessionStats; remembers what rates need. */
export class StatsSampler {
  private readonly history = { up: newHistory(), down: newHistory() };

  sample(sources: StatsSource[]): Promise<SessionStats[]> {
    return Promise.all(sources.map((source) => this.one(source)));
  }

  private async one({ address, pc, ...rest }: StatsSource): Promise<SessionStats> {
    const reports = pc && pc.connectionState !== 'closed' ? await reportsOf(pc) : [];
    const video = videoStats(reports, rest.direction);
    const audio = audioStats(reports, rest.direction);
    const { fps, bitrate, loss } = this.rates(pc, rest.direction, reports, video, audio);
    return { ...address, ...rest, video: video && { ...video, fps }, audio, bitrate, loss, rtt: roundTripTime(reports) };
  }

  private rates(
    pc: RTCPeerConnection | null,
    direction: Direction,
    reports: Report[],
    video: VideoStats | null,
    audio: AudioStats | null,
  ) {
    const history = this.history[direction];
    const at = numberOrNull(reports[0]?.['timestamp']);
    if (!pc || at === null) return { fps: 0, bitrate: 0, loss: 0 };
    const now = counters(at, video, audio);
    const past = history.get(pc) ?? { older: now, newer: now };
    const { older } = past;
    const due = now.at - past.newer.at >= rateWindow;
    history.set(pc, due ? { older: past.newer, newer: now } : past);
    const seconds = (now.at - older.at) / 1_000;
    if (seconds <= 0) return { fps: 0, bitrate: 0, loss: 0 };
    const lost = Math.max(0, now.lost - older.lost);
    const expected = lost + Math.max(0, now.packets - older.packets);
    return {
      fps: Math.max(0, now.frames - older.frames) / seconds,
      bitrate: (Math.max(0, now.bytes - older.bytes) * 8) / seconds,
      loss: expected > 0 ? lost / expected : 0,
    };
  }
}

/** By connection; a call's has both directions. */
function newHistory() {
  return new WeakMap<RTCPeerConnection, { older: Counters; newer: Counters }>();
}

async function reportsOf(pc: RTCPeerConnection): Promise<Report[]> {
  const reports: Report[] = [];
  (await pc.getStats()).forEach((report: Report) => reports.push(report));
  return reports;
}

function counters(at: number, video: VideoStats | null, audio: AudioStats | null): Counters {
  const both: (MediaStats | null)[] = [video, audio];
  const sum = (value: (media: MediaStats) => number) => both.reduce((total, media) => total + (media ? value(media) : 0), 0);
  return {
    at,
    bytes: sum(({ bytes }) => bytes),
    frames: video?.framesDecoded ?? video?.framesEncoded ?? 0,
    packets: sum(({ packetsReceived, packetsSent }) => packetsReceived ?? packetsSent ?? 0),
    lost: sum(({ packetsLost }) => packetsLost ?? 0),
  };
}

/** The RTP streams of a kind in our direction: one, or one a simulcast layer. */
function streamsOf(reports: Report[], kind: string, direction: Direction): Report[] {
  const type = direction === 'up' ? 'outbound-rtp' : 'inbound-rtp';
  return reports.filter((report) => report.type === type && report['kind'] === kind);
}

function mediaStats(reports: Report[], streams: Report[], direction: Direction): MediaStats {
  const up = direction === 'up';
  const codecId = streams.map((stream) => stream['codecId']).find((id) => id);
  const mimeType = reports.find(({ id }) => id === codecId)?.['mimeType'];
  const ssrcs = new Set(streams.map((stream) => stream['ssrc']));
  const lossReports = up ? reports.filter(({ type, ssrc }) => type === 'remote-inbound-rtp' && ssrcs.has(ssrc)) : streams;
  return {
    codec: typeof mimeType === 'string' ? (mimeType.split('/')[1] ?? null) : null,
    packetsSent: up ? total(streams, 'packetsSent') : null,
    packetsReceived: up ? null : total(streams, 'packetsReceived'),
    packetsLost: total(lossReports, 'packetsLost'),
    bytes: total(streams, up ? 'bytesSent' : 'bytesReceived'),
  };
}

function videoStats(reports: Report[], direction: Direction): VideoStats | null {
  const streams = streamsOf(reports, 'video', direction);
  const largest = [...streams].sort((a, b) => numberOr(b['frameWidth'], 0) - numberOr(a['frameWidth'], 0))[0];
  if (!largest) return null;
  const up = direction === 'up';
  return {
    ...mediaStats(reports, streams, direction),
    width: numberOrNull(largest['frameWidth']),
    height: numberOrNull(largest['frameHeight']),
    framesEncoded: up ? numberOr(largest['framesEncoded'], 0) : null,
    framesDecoded: up ? null : numberOr(largest['framesDecoded'], 0),
    keyFrames: numberOrNull(largest[up ? 'keyFramesEncoded' : 'keyFramesDecoded']),
    freezeCount: up ? null : numberOrNull(largest['freezeCount']),
    fps: 0,
    layers: streams.filter((stream) => stream['active'] !== false && numberOr(stream['frameWidth'], 0) > 0).length,
  };
}

function audioStats(reports: Report[], direction: Direction): AudioStats | null {
  const streams = streamsOf(reports, 'audio', direction);
  const stream = streams[0];
  if (!stream) return null;
  const source = direction === 'up' ? reports.find(({ id }) => id === stream['mediaSourceId']) : stream;
  return {
    ...mediaStats(reports, streams, direction),
    audioLevel: numberOrNull(source?.['audioLevel']),
    totalAudioEnergy: numberOrNull(source?.['totalAudioEnergy']),
  };
}

/** Of the candidate pair in use; browsers that do not measure it there have it from RTCP. */
function roundTripTime(reports: Report[]): number | null {
  const transport = reports.find(({ type }) => type === 'transport');
  const selected = (report: Report) => report.id === transport?.['selectedCandidatePairId'] || report['selected'] === true;
  const pairs = reports.filter(({ type }) => type === 'candidate-pair');
  const pair = pairs.find(selected) ?? pairs.find((report) => report['nominated'] === true);
  const rtcp = reports.find((report) => report.type === 'remote-inbound-rtp' && numberOr(report['roundTripTime'], 0) > 0);
  const seconds = numberOrNull(pair?.['currentRoundTripTime']) ?? numberOrNull(rtcp?.['roundTripTime']);
  return seconds === null ? null : seconds * 1_000;
}

function total(reports: Report[], member: string): number {
  return reports.reduce((sum, report) => sum + numberOr(report[member], 0), 0);
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function numberOr(value: unknown, otherwise: number): number {
  return numberOrNull(value) ?? otherwise;
}
