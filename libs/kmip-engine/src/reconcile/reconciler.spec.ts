import { newCorrelationId, newUniqueIdentifier } from '@lib/kernel';
import { Reconciler, storedKeyName } from '@lib/kmip-engine';
import { EngineHarness } from '@lib/testing';

const TEN_MINUTES = 600_000;
const call = { correlationId: 'c' as never };

/** What a Create leaves that died before (0) or after storing the key (1, or more by an unlucky repetition). */
async function deadCreate({ store, keyManager, clock }: EngineHarness, storedKeys: number) {
  const uniqueIdentifier = newUniqueIdentifier();
  const name = storedKeyName(uniqueIdentifier);
  await store.openIntent({ uniqueIdentifier, storedKeyName: name, startedAt: clock.now(), createdBy: 'x' }, 100);
  for (let count = 0; count < storedKeys; count++) await keyManager.storeKey(call, name, Buffer.from('{}'));
  return uniqueIdentifier;
}

describe('the reconciler', () => {
  let harness: EngineHarness;
  beforeEach(() => {
    harness = new EngineHarness();
  });

  it.each([0, 1, 3])('settles a dead Create that stored %s keys, after ten minutes and not before', async (stored) => {
    const id = await deadCreate(harness, stored);
    const living = await harness.createKey();
    expect(await harness.reconcile()).toMatchObject({ abandoned: [] });
    harness.clock.advance(TEN_MINUTES + 1);
    expect(await harness.reconcile()).toMatchObject({ abandoned: [id], failed: [], kept: [] });
    expect(harness.store.intents()).toHaveLength(0);
    expect(harness.keyManager.storedKeys().map(({ name }) => name)).toStrictEqual([`vmware_kmip_${living}`]);
    expect(harness.store.audits.at(-1)).toMatchObject({
      action: 'vmware-solutions.kmip-key.reconcile',
      initiator: { kind: 'system', component: 'reconciler' },
      target: { id },
    });
    expect(await harness.reconcile()).toMatchObject({ abandoned: [], failed: [], kept: [] });
  });

  it('keeps and reports what a Writer may not delete, and settles it once a Manager comes', async () => {
    const id = await deadCreate(harness, 1);
    harness.keyManager.role = 'writer';
    harness.clock.advance(TEN_MINUTES + 1);
    expect(await harness.reconcile()).toMatchObject({ kept: [id], abandoned: [] });
    expect(harness.store.intents()).toHaveLength(1);
    harness.keyManager.role = 'manager';
    expect(await harness.reconcile()).toMatchObject({ kept: [], abandoned: [id] });
    expect(harness.keyManager.storedKeys()).toHaveLength(0);
  });

  it.each(['findKeysByName', 'deleteKey'] as const)('puts off what fails at %s and does the rest', async (method) => {
    const first = await deadCreate(harness, 1);
    harness.clock.advance(1);
    const second = await deadCreate(harness, 1);
    harness.clock.advance(TEN_MINUTES + 1);
    harness.keyManager.failNext(method, 'unavailable');
    expect(await harness.reconcile()).toMatchObject({ failed: [first], abandoned: [second] });
    expect(await harness.reconcile()).toMatchObject({ failed: [], abandoned: [first] });
    expect(harness.keyManager.storedKeys()).toHaveLength(0);
  });

  it.each(['claimIntent', 'record', 'abandonIntent'] as const)('can be cut off at %s and repeated', async (method) => {
    for (const afterEffect of [false, true]) {
      await deadCreate(harness, 1);
      harness.clock.advance(TEN_MINUTES + 1);
      harness.store.failNext(method, { afterEffect });
      await harness.reconcile();
      await harness.reconcile();
      expect(harness.store.intents()).toHaveLength(0);
      expect(harness.keyManager.storedKeys()).toHaveLength(0);
    }
  });

  it('waits with everything while no key manager is bound', async () => {
    const id = await deadCreate(harness, 1);
    harness.clock.advance(TEN_MINUTES + 1);
    const { clock, store, instanceId, logs } = harness;
    const log = (_: unknown, message: string) => logs.push({ level: 'warn', fields: {}, message });
    const logger = { warn: log, error: log };
    const reconciler = new Reconciler({ clock, logger, newCorrelationId, component: 'test' });
    expect(await reconciler.run({ instanceId, store })).toMatchObject({ kept: [id], abandoned: [] });
    expect(store.intents()).toHaveLength(1);
  });

  it('may run twice at once', async () => {
    for (let count = 0; count < 3; count++) await deadCreate(harness, 1);
    harness.clock.advance(TEN_MINUTES + 1);
    const reports = await Promise.all([harness.reconcile(), harness.reconcile()]);
    expect(reports.flatMap(({ failed }) => failed)).toHaveLength(0);
    expect(harness.store.intents()).toHaveLength(0);
  });
});
