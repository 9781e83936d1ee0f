#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Checks a low-latency HLS stream: node check.mjs URL [SECONDS]. Exit 1 when a rule was broken.
import { Checker } from './checker.mjs';

const [url, seconds = '60'] = process.argv.slice(2);
if (!url) {
  console.error('usage: check.mjs URL [SECONDS]');
  process.exit(2);
}
const checker = new Checker(url, { log: console.log });
const timer = setTimeout(() => checker.stop(), Number(seconds) * 1000);
try {
  await checker.run();
} catch (error) {
  console.error(`check.mjs: ${url} cannot be followed: ${error.cause?.message ?? error.message}`);
  process.exit(1);
}
clearTimeout(timer);
console.log(checker.summary());
process.exitCode = checker.violations.length > 0 ? 1 : 0;
