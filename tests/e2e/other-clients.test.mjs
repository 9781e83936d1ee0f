// SPDX-License-Identifier: Apache-2.0
// libdatachannel (node-datachannel) publishes and watches, in shapes that browsers never have: either DTLS role, rare
// payload types, header extensions of both forms (RFC 8285), lines that only receive, IPv6 alone.
import { options } from './netns.mjs';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import ndc from 'node-datachannel';
import { RawClient } from './raw-client.mjs';
import { Server } from './server.mjs';
import { until } from './until.mjs';

const mid = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const audio = { kind: 'audio', mid: '0', payloadType: 111, ssrc: 1_111 };
const video = { kind: 'video', mid: '1', payloadType: 96, ssrc: 2_222 };
const withMid = (line, form) => ({ ...line, lines: [`a=extmap:1 ${mid}`], extension: form(1, line.mid) });
const role = (setup) => (sdp) => sdp.replaceAll('setup:actpass', `setup:${setup}`);
const without = (line) => (sdp) => sdp.split('\r\n').filter((text) => !line.test(text)).join('\r\n');

const shapes = {
  'with nothing odd': {},
  'as the DTLS client only': { loosen: role('active') },
  'as the DTLS server only': { loosen: role('passive') },
  'with no feedback and no SSRCs in its SDP': { loosen: without(/^a=(rtcp-fb|ssrc|msid)/) },
  'with payload types 35 and 127': { medias: [{ ...audio, payloadType: 35 }, { ...video, payloadType: 127 }] },
  'with header extensions of one byte': { medias: [withMid(audio, oneByte), withMid(video, oneByte)], loosen: without(/^a=ssrc/) },
  'with header extensions of two bytes': { medias: [withMid(audio, twoBytes), withMid(video, twoBytes)], loosen: without(/^a=ssrc/) },
  'with lines that only receive': { medias: [{ ...video, mid: 'r', ssrc: 0, direction: 'RecvOnly' }, audio, video] },
  'with a second video line': { medias: [audio, video, { ...video, mid: '2', ssrc: 3_333, payloadType: 97 }] },
  'over IPv6 alone': { bindAddress: 'fd99::1' },
};

describe('libdatachannel', options, () => {
  let server;
  before(async () => (server = await Server.start()));
  after(async () => {
    await server?.end();
    ndc.cleanup();
  });

  for (const [name, { medias = [audio, video], loosen, bindAddress }] of Object.entries(shapes)) {
    test(`publishes ${name}, and watches`, async (t) => {
      const rid = name.replaceAll(' ', '-');
      const lou = await Peer.join(server, { rid, userId: 'lou' }, { bindAddress }, { roomCreating: true });
      const val = await Peer.join(server, { rid, userId: 'val' }, { bindAddress });
      t.after(() => Promise.all([lou.close(), val.close()]));
      await lou.publish(medias, loosen);
      await val.watch({ userId: 'lou', sessionId: 'lou-1' });
      await until('packets of both kinds', () => (val.received.audio > 40 && val.received.video > 40) || Promise.reject(new Error(JSON.stringify(val.received))), 8_000);
      assert.equal(val.received.ssrcs.size, 2); // one SSRC a line, whatever the publisher's
      t.diagnostic(`${val.received.audio} audio packets, ${val.received.video} video packets`);
    });
  }
});

class Peer {
  received = { audio: 0, video: 0, ssrcs: new Set() };
  tracks = [];
  keyframeIsDue = true;

  static async join(server, who, configuration, op) {
    const peer = new Peer();
    peer.signals = await RawClient.join(server, who, op);
    peer.pc = new ndc.PeerConnection(who.userId, { iceServers: [], disableAutoNegotiation: true, forceMediaTransport: true, ...configuration });
    return peer;
  }

  async described(type) {
    this.pc.setLocalDescription(type);
    await until('all candidates', () => this.pc.gatheringState() === 'complete');
    return this.pc.localDescription().sdp;
  }

  async publish(medias, loosen = (sdp) => sdp) {
    this.tracks = medias.map((media) => ({ ...media, track: this.add(media) }));
    this.signals.send('offer', { s: 'OFFER', sdp: loosen(await this.described('offer')) });
    this.pc.setRemoteDescription((await this.signals.hear('OFFER')).sdp, 'answer');
    await this.connected();
    let count = 0;
    this.timer = setInterval(() => this.sendOne(count++), 20);
  }

