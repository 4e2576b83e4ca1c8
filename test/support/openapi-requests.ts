/** Requests made from an OpenAPI document: valid, nearly valid and hostile. */
import * as fc from 'fast-check';
import type { OpenAPIV3_1 } from 'openapi-types';

export interface ApiOperation {
  readonly method: string;
  readonly path: string;
  /** Undefined where anyone may call. */
  readonly role: string | undefined;
  readonly summary: string;
  readonly parameters: readonly OpenAPIV3_1.ParameterObject[];
  /** By media type. */
  readonly bodies: Readonly<Record<string, Schema>>;
}

export interface ApiRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

type Schema = OpenAPIV3_1.SchemaObject;

export function operationsOf(document: OpenAPIV3_1.Document): ApiOperation[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item as Record<string, OpenAPIV3_1.OperationObject & { 'x-role'?: string }>).map(
      ([method, operation]) => ({
        method: method.toUpperCase(),
        path,
        role: operation['x-role'],
        summary: operation.summary ?? '',
        parameters: (operation.parameters ?? []) as OpenAPIV3_1.ParameterObject[],
        bodies: Object.fromEntries(
          Object.entries((operation.requestBody as OpenAPIV3_1.RequestBodyObject | undefined)?.content ?? {}).map(
            ([type, media]) => [type, (media.schema ?? {}) as Schema],
          ),
        ),
      }),
    ),
  );
}

/** What has broken other services: traversal, prototype keys, control characters, numbers at the edge, other languages. */
const HOSTILE_TEXTS = [
  '',
  '..',
  '../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '%2e%2e/%2e%2e/',
  '/etc/passwd',
  String.raw`..\..\windows`,
  '\u0000',
  'a\u0000b',
  'CON',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  "' OR 1=1; --",
  '"; DROP TABLE incidents; --',
  '${jndi:ldap://x}',
  '<script>alert(1)</script>',
  '9007199254740993',
  '-1',
  'NaN',
  'Infinity',
  '1e309',
  '00000000000000000000',
  '\ud800',
  '\u202eevil',
  '𝔘𝔫𝔦',
  'x'.repeat(5000),
];

const hostileText = fc.oneof(fc.constantFrom(...HOSTILE_TEXTS), fc.string({ maxLength: 40, unit: 'binary' }));

const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(null, -0, 1e308, Number.MAX_SAFE_INTEGER + 1, [], {}, true, [[[[]]]]),
);

/** A value that a schema takes, by and large. */
function valueOf(schema: Schema): fc.Arbitrary<unknown> {
  const alternatives = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (alternatives !== undefined && alternatives.length > 0) return fc.oneof(...alternatives.map(valueOf));
  if ('const' in schema) return fc.constant(schema.const as unknown);
  if (schema.enum !== undefined) return fc.constantFrom<unknown>(...schema.enum);
  switch (schema.type) {
    case 'object':
      return objectOf(schema);
    case 'array':
      return fc.array(valueOf(schema.items as Schema), { maxLength: 3 });
    case 'integer':
      return fc.integer({ min: Math.max(-1e9, schema.minimum ?? 0), max: Math.min(1e9, schema.maximum ?? 1e6) });
    case 'number':
      return fc.double({ min: schema.minimum ?? -1e6, max: schema.maximum ?? 1e6, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'string':
    case undefined:
    default:
      return textOf(schema);
  }
}

function textOf({ pattern, maxLength = 60 }: Schema): fc.Arbitrary<unknown> {
  const plain = fc.string({ maxLength: Math.min(60, maxLength) });
  if (pattern === undefined) return plain;
  return fc.oneof(
    fc.stringMatching(new RegExp(pattern)),
    fc.constantFrom('2026-11-28T06:50:00Z', '1764312600000', 'm-1'),
  );
}

function objectOf({ properties = {}, required = [] }: Schema): fc.Arbitrary<unknown> {
  const model = Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, valueOf(value as Schema)]));
  return fc.record(model, { requiredKeys: required as never[] });
}

