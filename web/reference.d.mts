// SPDX-License-Identifier: Apache-2.0
type Schemas = ReadonlyMap<string, object>;

export const directory: string;
export const typesFile: string;
export const readmeFile: string;
export function readSchemas(): Promise<Map<string, object>>;
export function readSignals(schemas: Schemas): { name: string; type: string; action: string; rooms: string[]; codes: number[]; ack: object | null; file: string }[];
export function readCodes(schemas: Schemas): { code: number; name: string }[];
export function makeTypes(schemas: Schemas): Promise<string>;
export function makeReadme(schemas: Schemas, readme: string): string;
