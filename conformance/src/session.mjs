// SPDX-License-Identifier: Apache-2.0
// A session (rid, userId, sessionId) as a client keeps it: acks are paired by tid, lists are taken by rev, what comes
// twice is taken once. So it works behind a gateway that shuffles and repeats (B-9).
import { isDeepStrictEqual } from 'node:util';
import { names, signals } from './contract.mjs';
import { Peer } from './media/peer.mjs';
import * as sdp from './media/sdp.mjs';

let lastTid = 0;

export class Session {
  constructor(wire, { ch, rid, userId, sessionId = `${userId}-1`, category = 'stream', host = 'Web', deviceId = 'd' }) {
    this.wire = wire;
    this.trial = wire.trial;
    this.common = { ch, ss: { userId, sessionId, category, host, deviceId }, rid };
  }

  get userId() { return this.common.ss.userId; }
  get sessionId() { return this.common.ss.sessionId; }
  get rid() { return this.common.rid; }
  get ch() { return this.common.ch; }
  /** How others address it. */
  get to() { return { userId: this.userId, sessionId: this.sessionId }; }

  /** The same session on another socket. */
  on(wire) {
    const other = new Session(wire, {});
    other.common = this.common;
    return other;
  }

  data(s, fields) {
    return { s, ...this.common, tid: `t${++lastTid}`, ...fields };
  }

  /** Says it; no answer is awaited. @returns {{tid: any, text: string, data: any, s: string}} */
  say(s, fields = {}, { wrong = false, action = signals[s]?.action } = {}) {
    const data = this.data(s, fields);
    for (const [key, value] of Object.entries(data)) if (value === undefined) delete data[key];
    const text = this.wire.say(action, data, { wrong });
    return { tid: data.tid, text, data: JSON.parse(text), s };
  }

  /** The ack of what was said. */
  async ackOf(said, deadline) {
    return this.wire.hear(`the ack of ${said.s} (tid ${said.tid})`, ({ c, b }) => c !== undefined && b?.tid === said.tid, deadline);
  }

  /** Says it and gives the ack, whatever it is. */
  async ask(s, fields, how) {
    const said = this.say(s, fields, how);
    const heard = await this.ackOf(said, how?.deadline);
    return { ...heard.message, text: heard.text, said };
  }

  /** Says it and wants 200; gives the body. */
  async accepted(s, fields, clause = 'section 5', how) {
    const ack = await this.ask(s, fields, how);
    this.trial.same(ack.c, 200, clause, `the code of the ack of ${describe(s, fields)} (${ack.b?.msg ?? ''})`);
    this.trial.same(ack.s, s, 'B-1', 's of the ack');
    return ack.b;
  }

  /** Says it and wants that refusal, in the one form that refusals have (B-5). */
  async refused(code, s, fields = {}, clause = 'B-6', { wrong = code === 2001 || code === 2002, action, deadline } = {}) {
    const ack = await this.ask(s, fields, { wrong, action: action ?? signals[s].action, deadline });
    this.trial.isRefusal(ack, code, s, ack.said.data, clause, describe(s, fields));
    return ack.b;
  }

  /** Says it and wants silence: acceptance (B-7). What is asked after it has been answered by then. */
  async silently(s, fields, clause = 'B-7', how) {
    const said = this.say(s, fields, how);
    await this.settled();
    const [answer] = this.wire.all(({ c, b }) => c !== undefined && b?.tid === said.tid);
    this.trial.ok(!answer, clause, `expected no ack of ${describe(s, fields)}, got ${answer?.text}`);
    return said;
  }

  /** Everything that this socket said has been dealt with and what came of it is here. */
  async settled() {
    await this.ask('HEARTBEAT', { bid: 0 });
    if (this.wire.proxy) await this.trial.sleep(120);
  }

  async join(fields = {}, clause = 'section 5') {
    const b = await this.accepted('JOIN', { ve: true, ae: true, ...fields }, clause);
    this.role = b.pt;
    return b;
  }

  leave() {
    return this.accepted('LEAVE', {}, 'section 5');
  }

  /** The newest list of its room that has come, by rev: a push, or what the JOIN ack said. */
  newest(s = 'PUBLISH_LIST_CHANGED') {
    const has = (m) => (m.s === s || (s === 'PUBLISH_LIST_CHANGED' && m.s === 'JOIN' && m.c === 200)) && m.b?.rid === this.rid;
    return this.wire.all(has).map(({ message }) => message.b).sort((a, b) => b.rev - a.rev)[0];
  }

