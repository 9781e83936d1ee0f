// SPDX-License-Identifier: Apache-2.0
// Holds docs/reference to itself: every schema compiles, every example is valid, every reference leads somewhere, and
// what is made from it is what it would be if it were made now.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import * as reference from '../reference.mjs';

interface Schema {
  $id: string;
  $defs?: Record<string, Schema>;
  examples?: Json[];
}
type Json = Record<string, unknown>;

const schemas = (await reference.readSchemas()) as Map<string, Schema>;
const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
for (const schema of schemas.values()) ajv.addSchema(schema);
const at = (file: string) => {
  const validate = ajv.getSchema(schemas.get(file)?.$id ?? '');
  if (!validate) throw new Error(`no schema ${file}`);
  return validate;
};
const isClient = at('client-message.schema.json');
const isServer = at('server-message.schema.json');
const signals = reference.readSignals(schemas);
const example = (file: string) => structuredClone(schemas.get(file)?.examples?.[0] ?? {});

test('every schema compiles in strict mode, has its path in its $id, and examples that are valid', () => {
  for (const [file, schema] of schemas) {
    assert.equal(schema.$id, `https://heliograph.dev/schemas/${file}`);
    const validate = at(file);
    if (!file.startsWith('common')) assert.ok(schema.examples?.length, `${file} has no examples`);
    for (const one of schema.examples ?? []) assert.ok(validate(one), `${file}: ${ajv.errorsText(validate.errors)}`);
  }
});

