// SPDX-License-Identifier: Apache-2.0
// What is made from docs/reference: the client's types of the wire (client/wire.gen.ts) and the tables of its README.
// `node reference.mjs` writes both; a test holds them to what this would write.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from 'json-schema-to-typescript';

// The place of this file, or of the bundle that holds it for a test: both are run in web/.
export const directory = path.resolve('../docs/reference');
export const typesFile = path.resolve('client/wire.gen.ts');
export const readmeFile = path.join(directory, 'README.md');
const common = 'common.schema.json';

/** Every schema, by its path under schemas/, in order of the path. */
export async function readSchemas() {
  const root = path.join(directory, 'schemas');
  const found = await readdir(root, { recursive: true });
  const names = found.filter((name) => name.endsWith('.json')).sort();
  const texts = await Promise.all(names.map((name) => readFile(path.join(root, name), 'utf8')));
  return new Map(names.map((name, index) => [name.replaceAll(path.sep, '/'), JSON.parse(texts[index])]));
}

/** What the schemas say of each signal that a client sends: its action, rooms, codes, and whether it has a success ack. */
export function readSignals(schemas) {
  return schemas.get('client-message.schema.json').allOf.map((branch) => {
    const file = branch.then.properties.data.$ref.split('/').pop();
    const { title, properties } = schemas.get(`client/${file}`);
    return {
      name: properties.s.const,
      type: title,
      action: branch.if.properties.action.const,
      rooms: properties.ch?.enum ?? schemas.get(common).$defs.channel.enum,
      codes: schemas.get(`error/${file}`).properties.c.enum,
      ack: schemas.get(`ack/${file}`) ?? null,
      file,
    };
  });
}

export function readPushes(schemas) {
  return [...schemas].filter(([name]) => name.startsWith('push/')).map(([, schema]) => schema);
}

/** The constant name of each code, `b.msg` begins with it (B-5). */
export function readCodes(schemas) {
  const branches = schemas.get(common).$defs.errorAck.allOf.filter((branch) => branch.then);
  return branches.map((branch) => ({
    code: branch.if.properties.c.const,
    name: branch.then.properties.b.properties.msg.pattern.slice(1, -2),
  }));
}

