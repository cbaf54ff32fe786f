import { type KmipClient } from '@lib/kmip-client';

import { CatalogRows } from './support/catalog-rows';
import { createKey, fetchKey } from './support/keys';
import { RunningService } from './support/running-service';
import { addTenant, type Tenant } from './support/second-tenant';

jest.setTimeout(240_000);

const KEYS = 20;

interface Report {
  readonly storedKeys: number;
  readonly restored: number;
  readonly present: number;
  readonly foreign: number;
  readonly refused: readonly unknown[];
}

describe('a catalog that lost its keys', () => {
  let service: RunningService;
  let rows: CatalogRows;
  beforeAll(async () => {
    service = await RunningService.start();
    rows = await CatalogRows.open(service);
  });
  afterAll(async () => {
    await rows.close();
    await service.remove();
  });

  const rebuild = (tenant: Tenant, ...options: string[]) =>
    service.admin<Report>('catalog', 'rebuild', '--instance', tenant.instanceId, ...options);

  async function createKeys(client: KmipClient, count: number): Promise<ReadonlyMap<string, string>> {
    const keys = new Map<string, string>();
    for (let made = 0; made < count; made += 1) {
      const id = await createKey(client);
      keys.set(id, await material(client, id));
    }
    return keys;
  }

  async function material(client: KmipClient, id: string): Promise<string> {
    const answer = await fetchKey(client, id);
    return 'hex' in answer ? answer.hex : answer.message;
  }

  it('gets every key back from the key manager, with the same bytes, while it serves', async () => {
    const tenant = await addTenant(service, 'lost');
    const neighbour = await addTenant(service, 'kept');
    const client = await tenant.connect(0);
    const other = await neighbour.connect(1);
    const keys = await createKeys(client, KEYS);
    const kept = await createKeys(other, 1);

    await rows.forgetKeys(tenant.instanceId);
    const [lost = ''] = keys.keys();
    expect(await material(client, lost)).not.toBe(keys.get(lost));
    const younger = await createKeys(client, 1);

    expect(await rebuild(tenant, '--dry-run', 'true')).toMatchObject({ restored: KEYS, present: 1, refused: [] });
    expect((await rows.of(tenant.instanceId))['managed_objects']).toBe(1);
    expect(await rebuild(tenant)).toEqual({
      storedKeys: KEYS + 1,
      restored: KEYS,
      relocated: 0,
      unproven: 0,
      present: 1,
      foreign: 0,
      refused: [],
      lost: [],
      notes: { read: 0, applied: [], absent: [], destroyed: [], refused: [], gaps: [] },
    });
    for (const endpoint of [0, 1]) {
      const connected = await tenant.connect(endpoint);
      for (const [id, hex] of [...keys, ...younger]) expect(await material(connected, id)).toBe(hex);
      await connected.close();
    }
    for (const [id, hex] of kept) expect(await material(other, id)).toBe(hex);

    expect(await rebuild(tenant)).toMatchObject({ restored: 0, present: KEYS + 1, refused: [] });
    await client.close();
    await other.close();
  });

  it('says what is missing before it can begin', async () => {
    const crn = `crn:v1:bluemix:public:kmip-for-vmware:us-south:a/${'ab'.repeat(16)}:0e0e0e0e-0000-4000-8000-000000000001::`;
    const { id } = await service.admin<{ id: string }>('instance', 'create', '--crn', crn, '--name', 'bare');
    await expect(service.admin('catalog', 'rebuild', '--instance', id)).rejects.toThrow(/no root key is set/);
    await expect(service.admin('catalog', 'rebuild', '--instance', id, '--dry-run', 'yes')).rejects.toThrow(
      /--dry-run is true or false/,
    );
  });
});
