// SPDX-License-Identifier: Apache-2.0
// A room that belongs to one case, and people in it.
import { Session } from './session.mjs';

export class Room {
  constructor(trial, ch, { rid = trial.name('room') } = {}) {
    Object.assign(this, { trial, ch, rid });
  }

  /** A session that has a socket and is not in the room. */
  async stranger(hint = 'user', { userId = this.trial.name(hint), wire, claims, socket, ...traits } = {}) {
    wire ??= await this.trial.wire(userId, { claims, ...socket });
    return new Session(wire, { ch: this.ch, rid: this.rid, userId, ...traits });
  }

  /** Who makes the room. */
  async creator(hint = 'owner', { join = {}, claims, ...who } = {}) {
    const session = await this.stranger(hint, { ...who, claims: { create: true, ...claims } });
    session.joined = await session.join({ ...join, op: { ...join.op, roomCreating: true } }, 'B-14');
    return session;
  }

  /** Who may publish. */
  async publisher(hint = 'publisher', { join, claims, ...who } = {}) {
    const session = await this.stranger(hint, { ...who, claims: { role: 'publisher', ...claims } });
    session.joined = await session.join(join);
    this.trial.same(session.role, 'publisher', 'B-14', `the role (pt) of ${session.userId}`);
    return session;
  }

  /** Whoever it may be. */
  async member(hint = 'member', { join, ...who } = {}) {
    const session = await this.stranger(hint, who);
    session.joined = await session.join(join);
    return session;
  }

  /**
   * A viewer. In open mode a server may let everyone publish while there is room: then all places are taken first and
   * given back after.
   */
  async viewer(hint = 'viewer', who = {}) {
    const { mint } = this.trial.suite;
    if (mint) return this.#viewer(await this.member(hint, { ...who, claims: { role: 'viewer', ...who.claims } }));
    const fillers = await this.fill();
    const viewer = this.#viewer(await this.member(hint, who));
    for (const filler of fillers) await filler.leave();
    return viewer;
  }

  #viewer(session) {
    this.trial.same(session.role, 'viewer', 'B-14', `the role (pt) of ${session.userId}`);
    return session;
  }

  /** Publishers until nobody more may publish. In open mode on one socket. */
  async fill() {
    const { mint, options } = this.trial.suite;
    const fillers = [];
    const wire = mint ? undefined : await this.trial.wire();
    while (fillers.length < options.publishers) {
      const filler = await this.stranger('filler', { wire, claims: { role: 'publisher' } });
      const ack = await filler.ask('JOIN', { ve: true, ae: true });
      if (ack.c === 4025) return fillers;
      this.trial.same(ack.c, 200, 'section 3', `the code of the JOIN of publisher ${fillers.length + 1}`);
      if (ack.b.pt !== 'publisher') {
        await filler.leave();
        return fillers;
      }
      fillers.push(filler);
    }
    return fillers;
  }

  /** A p2p call of two. @returns {[Session, Session]} */
  async pair(first = {}, second = {}) {
    const ann = await this.creator('ann', first);
    const ben = await this.member('ben', second);
    return [ann, ben];
  }
}
