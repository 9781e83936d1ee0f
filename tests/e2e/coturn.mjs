// SPDX-License-Identifier: Apache-2.0
// coturn, a TURN server (RFC 8656), with the REST scheme of credentials: expiry:userId and its HMAC-SHA1.
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createWriteStream, mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { address } from './netns.mjs';
import { outDirectory } from './server.mjs';
import { until } from './until.mjs';

const port = 3478;

export class Coturn {
  secret = 'a secret that server and coturn share';
  urls = [`turn:${address}:${port}?transport=udp`, `turn:${address}:${port}?transport=tcp`];
  /** Where relayed datagrams come from. */
  relayPorts = { min: 52_000, max: 52_100 };

  constructor() {
    mkdirSync(outDirectory, { recursive: true });
    const { min, max } = this.relayPorts;
    const flags = ['-n', '--use-auth-secret', `--static-auth-secret=${this.secret}`, '--realm=heliograph.test',
      `--listening-ip=${address}`, `--listening-port=${port}`, `--relay-ip=${address}`, `--min-port=${min}`, `--max-port=${max}`,
      '--no-tls', '--no-dtls', '--no-cli', '--no-software-attribute', '--log-file=stdout', '--simple-log',
      `--pidfile=${path.join(outDirectory, 'coturn.pid')}`, `--userdb=${path.join(outDirectory, 'coturn.db')}`];
    this.process = spawn('turnserver', flags, { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(path.join(outDirectory, 'coturn.log'), { flags: 'a' });
    for (const stream of [this.process.stdout, this.process.stderr]) stream.pipe(log, { end: false });
    this.exited = new Promise((done) => this.process.on('exit', done).on('error', done));
  }

  static async start() {
    const coturn = new Coturn();
    const died = coturn.exited.then((how) => Promise.reject(new Error(`coturn ended: ${how}`)));
    died.catch(() => {});
    await Promise.race([until('coturn takes connections', takesConnections), died]);
    return coturn;
  }

  /** Credentials as the server makes them, good until `expiry` (seconds since 1970). */
  credentials(userId, expiry) {
    const username = `${expiry}:${userId}`;
    return { username, credential: createHmac('sha1', this.secret).update(username).digest('base64') };
  }

  end() {
    this.process.kill('SIGKILL');
    return this.exited;
  }
}

function takesConnections() {
  return new Promise((done, failed) => {
    const socket = connect(port, address, () => {
      socket.destroy();
      done(true);
    }).on('error', failed);
  });
}
