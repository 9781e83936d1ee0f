// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { address } from './netns.mjs';
import { until } from './until.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
export const binary = path.resolve(process.env['HELIOGRAPH_BINARY'] ?? path.join(here, '../../build/release/heliograph'));
/** What a test leaves to be looked at: logs and pictures, in a folder for each test file. */
export const outDirectory = path.join(here, 'out', path.basename(process.argv[1] ?? 'run', '.test.mjs'));

/** A running `heliograph serve`. */
export class Server {
  url = `http://${address}:8080/`;
  wsUrl = `ws://${address}:8080/ws`;

  /** `dev`: nobody is asked for a token. */
  constructor(extra = [], { dev = true } = {}) {
    mkdirSync(outDirectory, { recursive: true });
    const flags = ['serve', ...(dev ? ['--dev'] : []), '--listen', `${address}:8080`, '--log-level', 'debug', ...extra];
    this.process = spawn(binary, flags, { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(path.join(outDirectory, 'server.log'), { flags: 'a' });
    for (const stream of [this.process.stdout, this.process.stderr]) stream.pipe(log, { end: false });
    this.exited = new Promise((done, failed) => {
      this.process.on('exit', (code, signal) => done({ code, signal }));
      this.process.on('error', failed);
    });
  }

  /** Resolves when it serves. */
  static async start(extra, how) {
    const server = new Server(extra, how);
    const died = server.exited.then((how) => Promise.reject(new Error(`the server ended: ${JSON.stringify(how)}`)));
    died.catch(() => {});
    await Promise.race([until('the server is ready', () => server.isReady()), died]);
    return server;
  }

  async isReady() {
    return (await fetch(`${this.url}readyz`)).ok;
  }

  /** All samples of one metric: the labels' text → value. */
  async metric(name) {
    const text = await (await fetch(`${this.url}metrics`)).text();
    const samples = [...text.matchAll(new RegExp(`^${name}(\\{[^}]*\\})? (\\S+)$`, 'gm'))];
    return new Map(samples.map(([, labels, value]) => [labels ?? '', Number(value)]));
  }

  /** The sum over its labels. */
  async total(name) {
    return [...(await this.metric(name)).values()].reduce((sum, value) => sum + value, 0);
  }

  /** SIGTERM; resolves with `{code, signal}`. */
  stop() {
    this.process.kill('SIGTERM');
    return this.exited;
  }

  /** At a test's end: no waiting for the grace period. */
  end() {
    this.process.kill('SIGKILL');
    return this.exited;
  }
}
