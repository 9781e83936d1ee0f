// SPDX-License-Identifier: Apache-2.0
// mediasoup behind heliograph's signals: one worker, a router for each room, a transport for each uplink and downlink.
import { parse, print } from './sdp.mjs';
import { NotYet } from './signals.mjs';

const kCodecs = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
  {
    kind: 'video',
    mimeType: 'video/H264',
    clockRate: 90000,
    parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
  },
];
const kSocketBytes = 4 << 20; // as much as heliograph asks for
const kTransport = {
  listenInfos: [{ protocol: 'udp', ip: '127.0.0.1', sendBufferSize: kSocketBytes, recvBufferSize: kSocketBytes }],
  initialAvailableOutgoingBitrate: 100_000_000,
};

// heliograph-load sends no feedback about bandwidth: mediasoup need not estimate it for each viewer.
export function viewerCapabilities({ codecs, headerExtensions }) {
  const estimates = ({ type }) => type === 'transport-cc' || type === 'goog-remb';
  const kept = ['urn:ietf:params:rtp-hdrext:sdes:mid', 'urn:ietf:params:rtp-hdrext:ssrc-audio-level'];
  return {
    codecs: codecs.map((codec) => ({ ...codec, rtcpFeedback: codec.rtcpFeedback.filter((f) => !estimates(f)) })),
    headerExtensions: headerExtensions.filter(({ uri }) => kept.includes(uri)),
  };
}

class Mediasoup {
  #worker;
  #rooms = new Map(); // name → promise of a router
  #uplinks = new Map(); // session's key → {transport, producers}
  #downlinks = new Map(); // session's key → Map(watched session's key → transport)

  constructor(worker) {
    this.#worker = worker;
  }

  async openRoom(room) {
    if (!this.#rooms.has(room)) this.#rooms.set(room, this.#worker.createRouter({ mediaCodecs: kCodecs }));
    await this.#rooms.get(room);
  }

  async publish(session, sdp) {
    const offer = parse(sdp);
    const transport = await this.#newTransport(session.room);
    await transport.connect({ dtlsParameters: { role: 'client', fingerprints: offer.dtls.fingerprints } });
    const producers = [];
    for (const { kind, ...rtpParameters } of offer.medias)
      producers.push(await transport.produce({ kind, rtpParameters }));
    this.#uplinks.set(session.key, { transport, producers });
    return print(transport, offer.medias, { setup: 'passive', direction: 'recvonly' });
  }

  async watch(session, target) {
    const uplink = this.#uplinks.get(target.key);
    if (!uplink) throw new NotYet('the session does not publish');
    const router = await this.#rooms.get(session.room);
    const transport = await this.#newTransport(session.room);
    const rtpCapabilities = viewerCapabilities(router.rtpCapabilities);
    const lines = [];
    for (const { id: producerId, kind } of uplink.producers) {
      const { rtpParameters } = await transport.consume({ producerId, rtpCapabilities });
      lines.push({ kind, ...rtpParameters });
    }
    if (!this.#downlinks.has(session.key)) this.#downlinks.set(session.key, new Map());
    this.#downlinks.get(session.key).set(target.key, transport);
    return print(transport, lines, { setup: 'actpass', direction: 'sendonly' });
  }

  async answer(session, target, sdp) {
    const transport = this.#downlinks.get(session.key)?.get(target.key);
    await transport?.connect({ dtlsParameters: { role: 'client', fingerprints: parse(sdp).dtls.fingerprints } });
  }

  async leave(session) {
    this.#uplinks.get(session.key)?.transport.close();
    this.#uplinks.delete(session.key);
    for (const transport of this.#downlinks.get(session.key)?.values() ?? []) transport.close();
    this.#downlinks.delete(session.key);
  }

  async #newTransport(room) {
    return (await this.#rooms.get(room)).createWebRtcTransport(kTransport);
  }
}

// workerBinary: the path of mediasoup-worker, of the version that the package has.
export async function start(workerBinary) {
  process.env.MEDIASOUP_WORKER_BIN = workerBinary; // read when the package is loaded
  const { createWorker, version } = await import('mediasoup');
  // io_uring: mediasoup took it out again in later versions because it used more CPU.
  const worker = await createWorker({ logLevel: 'error', disableLiburing: true });
  worker.on('died', () => {
    console.error('adapter: mediasoup-worker died');
    process.exit(1);
  });
  return { rival: new Mediasoup(worker), worker: worker.pid, version };
}
