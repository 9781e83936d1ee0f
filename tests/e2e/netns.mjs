// SPDX-License-Identifier: Apache-2.0
// Imported first by every test file: runs the file again inside a network of its own (in-netns.sh), or, where that
// cannot be made, reports one skipped test that says why.
import { spawn, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Where server and browsers meet. */
export const address = '10.99.0.1';

const launcher = fileURLToPath(new URL('in-netns.sh', import.meta.url));
const inside = process.env['HELIOGRAPH_E2E_NETWORK'] === '1';

/** Why there is no such network here; null where there is. */
function obstacle() {
  const { status, stderr, error } = spawnSync(launcher, ['true'], { encoding: 'utf8' });
  return status === 0 ? null : (error?.message ?? stderr.trim());
}

function runInside() {
  const child = spawn(launcher, [process.execPath, process.argv[1]], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill('SIGKILL'));
  return new Promise((done) => child.on('exit', (code) => done(code ?? 1)));
}

if (!inside) {
  const why = obstacle();
  if (why === null) process.exit(await runInside());
  console.error(`SKIPPED ${process.argv[1]}: ${why}`);
  test('everything in this file', { skip: why }, () => {});
}

/** For `describe` and `test`: skips what cannot run outside. */
export const options = { skip: inside ? false : 'no network of its own' };
