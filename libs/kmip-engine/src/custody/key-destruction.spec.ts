import { type KeyManagerFault } from '@lib/key-manager';
import { CustodySweep, type StoredState } from '@lib/kmip-engine';
import { EngineHarness, FakeKeyManager, type KeyManagerMethod } from '@lib/testing';

const DAY_MS = 86_400_000;

const stateOf = (harness: EngineHarness): StoredState | undefined => harness.store.objects()[0]?.state;

describe('destruction of a key', () => {
  let harness: EngineHarness;
  let id: string;
  beforeEach(async () => {
    harness = new EngineHarness();
    id = await harness.createKey();
  });
  const destroy = () => harness.refusal('Destroy', { uniqueIdentifier: id });

  it('deletes the stored key and keeps what is known of it', async () => {
    await harness.perform('Destroy', { uniqueIdentifier: id });
    expect(harness.keyManager.storedKeys()).toHaveLength(0);
    expect(harness.store.objects()).toMatchObject([{ state: 'Destroyed', destroyDate: harness.clock.now() }]);
    expect(harness.store.objects()[0]?.custody).toBeUndefined();
    expect(await harness.refusal('Get', { uniqueIdentifier: id })).toMatchObject({ code: 'key_destroyed' });
    expect(await destroy()).toStrictEqual({ reason: 'PermissionDenied', code: 'already_destroyed' });
  });

  it('is recorded before and after', async () => {
    await harness.perform('Destroy', { uniqueIdentifier: id });
    expect(harness.store.audits.slice(1)).toMatchObject([
      { action: 'vmware-solutions.kmip-key.destroy', outcome: 'success', details: { step: 'requested' } },
      { action: 'vmware-solutions.kmip-key.destroy', outcome: 'success', details: { step: 'completed' } },
    ]);
  });

  it('says until when the key manager can give the key back', async () => {
    await harness.perform('Destroy', { uniqueIdentifier: id });
    const until = new Date(harness.clock.now().getTime() + 30 * DAY_MS);
    expect(harness.store.objects()).toMatchObject([{ recoverableUntil: until }]);
    expect(harness.store.audits.map(({ details }) => details?.['recoverableUntil'])).toEqual([
      undefined,
      undefined,
      until.toISOString(),
    ]);
  });

  it('takes the word of the key manager for it, and of several copies the latest', async () => {
    await copy();
    const days = [20, 25];
    const deleteKey = harness.keyManager.deleteKey.bind(harness.keyManager);
    const untils = days.map((day) => new Date(harness.clock.now().getTime() + day * DAY_MS));
    const answers = [...untils].reverse();
    harness.keyManager.deleteKey = async (...args) => {
      await deleteKey(...args);
      return answers.shift() ?? new Date(0);
    };
    await harness.perform('Destroy', { uniqueIdentifier: id });
    expect(harness.store.objects()).toMatchObject([{ recoverableUntil: untils[1] }]);
  });

  it('of a key that the tenant deleted at an unknown time, says when it is over at the latest', async () => {
    harness.keyManager.deleteStoredKey(harness.keyManager.storedKeys()[0]!.id);
    harness.keyManager.role = 'writer';
    harness.clock.advance(DAY_MS);
    await harness.perform('Destroy', { uniqueIdentifier: id });
    const until = new Date(harness.clock.now().getTime() + 30 * DAY_MS);
    expect(harness.store.objects()).toMatchObject([{ recoverableUntil: until }]);
  });

  it('never pretends: a Writer may not, the key lives on, and the message says who may', async () => {
    harness.keyManager.role = 'writer';
    const answer = await harness.attempt('Destroy', { uniqueIdentifier: id });
    expect(answer.resultMessage).toContain('service role Manager');
    expect(await destroy()).toStrictEqual({ reason: 'PermissionDenied', code: 'destroy_needs_manager' });
    expect(stateOf(harness)).toBe('PreActive');
    await expect(harness.fetch(id)).resolves.toHaveLength(32);
    expect(harness.store.audits.filter(({ outcome }) => outcome === 'failure')).toMatchObject([
      { reason: 'destroy_needs_manager', details: { step: 'withdrawn' } },
      { reason: 'destroy_needs_manager', details: { step: 'withdrawn' } },
    ]);
  });

  it('needs no Manager once the tenant has deleted the stored key', async () => {
    harness.keyManager.deleteStoredKey(harness.keyManager.storedKeys()[0]!.id);
    harness.keyManager.role = 'writer';
    await harness.perform('Destroy', { uniqueIdentifier: id });
    expect(stateOf(harness)).toBe('Destroyed');
  });

  const copy = async (change: (payload: Buffer) => Buffer = (payload) => payload) => {
    const call = { correlationId: 'c' as never };
    const [original] = harness.keyManager.storedKeys();
    const payload = await harness.keyManager.fetchKey(call, original!.id);
    return (await harness.keyManager.storeKey(call, original!.name, change(payload))).id;
  };

  it('takes the stored key that a move made, also by a catalog of before the move', async () => {
    const former = harness.keyManager;
    const current = new FakeKeyManager({ clock: harness.clock });
    const bound = {
      keyManager: current,
      rootKeyId: current.rootKey.id,
      keyManagerOf: (rootKeyId: string) => [former, current].find(({ rootKey }) => rootKey.id === rootKeyId),
    };
    const restore = harness.store.backup();
    const sweep = new CustodySweep(harness.background);
    const source = { keyManager: former, rootKeyId: former.rootKey.id };
    await sweep.leave({ ...harness.reconcileScope(), ...bound }, source);
    expect(current.storedKeys()).toHaveLength(1);
    restore();
    await harness.perform('Destroy', { uniqueIdentifier: id }, { scope: bound });
    expect([...current.storedKeys(), ...former.storedKeys()]).toEqual([]);
  });

  it('takes every stored key of the object, also one that a broken-off move left behind', async () => {
    await copy();
    await harness.perform('Destroy', { uniqueIdentifier: id });
    expect(harness.keyManager.storedKeys()).toHaveLength(0);
  });

  it('is done beside a stored key of the same name that cannot be the key, which stays', async () => {
    const other = await copy(() => Buffer.from('{}'));
    await harness.perform('Destroy', { uniqueIdentifier: id });
    expect(harness.keyManager.storedKeys().map((stored) => stored.id)).toStrictEqual([other]);
    expect(harness.logs).toMatchObject([{ fields: { storedKeyId: other, why: 'damaged' } }]);
  });

  it('is not done while a stored key is left that may be the key, and says so', async () => {
    const other = await copy((payload) => Buffer.from(payload.toString().replace('"v":1', '"v":99')));
    expect(await destroy()).toMatchObject({ code: 'destroy_unsettled' });
    expect(stateOf(harness)).toBe('PreActive');
    expect(harness.keyManager.storedKeys().map((stored) => stored.id)).toStrictEqual([other]);
    harness.keyManager.deleteStoredKey(other);
    harness.clock.advance(600_001);
    expect((await harness.reconcile()).destroyed).toStrictEqual([id]);
  });

  it('that was left behind waits while the catalog does not know where the key lies, until it is asked for again', async () => {
    const [object] = harness.store.objects();
    const moved = await copy();
    harness.keyManager.deleteStoredKey(object!.custody!.storedKeyId);
    harness.store.overwrite({ ...object!, destroyRequestedAt: harness.clock.now() });
    harness.clock.advance(600_001);
    expect(await harness.reconcile()).toMatchObject({ destroyed: [], failed: [id] });
    expect(harness.keyManager.storedKeys().map((stored) => stored.id)).toStrictEqual([moved]);
    await harness.perform('Destroy', { uniqueIdentifier: id });
    expect(harness.keyManager.storedKeys()).toHaveLength(0);
  });

  it('takes a copy that a lagging search shows only after the named one is gone', async () => {
    const { keyManager } = harness;
    const call = { correlationId: 'c' as never };
    const payload = await keyManager.fetchKey(call, keyManager.storedKeys()[0]!.id);
    await keyManager.storeKey(call, `vmware_kmip_${id}`, payload);
    const search = keyManager.findKeysByName.bind(keyManager);
    keyManager.findKeysByName = () => {
      keyManager.findKeysByName = search;
      return Promise.resolve([]);
    };
    await harness.perform('Destroy', { uniqueIdentifier: id });
    expect(keyManager.storedKeys()).toHaveLength(0);
  });

  it('gives nothing back when the named stored key is gone and only the second search is refused', async () => {
    harness.keyManager.failNext('findKeysByName', 'overloaded', { after: 1 });
    expect(await destroy()).toStrictEqual({ reason: 'GeneralFailure', code: 'destroy_unsettled' });
    expect(await harness.refusal('Get', { uniqueIdentifier: id })).toMatchObject({ code: 'key_being_destroyed' });
    harness.clock.advance(60_001);
    expect((await harness.reconcile()).destroyed).toStrictEqual([id]);
  });

  it('is not completed by a region that failed over and does not know the key', async () => {
    harness.keyManager.failOver(new Date(harness.clock.now().getTime() - 60_000));
    expect(await destroy()).toStrictEqual({ reason: 'GeneralFailure', code: 'destroy_unsettled' });
    harness.clock.advance(3_600_000);
    expect(await harness.reconcile()).toMatchObject({ destroyed: [], failed: [id] });
    harness.keyManager.failBack();
    expect(harness.keyManager.storedKeys()).toHaveLength(1);
    expect((await harness.reconcile()).destroyed).toStrictEqual([id]);
    expect(harness.keyManager.storedKeys()).toHaveLength(0);
  });

  it('is completed without the stored key once no fail-over can hide it any more', async () => {
    harness.keyManager.failOver(new Date(harness.clock.now().getTime() - 60_000));
    await destroy();
    harness.clock.advance(10 * 3_600_000);
    expect((await harness.reconcile()).destroyed).toStrictEqual([id]);
  });

  it('waits in a catalog that was restored, served no longer, until it is released; Get and Create go on', async () => {
    const scope = { destructionsWait: true };
    const other = await harness.createKey();
    const destruction = harness.refusal('Destroy', { uniqueIdentifier: id }, { scope });
    expect(await destruction).toStrictEqual({ reason: 'GeneralFailure', code: 'destroy_waits' });
    expect(await harness.refusal('Get', { uniqueIdentifier: id })).toMatchObject({ code: 'key_being_destroyed' });
    await expect(harness.perform('Get', { uniqueIdentifier: other }, { scope })).resolves.toBeDefined();
    harness.clock.advance(600_001);
    const reconciler = harness.reconciler();
    expect(await reconciler.run({ ...harness.reconcileScope(), ...scope })).toMatchObject({
      kept: [id],
      destroyed: [],
    });
    expect(harness.keyManager.storedKeys()).toHaveLength(2);
    expect(await harness.reconcile()).toMatchObject({ destroyed: [id] });
  });

  it('touches no stored key of another object', async () => {
    const other = await harness.createKey();
    await harness.perform('Destroy', { uniqueIdentifier: id });
    await expect(harness.fetch(other)).resolves.toHaveLength(32);
  });

  const refusals: readonly (readonly [KeyManagerFault, string, string])[] = [
    ['refused', 'PermissionDenied', 'destroy_refused'],
    ['credential_rejected', 'PermissionDenied', 'key_manager_credential'],
    ['overloaded', 'GeneralFailure', 'key_manager_crowded'],
  ];
  it.each(refusals)('gives the key back when the deletion certainly was not done: %s', async (fault, reason, code) => {
    harness.keyManager.failNext('deleteKey', fault);
    expect(await destroy()).toStrictEqual({ reason, code });
    expect(harness.store.objects()[0]?.destroyRequestedAt).toBeUndefined();
    await expect(harness.fetch(id)).resolves.toHaveLength(32);
  });

  it.each([true, false])('serves the key no longer while the outcome is unknown (deleted: %s)', async (deleted) => {
    harness.keyManager.failNext('deleteKey', 'timeout', { afterEffect: true });
    if (!deleted) harness.keyManager.deleteKey = lostRequest(harness);
    expect(await destroy()).toStrictEqual({ reason: 'GeneralFailure', code: 'destroy_unsettled' });
    expect(stateOf(harness)).toBe('PreActive');
    expect(await harness.refusal('Get', { uniqueIdentifier: id })).toMatchObject({ code: 'key_being_destroyed' });
    expect(await harness.refusal('Activate', { uniqueIdentifier: id })).toMatchObject({ code: 'key_being_destroyed' });

    expect((await harness.reconcile()).destroyed).toHaveLength(0);
    harness.clock.advance(60_001);
    expect((await harness.reconcile()).destroyed).toStrictEqual([id]);
    expect(stateOf(harness)).toBe('Destroyed');
    expect(harness.keyManager.storedKeys()).toHaveLength(0);
    expect(await harness.reconcile()).toMatchObject({ destroyed: [], failed: [] });
  });

  it('can be repeated by the client while it is unsettled', async () => {
    harness.keyManager.failNext('deleteKey', 'timeout', { afterEffect: true });
    await destroy();
    await harness.perform('Destroy', { uniqueIdentifier: id });
    expect(stateOf(harness)).toBe('Destroyed');
  });

  it('is withdrawn by the reconciler when the key manager refuses it for good', async () => {
    harness.keyManager.failNext('deleteKey', 'timeout', { afterEffect: false });
    harness.keyManager.deleteKey = lostRequest(harness);
    await destroy();
    harness.keyManager.role = 'writer';
    harness.clock.advance(60_001);
    expect((await harness.reconcile()).withdrawn).toStrictEqual([id]);
    await expect(harness.fetch(id)).resolves.toHaveLength(32);
  });

  it('is done once when two gateways are asked at once, and both say so', async () => {
    const other = harness.anotherGateway();
    await Promise.all([
      harness.perform('Destroy', { uniqueIdentifier: id }),
      other.perform('Destroy', { uniqueIdentifier: id }),
    ]);
    expect(harness.store.objects()).toMatchObject([{ state: 'Destroyed' }]);
    expect(harness.keyManager.storedKeys()).toHaveLength(0);
  });

  it('is refused once and for all when two gateways are asked at once and may not', async () => {
    harness.keyManager.role = 'writer';
    const other = harness.anotherGateway();
    const answers = await Promise.all([destroy(), other.refusal('Destroy', { uniqueIdentifier: id })]);
    expect(answers.map(({ code }) => code)).toStrictEqual(['destroy_needs_manager', 'destroy_needs_manager']);
    expect(harness.store.objects()[0]?.destroyRequestedAt).toBeUndefined();
    await expect(harness.fetch(id)).resolves.toHaveLength(32);
  });

  it('of a key without a stored key, as after a rebuilt catalog, needs nothing of the key manager', async () => {
    const { custody, ...object } = harness.store.objects()[0]!;
    expect(custody).toBeDefined();
    harness.store.overwrite(object);
    expect(await harness.refusal('Get', { uniqueIdentifier: id })).toMatchObject({ code: 'stored_key_deleted' });
    const calls = harness.keyManager.calls.length;
    await harness.perform('Destroy', { uniqueIdentifier: id });
    expect(stateOf(harness)).toBe('Destroyed');
    expect(harness.keyManager.calls).toHaveLength(calls);
  });

  it('leaves an Active key alone', async () => {
    await harness.perform('Activate', { uniqueIdentifier: id });
    expect(await destroy()).toStrictEqual({ reason: 'PermissionDenied', code: 'destroy_active' });
    expect(harness.keyManager.callsOf('deleteKey')).toHaveLength(0);
  });
});

