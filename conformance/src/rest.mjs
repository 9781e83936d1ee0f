// SPDX-License-Identifier: Apache-2.0
// REST requests, their answers held to the OpenAPI document.

/**
 * @param {import('./trial.mjs').Trial} t
 * @param {string} template the path as openapi.yaml has it
 * @param {object} names what stands for {rid}, {userId}, {sessionId}
 * @param {{body?: any, want?: number, token?: string | null, query?: object, type?: string, raw?: string}} how `token: null` sends none
 */
export async function rest(t, method, template, names = {}, { body, want, token, query = {}, type = 'application/json', raw } = {}) {
  const { suite } = t;
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(names[name]));
  const url = new URL(suite.options.api + path);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  const bearer = token === undefined && suite.mint ? t.token('operator', { role: 'admin', create: true }) : token;
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  t.at = `${method} ${path}`;
  const response = await fetch(url, { method, body: content, headers: { ...(content === undefined ? {} : { 'content-type': type }), ...(bearer ? { authorization: `Bearer ${bearer}` } : {}) } });
  const text = await response.text();
  const answer = { status: response.status, headers: response.headers, type: response.headers.get('content-type') ?? undefined, text, body: text };
  if (/json/.test(answer.type ?? '')) answer.body = JSON.parse(text);
  const error = suite.schemas.rest(method, template, answer);
  if (error) t.fail('openapi', `${error}\n${text.slice(0, 500)}`);
  if (want !== undefined) t.same(answer.status, want, 'section 6', `the status of ${method} ${path} (${text.slice(0, 200)})`);
  if (answer.status >= 400 && template.startsWith('/v1')) {
    t.same(answer.type?.split(';')[0], 'application/problem+json', 'section 6', `the type of the answer to ${method} ${path}`);
    t.same(answer.body.status, answer.status, 'section 6', 'status in the problem (RFC 9457)');
  }
  return answer;
}
