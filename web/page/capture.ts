// SPDX-License-Identifier: Apache-2.0
import type { Source } from './choice.ts';

/** Something could not be captured; the message says what and what to do, in words. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
}

/** What was captured, and what to tell the user about it. */
export interface Capture {
  stream: MediaStream;
  notice: string | null;
}

const microphone: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const camera: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };

/** Asks the browser, and it the user, for a source; null for watching only. Rejects with CaptureError. */
export async function capture(source: Source): Promise<Capture | null> {
  if (source === 'none') return null;
  if (source === 'screen') return { stream: await captureScreen(), notice: null };
  if (source === 'microphone') return { stream: await captureTracks({ audio: microphone }), notice: null };
  return captureCameraAndMicrophone();
}

/** A camera's track alone, for switching it on again. */
export async function captureCamera(): Promise<MediaStreamTrack | undefined> {
  return (await captureTracks({ video: camera })).getVideoTracks()[0];
}

export async function captureScreen(): Promise<MediaStream> {
  const video = { frameRate: { ideal: 30 } };
  const stream = await ask('screen', (devices) => devices.getDisplayMedia({ video, audio: true }));
  for (const track of stream.getVideoTracks()) track.contentHint = 'detail'; // text stays sharp: resolution before frame rate
  return stream;
}

/** Ends a capture, so that the camera's light goes out. */
export function release(stream: MediaStream | null | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Whether the browser can share a screen; phones cannot. */
export function canShareScreen(): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
}

/** Who lacks one of the two devices still joins with the other. */
async function captureCameraAndMicrophone(): Promise<Capture> {
  try {
    return { stream: await captureTracks({ audio: microphone, video: camera }), notice: null };
  } catch (error) {
    if (!isMissing(error)) throw error;
    return captureOneOf(error);
  }
}

async function captureOneOf(missing: unknown): Promise<Capture> {
  const attempts = [
    { constraints: { audio: microphone }, notice: 'No camera was found: you send your microphone only.' },
    { constraints: { video: camera }, notice: 'No microphone was found: you send your camera only.' },
  ];
  for (const { constraints, notice } of attempts) {
    const stream = await captureTracks(constraints).catch(() => null);
    if (stream) return { stream, notice };
  }
  throw missing;
}

function captureTracks(constraints: MediaStreamConstraints): Promise<MediaStream> {
  const wanted = [constraints.video && 'camera', constraints.audio && 'microphone'].filter(Boolean).join(' and ');
  return ask(wanted, (devices) => devices.getUserMedia(constraints));
}

async function ask(wanted: string, request: (devices: MediaDevices) => Promise<MediaStream>): Promise<MediaStream> {
  if (!navigator.mediaDevices) {
    throw new CaptureError(`The browser gives no page access to your ${wanted} over an unencrypted connection. Open this page over https, or on localhost.`);
  }
  try {
    return await request(navigator.mediaDevices);
  } catch (error) {
    throw new CaptureError(inWords(wanted, error), { cause: error });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof CaptureError && error.cause instanceof DOMException && error.cause.name === 'NotFoundError';
}

function inWords(wanted: string, error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  const advice: Record<string, string> = {
    NotAllowedError: `Access to the ${wanted} was not allowed. Allow it in the browser’s address bar (or the system’s settings), then try again.`,
    NotFoundError: `No ${wanted} was found. Plug one in, or choose something else to send.`,
    NotReadableError: `The ${wanted} could not be started. Another program may be in the way.`,
    OverconstrainedError: `No ${wanted} fits what was asked for.`,
    InvalidStateError: `The browser wants a click before it shares a ${wanted}. Press the button again.`,
    AbortError: `Starting the ${wanted} was interrupted. Try again.`,
  };
  return advice[name] ?? `The ${wanted} could not be started: ${error instanceof Error ? error.message : String(error)}`;
}
