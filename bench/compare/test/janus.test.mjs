// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcome } from '../janus.mjs';

test('an ack is no outcome: the event after it is', () => {
  assert.equal(outcome({ janus: 'ack' }), undefined);
  const event = { janus: 'event', plugindata: { data: { videoroom: 'attached' } }, jsep: { sdp: 'x' } };
  assert.equal(outcome(event), event);
});

test("Janus's errors and its plugin's are thrown alike, with their numbers", () => {
  assert.throws(() => outcome({ janus: 'error', error: { code: 458, reason: 'no session' } }), { code: 458 });
  const refused = { janus: 'event', plugindata: { data: { error_code: 428, error: 'no such feed' } } };
  assert.throws(() => outcome(refused), { code: 428 });
});
