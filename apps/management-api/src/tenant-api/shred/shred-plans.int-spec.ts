import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type InstanceId, newCorrelationId } from '@lib/kernel';
import { type ManagedObject } from '@lib/kmip-engine';
import {
  FakeIam,
  FakeKeyManager,
  recordedEvents,
  sampleAudit,
  sampleObject,
  startTestPostgres,
  type TestDatabase,
  textAttribute,
} from '@lib/testing';

import { ACCOUNT, type Answer, TenantApiApp } from '../../../test/tenant-api-app';
import { LocalRoleMap } from '../../auth/local-role-map';

jest.setTimeout(60_000);

interface Plan {
  readonly id: string;
  readonly hash: string;
  readonly state: string;
  readonly key_count: number;
  readonly shown_count: number;
  readonly second_person: boolean;
}

interface PlanKey {
  readonly id: string;
  readonly owner?: { readonly name: string };
  readonly in_memory: { readonly possible: boolean };
  readonly stored_key?: string;
}

describe('shred plans on Postgres', () => {
  const keyManager = new FakeKeyManager();
  const auditKey = { ...generateKeyPairSync('ed25519'), from: new Date(0) };
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;
  let mine: InstanceId;

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    const managers = ['manager', 'editor'].map((name) => `IBMid-${name}`);
    const authorizer = new LocalRoleMap(
      [...managers, 'IBMid-reader'].map((iamId) => ({
        iamId,
        accountId: ACCOUNT,
        roles: [iamId === 'IBMid-reader' ? ('reader' as const) : ('manager' as const)],
      })),
    );
    const heads = { list: () => Promise.resolve([]) };
    const signer = { sign: () => Promise.reject(new Error('no head is asked for')) };
    const signedHeads = { signer, heads, keys: () => Promise.resolve([auditKey]) } as never;
    api = await TenantApiApp.start(await database.openDataSource(), iam, keyManager, {}, { authorizer, signedHeads });
  });

  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop()]);
  });

  beforeEach(async () => {
    api.failures.length = 0;
    mine = await api.newInstance();
  });

  afterEach(() => {
    expect(api.failures).toEqual([]);
  });

  const base = (): string => `/v1/instances/${mine}`;
  const codes = ({ status, body }: Answer<object>): string =>
    [status, ...body.errors.map(({ code }) => code)].join(' ');
  const act = (plan: Plan, verb: string, { as = 'manager', headers = {}, hash = plan.hash } = {}) =>
    api.send<Plan>('POST', `${base()}/shred_plans/${plan.id}/${verb}?confirm=${hash}`, { as, headers });
  const plan = async (body: object = { scope: 'instance' }): Promise<Plan> => {
    const made = await api.send<Plan>('POST', `${base()}/shred_plans`, { body });
    expect(made.status).toBe(201);
    return made.body;
  };

  async function key(name: string): Promise<ManagedObject> {
    const call = { correlationId: newCorrelationId() };
    const id = randomUUID();
    const stored = await keyManager.storeKey(call, `vmware_kmip_${id}`, Buffer.from('x'));
    const custody = { storedKeyId: stored.id, rootKeyId: 'root-1', rootKeyVersion: '1' };
    const object = sampleObject({
      uniqueIdentifier: id as ManagedObject['uniqueIdentifier'],
      state: 'Active',
      custody,
      attributes: [textAttribute('x-Name', name)],
    });
    const catalog = api.stores.forInstance(mine);
    const intent = { uniqueIdentifier: object.uniqueIdentifier, storedKeyName: stored.name };
    await catalog.openIntent({ ...intent, startedAt: new Date(), createdBy: 'x' }, 1000);
    await catalog.completeIntent(object, sampleAudit(mine));
    return object;
  }

  it('say what would go, take it away, and give a record that anybody can check', async () => {
    const objects = [await key('web-01'), await key('web-02')];
    await api.stores.forInstance(mine).recordFetch(objects[0]!, sampleAudit(mine));
    const made = await plan();
    expect(made).toMatchObject({ state: 'draft', key_count: 2, shown_count: 0, second_person: false });
    const keysOf = () =>
      api.send<{ keys: PlanKey[] }>('GET', `${base()}/shred_plans/${made.id}/keys`, { as: 'reader' });
    const planned = (await keysOf()).body.keys;
    expect(planned.map(({ owner }) => owner?.name).sort()).toEqual(['web-01', 'web-02']);
    expect(planned.find(({ id }) => id === objects[0]!.uniqueIdentifier)?.in_memory.possible).toBe(true);
    expect((await act(made, 'execute', { headers: { 'ibm-api-dry-run': 'validate' } })).status).toBe(204);
    expect((await api.send('GET', `${base()}/shred_plans/${made.id}/record`)).status).toBe(404);

    const done = await act(made, 'execute');
    expect(done.body).toMatchObject({ state: 'completed', shown_count: 2, failures: [] });
    expect((await keysOf()).body.keys.map(({ stored_key: found }) => found)).toEqual(['deleted', 'deleted']);
    const list = await api.send<{ shred_plans: Plan[] }>('GET', `${base()}/shred_plans`);
    expect(list.body.shred_plans).toMatchObject([{ id: made.id, state: 'completed', key_count: 2, shown_count: 2 }]);

    const record = await api.send('GET', `${base()}/shred_plans/${made.id}/record`);
    const keySet = await api.send('GET', `${base()}/audit_key_set`);
    const folder = mkdtempSync(join(tmpdir(), 'shred-record-'));
    try {
      const [recordFile, keys] = ['record', 'keys'].map((name) => join(folder, name)) as [string, string];
      writeFileSync(recordFile, record.text);
      writeFileSync(keys, keySet.text);
      const script = join(process.cwd(), 'scripts', 'verify-audit.mjs');
      const said = execFileSync(process.execPath, [script, '--record', recordFile, '--keys', keys], { cwd: folder });
      expect(said.toString()).toContain(`the record of plan ${made.id} of instance ${mine} is intact`);
      expect(said.toString()).toContain('"web-01": stored key deleted');
    } finally {
      rmSync(folder, { recursive: true });
    }
    const removal = `${base()}/shred_plans/${made.id}?confirm=${made.hash}`;
    expect((await api.send('DELETE', removal)).status).toBe(204);
    expect((await api.send('DELETE', removal)).status).toBe(404);
  });

  it('are listed without a look at their keys, of which there may be thousands', async () => {
    await key('web-01');
    const { id } = await plan();
    const admin = await database.openAdmin();
    const list = 'SELECT (instance_id, id, state, document, key_count, shown_count) ON shred_plans';
    await admin.query(`REVOKE SELECT ON shred_plans FROM kmip_api, kmip_app; GRANT ${list} TO kmip_api, kmip_app`);
    try {
      const listed = await api.send<{ shred_plans: Plan[] }>('GET', `${base()}/shred_plans`);
      expect(listed.body.shred_plans).toMatchObject([{ id, key_count: 1, shown_count: 0 }]);
      expect((await api.send('GET', `${base()}/shred_plans/${id}`)).status).toBe(500);
      expect(api.failures.splice(0)).toHaveLength(1);
    } finally {
      await admin.query(`REVOKE ${list} FROM kmip_api, kmip_app; GRANT SELECT ON shred_plans TO kmip_api, kmip_app`);
    }
  });

  it('are not executed by one person where the instance demands two, nor are single keys destroyed', async () => {
    const object = await key('web-01');
    const option = async (value: boolean): Promise<Answer> =>
      api.send('PATCH', base(), { body: { second_person_to_destroy: value }, headers: { 'if-match': '*' } });
    expect((await option(true)).body).toMatchObject({ second_person_to_destroy: true });
    const destruction = `${base()}/keys/${object.uniqueIdentifier}?expected_name=web-01&revoke=true`;
    expect(codes(await api.send('DELETE', destruction))).toBe('409 second_person_required');
    const made = await plan({ scope: 'keys', key_ids: [object.uniqueIdentifier] });
    expect(codes(await act(made, 'execute'))).toBe('409 second_person_required');
    expect(codes(await act(made, 'confirm'))).toBe('409 invalid_state');
    expect(codes(await act(made, 'confirm', { as: 'reader' }))).toBe('403 forbidden');
    // Turned off by the one who wants to be alone: it works on.
    expect((await option(false)).body).toHaveProperty('second_person_until');
    expect(codes(await api.send('DELETE', destruction))).toBe('409 second_person_required');
    expect((await plan()).second_person).toBe(true);
    expect(codes(await act(made, 'confirm', { as: 'editor', hash: 'ab'.repeat(32) }))).toBe('409 name_mismatch');
    expect((await act(made, 'confirm', { as: 'editor' })).body).toMatchObject({ state: 'confirmed' });
    expect((await act(made, 'execute')).body).toMatchObject({ state: 'completed' });
    const admin = await database.openAdmin();
    const recorded = (await recordedEvents(admin, mine))
      .map(({ event }) => event)
      .filter(({ action, outcome }) => action.includes('shred-plan') && outcome === 'success');
    const by = ({ initiator }: (typeof recorded)[number]): string => (initiator.kind === 'user' ? initiator.iamId : '');
    expect(recorded.map((event) => `${event.action.slice(28)} ${by(event)}`)).toEqual([
      'create IBMid-manager',
      'create IBMid-manager',
      'confirm IBMid-editor',
      'execute IBMid-manager',
      'complete IBMid-manager',
    ]);
  });

  it('are executed once by two people at the same time, who are told the same', async () => {
    for (let index = 0; index < 20; index += 1) await key(`web-${String(index)}`);
    const made = await plan();
    const both = await Promise.all(['manager', 'editor'].map((as) => act(made, 'execute', { as })));
    expect(both.map(({ status, text }) => (status === 200 ? status : text))).toEqual([200, 200]);
    expect(both[0]?.body).toMatchObject({ state: 'completed', shown_count: 20, failures: [] });
    expect(both[1]?.body).toEqual(both[0]?.body);
    // Who comes later too, and nobody by another hash.
    expect((await act(made, 'execute', { as: 'editor' })).body).toEqual(both[0]?.body);
    expect(codes(await act(made, 'execute', { hash: 'ab'.repeat(32) }))).toBe('409 name_mismatch');
    const recorded = (await recordedEvents(await database.openAdmin(), mine)).map(({ event }) => event);
    const ends = recorded.filter(({ action }) => /shred-plan\.(execute|complete)$/.test(action));
    expect(ends.map(({ action, outcome }) => `${action.slice(28)} ${outcome}`)).toEqual([
      'execute success',
      'complete success',
      'execute failure',
    ]);
  });

  it('hold what a client calls its key, though its end is cut off within a character', async () => {
    await key(`${'x'.repeat(1023)}😀`);
    expect(await plan()).toMatchObject({ state: 'draft', key_count: 1 });
  });

  it('of another instance are not there', async () => {
    await key('web-01');
    const made = await plan();
    mine = await api.newInstance();
    expect((await api.send('GET', `${base()}/shred_plans/${made.id}`)).status).toBe(404);
    expect((await act(made, 'execute')).status).toBe(404);
  });

  it('are not made of everything for somebody who names something', async () => {
    const { uniqueIdentifier: id } = await key('web-01');
    for (const extra of [{ key_ids: [id] }, { root_key_id: 'root-1' }]) {
      const made = await api.send('POST', `${base()}/shred_plans`, { body: { scope: 'instance', ...extra } });
      expect(codes(made)).toBe('400 invalid_field');
    }
  });

  it('of a root key say what its owner has to do', async () => {
    await key('web-01');
    const made = await plan({ scope: 'root_key', root_key_id: 'root-1' });
    const done = await act(made, 'execute');
    expect(done.body).toMatchObject({ state: 'keys_destroyed', root_keys: [{ id: 'root-1', unwrap: 'succeeded' }] });
    expect(done.text).toContain('Delete the root key root-1 in your key manager');
  });
});
