import { newCorrelationId, Secret, toInstanceId } from '@lib/kernel';
import { type KeyManager, preflight } from '@lib/key-manager';
import { CloudAccount, connectKeyManager, EndpointGuard, KeyManagerRegistry } from '@lib/key-protect';
import { describeKeyManagerContract } from '@lib/testing';
import { randomUUID } from 'node:crypto';

import { createLocalCloud, type LocalCloud } from '../../apps/local-cloud/src/local-cloud';

const context = () => ({ correlationId: newCorrelationId() });
const THIRTY_DAYS_MS = 30 * 86_400_000;

interface Seeded {
  readonly account: { readonly id: string };
  readonly instance: { readonly id: string; readonly endpoints: { readonly public: string } };
  readonly serviceId: { readonly iamId: string };
  readonly apiKey: { readonly id: string; readonly apikey: string };
  readonly iamUrl: string;
  readonly resourceControllerUrl: string;
}

/** The adapter against the stand-in for IAM and Key Protect, over HTTP and with real tokens. */
class Tenant {
  private constructor(
    private readonly cloud: LocalCloud,
    readonly seeded: Seeded,
    readonly registry: KeyManagerRegistry,
    private readonly managerToken: string,
  ) {}

  static async open(cloud: LocalCloud, serviceName: 'kms' | 'hs-crypto' = 'kms'): Promise<Tenant> {
    const seeded = await admin<Seeded>(cloud, '/seed', { instance: { serviceName }, roles: ['Viewer', 'Manager'] });
    const registry = new KeyManagerRegistry({
      iamUrl: seeded.iamUrl,
      endpoints: new EndpointGuard({ templates: [seeded.instance.endpoints.public], regions: ['us-south'] }),
    });
    const { access_token: token } = await admin<{ access_token: string }>(cloud, '/tokens', {
      iamId: seeded.serviceId.iamId,
    });
    return new Tenant(cloud, seeded, registry, token);
  }

  bind(apiKey: string, rootKeyId: string): KeyManager {
    return this.registry.for({
      instanceId: toInstanceId(randomUUID()),
      bindingId: 'b1',
      version: '1',
      baseUrl: this.seeded.instance.endpoints.public,
      keyManagerGuid: this.seeded.instance.id,
      rootKeyId,
      openApiKey: () => Secret.fromText(apiKey),
    });
  }

  async apiKeyWith(role: 'Reader' | 'Writer'): Promise<string> {
    const { iamId } = await admin<{ iamId: string }>(this.cloud, '/service-ids', { accountId: this.seeded.account.id });
    const resource = { serviceInstance: this.seeded.instance.id };
    await admin(this.cloud, '/policies', { iamId, roles: [role], resource });
    return (await admin<{ apikey: string }>(this.cloud, '/api-keys', { iamId })).apikey;
  }

