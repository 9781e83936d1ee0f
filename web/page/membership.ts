// SPDX-License-Identifier: Apache-2.0
import type { Enabled, Layer, MemberEntry, PublishRequest, Room, Subscription } from '../client/index.ts';
import { byId, make } from './elements.ts';
import { errors, notices } from './messages.ts';
import type { MenuChoice } from './tile.ts';
import { errorInWords, qualityInWords, roleInWords } from './words.ts';

const layers: readonly Layer[] = ['auto', 'h', 'm', 'l'];

/** Who is in the room and what one may do about it: the list of people, requests to speak, what a tile's menu offers. */
export class Membership {
  private readonly panel = byId('members');
  private readonly toggle = byId('members-toggle');

  constructor(private readonly room: Room) {
    room.on('members', () => this.show());
    room.on('role', () => this.show());
    room.on('publishRequest', ({ from }) => {
      this.show();
      notices.say(`${this.nameOf(from.userId)} asks to speak. See “People”.`);
    });
    this.toggle.onclick = () => this.open(this.panel.hidden === true);
    byId('members-close').onclick = () => this.open(false);
    this.toggle.hidden = false;
  }

  ask(enabled: Enabled): void {
    this.room.requestToPublish(enabled);
    notices.say('You have asked to speak. The room’s owner decides.');
  }

  /** What can be done about a session that one sees. */
  choicesFor(subscription: Subscription): MenuChoice[] {
    const { address, entry } = subscription;
    const qualities = entry.video && this.layersMatter && !subscription.paused ? layers : [];
    return [
      ...qualities.map((layer) => ({
        words: qualityInWords(layer),
        checked: subscription.quality === layer,
        act: () => this.attempt(subscription.setQuality(layer)),
      })),
      ...(this.moderates
        ? [
            { words: entry.category === 'screenshare' ? 'Stop this screen' : 'Remove', act: () => this.attempt(this.room.kick(address)) },
            { words: 'Remove and bar', danger: true, act: () => this.attempt(this.room.kick(address.userId, { ban: true })) },
          ]
        : []),
    ];
  }

  show(): void {
    const { members, publishRequests } = this.room;
    byId('members-count').textContent = String(Math.max(1, members.length));
    byId('members-badge').hidden = publishRequests.length === 0;
    byId('requests').replaceChildren(...publishRequests.map((request) => this.requestRow(request)));
    byId('members-list').replaceChildren(...[...members].sort(byRole).map((member) => this.memberRow(member)));
  }

  clear(): void {
    this.open(false);
    this.toggle.hidden = true;
    byId('requests').replaceChildren();
    byId('members-list').replaceChildren();
  }

  private get moderates(): boolean {
    return this.room.role !== 'viewer';
  }

  /** An audio room has no layers. */
  private get layersMatter(): boolean {
    return this.room.channel === 'm2m';
  }

  private open(open: boolean): void {
    this.panel.hidden = !open;
    this.toggle.setAttribute('aria-expanded', String(open));
    if (open) this.show();
  }

  private requestRow({ from, video }: PublishRequest): HTMLElement {
    const { userId } = from;
    const row = make('li', 'request');
    row.append(make('span', 'who', `${this.nameOf(userId)} asks to ${video ? 'speak and be seen' : 'speak'}`));
    const acts = make('span', 'acts');
    acts.append(this.button('Let speak', () => this.room.accept(userId), 'yes'), this.button('Not now', () => this.room.reject(userId)));
    row.append(acts);
    return row;
  }

  private memberRow({ userId, role, sessions }: MemberEntry): HTMLElement {
    const row = make('li', 'member');
    const self = userId === this.room.address.userId;
    row.append(make('span', 'who', self ? `${this.nameOf(userId)} (you)` : this.nameOf(userId)));
    const sends = sessions.some(({ publishing }) => publishing);
    row.append(make('span', 'chip', roleInWords(role, userId === this.room.owner, sends)));
    if (self || !this.moderates) return row;
    const acts = make('span', 'acts');
    if (role === 'viewer' && this.decides) acts.append(this.button('Let speak', () => this.room.accept(userId)));
    acts.append(this.button('Remove', () => this.attempt(this.room.kick(userId))));
    acts.append(this.button('Bar', () => this.attempt(this.room.kick(userId, { ban: true })), 'bar-them'));
    row.append(acts);
    return row;
  }

  /** Owner and admins give leave to speak (B-57). */
  private get decides(): boolean {
    return this.room.role === 'admin' || this.room.owner === this.room.address.userId;
  }

  private button(words: string, act: () => void, className = ''): HTMLButtonElement {
    const button = make('button', className, words);
    button.type = 'button';
    button.onclick = () => {
      act();
      this.show();
    };
    return button;
  }

  private attempt(work: Promise<void>): void {
    work.catch((error: unknown) => errors.say(errorInWords(error)));
  }

  private nameOf(userId: string): string {
    const member = this.room.members.find((one) => one.userId === userId);
    return member?.fullname || member?.username || userId;
  }
}

function byRole(a: MemberEntry, b: MemberEntry): number {
  const rank = ({ role }: MemberEntry) => (role === 'viewer' ? 1 : 0);
  return rank(a) - rank(b) || a.userId.localeCompare(b.userId);
}
