import { type KmipClient } from '@lib/kmip-client';
import { issueClientCertificate } from '@lib/pki';
import { randomBytes } from 'node:crypto';

import { createKey, fetchKey } from './support/keys';
import { RunningService, until } from './support/running-service';
import { allowCertificate, bindRootKey, type KeyManagerKind, type Seed } from './support/second-tenant';
import { accountOf, emptyInstance, type TenantApi } from './support/tenant-api';

jest.setTimeout(240_000);

const KEYS = 24;
const MANAGER = ['Viewer', 'Manager'];
const HPCS = { serviceName: 'hs-crypto' } as const;
const DEDICATED = { dedicated: true };

interface FormerRootKey {
  readonly id: string;
  readonly crn: string;
  readonly credential?: { readonly iam_id: string };
}

interface AuditEvents {
  readonly audit_events: readonly {
    readonly action: string;
    readonly target?: { readonly id: string };
    readonly details: readonly { readonly name: string; readonly value: string }[];
  }[];
}

/** An instance with its vCenter, and a key manager in each of two accounts, with a service ID there. */
class House {
  readonly keys = new Map<string, string>();
  /** By service ID, where it is another one than at first. */
  readonly #apiKeys = new Map<string, Seed['apiKey']>();

  private constructor(
    readonly service: RunningService,
    readonly api: TenantApi,
    readonly clients: readonly KmipClient[],
    readonly home: Seed,
    readonly away: Seed,
  ) {}

  static async build(service: RunningService, from: KeyManagerKind, to: KeyManagerKind): Promise<House> {
    const seed = (id: string, instance: KeyManagerKind) =>
      service.localCloud<Seed>('POST', '/seed', { account: { id }, instance, roles: MANAGER });
    const home = await seed(accountOf(service), from);
    const away = await seed(randomBytes(16).toString('hex'), to);
    const api = await emptyInstance(service);
    await api.ok('PUT', '/credential', { api_key: home.apiKey.apikey });
    await api.ok('PUT', '/root_key', { crn: home.rootKey.crn, endpoint_visibility: 'public' });
    const issued = await issueClientCertificate('self-signed', { commonName: 'kmipClient-house', validDays: 30 });
    await allowCertificate(service, api.instanceId, 'vcenter', issued.certificatePem);
    const connect = (endpoint: number) =>
      service.kmipAs(issued.certificatePem, issued.privateKeyPem.exposeText(), endpoint);
    const house = new House(service, api, [await connect(0), await connect(1)], home, away);
    await house.#createKeys();
    return house;
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
  }

  /** Every key on each endpoint over and over, until `done`. @returns what was not served with its bytes */
  async watched(done: () => Promise<boolean>): Promise<readonly string[]> {
    let over = false;
    const watch = this.clients.map(async (client) => {
      const wrong: string[] = [];
      while (!over) wrong.push(...(await this.misses(client)));
      return wrong;
    });
    try {
      await until('the move is where it was waited for', 120_000, done);
    } finally {
      over = true;
    }
    return (await Promise.all(watch)).flat();
  }

  async misses(client: KmipClient): Promise<readonly string[]> {
    const wrong: string[] = [];
    for (const [id, hex] of this.keys) {
      const answer = await fetchKey(client, id);
      if (!('hex' in answer)) wrong.push(answer.message);
      else if (answer.hex !== hex) wrong.push(`${id} changed`);
    }
    return wrong;
  }

  async former(): Promise<readonly FormerRootKey[]> {
    const { former_root_keys: former } = await this.api.ok<{ former_root_keys: FormerRootKey[] }>(
      'GET',
      '/former_root_keys',
    );
    return former;
  }

  /** `PUT` of a resource that is there. */
  async replace(path: string, body: object, headers: Record<string, string> = {}) {
    const { etag = '' } = await this.api.call('GET', path);
    return this.api.call('PUT', path, body, { headers: { 'if-match': etag, ...headers } });
  }

  bind(more: object, headers: Record<string, string> = {}) {
    return this.replace('/root_key', { crn: this.away.rootKey.crn, endpoint_visibility: 'public', ...more }, headers);
  }

