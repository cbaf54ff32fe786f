import { newCorrelationId, Secret, toInstanceId } from '@lib/kernel';
import {
  type CallLimits,
  DEFAULT_CALL_LIMITS,
  EndpointGuard,
  type KeyManager,
  KeyManagerRegistry,
} from '@lib/key-manager';
import { connectKeyProtect } from '@lib/key-protect';
import { type KeyManagerHarness } from '@lib/testing';
import { randomUUID } from 'node:crypto';

import { type LocalCloud } from '../../../apps/local-cloud/src/local-cloud';

export const context = () => ({ correlationId: newCorrelationId() });
const THIRTY_DAYS_MS = 30 * 86_400_000;

interface Seeded {
  readonly account: { readonly id: string };
  readonly instance: { readonly id: string; readonly crn: string; readonly endpoints: { readonly public: string } };
  readonly serviceId: { readonly iamId: string };
  readonly apiKey: { readonly id: string; readonly apikey: string };
  readonly iamUrl: string;
  readonly resourceControllerUrl: string;
}

/** The adapter against the stand-in for IAM and Key Protect, over HTTP and with real tokens. */
export class Tenant {
  private constructor(
    private readonly cloud: LocalCloud,
    readonly seeded: Seeded,
    readonly registry: KeyManagerRegistry,
    private readonly managerToken: string,
  ) {}

  static async open(
    cloud: LocalCloud,
    serviceName: 'kms' | 'hs-crypto' = 'kms',
    limits: CallLimits = DEFAULT_CALL_LIMITS,
  ): Promise<Tenant> {
    const seeded = await admin<Seeded>(cloud, '/seed', { instance: { serviceName }, roles: ['Viewer', 'Manager'] });
    const settings = {
      iamUrl: seeded.iamUrl,
      limits,
      endpoints: new EndpointGuard({ templates: [seeded.instance.endpoints.public], regions: ['us-south'] }),
    };
    const registry = new KeyManagerRegistry((binding) => connectKeyProtect(settings, binding));
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
      kind: 'key_protect',
      keyManager: this.seeded.instance.crn,
      rootKeyId,
      openCredential: () => Secret.fromText(apiKey),
    });
  }

  async apiKeyWith(...roles: readonly ('Reader' | 'Writer' | 'KeyPurge')[]): Promise<string> {
    const { iamId } = await admin<{ iamId: string }>(this.cloud, '/service-ids', { accountId: this.seeded.account.id });
    const resource = { serviceInstance: this.seeded.instance.id };
    await admin(this.cloud, '/policies', { iamId, roles, resource });
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
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
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

export async function admin<T>(cloud: LocalCloud, path: string, body: object, method = 'POST'): Promise<T> {
  const response = await fetch(`${cloud.adminUrl}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** A tenant with every role, and what it can do in its console. */
export async function keyManagerHarness(
  cloud: LocalCloud,
  serviceName: 'kms' | 'hs-crypto',
  limits?: CallLimits,
): Promise<KeyManagerHarness> {
  const tenant = await Tenant.open(cloud, serviceName, limits);
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
    purging: {
      asPurger: tenant.bind(await tenant.apiKeyWith('Writer', 'KeyPurge'), rootKeyId),
      pass: async (milliseconds) => {
        await admin(cloud, '/clock', { advanceSeconds: milliseconds / 1_000 });
      },
    },
    close: async () => {
      await tenant.registry.close();
    },
  };
}
