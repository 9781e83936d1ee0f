// SPDX-License-Identifier: Apache-2.0
import { lookup } from 'node:dns/promises';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { minter } from './jwt.mjs';
import { Schemas } from './schemas.mjs';

/** A server that is not there is no server that fails. */
function reach(host, port) {
  return new Promise((done, failed) => {
    const socket = net.connect({ host, port }, () => {
      socket.destroy();
      done();
    });
    socket.once('error', (error) => failed(new Error(`nobody is at ${host}:${port} (${error.code})`)));
  });
}

/** What all cases of a run share: the server's address, its times, the keys, the schemas. */
export async function suite(options) {
  const url = new URL(options.url);
  const { address } = await lookup(url.hostname.replace(/^\[|\]$/g, ''), { family: 0 });
  await reach(address, Number(url.port || (url.protocol === 'wss:' ? 443 : 80)));
  return {
    options,
    url: options.url,
    host: address,
    run: randomBytes(3).toString('hex'),
    clock: options.clock,
    shuffle: options.shuffle,
    mint: minter(options),
    schemas: new Schemas(),
    shared: new Map(),
  };
}
