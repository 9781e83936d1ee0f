// SPDX-License-Identifier: Apache-2.0
import type { VideoCodec } from '../client/index.ts';

/** What one sends. */
export type Source = 'camera' | 'microphone' | 'screen' | 'none';
export type RoomType = 'm2m' | 'a2m' | 'p2p';

/** What the form asks. */
export interface Choice {
  name: string;
  room: string;
  type: RoomType;
  source: Source;
  codec: VideoCodec | null;
  simulcast: boolean;
  /** Also as HLS, for whoever has the link. */
  hls: boolean;
}

const types: readonly RoomType[] = ['m2m', 'a2m', 'p2p'];
const sources: readonly Source[] = ['camera', 'microphone', 'screen', 'none'];
const codecs: readonly VideoCodec[] = ['vp8', 'h264', 'vp9', 'av1'];
const storageKey = 'heliograph.choice';

/** What the page's address says, else what was chosen last time, else defaults. */
export function initialChoice(parameters: URLSearchParams, remembered: Partial<Choice>): Choice {
  const type = oneOf(types, parameters.get('type')) ?? oneOf(types, remembered.type) ?? 'm2m';
  const source = oneOf(sources, parameters.get('source')) ?? oneOf(sources, remembered.source) ?? 'camera';
  return {
    name: parameters.get('name') ?? text(remembered.name),
    room: parameters.get('room') ?? text(remembered.room),
    type,
    source: allowedSource(type, source),
    codec: parameters.has('codec') ? oneOf(codecs, parameters.get('codec')) : oneOf(codecs, remembered.codec),
    simulcast: parameters.has('simulcast') ? parameters.get('simulcast') === '1' : remembered.simulcast === true,
    hls: parameters.has('hls') ? parameters.get('hls') === '1' : remembered.hls === true,
  };
}

/** An audio room takes no pictures: of a camera it takes the microphone, of a screen nothing. A call is for faces. */
export function allowedSource(type: RoomType, source: Source): Source {
  if (type === 'm2m') return source;
  if (type === 'p2p') return source === 'screen' ? 'camera' : source;
  return source === 'screen' ? 'none' : source === 'camera' ? 'microphone' : source;
}

/** Reads what the form's fields say now. */
export function readForm(form: HTMLFormElement): Choice {
  const data = new FormData(form);
  const field = (name: string) => text(data.get(name)).trim();
  const type = oneOf(types, field('type')) ?? 'm2m';
  return {
    name: field('name'),
    room: field('room'),
    type,
    source: allowedSource(type, oneOf(sources, field('source')) ?? 'none'),
    codec: oneOf(codecs, field('codec')),
    simulcast: data.has('simulcast'),
    hls: data.has('hls'),
  };
}

/** Lets the form's fields say that choice. */
export function fillForm(form: HTMLFormElement, choice: Choice): void {
  const fields = form.elements;
  (fields.namedItem('name') as HTMLInputElement).value = choice.name;
  (fields.namedItem('room') as HTMLInputElement).value = choice.room;
  (fields.namedItem('type') as RadioNodeList).value = choice.type;
  (fields.namedItem('source') as RadioNodeList).value = choice.source;
  (fields.namedItem('codec') as HTMLSelectElement).value = choice.codec ?? '';
  (fields.namedItem('simulcast') as HTMLInputElement).checked = choice.simulcast;
  (fields.namedItem('hls') as HTMLInputElement).checked = choice.hls;
}

export function rememberedChoice(): Partial<Choice> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {}; // storage may be barred
  }
}

export function rememberChoice(choice: Choice): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(choice));
  } catch {
    // storage may be barred or full: then the next visit starts from defaults
  }
}

function oneOf<T extends string>(all: readonly T[], value: unknown): T | null {
  return all.find((one) => one === value) ?? null;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
