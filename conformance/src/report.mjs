// SPDX-License-Identifier: Apache-2.0
// Results as lines for people, JUnit XML for CI, JSON for programs.
import { clauses as allClauses } from './contract.mjs';

/** XML 1.0 section 2.2 has characters that may not appear, not even escaped. */
export function escapeXml(text) {
  return String(text)
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll('\n', '&#10;');
}

const numberOf = (clause) => Number(/^B-(\d+)$/.exec(clause)?.[1] ?? Number.NaN);

export function compareClauses(a, b) {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (Number.isNaN(x) && Number.isNaN(y)) return a < b ? -1 : a > b ? 1 : 0;
  if (Number.isNaN(x)) return 1;
  if (Number.isNaN(y)) return -1;
  return x - y;
}

/** clause → {passed, failed, notApplicable, status}. A clause without a single case that ran is not applicable. */
export function byClause(results) {
  const table = new Map();
  for (const { clauses, status } of results) {
    for (const clause of clauses) {
      const row = table.get(clause) ?? { passed: 0, failed: 0, notApplicable: 0 };
      row[status === 'not applicable' ? 'notApplicable' : status]++;
      table.set(clause, row);
    }
  }
  for (const row of table.values()) row.status = row.failed ? 'failed' : row.passed ? 'passed' : 'not applicable';
  return new Map([...table].sort(([a], [b]) => compareClauses(a, b)));
}

export function summary(results) {
  const count = (wanted) => results.filter(({ status }) => status === wanted).length;
  return { cases: results.length, passed: count('passed'), failed: count('failed'), notApplicable: count('not applicable') };
}

export function junit(results, { url, ms }) {
  const { cases, failed, notApplicable } = summary(results);
  const body = results.map(({ file, title, clauses, status, ms: took, error, reason }) => {
    const head = `    <testcase classname="${escapeXml(file)}" name="${escapeXml(`${title} [${clauses.join(' ')}]`)}" time="${(took / 1_000).toFixed(3)}"`;
    if (status === 'passed') return `${head}/>`;
    if (status === 'failed') return `${head}><failure message="${escapeXml(error.message)}">${escapeXml(error.stack ?? error.message)}</failure></testcase>`;
    return `${head}><skipped message="${escapeXml(`not applicable: ${reason}`)}"/></testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="heliograph-conformance" hostname="${escapeXml(new URL(url).host)}" tests="${cases}" failures="${failed}" errors="0" skipped="${notApplicable}" time="${(ms / 1_000).toFixed(3)}">`,
    ...body,
    '  </testsuite>',
    '</testsuites>', '',
  ].join('\n');
}

export function json(results, { url, ms }) {
  return `${JSON.stringify({
    server: url,
    ms: Math.round(ms),
    summary: summary(results),
    clauses: Object.fromEntries(byClause(results)),
    cases: results.map(({ id, title, clauses, status, ms: took, error, reason, trace }) => ({
      id, title, clauses, status, ms: Math.round(took), ...(error ? { error: error.message, trace } : {}), ...(reason ? { reason } : {}),
    })),
  }, null, 2)}\n`;
}

const signs = { passed: 'ok  ', failed: 'FAIL', 'not applicable': 'n/a ' };

export function line({ status, title, file, clauses, ms, error, reason }) {
  const cells = clauses.length > 6 ? [...clauses.slice(0, 6), `and ${clauses.length - 6} more`] : clauses;
  const head = `${signs[status]} ${file}: ${title} [${cells.join(' ')}] ${Math.round(ms)} ms`;
  if (error) return `${head}\n       ${(error.stack && !/^(Failure|Error)/.test(error.stack) ? error.stack : error.message).replaceAll('\n', '\n       ')}`;
  return reason ? `${head}\n       ${reason}` : head;
}

/** The table at the end: clauses in rows of passes, then what failed, then what could not be asked. */
export function closing(results, { ms, complete }) {
  const table = byClause(results);
  const of = (wanted) => [...table].filter(([, { status }]) => status === wanted).map(([clause]) => clause);
  const { cases, passed, failed, notApplicable } = summary(results);
  const wrap = (words) => words.join(' ').replaceAll(/(.{1,110})( |$)/g, '  $1\n').trimEnd();
  const lines = [''];
  for (const [clause, { status, passed: good, failed: bad, notApplicable: none }] of table) {
    if (/^B-\d+$/.test(clause)) lines.push(`${signs[status]} ${clause.padEnd(5)} ${good} passed${bad ? `, ${bad} FAILED` : ''}${none ? `, ${none} not applicable` : ''}`);
  }
  const cells = [...table].filter(([clause]) => clause.includes('/'));
  const cell = (wanted) => cells.filter(([, { status }]) => status === wanted).length;
  lines.push('', `cells (signal/code/room type): ${cell('passed')} passed, ${cell('failed')} failed, ${cell('not applicable')} not applicable`);
  const unasked = complete ? allClauses.filter((clause) => !table.has(clause)) : [];
  if (unasked.length) lines.push('no case for:', wrap(unasked));
  if (of('failed').length) lines.push('failed:', wrap(of('failed')));
  if (of('not applicable').length) lines.push('not applicable, so nothing is known about:', wrap(of('not applicable')));
  lines.push('', `${cases} cases in ${(ms / 1_000).toFixed(1)} s: ${passed} passed, ${failed} failed, ${notApplicable} NOT APPLICABLE`);
  if (notApplicable) {
    const reasons = new Map();
    for (const { status, reason } of results) if (status === 'not applicable') reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    for (const [reason, count] of reasons) lines.push(`  ${count} × ${reason}`);
  }
  return lines.join('\n');
}
