// SPDX-License-Identifier: Apache-2.0
// What a case is given: rooms of its own, sockets that end with it, and one way to say what was expected by which clause.
import { isDeepStrictEqual } from 'node:util';
import { names } from './contract.mjs';
import { rest } from './rest.mjs';
import { Room } from './room.mjs';
import { until } from './until.mjs';
import { Wire } from './wire.mjs';

export class NotApplicable extends Error {}
export class Failure extends Error {}

const show = (value) => {
  const text = typeof value === 'string' ? JSON.stringify(value) : JSON.stringify(value) ?? String(value);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
};

let lastName = 0;

export class Trial {
  at = 'its beginning';
  wires = [];
  #endings = [];
  #broken;

  constructor(suite, one, places) {
    Object.assign(this, { suite, one, places, clock: suite.clock });
    /** How long an answer may take on a busy machine. */
    this.patience = suite.options.patience ?? 8_000;
    this.broken = new Promise((_, failed) => (this.#broken = failed));
    this.broken.catch(() => {});
  }

  /** A law that holds for every message was broken: the case has failed, whatever it looks at now. */
  break(error) {
    this.fault ??= error;
    this.#broken(error);
  }

  async finish() {
    if (this.fault) throw this.fault;
  }

  notApplicable(reason) {
    throw new NotApplicable(reason);
  }

  fail(clause, sentence) {
    throw new Failure(`${clause}: ${sentence}`);
  }

  ok(holds, clause, sentence) {
    if (!holds) this.fail(clause, sentence);
  }

  same(got, want, clause, what) {
    if (!isDeepStrictEqual(got, want)) this.fail(clause, `expected ${what} to be ${show(want)}, got ${show(got)}`);
  }

  /** `code`, `s`, `b.req` whole and `b.msg` of the form that B-5 gives. */
  isRefusal(message, code, s, req, clause, what) {
    this.same(message.c, code, clause, `the code of the answer to ${what} (${message.b?.msg ?? 'no msg'})`);
    this.same(message.s, s, 'B-4', `s of the answer to ${what}`);
    this.same(message.b.req, req, 'B-5', `b.req of the answer to ${what}`);
    const { msg } = message.b;
    this.ok(typeof msg === 'string' && new RegExp(`^${names[code]}: \\S.{8,}`, 's').test(msg), 'B-5', `expected b.msg to be "${names[code]}: " and a sentence, got ${show(msg)}`);
  }

  /** Every name in the run is another one. */
  name(hint) {
    return `${this.suite.run}-${hint}-${++lastName}`;
  }

  room(ch = 'm2m', options) {
    return new Room(this, ch, options);
  }

  /** A socket. With keys it carries a token of `user`. */
  async wire(user = this.name('user'), { claims = {}, room, ...options } = {}) {
    if (this.suite.mint && options.token === undefined && options.authorization === undefined && !options.bare) options.token = this.token(user, { ...(room ? { rid: room } : {}), ...claims });
    delete options.bare;
    const wire = await Wire.open(this, `${user}#${this.wires.length}`, options);
    this.wires.push(wire);
    return wire;
  }

  token(sub, claims = {}, header) {
    return this.suite.mint({ sub, exp: Math.floor(Date.now() / 1_000) + 600, ...claims }, header);
  }

  rest(method, template, names, how) {
    return rest(this, method, template, names, how);
  }

  defer(ending) {
    this.#endings.push(ending);
  }

  /** A short wait. */
  sleep(ms) {
    return new Promise((done) => setTimeout(done, ms));
  }

  /** A long one: another case may run meanwhile. */
  async pause(ms, why = 'time to pass') {
    return this.meanwhile(this.sleep(ms), why);
  }

  /** Waits for what takes long, with another case in its place. */
  async meanwhile(promise, why) {
    this.at = `waiting for ${why}`;
    this.places.give();
    try {
      return await promise;
    } finally {
      this.places.takeBack();
    }
  }

  /** A decoder notices nothing: one SSRC for each payload type, no hole in the numbers, timestamps as the clock goes. */
  continuous(packets, clause, what = 'the watcher') {
    const last = new Map();
    for (const packet of packets) {
      const before = last.get(packet.payloadType);
      last.set(packet.payloadType, packet);
      if (!before) continue;
      this.same(packet.ssrc, before.ssrc, clause, `the SSRC of payload type ${packet.payloadType} at ${what}`);
      this.same(packet.sequence, (before.sequence + 1) & 0xffff, clause, `the sequence number after ${before.sequence} of payload type ${packet.payloadType} at ${what}`);
      const clockRate = packet.payloadType === 111 ? 48_000 : 90_000;
      const step = ((packet.timestamp - before.timestamp) | 0) / clockRate;
      const passed = (packet.at - before.at) / 1_000;
      this.ok(step >= 0 && step < passed + 1.5, clause, `expected timestamps to go as time does at ${what}: ${step} s between packets that came ${passed} s apart`);
    }
  }

  until(what, probe, deadline = this.patience) {
    this.at = `waiting until ${what}`;
    return until(what, probe, deadline);
  }

  /** The last messages of each socket, for a report of what went wrong. */
  trace() {
    return this.wires.map((wire) => ({ socket: wire.name, end: wire.end, heard: wire.heard.slice(-12).map(({ text }) => (text.length > 500 ? `${text.slice(0, 500)}…` : text)) }));
  }

  async cleanUp() {
    for (const ending of this.#endings.reverse()) {
      try {
        await ending();
      } catch {
        // it has ended already
      }
    }
    for (const wire of this.wires) wire.drop();
  }
}
