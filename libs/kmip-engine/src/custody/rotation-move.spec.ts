import { anotherAdapter, EngineHarness } from '@lib/testing';

describe('after the root key was rotated', () => {
  let harness: EngineHarness;
  let id: string;
  let key: Buffer;
  beforeEach(async () => {
    harness = new EngineHarness();
    id = await harness.createKey();
    key = await harness.fetch(id);
    harness.keyManager.rotate();
  });
  const custody = () => harness.store.objects()[0]!.custody!;

  it('the first Get serves the same key and moves it to the newest version', async () => {
    const before = custody();
    expect(await harness.fetch(id)).toStrictEqual(key);
    await harness.engine.drain();
    expect(custody().rootKeyVersion).toBe(harness.keyManager.rootKey.version);
    expect(harness.keyManager.storedKeys().map(({ id: stored }) => stored)).toStrictEqual([custody().storedKeyId]);
    expect(custody().storedKeyId).not.toBe(before.storedKeyId);
    const moves = harness.store.audits.filter(({ action }) => action === 'vmware-solutions.kmip-key.rewrap');
    expect(moves).toMatchObject([{ outcome: 'success', target: { id } }]);
    expect(await harness.fetch(id)).toStrictEqual(key);
    expect(await harness.anotherGateway().fetch(id)).toStrictEqual(key);
  });

  it('a fail-over hides the young stored key of an old object, and nobody calls it deleted', async () => {
    harness.clock.advance(11 * 3_600_000);
    await harness.fetch(id);
    await harness.engine.drain();
    expect(custody().storedAt).toStrictEqual(harness.clock.now());
    harness.keyManager.failOver(new Date(harness.clock.now().getTime() - 60_000));
    expect(await harness.anotherGateway().refusal('Get', { uniqueIdentifier: id })).toMatchObject({
      code: 'stored_key_absent',
    });
    harness.keyManager.failBack();
    expect(await harness.anotherGateway().fetch(id)).toStrictEqual(key);
  });

  it('many Gets at once make one move', async () => {
    await Promise.all(Array.from({ length: 10 }, () => harness.fetch(id)));
    await harness.fetch(id);
    await harness.engine.drain();
    expect(harness.keyManager.callsOf('storeKey')).toHaveLength(2);
  });

  it('two gateways moving one key leave one stored key', async () => {
    const other = harness.anotherGateway();
    await Promise.all([harness.fetch(id), other.fetch(id)]);
    await Promise.all([harness.engine.drain(), other.engine.drain()]);
    expect(harness.keyManager.storedKeys().map(({ id: stored }) => stored)).toStrictEqual([custody().storedKeyId]);
    expect(await other.fetch(id)).toStrictEqual(key);
  });

  it.each(['storeKey', 'deleteKey'] as const)('a failing %s harms nobody', async (method) => {
    harness.keyManager.failNext(method, 'unavailable');
    expect(await harness.fetch(id)).toStrictEqual(key);
    await harness.engine.drain();
    expect(await harness.fetch(id)).toStrictEqual(key);
    expect(harness.logs.map(({ message }) => message)).toContain('background task failed');
  });

  it('is not tried again and again when it fails: each try could leave a stored key behind', async () => {
    harness.store.moves.failNext('commit', { times: 10 });
    for (let count = 0; count < 5; count++) {
      expect(await harness.fetch(id)).toStrictEqual(key);
      await harness.engine.drain();
    }
    expect(harness.keyManager.callsOf('storeKey')).toHaveLength(2);
    harness.store.recover();
    harness.clock.advance(3_600_001);
    await harness.settle();
    await harness.fetch(id);
    await harness.engine.drain();
    expect(custody().rootKeyVersion).toBe(harness.keyManager.rootKey.version);
  });

  it('is tried again at once with another credential or binding, which makes another adapter', async () => {
    harness.keyManager.failNext('storeKey', 'unavailable');
    for (let count = 0; count < 2; count++) {
      await harness.fetch(id);
      await harness.engine.drain();
    }
    expect(custody().rootKeyVersion).not.toBe(harness.keyManager.rootKey.version);
    const scope = { keyManager: anotherAdapter(harness.keyManager) };
    await harness.perform('Get', { uniqueIdentifier: id }, { scope });
    await harness.engine.drain();
    expect(custody().rootKeyVersion).toBe(harness.keyManager.rootKey.version);
  });

  it('stays where it is when what was stored anew cannot be read back, and keeps what nobody can judge', async () => {
    const before = custody();
    const original = harness.keyManager.storeKey.bind(harness.keyManager);
    harness.keyManager.storeKey = (call, name) => original(call, name, Buffer.from('damaged'));
    expect(await harness.fetch(id)).toStrictEqual(key);
    await harness.engine.drain();
    expect(custody()).toStrictEqual(before);
    harness.clock.advance(600_001);
    expect(await harness.reconcile()).toMatchObject({ kept: [id], settled: [] });
    expect(harness.keyManager.storedKeys()).toHaveLength(2);
    expect(harness.kept).toStrictEqual(['damaged']);
    const damaged = harness.keyManager.storedKeys().find((stored) => stored.id !== before.storedKeyId);
    harness.keyManager.deleteStoredKey(damaged!.id);
    expect(await harness.settle()).toMatchObject({ kept: [], settled: [id] });
  });

  it('a key destroyed during its move stays destroyed, without a stored key', async () => {
    const release = harness.keyManager.hang('storeKey');
    await harness.fetch(id);
    await harness.perform('Destroy', { uniqueIdentifier: id });
    release();
    await harness.engine.drain();
    expect(harness.keyManager.storedKeys()).toHaveLength(0);
    expect(harness.store.objects()).toMatchObject([{ state: 'Destroyed' }]);
  });

  it('serves more keys than wait to be moved, and moves the rest when they are fetched again', async () => {
    const ids = [id];
    for (let count = 0; count < 120; count += 1) ids.push(await harness.createKey());
    harness.keyManager.rotate();
    const release = harness.keyManager.hang('deleteKey');
    for (const each of ids) await harness.fetch(each);
    release();
    await harness.engine.drain();
    const old = () =>
      harness.store.objects().filter(({ custody }) => custody?.rootKeyVersion !== harness.keyManager.rootKey.version);
    expect(old().length).toBeGreaterThan(0);
    for (const { uniqueIdentifier } of old()) await harness.fetch(uniqueIdentifier);
    await harness.engine.drain();
    expect(old()).toHaveLength(0);
    expect(harness.keyManager.storedKeys()).toHaveLength(ids.length);
  });

  it('a new stored key that could not be read back is left to the reconciler', async () => {
    const before = custody();
    harness.keyManager.failNext('fetchKey', 'unavailable', { after: 1 });
    expect(await harness.fetch(id)).toStrictEqual(key);
    await harness.engine.drain();
    expect(custody()).toStrictEqual(before);
    expect(harness.keyManager.storedKeys()).toHaveLength(2);
    harness.clock.advance(600_001);
    expect(await harness.settle()).toMatchObject({ settled: [id] });
    expect(harness.keyManager.storedKeys().map(({ id: stored }) => stored)).toStrictEqual([before.storedKeyId]);
  });

  it('serves keys that lie under an earlier root key through the scope, and says so when it cannot', async () => {
    const earlier = harness.keyManager;
    const options = { scope: { rootKeyId: 'another root key', keyManagerOf: () => earlier } };
    await expect(harness.perform('Get', { uniqueIdentifier: id }, options)).resolves.toMatchObject({
      uniqueIdentifier: id,
    });
    const without = { scope: { rootKeyId: 'another root key' } };
    expect(await harness.refusal('Get', { uniqueIdentifier: id }, without)).toMatchObject({
      code: 'root_key_not_bound',
    });
  });

  describe('with a service ID that may not delete', () => {
    const HOUR = 3_600_000;
    const stays = () => harness.logs.filter(({ message }) => message.includes('may not delete'));
    beforeEach(() => {
      harness.keyManager.role = 'writer';
    });

    it('serves the key and leaves it where it is: a second stored key would stay for good', async () => {
      const before = custody();
      for (let count = 0; count < 5; count++) expect(await harness.fetch(id)).toStrictEqual(key);
      await harness.engine.drain();
      expect(custody()).toStrictEqual(before);
      expect(harness.keyManager.storedKeys()).toHaveLength(1);
      expect(harness.keyManager.callsOf('storeKey')).toHaveLength(1);
    });

    it('asks once an hour, about a key that was never there, and says so once', async () => {
      const others = [await harness.createKey(), await harness.createKey()];
      harness.keyManager.rotate();
      for (const each of [id, ...others, id]) {
        await harness.fetch(each);
        await harness.engine.drain();
      }
      const tries = harness.keyManager.callsOf('deleteKey');
      expect(tries).toHaveLength(1);
      expect(harness.keyManager.storedKeys().map(({ id: stored }) => stored)).not.toContain(tries[0]?.target);
      expect(stays()).toMatchObject([{ level: 'warn', fields: { instanceId: harness.instanceId } }]);
      harness.clock.advance(HOUR + 1);
      await harness.fetch(id);
      await harness.engine.drain();
      expect(harness.keyManager.callsOf('deleteKey')).toHaveLength(2);
      expect(stays()).toHaveLength(2);
    });

    it('moves the key once it was made a Manager, at the latest an hour later', async () => {
      await harness.fetch(id);
      await harness.engine.drain();
      harness.keyManager.role = 'manager';
      harness.clock.advance(HOUR + 1);
      await harness.fetch(id);
      await harness.engine.drain();
      expect(custody().rootKeyVersion).toBe(harness.keyManager.rootKey.version);
      expect(harness.keyManager.storedKeys()).toHaveLength(1);
    });

    it('that lost the right after it was seen leaves one second stored key and no more', async () => {
      harness.keyManager.role = 'manager';
      const other = await harness.createKey();
      harness.keyManager.rotate();
      harness.keyManager.failNext('deleteKey', 'permission_denied', { after: 1 });
      await harness.fetch(other);
      await harness.engine.drain();
      harness.keyManager.role = 'writer';
      await harness.fetch(id);
      await harness.engine.drain();
      expect(harness.keyManager.storedKeys()).toHaveLength(3);
      expect(stays()).toHaveLength(0);
    });
  });

  it('moves nothing while it cannot be found out whether it may delete, and tries again with a later Get', async () => {
    harness.keyManager.failNext('deleteKey', 'unavailable');
    const before = custody();
    await harness.fetch(id);
    await harness.engine.drain();
    expect(custody()).toStrictEqual(before);
    harness.clock.advance(3_600_001);
    await harness.fetch(id);
    await harness.engine.drain();
    expect(custody().rootKeyVersion).toBe(harness.keyManager.rootKey.version);
  });
});
