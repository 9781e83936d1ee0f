#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// heliograph's signals on ws://127.0.0.1:PORT, in front of another server:
//
//   node adapter.mjs janus PORT ws://127.0.0.1:8188
//   node adapter.mjs mediasoup PORT WORKER
//
// Prints one line of JSON when it is ready. It listens on loopback only: nothing but bench/compare should use it.
import { serve } from './signals.mjs';

const [kind, port, where] = process.argv.slice(2);

const kRivals = {
  janus: async () => ({ rival: await (await import('./janus.mjs')).Janus.connect(where) }),
  mediasoup: async () => (await import('./mediasoup.mjs')).start(where),
};

if (!kRivals[kind] || !Number(port)) {
  console.error('adapter: janus or mediasoup, then a port, then the URL of Janus or the path of mediasoup-worker');
  process.exit(2);
}
try {
  const { rival, ...facts } = await kRivals[kind]();
  await serve(rival, Number(port));
  console.log(JSON.stringify({ ready: kind, ...facts }));
} catch (error) {
  console.error(`adapter: ${error.message}`);
  process.exit(1);
}
