// SPDX-License-Identifier: Apache-2.0
// A browser without the project's page: any document, a WebSocket that says what a test wants it to say, and the
// browser's own RTCPeerConnection. One BarePage is one device: a page, a socket, a session.
import { until } from './until.mjs';

/** What common fields and a socket a device has. */
export class BarePage {
  constructor(page, { url, ch = 'm2m', rid = 'tea', userId, sessionId = `${userId}-1`, category = 'stream', host = 'Web' }) {
    this.page = page;
    this.url = url;
    this.to = { userId, sessionId };
    this.name = `${userId} (${sessionId})`;
    this.common = { ch, rid, ss: { ...this.to, category, host, deviceId: '' } };
  }

  /** Opens a document of the server's, for its origin may use cameras, and a socket. */
  static async open(browser, server, { token, picture, ...who }) {
    const page = await browser.newPage({ picture });
    await page.goto(`${server.url}readyz`);
    const url = `${server.wsUrl}${token ? `?token=${token}` : ''}`;
    const bare = new BarePage(page, { url, ...who });
    await page.evaluate(install, bare.common);
    await bare.connect();
    return bare;
  }

  /** The same, and JOINs; `op.roomCreating` makes the room. The ack's body is `joined`. */
  static async join(browser, server, { op = {}, ...who }) {
    const bare = await BarePage.open(browser, server, who);
    await bare.join(op);
    return bare;
  }

  async join(op = {}, more = {}) {
    await this.say('join', { s: 'JOIN', ve: true, ae: true, op, ...more });
    this.joined = await this.hear('JOIN');
    return this.joined;
  }

  /** Another socket; the one before stays as it is. */
  connect(url = this.url) {
    return this.run('connect', url);
  }

  /** Closes the socket, as a network does that goes away. */
  disconnect() {
    return this.run('disconnect');
  }

  say(action, data) {
    return this.run('say', action, data);
  }

  /** The body of the first message of that signal and code that was not heard before; it counts as heard then. */
  async hear(signal, code = 200, deadline = 10_000) {
    return (await this.take({ s: signal, c: code }, deadline)).b;
  }

  /** The same of a signal that was forwarded: it has no code. */
  async hearBare(signal, deadline = 10_000) {
    return this.take({ s: signal, c: undefined }, deadline);
  }

  take({ s, c }, deadline) {
    return until(`${this.name} hears ${s} ${c ?? 'bare'}`, async () => {
      const found = await this.run('take', s, c ?? null);
      if (found) return found;
      throw new Error(JSON.stringify(await this.run('inbox')));
    }, deadline, 20);
  }

  /**
   * Sends camera and microphone on a connection called `name`, by an OFFER with `op`. `how`: its `config`, the `kinds`
   * to capture, the `encodings` of the camera. Resolves when it is up.
   */
  async publish({ name = 'up', op, ...how } = {}) {
    const sdp = await this.run('offerUplink', name, how);
    return this.sendOffer(name, sdp, op);
  }

  /** An ICE restart of the same connection. */
  async restartIce(name = 'up') {
    return this.sendOffer(name, await this.run('restartIce', name), { restarting: true });
  }

  async sendOffer(name, sdp, op) {
    await this.say('offer', { s: 'OFFER', sdp, ...(op && { op }) });
    const answer = (await this.hear('OFFER')).sdp;
    await this.run('setAnswer', name, answer);
    await this.connected(name);
    return answer;
  }

  /** WATCHes a session on a connection called `name`; resolves when it is up. */
  async watch(to, { name = 'down', config } = {}) {
    await this.say('watch', { s: 'WATCH', to });
    const [entry] = (await this.hear('WATCH')).pps;
    const sdp = await this.run('answerDownlink', name, entry.sdp, { config });
    await this.say('answer', { s: 'ANSWER', to, sdp });
    await this.connected(name);
    return entry;
  }

  connected(name) {
    return until(`${this.name}'s ${name} is connected`, async () => {
      const state = await this.run('state', name);
      if (state === 'connected') return state;
      throw new Error(state);
    }, 15_000, 20);
  }

  close(name) {
    return this.run('close', name);
  }

  /** What is received on a connection: `video` and `audio` of inbound-rtp, the id of the video track. */
  received(name = 'down') {
    return this.run('received', name);
  }

  /** Resolves when so many more frames were decoded than now. */
  async seesFrames(more = 30, name = 'down', deadline = 20_000) {
    const start = (await this.received(name)).video?.framesDecoded ?? 0;
    return until(`${this.name} decodes ${more} more frames on ${name}`, async () => {
      const got = await this.received(name);
      if ((got.video?.framesDecoded ?? 0) >= start + more) return got;
      throw new Error(JSON.stringify(got));
    }, deadline);
  }

  /** Both ends of the selected candidate pair: `local` and `remote` with address, port, type and, for relays, relayProtocol. */
  pair(name) {
    return this.run('pair', name);
  }

  run(method, ...args) {
    return this.page.evaluate(([called, given]) => window.bare[called](...given), [method, args]);
  }
}

