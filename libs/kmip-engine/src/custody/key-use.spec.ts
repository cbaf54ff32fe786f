import { type KeyManagerFault } from '@lib/key-manager';
import { type InstanceId, Secret } from '@lib/kernel';
import { type CommonFields } from '@lib/kmip-engine';
import { EngineHarness, FakeKeyManager, InMemoryManagedObjectStore, failureCode, reasonName } from '@lib/testing';

/** An Object Type that no kind here has. */
const ofALaterRelease: object = { objectType: 99 };

describe('use of a key', () => {
  let harness: EngineHarness;
  let id: string;
  beforeEach(async () => {
    harness = new EngineHarness();
    id = await harness.createKey();
  });
  const get = () => harness.refusal('Get', { uniqueIdentifier: id });
  const change = (changes: Partial<CommonFields>) =>
    harness.store.overwrite({ ...harness.store.objects()[0]!, ...changes });

  it('serves the same bytes every time, from any gateway, and no others', async () => {
    const elsewhere = harness.anotherGateway();
    const key = await harness.fetch(id);
    expect(await harness.fetch(id)).toStrictEqual(key);
    expect(await elsewhere.fetch(id)).toStrictEqual(key);
    expect(await harness.fetch(await harness.createKey())).not.toStrictEqual(key);
  });

  it('commits the record before the secret leaves, and no secret leaves without one', async () => {
    harness.store.breakAudit();
    expect(await get()).toStrictEqual({ reason: 'GeneralFailure', code: 'internal' });
    harness.store.recover();
    const before = harness.store.audits.length;
    await harness.fetch(id);
    expect(harness.store.audits.slice(before)).toMatchObject([
      { action: 'vmware-solutions.kmip-key.read', outcome: 'success', target: { id }, initiator: { name: 'vcenter' } },
    ]);
  });

  const refusals: readonly (readonly [string, Partial<CommonFields>, string, string])[] = [
    ['suspended', { suspended: true }, 'PermissionDenied', 'key_suspended'],
    ['destroyed', { state: 'Destroyed' }, 'ItemNotFound', 'key_destroyed'],
    ['destroyed after compromise', { state: 'DestroyedCompromised' }, 'ItemNotFound', 'key_destroyed'],
    ['being destroyed', { destroyRequestedAt: new Date(0) }, 'PermissionDenied', 'key_being_destroyed'],
    ['of a kind that is not known', ofALaterRelease, 'InvalidField', 'object_type_not_supported'],
  ];
  it.each(refusals)('is refused while the key is %s', async (_, changes, reason, code) => {
    change(changes);
    const calls = harness.keyManager.calls.length;
    expect(await get()).toStrictEqual({ reason, code });
    expect(harness.keyManager.calls).toHaveLength(calls);
  });

  it.each(['PreActive', 'Active', 'Deactivated', 'Compromised'] as const)('is granted in state %s', async (state) => {
    change({ state });
    await expect(harness.fetch(id)).resolves.toHaveLength(32);
  });

  describe('whose catalog row was read lately', () => {
    let read: jest.SpyInstance;
    beforeEach(async () => {
      await harness.fetch(id);
      read = jest.spyOn(harness.store, 'find');
    });

    it('is served without reading it again, for half a minute', async () => {
      await harness.fetch(id);
      expect(read).not.toHaveBeenCalled();
      harness.clock.advance(29_000);
      await harness.fetch(id);
      expect(read).not.toHaveBeenCalled();
      harness.clock.advance(31_000);
      await harness.fetch(id);
      expect(read).toHaveBeenCalledTimes(1);
    });

    // Its kind is what no operation changes.
    it.each(refusals.slice(0, -1))('is refused all the same once it is %s', async (_, changes, reason, code) => {
      change(changes);
      expect(await get()).toStrictEqual({ reason, code });
      const calls = harness.keyManager.calls.length;
      expect(await get()).toStrictEqual({ reason, code });
      expect(harness.keyManager.calls).toHaveLength(calls);
    });

    it('is served again at once when what stood in the way is lifted', async () => {
      change({ suspended: true });
      expect(await get()).toMatchObject({ code: 'key_suspended' });
      change({ suspended: false });
      await expect(harness.fetch(id)).resolves.toHaveLength(32);
    });

    it('is served from where it was moved to by another gateway', async () => {
      const elsewhere = harness.anotherGateway();
      harness.keyManager.rotate();
      const key = await elsewhere.fetch(id);
      await elsewhere.moveToNewest();
      expect(harness.store.objects()[0]?.custody?.rootKeyVersion).toBe(harness.keyManager.rootKey.version);
      expect(await harness.fetch(id)).toStrictEqual(key);
    });

    it('tells what is wrong now, and not what was wrong with what is remembered', async () => {
      const former = harness.store.objects()[0]!.custody!;
      change({ custody: { ...former, storedKeyId: 'elsewhere' }, suspended: true });
      harness.keyManager.failNext('fetchKey', 'unavailable');
      expect(await get()).toMatchObject({ code: 'key_suspended' });
    });

    it('is recorded in the state that its dates give it now, whoever set them', async () => {
      change({ activationDate: harness.clock.now() });
      await harness.fetch(id);
      expect(harness.store.audits.at(-1)?.details).toMatchObject({ state: 'Active' });
    });

    it('has none of what clients wrote beside the key kept in memory', async () => {
      const recordFetch = jest.spyOn(harness.store, 'recordFetch');
      await harness.fetch(id);
      expect(recordFetch.mock.lastCall?.[0]).toMatchObject({ uniqueIdentifier: id });
      expect(recordFetch.mock.lastCall?.[0]).not.toHaveProperty('attributes');
    });

    describe('and whose stored key has to bear proof since', () => {
      /** A stored key of a release that authenticated nothing: somebody else could have written it. */
      const unproven = async (): Promise<void> => {
        const { storedKeyId, ...custody } = harness.store.objects()[0]!.custody!;
        const payload = await harness.keyManager.fetchKey({ correlationId: 'c' as never }, storedKeyId);
        const envelope = JSON.parse(payload.toString()) as Record<string, unknown>;
        delete envelope['mac'];
        harness.keyManager.replacePayload(storedKeyId, Buffer.from(JSON.stringify(envelope)));
        change({ custody: { storedKeyId, rootKeyId: custody.rootKeyId, rootKeyVersion: custody.rootKeyVersion } });
        await harness.fetch(id);
      };
      const requireProof = (): void =>
        change({ custody: { ...harness.store.objects()[0]!.custody!, authenticated: true } });

      it('is refused, though what was fetched was right for the row that was remembered', async () => {
        await unproven();
        requireProof();
        expect(await get()).toMatchObject({ code: 'stored_key_forged' });
      });

      it('is refused to who joins a fetch that another began by the row that was remembered', async () => {
        await unproven();
        harness.clock.advance(29_000);
        const release = harness.keyManager.hang('unwrap');
        const first = get();
        await settle();
        harness.clock.advance(2_000);
        requireProof();
        const second = get();
        await settle();
        release();
        expect(await Promise.all([first, second])).toMatchObject([
          { code: 'stored_key_forged' },
          { code: 'stored_key_forged' },
        ]);
      });
    });

    it('is nobody else`s: the same identifier in another instance is read there', async () => {
      const scope = { instanceId: 'another' as InstanceId, store: new InMemoryManagedObjectStore() };
      expect(await harness.refusal('Get', { uniqueIdentifier: id }, { scope })).toMatchObject({
        code: 'unknown_object',
      });
    });
  });

  it('can be refused for compromised keys by the instance', async () => {
    change({ state: 'Compromised' });
    const scope = { limits: { maximumLiveKeys: 9, serveCompromisedKeys: false } };
    expect(await harness.refusal('Get', { uniqueIdentifier: id }, { scope })).toMatchObject({
      code: 'key_compromised',
    });
  });

  it('is granted when the key moves to another stored key between the look at the catalog and the fetch', async () => {
    const key = await harness.fetch(id);
    const { custody, ...object } = harness.store.objects()[0]!;
    const call = { correlationId: 'c' as never };
    const payload = await harness.keyManager.fetchKey(call, custody!.storedKeyId);
    const release = harness.keyManager.hang('fetchKey');
    const pending = harness.fetch(id);
    await new Promise(setImmediate);
    const moved = await harness.keyManager.storeKey(call, `vmware_kmip_${id}`, payload);
    harness.store.overwrite({ ...object, custody: { ...custody!, storedKeyId: moved.id } });
    harness.keyManager.deleteStoredKey(custody!.storedKeyId);
    release();
    expect(await pending).toStrictEqual(key);
  });

  describe('what the tenant does in the key manager shows with the next Get', () => {
    const acts: readonly (readonly [string, (keyManager: FakeKeyManager) => void, string, string])[] = [
      ['root key disabled', (k) => k.disable(), 'PermissionDenied', 'root_key_disabled'],
      ['root key deleted', (k) => k.deleteRootKey(), 'CryptographicFailure', 'root_key_deleted'],
      ['stored key deleted', (k) => k.deleteStoredKey(k.storedKeys()[0]!.id), 'ItemNotFound', 'stored_key_deleted'],
      ['API key revoked', (k) => (k.credentialAccepted = false), 'PermissionDenied', 'key_manager_credential'],
      ['role taken away', (k) => (k.role = 'reader'), 'PermissionDenied', 'key_manager_permission'],
    ];
    it.each(acts)('%s', async (_, act, reason, code) => {
      await harness.fetch(id);
      act(harness.keyManager);
      expect(await get()).toStrictEqual({ reason, code });
    });

    it('and enabling the root key serves again at once', async () => {
      harness.keyManager.disable();
      await get();
      harness.keyManager.enable();
      await expect(harness.fetch(id)).resolves.toHaveLength(32);
    });
  });

  it('is only put off while a failed-over region does not know a key as young as this one', async () => {
    harness.clock.advance(3_600_000);
    const young = await harness.createKey();
    harness.keyManager.failOver(new Date(harness.clock.now().getTime() - 60_000));
    expect(await harness.refusal('Get', { uniqueIdentifier: young })).toStrictEqual({
      reason: 'GeneralFailure',
      code: 'stored_key_absent',
    });
    await expect(harness.fetch(id)).resolves.toHaveLength(32);
    harness.keyManager.failBack();
    await expect(harness.fetch(young)).resolves.toHaveLength(32);
  });

  const faults: readonly (readonly [KeyManagerFault, string, string])[] = [
    ['timeout', 'GeneralFailure', 'key_manager_timeout'],
    ['unavailable', 'GeneralFailure', 'key_manager_unavailable'],
    ['rate_limited', 'GeneralFailure', 'key_manager_busy'],
    ['overloaded', 'GeneralFailure', 'key_manager_crowded'],
    ['refused', 'GeneralFailure', 'key_manager_refused'],
    ['root_key_expired', 'PermissionDenied', 'root_key_expired'],
    ['root_key_missing', 'CryptographicFailure', 'root_key_missing'],
    ['stored_key_absent', 'GeneralFailure', 'stored_key_absent'],
    ['ciphertext_rejected', 'CryptographicFailure', 'stored_key_not_unwrapped'],
  ];
  it.each(faults)('explains the fault %s', async (fault, reason, code) => {
    harness.keyManager.failNext('unwrap', fault);
    expect(await get()).toStrictEqual({ reason, code });
  });

  it("passes on the key manager's reason code, and nothing that is none", async () => {
    harness.keyManager.failNext('unwrap', 'refused', { reasonCode: 'KEY_ACTION_INVALID_STATE_ERR' });
    const told = await harness.attempt('Get', { uniqueIdentifier: id });
    expect(told.resultMessage).toContain('key manager: KEY_ACTION_INVALID_STATE_ERR');
    harness.keyManager.failNext('unwrap', 'refused', { reasonCode: 'Bearer eyJhbGciOi' });
    const untold = await harness.attempt('Get', { uniqueIdentifier: id });
    expect(untold.resultMessage).not.toContain('Bearer');
  });

  describe('round trips', () => {
    const order = () => harness.keyManager.calls.map(({ method }) => method);

    it('fetches first and unwraps then, as long as it does not know the ciphertext', async () => {
      const elsewhere = harness.anotherGateway();
      const release = harness.keyManager.hang('fetchKey');
      const pending = elsewhere.fetch(id);
      await settle();
      expect(order().slice(-1)).toStrictEqual(['fetchKey']);
      release();
      await pending;
      expect(order().slice(-2)).toStrictEqual(['fetchKey', 'unwrap']);
    });

    it('sends fetch and unwrap together once it does', async () => {
      const release = harness.keyManager.hang('fetchKey');
      const pending = harness.fetch(id);
      await settle();
      expect(order().slice(-2)).toStrictEqual(['fetchKey', 'unwrap']);
      release();
      await expect(pending).resolves.toHaveLength(32);
    });

    it('answers from what was fetched when that differs from what was remembered', async () => {
      await harness.fetch(id);
      const key = await harness.fetch(id);
      const object = harness.store.objects()[0]!;
      const aad = [harness.instanceId, id];
      const call = { correlationId: 'c' as never };
      const again = await harness.keyManager.wrap(call, aad, Secret.of(Buffer.from(key)));
      const payload: unknown = JSON.parse(
        (await harness.keyManager.fetchKey(call, object.custody!.storedKeyId)).toString('utf8'),
      );
      const stored = await harness.keyManager.storeKey(
        call,
        `vmware_kmip_${id}`,
        Buffer.from(JSON.stringify({ ...(payload as object), ciphertext: again.ciphertext })),
      );
      const fetchKey = harness.keyManager.fetchKey.bind(harness.keyManager);
      harness.keyManager.fetchKey = (context) => fetchKey(context, stored.id);
      expect(await harness.fetch(id)).toStrictEqual(key);
      expect(order().slice(-2)).toStrictEqual(['unwrap', 'unwrap']);
    });

    it('shares one round trip among identical Gets, each with its own record and its own copy', async () => {
      const key = await harness.fetch(id);
      const calls = harness.keyManager.calls.length;
      const audits = harness.store.audits.length;
      const release = harness.keyManager.hang('unwrap');
      const many = Array.from({ length: 64 }, () => harness.fetch(id));
      await settle();
      release();
      for (const served of await Promise.all(many)) expect(served).toStrictEqual(key);
      expect(harness.keyManager.calls).toHaveLength(calls + 2);
      expect(harness.store.audits).toHaveLength(audits + 64);
    });

    it('tells every one of them the same failure, and asks anew afterwards', async () => {
      harness.keyManager.failNext('unwrap', 'timeout');
      const many = await Promise.all(Array.from({ length: 5 }, () => get()));
      expect(new Set(many.map(({ code }) => code))).toStrictEqual(new Set(['key_manager_timeout']));
      await expect(harness.fetch(id)).resolves.toHaveLength(32);
    });

    it('ends at its deadline when the key manager hangs', async () => {
      harness.keyManager.hang('unwrap');
      const scope = { limits: { maximumLiveKeys: 9, operationTimeoutMs: 5 } };
      const answer = await harness.refusal('Get', { uniqueIdentifier: id }, { scope });
      expect(answer).toStrictEqual({ reason: 'GeneralFailure', code: 'key_manager_timeout' });
      harness.keyManager.recover();
    });
  });

  it('serves no key whose stored payload was swapped with that of another', async () => {
    const other = await harness.createKey();
    const [mine, theirs] = [id, other].map((each) =>
      harness.store.objects().find(({ uniqueIdentifier }) => uniqueIdentifier === each)!,
    );
    harness.store.overwrite({ ...mine!, custody: theirs!.custody! });
    expect(await get()).toStrictEqual({ reason: 'CryptographicFailure', code: 'stored_key_not_unwrapped' });
  });

  it.each(['no JSON', '{}', 'null', '{"v":99}'])('serves no key from the payload %s', async (payload) => {
    harness.keyManager.fetchKey = () => Promise.resolve(Buffer.from(payload));
    expect(await get()).toStrictEqual({ reason: 'CryptographicFailure', code: 'stored_key_altered' });
  });

  it('serves no key that is not the one it was, even if the key manager unwraps it', async () => {
    change({ digest: Buffer.alloc(32) });
    expect(await get()).toMatchObject({ code: 'stored_key_altered' });
  });

  it('fails when the key is destroyed while it is being fetched', async () => {
    const release = harness.keyManager.hang('unwrap');
    const pending = get();
    await settle();
    change({ state: 'Destroyed' });
    release();
    expect(await pending).toStrictEqual({ reason: 'ItemNotFound', code: 'key_destroyed' });
  });

  it('survives an activation between reading and recording without a second round trip', async () => {
    await harness.fetch(id);
    const calls = harness.keyManager.calls.length;
    const release = harness.keyManager.hang('unwrap');
    const pending = harness.fetch(id);
    await settle();
    await harness.perform('Activate', { uniqueIdentifier: id });
    release();
    await expect(pending).resolves.toHaveLength(32);
    expect(harness.keyManager.calls).toHaveLength(calls + 2);
  });

  it('gives up on a key that never holds still', async () => {
    harness.store.recordFetch = () => Promise.resolve(false);
    expect(await get()).toStrictEqual({ reason: 'GeneralFailure', code: 'key_busy' });
  });

  describe('zeroes every copy of the key it made', () => {
    let copies: Buffer[];
    beforeEach(() => {
      copies = [];
      const unwrap = harness.keyManager.unwrap.bind(harness.keyManager);
      harness.keyManager.unwrap = async (...args) => {
        const result = await unwrap(...args);
        copies.push(result.plaintext.expose());
        const clone = result.plaintext.clone.bind(result.plaintext);
        result.plaintext.clone = () => {
          const copy = clone();
          copies.push(copy.expose());
          return copy;
        };
        return result;
      };
    });
    const areZero = () => copies.map((bytes) => bytes.every((byte) => byte === 0));

    it('once the answer is encoded', async () => {
      await harness.fetch(id);
      await settle();
      expect(areZero()).toEqual([true, true]);
    });

    const meanwhile: readonly (readonly [string, () => void])[] = [
      ['the key is suspended', () => change({ suspended: true })],
      ['the key becomes another', () => change({ digest: Buffer.alloc(32) })],
      ['its row is lost', () => harness.store.forget(id as never)],
      ['the record cannot be committed', () => harness.store.breakAudit()],
    ];
    it.each(meanwhile)('when %s meanwhile', async (_, happen) => {
      await harness.fetch(id);
      const release = harness.keyManager.hang('unwrap');
      const pending = Promise.all([get(), get()]);
      await settle();
      happen();
      release();
      await pending;
      await settle();
      expect(areZero().length).toBeGreaterThan(4);
      expect(areZero()).not.toContain(false);
    });
  });
});

