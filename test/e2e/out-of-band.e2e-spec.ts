import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { canary, type KeyManager } from '@lib/key-manager';
import { EngineHarness, ManualClock } from '@lib/testing';
import { type RootKeyBinding } from '@lib/tenancy';
import { ObjectType } from '@lib/kmip-protocol';

import { createLocalCloud, type LocalCloud } from '../../apps/local-cloud/src/local-cloud';
import { remedyOf, troubleOf } from '../../apps/management-api/src/tenant-api/root-key/trouble-words';
import { admin, context, Tenant } from './support/key-protect-tenant';

const HOUR_S = 3_600;
/** Long enough ago that no fail-over hides what was stored then, and a purge fits in. */
const LONG_AGO_S = 12 * HOUR_S;

/** What a message has to say: its words, and the code at its end. */
type Told = 'served' | RegExp;

/** What a tenant does to the key manager behind the product's back. */
interface Change {
  readonly what: string;
  readonly act: (tenant: Worker) => Promise<unknown>;
  readonly get: Told;
  readonly create: Told;
  readonly destroy?: RegExp;
  /** What the tenant API says once a test value went through it; absent where there is nothing to say. */
  readonly api?: RegExp;
}

/** A tenant with a service ID of its own for the product, and a key. */
class Worker {
  storedKeyId = '';
  readonly harness: EngineHarness;
  key = '';

  private constructor(
    private readonly cloud: LocalCloud,
    readonly tenant: Tenant,
    readonly iamId: string,
    readonly apiKey: { readonly id: string; readonly apikey: string },
    readonly rootKeyId: string,
  ) {
    const keyManager = tenant.bind(apiKey.apikey, rootKeyId);
    const clock = new ManualClock(cloud.clock.now());
    this.harness = new EngineHarness({ clock, bound: { keyManager, rootKeyId } });
  }

  static async open(cloud: LocalCloud): Promise<Worker> {
    await admin(cloud, '/clock', { reset: true });
    await admin(cloud, '/clock', { advanceSeconds: -LONG_AGO_S });
    const tenant = await Tenant.open(cloud);
    const { account, instance } = tenant.seeded;
    const { iamId } = await admin<{ iamId: string }>(cloud, '/service-ids', { accountId: account.id });
    const apiKey = await admin<{ id: string; apikey: string }>(cloud, '/api-keys', { iamId });
    const worker = new Worker(cloud, tenant, iamId, apiKey, await tenant.createRootKey());
    await worker.allow(['Manager'], { serviceInstance: instance.id });
    worker.key = await worker.harness.createKey();
    worker.storedKeyId = (await worker.harness.store.find(worker.key as never))?.custody?.storedKeyId ?? '';
    return worker;
  }

  allow(roles: readonly string[], resource: object): Promise<unknown> {
    return admin(this.cloud, '/policies', { iamId: this.iamId, roles, resource });
  }

  /** In place of the role it has. */
  async onlyAllow(roles: readonly string[], resource: object = {}): Promise<void> {
    const response = await fetch(`${this.cloud.adminUrl}/policies?iamId=${this.iamId}`);
    for (const { id } of (await response.json()) as { id: string }[]) {
      await fetch(`${this.cloud.adminUrl}/policies/${id}`, { method: 'DELETE' });
    }
    await this.allow(roles, { serviceInstance: this.tenant.seeded.instance.id, ...resource });
  }

  pass(seconds: number): Promise<unknown> {
    return admin(this.cloud, '/clock', { advanceSeconds: seconds });
  }

  rootKey(action: string): Promise<unknown> {
    return this.tenant.manage('POST', `/keys/${this.rootKeyId}/actions/${action}`);
  }

  policy(type: string, attributes?: object): Promise<unknown> {
    const resource = { policy_type: type, policy_data: { enabled: true, ...(attributes && { attributes }) } };
    const metadata = { collectionType: 'application/vnd.ibm.kms.policy+json', collectionTotal: 1 };
    return this.tenant.manage('PUT', `/instance/policies?policy=${type}`, { metadata, resources: [resource] });
  }

  changeApiKey(changes: object): Promise<unknown> {
    return admin(this.cloud, `/api-keys/${this.apiKey.id}`, changes, 'PATCH');
  }

  /** Nobody edits a stored key by the API; what its owner did by support or another road shows when it is read. */
  async readsAs(payload: string): Promise<void> {
    const read = (await this.tenant.manage('GET', `/keys/${this.storedKeyId}`)) as { resources: object[] };
    const resources = read.resources.map((key) => ({ ...key, payload: Buffer.from(payload).toString('base64') }));
    const match = { operations: ['secrets.read'], about: this.storedKeyId };
    await admin(this.cloud, '/faults', {
      match,
      effect: { kind: 'status', status: 200, body: { ...read, resources } },
    });
  }

