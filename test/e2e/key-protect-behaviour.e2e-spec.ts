import { Secret } from '@lib/kernel';
import { type CallLimits, DEFAULT_CALL_LIMITS, type KeyManager, KeyManagerError } from '@lib/key-manager';
import { CloudAccount } from '@lib/key-protect';
import { describeKeyManagerContract, EngineHarness, ManualClock } from '@lib/testing';

import { UNKIND } from '../../apps/local-cloud/src/behaviour';
import { createLocalCloud, type LocalCloud } from '../../apps/local-cloud/src/local-cloud';
import { admin, context, keyManagerHarness, Tenant } from './support/key-protect-tenant';

/** Whatever the real services may do although they need not: all of it at once. */
const EVERYTHING = {
  ...UNKIND,
  // The region failed over an hour ago.
  rollBackMinutes: 60,
};

const error = (status: number, code: string): object => ({
  kind: 'status',
  status,
  body: {
    metadata: { collectionType: 'application/vnd.ibm.kms.error+json', collectionTotal: 1 },
    resources: [{ errorMsg: 'Error', reasons: [{ code, message: 'Error', status, moreInfo: '' }] }],
  },
});
/** Now and then, and never for what the tests do in the tenant's own name. */
const FAULTS = [
  { match: { operations: ['secrets.unwrap'] }, effect: error(422, 'UNPROCESSABLE_CIPHERTEXT_ERR'), every: 7 },
  { match: { operations: ['secrets.read'] }, effect: error(500, 'INCOMPLETE_METADATA_ERR'), every: 9 },
  { match: { operations: ['secrets.wrap'] }, effect: { kind: 'page', status: 499 }, every: 8 },
  { match: { operations: ['secrets.list'] }, effect: { kind: 'page', status: 408 }, every: 6 },
  // Without a Retry-After.
  { match: { operations: ['secrets.wrap'] }, effect: { kind: 'status', status: 429 }, skip: 4, count: 2, every: 20 },
];

/** What is refused again and again uses up the repetitions that the faults need. */
const PATIENT: CallLimits = {
  ...DEFAULT_CALL_LIMITS,
  retryBudget: { ...DEFAULT_CALL_LIMITS.retryBudget, reserve: 20 },
};

let cloud: LocalCloud;
beforeAll(async () => {
  cloud = await (await createLocalCloud()).start();
});
afterAll(() => cloud.close());

const faults = async (...wanted: readonly object[]): Promise<void> => {
  await fetch(`${cloud.adminUrl}/faults`, { method: 'DELETE' });
  for (const fault of wanted) await admin(cloud, '/faults', fault);
};
beforeEach(() => admin(cloud, '/behaviour', EVERYTHING));

describe('with everything on that the real services may do', () => {
  beforeAll(() => faults(...FAULTS));
  afterAll(() => faults());

  describeKeyManagerContract('KeyProtectKeyManager', async () => ({
    ...(await keyManagerHarness(cloud, 'kms', PATIENT)),
    searchLag: EVERYTHING.searchLag,
  }));
});

describe('a dialogue with everything on', () => {
  let tenant: Tenant;
  let rootKeyId: string;
  let keyManager: KeyManager;
  let harness: EngineHarness;
  beforeEach(async () => {
    tenant = await Tenant.open(cloud, 'kms', PATIENT);
    rootKeyId = await tenant.createRootKey();
    keyManager = tenant.bind(tenant.seeded.apiKey.apikey, rootKeyId);
    harness = new EngineHarness({ clock: new ManualClock(cloud.clock.now()), bound: { keyManager, rootKeyId } });
  });
  afterEach(async () => {
    await faults();
    await tenant.registry.close();
  });

  const liveKeys = async (): Promise<number> => {
    const response = await fetch(`${cloud.adminUrl}/instances/${tenant.seeded.instance.id}/keys`);
    const keys = (await response.json()) as { extractable: boolean; deletedAt?: string }[];
    return keys.filter(({ extractable, deletedAt }) => extractable && deletedAt === undefined).length;
  };

  it('creates, gets, rotates the root key, gets and destroys', async () => {
    await faults(...FAULTS);
    const id = await harness.createKey();
    const bytes = await harness.fetch(id);
    await tenant.manage('POST', `/keys/${rootKeyId}/actions/rotate`);
    for (let times = 0; times < 5; times += 1) expect(await harness.fetch(id)).toEqual(bytes);
    await harness.moveToNewest();
    expect(await harness.fetch(id)).toEqual(bytes);
    await harness.perform('Destroy', { uniqueIdentifier: id });
    expect(await harness.refusal('Get', { uniqueIdentifier: id })).toMatchObject({ code: 'key_destroyed' });
    expect(await liveKeys()).toBe(0);
  });

  it.each([
    ['a page in place of the answer', { kind: 'page', status: 408, when: 'after' }],
    ['a reset', { kind: 'reset', when: 'after' }],
    ['a 500', { kind: 'status', status: 500, when: 'after' }],
  ])('never stores a key twice when %s hides what became of it', async (_what, effect) => {
    await admin(cloud, '/behaviour', { searchLag: 0 });
    await faults({ match: { operations: ['secrets.create'] }, effect, count: 1 });
    const id = await harness.createKey();
    await expect(harness.fetch(id)).resolves.toHaveLength(32);
    expect(await liveKeys()).toBe(1);
  });

  it('puts off a key of the hour that a fail-over lost, and serves it when the region is back', async () => {
    await admin(cloud, '/behaviour', { rollBackMinutes: 0 });
    const id = await harness.createKey();
    const bytes = await harness.fetch(id);
    await admin(cloud, '/behaviour', { rollBackMinutes: 1 });
    expect(await harness.refusal('Get', { uniqueIdentifier: id })).toMatchObject({ code: 'stored_key_absent' });
    await admin(cloud, '/behaviour', { rollBackMinutes: 0 });
    expect(await harness.fetch(id)).toEqual(bytes);
  });

  it('is not told that a key is gone when the whole instance is', async () => {
    const stored = await keyManager.storeKey(context(), 'of-a-removed-instance', Buffer.from('x'));
    await admin(cloud, `/instances/${tenant.seeded.instance.id}`, { state: 'removed' }, 'PATCH');
    const outcome: unknown = await keyManager.fetchKey(context(), stored.id).catch((caught: unknown) => caught);
    expect(outcome).toBeInstanceOf(KeyManagerError);
    expect(outcome).toMatchObject({ fault: 'refused', details: { httpStatus: 410 } });
    const account = await CloudAccount.open(tenant.seeded, Secret.fromText(tenant.seeded.apiKey.apikey));
    await expect(account.findKeyManager(tenant.seeded.instance.id)).resolves.toBeUndefined();
  });

  it('keeps its token when IAM refuses a renewal for a reason of its own', async () => {
    await keyManager.wrap(context(), []);
    const body = { errorCode: 'BXNIM9999E', errorMessage: 'Try later.' };
    await faults({ match: { operations: ['token.create'] }, effect: { kind: 'status', status: 401, body } });
    await expect(keyManager.wrap(context(), [])).resolves.toBeDefined();
    const fresh = tenant.bind(tenant.seeded.apiKey.apikey, rootKeyId);
    await expect(fresh.wrap(context(), [])).rejects.toMatchObject({
      fault: 'unavailable',
      details: { reasonCode: 'BXNIM9999E' },
    });
    await faults();
    await expect(fresh.wrap(context(), [])).resolves.toBeDefined();
  });
});