  /** As the tenant's own administrator, in the key manager's console. */
  async manage(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.seeded.instance.endpoints.public}/api/v2${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.managerToken}`,
        'bluemix-instance': this.seeded.instance.id,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  }

  async createRootKey(): Promise<string> {
    const type = 'application/vnd.ibm.kms.key+json';
    const expirationDate = new Date(this.cloud.clock.now().getTime() + THIRTY_DAYS_MS).toISOString();
    const answer = await this.manage('POST', '/keys', {
      metadata: { collectionType: type, collectionTotal: 1 },
      resources: [{ type, name: 'crk', extractable: false, expirationDate: `${expirationDate.slice(0, 19)}Z` }],
    });
    return (answer as { resources: { id: string }[] }).resources[0]!.id;
  }
}

async function admin<T>(cloud: LocalCloud, path: string, body: object, method = 'POST'): Promise<T> {
  const response = await fetch(`${cloud.adminUrl}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

let cloud: LocalCloud;
beforeAll(async () => {
  cloud = await (await createLocalCloud()).start();
});
afterAll(() => cloud.close());

describe.each(['kms', 'hs-crypto'] as const)('%s', (serviceName) => {
  describeKeyManagerContract('KeyProtectKeyManager', async () => {
    const tenant = await Tenant.open(cloud, serviceName);
    const { apikey } = tenant.seeded.apiKey;
    const rootKeyId = await tenant.createRootKey();
    const act = async (action: string): Promise<void> => {
      await tenant.manage('POST', `/keys/${rootKeyId}/actions/${action}`);
    };
    return {
      keyManager: tenant.bind(apikey, rootKeyId),
      asWriter: tenant.bind(await tenant.apiKeyWith('Writer'), rootKeyId),
      asReader: tenant.bind(await tenant.apiKeyWith('Reader'), rootKeyId),
      withOtherRootKey: tenant.bind(apikey, await tenant.createRootKey()),
      withUnknownRootKey: tenant.bind(apikey, randomUUID()),
      rotateRootKey: () => act('rotate'),
      disableRootKey: () => act('disable'),
      enableRootKey: async () => {
        // The service wants 30 s between disable and enable.
        await admin(cloud, '/clock', { advanceSeconds: 31 });
        await act('enable');
      },
      expireRootKey: async () => {
        await admin(cloud, '/clock', { advanceSeconds: THIRTY_DAYS_MS / 1_000 + 1 });
      },
      deleteRootKey: async () => {
        await tenant.manage('DELETE', `/keys/${rootKeyId}`);
      },
      deleteStoredKey: async (id) => {
        await tenant.manage('DELETE', `/keys/${id}`);
      },
      close: async () => {
        await tenant.registry.close();
      },
    };
  });
});

describe('a tenant who changes its mind', () => {
  let tenant: Tenant;
  let keyManager: KeyManager;
  beforeEach(async () => {
    tenant = await Tenant.open(cloud);
    keyManager = tenant.bind(tenant.seeded.apiKey.apikey, await tenant.createRootKey());
    await keyManager.wrap(context(), []);
  });
  afterEach(() => tenant.registry.close());

  it('by revoking all tokens loses nothing: a fresh one is fetched once', async () => {
    await fetch(`${cloud.adminUrl}/tokens/revoke`, { method: 'POST' });
    await expect(keyManager.storeKey(context(), 'after-revocation', Buffer.from('x'))).resolves.toBeDefined();
  });

  it('by locking the API key is obeyed when the token ends', async () => {
    await admin(cloud, `/api-keys/${tenant.seeded.apiKey.id}`, { locked: true }, 'PATCH');
    await fetch(`${cloud.adminUrl}/tokens/revoke`, { method: 'POST' });
    await expect(keyManager.wrap(context(), [])).rejects.toMatchObject({ fault: 'credential_rejected' });
  });

  it('by forbidding the import of standard keys is told which policy forbids it', async () => {
    const policyData = { enabled: true, attributes: { import_standard_key: false } };
    await tenant.manage('PUT', '/instance/policies?policy=keyCreateImportAccess', {
      metadata: { collectionType: 'application/vnd.ibm.kms.policy+json', collectionTotal: 1 },
      resources: [{ policy_type: 'keyCreateImportAccess', policy_data: policyData }],
    });
    await expect(keyManager.storeKey(context(), 'forbidden', Buffer.from('x'))).rejects.toMatchObject({
      fault: 'refused',
      message: expect.stringContaining('keyCreateImportAccess') as string,
      details: { reasonCode: 'KEY_CREATE_IMPORT_ACCESS_ERR', certainlyNotDone: true },
    });
  });

  it('cannot be reached with the credential of another tenant', async () => {
    const other = await Tenant.open(cloud);
    const intruder = tenant.bind(other.seeded.apiKey.apikey, await tenant.createRootKey());
    await expect(intruder.wrap(context(), [])).rejects.toMatchObject({ fault: 'permission_denied' });
    await other.registry.close();
  });
});

describe('an HPCS instance', () => {
  it('whose administrators have not loaded a master key is reported as such', async () => {
    const tenant = await Tenant.open(cloud, 'hs-crypto');
    const keyManager = tenant.bind(tenant.seeded.apiKey.apikey, await tenant.createRootKey());
    await admin(cloud, `/instances/${tenant.seeded.instance.id}`, { initialized: false }, 'PATCH');
    await expect(keyManager.wrap(context(), [])).rejects.toMatchObject({
      fault: 'unavailable',
      message: expect.stringContaining('not initialised') as string,
    });
    await tenant.registry.close();
  });
});

describe('setting up a binding', () => {
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await Tenant.open(cloud);
  });
  afterAll(() => tenant.registry.close());

  it('finds out whose key it is, which key managers it sees and where they are', async () => {
    const { apiKey, account, instance, serviceId } = tenant.seeded;
    const cloudAccount = await CloudAccount.open(tenant.seeded, Secret.fromText(apiKey.apikey));
    await expect(cloudAccount.describeApiKey()).resolves.toMatchObject({
      iamId: serviceId.iamId,
      accountId: account.id,
      ofServiceId: true,
    });
    const found = { guid: instance.id, kind: 'key_protect', region: 'us-south', endpoints: instance.endpoints };
    expect(await cloudAccount.listKeyManagers()).toContainEqual(expect.objectContaining(found));
    await expect(cloudAccount.findKeyManager(instance.id)).resolves.toMatchObject(found);
    await expect(cloudAccount.findKeyManager(randomUUID())).resolves.toBeUndefined();
  });

  it('lists root keys, and tries a binding with each role', async () => {
    const rootKeyId = await tenant.createRootKey();
    const { instance, apiKey, iamUrl } = tenant.seeded;
    const endpoints = new EndpointGuard({ templates: [instance.endpoints.public], regions: ['us-south'] });
    const keys = [apiKey.apikey, await tenant.apiKeyWith('Writer'), await tenant.apiKeyWith('Reader')];
    const usable: boolean[] = [];
    for (const key of keys) {
      const connection = connectKeyManager(
        { iamUrl, endpoints },
        {
          instanceId: toInstanceId(randomUUID()),
          baseUrl: instance.endpoints.public,
          keyManagerGuid: instance.id,
          rootKeyId,
          openApiKey: () => Secret.fromText(key),
        },
      );
      const rootKeys = await connection.listRootKeys(context());
      expect(rootKeys.map(({ id }) => id)).toContain(rootKeyId);
      expect(rootKeys.every(({ isRootKey }) => isRootKey)).toBe(true);
      expect(await connection.listRootKeyVersions(context())).toMatchObject([{ id: rootKeyId }]);
      if (key === apiKey.apikey) {
        expect(await connection.listKeyRings(context())).toContain('default');
        expect(await connection.listPolicies(context())).toEqual([]);
      }
      usable.push((await preflight(connection.keyManager, newCorrelationId())).usable);
      await connection.close();
    }
    expect(usable).toEqual([true, true, false]);
  });
});
