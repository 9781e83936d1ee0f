// SPDX-License-Identifier: Apache-2.0
// One PeerConnection towards a server that is ICE-lite (B-20): full ICE on one UDP socket, DTLS in either role, SRTP.
// The descriptions are the caller's: nothing here decides what stands in them.
import { randomBytes, randomInt } from 'node:crypto';
import dgram from 'node:dgram';
import { DtlsClient, DtlsServer, RtpHeader, SrtcpSession, SrtpSession } from 'werift';
import { until } from '../until.mjs';
import { certificate } from './certificates.mjs';
import * as rtp from './rtp.mjs';
import * as sdp from './sdp.mjs';
import * as stun from './stun.mjs';

const gcm = { profile: 7, key: 16, salt: 12 };
const cm = { profile: 1, key: 16, salt: 14 };
const checkEvery = 50;
const consentEvery = 2_000;

export class Peer {
  connected = false;
  closed = false;
  /** What came, in order: payloadType, sequence, timestamp, ssrc, mark, size, and when. */
  packets = [];
  keyframesAsked = 0;
  #senders = [];
  #timers = new Set();
  #checks = new Map();

  /** @param {{certificateName?: string}} options */
  static async create({ certificateName } = {}) {
    const peer = new Peer();
    peer.certificate = await certificate(certificateName);
    peer.tieBreaker = randomBytes(8);
    peer.renewIce();
    peer.socket = dgram.createSocket('udp4');
    peer.socket.on('message', (bytes, from) => peer.#receive(bytes, from));
    peer.socket.on('error', () => {});
    await new Promise((done, failed) => peer.socket.once('error', failed).bind(0, done));
    return peer;
  }

  /** Fresh credentials: for an ICE restart (RFC 8445 section 9). */
  renewIce() {
    this.ufrag = randomBytes(3).toString('hex');
    this.pwd = randomBytes(12).toString('hex');
  }

  get transport() {
    return { ufrag: this.ufrag, pwd: this.pwd, fingerprint: this.certificate.fingerprint };
  }

  /** The server's description, once it is known which side is the DTLS client. */
  connect(description, { active = true, host } = {}) {
    const parsed = sdp.parse(description);
    this.remote = { ufrag: sdp.attribute(parsed, 'ice-ufrag'), pwd: sdp.attribute(parsed, 'ice-pwd') };
    const candidate = sdp.candidates(parsed).find(({ transport, address }) => transport === 'udp' && address.includes('.') && (!host || address === host))
      ?? sdp.candidates(parsed).find(({ transport, address }) => transport === 'udp' && address.includes('.'));
    if (!candidate) throw new Error(`no IPv4 UDP candidate in the server's description:\n${description}`);
    this.candidate = candidate;
    this.rtx = new Set([...description.matchAll(/^a=fmtp:(\d+) .*\bapt=/gm)].map(([, payloadType]) => Number(payloadType)));
    this.active = active;
    this.nominated = false;
    if (this.closed) return;
    this.#check();
  }

  #check() {
    if (this.closed || this.silent) return;
    const { bytes, transaction } = stun.check({ username: `${this.remote.ufrag}:${this.ufrag}`, password: this.remote.pwd, tieBreaker: this.tieBreaker });
    this.#checks.set(transaction, this.remote.ufrag);
    if (this.#checks.size > 100) this.#checks.delete(this.#checks.keys().next().value);
    this.#sendTo(bytes);
    clearTimeout(this.nextCheck);
    this.nextCheck = setTimeout(() => this.#check(), this.nominated ? consentEvery : checkEvery);
  }

  #sendTo(bytes) {
    if (!this.closed) this.socket.send(bytes, this.candidate.port, this.candidate.address, () => {});
  }

  /** Stops to answer and to send, as a cable that was cut: consent runs out (RFC 7675). */
  vanish() {
    this.silent = true;
    clearTimeout(this.nextCheck);
  }

  #receive(bytes, from) {
    if (this.closed || this.silent) return;
    if (stun.isStun(bytes)) return this.#receiveStun(bytes, from);
    if (bytes[0] >= 20 && bytes[0] < 64) return this.dtls?.options.transport.onData?.(bytes);
    if (this.srtp) this.#receiveMedia(bytes);
  }

  #receiveStun(bytes, from) {
    const { kind, transaction } = stun.read(bytes);
    if (kind === 'request') return this.socket.send(stun.success(bytes, from, this.pwd), from.port, from.address, () => {});
    if (kind !== 'success' || this.#checks.get(transaction) !== this.remote.ufrag) return;
    this.#checks.delete(transaction);
    this.checked = (this.checked ?? 0) + 1;
    if (this.nominated) return;
    this.nominated = true;
    if (!this.dtls) this.#startDtls();
  }