  /** Another API key of the same service ID, given to `set`; then the one before is deleted. */
  async replaceApiKey(seed: Seed, set: (apiKey: string) => Promise<unknown>): Promise<void> {
    const { iamId } = seed.serviceId;
    const made = await this.service.localCloud<Seed['apiKey']>('POST', '/api-keys', { iamId });
    await set(made.apikey);
    await this.service.localCloud('DELETE', `/api-keys/${(this.#apiKeys.get(iamId) ?? seed.apiKey).id}`);
    this.#apiKeys.set(iamId, made);
  }

  async storedKeys({ instance }: Seed): Promise<readonly string[]> {
    const stored = await this.service.localCloud<{ name: string; state: number }[]>(
      'GET',
      `/instances/${instance.id}/keys`,
    );
    return stored.filter(({ name, state }) => name.startsWith('vmware_kmip_') && state === 1).map(({ name }) => name);
  }

  get names(): readonly string[] {
    return [...this.keys.keys()].map((id) => `vmware_kmip_${id}`).sort();
  }

  /** As far away as a key manager may be: the middle of a move lasts long enough to be met. */
  async slow({ instance }: Seed): Promise<void> {
    const match = { instance: instance.id, operations: ['secrets.create'] };
    await this.service.localCloud('POST', '/faults', { match, effect: { kind: 'delay', milliseconds: 2_000 } });
  }

  async #createKeys(): Promise<void> {
    const [client] = this.clients;
    if (client === undefined) throw new Error('no client');
    for (let count = 0; count < KEYS; count += 1) {
      const id = await createKey(client);
      const answer = await fetchKey(client, id);
      if (!('hex' in answer)) throw new Error(answer.message);
      this.keys.set(id, answer.hex);
    }
  }
}

