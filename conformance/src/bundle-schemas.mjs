// SPDX-License-Identifier: Apache-2.0
// Before the package is packed: the schemas, which live in docs/reference of the project, into the package.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const from = path.join(here, '../../docs/reference');
const to = path.join(here, '../schemas');
rmSync(to, { recursive: true, force: true });
mkdirSync(to);
cpSync(path.join(from, 'schemas'), path.join(to, 'schemas'), { recursive: true });
cpSync(path.join(from, 'openapi.yaml'), path.join(to, 'openapi.yaml'));
