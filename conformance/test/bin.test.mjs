// SPDX-License-Identifier: Apache-2.0
// The program against servers that are not what they should be: a case must be able to fail.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';

const bin = fileURLToPath(new URL('../bin.mjs', import.meta.url));

async function conformance(...args) {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (text += bytes));
  const [code] = await once(child, 'close');
  return { code, text };
}

async function server(t, answer) {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(wss, 'listening');
  wss.on('connection', (socket) => socket.on('message', (bytes) => {
    const reply = answer(String(bytes));
    if (reply !== undefined) socket.send(reply);
  }));
  t.after(() => {
    for (const client of wss.clients) client.terminate();
    wss.close();
  });
  return `ws://127.0.0.1:${wss.address().port}/ws`;
}

const malformed = (text) => {
  let data = null;
  try {
    data = JSON.parse(text).data ?? null;
  } catch {
    // no JSON, no data
  }
  return { c: 2001, s: 'UNKNOWN', b: { req: data, msg: 'INVALID_SIGNAL: action is missing, or no action that is known' } };
};

test('a server that does as it should in one case passes it: exit code 0, JUnit and JSON are written', async (t) => {
  const url = await server(t, (text) => JSON.stringify(malformed(text)));
  const folder = mkdtempSync(path.join(tmpdir(), 'conformance-'));
  const { code, text } = await conformance(url, '--only', 'wire/an-empty-object', '--junit', path.join(folder, 'x.xml'), '--json', path.join(folder, 'x.json'));
  assert.equal(code, 0, text);
  assert.match(text, /1 cases in .*: 1 passed, 0 failed/);
  assert.match(readFileSync(path.join(folder, 'x.xml'), 'utf8'), /tests="1" failures="0"/);
  assert.equal(JSON.parse(readFileSync(path.join(folder, 'x.json'), 'utf8')).clauses['B-4'].status, 'passed');
});

const lies = {
  'another code': (m) => ({ ...m, c: 500 }),
  'another s': (m) => ({ ...m, s: 'JOIN' }),
  'another req': (m) => ({ ...m, b: { ...m.b, req: { x: 1 } } }),
  'no sentence': (m) => ({ ...m, b: { ...m.b, msg: 'INVALID_SIGNAL: ' } }),
  'another constant': (m) => ({ ...m, b: { ...m.b, msg: 'ROOM_NOT_FOUND: action is missing' } }),
  'a field too many': (m) => ({ ...m, more: 1 }),
};

for (const [what, lie] of Object.entries(lies)) {
  test(`${what}: exit code 1`, async (t) => {
    const url = await server(t, (text) => JSON.stringify(lie(malformed(text))));
    const { code, text } = await conformance(url, '--only', 'wire/an-empty-object');
    assert.equal(code, 1, text);
    assert.match(text, /FAIL wire: an empty object/);
  });
}

test('what is not JSON: exit code 1', async (t) => {
  const { code, text } = await conformance(await server(t, () => 'oops'), '--only', 'wire/an-empty-object');
  assert.equal(code, 1, text);
  assert.match(text, /not JSON/);
});

test('nobody is there, or the options are wrong: exit code 2', async () => {
  assert.equal((await conformance('ws://127.0.0.1:1/ws')).code, 2);
  assert.equal((await conformance('ws://127.0.0.1:1/ws', '--nonsense')).code, 2);
  assert.equal((await conformance('ws://127.0.0.1:1/ws', '--only', 'no-such-case')).code, 2);
});

test('--list and --help need no server', async () => {
  const { code, text } = await conformance('--list', '--only', 'OFFER/4051/*');
  assert.equal(code, 0);
  assert.equal(text.trim().split('\n').length, 3);
  assert.match((await conformance('--help')).text, /usage: heliograph-conformance/);
});