  add({ kind, mid, payloadType, ssrc, direction = 'SendOnly', lines = [] }) {
    const media = kind === 'audio' ? new ndc.Audio(mid, direction) : new ndc.Video(mid, direction);
    if (kind === 'audio') media.addOpusCodec(payloadType);
    else media.addVP8Codec(payloadType);
    if (ssrc) media.addSSRC(ssrc, 'lou', 'camera', kind);
    for (const line of lines) media.parseSdpLine(line);
    const track = this.pc.addTrack(media);
    track.onMessage((packet) => (this.keyframeIsDue ||= asksForKeyframe(packet)));
    return track;
  }

  sendOne(count) {
    const picture = this.keyframeIsDue ? vp8Keyframe : vp8Interframe; // a viewer gets no picture before it was asked for
    this.keyframeIsDue = false;
    for (const media of this.tracks) {
      const payload = media.kind === 'video' ? picture : opusSilence;
      if (media.ssrc && media.track.isOpen()) media.track.sendMessageBinary(Buffer.concat([headerOf(media, count), payload]));
    }
  }

  async watch(to) {
    this.signals.send('watch', { s: 'WATCH', to });
    const [{ sdp }] = (await this.signals.hear('WATCH')).pps;
    this.pc.onTrack((track) => {
      this.tracks.push({ track }); // or it is collected
      track.onMessage((packet) => this.count(track.type(), packet));
    });
    this.pc.setRemoteDescription(sdp, 'offer');
    this.signals.send('answer', { s: 'ANSWER', to, sdp: await this.described('answer') });
    await this.connected();
  }

  count(kind, packet) {
    if (isRtcp(packet)) return;
    this.received[kind]++;
    this.received.ssrcs.add(packet.readUInt32BE(8));
  }

  connected() {
    return until('it is connected', () => this.pc.state() === 'connected' || Promise.reject(new Error(this.pc.state())));
  }

  async close() {
    clearInterval(this.timer);
    this.pc.close();
    await this.signals.close();
  }
}

const opusSilence = Buffer.from([0xf8, 0xff, 0xfe]);
const vp8Keyframe = Buffer.from([0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00, ...Array(200).fill(7)]); // 320×240
const vp8Interframe = Buffer.from([0x10, 0x11, 0, 0, ...Array(200).fill(7)]);

/** RFC 3550 section 5.1; every packet is a frame. */
function headerOf({ kind, payloadType, ssrc, extension }, count) {
  const header = Buffer.alloc(12);
  header[0] = 0x80 | (extension ? 0x10 : 0);
  header[1] = payloadType | (kind === 'video' ? 0x80 : 0);
  header.writeUInt16BE(count & 0xffff, 2);
  header.writeUInt32BE(count * (kind === 'video' ? 1_800 : 960), 4);
  header.writeUInt32BE(ssrc, 8);
  return extension ? Buffer.concat([header, extension]) : header;
}

function oneByte(id, text) { // RFC 8285 section 4.2
  return extensionBlock(0xbede, [(id << 4) | (text.length - 1), ...Buffer.from(text)]);
}

function twoBytes(id, text) { // RFC 8285 section 4.3; and one that nobody knows
  return extensionBlock(0x1000, [id, text.length, ...Buffer.from(text), 200, 30, ...Array(30).fill(1)]);
}

function extensionBlock(profile, bytes) {
  const words = Math.ceil(bytes.length / 4);
  const block = Buffer.alloc(4 + 4 * words);
  block.writeUInt16BE(profile, 0);
  block.writeUInt16BE(words, 2);
  block.set(bytes, 4);
  return block;
}

/** RFC 5761 section 4. */
function isRtcp(packet) {
  return (packet[1] & 0x7f) >= 64 && (packet[1] & 0x7f) < 96;
}

/** PLI (RFC 4585 section 6.3.1) or FIR (RFC 5104 section 4.3.1), anywhere in a compound packet. */
function asksForKeyframe(packet) {
  if (!isRtcp(packet)) return false;
  for (let at = 0; at + 4 <= packet.length; at += 4 + 4 * packet.readUInt16BE(at + 2)) {
    if (packet[at + 1] === 206 && [1, 4].includes(packet[at] & 0x1f)) return true;
  }
  return false;
}