  /** Waits until the newest list is as wanted. @returns the push's body */
  async list(what, wanted, { s = 'PUBLISH_LIST_CHANGED', deadline } = {}) {
    const fits = (m) => m.s === s && m.b.rid === this.rid && m.b.rev === this.newest(s)?.rev && wanted(m.b.pps ?? m.b.members);
    const already = this.newest(s);
    if (already && wanted(already.pps ?? already.members)) return already;
    return (await this.wire.hear(`a ${s} with ${what}`, fits, deadline)).message.b;
  }

  /** The list has (not) that session. */
  async sees(other, deadline) {
    const body = await this.list(`${other.sessionId} of ${other.userId}`, (pps) => pps.some((entry) => is(entry, other)), { deadline });
    return body.pps.find((entry) => is(entry, other));
  }

  seesNo(other, deadline) {
    return this.list(`no ${other.sessionId} of ${other.userId}`, (pps) => !pps.some((entry) => is(entry, other)), { deadline });
  }

  hearPush(s, deadline) {
    return this.wire.hear(`a push ${s}`, (m) => m.s === s && m.c === 200 && (m.b.rid === undefined || m.b.rid === this.rid), deadline).then(({ message }) => message.b);
  }

  /** A signal of another user, bare: `{message, text}`. */
  hearBare(s, deadline, fits = () => true) {
    return this.wire.hear(`a bare ${s}`, (m) => m.c === undefined && m.s === s && m.rid === this.rid && fits(m), deadline);
  }

  /** A peer that is closed with the case. */
  async peer(options) {
    const peer = await Peer.create(options);
    this.trial.defer(() => peer.close());
    return peer;
  }

  /** Publishes those lines: OFFER, ICE, DTLS, and packets that carry `mark`. */
  async publish({ lines = defaultLines(this.ch), mark = 'a', peer, transport = {}, op, play = true, fields = {}, passive = false, wait = true } = {}) {
    peer ??= await this.peer();
    const offer = sdp.offer(lines, { ...peer.transport, ...(passive ? { setup: 'passive' } : {}), ...transport });
    const ack = await this.accepted('OFFER', { sdp: offer, op, ...fields }, 'B-20');
    this.connect(peer, ack.sdp, !passive);
    const senders = play ? this.send(peer, lines, mark) : [];
    if (wait) await peer.ready();
    return { peer, offer, ack, senders, lines, answer: sdp.parse(ack.sdp) };
  }

  connect(peer, description, active = true) {
    peer.connect(description, { active, host: this.trial.suite.host });
  }

  send(peer, lines, mark) {
    return lines.filter(({ port, direction }) => port !== 0 && direction !== 'recvonly').flatMap((line) => {
      if (!line.rids) return [peer.play(line, { mark })];
      return line.rids.map((rid, index) => peer.play(line, { mark: rid, rid, ssrc: (line.ssrc ?? 77_000) + index, size: 40 + 150 * (line.rids.length - 1 - index) }));
    });
  }

  /** WATCHes, answers, and connects. */
  async watch(target, { refused = [], fields = {}, peer, wait = true } = {}) {
    const to = target.to ?? target;
    const ack = await this.accepted('WATCH', { to, ...fields }, 'B-30');
    this.trial.same(ack.pps.length, 1, 'B-30', 'the number of entries in pps of the WATCH ack');
    return this.take(ack.pps[0], { refused, peer, wait, ack });
  }

  /** Answers an entry of a WATCH ack. */
  async take(entry, { refused = [], peer, wait = true, ack } = {}) {
    peer ??= await this.peer();
    const to = { userId: entry.id, sessionId: entry.sessionId };
    const answer = sdp.answer(entry.sdp, { ...peer.transport, refused });
    this.connect(peer, entry.sdp);
    this.say('ANSWER', { to, sdp: answer });
    if (wait) await peer.ready();
    return { peer, entry, ack, to, answer, offer: sdp.parse(entry.sdp) };
  }
}

export const is = (entry, session) => (entry.userId ?? entry.id) === session.userId && entry.sessionId === session.sessionId;

export const defaultLines = (ch) => (ch === 'a2m' ? [sdp.opus] : [sdp.opus, sdp.vp8]);

export function describe(s, fields = {}) {
  const text = JSON.stringify(fields, (key, value) => (typeof value === 'string' && value.length > 60 ? `${value.slice(0, 40)}…` : value));
  return `${s} ${text.length > 160 ? `${text.slice(0, 160)}…` : text}`;
}

export { isDeepStrictEqual, names };
