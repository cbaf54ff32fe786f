import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

const REPOSITORY = join(__dirname, '..', '..', '..', '..');
const SOURCES = join(__dirname, '..');
const METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const;

const OF_LIST = 'the list has the whole row, and the page shows it there';

/** What the console does not call by its client, and why not. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'GET /v1/instances/{instance_id}/audit_events/{id}': OF_LIST,
  'GET /v1/instances/{instance_id}/audit_heads':
    'the newest head is what an export is held against; who keeps older ones has them from before',
  'GET /v1/instances/{instance_id}/audit_log': 'is a download, line by line (pages/audit/log-request.ts)',
  'GET /v1/instances/{instance_id}/certificate_claims/{id}': OF_LIST,
  'GET /v1/instances/{instance_id}/connection_attempts/{id}': OF_LIST,
  'GET /v1/instances/{instance_id}/events': 'is followed by an EventSource (api/live.ts)',
  'GET /v1/instances/{instance_id}/former_root_keys/{id}': OF_LIST,
  'GET /v1/instances/{instance_id}/kmip_credentials/{id}': OF_LIST,
  'GET /v1/instances/{instance_id}/quarantined_keys/{id}': OF_LIST,
  'GET /v1/instances/{instance_id}/usage_records/{id}': OF_LIST,
};

const { paths } = parse(readFileSync(join(REPOSITORY, 'docs', 'openapi', 'tenant-api.yaml'), 'utf8')) as {
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<(typeof METHODS)[number], unknown>>>>>;
};
const offered = Object.entries(paths).flatMap(([path, item]) =>
  METHODS.flatMap((method) => (item[method] === undefined ? [] : [`${method.toUpperCase()} ${path}`])),
);

const called = new Set(
  readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.spec.ts'))
    .flatMap((name) =>
      Array.from(
        readFileSync(join(SOURCES, name), 'utf8').matchAll(/\bapi\s*\.(GET|PUT|POST|PATCH|DELETE)\(\s*'([^']+)'/g),
        ([, method, path]) => `${String(method)} ${String(path)}`,
      ),
    ),
);

it('each operation of the tenant API has a place in the console, or a reason why it has none', () => {
  expect(offered.length).toBeGreaterThan(60);
  expect(offered.filter((operation) => !called.has(operation)).sort()).toEqual(Object.keys(LEFT_OUT).sort());
});
