// SPDX-License-Identifier: Apache-2.0
// A client that shares nothing with web/client: a bare WebSocket that says what a test wants it to say, and werift
// (WebRTC in JavaScript) for media.
import { MediaStreamTrack, RTCPeerConnection, RtpHeader, RtpPacket, useH264, useOPUS } from 'werift';
import WebSocket from 'ws';
import { stunUrl } from './stun.mjs';
import { until } from './until.mjs';

/** For every connection here. */
const configuration = { codecs: { audio: [useOPUS()], video: [useH264()] }, iceServers: [{ urls: stunUrl }] };

export class RawClient {
  messages = [];
  received = { audio: 0, video: 0 };

  constructor(server, { rid, userId, sessionId = `${userId}-1`, ch = 'm2m' }) {
    this.ss = { userId, sessionId, category: 'stream', host: 'Android', deviceId: '' };
    this.common = { ch, ss: this.ss, rid };
    this.socket = new WebSocket(server.wsUrl);
    this.socket.on('message', (data) => this.messages.push(JSON.parse(data)));
    this.opened = new Promise((done, failed) => this.socket.once('open', done).once('error', failed));
    this.closed = new Promise((done) => this.socket.once('close', (code) => done(code)));
  }

  /** JOINs, or with `op.roomCreating` makes the room. */
  static async join(server, who, op = {}) {
    const client = new RawClient(server, who);
    await client.opened;
    client.send('join', { s: 'JOIN', ve: true, ae: true, op });
    await client.hear('JOIN');
    client.heartbeats = setInterval(() => client.send('heartbeat', { s: 'HEARTBEAT', bid: 1, send_ack: false }), 3_000);
    return client;
  }

  send(action, data) {
    this.socket.send(JSON.stringify({ action, data: { ...this.common, ...data } }));
  }

  /** The first message of that signal that was not heard before; it counts as heard then. */
  async hear(signal, code = 200, wanted = () => true) {
    const index = await until(`${signal} with ${code}`, () => {
      const found = this.messages.findIndex(({ s, c, b }) => s === signal && c === code && wanted(b));
      if (found >= 0) return found + 1;
      throw new Error(JSON.stringify(this.messages.map(({ s, c, b }) => [s, c, b.msg])));
    }, 8_000, 10);
    return this.messages.splice(index - 1, 1)[0].b;
  }

  /** Everything of that signal that came before the answer to a question asked now. */
  async heardOf(signal) {
    const tid = `now-${Math.random()}`;
    this.send('heartbeat', { s: 'HEARTBEAT', bid: 0, tid });
    await this.hear('HEARTBEAT', 200, (body) => body.tid === tid);
    return this.messages.filter(({ s }) => s === signal);
  }

  /** A connection with an H264 and an Opus track to write to, and its complete offer. */
  async prepareToPublish() {
    this.pc = new RTCPeerConnection(configuration);
    this.tracks = { audio: new MediaStreamTrack({ kind: 'audio' }), video: new MediaStreamTrack({ kind: 'video' }) };
    for (const track of Object.values(this.tracks)) this.pc.addTransceiver(track, { direction: 'sendonly' });
    await this.pc.setLocalDescription(await this.pc.createOffer());
    return this.pc.localDescription.sdp;
  }

  /** WATCHes and answers; counts what arrives. `say` sends the ANSWER. */
  async watch(to, say = (data) => this.send('answer', data)) {
    this.send('watch', { s: 'WATCH', to });
    const [{ sdp }] = (await this.hear('WATCH')).pps;
    this.pc = new RTCPeerConnection(configuration);
    this.pc.onTrack.subscribe((track) => track.onReceiveRtp.subscribe(() => this.received[track.kind]++));
    await this.pc.setRemoteDescription({ type: 'offer', sdp });
    await this.pc.setLocalDescription(await this.pc.createAnswer());
    say({ s: 'ANSWER', to, sdp: this.pc.localDescription.sdp });
  }

  connected() {
    return until(`${this.ss.userId} is connected`, () => this.pc.connectionState === 'connected' || Promise.reject(new Error(this.pc.connectionState)));
  }

  async close() {
    clearInterval(this.heartbeats);
    this.stopSending?.();
    await this.pc?.close();
    this.socket.terminate();
  }

  /** Sends those H264 frames (Annex B) over and over at 30 a second, and Opus silence beside them. */
  play(frames) {
    const start = performance.now();
    const video = new Packetizer(this.tracks.video, 102);
    const audio = new Packetizer(this.tracks.audio, 111);
    let shown = 0;
    let heard = 0;
    const timer = setInterval(() => {
      const elapsed = performance.now() - start;
      for (; shown * (1_000 / 30) <= elapsed; shown++) video.sendFrame(frames[shown % frames.length], shown * 3_000);
      for (; heard * 20 <= elapsed; heard++) audio.send(opusSilence, heard * 960, false);
    }, 10);
    this.stopSending = () => clearInterval(timer);
  }
}

const opusSilence = Buffer.from([0xf8, 0xff, 0xfe]);
const maxPayload = 1_100;

class Packetizer {
  sequenceNumber = 0;

  constructor(track, payloadType) {
    this.track = track;
    this.payloadType = payloadType;
  }

  send(payload, timestamp, marker) {
    const { payloadType } = this;
    const header = new RtpHeader({ payloadType, timestamp, marker, sequenceNumber: this.sequenceNumber++ & 0xffff });
    this.track.writeRtp(new RtpPacket(header, payload));
  }

  /** RFC 6184: single NAL units, and FU-A for those that are too long. */
  sendFrame(annexB, timestamp) {
    const payloads = nalUnits(annexB).flatMap(fragments);
    payloads.forEach((payload, index) => this.send(payload, timestamp, index === payloads.length - 1));
  }
}

function nalUnits(annexB) {
  const starts = [];
  for (let i = 0; i + 2 < annexB.length; i++) if (annexB[i] === 0 && annexB[i + 1] === 0 && annexB[i + 2] === 1) starts.push(i + 3);
  return starts.map((start, index) => {
    let end = index + 1 < starts.length ? starts[index + 1] - 3 : annexB.length;
    while (end > start && annexB[end - 1] === 0) end--; // a start code may have four bytes
    return annexB.subarray(start, end);
  });
}

function fragments(nal) {
  if (nal.length <= maxPayload) return [nal];
  const parts = [];
  for (let at = 1; at < nal.length; at += maxPayload) {
    const first = at === 1 ? 0x80 : 0;
    const last = at + maxPayload >= nal.length ? 0x40 : 0;
    const header = Buffer.from([(nal[0] & 0xe0) | 28, first | last | (nal[0] & 0x1f)]);
    parts.push(Buffer.concat([header, nal.subarray(at, at + maxPayload)]));
  }
  return parts;
}
