// SPDX-License-Identifier: Apache-2.0
import type { SessionStats } from '../client/index.ts';
import { canShareScreen, capture } from './capture.ts';
import { allowedSource, fillForm, initialChoice, readForm, rememberChoice, rememberedChoice, type Choice } from './choice.ts';
import { giveLink } from './clipboard.ts';
import { byId } from './elements.ts';
import { errors, notices } from './messages.ts';
import { identify, parametersFor, shareLink, socketUrl } from './place.ts';
import { Visit } from './visit.ts';
import { errorInWords, typeInWords } from './words.ts';

declare global {
  interface Window {
    /** For tests and the curious: the room one is in, and its figures. */
    heliograph: { room: Visit['room'] | null; stats(): Promise<SessionStats[]> };
  }
}

/** In the tab's own storage while in a call, so that a reload goes straight back into it. */
const inCallKey = 'heliograph.in-call';
const parameters = new URLSearchParams(location.search);
const form = byId<HTMLFormElement>('form');
let visit: Visit | null = null;

window.heliograph = { room: null, stats: async () => (await visit?.stats()) ?? [] };

async function join(choice: Choice): Promise<void> {
  errors.clear();
  notices.clear();
  setBusy(true);
  try {
    const { userId, token } = identify(choice.name, parameters.get('token'));
    const captured = await capture(choice.source);
    visit = new Visit({ choice, capture: captured, url: socketUrl(location), token, userId, ended: showLobby });
    window.heliograph.room = visit.room;
    await visit.join();
    showCall(choice);
    void visit.publish();
  } catch (error) {
    showLobby();
    errors.say(errorInWords(error));
  } finally {
    setBusy(false);
  }
}

function showCall(choice: Choice): void {
  rememberChoice(choice);
  remainInCall(true);
  history.replaceState(null, '', `?${parametersFor(choice, parameters)}`);
  document.title = `${choice.room} · heliograph`;
  byId('room-name').textContent = choice.room;
  byId('room-type').textContent = typeInWords(choice.type);
  byId('copy').onclick = () => void giveLink('The link to this room', shareLink(location, choice));
  showView('call');
}

function showLobby(): void {
  visit = null;
  window.heliograph.room = null;
  remainInCall(false);
  document.title = 'heliograph';
  showView('lobby');
}

function showView(view: 'lobby' | 'call'): void {
  document.body.dataset['view'] = view;
  byId('lobby').hidden = view !== 'lobby';
  byId('call').hidden = view !== 'call';
}

function setBusy(busy: boolean): void {
  const button = byId<HTMLButtonElement>('join');
  button.disabled = busy;
  button.textContent = busy ? 'Joining…' : 'Join';
}

function remainInCall(inCall: boolean): void {
  try {
    if (inCall) sessionStorage.setItem(inCallKey, '1');
    else sessionStorage.removeItem(inCallKey);
  } catch {
    // storage may be barred: then a reload leads to the form
  }
}

function wasInCall(): boolean {
  try {
    return sessionStorage.getItem(inCallKey) !== null;
  } catch {
    return false;
  }
}

/** Greys out what this browser or kind of room cannot send, and moves the choice off it. */
function limitSources(): void {
  const { type } = readForm(form);
  const sources = form.elements.namedItem('source') as RadioNodeList;
  for (const input of sources as Iterable<Node> as Iterable<HTMLInputElement>) {
    const allowed = allowedSource(type, input.value as Choice['source']) === input.value;
    input.disabled = !allowed || (input.value === 'screen' && !canShareScreen());
  }
  const source = allowedSource(type, sources.value as Choice['source']);
  sources.value = source === 'screen' && !canShareScreen() ? 'camera' : source;
  byId('codec-field').hidden = type === 'a2m';
  byId('simulcast-field').hidden = type === 'a2m';
  byId('hls-field').hidden = type === 'p2p'; // the server has no part in a call's media
  byId<HTMLInputElement>('simulcast').disabled = type !== 'm2m'; // in a call there is one to see it
}

function start(): void {
  const choice = initialChoice(parameters, rememberedChoice());
  fillForm(form, choice);
  limitSources();
  form.onchange = limitSources;
  form.onsubmit = (event) => {
    event.preventDefault();
    void join(readForm(form));
  };
  window.addEventListener('online', () => visit?.room.retryNow());
  // The others should not have to wait until the server misses us.
  window.addEventListener('pagehide', () => {
    const leaving = wasInCall();
    void visit?.leave();
    remainInCall(leaving);
  });
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted && wasInCall()) location.reload();
  });
  const complete = choice.name !== '' && choice.room !== '';
  if (complete && (parameters.get('join') === '1' || wasInCall())) void join(choice);
}

start();
