// SPDX-License-Identifier: Apache-2.0
// nginx with the file of packaging/ in front of the server, with a certificate of its own.
import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { address } from './netns.mjs';
import { outDirectory } from './server.mjs';
import { until } from './until.mjs';

const packaged = fileURLToPath(new URL('../../packaging/nginx.conf', import.meta.url));

/** A running nginx on port 443. */
export class Nginx {
  url = `https://${address}/`;

  /** Resolves when it serves. */
  static async start() {
    const nginx = new Nginx();
    const died = nginx.exited.then((how) => Promise.reject(new Error(`nginx ended: ${how}`)));
    died.catch(() => {});
    await Promise.race([until('nginx is ready', () => nginx.redirects()), died]);
    return nginx;
  }

  constructor() {
    this.folder = mkdtempSync(path.join(tmpdir(), 'heliograph-nginx-'));
    makeCertificate(this.folder);
    writeFileSync(path.join(this.folder, 'heliograph.conf'), substituted(this.folder));
    writeFileSync(path.join(this.folder, 'nginx.conf'), surroundings(this.folder));
    mkdirSync(outDirectory, { recursive: true });
    const options = ['-p', this.folder, '-c', path.join(this.folder, 'nginx.conf'), '-e', 'stderr'];
    this.process = spawn(existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx', options, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.process.stderr.pipe(createWriteStream(path.join(outDirectory, 'nginx.log'), { flags: 'a' }));
    this.exited = new Promise((done) => {
      this.process.on('error', (error) => done(error.message));
      this.process.on('exit', (code, signal) => done(`${code ?? signal}, see nginx.log`));
    });
  }

  /** Port 80 leads to TLS. */
  async redirects() {
    const { status, headers } = await fetch(`http://${address}/`, { redirect: 'manual' });
    return status === 301 && headers.get('location').startsWith('https://');
  }

  async end() {
    this.process.kill('SIGKILL');
    await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function makeCertificate(folder) {
  const options = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=e2e', '-addext', `subjectAltName=IP:${address}`];
  const files = ['-keyout', path.join(folder, 'privkey.pem'), '-out', path.join(folder, 'fullchain.pem')];
  const { status, stderr, error } = spawnSync('openssl', ['req', '-x509', ...options, ...files], { encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(stderr);
}

/** The packaged file with a test's names in it; each must be there to be replaced. */
function substituted(folder) {
  const names = {
    'server 127.0.0.1:8080;': `server ${address}:8080;`,
    '/var/cache/nginx/heliograph': path.join(folder, 'cache'),
    '/etc/letsencrypt/live/video.example.org': folder,
    'server_name video.example.org;': `server_name ${address};`,
  };
  let text = readFileSync(packaged, 'utf8');
  for (const [name, instead] of Object.entries(names)) {
    if (!text.includes(name)) throw new Error(`packaging/nginx.conf has no ${name}`);
    text = text.replaceAll(name, instead);
  }
  return existsSync('/proc/net/if_inet6') ? text : text.replaceAll(/^ *listen \[::\].*$/gm, '');
}

/** What Debian's nginx.conf has around a file of conf.d; one process, whose files are all in the folder. */
function surroundings(folder) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 1000; }
http {
  access_log off;
  ${temporary.join('\n  ')}
  include ${folder}/heliograph.conf;
}
`;
}
