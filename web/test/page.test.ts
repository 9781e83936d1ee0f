// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialChoice, type Choice } from '../page/choice.ts';
import { bestGrid } from '../page/grid.ts';
import { identify, parametersFor, shareLink, socketUrl } from '../page/place.ts';
import { endInWords, errorInWords, figuresInWords, hlsInWords, roleInWords } from '../page/words.ts';
import { SignalError } from '../client/errors.ts';

const choice: Choice = { name: 'Ann', room: 'tea', type: 'm2m', source: 'camera', codec: null, simulcast: false, hls: false };

test('the address says what is chosen, else what was chosen last time, else defaults', () => {
  const remembered = { name: 'Ann', room: 'old', source: 'none', codec: 'vp9', simulcast: true } as const;
  const parameters = new URLSearchParams('room=new&codec=h264&simulcast=0');
  assert.deepEqual(initialChoice(parameters, remembered), { ...choice, room: 'new', source: 'none', codec: 'h264' });
  assert.deepEqual(initialChoice(new URLSearchParams(), {}), { ...choice, name: '', room: '' });
});

test('an audio room takes the microphone of a camera, and nothing of a screen', () => {
  const source = (query: string) => initialChoice(new URLSearchParams(query), {}).source;
  assert.equal(source('type=a2m&source=camera'), 'microphone');
  assert.equal(source('type=a2m&source=screen'), 'none');
  assert.equal(source('type=p2p&source=screen'), 'camera'); // a call is for faces
  assert.equal(initialChoice(new URLSearchParams('type=p2p'), {}).type, 'p2p');
  assert.equal(source('type=nonsense&source=nonsense'), 'camera');
});

test('the link for others holds nothing personal; the own address keeps what it had', () => {
  assert.equal(shareLink({ origin: 'https://h', pathname: '/' }, choice), 'https://h/?room=tea&type=m2m');
  const after = parametersFor(choice, new URLSearchParams('room=x&name=Old&join=1&token=t'));
  assert.equal(String(after), 'room=tea&name=Ann&join=1&token=t&type=m2m');
});

test('the socket is at the page’s own host, encrypted when the page is', () => {
  assert.equal(socketUrl({ protocol: 'http:', host: 'h:8080' }), 'ws://h:8080/ws');
  assert.equal(socketUrl({ protocol: 'https:', host: 'h' }), 'wss://h/ws');
});

test('with a token one is its subject', () => {
  const token = `x.${Buffer.from(JSON.stringify({ sub: 'zoë' })).toString('base64url')}.y`;
  assert.deepEqual(identify('Ann', token), { userId: 'zoë', token });
  assert.deepEqual(identify('Ann', null), { userId: 'Ann', token: null });
  assert.throws(() => identify('Ann', 'broken'), /token/);
});

test('tiles fill the box without leaving it', () => {
  for (let count = 1; count <= 16; count++) {
    for (const box of [{ width: 1280, height: 660 }, { width: 800, height: 800 }]) {
      const { width, height } = bestGrid(count, box, 10, [16 / 9, 4 / 3]);
      const columns = Math.floor((box.width + 10) / (width + 10));
      assert.ok(Math.ceil(count / columns) * (height + 10) - 10 <= box.height, `${count} tiles of ${width}×${height}`);
    }
  }
  assert.equal(bestGrid(1, { width: 1600, height: 900 }, 10, [16 / 9]).width, 1600);
  assert.equal(bestGrid(40, { width: 344, height: 300 }, 8, [16 / 9]).width, 120); // then they scroll
});

test('a refusal is told with its code and the server’s words', () => {
  assert.equal(errorInWords(new SignalError('JOIN', 4025, 'ROOM_FULL: nine publish')), 'The room is full. (4025: ROOM_FULL: nine publish)');
  assert.equal(errorInWords(new SignalError('JOIN', 4999, 'NEW: x')), 'The server refused JOIN. (4999: NEW: x)');
});

test('why one is out of the room is said in words', () => {
  assert.equal(endInWords({ kind: 'left' }), null);
  assert.equal(endInWords({ kind: 'kicked', by: 'bob' }), 'You were removed from the room by bob.');
  assert.equal(endInWords({ kind: 'kicked', by: '' }), 'You were removed from the room.'); // over REST by nobody known
  assert.equal(endInWords({ kind: 'closed', reason: 'deleted' }), 'The room was closed: deleted');
  assert.match(endInWords({ kind: 'replaced' }) ?? '', /another window/);
  assert.match(endInWords({ kind: 'refused', error: new SignalError('JOIN', 4053, 'BANNED: so it is') }) ?? '', /cannot come back/);
});

test('what people do in the room is said in a word', () => {
  assert.deepEqual([roleInWords('publisher', true, true), roleInWords('publisher', false, true)], ['owner', 'sends']);
  assert.deepEqual([roleInWords('publisher', false, false), roleInWords('viewer', false, false)], ['may send', 'watches']);
});

test('HLS is asked for by the address, or as the last time', () => {
  const asked = (query: string, remembered: Partial<Choice> = {}) => initialChoice(new URLSearchParams(query), remembered).hls;
  assert.deepEqual([asked(''), asked('hls=1'), asked('', { hls: true }), asked('hls=0', { hls: true })], [false, true, true, false]);
  assert.equal(String(parametersFor({ ...choice, hls: true }, new URLSearchParams('hls=0'))), 'hls=1&room=tea&type=m2m');
});

test('a tile says what becomes of the HLS stream, and how late it is where one watches it', () => {
  assert.equal(hlsInWords(null, null), 'HLS');
  assert.equal(hlsInWords('live', null), 'HLS · live');
  assert.equal(hlsInWords('failed', null), 'HLS · not possible');
  assert.equal(hlsInWords('live', { state: 'playing', delay: 2.04 }), 'HLS · 2.0 s behind');
  assert.equal(hlsInWords('live', { state: 'waiting', delay: null }), 'HLS · starting…');
  assert.equal(hlsInWords('live', { state: 'buffering', delay: 9 }), 'HLS · buffering…');
  assert.equal(hlsInWords('ended', { state: 'lost', delay: null }), 'HLS · ended');
});

test('figures have their units', () => {
  const media = { codec: 'opus', packetsSent: null, packetsReceived: 5, packetsLost: 0, bytes: 9 };
  const figures = figuresInWords({
    userId: 'ann', sessionId: 's', category: 'stream', direction: 'down', state: 'connected',
    video: null, audio: { ...media, audioLevel: 0, totalAudioEnergy: 0 }, bitrate: 2_512_345, loss: 0.0123, rtt: 3.21,
  });
  assert.deepEqual(figures, [['Codec', 'Opus'], ['Bitrate', '2.51 Mbit/s'], ['Loss', '1.2 %'], ['RTT', '3.2 ms']]);
});
