// SPDX-License-Identifier: Apache-2.0
// Starts a heliograph server of its own on free loopback ports, runs the suite against it, and stops it.
//   node against.mjs open|tokens|shuffle [options of heliograph-conformance]
// HELIOGRAPH_BINARY names the server; the environment is passed on to it. Exit code: the suite's, or 3 when the server died.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './src/until.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const binary = process.env['HELIOGRAPH_BINARY'] ?? path.join(here, '../build/release/heliograph');
const shards = 2;

async function tcpPort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

async function bindUdp(port) {
  const socket = dgram.createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** The first of as many ports in a row as there are shards. */
async function udpPort() {
  for (let tries = 0; tries < 20; tries++) {
    const first = await bindUdp(0);
    const { port } = first.address();
    const second = await bindUdp(port + 1).catch(() => undefined);
    first.close();
    second?.close();
    if (second) return port;
  }
  throw new Error('no two free UDP ports in a row');
}

const secret = randomBytes(32).toString('hex');
const turnSecret = randomBytes(16).toString('hex');
const tokens = {
  server: ['--token-secrets', `conformance:${secret}`, '--stun-urls', 'stun:stun.example.org', '--turn-urls', 'turn:turn.example.org', '--turn-secret', turnSecret],
  suite: ['--secret', secret, '--kid', 'conformance', '--turn-secret', turnSecret],
};
const modes = {
  open: { server: ['--dev'], suite: [] },
  tokens,
  shuffle: { server: tokens.server, suite: [...tokens.suite, '--shuffle', '1'] },
};

const [name, ...more] = process.argv.slice(2);
const mode = modes[name];
if (!mode) {
  console.error(`usage: node against.mjs ${Object.keys(modes).join('|')} [options]`);
  process.exit(2);
}
const port = await tcpPort();
const args = ['serve', '--listen', `127.0.0.1:${port}`, '--bind-ip', '127.0.0.1', '--udp-port', String(await udpPort()), '--shards', String(shards), '--log-level', 'warn', ...mode.server];
const { HELIOGRAPH_BINARY: _, ...environment } = process.env; // the server would warn of a variable that it does not know
const server = spawn(binary, args, { stdio: ['ignore', 'inherit', 'inherit'], env: environment });
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => (server.kill('SIGKILL'), process.exit(1)));
let died = false;
const ended = new Promise((done) => {
  server.once('exit', done);
  server.once('error', done);
}).then(() => (died = true));
await Promise.race([until('the server is ready', async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok).catch(() => {}), ended]);
if (died) process.exit(3);
const suite = spawn(process.execPath, [path.join(here, 'bin.mjs'), `ws://127.0.0.1:${port}/ws`, '--api', `http://127.0.0.1:${port}`, ...mode.suite, ...more], { stdio: 'inherit' });
const [code] = await once(suite, 'exit');
if (died) console.error('the server died during the run');
process.exitCode = died ? 3 : code ?? 1;
server.kill('SIGKILL');
