import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

const METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const;

interface Contract {
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<string, { readonly operationId: string }>>>>>;
}

/** Every call of the tenant API in a source, as `GET /v1/instances`. The compiler has checked that each exists. */
function callsIn(source: string): readonly string[] {
  const constant = /const path = '([^']+)'/.exec(source)?.[1];
  return Array.from(
    source.matchAll(/\bapi\s*\.(GET|PUT|POST|PATCH|DELETE)\(\s*(?:'([^']+)'|path\b)/g),
    ([, method, path]) => `${String(method)} ${path ?? constant ?? '?'}`,
  );
}

describe('what the tenant API can do', () => {
  it('can be done by a command', () => {
    const { paths } = parse(readFileSync('docs/openapi/tenant-api.yaml', 'utf8')) as Contract;
    const offered = Object.entries(paths).flatMap(([path, item]) =>
      METHODS.flatMap((method) => (item[method] === undefined ? [] : [`${method.toUpperCase()} ${path}`])),
    );
    const files = ['commands', 'tenant'].flatMap((folder) =>
      readdirSync(join('apps/kmip4v/src', folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && !name.endsWith('spec.ts'))
        .map((name) => join('apps/kmip4v/src', folder, name)),
    );
    const called = new Set(files.flatMap((file) => callsIn(readFileSync(file, 'utf8'))));
    expect(offered.length).toBeGreaterThan(60);
    expect(offered.filter((operation) => !called.has(operation))).toEqual([]);
    expect([...called].filter((operation) => !offered.includes(operation))).toEqual([]);
  });
});