test('what a single schema takes its message takes too', () => {
  for (const { action, file } of signals) {
    for (const data of schemas.get(`client/${file}`)?.examples ?? []) assert.ok(isClient({ action, data }), ajv.errorsText(isClient.errors));
  }
  const said = [...schemas].filter(([file]) => /^(ack|error|push)\//.test(file));
  for (const [file, { examples = [] }] of said) for (const one of examples) assert.ok(isServer(one), `${file}: ${ajv.errorsText(isServer.errors)}`);
});

test('there are 16 signals, and each has an error schema with an example of each of its codes', () => {
  assert.equal(signals.length, 16);
  for (const { name, codes, file } of signals) {
    const shown = schemas.get(`error/${file}`)?.examples?.map(({ c }) => c);
    assert.deepEqual(shown, codes, name);
  }
});

test('an action and a signal that disagree are no message', () => {
  for (const { file, name } of signals) {
    const data = example(`client/${file}`);
    for (const other of signals) assert.equal(isClient({ action: other.action, data }), other.name === name); // B-4
  }
});

test('a signal without one of its fields, or with one of the wrong type, is none', () => {
  for (const { action, file, name } of signals) {
    const data = example(`client/${file}`);
    for (const field of ['s', 'ch', 'ss', 'rid']) {
      const { [field]: _, ...rest } = data;
      assert.ok(!isClient({ action, data: rest }), `${name} without ${field}`);
      assert.ok(!isClient({ action, data: { ...data, [field]: 7 } }), `${name} with a number as ${field}`);
    }
    assert.ok(!isClient({ action, data: { ...data, rid: 'x'.repeat(257) } })); // B-11
    assert.ok(!isClient({ action, data: { ...data, tid: {} } })); // B-8
    assert.ok(isClient({ action, data: { ...data, more: [1] } }), `${name} with a field that nobody knows`);
  }
});

test('`to` has the forms that the type of the room takes', () => {
  const takes = (file: string, action: string, changes: Json) => isClient({ action, data: { ...example(`client/${file}`), ...changes } });
  const session = { userId: 'bob', sessionId: 'b' };
  assert.ok(takes('offer.schema.json', 'offer', { ch: 'm2m', to: 7 })); // B-20
  assert.ok(!takes('offer.schema.json', 'offer', { ch: 'p2p', to: 7 }));
  assert.ok(takes('offer.schema.json', 'offer', { ch: 'p2p', to: null })); // B-51
  assert.ok(takes('answer.schema.json', 'answer', { ch: 'p2p', to: 'bob' }));
  assert.ok(!takes('answer.schema.json', 'answer', { ch: 'm2m', to: 'bob' })); // B-40
  assert.ok(!takes('watch.schema.json', 'watch', { to: 'bob' })); // B-30
  assert.ok(!takes('watch.schema.json', 'watch', { ch: 'p2p', to: session }));
  assert.ok(takes('watch.schema.json', 'watch', { to: { userId: 'bob' } }));
  assert.ok(!takes('unwatch.schema.json', 'unwatch', { to: 'bob' }));
  assert.ok(takes('kick.schema.json', 'kick', { to: session }) && takes('kick.schema.json', 'kick', { to: 'bob' }));
  assert.ok(!takes('simulcast-update.schema.json', 'simulcastUpdate', { layer: 'x' }));
});

test('UPDATE says at least one of the two', () => {
  const { ve: _, ...neither } = example('client/update.schema.json'); // B-51
  assert.ok(!isClient({ action: 'updateVideo', data: neither }));
  assert.ok(isClient({ action: 'updateVideo', data: { ...neither, ae: true } }));
});

test('the server may not say more, less or otherwise than the contract', () => {
  const push = example('push/kicked.schema.json');
  const body = push['b'] as Json;
  assert.ok(!isServer({ ...push, more: 1 }));
  assert.ok(!isServer({ ...push, b: { ...body, more: 1 } }));
  assert.ok(!isServer({ ...push, b: { rid: 'tea', sessionId: 'bob-1' } }));
  assert.ok(!isServer({ ...push, c: 201 })); // B-57
  const unwatched = example('ack/unwatch.schema.json');
  assert.ok(!isServer({ ...unwatched, b: { rid: 'tea', to: { userId: 'bob', more: 1 } } }));
  assert.ok(!isServer({ c: 200, s: 'ANSWER', b: { rid: 'tea' } })); // B-7
  assert.ok(!isServer({ c: 200, s: 'NEWS', b: {} }));
});

test('a code outside a signal’s set, or with another code’s name, is no refusal', () => {
  const codes = reference.readCodes(schemas).map(({ code }) => code);
  for (const { file, codes: own, name } of signals) {
    for (const code of codes) {
      const shown = { ...(schemas.get(`error/${file}`)?.examples?.[0] ?? {}), c: code };
      const msg = `${reference.readCodes(schemas).find((one) => one.code === code)?.name}: so it is`;
      const { retryAfter: _, ...body }: Json = { ...((shown as Json)['b'] as Json), msg };
      assert.equal(isServer({ ...shown, b: body }), own.includes(code), `${name} with ${code}`); // B-6
      assert.ok(!isServer({ ...shown, b: { ...body, msg: 'SOMETHING_ELSE: so it is' } })); // B-5
    }
  }
});

test('retryAfter stands with 500 only', () => {
  const [failed, invalid] = schemas.get('error/watch.schema.json')?.examples ?? []; // B-32
  assert.ok(isServer(failed));
  assert.ok(!isServer({ ...invalid, b: { ...(invalid?.['b'] as Json), retryAfter: 5 } }));
});

test('a bare signal is forwarded in the rooms where it is', () => {
  const bare = (file: string, ch: string) => isServer({ ...example(`client/${file}`), ch });
  assert.ok(bare('ice.schema.json', 'p2p') && !bare('ice.schema.json', 'm2m')); // B-1
  assert.ok(bare('publish-request.schema.json', 'a2m') && !bare('publish-request.schema.json', 'p2p')); // B-57
  assert.ok(!bare('watch.schema.json', 'm2m'));
});

for (const name of ['asyncapi.yaml', 'openapi.yaml']) {
  test(`every reference in ${name} leads somewhere`, async () => {
    const document = await load(name);
    const references = referencesIn(document);
    assert.ok(references.length > 20);
    for (const one of references) {
      const [file = '', pointer = ''] = one.split('#');
      const target = file ? schemas.get(file.replace(/^schemas\//, '')) : document;
      assert.ok(target && follow(target, pointer) !== undefined, `${name}: ${one}`);
    }
  });
}

test('the AsyncAPI document has every signal, ack, refusal and push, and each is in a channel', async () => {
  const document = (await load('asyncapi.yaml')) as { components: { messages: Json }; channels: { signals: { messages: Json } } };
  const payloads = new Set(referencesIn(document.components.messages).filter((one) => one.startsWith('schemas/')));
  const parts = [...schemas.keys()].filter((file) => file.includes('/'));
  assert.deepEqual([...payloads].sort(), parts.map((file) => `schemas/${file}`).sort());
  assert.deepEqual(Object.keys(document.channels.signals.messages).sort(), Object.keys(document.components.messages).sort());
});

test('the OpenAPI document is valid, and so are its examples', async () => {
  const document = inline(await load('openapi.yaml')) as { components: { schemas: Record<string, Schema> } };
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  assert.ok(valid, JSON.stringify(errors));
  const $defs = JSON.parse(JSON.stringify(document.components.schemas).replaceAll('#/components/schemas/', '#/$defs/')) as Record<string, Schema>;
  const rest = new Ajv2020({ strict: true, allowUnionTypes: true }).addSchema({ $id: 'rest', $defs });
  for (const [name, { examples = [] }] of Object.entries($defs)) {
    const validate = rest.compile({ $ref: `rest#/$defs/${name}` });
    for (const one of examples) assert.ok(validate(one), `${name}: ${rest.errorsText(validate.errors)}`);
  }
});

test('the client’s types are what the schemas make; otherwise run `npm run reference`', async () => {
  assert.equal(await readFile(reference.typesFile, 'utf8'), await reference.makeTypes(schemas));
});

test('the README’s tables are what the schemas make; otherwise run `npm run reference`', async () => {
  const readme = await readFile(reference.readmeFile, 'utf8');
  assert.equal(readme, reference.makeReadme(schemas, readme));
});

async function load(name: string): Promise<unknown> {
  return parse(await readFile(path.join(reference.directory, name), 'utf8'));
}

function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => (key === '$ref' && typeof one === 'string' ? [one] : referencesIn(one)));
}

/** RFC 6901. */
function follow(document: unknown, pointer: string): unknown {
  const steps = pointer.split('/').slice(1).map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return steps.reduce<unknown>((value, step) => (value as Json | undefined)?.[step], document);
}

/** A document with what it takes from the schemas put in its place. */
function inline(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inline);
  if (typeof value !== 'object' || value === null) return value;
  const { $ref } = value as { $ref?: unknown };
  const [file = '', pointer = ''] = typeof $ref === 'string' ? $ref.split('#') : [];
  if (file) return follow(schemas.get(file.replace(/^schemas\//, '')), pointer);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inline(one)]));
}