/** A valid body with one thing wrong: a key too many or too few, or a value of another kind. */
function nearly(valid: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(valid, hostileText, hostileValue, fc.nat()).map(([value, key, wrong, choice]) => {
    if (typeof value !== 'object' || value === null) return wrong;
    const keys = Object.keys(value);
    const some = keys[choice % Math.max(1, keys.length)] ?? key;
    if (choice % 3 === 0) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== some));
    return { ...value, [choice % 3 === 1 ? key : some]: wrong };
  });
}

const HOSTILE_BODIES: readonly string[] = [
  '',
  '{',
  'null',
  '[]',
  '"text"',
  '{"__proto__":{"isAdmin":true}}',
  '{"constructor":{"prototype":{"isAdmin":true}}}',
  `${'['.repeat(5000)}${']'.repeat(5000)}`,
  `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`,
  `{"note":"${'x'.repeat(300_000)}"}`,
  '{"verdict":"confirmed","verdict":"false_positive"}',
  '\ufeff{}',
  '{"source":"window"}{"source":"window"}',
];

const hostileBody = fc.oneof(
  fc.constantFrom(...HOSTILE_BODIES).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);

const asJson = (value: unknown) => ({ type: 'application/json', body: Buffer.from(JSON.stringify(value) ?? '') });

function bodyOf({ bodies }: ApiOperation): fc.Arbitrary<{ type: string; body: Buffer | undefined }> {
  const types = Object.keys(bodies);
  const jsonTypes = types.filter((type) => bodies[type]!.format !== 'binary');
  const json = jsonTypes.map((type) => valueOf(bodies[type]!));
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant({ type: '', body: undefined }) },
    ...json.map((arbitrary) => ({ weight: 4, arbitrary: arbitrary.map(asJson) })),
    ...json.map((arbitrary) => ({ weight: 3, arbitrary: nearly(arbitrary).map(asJson) })),
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constantFrom('application/json', 'text/plain', 'application/xml', 'nonsense', ';', ...types),
        body: hostileBody,
      }),
    },
  );
}

/** Requests to one operation. `tokens`: valid ones, one of which is mostly shown. */
export function requestsOf(operation: ApiOperation, tokens: readonly string[]): fc.Arbitrary<ApiRequest> {
  const inPath = operation.parameters.filter(({ in: place }) => place === 'path');
  const inQuery = operation.parameters.filter(({ in: place }) => place === 'query');
  const path = fc.tuple(...inPath.map(({ schema }) => fc.oneof(valueOf(schema as Schema), hostileText)));
  const query = fc.tuple(
    ...inQuery.map(({ name, schema }) =>
      fc.tuple(
        fc.constant(name),
        fc.option(fc.oneof({ weight: 3, arbitrary: valueOf(schema as Schema) }, hostileText)),
      ),
    ),
  );
  return fc
    .record({
      path,
      query,
      extra: fc.option(fc.tuple(hostileText, hostileText), { freq: 6 }),
      sent: bodyOf(operation),
      token: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...tokens) }, fc.constantFrom('', 'x', 'y'.repeat(3000))),
      origin: fc.constantFrom('', '', '', '', '', 'http://evil.example', 'null'),
      host: fc.constantFrom('localhost', 'localhost', 'localhost', 'localhost', 'evil.example'),
      encoding: fc.constantFrom('', '', '', '', 'gzip', 'br', 'gzip, gzip'),
    })
    .map(({ path: ids, query: pairs, extra, sent, token, origin, host, encoding }) => {
      let filled = operation.path;
      for (const [index, { name }] of inPath.entries()) {
        filled = filled.replace(`{${name}}`, encode(String(ids[index])));
      }
      const search = [...pairs.filter(([, value]) => value !== null), ...(extra === null ? [] : [extra])]
        .map(([name, value]) => `${encode(name)}=${encode(String(value))}`)
        .join('&');
      return {
        method: operation.method,
        path: search === '' ? filled : `${filled}?${search}`,
        headers: {
          host,
          ...(token !== '' && { authorization: `Bearer ${token}` }),
          ...(origin !== '' && { origin }),
          ...(sent.type !== '' && { 'content-type': sent.type }),
          ...(encoding !== '' && sent.body !== undefined && { 'content-encoding': encoding }),
        },
        body: sent.body,
      };
    });
}

const encode = (text: string): string => encodeURIComponent(text.toWellFormed());
