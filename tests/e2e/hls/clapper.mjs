// SPDX-License-Identifier: Apache-2.0
// A publisher whose picture and sound say when they were made: the time of day as a row of black and white fields, and
// once a second a flash and a beep at the same moment. What arrives elsewhere is measured by it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const bits = 42;

/** In the page, before it publishes: camera and microphone are such a clapper. `size`: of the picture, changed by window.clapper. */
export function installClapper({ width, height, bits }) {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  document.body.append(canvas);
  const pen = canvas.getContext('2d', { alpha: false });
  const sound = new AudioContext();
  const gain = sound.createGain();
  gain.gain.value = 0;
  const tone = sound.createOscillator();
  tone.frequency.value = 1000;
  tone.connect(gain);
  const microphone = sound.createMediaStreamDestination();
  gain.connect(microphone);
  tone.start();
  let planned = 0;
  const draw = () => {
    const now = Date.now();
    const flash = window.clapper?.flashes !== false && now % 1000 < 100;
    pen.fillStyle = flash ? '#fff' : '#123';
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = `hsl(${(now / 20) % 360} 80% 50%)`;
    pen.fillRect((now / 5) % canvas.width, canvas.height * 0.6, canvas.width / 10, canvas.height / 5);
    const field = canvas.width / bits;
    for (let i = 0; i < bits; i++) {
      pen.fillStyle = Math.floor(now / 2 ** i) % 2 ? '#fff' : '#000';
      pen.fillRect(i * field, 0, Math.ceil(field), canvas.height / 8);
    }
    const second = Math.floor(now / 1000) * 1000 + 1000;
    if (second !== planned && second - now < 200) {
      planned = second;
      const at = sound.currentTime + (second - now) / 1000;
      gain.gain.setValueAtTime(0.8, at);
      gain.gain.setValueAtTime(0, at + 0.1);
    }
  };
  let timer = setInterval(draw, 1000 / 60);
  const stream = new MediaStream([...canvas.captureStream(30).getVideoTracks(), ...microphone.stream.getAudioTracks()]);
  navigator.mediaDevices.getUserMedia = async () => stream;
  window.clapper = {
    flashes: true,
    resize: (w, h) => Object.assign(canvas, { width: w, height: h }),
    /** Pictures a second. */
    rate: (fps) => {
      clearInterval(timer);
      timer = setInterval(draw, 1000 / fps);
    },
    track: (kind) => stream.getTracks().find((track) => track.kind === kind),
  };
  return sound.resume();
}

export const clapper = (page, size = { width: 640, height: 360 }) => page.evaluate(installClapper, { ...size, bits });

/** In the page: ms since the picture that `video` shows was drawn; null where it cannot be read. */
export function readDelay({ selector, bits }) {
  const video = document.querySelector(selector);
  if (!video?.videoWidth) return null;
  const canvas = Object.assign(document.createElement('canvas'), { width: video.videoWidth, height: 8 });
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.drawImage(video, 0, video.videoHeight / 32, video.videoWidth, video.videoHeight / 16, 0, 0, canvas.width, 8);
  const { data } = pen.getImageData(0, 4, canvas.width, 1);
  let time = 0;
  for (let i = 0; i < bits; i++) {
    const value = data[Math.floor((i + 0.5) * (canvas.width / bits)) * 4 + 1];
    if (value > 96 && value < 160) return null;
    if (value >= 160) time += 2 ** i;
  }
  const delay = Date.now() - time;
  return delay > 0 && delay < 60_000 ? delay : null;
}

export const delayOf = (page, selector = 'video') => page.evaluate(readDelay, { selector, bits });

function ffmpeg(args) {
  return new Promise((done, failed) => {
    const child = spawn('ffmpeg', ['-hide_banner', '-nostats', ...args]);
    let out = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (out += text));
    child.on('error', failed);
    child.on('close', (code) => (code === 0 ? done(out) : failed(new Error(out.slice(-2000)))));
  });
}

/** Times at which a picture is bright behind a dark one, s. */
async function flashes(file) {
  const out = await ffmpeg(['-copyts', '-i', file, '-vf', 'crop=iw:ih/4:0:ih/5,scale=16:16,signalstats,metadata=mode=print:key=lavfi.signalstats.YAVG:file=-', '-f', 'null', '-']);
  const found = [];
  let time;
  let bright = true;
  for (const line of out.split('\n')) {
    time = /pts_time:([\d.]+)/.exec(line)?.[1] ?? time;
    const level = /YAVG=([\d.]+)/.exec(line)?.[1];
    if (level === undefined) continue;
    if (Number(level) > 150 && !bright) found.push(Number(time));
    bright = Number(level) > 150;
  }
  return found;
}

/** Times at which a sound begins behind silence, s. */
async function beeps(file) {
  const out = await ffmpeg(['-copyts', '-i', file, '-af', 'silencedetect=noise=-20dB:d=0.2', '-f', 'null', '-']);
  return [...out.matchAll(/silence_end: ([\d.]+)/g)].map(([, time]) => Number(time));
}

/** By how much each flash is later than its beep, s, from what a Checker with `keep` has. */
export async function offsetsOf(checker) {
  const folder = mkdtempSync(path.join(tmpdir(), 'heliograph-hls-'));
  try {
    const times = [];
    for (const [kind, find] of [['video', flashes], ['audio', beeps]]) {
      const r = checker.renditions.find((one) => one.kind === kind);
      const groups = byInit([...r.segments.values()]);
      const found = [];
      for (const [map, segments] of Object.entries(groups)) {
        const whole = segments.filter(({ bytes, sum }) => sum && bytes.length === 1);
        if (whole.length === 0) continue;
        const file = path.join(folder, `${kind}.mp4`);
        writeFileSync(file, Buffer.concat([(await r.inits.get(map)).bytes, ...whole.map(({ bytes }) => bytes[0])]));
        found.push(...(await find(file)));
      }
      times.push(found);
    }
    const [seen, heard] = times;
    return seen.map((flash) => heard.map((beep) => flash - beep).reduce((best, next) => (Math.abs(next) < Math.abs(best) ? next : best), Infinity)).filter((d) => Math.abs(d) < 0.2); // a flash beside silence has no beep
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function byInit(segments) {
  const groups = {};
  for (const segment of segments) (groups[segment.map] ??= []).push(segment);
  return groups;
}