  #startDtls() {
    const { cert, key, signatureHash } = this.certificate;
    const transport = { type: 'udp', send: async (bytes) => this.#sendTo(bytes), close: async () => {}, onData: () => {}, address: {} };
    const options = { cert, key, signatureHash, transport, srtpProfiles: [gcm.profile, cm.profile], extendedMasterSecret: true, certificateRequest: true };
    this.dtls = this.active ? new DtlsClient(options) : new DtlsServer(options);
    this.dtls.onConnect.subscribe(() => this.#startSrtp());
    this.dtls.onError.subscribe((error) => (this.error = error));
    if (this.active) this.dtls.connect().catch((error) => (this.error = error));
  }

  #startSrtp() {
    if (this.srtp) return;
    const { profile, key, salt } = this.dtls.srtp.srtpProfile === gcm.profile ? gcm : cm;
    const { localKey, localSalt, remoteKey, remoteSalt } = this.dtls.extractSessionKeys(key, salt);
    const keys = { localMasterKey: localKey, localMasterSalt: localSalt, remoteMasterKey: remoteKey, remoteMasterSalt: remoteSalt };
    this.srtp = new SrtpSession({ keys, profile });
    this.srtcp = new SrtcpSession({ keys, profile });
    this.connected = true;
  }

  #receiveMedia(bytes) {
    try {
      if (rtp.isRtcp(bytes)) return this.#receiveRtcp(this.srtcp.decrypt(bytes));
      const plain = this.srtp.decrypt(bytes);
      const header = rtp.readHeader(plain);
      if (this.rtx.has(header.payloadType)) return;
      const padding = plain[0] & 0x20 ? plain.at(-1) : 0;
      const payload = plain.subarray(header.start, plain.length - padding);
      this.packets.push({ ...header, mark: rtp.markOf(payload), size: payload.length, at: performance.now() });
    } catch {
      this.undecipherable = (this.undecipherable ?? 0) + 1;
    }
  }

  #receiveRtcp(plain) {
    for (const ssrc of rtp.keyframeRequests(plain)) {
      this.keyframesAsked++;
      for (const sender of this.#senders) if (sender.ssrc === ssrc) sender.keyframeIsDue = true;
    }
  }

  /** Resolves when ICE and DTLS are up. */
  async ready(deadline = 8_000) {
    await until('ICE and DTLS are up', () => this.connected || Promise.reject(this.error ?? new Error(`nominated: ${Boolean(this.nominated)}`)), deadline);
    return this;
  }

  /**
   * Sends packets of that line from now on: `every` ms one, timestamps as the clock passes. `mark` is in every payload.
   * @param {import('./sdp.mjs').Line} line
   */
  play(line, { mark, every = 40, size, ssrc = line.ssrc ?? randomInt(1, 0xffffffff), rid } = {}) {
    const sender = { ssrc, mark: rtp.mark(mark), keyframeIsDue: true, sent: 0, sequence: randomInt(0x8000), origin: randomInt(0x7fffffff), start: performance.now() };
    const extensions = rid ? [{ id: 4, payload: Buffer.from(line.mid) }, { id: 10, payload: Buffer.from(rid) }] : [];
    const sendOne = () => {
      if (!this.connected || this.closed || this.silent || sender.stopped) return;
      const timestamp = (sender.origin + Math.round(((performance.now() - sender.start) * line.clock) / 1_000)) >>> 0;
      const header = new RtpHeader({ payloadType: line.payloadType, ssrc, timestamp, sequenceNumber: sender.sequence++ & 0xffff, marker: line.kind === 'video', extension: extensions.length > 0, extensionProfile: 0xbede, extensions });
      const payload = line.kind === 'video' ? rtp.vp8Frame(sender.keyframeIsDue, sender.mark, size) : rtp.opusFrame(sender.mark, size);
      sender.keyframeIsDue = false;
      sender.sent++;
      this.#sendTo(this.srtp.encrypt(payload, header));
    };
    const timer = setInterval(sendOne, every);
    this.#timers.add(timer);
    this.#senders.push(sender);
    sender.stop = () => { sender.stopped = true; clearInterval(timer); };
    return sender;
  }

  close() {
    if (this.closed) return;
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.nextCheck);
    try {
      this.dtls?.close();
    } catch {
      // it was not up yet
    }
    this.closed = true;
    this.socket.close();
  }

  /** Gone without a word: no close_notify. */
  drop() {
    this.silent = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.nextCheck);
    if (!this.closed) this.socket.close();
    this.closed = true;
  }
}