  noFaults(): Promise<unknown> {
    return fetch(`${this.cloud.adminUrl}/faults`, { method: 'DELETE' });
  }

  async purge(id: string): Promise<void> {
    await this.allow(['KeyPurge'], { serviceInstance: this.tenant.seeded.instance.id });
    await this.tenant.manage('DELETE', `/keys/${id}`);
    await this.pass(5 * HOUR_S);
    const { iamId } = this.tenant.seeded.serviceId;
    await admin(this.cloud, '/policies', {
      iamId,
      roles: ['KeyPurge'],
      resource: { serviceInstance: this.tenant.seeded.instance.id },
    });
    await this.tenant.manage('DELETE', `/keys/${id}/purge`);
  }

  /** A process that has no token yet. */
  restarted(): { readonly harness: EngineHarness; readonly keyManager: KeyManager } {
    const keyManager = this.tenant.bind(this.apiKey.apikey, this.rootKeyId);
    const { store, instanceId, clock } = this.harness;
    return {
      keyManager,
      harness: new EngineHarness({ clock, store, instanceId, bound: { keyManager, rootKeyId: this.rootKeyId } }),
    };
  }
}

const KEY_REFUSED =
  /rejects the API key.*deleted, is locked, disabled or has expired.*service ID.*\[key_manager_credential\]/;
const ROLE_REFUSED =
  /refuses the service ID.*was lowered.*key ring.*not active.*private endpoints only.*\[key_manager_permission\]/;
const API_KEY_TOLD = /IAM refuses the API key.*deleted, is locked, disabled or has expired/;
const API_ROLE_TOLD = /refuses the service ID.*lowered.*key ring.*not active.*allowedNetwork/;

