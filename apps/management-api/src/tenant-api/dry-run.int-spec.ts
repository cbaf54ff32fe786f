import { randomUUID } from 'node:crypto';

import { type InstanceId } from '@lib/kernel';
import { FakeIam, FakeKeyManager, sampleAudit, sampleObject, startTestPostgres, type TestDatabase } from '@lib/testing';

import { ACCOUNT, TenantApiApp } from '../../test/tenant-api-app';
import { loadApiDocument } from '../http/openapi/document';

jest.setTimeout(60_000);

/** Every table of a tenant but the audit trail, which keeps refusals too. */
const TABLES = `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
  AND c.relkind = 'r' AND c.relname NOT IN ('migrations', 'audit_events', 'audit_chain_heads', 'leases')
  AND NOT c.relispartition ORDER BY 1`;

const document = loadApiDocument();
const writes = document.operations.filter(({ method }) => method !== 'GET');

/** The request that the document itself shows. */
function exampleOf(path: string, method: string): unknown {
  const { paths } = document.source as {
    paths: Record<string, Record<string, { requestBody?: { content: Record<string, { example: unknown }> } }>>;
  };
  const content = paths[path]?.[method.toLowerCase()]?.requestBody?.content ?? {};
  return Object.values(content)[0]?.example;
}

describe('a dry run', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;
  let mine: InstanceId;
  let admin: Awaited<ReturnType<TestDatabase['openAdmin']>>;
  /** What lies outside and was asked to change something. */
  const issued: string[] = [];
  const ids: Record<string, string> = {};
  /** How what is destroyed is named, by its collection. */
  const queries: Record<string, string> = {};

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    const record = { name: '', iamId: 'iam-1', accountId: ACCOUNT, ofServiceId: true, locked: false, disabled: false };
    const workbench = {
      describeApiKey: () => Promise.resolve(record),
      check: () => Promise.resolve({ passed: true, destroyPermitted: true, checkedAt: new Date(), steps: [] }),
    };
    const issuer = {
      sign: () => Promise.reject(new Error('not tried here')),
      issue: () => {
        issued.push('key pair');
        return Promise.reject(new Error('not tried here'));
      },
    };
    api = await TenantApiApp.start(await database.openDataSource(), iam, new FakeKeyManager(), workbench, { issuer });
    mine = await api.newInstance();
    admin = await database.openAdmin();
  });

  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop()]);
  });

  /** An instance with one of everything that can be changed or removed. */
  beforeAll(async () => {
    const base = `/v1/instances/${mine}`;
    const example = (path: string, method: string) => exampleOf(`/v1/instances/{instance_id}${path}`, method);
    const claim = await api.send('POST', `${base}/certificate_claims`, {
      body: { kind: 'address_range', value: '192.0.2.0/24' },
    });
    const certificate = await api.send('POST', `${base}/client_certificates`, {
      body: example('/client_certificates', 'POST'),
    });
    await api.send('PUT', `${base}/credential`, { body: example('/credential', 'PUT') });
    const { crn } = example('/root_key', 'PUT') as { crn: string };
    for (const id of [randomUUID(), randomUUID()]) {
      await api.send('PUT', `${base}/root_key`, { body: { crn: crn.replace(/[^:]+$/, id) } });
    }
    const [former] = (await api.bindings.list(mine)).filter(({ status }) => status === 'retiring');
    const key = sampleObject({ state: 'PreActive' });
    const { uniqueIdentifier } = key;
    const store = api.stores.forInstance(mine);
    const intent = { uniqueIdentifier, storedKeyName: 'stored', startedAt: new Date(), createdBy: 'x' };
    await store.openIntent(intent, 10);
    await store.completeIntent(key, sampleAudit(mine));
    const plan = await api.send('POST', `${base}/shred_plans`, { body: example('/shred_plans', 'POST') });
    queries['keys'] = `?expected_name=${uniqueIdentifier}`;
    queries['shred_plans'] = `?confirm=${String(plan.body['hash'])}`;
    Object.assign(ids, {
      shred_plans: plan.body['id'],
      certificate_claims: claim.body['id'],
      client_certificates: certificate.body['id'],
      keys: uniqueIdentifier,
      former_root_keys: former!.id,
    });
  });

  async function rows(): Promise<Record<string, unknown>> {
    const { rows: tables } = await admin.query<{ name: string }>(TABLES);
    const found: Record<string, unknown> = {};
    for (const { name } of tables) found[name] = (await admin.query(`SELECT t::text FROM ${name} t ORDER BY 1`)).rows;
    return found;
  }

  it.each(writes.map((operation) => [operation.id, operation] as const))(
    'of %s changes nothing',
    async (_id, { method, path, parameters }) => {
      const collection = path.split('/')[4] ?? '';
      // Of what the fixture does not hold any identifier will do: the refusal comes before it is looked for.
      const target = path
        .replace(/^\/v1\/instances\/\{[a-z_]+\}/, `/v1/instances/${mine}`)
        .replaceAll(/\{[a-z_]+\}/g, ids[collection] ?? randomUUID());
      const asksForName = parameters.some(({ name }) => name === 'expected_name' || name === 'confirm');
      const query = asksForName ? (queries[collection] ?? '') : '';
      const body = exampleOf(path, method);
      const current = await api.send('GET', target);
      const before = await rows();
      const answer = await api.send(method, target + query, {
        ...(body !== undefined && { body }),
        headers: {
          'ibm-api-dry-run': 'validate',
          ...(current.body.etag && { 'if-match': `"${current.body.etag}"` }),
        },
      });
      const documented = parameters.some(({ name }) => name === 'IBM-API-Dry-Run');
      expect([answer.status, answer.text]).toEqual(
        documented ? [204, ''] : [400, expect.stringContaining('"target":{"type":"header","name":"IBM-API-Dry-Run"}')],
      );
      expect(await rows()).toEqual(before);
      expect(issued).toEqual([]);
      expect(api.failures).toEqual([]);
    },
  );
});
