import { randomUUID } from 'node:crypto';

import { type InstanceId } from '@lib/kernel';
import { type Action } from '@lib/tenancy';
import { FakeIam, FakeKeyManager, startTestPostgres, type TestDatabase } from '@lib/testing';

import { boundOperations, TENANT_API_CONTROLLERS } from '../../test/bound-operations';
import { NOTHING_IN_THE_WAY, rootKeyCrn, TenantApiApp } from '../../test/tenant-api-app';
import { type Authorizer } from '../auth/authorizer.port';
import { type DocumentedOperation, loadApiDocument, type Schema } from '../http/openapi/document';
import { type BoundOperation } from '../http/operation';

jest.setTimeout(120_000);

const document = loadApiDocument();
const operations = boundOperations(document, TENANT_API_CONTROLLERS);

/** Fields of a change that do what an action of their own guards, wherever they are given. */
const GUARDED: Readonly<Record<string, Action>> = {
  api_key: 'credential.set',
  purge_destroyed_keys: 'key.delete',
  revoke: 'key.update',
  second_person_to_destroy: 'key.delete',
};

/** Those that do no more than the operation itself, whatever its action. */
const ITS_OWN = [
  // Says what is meant, or that it is meant.
  ...['confirm', 'expected_name', 'id', 'key_ids', 'root_key_id', 'scope', 'name', 'instance'],
  ...['certificate', 'certificate_signing_request', 'connection_attempt', 'encoding', 'password', 'validity_days'],
  ...['credential_policy', 'key_generation', 'kind', 'value'],
  ...['crn', 'endpoint_visibility', 'paused'],
  ...['compromise_occurred_at', 'message', 'reason', 'state', 'suspended', 'source', 'taken_at'],
  ...['covered_certificates', 'certificates_without_keys'],
  ...['secret', 'url', 'vm_names'],
];

/** What needs more whatever it carries: it does what another action guards as well. */
const BESIDES: Readonly<Record<string, readonly Action[]>> = {
  // As if the certificate were removed here.
  hand_over_instance_client_certificate: ['certificate.delete'],
  // Active keys are revoked before they are destroyed.
  create_instance_shred_plan: ['key.update'],
  confirm_instance_shred_plan: ['key.update'],
  execute_instance_shred_plan: ['key.update'],
};

/** It is tried, and not kept. */
const EXCEPT: Readonly<Record<string, readonly string[]>> = { check_instance_root_key: ['api_key'] };

function fieldsOf(schema: Schema | undefined): readonly string[] {
  if (schema === undefined) return [];
  const parts = ['allOf', 'oneOf', 'anyOf'].flatMap((key) => (schema[key] ?? []) as Schema[]);
  return [...Object.keys(schema['properties'] ?? {}), ...parts.flatMap(fieldsOf)];
}

const queryOf = ({ parameters }: DocumentedOperation): readonly string[] =>
  parameters.filter(({ in: where }) => where === 'query').map(({ name }) => name);

const carried = ({ contract: { operation } }: BoundOperation): readonly string[] => [
  ...new Set([...Object.values(operation.requestBody).flatMap(fieldsOf), ...queryOf(operation)]),
];

const changes = operations.filter(({ contract }) => contract.operation.method !== 'GET');
const idOf = ({ contract }: BoundOperation): string => contract.operation.id;

/** What the rule says that an operation needs. */
const ruled = (operation: BoundOperation): Readonly<Record<string, Action>> =>
  Object.fromEntries(
    carried(operation).flatMap((field) => {
      const action = EXCEPT[idOf(operation)]?.includes(field) === true ? undefined : GUARDED[field];
      return action === undefined || action === operation.action ? [] : [[field, action] as const];
    }),
  );

describe('what a request carries', () => {
  it('is known of every change: whoever adds a field says whether another action guards it', () => {
    const fields = new Set(changes.flatMap(carried));
    expect([...fields].sort()).toEqual([...Object.keys(GUARDED), ...ITS_OWN].sort());
  });

  it.each(changes.map((operation) => [idOf(operation), operation] as const))('needs what guards it: %s', (id, one) => {
    expect(one.ifGiven).toEqual(ruled(one));
    expect(one.besides).toEqual(BESIDES[id] ?? []);
  });

  it('is asked for nothing by those that only read', () => {
    const reading = operations.filter(({ contract }) => contract.operation.method === 'GET');
    expect(reading.flatMap(({ ifGiven, besides }) => [...Object.keys(ifGiven), ...besides])).toEqual([]);
  });
});