describe('a root key of another account', () => {
  let service: RunningService;
  let house: House;

  beforeAll(async () => {
    service = await RunningService.start({
      environment: { RECONCILE_INTENTS_AFTER_MS: '2000', RECONCILE_EVERY_MS: '500' },
    });
  });
  afterAll(() => service.remove());
  afterEach(() => house.close());

  it('is not bound with the API key of this one, nor without a word why', async () => {
    house = await House.build(service, {}, {});
    for (const more of [{}, { api_key: house.home.apiKey.apikey }]) {
      const refused = await house.bind(more);
      expect([refused.status, refused.text]).toEqual([
        400,
        expect.stringContaining('key_manager_account: The root key lies in another account than the API key'),
      ]);
    }
    // What IBM says to a service ID of another account, which may be anybody's.
    const { access_token: token } = await service.localCloud<{ access_token: string }>('POST', '/tokens', {
      iamId: house.home.serviceId.iamId,
    });
    const { instance, rootKey } = house.away;
    const stranger = await fetch(`${instance.endpoints.public}/api/v2/keys/${rootKey.id}/metadata`, {
      headers: { authorization: `Bearer ${token}`, 'bluemix-instance': instance.id },
    });
    expect(stranger.status).toBe(401);
    const dryRun = await house.bind({ api_key: house.away.apiKey.apikey }, { 'ibm-api-dry-run': 'validate' });
    expect(dryRun.status).toBe(204);
    expect(await house.api.ok('GET', '/root_key')).toMatchObject({ crn: house.home.rootKey.crn });
    expect(await house.former()).toEqual([]);
  });

  it('takes all keys of HPCS to Dedicated there, with Gets all the while and both API keys replaced on the way', async () => {
    house = await House.build(service, HPCS, DEDICATED);
    const { home, away } = house;
    const bound = house.watched(async () => (await house.bind({ api_key: away.apiKey.apikey })).status === 200);
    expect(await bound).toEqual([]);
    const [former] = await house.former();
    const path = `/former_root_keys/${former?.id ?? ''}`;
    // Before the move begins, which is seconds after the root key was bound.
    await house.api.ok('PATCH', path, { paused: true });
    expect(former).toMatchObject({ crn: home.rootKey.crn, credential: { iam_id: home.serviceId.iamId } });
    expect(await house.api.ok('GET', '/credential')).toMatchObject({ iam_id: away.serviceId.iamId });

    // An API key of the other account is of no use to either.
    const foreign = await house.api.call('PATCH', path, { api_key: away.apiKey.apikey });
    expect([foreign.status, foreign.text]).toEqual([400, expect.stringContaining('"credential_rejected"')]);

    const replaceBoth = async (): Promise<boolean> => {
      await house.replaceApiKey(home, (apiKey) => house.api.ok('PATCH', path, { api_key: apiKey }));
      await house.replaceApiKey(away, async (apiKey) => {
        expect((await house.replace('/credential', { api_key: apiKey })).status).toBe(200);
      });
      return true;
    };
    expect(await house.watched(replaceBoth)).toEqual([]);
    expect([...(await house.storedKeys(home))].sort()).toEqual(house.names);

    await house.slow(away);
    await house.api.ok('PATCH', path, { paused: false });
    expect(await house.watched(async () => (await house.storedKeys(away)).length >= KEYS / 4)).toEqual([]);
    // And again while keys are on their way, or just arrived: a former root key is one for seconds more.
    expect(await house.watched(replaceBoth)).toEqual([]);
    await service.localCloud('DELETE', '/faults');
    expect(await house.watched(async () => (await house.former()).length === 0)).toEqual([]);
    expect(await house.storedKeys(home)).toEqual([]);
    expect([...(await house.storedKeys(away))].sort()).toEqual(house.names);
    const { audit_events: events } = await house.api.ok<AuditEvents>(
      'GET',
      '/audit_events?action=vmware-solutions.credential.unset',
    );
    expect(events).toHaveLength(1);
    expect(events[0]?.details).toContainEqual({ name: 'formerRootKeyId', value: home.rootKey.id });

    // The account of before may go.
    for (const { id } of await service.localCloud<{ id: string }[]>('GET', `/policies?iamId=${home.serviceId.iamId}`)) {
      await service.localCloud('DELETE', `/policies/${id}`);
    }
    for (const client of house.clients) expect(await house.misses(client)).toEqual([]);
  });

  it('is set by the command line, and rolled back in the middle with the API key that was kept', async () => {
    house = await House.build(service, {}, DEDICATED);
    const { home, away } = house;
    await house.slow(away);
    await bindRootKey(service, house.api.instanceId, away);
    const begun = await house.watched(async () => (await house.storedKeys(away)).length >= KEYS / 4);
    expect(begun).toEqual([]);
    await service.localCloud('DELETE', '/faults');
    const [former] = await house.former();
    await house.api.ok('POST', `/former_root_keys/${former?.id ?? ''}/roll_back`);
    expect(await house.api.ok('GET', '/credential')).toMatchObject({ iam_id: home.serviceId.iamId });
    expect(await house.former()).toMatchObject([
      { crn: away.rootKey.crn, credential: { iam_id: away.serviceId.iamId } },
    ]);
    expect(await house.watched(async () => (await house.former()).length === 0)).toEqual([]);
    expect(await house.storedKeys(away)).toEqual([]);
    expect([...(await house.storedKeys(home))].sort()).toEqual(house.names);
  });

  it('leaves no API key behind when the instance is removed in the middle', async () => {
    house = await House.build(service, {}, {});
    await house.slow(house.away);
    expect((await house.bind({ api_key: house.away.apiKey.apikey })).status).toBe(200);
    const { instanceId } = house.api;
    const { name } = await house.api.ok<{ name: string }>('GET', '');
    await service.admin('instance', 'disable', '--instance', instanceId);
    await service.admin('instance', 'remove', '--instance', instanceId, '--confirm', name);
    await service.localCloud('DELETE', '/faults');
    expect((await house.api.call('GET', '/credential')).status).toBe(404);
    // What lies in either key manager is the tenant's.
    const stored = new Set([...(await house.storedKeys(house.home)), ...(await house.storedKeys(house.away))]);
    expect([...stored].sort()).toEqual(house.names);
  });
});
