import { EngineHarness, FakeRootKey } from '@lib/testing';

const HOUR_MS = 3_600_000;
const CALL = { correlationId: 'c' as never };

describe('a destroyed key', () => {
  let harness: EngineHarness;
  let id: string;
  let stored: string;
  /** Before the key was destroyed, and after it was made. */
  let before: Date;

  beforeEach(async () => {
    harness = new EngineHarness();
    id = await harness.createKey();
    stored = harness.keyManager.storedKeys()[0]!.id;
    harness.clock.advance(HOUR_MS);
    before = harness.clock.now();
    harness.clock.advance(1000);
  });
  const destroy = () => harness.perform('Destroy', { uniqueIdentifier: id });
  const there = () => harness.keyManager.storedKeys().map((key) => key.id);
  const alarms = () => harness.logs.filter(({ fields }) => fields['alarm'] === 'destroyed_key_returned');
  async function reconcileAfter(ms: number) {
    harness.clock.advance(ms);
    return harness.reconcile();
  }
  /** How many rounds of an hour look at the key manager. */
  async function roundsWithCalls(hours: number): Promise<number> {
    let rounds = 0;
    for (let hour = 0; hour < hours; hour += 1) {
      const calls = harness.keyManager.calls.length;
      await reconcileAfter(HOUR_MS);
      if (harness.keyManager.calls.length > calls) rounds += 1;
    }
    return rounds;
  }

  it('is looked for again three times, the last time when no fail-over can bring it back, and never after', async () => {
    await destroy();
    const begun = harness.clock.now().getTime();
    expect(await roundsWithCalls(9)).toBe(2);
    expect(harness.store.laterLooks.all()).toMatchObject([{ looks: 2 }]);
    expect(await roundsWithCalls(48)).toBe(1);
    expect(harness.clock.now().getTime() - begun).toBeGreaterThan(10 * HOUR_MS);
    expect(harness.store.laterLooks.all()).toHaveLength(0);
    expect(alarms()).toHaveLength(0);
  });

  it.each([0, 600_000, HOUR_MS, 9.9 * HOUR_MS])(
    'that comes back %d ms later is deleted again, with a record',
    async (ms) => {
      await destroy();
      harness.clock.advance(ms);
      await harness.reconcile();
      harness.keyManager.rollBack(before);
      expect(there()).toStrictEqual([stored]);
      expect(await reconcileAfter(10 * HOUR_MS)).toMatchObject({ returned: [id], failed: [] });
      expect(there()).toHaveLength(0);
      expect(alarms()).toHaveLength(1);
      expect(harness.store.audits.at(-1)).toMatchObject({
        action: 'vmware-solutions.kmip-key.reconcile',
        target: { id },
        details: { step: 'destroyed key had come back, deleted again', storedKeys: 1 },
      });
      const { recoverableUntil } = harness.store.objects()[0]!;
      expect(recoverableUntil).toEqual(new Date(harness.clock.now().getTime() + 30 * 24 * HOUR_MS));
      // That deletion can be undone as well.
      harness.keyManager.rollBack(before);
      await roundsWithCalls(12);
      expect(there()).toHaveLength(0);
      expect(harness.store.laterLooks.all()).toHaveLength(0);
    },
  );

  it('is found by its id while a search does not show it', async () => {
    await destroy();
    harness.keyManager.rollBack(before);
    harness.keyManager.findKeysByName = () => Promise.resolve([]);
    expect(await reconcileAfter(600_000)).toMatchObject({ returned: [id] });
    expect(there()).toHaveLength(0);
  });

  it('goes with a copy that a search showed to nobody, and not with what is nobody’s proven key', async () => {
    const { keyManager } = harness;
    const payload = await keyManager.fetchKey(CALL, stored);
    const name = keyManager.storedKeys()[0]!.name;
    const search = keyManager.findKeysByName.bind(keyManager);
    keyManager.findKeysByName = () => Promise.resolve([]);
    await keyManager.storeKey(CALL, name, payload);
    const unknown = await keyManager.storeKey(CALL, name, Buffer.from('{}'));
    await destroy();
    expect(there()).toHaveLength(2);
    keyManager.findKeysByName = search;
    expect(await reconcileAfter(600_000)).toMatchObject({ returned: [id] });
    expect(there()).toStrictEqual([unknown.id]);
    expect(harness.kept).toContain('damaged');
  });

  it.each(['fetchKey', 'deleteKey', 'findKeysByName'] as const)(
    'is looked for an hour later where %s fails, however often',
    async (method) => {
      await destroy();
      harness.keyManager.rollBack(before);
      harness.keyManager.failNext(method, 'unavailable', { times: 3 });
      for (let count = 0; count < 3; count += 1) {
        expect(await reconcileAfter(HOUR_MS)).toMatchObject({ failed: [id], returned: [] });
        expect(await reconcileAfter(60_000)).toMatchObject({ failed: [], returned: [] });
      }
      expect(await reconcileAfter(HOUR_MS)).toMatchObject({ failed: [], returned: [id] });
      expect(there()).toHaveLength(0);
    },
  );

  it('is given up after a week without an answer, and that is said', async () => {
    await destroy();
    harness.keyManager.credentialAccepted = false;
    expect(await roundsWithCalls(24 * 9)).toBeLessThanOrEqual(24 * 7);
    expect(harness.store.laterLooks.all()).toHaveLength(0);
    expect(harness.logs.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { uniqueIdentifier: id } }]);
  });

  it('stays while we may not delete, which is said with each look', async () => {
    await destroy();
    harness.keyManager.rollBack(before);
    harness.keyManager.role = 'writer';
    expect(await reconcileAfter(600_000)).toMatchObject({ returned: [] });
    expect(harness.kept).toStrictEqual(['may_not_delete']);
    expect(there()).toStrictEqual([stored]);
    harness.keyManager.role = 'manager';
    expect(await reconcileAfter(HOUR_MS)).toMatchObject({ returned: [id] });
  });

  it('is looked for where it lay, though another root key is bound by now', async () => {
    await destroy();
    harness.keyManager.rollBack(before);
    const rootKey = new FakeRootKey();
    const { keyManager } = harness;
    const newer = new EngineHarness({ keyManager: keyManager.withRootKey(rootKey) });
    const scope = { ...harness.reconcileScope(), keyManager: newer.keyManager, rootKeyId: rootKey.id };
    harness.clock.advance(600_000);
    expect(await harness.reconciler().run(scope)).toMatchObject({ returned: [] });
    expect(harness.store.laterLooks.all()).toMatchObject([{ looks: 0 }]);
    harness.clock.advance(HOUR_MS);
    const keyManagerOf = (rootKeyId: string) => (rootKeyId === keyManager.rootKey.id ? keyManager : undefined);
    expect(await harness.reconciler().run({ ...scope, keyManagerOf })).toMatchObject({ returned: [id] });
  });

  it('waits like every destruction while a restored catalog is held', async () => {
    await destroy();
    harness.keyManager.rollBack(before);
    harness.clock.advance(HOUR_MS);
    const held = { ...harness.reconcileScope(), destructionsWait: true };
    expect(await harness.reconciler().run(held)).toMatchObject({ returned: [], failed: [] });
    expect(there()).toStrictEqual([stored]);
    expect(await harness.reconcile()).toMatchObject({ returned: [id] });
  });

  it('is not deleted again by a catalog in which it is not destroyed', async () => {
    const restore = harness.store.backup();
    await destroy();
    const [look] = harness.store.laterLooks.all();
    harness.keyManager.rollBack(before);
    restore();
    harness.store.laterLooks.add(harness.store.objects()[0]!, look!.destroyedAt);
    expect(await reconcileAfter(HOUR_MS)).toMatchObject({ returned: [] });
    expect(there()).toStrictEqual([stored]);
    await expect(harness.fetch(id)).resolves.toHaveLength(32);
  });
});
