import { type InstanceId, newUniqueIdentifier } from '@lib/kernel';
import { type KeyListing, keyName, type CommonFields, type ManagedObject } from '@lib/kmip-engine';
import {
  insertInstance,
  nameAttribute,
  sampleAudit,
  sampleObject,
  startTestPostgres,
  type TestDatabase,
  textAttribute,
} from '@lib/testing';
import { type DataSource } from 'typeorm';

import { PostgresKeyCatalog } from './postgres-key-catalog';
import { PostgresObjectStores } from './postgres-object-stores';

const NOW = new Date('2026-11-24T12:00:00.000Z');
const minutes = (count: number): Date => new Date(NOW.getTime() + count * 60_000);

describe('PostgresKeyCatalog', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let mine: InstanceId;
  let foreign: InstanceId;
  const keys: ManagedObject[] = [];

  async function store(instanceId: InstanceId, object: ManagedObject): Promise<void> {
    const catalog = new PostgresObjectStores(dataSource).forInstance(instanceId);
    const { uniqueIdentifier } = object;
    await catalog.openIntent(
      { uniqueIdentifier, storedKeyName: `vmware_kmip_${uniqueIdentifier}`, startedAt: NOW, createdBy: 'x' },
      1000,
    );
    await catalog.completeIntent(object, sampleAudit(instanceId));
  }

  beforeAll(async () => {
    database = await startTestPostgres();
    dataSource = await database.openDataSource();
    const admin = await database.openAdmin();
    mine = await insertInstance(admin);
    foreign = await insertInstance(admin);
    const variants: Partial<CommonFields>[] = [
      { state: 'Active', attributes: [nameAttribute('disk-0'), textAttribute('x-Name', 'web-01')] },
      { state: 'PreActive', activationDate: minutes(-1), attributes: [nameAttribute('disk-1')] },
      { state: 'PreActive', activationDate: minutes(5) },
      { state: 'Active', deactivationDate: minutes(-1), lastFetchedAt: minutes(-3) },
      { state: 'Deactivated', suspended: true, lastFetchedAt: minutes(-2) },
      { state: 'Compromised', createdBy: 'cd'.repeat(32), attributes: [textAttribute('x-Name', 'web-01')] },
    ];
    for (const [index, variant] of variants.entries()) {
      const object = sampleObject({ initialDate: minutes(-100 + Math.floor(index / 2)), ...variant });
      keys.push(object);
      await store(mine, object);
    }
    await store(foreign, sampleObject({ attributes: [nameAttribute('disk-0')] }));
  });

  afterAll(() => database.close());

  const ask = (wish: Partial<KeyListing> = {}): Promise<readonly ManagedObject[]> =>
    new PostgresKeyCatalog(dataSource).forInstance(mine).list({
      asOf: NOW,
      order: { by: 'created', descending: false },
      limit: 100,
      ...wish,
    });
  const numbers = (found: readonly ManagedObject[]): number[] =>
    found.map(({ uniqueIdentifier }) => keys.findIndex((key) => key.uniqueIdentifier === uniqueIdentifier));

  it.each<[string, Partial<KeyListing>, number[]]>([
    ['everything of the instance', {}, [0, 1, 2, 3, 4, 5]],
    ['active keys, by the dates that have passed', { states: ['Active'] }, [0, 1]],
    ['deactivated keys, by the dates that have passed', { states: ['Deactivated'] }, [3, 4]],
    ['two states', { states: ['PreActive', 'Compromised'] }, [2, 5]],
    ['suspended keys', { suspended: true }, [4]],
    ['a name, not that of another tenant', { name: 'disk-0' }, [0]],
    ['no such name', { name: 'disk-9' }, []],
    ['an attribute', { attribute: { name: 'x-Name', value: 'web-01' } }, [0, 5]],
    ['the creating certificate', { createdBy: 'cd'.repeat(32) }, [5]],
    ['a time of creation', { created: { from: minutes(-99), before: minutes(-98) } }, [2, 3]],
    ['a time of fetching', { lastFetched: { before: minutes(-2) } }, [3]],
    ['a time of fetching without ends, that of keys never fetched too', { lastFetched: {} }, [0, 1, 2, 3, 4, 5]],
    ['filters together', { states: ['Active'], attribute: { name: 'x-Name', value: 'web-01' } }, [0]],
  ])('lists %s', async (_name, wish, expected) => {
    expect(numbers(await ask(wish)).sort()).toEqual(expected);
  });

  it.each<[KeyListing['order']]>([
    [{ by: 'created', descending: false }],
    [{ by: 'created', descending: true }],
    [{ by: 'lastFetched', descending: false }],
    [{ by: 'lastFetched', descending: true }],
  ])('pages through all keys once, in order: %p', async (order) => {
    const all = await ask({ order });
    const paged: ManagedObject[] = [];
    for (let page = await ask({ order, limit: 2 }); page.length > 0;) {
      paged.push(...page);
      const last = page.at(-1)!;
      const at = order.by === 'created' ? last.initialDate : last.lastFetchedAt;
      page = await ask({ order, limit: 2, after: { at, id: last.uniqueIdentifier } });
    }
    expect(numbers(paged)).toEqual(numbers(all));
    expect(paged).toHaveLength(keys.length);
    const values = all.map((key) => (order.by === 'created' ? key.initialDate : key.lastFetchedAt)?.getTime() ?? 0);
    expect(values).toEqual([...values].sort((one, other) => (order.descending ? other - one : one - other)));
  });

  it.each([[false], [true]])('pages through all keys by name or identifier; descending: %p', async (descending) => {
    const order = { by: 'name', descending } as const;
    const paged: ManagedObject[] = [];
    for (let page = await ask({ order, limit: 1 }); page.length > 0;) {
      paged.push(...page);
      const last = page.at(-1)!;
      page = await ask({ order, limit: 1, after: { name: keyName(last), id: last.uniqueIdentifier } });
    }
    const sorted = keys.map(keyName).toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
    expect(paged.map(keyName)).toEqual(descending ? sorted.toReversed() : sorted);
  });

  it('gives whole objects', async () => {
    const [found] = await ask({ name: 'disk-0' });
    expect(found?.attributes).toEqual(keys[0]?.attributes);
  });

  it('shows nothing of an instance that does not exist', async () => {
    const none = new PostgresKeyCatalog(dataSource).forInstance(newUniqueIdentifier() as string as InstanceId);
    await expect(none.list({ asOf: NOW, order: { by: 'created', descending: true }, limit: 5 })).resolves.toEqual([]);
  });
});
