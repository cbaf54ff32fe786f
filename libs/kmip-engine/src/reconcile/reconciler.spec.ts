import { newUniqueIdentifier, toUniqueIdentifier, type UniqueIdentifier } from '@lib/kernel';
import { storedKeyName } from '@lib/kmip-engine';
import { EngineHarness, FakeKeyManager, FakeRootKey } from '@lib/testing';

const TEN_MINUTES = 600_000;
const call = { correlationId: 'c' as never };

/**
 * What a Create leaves that died before it stored anything (0), or that was refused after its key was stored (1, or more
 * by an unlucky repetition) and could not delete it.
 */
async function deadCreate(harness: EngineHarness, storedKeys: number): Promise<UniqueIdentifier> {
  const { store, keyManager, clock } = harness;
  const uniqueIdentifier = storedKeys === 0 ? newUniqueIdentifier() : toUniqueIdentifier(await harness.createKey());
  const name = storedKeyName(uniqueIdentifier);
  const custody = (await store.find(uniqueIdentifier))?.custody;
  store.forget(uniqueIdentifier);
  await store.openIntent({ uniqueIdentifier, storedKeyName: name, startedAt: clock.now(), createdBy: 'x' }, 100);
  if (custody === undefined) return uniqueIdentifier;
  const payload = await keyManager.fetchKey(call, custody.storedKeyId);
  for (let count = 1; count < storedKeys; count++) await keyManager.storeKey(call, name, payload);
  await store.refuseIntent(uniqueIdentifier);
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
    expect(await harness.settle()).toMatchObject({ abandoned: [id], failed: [], kept: [] });
    expect(harness.store.intents()).toHaveLength(0);
    expect(harness.keyManager.storedKeys().map(({ name }) => name)).toStrictEqual([`vmware_kmip_${living}`]);
    expect(harness.store.audits.at(-1)).toMatchObject({
      action: 'vmware-solutions.kmip-key.reconcile',
      initiator: { kind: 'system', component: 'reconciler' },
      target: { id },
    });
    expect(await harness.reconcile()).toMatchObject({ abandoned: [], failed: [], kept: [] });
  });

  /** A Create that died after its key was stored and before the catalog had it; or a catalog of before it was acknowledged. */
  async function unfinishedCreate(): Promise<{ readonly id: string; readonly key: Buffer }> {
    const id = await harness.createKey();
    const key = await harness.fetch(id);
    const { uniqueIdentifier } = harness.store.objects()[0]!;
    harness.store.forget(uniqueIdentifier);
    const intent = { uniqueIdentifier, storedKeyName: storedKeyName(uniqueIdentifier), createdBy: 'x' };
    await harness.store.openIntent({ ...intent, startedAt: harness.clock.now() }, 100);
    return { id, key };
  }

  it('takes over the whole key of an unfinished Create, as it may have been acknowledged before a restore', async () => {
    const { id, key } = await unfinishedCreate();
    expect(await harness.reconcile()).toMatchObject({ adopted: [] });
    harness.clock.advance(TEN_MINUTES + 1);
    expect(await harness.reconcile()).toMatchObject({ adopted: [id], abandoned: [], failed: [] });
    expect(harness.store.intents()).toHaveLength(0);
    expect(harness.keyManager.storedKeys()).toHaveLength(1);
    expect(await harness.fetch(id)).toStrictEqual(key);
    expect(harness.store.audits.some(({ details }) => details?.['step'] === 'restored from the key manager')).toBe(
      true,
    );
  });

  it('takes it over for a Writer too, who could not delete it', async () => {
    const { id, key } = await unfinishedCreate();
    harness.keyManager.role = 'writer';
    harness.clock.advance(TEN_MINUTES + 1);
    expect(await harness.reconcile()).toMatchObject({ adopted: [id], kept: [] });
    expect(await harness.fetch(id)).toStrictEqual(key);
  });

  it('leaves one stored key of a store that was repeated', async () => {
    const { id, key } = await unfinishedCreate();
    const [stored] = harness.keyManager.storedKeys();
    await harness.keyManager.storeKey(call, stored!.name, await harness.keyManager.fetchKey(call, stored!.id));
    harness.clock.advance(TEN_MINUTES + 1);
    expect(await harness.reconcile()).toMatchObject({ adopted: [id] });
    expect(harness.keyManager.storedKeys()).toHaveLength(1);
    expect(await harness.fetch(id)).toStrictEqual(key);
  });

  it('keeps the only copy of a key that lies under a root key a restored catalog does not know, until it is bound', async () => {
    const { id, key } = await unfinishedCreate();
    const { keyManager } = harness;
    // The catalog is from before the root key was changed: it binds the former one.
    const former = keyManager.withRootKey(new FakeRootKey());
    const scope = { ...harness.reconcileScope(), keyManager: former, rootKeyId: former.rootKey.id };
    harness.clock.advance(TEN_MINUTES + 1);
    for (let round = 0; round < 3; round += 1) {
      expect(await harness.reconciler().run(scope)).toMatchObject({ kept: [id], abandoned: [], failed: [] });
    }
    expect(keyManager.storedKeys()).toHaveLength(1);
    expect(await harness.reconcile()).toMatchObject({ adopted: [id] });
    expect(await harness.fetch(id)).toStrictEqual(key);
  });

  it('keeps the only copy when the key manager rejects its ciphertext once', async () => {
    const { id, key } = await unfinishedCreate();
    harness.keyManager.failNext('unwrap', 'ciphertext_rejected');
    harness.clock.advance(TEN_MINUTES + 1);
    expect(await harness.reconcile()).toMatchObject({ kept: [id], abandoned: [], failed: [] });
    expect(await harness.reconcile()).toMatchObject({ adopted: [id] });
    expect(await harness.fetch(id)).toStrictEqual(key);
  });

  it('neither takes over nor removes anything while the root key does not unwrap', async () => {
    const { id } = await unfinishedCreate();
    harness.keyManager.disable();
    harness.clock.advance(TEN_MINUTES + 1);
    expect(await harness.reconcile()).toMatchObject({ failed: [id], adopted: [], abandoned: [] });
    expect(harness.keyManager.storedKeys()).toHaveLength(1);
    harness.keyManager.enable();
    expect(await harness.reconcile()).toMatchObject({ adopted: [id] });
  });

  it('keeps and reports what a Writer may not delete, and settles it once a Manager comes', async () => {
    const id = await deadCreate(harness, 1);
    harness.keyManager.role = 'writer';
    harness.clock.advance(TEN_MINUTES + 1);
    expect(await harness.reconcile()).toMatchObject({ kept: [id], abandoned: [] });
    expect(harness.store.intents()).toHaveLength(1);
    harness.keyManager.role = 'manager';
    // Nobody told us: the refusal is believed for an hour.
    harness.clock.advance(3_600_001);
    expect(await harness.settle()).toMatchObject({ kept: [], abandoned: [id] });
    expect(harness.keyManager.storedKeys()).toHaveLength(0);
  });

  it.each(['findKeysByName', 'deleteKey'] as const)('puts off what fails at %s and does the rest', async (method) => {
    const first = await deadCreate(harness, 1);
    harness.clock.advance(1);
    const second = await deadCreate(harness, 1);
    harness.clock.advance(TEN_MINUTES + 1);
    harness.keyManager.failNext(method, 'unavailable');
    expect(await harness.reconcile()).toMatchObject({ failed: [first], clear: [second] });
    expect(await harness.reconcile()).toMatchObject({ failed: [], clear: [first] });
    harness.clock.advance(TEN_MINUTES + 1);
    expect(await harness.reconcile()).toMatchObject({ failed: [], abandoned: [first, second] });
    expect(harness.keyManager.storedKeys()).toHaveLength(0);
  });

  it.each(['claimIntent', 'record', 'abandonIntent'] as const)('can be cut off at %s and repeated', async (method) => {
    for (const afterEffect of [false, true]) {
      await deadCreate(harness, 1);
      harness.clock.advance(TEN_MINUTES + 1);
      harness.store.failNext(method, { afterEffect });
      await harness.settle();
      await harness.settle();
      expect(harness.store.intents()).toHaveLength(0);
      expect(harness.keyManager.storedKeys()).toHaveLength(0);
    }
  });

  it('takes over a key that a search showed late, where one look would have dropped its intent', async () => {
    const { id, key } = await unfinishedCreate();
    const search = harness.keyManager.findKeysByName.bind(harness.keyManager);
    harness.keyManager.findKeysByName = () => Promise.resolve([]);
    harness.clock.advance(TEN_MINUTES + 1);
    expect(await harness.reconcile()).toMatchObject({ clear: [id], abandoned: [] });
    harness.keyManager.findKeysByName = search;
    harness.clock.advance(TEN_MINUTES + 1);
    expect(await harness.reconcile()).toMatchObject({ adopted: [id], abandoned: [] });
    expect(await harness.fetch(id)).toStrictEqual(key);
  });

  it('waits with everything while no key manager is bound', async () => {
    const id = await deadCreate(harness, 1);
    harness.clock.advance(TEN_MINUTES + 1);
    const { store, instanceId } = harness;
    const reconciler = harness.reconciler();
    expect(await reconciler.run({ instanceId, store })).toMatchObject({ kept: [id], abandoned: [] });
    expect(store.intents()).toHaveLength(1);
  });

  it('removes the stored key of a dead Create that began under another root key, in another key manager', async () => {
    const id = await deadCreate(harness, 1);
    harness.clock.advance(TEN_MINUTES + 1);
    const former = { rootKeyId: harness.keyManager.rootKey.id, keyManager: harness.keyManager };
    const keyManager = new FakeKeyManager({ clock: harness.clock });
    const bound = { keyManager, rootKeyId: keyManager.rootKey.id, keyManagerOf: () => former.keyManager };
    const scope = { ...harness.reconcileScope(), ...bound };
    expect(await harness.settle({ ...scope, former: [former] })).toMatchObject({ abandoned: [id] });
    expect(harness.keyManager.storedKeys()).toHaveLength(0);
  });

  it('drops an intent beside a key that is in the catalog, and keeps the key: it was acknowledged', async () => {
    const id = await harness.createKey();
    const intent = { storedKeyName: 'x', startedAt: harness.clock.now(), createdBy: 'x' };
    const { uniqueIdentifier } = harness.store.objects()[0]!;
    await harness.store.openIntent({ ...intent, uniqueIdentifier }, 100);
    harness.clock.advance(TEN_MINUTES + 1);
    expect(await harness.reconcile()).toMatchObject({ abandoned: [id] });
    expect(harness.store.intents()).toHaveLength(0);
    await expect(harness.fetch(id)).resolves.toHaveLength(32);
  });

  it('leaves alone what another one settled between its look and its grasp', async () => {
    await deadCreate(harness, 1);
    const { store } = harness;
    const staleIntents = store.staleIntents.bind(store);
    store.staleIntents = async (...args) => {
      const found = await staleIntents(...args);
      for (const { uniqueIdentifier } of found) await store.abandonIntent(uniqueIdentifier);
      return found;
    };
    harness.clock.advance(TEN_MINUTES + 1);
    expect(await harness.reconcile()).toMatchObject({ abandoned: [], kept: [], failed: [] });
    expect(harness.keyManager.callsOf('deleteKey')).toHaveLength(0);
  });

  it('leaves alone a destruction that was withdrawn or done between its look and its grasp', async () => {
    await harness.createKey();
    const { store } = harness;
    const { uniqueIdentifier } = store.objects()[0]!;
    store.pendingDeletions = () => Promise.resolve([{ uniqueIdentifier, storedKeyId: 'x' }]);
    expect(await harness.reconcile()).toMatchObject({ destroyed: [], withdrawn: [], failed: [] });
    expect(harness.keyManager.storedKeys()).toHaveLength(1);
  });

  it('tries a destruction again whose outcome stays unknown', async () => {
    const id = await harness.createKey();
    harness.store.overwrite({ ...harness.store.objects()[0]!, destroyRequestedAt: harness.clock.now() });
    harness.clock.advance(TEN_MINUTES + 1);
    harness.keyManager.failNext('deleteKey', 'timeout', { afterEffect: true });
    expect(await harness.reconcile()).toMatchObject({ failed: [id], destroyed: [] });
    expect(await harness.reconcile()).toMatchObject({ failed: [], destroyed: [id] });
  });

  it('may run twice at once', async () => {
    for (let count = 0; count < 3; count++) await deadCreate(harness, 1);
    harness.clock.advance(TEN_MINUTES + 1);
    const reports = await Promise.all([harness.reconcile(), harness.reconcile()]);
    await harness.settle();
    expect(reports.flatMap(({ failed }) => failed)).toHaveLength(0);
    expect(harness.store.intents()).toHaveLength(0);
  });
});

