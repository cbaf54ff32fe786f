import { randomUUID } from 'node:crypto';

import { type InstanceId } from '@lib/kernel';
import { type ManagedObject } from '@lib/kmip-engine';
import { adapterVersion } from '@lib/tenancy';
import {
  anActionContext,
  anAuditEvent,
  FakeIam,
  FakeKeyManager,
  putObject,
  sampleObject,
  startTestPostgres,
  type TestDatabase,
} from '@lib/testing';

import { NOTHING_IN_THE_WAY, TenantApiApp } from '../../../test/tenant-api-app';

jest.setTimeout(60_000);

interface Key {
  readonly id: string;
  readonly state: string;
  readonly servable: boolean;
  readonly unservable?: { readonly code: string; readonly message: string; readonly remedy: string };
  readonly shredded?: { readonly since: string; readonly restorable: boolean; readonly restorable_until?: string };
}

const SINCE = new Date('2026-11-25T00:00:00.000Z');

describe('which keys cannot be served, and why', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;
  let mine: InstanceId;
  const [formerId, presentId] = [randomUUID(), randomUUID()];
  const keys = new Map<string, ManagedObject>();
  const send: TenantApiApp['send'] = (method, path, sending) => api.send(method, path, sending);

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    api = await TenantApiApp.start(await database.openDataSource(), iam, new FakeKeyManager(), NOTHING_IN_THE_WAY);
    mine = await api.newInstance();
    await api.bindRootKeys(mine, [formerId, presentId]);
    const store = api.stores.forInstance(mine);
    const put = async (name: string, rootKeyId: string, changes: Partial<ManagedObject> = {}): Promise<void> => {
      const key = sampleObject({ state: 'Active', ...changes });
      const custody = key.custody && { ...key.custody, rootKeyId, storedKeyId: randomUUID() };
      keys.set(name, await putObject(store, mine, { ...key, ...(custody && { custody }) }));
    };
    await put('well', presentId);
    await put('shredded', presentId);
    await put('purged', presentId);
    await put('suspended', presentId, { suspended: true });
    await put('former', formerId);
    await put('unbound', randomUUID());
    for (const name of ['shredded', 'purged']) {
      const { uniqueIdentifier, custody } = keys.get(name)!;
      const restorableUntil = name === 'shredded' ? { restorableUntil: new Date(Date.now() + 86_400_000) } : {};
      await store.lost.note(
        { uniqueIdentifier, storedKeyId: custody!.storedKeyId, since: SINCE, ...restorableUntil },
        anAuditEvent(mine),
      );
    }
    const { rootKeys, credentialId } = await api.health.of(mine);
    const { binding } = rootKeys.find((one) => one.binding.rootKeyId === formerId)!;
    const outcomes = new Map([['unwrap', { fault: 'root_key_disabled' }]] as const);
    await api.health.noteTest(
      mine,
      { binding, keys: 1 },
      {
        version: adapterVersion(binding, credentialId!),
        by: anActionContext(),
        outcomes,
      },
    );
  });

  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop()]);
  });

  const list = async (query: string): Promise<readonly Key[]> =>
    (await send<{ keys: Key[] }>('GET', `/v1/instances/${mine}/keys?${query}`)).body.keys;
  const named = (found: readonly Key[]): string[] =>
    found
      .map(({ id }) => [...keys].find(([, { uniqueIdentifier }]) => uniqueIdentifier === id)?.[0] ?? id)
      .sort((a, b) => a.localeCompare(b));

  it('is one question, with the reason at each', async () => {
    const found = await list('servable=false');
    expect(named(found)).toEqual(['former', 'purged', 'shredded', 'suspended', 'unbound']);
    const codes = found.map(({ id, servable, unservable }) => [named([{ id } as Key])[0], servable, unservable?.code]);
    expect(Object.fromEntries(codes.map(([name, servable, code]) => [name, [servable, code]]))).toEqual({
      former: [false, 'root_key_disabled'],
      purged: [false, 'stored_key_deleted'],
      shredded: [false, 'stored_key_deleted'],
      suspended: [false, 'key_suspended'],
      unbound: [false, 'root_key_not_bound'],
    });
    const former = found.find(({ unservable }) => unservable?.code === 'root_key_disabled');
    expect(former?.unservable?.message).toContain(`Former root key ${formerId} is disabled`);
    expect(named(await list('servable=true'))).toEqual(['well']);
  });

  it('is answered in pages', async () => {
    const seen: Key[] = [];
    let next: string | undefined = `/v1/instances/${mine}/keys?servable=false&limit=2`;
    while (next !== undefined) {
      const { body }: { body: { keys: Key[]; next?: { href: string } } } = await send('GET', next);
      seen.push(...body.keys);
      next = body.next?.href;
    }
    expect(named(seen)).toEqual(['former', 'purged', 'shredded', 'suspended', 'unbound']);
  });

  it('never calls a key active whose stored key is gone', async () => {
    expect(named(await list('state=active'))).toEqual(['former', 'suspended', 'unbound', 'well']);
    expect(named(await list('state=shredded'))).toEqual(['purged', 'shredded']);
    expect(await list('state=active,shredded')).toHaveLength(6);
    const { body } = await send<Key>('GET', `/v1/instances/${mine}/keys/${keys.get('shredded')!.uniqueIdentifier}`);
    expect(body).toMatchObject({
      state: 'shredded',
      servable: false,
      shredded: { since: SINCE.toISOString(), restorable: true },
    });
    const purged = await send<Key>('GET', `/v1/instances/${mine}/keys/${keys.get('purged')!.uniqueIdentifier}`);
    expect(purged.body.shredded).toEqual({ since: SINCE.toISOString(), restorable: false });
  });

  it('lists no destroyed key, of which there is nothing to serve', async () => {
    const store = api.stores.forInstance(mine);
    const { uniqueIdentifier } = keys.get('unbound')!;
    await store.mutate(uniqueIdentifier, ({ custody, ...current }) => ({
      object: { ...current, state: 'Destroyed', destroyDate: SINCE },
      audit: anAuditEvent(mine),
      result: custody,
    }));
    expect(named(await list('servable=false'))).not.toContain('unbound');
    expect(named(await list('servable=true'))).toEqual(['well']);
  });

  it('is that there is no API key, while there is none', async () => {
    const { etag } = (await send('GET', `/v1/instances/${mine}/credential`)).body;
    const headers = { 'if-match': `"${etag}"` };
    await send('DELETE', `/v1/instances/${mine}/credential?confirm=kmip-01`, { headers });
    expect(await list('servable=true')).toEqual([]);
    const { body } = await send<Key>('GET', `/v1/instances/${mine}/keys/${keys.get('well')!.uniqueIdentifier}`);
    expect(body.unservable?.code).toBe('credential_not_set');
  });
});