describe('whoever lacks the action that guards what a request carries', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;
  let mine: InstanceId;
  let missing: Action | undefined;
  const authorizer: Authorizer = {
    decide: (questions) => Promise.resolve(questions.map(({ action }) => action !== missing)),
  };

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    const replaced = { authorizer };
    api = await TenantApiApp.start(
      await database.openDataSource(),
      iam,
      new FakeKeyManager(),
      NOTHING_IN_THE_WAY,
      replaced,
    );
  });

  beforeEach(async () => {
    missing = undefined;
    mine = await api.newInstance();
  });

  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop()]);
  });

  const base = (): string => `/v1/instances/${mine}`;
  const apiKey = { api_key: 'a'.repeat(44) };
  const BODIES: Readonly<Record<string, object>> = {
    set_instance_root_key: { crn: rootKeyCrn(randomUUID()), ...apiKey },
    update_instance_former_root_key: apiKey,
    hand_over_instance_client_certificate: { instance: { id: randomUUID() } },
    create_instance_shred_plan: { scope: 'instance' },
  };
  const demands = changes.flatMap((operation) => [
    ...Object.entries(operation.ifGiven).map(([field, action]) => [idOf(operation), field, action, operation] as const),
    ...operation.besides.map((action) => [idOf(operation), '(anything)', action, operation] as const),
  ]);

  it.each(demands)('is refused: %s with %s needs %s', async (id, field, action, { contract: { operation } }) => {
    missing = action;
    const path = operation.path
      .replace(/instances\/\{(instance_)?id\}/, `instances/${mine}`)
      .replaceAll(/\{[a-z_]+\}/g, randomUUID());
    const query = queryOf(operation).includes(field) ? `?expected_name=x&${field}=true` : '';
    const body = BODIES[id] ?? (operation.method === 'PATCH' ? { [field]: true } : undefined);
    const takes = (header: string): boolean => operation.parameters.some(({ name }) => name === header);
    const condition: Record<string, string> = takes('If-Match') ? { 'if-match': '*' } : {};
    const ways = [condition, ...(takes('IBM-API-Dry-Run') ? [{ ...condition, 'IBM-API-Dry-Run': 'validate' }] : [])];
    for (const headers of ways) {
      const answer = await api.send(operation.method, `${path}${query}`, { body, headers });
      expect([answer.status, answer.text]).toEqual([403, expect.stringContaining(`\`${action}\``)]);
    }
  });

  it('sets no API key with a root key, and binds one without', async () => {
    expect((await api.send('PUT', `${base()}/credential`, { body: apiKey })).status).toBe(201);
    const before = (await api.send('GET', `${base()}/credential`)).text;
    missing = 'credential.set';
    const crn = rootKeyCrn(randomUUID());
    const refused = await api.send('PUT', `${base()}/root_key`, { body: { crn, api_key: 'b'.repeat(44) } });
    expect(refused.status).toBe(403);
    expect((await api.send('GET', `${base()}/credential`)).text).toBe(before);
    expect((await api.send('GET', `${base()}/root_key`)).status).toBe(404);
    const list = await api.send('GET', `${base()}/audit_events?action=vmware-solutions.root-key.set&outcome=failure`);
    expect(list.text).toContain('IBMid-manager');
    expect((await api.send('PUT', `${base()}/root_key`, { body: { crn } })).status).toBe(201);
  });

  it('revokes nothing on the way to a destruction, and destroys what is revoked', async () => {
    missing = 'key.update';
    const key = `${base()}/keys/${randomUUID()}?expected_name=x`;
    expect((await api.send('DELETE', `${key}&revoke=true`)).status).toBe(403);
    // Nothing but the key is missing.
    expect((await api.send('DELETE', `${key}&revoke=false`)).status).toBe(404);
  });
});
