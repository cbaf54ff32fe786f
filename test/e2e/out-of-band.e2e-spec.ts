import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { canary, type KeyManager } from '@lib/key-manager';
import { type RootKeyBinding } from '@lib/tenancy';
import { ObjectType } from '@lib/kmip-protocol';

import { createLocalCloud, type LocalCloud } from '../../apps/local-cloud/src/local-cloud';
import { remedyOf, troubleOf } from '../../apps/management-api/src/tenant-api/root-key/trouble-words';
import { admin, context } from './support/key-protect-tenant';
import { HOUR_S, OutOfBandTenant } from './support/out-of-band-tenant';

/** What a message has to say: its words, and the code at its end. */
type Told = 'served' | RegExp;

/** What a tenant does to the key manager behind the product's back. */
interface Change {
  readonly what: string;
  /** Done to a root key that another one has taken the place of: the key lies under it still. */
  readonly toFormer?: true;
  readonly act: (tenant: OutOfBandTenant) => Promise<unknown>;
  readonly get: Told;
  readonly create: Told;
  readonly destroy?: RegExp;
  /** What the tenant API says once a test value went through it; absent where there is nothing to say. */
  readonly api?: RegExp;
}

const KEY_REFUSED =
  /rejects the API key.*deleted, is locked, disabled or has expired.*service ID.*\[key_manager_credential\]/;
const ROLE_REFUSED =
  /refuses the service ID.*was lowered.*key ring.*not active.*private endpoints only.*allowedIP.*\[key_manager_permission\]/;
const API_KEY_TOLD = /IAM refuses the API key.*deleted, is locked, disabled or has expired/;
const API_ROLE_TOLD = /refuses the service ID.*lowered.*key ring.*not active.*allowedNetwork.*allowedIP/;

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
    what: 'a former root key disabled',
    toFormer: true,
    act: (w) => w.rootKey('disable'),
    get: /is disabled in the key manager.*\(former root key [0-9a-f-]+; .*\[root_key_disabled\]/,
    create: 'served',
    api: /Former root key [0-9a-f-]+ is disabled/,
  },
  {
    what: 'a former root key disabled and enabled',
    toFormer: true,
    act: async (w) => {
      await w.rootKey('disable');
      await w.pass(31);
      await w.rootKey('enable');
    },
    get: 'served',
    create: 'served',
  },
  {
    what: 'a former root key deleted',
    toFormer: true,
    act: (w) => w.tenant.manage('DELETE', `/keys/${w.rootKeyId}`),
    get: /was deleted.*Restore it there within 30 days.*former root key [0-9a-f-]+.*\[root_key_deleted\]/,
    create: 'served',
    api: /Former root key [0-9a-f-]+ was deleted.*30 days/,
  },
  {
    what: 'a former root key deleted and restored',
    toFormer: true,
    act: async (w) => {
      await w.tenant.manage('DELETE', `/keys/${w.rootKeyId}`);
      await w.pass(31);
      await w.tenant.manage('POST', `/keys/${w.rootKeyId}/restore`);
    },
    get: 'served',
    create: 'served',
  },
  {
    what: 'a former root key purged',
    toFormer: true,
    act: (w) => w.purge(w.rootKeyId),
    get: /does not know the root key.*purged.*former root key [0-9a-f-]+.*\[root_key_missing\]/,
    create: 'served',
    api: /does not know former root key [0-9a-f-]+: it was purged/,
  },
  {
    what: 'a former root key expired',
    toFormer: true,
    act: (w) => w.pass(29 * 24 * HOUR_S),
    get: 'served',
    create: 'served',
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
    what: 'the instance open to addresses that are not ours',
    act: (w) => w.policy('allowedIP', { allowed_ip: ['203.0.113.0/24'] }),
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
  it.each(CHANGES)('$what', async ({ toFormer, act, get, create, destroy, api }) => {
    const worker = await OutOfBandTenant.open(cloud);
    try {
      if (toFormer) await worker.bindAnother();
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
});

const codeIn = ({ source }: RegExp): string => /\\\[(\w+)\\\]/.exec(source)?.[1] ?? source;

function expectTold({ resultMessage }: { readonly resultMessage?: string | undefined }, told: Told): void {
  if (told === 'served') expect(resultMessage).toBeUndefined();
  else expect(resultMessage).toMatch(told);
}

/** As the tenant API words what a test value met; empty when all went well. */
async function toldByApi(
  { rootKeyId, boundId, storedKeyId }: OutOfBandTenant,
  keyManager: KeyManager,
): Promise<string> {
  const isFormer = boundId !== undefined;
  const { outcomes } = await canary(keyManager, context(), { wraps: !isFormer, stored: { id: storedKeyId } });
  const met = [...outcomes.values()].find((error) => error !== undefined);
  if (met === undefined) return '';
  const trouble = { fault: met.fault, reasonCode: met.details.reasonCode };
  expect(remedyOf('key_protect', trouble)).toMatch(/^[A-Z].*\.$/);
  return troubleOf({ rootKeyId, status: isFormer ? 'retiring' : 'active' } as RootKeyBinding, trouble);
}
