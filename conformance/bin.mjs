#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { usage, read } from './src/options.mjs';
import { load, select } from './src/registry.mjs';
import { closing, json, junit, line, summary } from './src/report.mjs';
import { run, waitOf } from './src/runner.mjs';
import { suite } from './src/suite.mjs';

function chosen(options, cases) {
  return select(cases, options.only)
    .filter(({ slow }) => options.slow || !slow)
    .filter((one) => waitOf(options, one) <= options.maxWait);
}

async function main() {
  const options = read(process.argv.slice(2));
  if (options.help) return void process.stdout.write(usage);
  const cases = chosen(options, await load());
  if (options.list) return void process.stdout.write(cases.map(({ id, clauses }) => `${id}  ${clauses.join(' ')}\n`).join(''));
  if (cases.length === 0) throw new Error('no case is called that');
  const ours = await suite(options);
  const started = performance.now();
  const results = await run(ours, cases, (result) => {
    if (!options.quiet || result.status === 'failed') console.log(line(result));
  });
  const about = { url: options.url, ms: performance.now() - started, complete: !options.only && options.maxWait === Infinity };
  console.log(closing(results, about));
  if (options.junit) writeFileSync(options.junit, junit(results, about));
  if (options.json) writeFileSync(options.json, json(results, about));
  process.exitCode = summary(results).failed ? 1 : 0;
}

// A fault of the suite itself is never a failed case.
main().then(() => process.exit(), (error) => {
  console.error(`heliograph-conformance: ${error.message}`);
  process.exit(2);
});
