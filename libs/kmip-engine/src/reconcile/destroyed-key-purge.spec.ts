import { EngineHarness, FakeRootKey } from '@lib/testing';

import { type ReconcileScope } from './background';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('a destroyed key of an instance that wants it purged', () => {
  let harness: EngineHarness;
  let id: string;
  let stored: string;
  let name: string;

  beforeEach(async () => {
    harness = new EngineHarness();
    harness.keyManager.role = 'purger';
    id = await harness.createKey();
    const [key] = harness.keyManager.storedKeys();
    stored = key!.id;
    name = key!.name;
  });
  const destroy = () => harness.perform('Destroy', { uniqueIdentifier: id });
  const object = () => harness.store.objects()[0]!;
  const records = () =>
    harness.keyManager
      .records()
      .filter(({ purgedAt }) => purgedAt === undefined)
      .map((record) => record.id);
  const purges = () => harness.store.audits.filter(({ action }) => action.endsWith('kmip-key.purge'));
  const calls = () => harness.keyManager.callsOf('purgeKey').map(({ target }) => target);
  /** One process, which looks each hour. */
  async function pass(hours: number, changes: Partial<ReconcileScope> = {}): Promise<Set<string>> {
    const reconciler = harness.reconciler();
    const purged = new Set<string>();
    for (let hour = 0; hour < hours; hour += 1) {
      harness.clock.advance(HOUR_MS);
      const scope = { ...harness.reconcileScope(), purgeDestroyedKeys: true, ...changes };
      for (const each of (await reconciler.run(scope)).purged) purged.add(each);
    }
    return purged;
  }

  it('is purged when no fail-over can bring it back, once, with a record', async () => {
    await destroy();
    await pass(9);
    expect(records()).toEqual([stored]);
    expect(object().purgedAt).toBeUndefined();
    expect([...(await pass(4))]).toEqual([id]);
    expect(records()).toEqual([]);
    expect(object().purgedAt).toBeInstanceOf(Date);
    await pass(48);
    expect(calls()).toEqual([stored]);
    expect(purges()).toMatchObject([
      { outcome: 'success', initiator: { kind: 'system' }, target: { id }, details: { storedKeys: 1, left: 0 } },
    ]);
    expect(harness.store.laterLooks.all()).toEqual([]);
    expect(harness.kept).toEqual([]);
  });

  it('is not purged where the instance does not want it', async () => {
    await destroy();
    await pass(48, { purgeDestroyedKeys: false });
    expect(records()).toEqual([stored]);
    expect(harness.keyManager.callsOf('findDeletedKeys')).toEqual([]);
    expect(harness.store.laterLooks.all()).toEqual([]);
  });

  it('stays destroyed without the role, which is said with the remedy, recorded once, and tried for a week', async () => {
    harness.keyManager.role = 'manager';
    await destroy();
    const { recoverableUntil } = object();
    await pass(24 * 10);
    expect(records()).toEqual([stored]);
    expect(object()).toMatchObject({ state: 'Destroyed', recoverableUntil });
    expect(object().purgedAt).toBeUndefined();
    expect(new Set(harness.kept)).toEqual(new Set(['may_not_purge']));
    expect(calls().length).toBeLessThanOrEqual(8);
    expect(purges()).toMatchObject([
      {
        outcome: 'failure',
        reason: 'may_not_purge',
        details: { remedy: expect.stringContaining('KeyPurge') as string },
      },
    ]);
    expect(harness.logs.some(({ fields }) => String(fields['remedy']).includes('KeyPurge'))).toBe(true);
    expect(harness.store.laterLooks.all()).toEqual([]);
  });

  it('is purged when the role is given within that week', async () => {
    harness.keyManager.role = 'manager';
    await destroy();
    await pass(24);
    harness.keyManager.role = 'purger';
    expect([...(await pass(48))]).toEqual([id]);
    expect(records()).toEqual([]);
  });

  it('asks a key manager that refuses not for each key', async () => {
    harness.keyManager.role = 'manager';
    const others = [await harness.createKey(), await harness.createKey()];
    for (const each of [id, ...others]) await harness.perform('Destroy', { uniqueIdentifier: each });
    await pass(13);
    expect(calls()).toHaveLength(1);
    expect(harness.kept).toHaveLength(3);
  });

  it.each(['refused', 'unavailable', 'timeout'] as const)(
    'is purged later where the purge ends in %s',
    async (fault) => {
      await destroy();
      harness.keyManager.failNext('purgeKey', fault);
      await pass(60);
      expect(records()).toEqual([]);
      expect(object().purgedAt).toBeInstanceOf(Date);
    },
  );

  it.each(['purgeKey', 'findDeletedKeys'] as const)('is purged once where the answer of %s is lost', async (method) => {
    await destroy();
    harness.keyManager.failNext(method, 'unavailable', { afterEffect: true });
    await pass(60);
    expect(records()).toEqual([]);
    expect(purges()).toHaveLength(1);
    expect(object().purgedAt).toBeInstanceOf(Date);
  });

  it.each(['mutate', 'find'] as const)('is told of though %s of the catalog failed in between', async (method) => {
    await destroy();
    await pass(10);
    harness.store.failNext(method, { times: 2 });
    await pass(40);
    expect(records()).toEqual([]);
    expect(object().purgedAt).toBeInstanceOf(Date);
    expect(purges()).toHaveLength(1);
  });

  it('waits while the key manager asks for more time', async () => {
    await destroy();
    const { keyManager } = harness;
    const purgeKey = keyManager.purgeKey.bind(keyManager);
    keyManager.purgeKey = () => Promise.resolve('too_early');
    await pass(14);
    expect(object().purgedAt).toBeUndefined();
    keyManager.purgeKey = purgeKey;
    await pass(2);
    expect(records()).toEqual([]);
  });

  it('takes what moves have left along', async () => {
    harness.keyManager.rotate();
    await harness.moveToNewest();
    expect(records()).toHaveLength(2);
    await destroy();
    await pass(13);
    expect(records()).toEqual([]);
    expect(purges()).toMatchObject([{ details: { storedKeys: 2, left: 0 } }]);
  });

  it('leaves what merely has its name, which is said, and stays restorable until then', async () => {
    const { keyManager } = harness;
    const planted = keyManager.plant(name, Buffer.from('a stranger’s'));
    keyManager.deleteStoredKey(planted);
    harness.clock.advance(5 * DAY_MS);
    await destroy();
    await pass(60);
    expect(records()).toEqual([planted]);
    expect(harness.kept).toContain('not_named');
    expect(object().purgedAt).toBeUndefined();
    const deletedAt = keyManager.records().find((record) => record.id === planted)!.deletedAt!;
    expect(object().recoverableUntil).toEqual(new Date(deletedAt.getTime() + 30 * DAY_MS));
    expect(purges()).toMatchObject([{ details: { storedKeys: 1, left: 1 } }]);
  });

  it('is not called purged while a key manager that is bound no more may still restore it', async () => {
    harness.store.laterLooks.leave(object().uniqueIdentifier, {
      storedKeyId: 'elsewhere',
      rootKeyId: 'unbound',
      leftAt: harness.clock.now(),
    });
    await destroy();
    const { recoverableUntil } = object();
    await pass(60);
    expect(records()).toEqual([]);
    expect(object()).toMatchObject({ recoverableUntil });
    expect(object().purgedAt).toBeUndefined();
  });

  it('is purged in the key manager it lay in, though another root key is bound by now', async () => {
    await destroy();
    const { keyManager } = harness;
    const rootKey = new FakeRootKey();
    const bound = { keyManager: new EngineHarness({ clock: harness.clock }).keyManager, rootKeyId: rootKey.id };
    const keyManagerOf = (rootKeyId: string) => (rootKeyId === keyManager.rootKey.id ? keyManager : undefined);
    expect([...(await pass(13, { ...bound, keyManagerOf }))]).toEqual([id]);
    expect(records()).toEqual([]);
  });

  it('is neither purged nor looked at while a restored catalog is held', async () => {
    await destroy();
    await pass(48, { destructionsWait: true });
    expect(records()).toEqual([stored]);
    expect(harness.keyManager.callsOf('findDeletedKeys')).toEqual([]);
    expect([...(await pass(13))]).toEqual([id]);
  });

  it('is purged by a catalog of yesterday once more, harmlessly', async () => {
    await destroy();
    const restore = harness.store.backup();
    await pass(13);
    restore();
    expect(object().purgedAt).toBeUndefined();
    await pass(13);
    expect(calls()).toEqual([stored]);
    expect(object().purgedAt).toBeInstanceOf(Date);
  });

  it('is not purged by a catalog of yesterday in which it is not destroyed', async () => {
    const restore = harness.store.backup();
    await destroy();
    const [look] = harness.store.laterLooks.all();
    restore();
    harness.store.laterLooks.add(object(), look!.destroyedAt);
    await pass(48);
    expect(records()).toEqual([stored]);
    expect(calls()).toEqual([]);
  });

  it('is not purged on the word of a note: only an order does that', async () => {
    await destroy();
    const noted = { ...object() };
    delete (noted as { recoverableUntil?: Date }).recoverableUntil;
    harness.store.overwrite(noted);
    await pass(48);
    expect(records()).toEqual([stored]);
    expect(calls()).toEqual([]);
  });

  it('that a roll-back has brought back after the purge is purged again', async () => {
    await destroy();
    await pass(11);
    expect(records()).toEqual([]);
    harness.keyManager.rollBack(new Date(harness.clock.now().getTime() - 30 * 60_000));
    await pass(1);
    harness.keyManager.rollBack(new Date(harness.clock.now().getTime() - 2 * HOUR_MS));
    expect(records()).toEqual([stored]);
    expect([...(await pass(12))]).toEqual([id]);
    expect(records()).toEqual([]);
    expect(purges()).toHaveLength(2);
    await pass(24);
    expect(harness.store.laterLooks.all()).toEqual([]);
  });
});