export async function makeTypes(schemas) {
  const definitions = definitionsOf(schemas);
  const types = await compile({ $id: 'Wire', $defs: definitions }, 'Wire', {
    additionalProperties: false,
    bannerComment: '',
    format: true,
    style: { singleQuote: true, printWidth: 120 },
    unreachableDefinitions: true,
  });
  const body = types
    .replace(/export interface Wire \{[\s\S]*?\n\}\n/, '')
    .replace(/( \*\n)? \* This interface was referenced by `Wire`'s JSON-Schema\n \* via the `definition` "\w+"\.\n/g, '')
    .replace(/\/\*\*\n \*\/\n/g, '')
    .replace(/\/\*\*\n( *)\* ([^\n]*)\n *\*\//g, '/** $2 */');
  return `${header}${body.trim()}\n\n${makeTables(schemas)}`;
}

const header = `// SPDX-License-Identifier: Apache-2.0
// Made from docs/reference/schemas by \`npm run reference\`. Do not edit.

`;

function makeTables(schemas) {
  const signals = readSignals(schemas);
  const pushes = readPushes(schemas);
  const acked = signals.filter(({ ack }) => ack);
  const lines = (rows) => rows.map((row) => `  ${row}\n`).join('');
  return `/** Every signal that a client sends. */
export type Signal =
${signals.map(({ type }) => `  | ${type}`).join('\n')};

/** The \`action\` of the envelope \`{action, data}\` that carries each signal (B-1). */
export const actions = {
${lines(signals.map(({ name, action }) => `${name}: '${action}',`))}} as const;

/** The body of the success ack of each signal that has one; for the others silence is acceptance (B-7, B-57). */
export interface AckBodies {
${lines(acked.map(({ name, ack }) => `${name}: ${ack.properties.b.title};`))}}

/** The body of each push: what the server says unasked. */
export interface PushBodies {
${lines(pushes.map(({ properties }) => `${properties.s.const}: ${properties.b.title};`))}}

export const pushNames = [
${lines(pushes.map(({ properties }) => `'${properties.s.const}',`))}] as const;

/** The codes of acks. */
export const Code = {
  ok: 200,
${lines(readCodes(schemas).map(({ code, name }) => `${camel(name)}: ${code},`))}} as const;
`;
}

function camel(constant) {
  return constant.toLowerCase().replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
}

/** All schemas as the definitions of one, so that a type that many have in common is written once. */
function definitionsOf(schemas) {
  const definitions = {};
  for (const [key, schema] of Object.entries(schemas.get(common).$defs)) definitions[nameOf(key, schema)] = schema;
  for (const [file, schema] of schemas) if (file.includes('/')) definitions[schema.title] = schema;
  return plain(definitions, (reference) => {
    const [, key] = reference.split('#/$defs/');
    return `#/$defs/${nameOf(key, schemas.get(common).$defs[key])}`;
  });
}

function nameOf(key, { title }) {
  return title ?? key[0].toUpperCase() + key.slice(1);
}

/** Only what types can say: conditions, limits and examples are for validators. */
const beyondTypes = new Set(
  '$schema $id $comment if then else examples unevaluatedProperties dependentRequired pattern minItems'.split(' '),
);

function plain(value, rename) {
  if (Array.isArray(value)) return value.map((element) => plain(element, rename));
  if (typeof value !== 'object' || value === null) return value;
  if (value.$ref) return { $ref: rename(value.$ref), ...(value.description && { description: value.description }) };
  const { allOf = [], ...rest } = value;
  const kept = Object.entries(rest).filter(([key]) => !beyondTypes.has(key));
  const copy = Object.fromEntries(kept.map(([key, one]) => [key, plain(one, rename)]));
  // A signal is of its room's type whatever the type is called: that it exists there is checked when it runs.
  if (copy.properties?.s) delete copy.properties.ch;
  const bases = allOf.filter(({ $ref }) => $ref);
  if (bases.length > 0) copy.extends = plain(bases, rename);
  return saysNothing(copy) ? { ...copy, tsType: 'unknown' } : copy;
}

/** A schema that takes anything. */
function saysNothing(schema) {
  return Object.keys(schema).length === 1 && typeof schema.description === 'string';
}

const mark = (name) => [`<!-- ${name}: made by \`npm run reference\` in web/ -->`, `<!-- end of ${name} -->`];

/** The README with its tables made anew. */
export function makeReadme(schemas, readme) {
  const tables = { signals: signalTable(schemas), codes: codeTable(schemas), pushes: pushTable(schemas) };
  return Object.entries(tables).reduce((text, [name, table]) => {
    const [begin, end] = mark(name);
    const [before, rest] = text.split(begin);
    const after = rest?.split(end)[1];
    if (after === undefined) throw new Error(`the README of docs/reference has no place for the table of ${name}`);
    return `${before}${begin}\n${table}\n${end}${after}`;
  }, readme);
}

function signalTable(schemas) {
  const codes = readCodes(schemas).map(({ code }) => code);
  const rows = readSignals(schemas).map(({ name, action, rooms, codes: own, ack, file }) => {
    const cells = codes.map((code) => (own.includes(code) ? '●' : ''));
    const success = ack ? `[200](schemas/ack/${file})` : '–';
    return `| [${name}](schemas/client/${file}) | \`${action}\` | ${rooms.join(' ')} | ${success} | ${cells.join(' | ')} |`;
  });
  return [`| signal | action | rooms | success | ${codes.join(' | ')} |`, `|${' --- |'.repeat(codes.length + 4)}`, ...rows].join('\n');
}

function codeTable(schemas) {
  return ['| code | name |', '| --- | --- |', ...readCodes(schemas).map(({ code, name }) => `| ${code} | ${name} |`)].join('\n');
}

function pushTable(schemas) {
  const rows = [...schemas].filter(([file]) => file.startsWith('push/')).map(([file, { properties, description }]) => {
    return `| [${properties.s.const}](schemas/${file}) | ${description} |`;
  });
  return ['| push | |', '| --- | --- |', ...rows].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url) && path.basename(process.argv[1]) === 'reference.mjs') {
  const schemas = await readSchemas();
  await writeFile(typesFile, await makeTypes(schemas));
  await writeFile(readmeFile, makeReadme(schemas, await readFile(readmeFile, 'utf8')));
}