describe('the reconciler and moves that were interrupted', () => {
  let harness: EngineHarness;
  let id: string;
  let key: Buffer;
  beforeEach(async () => {
    harness = new EngineHarness();
    id = await harness.createKey();
    key = await harness.fetch(id);
    harness.keyManager.rotate();
  });
  const stored = () => harness.keyManager.storedKeys().map((each) => each.id);
  const custody = () => harness.store.objects()[0]!.custody!;
  const later = () => harness.clock.advance(TEN_MINUTES + 1);

  /** The move after the rotation, which is cut off. */
  async function interrupt(cut: (harness: EngineHarness) => void) {
    cut(harness);
    await harness.moveToNewest().catch(() => undefined);
    expect(await harness.fetch(id)).toStrictEqual(key);
    expect(harness.store.moves.all()).toHaveLength(1);
  }

  const cuts: readonly (readonly [string, number, (harness: EngineHarness) => void])[] = [
    ['before the new stored key', 1, ({ store }) => store.moves.failNext('open', { afterEffect: true })],
    [
      'when the answer about the new stored key was lost',
      2,
      ({ keyManager }) => keyManager.failNext('storeKey', 'timeout', { afterEffect: true }),
    ],
    ['before the swap', 2, ({ store }) => store.moves.failNext('commit')],
    [
      'when the answer about the swap was lost',
      2,
      ({ store }) => store.moves.failNext('commit', { afterEffect: true }),
    ],
    [
      'before the former stored key was deleted',
      2,
      ({ keyManager }) => keyManager.failNext('deleteKey', 'unavailable', { after: 1 }),
    ],
    ['before the note was closed', 1, ({ store }) => store.moves.failNext('close')],
  ];
  it.each(cuts)('%s: leaves the stored key the catalog names, and no other', async (_, left, cut) => {
    await interrupt(cut);
    expect(stored()).toHaveLength(left);
    expect(await harness.reconcile()).toMatchObject({ settled: [] });
    later();
    expect(await harness.settle()).toMatchObject({ settled: [id], kept: [], failed: [] });
    expect(stored()).toStrictEqual([custody().storedKeyId]);
    expect(harness.store.moves.all()).toHaveLength(0);
    expect(await harness.fetch(id)).toStrictEqual(key);
    expect(await harness.anotherGateway().fetch(id)).toStrictEqual(key);
    expect(await harness.reconcile()).toMatchObject({ settled: [] });
  });

  it('records what it removed, and nothing when there was nothing to remove', async () => {
    const before = () => harness.store.audits.filter(({ action }) => action === 'vmware-solutions.kmip-key.reconcile');
    await interrupt(({ store }) => store.moves.failNext('close'));
    later();
    await harness.settle();
    expect(before()).toHaveLength(0);
    harness.clock.advance(3_600_000);
    harness.keyManager.rotate();
    await interrupt(({ store }) => store.moves.failNext('commit'));
    later();
    await harness.settle();
    expect(before()).toMatchObject([{ target: { id }, details: { step: 'move settled' } }]);
  });

  it('a mover that slept through it all neither swaps custody nor leaves a stored key', async () => {
    const release = harness.keyManager.hang('storeKey');
    const sleeping = harness.moveToNewest();
    await new Promise(setImmediate);
    later();
    expect(await harness.settle()).toMatchObject({ settled: [id] });
    const before = custody();
    release();
    await sleeping.catch(() => undefined);
    expect(custody()).toStrictEqual(before);
    later();
    expect(await harness.settle()).toMatchObject({ settled: [id] });
    expect(custody()).toStrictEqual(before);
    expect(stored()).toStrictEqual([before.storedKeyId]);
  });

  it('keeps what may not be deleted, asks again after an hour, and settles it once it may', async () => {
    await interrupt(({ store }) => store.moves.failNext('commit'));
    later();
    harness.keyManager.role = 'writer';
    const reconciler = harness.reconciler();
    const run = () => reconciler.run(harness.reconcileScope());
    const tries = () => harness.keyManager.callsOf('deleteKey').length;
    const first = tries();
    expect(await run()).toMatchObject({ kept: [id], settled: [] });
    expect(await run()).toMatchObject({ kept: [id], settled: [] });
    expect(tries()).toBe(first + 1);
    harness.keyManager.role = 'manager';
    harness.clock.advance(3_600_001);
    expect(await run()).toMatchObject({ kept: [], clear: [id] });
    later();
    expect(await run()).toMatchObject({ kept: [], settled: [id] });
    expect(stored()).toStrictEqual([custody().storedKeyId]);
  });

  it('removes every stored key of a key that was destroyed meanwhile', async () => {
    await interrupt(({ store }) => store.moves.failNext('commit'));
    const destroyed = { state: 'Destroyed', custody: undefined, recoverableUntil: harness.clock.now() };
    harness.store.overwrite({ ...harness.store.objects()[0]!, ...destroyed } as never);
    later();
    expect(await harness.settle()).toMatchObject({ settled: [id] });
    expect(stored()).toHaveLength(0);
  });

  it('deletes nothing of a key that no order of this catalog destroyed, and is done when nothing is there', async () => {
    await interrupt(({ store }) => store.moves.failNext('commit'));
    const destroyed = { state: 'Destroyed', custody: undefined, recoverableUntil: undefined };
    harness.store.overwrite({ ...harness.store.objects()[0]!, ...destroyed } as never);
    later();
    expect(await harness.settle()).toMatchObject({ settled: [], kept: [id] });
    expect(stored()).toHaveLength(2);
    for (const storedKeyId of stored()) harness.keyManager.deleteStoredKey(storedKeyId);
    later();
    expect(await harness.reconcile()).toMatchObject({ clear: [id], settled: [] });
    later();
    expect(await harness.reconcile()).toMatchObject({ settled: [id] });
    expect(harness.store.moves.all()).toHaveLength(0);
  });

  it('leaves them while a restored catalog is held, as what is ordered in it waits', async () => {
    await interrupt(({ store }) => store.moves.failNext('commit'));
    const destroyed = { state: 'Destroyed', custody: undefined, recoverableUntil: harness.clock.now() };
    harness.store.overwrite({ ...harness.store.objects()[0]!, ...destroyed } as never);
    later();
    const held = { ...harness.reconcileScope(), destructionsWait: true };
    expect(await harness.settle(held)).toMatchObject({ kept: [id], settled: [] });
    expect(stored()).toHaveLength(2);
    later();
    expect(await harness.settle()).toMatchObject({ settled: [id] });
    expect(stored()).toHaveLength(0);
  });

  it('removes nothing while the stored key the catalog names is missing: the other may be the only one', async () => {
    await interrupt(({ store }) => store.moves.failNext('commit'));
    harness.keyManager.deleteStoredKey(custody().storedKeyId);
    later();
    expect(await harness.reconcile()).toMatchObject({ kept: [id], settled: [] });
    expect(stored()).toHaveLength(1);
  });

  it.each(['findKeysByName', 'fetchKey', 'deleteKey'] as const)('puts off what fails at %s', async (method) => {
    await interrupt(({ store }) => store.moves.failNext('commit'));
    later();
    harness.keyManager.failNext(method, 'unavailable');
    expect(await harness.reconcile()).toMatchObject({ failed: [id], settled: [] });
    expect(await harness.settle()).toMatchObject({ failed: [], settled: [id] });
    expect(stored()).toStrictEqual([custody().storedKeyId]);
  });

  it('waits while one of the two key managers is not bound', async () => {
    await interrupt(({ store }) => store.moves.failNext('commit'));
    later();
    const scope = { ...harness.reconcileScope(), rootKeyId: 'another root key' };
    expect(await harness.reconciler().run(scope)).toMatchObject({ kept: [id], settled: [] });
    expect(stored()).toHaveLength(2);
  });

  it('leaves alone a move that was closed between its look and its grasp', async () => {
    await interrupt(({ store }) => store.moves.failNext('commit'));
    later();
    const { moves } = harness.store;
    const stale = moves.stale.bind(moves);
    moves.stale = async (...args) => {
      const found = await stale(...args);
      for (const move of found) await moves.close(move);
      return found;
    };
    expect(await harness.reconcile()).toMatchObject({ settled: [], kept: [], failed: [] });
    expect(stored()).toHaveLength(2);
  });

  it('drops the note of a key that is no longer in the catalog, and touches nothing of the tenant', async () => {
    await interrupt(({ store }) => store.moves.failNext('commit'));
    later();
    harness.store.find = () => Promise.resolve(undefined);
    expect(await harness.reconcile()).toMatchObject({ settled: [id] });
    expect(stored()).toHaveLength(2);
    expect(harness.store.moves.all()).toHaveLength(0);
  });

  it('waits while the root key the key came from is bound no longer', async () => {
    await interrupt(({ store }) => store.moves.failNext('commit', { afterEffect: true }));
    const [move] = harness.store.moves.all();
    await harness.store.moves.close(move!);
    await harness.store.moves.open({ ...move!, fromRootKeyId: 'a root key that was unbound' }, 9);
    later();
    expect(await harness.reconcile()).toMatchObject({ kept: [id], settled: [] });
    expect(stored()).toHaveLength(2);
  });

  it('Destroy removes the second stored key as well, wherever the move was going', async () => {
    await interrupt(({ store }) => store.moves.failNext('commit'));
    await harness.perform('Destroy', { uniqueIdentifier: id });
    expect(stored()).toHaveLength(0);
  });

  it('closes no note by one look: a copy that a search showed late goes too', async () => {
    await interrupt(({ store }) => store.moves.failNext('commit'));
    const search = harness.keyManager.findKeysByName.bind(harness.keyManager);
    harness.keyManager.findKeysByName = () => Promise.resolve([]);
    later();
    expect(await harness.reconcile()).toMatchObject({ clear: [id], settled: [] });
    expect(await harness.reconcile()).toMatchObject({ clear: [], settled: [] });
    harness.keyManager.findKeysByName = search;
    later();
    expect(await harness.reconcile()).toMatchObject({ clear: [id], settled: [] });
    expect(stored()).toStrictEqual([custody().storedKeyId]);
    later();
    expect(await harness.reconcile()).toMatchObject({ settled: [id] });
  });

  it('begins to look from the start when something has to stay in between', async () => {
    await interrupt(({ store }) => store.moves.failNext('close'));
    later();
    expect(await harness.reconcile()).toMatchObject({ clear: [id] });
    later();
    const scope = { ...harness.reconcileScope(), rootKeyId: 'another root key' };
    expect(await harness.reconciler().run(scope)).toMatchObject({ kept: [id] });
    expect(await harness.reconcile()).toMatchObject({ clear: [id], settled: [] });
    later();
    expect(await harness.reconcile()).toMatchObject({ settled: [id] });
  });
});
