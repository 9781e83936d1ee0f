// SPDX-License-Identifier: Apache-2.0
// `node build.mjs page` bundles dist/, which the server embeds; `node build.mjs tests` bundles .tests/ for node's runner.
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { build } from 'esbuild';

const shared = { bundle: true, format: 'esm', charset: 'utf8', logLevel: 'warning' };

async function page() {
  await rm('dist', { recursive: true, force: true });
  await mkdir('dist');
  const browser = { ...shared, platform: 'browser', target: ['es2022'], minify: true, legalComments: 'none' };
  // hls.js is a file of its own, which page and player fetch when they need it.
  const scripts = { app: 'page/main.ts', client: 'client/index.ts', 'player/player': 'player/main.ts', 'player/hls': 'player/hls.ts' };
  await build({ ...browser, entryPoints: scripts, outdir: 'dist' });
  await build({ ...browser, entryPoints: { style: 'page/style.css', 'player/player': 'player/style.css' }, outdir: 'dist' });
  await cp('page/index.html', 'dist/index.html');
  await cp('player/index.html', 'dist/player/index.html');
}

async function tests() {
  await rm('.tests', { recursive: true, force: true });
  const names = (await readdir('test')).filter((name) => name.endsWith('.test.ts'));
  await build({
    ...shared,
    platform: 'node',
    packages: 'external',
    target: ['node18'],
    sourcemap: 'inline',
    outExtension: { '.js': '.mjs' },
    entryPoints: names.map((name) => `test/${name}`),
    outdir: '.tests',
  });
}

const targets = { page, tests };
const target = targets[process.argv[2] ?? ''];
if (!target) {
  console.error(`usage: node build.mjs ${Object.keys(targets).join('|')}`);
  process.exit(2);
}
await target();
