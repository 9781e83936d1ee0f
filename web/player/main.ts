// SPDX-License-Identifier: Apache-2.0
import { byId, make } from '../page/elements.ts';
import { engineWith } from './engine.ts';
import { streamAt, type StreamPlace } from './place.ts';
import { Playback, type PlaybackState } from './playback.ts';
import { delayInWords, qualityInWords, stateInWords } from './words.ts';

declare global {
  interface Window {
    /** For tests and the curious. */
    playback: Playback | null;
  }
}

/** ms between two looks at the delay. */
const refresh = 1_000;
/** Seconds too late from which there is a way back to now. */
const lateFrom = 3;

const video = byId<HTMLVideoElement>('video');

/** A browser may refuse sound before the first click: then the picture plays, and a button offers the sound. */
function play(): void {
  video.play().catch((error: unknown) => {
    if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return; // AbortError: it was loaded anew
    video.muted = true;
    video.play().catch(() => {});
  });
}

function show({ room, user, playlist }: StreamPlace): void {
  byId('title').textContent = user;
  byId('room').textContent = room;
  const playback = new Playback(video, playlist, engineWith(new URL('./hls.js', import.meta.url).href), play);
  window.playback = playback;
  playback.on('state', (state) => {
    showState(user, state);
    showFigures(playback);
  });
  showState(user, playback.state);
  serveControls(playback);
  setInterval(() => showFigures(playback), refresh);
  playback.start();
}

function showState(user: string, state: PlaybackState): void {
  const said = stateInWords(state);
  document.body.dataset['state'] = state;
  document.title = `${user} · ${state === 'playing' ? 'live' : 'heliograph'}`;
  byId('words').textContent = said?.words ?? '';
  byId('hint').textContent = said?.hint ?? '';
  video.controls = ['playing', 'paused', 'buffering'].includes(state);
}

function showFigures(playback: Playback): void {
  const { delay, lag, state } = playback;
  const late = lag > lateFrom;
  byId('live').hidden = delay === null || late || state === 'paused';
  byId('go-live').hidden = delay === null || (!late && state !== 'paused');
  byId('delay').hidden = delay === null;
  if (delay !== null) {
    byId('delay-value').textContent = delayInWords(delay);
    byId('delay').dataset['seconds'] = delay.toFixed(2);
  }
  showQualities(playback);
}

/** Made anew only when they are others, so that an open menu stays. */
function showQualities(playback: Playback): void {
  const select = byId<HTMLSelectElement>('quality');
  const wanted = playback.qualities.map((quality) => ({ value: String(quality.index), words: qualityInWords(quality, playback.qualities) }));
  byId('quality-field').hidden = wanted.length === 0;
  const all = [{ value: '-1', words: 'Automatic' }, ...wanted];
  const now = [...select.options].map(({ value, text }) => `${value} ${text}`).join();
  if (now !== all.map(({ value, words }) => `${value} ${words}`).join()) {
    select.replaceChildren(...all.map(({ value, words }) => Object.assign(make('option', '', words), { value })));
  }
  if (document.activeElement !== select) select.value = String(playback.quality);
}

function serveControls(playback: Playback): void {
  const unmute = byId<HTMLButtonElement>('unmute');
  const showSound = () => (unmute.hidden = !video.muted || !video.controls);
  video.addEventListener('volumechange', showSound);
  playback.on('state', showSound);
  unmute.onclick = () => {
    video.muted = false;
    play();
    video.focus();
  };
  byId('go-live').onclick = () => playback.goLive();
  byId<HTMLSelectElement>('quality').onchange = ({ target }) => playback.setQuality(Number((target as HTMLSelectElement).value));
  video.addEventListener('resize', fitFrame);
  document.addEventListener('keydown', (event) => onKey(event, playback));
}

/** The frame takes the picture's shape, be it a screen or an upright phone. */
function fitFrame(): void {
  if (video.videoWidth > 0) byId('frame').style.setProperty('--ratio', String(video.videoWidth / video.videoHeight));
}

/** The keys that players have; where a control has the focus, its own come first. */
function onKey(event: KeyboardEvent, playback: Playback): void {
  const { key, altKey, ctrlKey, metaKey, target } = event;
  if (altKey || ctrlKey || metaKey || (target instanceof HTMLElement && target.matches('button, select, video'))) {
    if (key === ' ' || key === 'Enter' || altKey || ctrlKey || metaKey) return;
  }
  const acts: Record<string, () => void> = {
    ' ': () => (video.paused ? play() : video.pause()),
    k: () => (video.paused ? play() : video.pause()),
    m: () => (video.muted = !video.muted),
    f: () => void (document.fullscreenElement ? document.exitFullscreen() : video.requestFullscreen()).catch(() => {}),
    l: () => playback.goLive(),
  };
  const act = acts[key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
}

window.playback = null;
const place = streamAt(location.href);
if (place) show(place);
else byId('words').textContent = 'This address is of no stream';
