// SPDX-License-Identifier: Apache-2.0
// Everything that is sent and received is held to the published schemas (JSON Schema 2020-12).
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { pushes, signals } from './contract.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
/** In the project's tree, else what was packed with this package. */
export const reference = [path.join(here, '../../docs/reference'), path.join(here, '../schemas')].find((folder) => existsSync(path.join(folder, 'openapi.yaml')));

// What it stands beside, so that its references to the schemas resolve.
const openapiId = 'https://heliograph.dev/openapi.yaml';
const kebab = (name) => name.toLowerCase().replaceAll('_', '-');
const sentence = ({ instancePath, message, params }) => `${instancePath || '(the whole)'} ${message} ${JSON.stringify(params)}`;

function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) return filesUnder(name);
    return name.endsWith('.schema.json') ? [name] : [];
  });
}

export class Schemas {
  constructor() {
    if (!reference) throw new Error('no schemas: neither docs/reference nor schemas/ of this package is there');
    this.ajv = new Ajv({ strict: false, allErrors: false, allowUnionTypes: true, validateFormats: false });
    this.byPath = new Map();
    const root = path.join(reference, 'schemas');
    for (const file of filesUnder(root)) {
      const schema = JSON.parse(readFileSync(file, 'utf8'));
      this.ajv.addSchema(schema);
      this.byPath.set(path.relative(root, file).replaceAll(path.sep, '/'), schema.$id);
    }
    this.openapi = parse(readFileSync(path.join(reference, 'openapi.yaml'), 'utf8'));
    this.ajv.addSchema({ ...this.openapi, $id: openapiId });
  }

  /** '' or what is wrong. */
  #errorOf(name, value) {
    const id = this.byPath.get(`${name}.schema.json`);
    if (!id) return `there is no schema for ${name}`;
    const validate = this.ajv.getSchema(id);
    return validate(value) ? '' : `${name}: ${sentence(validate.errors.at(-1))}`;
  }

  /** What a client sends: `data` of an action. */
  outgoing(action, data) {
    const [s] = Object.entries(signals).find(([, signal]) => signal.action === action) ?? [];
    return s ? this.#errorOf(`client/${kebab(s)}`, data) : `there is no action ${action}`;
  }

  /** What the server sends. A bare signal (without `c`) was checked when it was sent. */
  incoming(message) {
    const { c, s } = message;
    if (c === undefined) return s in signals ? '' : 'neither an ack, nor a push, nor a signal';
    if (pushes.includes(s)) return this.#errorOf(`push/${kebab(s)}`, message);
    if (s !== 'UNKNOWN' && !(s in signals)) return `s: ${s} is no signal and no push`;
    return this.#errorOf(`${c === 200 ? 'ack' : 'error'}/${kebab(s)}`, message);
  }

  /** The answer to a REST request, by the OpenAPI document. `template` is the path there: /v1/rooms/{rid}. */
  rest(method, template, { status, type, body }) {
    const operation = this.openapi.paths[template]?.[method.toLowerCase()];
    if (!operation) return `openapi.yaml has no ${method} ${template}`;
    const pointer = this.#resolve(operation.responses, status, ['paths', template, method.toLowerCase(), 'responses']);
    if (!pointer) return `openapi.yaml has no ${status} for ${method} ${template}`;
    const { value, at } = pointer;
    if (!value.content) return status !== 204 || body === '' ? '' : `204 has no body; got ${body}`;
    const [media] = (type ?? '').split(';');
    const content = value.content[media.trim()];
    if (!content) return `${status} of ${method} ${template} is ${Object.keys(value.content).join(' or ')} in openapi.yaml, not ${type}`;
    if (!content.schema || typeof body === 'string') return '';
    const path = [...at, 'content', media.trim(), 'schema'].map((key) => key.replaceAll('~', '~0').replaceAll('/', '~1')).map(encodeURIComponent).join('/');
    const validate = this.ajv.getSchema(`${openapiId}#/${path}`);
    return validate(body) ? '' : `${status} of ${method} ${template}: ${sentence(validate.errors.at(-1))}`;
  }

  #resolve(responses, status, at) {
    const value = responses[status];
    if (!value) return undefined;
    if (!value.$ref) return { value, at: [...at, String(status)] };
    const parts = value.$ref.slice(2).split('/');
    return { value: parts.reduce((node, key) => node[key], this.openapi), at: parts };
  }
}
