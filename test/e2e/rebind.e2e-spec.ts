import { type KmipClient } from '@lib/kmip-client';

import { metric } from './support/health';
import { createKey, fetchKey } from './support/keys';
import { RunningService, until } from './support/running-service';
import { addKeyManager, addTenant, bindRootKey, type Seed, type Tenant } from './support/second-tenant';

jest.setTimeout(240_000);

const KEYS = 30;
const MANAGER = ['Viewer', 'Manager'];
const HPCS = { serviceName: 'hs-crypto' } as const;
const DEDICATED = { dedicated: true };

interface Binding {
  readonly rootKeyId: string;
  readonly status: 'active' | 'retiring';
  readonly moves?: { readonly hindrance?: { readonly message: string; readonly rootKeyId?: string } };
}

describe('binding an instance to a CRK in another key manager', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await RunningService.start({
      environment: { RECONCILE_INTENTS_AFTER_MS: '2000', RECONCILE_EVERY_MS: '500' },
    });
  });
  afterAll(() => service.remove());

  const bindings = (tenant: Tenant) => service.admin<Binding[]>('root-key', 'list', '--instance', tenant.instanceId);

  /** Names of the live stored keys of a key-manager instance. */
  async function storedKeys({ instance }: Seed): Promise<string[]> {
    const keys = await service.localCloud<{ name: string; deletedAt?: string; extractable: boolean }[]>(
      'GET',
      `/instances/${instance.id}/keys`,
    );
    return keys.filter(({ deletedAt, extractable }) => deletedAt === undefined && extractable).map(({ name }) => name);
  }

  async function createKeys(client: KmipClient): Promise<Map<string, string>> {
    const keys = new Map<string, string>();
    for (let count = 0; count < KEYS; count += 1) {
      const id = await createKey(client);
      const answer = await fetchKey(client, id);
      if (!('hex' in answer)) throw new Error(answer.message);
      keys.set(id, answer.hex);
    }
    return keys;
  }

  /** Every key once, on the given connection; what was not served right. */
  async function misses(client: KmipClient, keys: ReadonlyMap<string, string>): Promise<string[]> {
    const wrong: string[] = [];
    for (const [id, hex] of keys) {
      const answer = await fetchKey(client, id);
      if (!('hex' in answer)) wrong.push(answer.message);
      else if (answer.hex !== hex) wrong.push(`${id} changed`);
    }
    return wrong;
  }

  const names = (keys: ReadonlyMap<string, string>) => [...keys.keys()].map((id) => `vmware_kmip_${id}`).sort();

  it('moves all keys from HPCS to Key Protect Dedicated, serves them all the while, and ends with the old binding gone', async () => {
    const tenant = await addTenant(service, 'moves', MANAGER, HPCS);
    const clients = [await tenant.connect(0), await tenant.connect(1)];
    const keys = await createKeys(clients[0]!);
    const next = await addKeyManager(service, tenant.seed, MANAGER, DEDICATED);
    const movedBefore = await keysMoved();

    await bindRootKey(service, tenant.instanceId, next);
    const younger = await createKey(clients[1]!);
    let over = false;
    const watch = clients.map(async (client) => {
      const wrong: string[] = [];
      while (!over) wrong.push(...(await misses(client, keys)));
      return wrong;
    });
    await until('the former binding is dropped', 120_000, async () => (await bindings(tenant)).length === 1);
    over = true;
    expect((await Promise.all(watch)).flat()).toEqual([]);

    const endpointUrl = expect.stringMatching(new RegExp(`/kms-dedicated/${next.instance.id}$`)) as string;
    expect(await bindings(tenant)).toMatchObject([{ rootKeyId: next.rootKey.id, status: 'active', endpointUrl }]);
    expect(await storedKeys(tenant.seed)).toEqual([]);
    const stored = await storedKeys(next);
    expect(stored.sort()).toEqual([...names(keys), `vmware_kmip_${younger}`].sort());
    expect((await keysMoved()) - movedBefore).toBeGreaterThanOrEqual(KEYS);
    for (const client of clients) {
      expect(await misses(client, keys)).toEqual([]);
      await client.close();
    }
  });

  it('goes on after kill -9 of both gateways in the middle', async () => {
    const tenant = await addTenant(service, 'killed', MANAGER);
    const keys = await createKeys(await tenant.connect(0));
    const next = await addKeyManager(service, tenant.seed, MANAGER, DEDICATED);
    await bindRootKey(service, tenant.instanceId, next);
    // As far away as a key manager may be: the middle lasts long enough to be met.
    const slow = {
      match: { service: 'kms', instance: next.instance.id },
      effect: { kind: 'delay', milliseconds: 300 },
    };
    await service.localCloud('POST', '/faults', slow);
    await until('some keys have moved', 60_000, async () => (await storedKeys(next)).length >= KEYS / 3);
    const { processes } = await service.reload();
    for (const name of ['kmip-gateway-1', 'kmip-gateway-2']) process.kill(processes[name] ?? 0, 'SIGKILL');
    expect((await storedKeys(tenant.seed)).length).toBeGreaterThan(0);
    await service.localCloud('DELETE', '/faults');
    await until('the former binding is dropped', 120_000, async () => (await bindings(tenant)).length === 1);
    expect(await storedKeys(tenant.seed)).toEqual([]);
    expect((await storedKeys(next)).sort()).toEqual(names(keys));
    await until('both gateways are back', 30_000, async () => {
      const { processes: now } = await service.reload();
      return ['kmip-gateway-1', 'kmip-gateway-2'].every((name) => now[name] !== processes[name]);
    });
    for (const endpoint of [0, 1]) {
      const client = await tenant.connect(endpoint);
      expect(await misses(client, keys)).toEqual([]);
      await client.close();
    }
  });

  it('leaves keys where they are, and says why, when the service ID may not delete them there', async () => {
    const tenant = await addTenant(service, 'writer');
    const client = await tenant.connect(0);
    const keys = await createKeys(client);
    const next = await addKeyManager(service, tenant.seed, MANAGER);
    await bindRootKey(service, tenant.instanceId, next);
    await until('the reason is noted', 60_000, async () =>
      (await bindings(tenant)).some(
        ({ status, rootKeyId, moves }) =>
          status === 'retiring' && moves?.hindrance?.rootKeyId === rootKeyId && /Manager/.test(moves.hindrance.message),
      ),
    );
    // The check before the first binding leaves its probe where the service ID may not delete.
    const left = (await storedKeys(tenant.seed)).filter((name) => name !== 'kmip_preflight_probe');
    expect(left.sort()).toEqual(names(keys));
    expect(await storedKeys(next)).toEqual([]);
    const younger = await createKey(client);
    expect(await storedKeys(next)).toEqual([`vmware_kmip_${younger}`]);
    expect(await misses(client, keys)).toEqual([]);
    await client.close();
  });

  async function keysMoved(): Promise<number> {
    const counts = await Promise.all(
      [0, 1].map((endpoint) => metric(service, endpoint, 'kmip_keys_moved_total', { reason: 'rebind' })),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }
});
