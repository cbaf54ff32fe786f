import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

import { parse } from 'yaml';

const METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const;
const SOURCES = 'apps/kmip4v/src';

type Node = Readonly<Record<string, unknown>>;

const contract = parse(readFileSync('docs/openapi/tenant-api.yaml', 'utf8')) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Node>>>>;
};

/** The part of the document that is meant. */
function resolved(node: Node): Node {
  const reference = node['$ref'] as string | undefined;
  if (reference === undefined) return node;
  const steps = reference.split('/').slice(1);
  return resolved(steps.reduce((found, step) => found[step] as Node, contract as unknown as Node));
}

function fieldsOf(schema: Node): readonly string[] {
  const whole = resolved(schema);
  const parts = ['allOf', 'oneOf', 'anyOf'].flatMap((key) => (whole[key] ?? []) as Node[]);
  return [...Object.keys(whole['properties'] ?? {}), ...parts.flatMap(fieldsOf)];
}

/** What pages are asked with, and headers that the client library sets or nobody types in. */
const BY_ITSELF = ['start', 'limit'];

/** What a caller can say: parameters of the query, the dry run, and fields of the body. */
function sayable(operation: Node): readonly string[] {
  const parameters = ((operation['parameters'] ?? []) as Node[]).map(resolved);
  const query = parameters.filter((one) => one['in'] === 'query').map((one) => String(one['name']));
  const isTriable = parameters.some((one) => one['name'] === 'IBM-API-Dry-Run');
  const body = resolved((operation['requestBody'] ?? {}) as Node);
  const schemas = Object.values((body['content'] ?? {}) as Record<string, { schema: Node }>);
  const fields = schemas.flatMap(({ schema }) => fieldsOf(schema));
  return [...query.filter((name) => !BY_ITSELF.includes(name)), ...(isTriable ? ['trial('] : []), ...fields];
}

/** Every call of the tenant API in a source, as `GET /v1/instances`. The compiler has checked that each exists. */
function callsIn(source: string): readonly string[] {
  const constant = /const path = '([^']+)'/.exec(source)?.[1];
  return Array.from(
    source.matchAll(/\bapi\s*\.(GET|PUT|POST|PATCH|DELETE)\(\s*(?:'([^']+)'|path\b)/g),
    ([, method, path]) => `${String(method)} ${path ?? constant ?? '?'}`,
  );
}

const sources = new Map(
  ['commands', 'tenant'].flatMap((folder) =>
    readdirSync(join(SOURCES, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('spec.ts'))
      .map((name) => join(SOURCES, folder, name))
      .map((file) => [file, readFileSync(file, 'utf8')] as const),
  ),
);

/** A command, and what it imports of its neighbours: options that several have stand there. */
function withImports(file: string): string {
  const source = sources.get(file) ?? '';
  const imported = Array.from(source.matchAll(/from '(\.[^']+)'/g), ([, path]) =>
    sources.get(`${normalize(join(dirname(file), path ?? ''))}.ts`),
  );
  return [source, ...imported].join('\n');
}

const operations = Object.entries(contract.paths).flatMap(([path, item]) =>
  METHODS.flatMap((method) => {
    const operation = item[method];
    return operation === undefined ? [] : [{ call: `${method.toUpperCase()} ${path}`, operation }];
  }),
);

describe('what the tenant API can do', () => {
  it('can be done by a command', () => {
    const offered = operations.map(({ call }) => call);
    const called = new Set([...sources.values()].flatMap(callsIn));
    expect(offered.length).toBeGreaterThan(60);
    expect(offered.filter((operation) => !called.has(operation))).toEqual([]);
    expect([...called].filter((operation) => !offered.includes(operation))).toEqual([]);
  });

  it('can be said in full: each field and each parameter is in a command that makes the call', () => {
    const unsaid = operations.flatMap(({ call, operation }) => {
      const callers = [...sources].filter(([, source]) => callsIn(source).includes(call));
      const text = callers.map(([file]) => withImports(file)).join('\n');
      return sayable(operation).flatMap((name) => (text.includes(name) ? [] : [`${call}: ${name}`]));
    });
    expect(unsaid).toEqual([]);
  });
});
