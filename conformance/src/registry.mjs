// SPDX-License-Identifier: Apache-2.0
// The table of cases. Files in cases/ fill it when they are loaded.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL, fileURLToPath } from 'node:url';

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'cases');
/** @type {Case[]} */
const table = [];
let file = '';

/**
 * @typedef {object} Case
 * @property {string} id file and title as one word
 * @property {string} title what a conforming server does
 * @property {string[]} clauses B-n, or signal/code/room type
 * @property {(t: import('./trial.mjs').Trial) => Promise<void>} run
 * @property {string} [exact] why messages may not be shuffled or repeated for it
 * @property {number | string} [waits] how long it waits at most, or for which of the contract's times: long ones start first
 * @property {boolean} [alone] it would disturb others: it runs when they are done
 * @property {boolean} [slow] only with --slow
 * @property {('tokens'|'open'|'api'|'adminTokens')[]} [needs] else it is not applicable
 */

/** @param {string} title @param {string[]} clauses @param {Case['run']} run @param {Partial<Case>} traits */
export function check(title, clauses, run, traits = {}) {
  const word = `${file}/${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')}`;
  const namesakes = table.filter((other) => other.word === word).length; // titles may differ in what is no letter
  const id = namesakes ? `${word}-${namesakes + 1}` : word;
  table.push({ id, word, file, title, clauses, run, ...traits });
}

/** Loads every file once. */
export async function load() {
  if (table.length > 0) return table;
  for (const name of (await readdir(folder)).filter((entry) => entry.endsWith('.mjs')).sort()) {
    file = path.basename(name, '.mjs');
    await import(pathToFileURL(path.join(folder, name)).href);
  }
  return table;
}

/** `only`: clauses, cells, ids or parts of ids. A cell may have * for a part: OFFER/4051/*. */
export function select(cases, only) {
  if (!only?.length) return cases;
  const patterns = only.map((text) => new RegExp(`^${text.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')}$`));
  const wanted = (name) => patterns.some((pattern) => pattern.test(name));
  return cases.filter(({ id, clauses }) => wanted(id) || clauses.some(wanted) || only.some((text) => !/^B-\d+$/.test(text) && id.includes(text)));
}
