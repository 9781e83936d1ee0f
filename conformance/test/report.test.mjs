// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byClause, closing, compareClauses, escapeXml, json, junit, summary } from '../src/report.mjs';

const results = [
  { id: 'a/1', file: 'a', title: 'one & "two" <three>', clauses: ['B-10', 'B-9'], status: 'passed', ms: 12 },
  { id: 'a/2', file: 'a', title: 'two', clauses: ['B-9', 'OFFER/4051/m2m'], status: 'failed', ms: 3, error: new Error('B-9: expected ]]> \u0000\u001b & "x"\nnext'), trace: [] },
  { id: 'b/3', file: 'b', title: 'three', clauses: ['B-2'], status: 'not applicable', reason: 'tokens: no <key>', ms: 0 },
];
const about = { url: 'ws://127.0.0.1:1/ws', ms: 20, complete: true };

test('XML: what may not stand in it is replaced, what means something is escaped', () => {
  assert.equal(escapeXml('a<b>&"c"\n'), 'a&lt;b&gt;&amp;&quot;c&quot;&#10;');
  assert.equal(escapeXml('\u0000\u001b\ufffe\ud800'), '\ufffd\ufffd\ufffd\ufffd');
  assert.equal(escapeXml('é 😀\t'), 'é 😀\t');
});

test('JUnit has a case for each result, and counts them', () => {
  const xml = junit(results, about);
  assert.match(xml, /tests="3" failures="1" errors="0" skipped="1"/);
  assert.match(xml, /<testcase classname="a" name="one &amp; &quot;two&quot; &lt;three&gt; \[B-10 B-9\]" time="0\.012"\/>/);
  assert.match(xml, /<failure message="B-9: expected \]\]&gt; \ufffd\ufffd &amp; &quot;x&quot;&#10;next">/);
  assert.match(xml, /<skipped message="not applicable: tokens: no &lt;key&gt;"\/>/);
  assert.equal(xml.split('<testcase').length, xml.split(/<\/testcase>|<testcase[^>]*\/>/).length);
});

test('a clause failed when one of its cases did; it is not applicable when none ran', () => {
  const table = byClause(results);
  assert.deepEqual([...table.keys()], ['B-2', 'B-9', 'B-10', 'OFFER/4051/m2m']);
  assert.deepEqual([...table.values()].map(({ status }) => status), ['not applicable', 'failed', 'passed', 'failed']);
});

test('clauses come by number, cells after them', () => {
  assert.deepEqual(['KICK/500/m2m', 'B-10', 'B-9', 'ANSWER/500/m2m'].sort(compareClauses), ['B-9', 'B-10', 'ANSWER/500/m2m', 'KICK/500/m2m']);
});

test('the summary counts loudly what could not be asked', () => {
  assert.deepEqual(summary(results), { cases: 3, passed: 1, failed: 1, notApplicable: 1 });
  const text = closing(results, about);
  assert.match(text, /1 passed, 1 failed, 1 NOT APPLICABLE/);
  assert.match(text, /no case for:\n.*B-1 B-3/);
  assert.match(text, /1 × tokens: no <key>/);
});

test('JSON has what a program needs', () => {
  const read = JSON.parse(json(results, about));
  assert.deepEqual(read.summary, summary(results));
  assert.equal(read.cases[1].error.startsWith('B-9'), true);
  assert.equal(read.clauses['B-9'].status, 'failed');
});
