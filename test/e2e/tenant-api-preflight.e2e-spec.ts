import { RunningService } from './support/running-service';
import { accountOf, emptyInstance, newApiKey, type TenantApi } from './support/tenant-api';

jest.setTimeout(180_000);

interface KeyManagerInstance {
  readonly id: string;
  readonly crn: string;
  readonly endpoints: { readonly public: string };
}

interface KeyManager {
  readonly instance: KeyManagerInstance;
  readonly serviceName: string;
  readonly rootKeyCrn: string;
  /** Its administrator's token. */
  readonly token: string;
}

interface Step {
  readonly code: string;
  readonly result: string;
  readonly message: string;
  readonly remedy?: string;
}

const KEY = 'application/vnd.ibm.kms.key+json';
const POLICY = 'application/vnd.ibm.kms.policy+json';

describe('the check of a root key', () => {
  let service: RunningService;
  let api: TenantApi;

  beforeAll(async () => {
    service = await RunningService.start();
    api = await emptyInstance(service);
  });

  afterAll(async () => {
    await service.remove();
  });

  /** A key manager of its own for each case: what a policy did to its keys cannot be undone. */
  async function keyManager(serviceName = 'kms', more: object = {}): Promise<KeyManager> {
    const seed = await service.localCloud<{
      instance: KeyManagerInstance;
      rootKey: { crn: string };
      serviceId: { iamId: string };
    }>('POST', '/seed', {
      account: { id: accountOf(service) },
      instance: { serviceName, ...more },
      roles: ['Manager'],
    });
    const { iamId } = seed.serviceId;
    const { access_token: token } = await service.localCloud<{ access_token: string }>('POST', '/tokens', { iamId });
    return { instance: seed.instance, serviceName, rootKeyCrn: seed.rootKey.crn, token };
  }

  async function kms<T>(
    { instance, token }: KeyManager,
    method: string,
    path: string,
    body?: object,
    keyRing?: string,
  ): Promise<T> {
    const response = await fetch(`${instance.endpoints.public}/api/v2${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'bluemix-instance': instance.id,
        ...(keyRing !== undefined && { 'x-kms-key-ring': keyRing }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? {} : JSON.parse(text)) as T;
  }

  async function rootKey(manager: KeyManager, more: object, keyRing?: string): Promise<string> {
    const resource = { type: KEY, name: 'root-key-2', extractable: false, ...more };
    const body = { metadata: { collectionType: KEY, collectionTotal: 1 }, resources: [resource] };
    const { resources } = await kms<{ resources: { crn: string }[] }>(manager, 'POST', '/keys', body, keyRing);
    return resources[0]?.crn ?? '';
  }

  async function setPolicy(manager: KeyManager, policy: string, attributes?: object): Promise<void> {
    const resource = { policy_type: policy, policy_data: { enabled: true, ...(attributes && { attributes }) } };
    const metadata = { collectionType: POLICY, collectionTotal: 1 };
    await kms(manager, 'PUT', `/instance/policies?policy=${policy}`, { metadata, resources: [resource] });
  }

  async function check(
    manager: KeyManager,
    roles: readonly string[] = ['Viewer', 'Manager'],
    crn = manager.rootKeyCrn,
  ): Promise<{ passed: boolean; results: Record<string, string>; steps: readonly Step[] }> {
    const { serviceName, instance } = manager;
    const apiKey = await newApiKey(service, { serviceName, serviceInstance: instance.id }, roles);
    await api.ok('PUT', '/credential', { api_key: apiKey });
    const wish = { crn, endpoint_visibility: 'public' };
    const { passed, steps } = await api.ok<{ passed: boolean; steps: Step[] }>('POST', '/root_key_checks', wish);
    // Whatever fails says how to repair it.
    expect(steps.filter(({ result, remedy }) => result === 'failed' && remedy === undefined)).toEqual([]);
    return { passed, results: Object.fromEntries(steps.map(({ code, result }) => [code, result])), steps };
  }

  it('names the instance policy that forbids to store wrapped keys, to a Manager by reading it', async () => {
    for (const attributes of [{ import_standard_key: false }, { enforce_token: true }]) {
      const manager = await keyManager();
      await setPolicy(manager, 'keyCreateImportAccess', attributes);
      const { passed, results, steps } = await check(manager);
      expect(passed).toBe(false);
      expect(results).toMatchObject({ policy_key_create_import_access: 'failed', stored_key_create: 'failed' });
      const [named] = Object.keys(attributes);
      expect(steps.find(({ code }) => code === 'policy_key_create_import_access')?.remedy).toContain(named);
    }
  });

  it('names it to a Writer, who may not read policies, by what it forbids', async () => {
    const manager = await keyManager();
    await setPolicy(manager, 'keyCreateImportAccess', { import_standard_key: false });
    const { passed, results, steps } = await check(manager, ['Writer']);
    expect(passed).toBe(false);
    expect(results).toMatchObject({ instance_policies: 'skipped', stored_key_create: 'failed' });
    expect(steps.find(({ code }) => code === 'stored_key_create')?.remedy).toContain('keyCreateImportAccess');
  });

  it('warns of deletions that need two people, and passes', async () => {
    const manager = await keyManager();
    await setPolicy(manager, 'dualAuthDelete');
    const { passed, results } = await check(manager);
    expect([passed, results['policy_dual_auth_delete'], results['stored_key_delete']]).toEqual([
      true,
      'warning',
      'warning',
    ]);
  });

  it('refuses the public endpoint of an instance that has only a private one', async () => {
    const manager = await keyManager();
    await setPolicy(manager, 'allowedNetwork', { allowed_network: 'private-only' });
    const { passed, results } = await check(manager);
    expect([passed, results['policy_allowed_network'] ?? results['root_key_describe']]).toEqual([false, 'failed']);
  });

  it.each<[string, Parameters<typeof keyManager>, object]>([
    ['an HPCS', ['hs-crypto'], { key_manager_ends: 'warning' }],
    ['a Dedicated', ['kms', { dedicated: true }], {}],
  ])(
    'recognises %s instance without a master key, says who can mend it, and tries nothing else',
    async (_, kind, known) => {
      const manager = await keyManager(...kind);
      expect((await check(manager)).passed).toBe(true);
      await service.localCloud('PATCH', `/instances/${manager.instance.id}`, { initialized: false });
      const { passed, results, steps } = await check(manager);
      expect(passed).toBe(false);
      const seen = { token_create: 'passed', key_manager_read: 'passed' };
      expect(results).toEqual({ ...seen, ...known, key_manager_initialised: 'failed' });
      expect(steps.at(-1)?.remedy).toContain('master key');
    },
  );

  it('finds a Dedicated instance on its own host, whether the credential may see the instance or not', async () => {
    const manager = await keyManager('kms', { dedicated: true });
    const seen = await check(manager);
    expect([seen.passed, seen.results['key_manager_read']]).toEqual([true, 'passed']);
    const unseen = await check(manager, ['Manager']);
    expect([unseen.passed, unseen.results['key_manager_read']]).toEqual([true, 'warning']);
  });

  it('counts what an HPCS instance holds, and refuses one that is full, by its limit', async () => {
    const manager = await keyManager('hs-crypto');
    const roomy = await check(manager);
    const quota = roomy.steps.find(({ code }) => code === 'key_manager_quota');
    expect([roomy.passed, quota?.result]).toEqual([true, 'passed']);
    expect(quota?.message).toMatch(/^1 key that the service ID may see lies there, .* at most 50,000/);
    expect(roomy.results['key_versions']).toBe('passed');
    await service.localCloud('POST', '/settings', { hpcsKeys: 1 });
    const full = await check(manager).finally(() => service.localCloud('POST', '/settings', { hpcsKeys: 50_000 }));
    expect([full.passed, full.results['stored_key_create']]).toEqual([false, 'failed']);
    const refused = full.steps.find(({ code }) => code === 'stored_key_create');
    expect(refused?.message).toContain('KEY_QUOTA_ERR');
    expect(refused?.remedy).toContain('one key more than it can hold');
  });

  it('wants the root key of an HPCS instance in its default key ring', async () => {
    const manager = await keyManager('hs-crypto');
    await kms(manager, 'POST', '/key_rings/ring-1');
    const crn = await rootKey(manager, {}, 'ring-1');
    const { passed, results } = await check(manager, ['Viewer', 'Manager'], crn);
    expect([passed, results['root_key_ring']]).toEqual([false, 'failed']);
    // The same is fine in Key Protect, where new keys then go to that ring.
    const keyProtect = await keyManager();
    await kms(keyProtect, 'POST', '/key_rings/ring-1');
    const there = await check(keyProtect, ['Viewer', 'Manager'], await rootKey(keyProtect, {}, 'ring-1'));
    expect([there.passed, there.results['root_key_ring']]).toEqual([true, undefined]);
  });

  it('warns of a root key that will expire', async () => {
    const manager = await keyManager();
    const expirationDate = new Date(Date.now() + 30 * 86_400_000).toISOString();
    const { passed, results, steps } = await check(
      manager,
      ['Viewer', 'Manager'],
      await rootKey(manager, { expirationDate }),
    );
    expect([passed, results['root_key_describe']]).toEqual([true, 'warning']);
    expect(steps.find(({ code }) => code === 'root_key_describe')?.message).toContain(expirationDate.slice(0, 10));
  });

  it('is not deceived by the key that an earlier check left behind', async () => {
    const manager = await keyManager();
    expect((await check(manager, ['Writer'])).passed).toBe(true);
    const { passed, results } = await check(manager, ['ReaderPlus']);
    expect([passed, results['stored_key_create']]).toEqual([false, 'failed']);
    expect((await check(manager)).passed).toBe(true);
    const { resources = [] } = await kms<{ resources?: unknown[] }>(manager, 'GET', '/keys?extractable=true');
    expect(resources).toEqual([]);
  });
});
