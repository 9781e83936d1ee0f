// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { clock as defaults } from './contract.mjs';

export const usage = `usage: heliograph-conformance ws://HOST:PORT/ws [options]

Runs the cases of the contract against a server and says pass or fail for each clause. Exit code 0: nothing failed;
1: something did; 2: it could not run.

  --only A,B…            clauses (B-22), cells (OFFER/4051/a2m, OFFER/4051/*), cases or parts of their names
  --list                 print the cases and stop
  --junit FILE           results as JUnit XML
  --json FILE            results as JSON
  --concurrency N        cases that work at a time (8); those that only wait do not count
  --timeout MS           for a case, its longest wait not counted (25000)
  --max-wait MS          leave out cases that wait longer than this for time to pass
  --slow                 also what takes minutes (KEEP_ALIVE)
  --quiet                print failures and the summary only

Tokens. Without a key the server must be in open development mode; cases that need tokens are not applicable then.
  --secret S  --kid K    HS256: the secret and the key's id
  --private-key FILE     RS256, ES256 or EdDSA, by the type of the key in that PEM file (--kid too, if the server asks)

  --api URL              where the REST interface is: http://HOST:PORT
  --publishers N         publishing users in a room (9)
  --burst N              messages at once before the rate limit (5000 in open mode, 500 with tokens); 0: there is none
  --connection-burst N   sockets at once from one address before 429 (1000); 0: there is no limit
  --turn-secret S        the secret of TURN credentials, if the server gives them out
  --clock JSON           times in ms that the server was configured with, where they differ from the contract's:
                         ${Object.keys(defaults).join(', ')}
  --insecure             accept any certificate (wss:)

A gateway in front: messages out of order and twice, in both directions (B-9).
  --shuffle SEED         the same seed, the same order
  --window N             how many messages may change places (4)
  --repeat P             how many of them come twice (0.2)
`;

const table = {
  only: { type: 'string', multiple: true }, list: { type: 'boolean' }, junit: { type: 'string' }, json: { type: 'string' },
  concurrency: { type: 'string' }, timeout: { type: 'string' }, 'max-wait': { type: 'string' }, slow: { type: 'boolean' }, quiet: { type: 'boolean' },
  secret: { type: 'string' }, kid: { type: 'string' }, 'private-key': { type: 'string' }, api: { type: 'string' }, publishers: { type: 'string' },
  burst: { type: 'string' }, 'connection-burst': { type: 'string' }, 'turn-secret': { type: 'string' }, clock: { type: 'string' }, insecure: { type: 'boolean' },
  shuffle: { type: 'string' }, window: { type: 'string' }, repeat: { type: 'string' }, help: { type: 'boolean', short: 'h' },
};

function number(values, name, otherwise) {
  if (values[name] === undefined) return otherwise;
  const value = Number(values[name]);
  if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} must be a number, not ${values[name]}`);
  return value;
}

function clockOf(text) {
  const given = JSON.parse(text ?? '{}');
  for (const [name, ms] of Object.entries(given)) {
    if (!(name in defaults)) throw new Error(`--clock has no ${name}; it has ${Object.keys(defaults).join(', ')}`);
    if (!(ms > 0)) throw new Error(`--clock: ${name} must be milliseconds`);
  }
  return { ...defaults, ...given };
}

/** @param {string[]} args */
export function read(args) {
  const { values, positionals } = parseArgs({ args, options: table, allowPositionals: true });
  if (values.help) return { help: true };
  if (positionals.length > 1) throw new Error(`one server, not ${positionals.join(' and ')}`);
  const [url] = positionals;
  if (!url && !values.list) throw new Error('which server? Give its address: ws://127.0.0.1:8080/ws');
  if (url && !/^wss?:\/\//.test(url)) throw new Error(`an address begins with ws:// or wss://, not ${url}`);
  if (values.secret && values['private-key']) throw new Error('either --secret or --private-key');
  const keys = Boolean(values.secret || values['private-key']);
  return {
    url,
    only: values.only?.flatMap((text) => text.split(',')).filter(Boolean),
    list: values.list, junit: values.junit, json: values.json, slow: values.slow, quiet: values.quiet, api: values.api?.replace(/\/$/, ''), insecure: values.insecure,
    secret: values.secret, kid: values.kid, privateKey: values['private-key'] && readFileSync(values['private-key'], 'utf8'), turnSecret: values['turn-secret'],
    concurrency: number(values, 'concurrency', 8),
    timeout: number(values, 'timeout', undefined),
    maxWait: number(values, 'max-wait', Infinity),
    publishers: number(values, 'publishers', 9),
    burst: number(values, 'burst', keys ? 500 : 5_000),
    connectionBurst: number(values, 'connection-burst', 1_000),
    clock: clockOf(values.clock),
    shuffle: values.shuffle === undefined ? undefined : { seed: values.shuffle, window: number(values, 'window', 4), repeat: number(values, 'repeat', 0.2) },
  };
}