/** The next deletion never arrives, and its sender cannot know. */
function lostRequest({ keyManager }: EngineHarness): EngineHarness['keyManager']['deleteKey'] {
  const deleteKey = keyManager.deleteKey.bind(keyManager);
  return async (context) => {
    keyManager.deleteKey = deleteKey;
    keyManager.recover();
    keyManager.failNext('findKeysByName', 'timeout', { afterEffect: true });
    await keyManager.findKeysByName(context, 'nothing');
    throw new Error('the fault before was to end it');
  };
}

type Step =
  | { readonly at: 'catalog'; readonly method: 'mutate' | 'find'; readonly skip: number }
  | { readonly at: 'key manager'; readonly method: KeyManagerMethod; readonly fault: KeyManagerFault };

const steps: readonly Step[] = [
  { at: 'catalog', method: 'mutate', skip: 0 },
  { at: 'catalog', method: 'mutate', skip: 1 },
  { at: 'key manager', method: 'findKeysByName', fault: 'timeout' },
  { at: 'key manager', method: 'deleteKey', fault: 'timeout' },
  { at: 'key manager', method: 'deleteKey', fault: 'unavailable' },
];
const cases = steps.flatMap((step) => [false, true].map((afterEffect) => ({ ...step, afterEffect })));

/** Each step of Destroy fails before or after its effect. */
describe.each(cases)('Destroy with $method failing (after effect: $afterEffect)', (step) => {
  it('claims no destroyed key that could be served, and serves no key that was deleted', async () => {
    const harness = new EngineHarness();
    const id = await harness.createKey();
    if (step.at === 'catalog') failNth(harness, step.skip, step.afterEffect);
    else harness.keyManager.failNext(step.method, step.fault, step);
    const answer = await harness.attempt('Destroy', { uniqueIdentifier: id });
    harness.store.recover();
    harness.keyManager.recover();

    const consistent = () => {
      const destroyed = stateOf(harness) === 'Destroyed';
      if (destroyed) expect(harness.keyManager.storedKeys()).toHaveLength(0);
      if (answer.resultStatus === 0) expect(destroyed).toBe(true);
    };
    consistent();
    harness.clock.advance(600_001);
    expect((await harness.reconcile()).failed).toHaveLength(0);
    consistent();
    expect(harness.store.objects()[0]?.destroyRequestedAt).toBeUndefined();
    if (stateOf(harness) === 'PreActive') await expect(harness.fetch(id)).resolves.toHaveLength(32);
  });
});

/** Lets `skip` mutations pass and makes the next one fail. */
function failNth({ store }: EngineHarness, skip: number, afterEffect: boolean): void {
  const mutate = store.mutate.bind(store);
  let passed = 0;
  store.mutate = async (...args) => {
    if (passed++ !== skip) return mutate(...args);
    store.failNext('mutate', { afterEffect });
    return mutate(...args);
  };
}