const CHANGES: readonly Change[] = [
  {
    what: 'a stored key deleted',
    act: (w) => w.tenant.manage('DELETE', `/keys/${w.storedKeyId}`),
    get: /was deleted in the key manager.*Restore.*\[stored_key_deleted\]/,
    create: 'served',
  },
  {
    what: 'a stored key deleted and restored',
    act: async (w) => {
      await w.tenant.manage('DELETE', `/keys/${w.storedKeyId}`);
      await w.pass(31);
      await w.tenant.manage('POST', `/keys/${w.storedKeyId}/restore`);
    },
    get: 'served',
    create: 'served',
  },
  {
    what: 'a stored key purged',
    act: (w) => w.purge(w.storedKeyId),
    get: /purged does not come back.*\[stored_key_deleted\]/,
    create: 'served',
  },
  {
    what: 'a stored key copied',
    act: async (w) => {
      const { resources } = (await w.tenant.manage('GET', `/keys/${w.storedKeyId}`)) as {
        resources: { name: string; payload: string }[];
      };
      const [{ name, payload }] = [resources[0]!];
      const type = 'application/vnd.ibm.kms.key+json';
      await w.tenant.manage('POST', '/keys', {
        metadata: { collectionType: type, collectionTotal: 1 },
        resources: [{ type, name, payload, extractable: true }],
      });
    },
    get: 'served',
    create: 'served',
  },
  {
    what: 'a stored key edited',
    act: (w) => w.readsAs('not what was put there'),
    get: /not what this server put there.*was edited.*\[stored_key_altered\]/,
    create: 'served',
  },
  {
    what: 'a stored key edited back',
    act: async (w) => {
      await w.readsAs('not what was put there');
      await w.restarted().harness.attempt('Get', { uniqueIdentifier: w.key });
      await w.noFaults();
    },
    get: 'served',
    create: 'served',
  },
  {
    what: 'a stored key moved to a ring that the role does not cover',
    act: async (w) => {
      await w.onlyAllow(['Writer'], { keyRing: 'default' });
      await w.tenant.manage('POST', '/key_rings/elsewhere');
      await w.tenant.manage('PATCH', `/keys/${w.storedKeyId}`, { keyRingID: 'elsewhere' });
    },
    get: ROLE_REFUSED,
    create: 'served',
    api: API_ROLE_TOLD,
  },
  {
    what: 'the root key disabled',
    act: (w) => w.rootKey('disable'),
    get: /is disabled in the key manager.*\(root key [0-9a-f-]+; .*\[root_key_disabled\]/,
    create: /\[root_key_disabled\]/,
    api: /Root key [0-9a-f-]+ is disabled/,
  },
  {
    what: 'the root key disabled and enabled',
    act: async (w) => {
      await w.rootKey('disable');
      await w.pass(31);
      await w.rootKey('enable');
    },
    get: 'served',
    create: 'served',
  },
  {
    what: 'the root key deleted',
    act: (w) => w.tenant.manage('DELETE', `/keys/${w.rootKeyId}`),
    get: /was deleted in the key manager.*Restore it there within 30 days.*root key [0-9a-f-]+.*\[root_key_deleted\]/,
    create: /\[root_key_deleted\]/,
    api: /Root key [0-9a-f-]+ was deleted.*30 days/,
  },
  {
    what: 'the root key deleted and restored',
    act: async (w) => {
      await w.tenant.manage('DELETE', `/keys/${w.rootKeyId}`);
      await w.pass(31);
      await w.tenant.manage('POST', `/keys/${w.rootKeyId}/restore`);
    },
    get: 'served',
    create: 'served',
  },
  {
    what: 'the root key purged',
    act: (w) => w.purge(w.rootKeyId),
    get: /does not know the root key.*purged.*root key [0-9a-f-]+.*\[root_key_missing\]/,
    create: /\[root_key_missing\]/,
    api: /does not know root key [0-9a-f-]+: it was purged/,
  },
  {
    what: 'the root key expired',
    act: (w) => w.pass(31 * 24 * HOUR_S),
    get: 'served',
    create: /has expired.*existing keys are served.*root key [0-9a-f-]+.*\[root_key_expired\]/,
    api: /Root key [0-9a-f-]+ has expired/,
  },
  {
    what: 'the API key locked',
    act: (w) => w.changeApiKey({ locked: true }),
    get: KEY_REFUSED,
    create: KEY_REFUSED,
    api: API_KEY_TOLD,
  },
  {
    what: 'the API key disabled',
    act: (w) => w.changeApiKey({ disabled: true }),
    get: KEY_REFUSED,
    create: KEY_REFUSED,
    api: /is disabled in IAM/,
  },
  {
    what: 'the API key expired',
    act: (w) => w.changeApiKey({ expiresAt: '2020-01-01T00:00:00Z' }),
    get: KEY_REFUSED,
    create: KEY_REFUSED,
    api: API_KEY_TOLD,
  },
  {
    what: 'the API key deleted',
    act: (w) => fetch(`${cloud.adminUrl}/api-keys/${w.apiKey.id}`, { method: 'DELETE' }),
    get: KEY_REFUSED,
    create: KEY_REFUSED,
    api: API_KEY_TOLD,
  },
  {
    what: 'the service ID locked',
    act: (w) => admin(cloud, `/service-ids/${w.iamId}`, { locked: true }, 'PATCH'),
    get: KEY_REFUSED,
    create: KEY_REFUSED,
    api: API_KEY_TOLD,
  },
  {
    what: 'the service ID deleted',
    act: (w) => fetch(`${cloud.adminUrl}/service-ids/${w.iamId}`, { method: 'DELETE' }),
    get: KEY_REFUSED,
    create: KEY_REFUSED,
    api: API_KEY_TOLD,
  },
  {
    what: 'the role lowered',
    act: (w) => w.onlyAllow(['Reader']),
    get: ROLE_REFUSED,
    create: ROLE_REFUSED,
    api: API_ROLE_TOLD,
  },
  {
    what: 'the role withdrawn',
    act: (w) => w.onlyAllow(['Viewer']),
    get: ROLE_REFUSED,
    create: ROLE_REFUSED,
    api: API_ROLE_TOLD,
  },
  {
    what: 'the instance open to its private network alone',
    act: (w) => w.policy('allowedNetwork', { allowed_network: 'private-only' }),
    get: ROLE_REFUSED,
    create: ROLE_REFUSED,
    api: API_ROLE_TOLD,
  },
  {
    what: 'the instance inactive',
    act: (w) => admin(cloud, `/instances/${w.tenant.seeded.instance.id}`, { state: 'inactive' }, 'PATCH'),
    get: ROLE_REFUSED,
    create: ROLE_REFUSED,
    api: API_ROLE_TOLD,
  },
  {
    what: 'the import of keys forbidden',
    act: (w) =>
      w.policy('keyCreateImportAccess', {
        create_root_key: true,
        create_standard_key: true,
        import_root_key: true,
        import_standard_key: false,
        enforce_token: false,
      }),
    get: 'served',
    create: /keyCreateImportAccess.*existing keys are served.*\[key_manager_import_forbidden\]/,
  },
  {
    what: 'two people asked for each deletion',
    act: async (w) => {
      await w.policy('dualAuthDelete');
      w.key = await w.harness.createKey();
    },
    get: 'served',
    create: 'served',
    destroy: /two people.*dualAuthDelete.*\[destroy_needs_two\]/,
  },
  {
    // Nothing that a tenant does, and easily taken for the key manager.
    what: 'IAM away',
    act: () =>
      admin(cloud, '/faults', {
        match: { operations: ['token.create'] },
        effect: { kind: 'status', status: 503 },
      }),
    get: /IAM gives no token.*key manager was not asked.*\[iam_unavailable\]/,
    create: /\[iam_unavailable\]/,
    api: /IAM gives no token.*root key [0-9a-f-]+.*may be well/,
  },
];

let cloud: LocalCloud;
beforeAll(async () => {
  cloud = await (await createLocalCloud()).start();
});
afterAll(() => cloud.close());

const aCreate = {
  objectType: ObjectType.SymmetricKey,
  templateAttribute: {
    attributes: [
      { attributeName: 'Cryptographic Algorithm', attributeValue: { type: 'Enumeration', value: 3 } },
      { attributeName: 'Cryptographic Length', attributeValue: { type: 'Integer', value: 256 } },
      { attributeName: 'Cryptographic Usage Mask', attributeValue: { type: 'Integer', value: 12 } },
    ],
  },
} as const;

describe('what a tenant changes in the key manager, behind our back', () => {
  it.each(CHANGES)('$what', async ({ act, get, create, destroy, api }) => {
    const worker = await Worker.open(cloud);
    try {
      await act(worker);
      const { harness, keyManager } = worker.restarted();
      const uniqueIdentifier = worker.key;
      expectTold(await harness.attempt('Get', { uniqueIdentifier }), get);
      expectTold(await harness.attempt('Create', aCreate), create);
      if (destroy !== undefined) expectTold(await harness.attempt('Destroy', { uniqueIdentifier }), destroy);
      expect(await toldByApi(worker, keyManager)).toMatch(api ?? /^$/);
    } finally {
      await worker.noFaults();
      await worker.tenant.registry.close();
    }
  });

  it('is in the documentation, with the code that a client is told', () => {
    const section = readFileSync(join(__dirname, '../../docs/errors.md'), 'utf8').split('\n## ');
    const rows = section.find((text) => text.startsWith('Changes in the key manager'))!.split('\n');
    const told = rows.filter((line) => line.startsWith('| ')).map((line) => line.split('|')[1]!.trim());
    const names = told.filter((name) => name !== 'change' && !name.startsWith('---'));
    expect(names.sort()).toEqual(CHANGES.map(({ what }) => what).sort());
    for (const { what, get, create, destroy } of CHANGES) {
      const row = rows.filter((line) => line.split('|')[1]?.trim() === what);
      expect([what, row.length]).toEqual([what, 1]);
      const codes = [get, create, destroy].flatMap((told) => (told instanceof RegExp ? [codeIn(told)] : []));
      for (const code of codes) expect(row[0]).toContain(`\`${code}\``);
    }
  });

  it('names a former root key as one, by its id', async () => {
    const worker = await Worker.open(cloud);
    const { tenant, rootKeyId: formerId, harness, apiKey, key } = worker;
    const rootKeyId = await tenant.createRootKey();
    const [present, former] = [tenant.bind(apiKey.apikey, rootKeyId), tenant.bind(apiKey.apikey, formerId)];
    const scope = {
      keyManager: present,
      rootKeyId,
      keyManagerOf: (id: string) => (id === formerId ? former : undefined),
    };
    await worker.rootKey('disable');
    const item = await harness.attempt('Get', { uniqueIdentifier: key }, { scope });
    expectTold(item, new RegExp(`is disabled.*\\(former root key ${formerId}; .*\\[root_key_disabled\\]`));
    await tenant.registry.close();
  });
});

const codeIn = ({ source }: RegExp): string => /\\\[(\w+)\\\]/.exec(source)?.[1] ?? source;

function expectTold({ resultMessage }: { readonly resultMessage?: string | undefined }, told: Told): void {
  if (told === 'served') expect(resultMessage).toBeUndefined();
  else expect(resultMessage).toMatch(told);
}

/** As the tenant API words what a test value met; empty when all went well. */
async function toldByApi({ rootKeyId, storedKeyId }: Worker, keyManager: KeyManager): Promise<string> {
  const { outcomes } = await canary(keyManager, context(), { wraps: true, stored: { id: storedKeyId } });
  const met = [...outcomes.values()].find((error) => error !== undefined);
  if (met === undefined) return '';
  const trouble = { fault: met.fault, reasonCode: met.details.reasonCode };
  expect(remedyOf('key_protect', trouble)).toMatch(/^[A-Z].*\.$/);
  return troubleOf({ rootKeyId, status: 'active' } as RootKeyBinding, trouble);
}