/** Runs in the page. */
function install(common) {
  const pcs = new Map();
  const messages = [];
  const candidates = new Map(); // gathered, by connection
  let socket;
  let beat;

  const gathered = (pc) => new Promise((done) => {
    const look = () => pc.iceGatheringState === 'complete' && done();
    pc.addEventListener('icegatheringstatechange', look);
    look();
  });
  const make = (name, config) => {
    const pc = new RTCPeerConnection(config);
    pcs.set(name, pc);
    candidates.set(name, []);
    pc.onicecandidate = ({ candidate }) => candidate && candidates.get(name).push(candidate.toJSON());
    pc.onicecandidateerror = ({ errorCode, errorText, url }) => candidates.get(name).push({ errorCode, errorText, url });
    pc.ontrack = ({ track, streams }) => {
      if (track.kind !== 'video') return;
      const video = document.createElement('video');
      Object.assign(video, { muted: true, autoplay: true, srcObject: streams[0] ?? new MediaStream([track]) });
      document.body.append(video);
      watchFrames(video);
    };
    return pc;
  };
  const gaps = { shown: 0, longest: 0, last: 0 };
  const watchFrames = (video) => video.requestVideoFrameCallback((now) => {
    gaps.longest = Math.max(gaps.longest, gaps.last && now - gaps.last);
    gaps.last = now;
    gaps.shown++;
    watchFrames(video);
  });
  const withMedia = async (pc, { audio = true, video = true } = {}, sendEncodings = undefined) => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio, video });
    for (const track of stream.getTracks())
      pc.addTransceiver(track, { streams: [stream], ...(track.kind === 'video' && { sendEncodings }) });
  };
  /** The local description with all its candidates inside. */
  const describe = async (pc, description) => {
    await pc.setLocalDescription(description);
    await gathered(pc);
    return pc.localDescription.sdp;
  };
  const statsOf = async (name) => [...(await pcs.get(name).getStats()).values()];

  window.bare = {
    connect: (url) => new Promise((done, failed) => {
      socket = new WebSocket(url);
      socket.onopen = () => done();
      socket.onerror = () => failed(new Error('no socket'));
      socket.onmessage = ({ data }) => messages.push({ text: data, ...JSON.parse(data) });
      socket.onclose = ({ code }) => messages.push({ s: 'CLOSED', c: code, b: {} });
      clearInterval(beat);
      beat = setInterval(() => window.bare.say('heartbeat', { s: 'HEARTBEAT', bid: 1, send_ack: false }), 3_000);
    }),
    disconnect: () => socket.close(),
    say: (action, data) => void (socket.readyState === 1 && socket.send(JSON.stringify({ action, data: { ...common, ...data } }))),
    raw: (text) => socket.send(text),
    forget: () => void messages.splice(0),
    inbox: () => messages.map(({ s, c, b }) => [s, c, b?.msg]),
    take: (s, c) => {
      const index = messages.findIndex((message) => message.s === s && (message.c ?? null) === c);
      return index < 0 ? null : messages.splice(index, 1)[0];
    },

    async offerUplink(name, { config, kinds, encodings }) {
      const pc = make(name, config);
      await withMedia(pc, kinds, encodings);
      return describe(pc, await pc.createOffer());
    },
    async restartIce(name) {
      const pc = pcs.get(name);
      return describe(pc, await pc.createOffer({ iceRestart: true }));
    },
    async answerDownlink(name, sdp, { config }) {
      const pc = make(name, config);
      await pc.setRemoteDescription({ type: 'offer', sdp });
      return describe(pc, await pc.createAnswer());
    },
    setAnswer: (name, sdp) => pcs.get(name).setRemoteDescription({ type: 'answer', sdp }),
    state: (name) => pcs.get(name).connectionState,
    close: (name) => pcs.get(name).close(),
    /** Sends that encoding of the camera, or stops sending it. */
    async setActive(name, rid, active) {
      const sender = pcs.get(name).getSenders().find(({ track }) => track?.kind === 'video');
      const parameters = sender.getParameters();
      parameters.encodings.find((encoding) => encoding.rid === rid).active = active;
      await sender.setParameters(parameters);
    },

    /** One end of a call, candidates by ICE signals as they come. `toOther`: whom they are for. */
    async call(name, sdp, toOther) {
      const pc = make(name);
      pc.onicecandidate = ({ candidate }) => window.bare.say('iceCandidate', { s: 'ICE', to: toOther, sdp: candidate?.candidate ?? '' });
      if (sdp) await pc.setRemoteDescription({ type: 'offer', sdp });
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
      for (const track of stream.getTracks()) pc.addTrack(track, stream); // takes the lines of an offer that is there
      await pc.setLocalDescription();
      return pc.localDescription.sdp;
    },
    addCandidate: (name, sdp) => pcs.get(name).addIceCandidate(sdp ? { candidate: sdp, sdpMLineIndex: 0 } : undefined),
    async gather(name, config) {
      const pc = make(name, config);
      pc.createDataChannel('any');
      await describe(pc, await pc.createOffer());
      return candidates.get(name);
    },

    /** Pictures shown since the last time this was asked, and the longest time between two of them, ms. */
    frameGaps: () => {
      const { shown, longest } = gaps;
      Object.assign(gaps, { shown: 0, longest: 0 });
      return { shown, longest };
    },
    async received(name) {
      const stats = await statsOf(name);
      const inbound = (kind) => stats.find((one) => one.type === 'inbound-rtp' && one.kind === kind) ?? null;
      const track = pcs.get(name).getReceivers().map((receiver) => receiver.track).find(({ kind }) => kind === 'video');
      return { video: inbound('video'), audio: inbound('audio'), track: track && { id: track.id, state: track.readyState } };
    },
    async pair(name) {
      const stats = await statsOf(name);
      const byId = (id) => stats.find((one) => one.id === id);
      const transport = stats.find(({ type }) => type === 'transport');
      const pair = byId(transport?.selectedCandidatePairId);
      const end = (id) => {
        const { address, port, candidateType, relayProtocol, url } = byId(id);
        return { address, port, candidateType, relayProtocol, url };
      };
      return pair && { local: end(pair.localCandidateId), remote: end(pair.remoteCandidateId) };
    },
  };
}