describe('two tenants on one engine', () => {
  it('never meet: identifiers, keys, caches and answers', async () => {
    const first = new EngineHarness();
    const second = new EngineHarness({
      engine: first.engine,
      store: new InMemoryManagedObjectStore(),
      keyManager: new FakeKeyManager(),
    });
    const [mine, theirs] = [await first.createKey(), await second.createKey()];
    const keys = await Promise.all([first.fetch(mine), second.fetch(theirs), first.fetch(mine), second.fetch(theirs)]);
    expect(keys[0]).toStrictEqual(keys[2]);
    expect(keys[1]).toStrictEqual(keys[3]);
    expect(keys[0]).not.toStrictEqual(keys[1]);

    const foreign = await first.attempt('Get', { uniqueIdentifier: theirs });
    const unknown = await first.attempt('Get', { uniqueIdentifier: '00000000-0000-4000-8000-000000000000' });
    const nonsense = await first.attempt('Get', { uniqueIdentifier: '../../etc/passwd' });
    expect(reasonName(foreign.resultReason)).toBe('ItemNotFound');
    expect(failureCode(foreign)).toBe('unknown_object');
    expect([unknown, nonsense]).toStrictEqual([foreign, foreign]);
  });
});

/** Lets everything run that needs no outside event. */
const settle = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
