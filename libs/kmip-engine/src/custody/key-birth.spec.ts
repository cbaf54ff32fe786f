import { type AuditEvent } from '@lib/audit';
import { type KeyManagerFault } from '@lib/key-manager';
import { ObjectType } from '@lib/kmip-protocol';
import { type ManagedObjectStore, parseEnvelope } from '@lib/kmip-engine';
import {
  EngineHarness,
  InMemoryManagedObjectStore,
  type KeyManagerMethod,
  attribute,
  nameValue,
  vcenterKey,
} from '@lib/testing';
import { createHash } from 'node:crypto';

const template = { objectType: ObjectType.SymmetricKey, templateAttribute: { attributes: vcenterKey } };
const TEN_MINUTES = 600_000;

describe('birth of a key', () => {
  let harness: EngineHarness;
  beforeEach(() => {
    harness = new EngineHarness();
  });

  it('stores the wrapped key under our name, with all it takes to rebuild the catalog', async () => {
    const uniqueIdentifier = await harness.createKey();
    const [stored] = harness.keyManager.storedKeys();
    expect(stored?.name).toBe(`vmware_kmip_${uniqueIdentifier}`);
    const payload = await harness.keyManager.fetchKey({ correlationId: 'c' as never }, stored!.id);
    const key = await harness.fetch(uniqueIdentifier);
    expect(parseEnvelope(payload)).toMatchObject({
      v: 1,
      instanceId: harness.instanceId,
      uniqueIdentifier,
      objectType: 2,
      algorithm: 3,
      length: 256,
      usageMask: 12,
      created: harness.clock.now().toISOString(),
      digest: createHash('sha256').update(key).digest('hex'),
      rootKeyId: harness.keyManager.rootKey.id,
      rootKeyVersion: harness.keyManager.rootKey.version,
    });
    expect(payload.includes(key)).toBe(false);
    expect(payload.toString('utf8')).not.toContain(key.toString('base64'));
  });

  it('keeps nothing in the catalog from which the key follows', async () => {
    const key = await harness.fetch(await harness.createKey());
    const rows = JSON.stringify([harness.store.objects(), harness.store.audits], (_, value: unknown) => value);
    for (const form of ['hex', 'base64', 'base64url'] as const) expect(rows).not.toContain(key.toString(form));
  });

  it('binds the ciphertext to instance and identifier', async () => {
    const uniqueIdentifier = await harness.createKey();
    expect(harness.keyManager.callsOf('wrap')[0]?.aad).toStrictEqual([harness.instanceId, uniqueIdentifier]);
  });

  it.each([
    [3, 128, 16],
    [3, 192, 24],
    [3, 256, 32],
    [2, 112, 16],
    [2, 168, 24],
  ])('makes keys of algorithm %s and length %s with %s bytes', async (algorithm, length, size) => {
    const attributes = [
      attribute('Cryptographic Algorithm', { type: 'Enumeration', value: algorithm }),
      attribute('Cryptographic Length', { type: 'Integer', value: length }),
      attribute('Cryptographic Usage Mask', { type: 'Integer', value: 12 }),
    ];
    const create = () => harness.perform('Create', { ...template, templateAttribute: { attributes } });
    const [first, second] = [await create(), await create()];
    const key = await harness.fetch(first.uniqueIdentifier);
    expect(key).toHaveLength(size);
    expect(key.equals(await harness.fetch(second.uniqueIdentifier))).toBe(false);
    if (algorithm === 2) {
      for (const byte of key) expect(byte.toString(2).replaceAll('0', '').length % 2).toBe(1);
    }
  });

  it('refuses to exceed the quota, before the key manager hears of it', async () => {
    const scope = { limits: { maximumLiveKeys: 1 } };
    await harness.createKey();
    expect(await harness.refusal('Create', template, { scope })).toStrictEqual({
      reason: 'PermissionDenied',
      code: 'quota_exceeded',
    });
    expect(harness.keyManager.callsOf('wrap')).toHaveLength(1);
  });

  it('says so when no root key is bound, and leaves no intent', async () => {
    expect(await harness.refusal('Create', template, { scope: { rootKeyId: undefined } as never })).toStrictEqual({
      reason: 'PermissionDenied',
      code: 'root_key_not_bound',
    });
    expect(harness.store.intents()).toHaveLength(0);
  });

  describe('when the store answer is lost', () => {
    it('adopts the key that came to be all the same, and stores no second one', async () => {
      harness.keyManager.failNext('storeKey', 'timeout', { afterEffect: true });
      const uniqueIdentifier = await harness.createKey();
      expect(harness.keyManager.storedKeys()).toHaveLength(1);
      expect(harness.store.objects()[0]?.custody?.storedKeyId).toBe(harness.keyManager.storedKeys()[0]?.id);
      await expect(harness.fetch(uniqueIdentifier)).resolves.toHaveLength(32);
    });

    it('leaves the intent when even looking fails, and the reconciler takes over what came to be', async () => {
      harness.keyManager.failNext('storeKey', 'timeout', { afterEffect: true });
      harness.keyManager.failNext('findKeysByName', 'unavailable');
      expect(await harness.refusal('Create', template)).toMatchObject({ code: 'key_manager_timeout' });
      expect(harness.store.intents()).toHaveLength(1);
      expect(harness.keyManager.storedKeys()).toHaveLength(1);

      expect(await harness.reconcile()).toMatchObject({ adopted: [], abandoned: [] });
      harness.clock.advance(TEN_MINUTES + 1);
      const { adopted } = await harness.reconcile();
      expect(adopted).toHaveLength(1);
      expect(harness.keyManager.storedKeys()).toHaveLength(1);
      expect(harness.store.intents()).toHaveLength(0);
      await expect(harness.fetch(adopted[0]!)).resolves.toHaveLength(32);
    });
  });

  it('removes the stored key again when the Name was taken at the last moment', async () => {
    await harness.createKey([attribute('Name', nameValue('one'))]);
    // Another connection takes the Name after the early check: the check finds nothing.
    const { store } = harness;
    const locate = store.locate.bind(store);
    store.locate = (filter) => locate({ ...filter, limit: 0, states: [] });
    const named = { attributes: [...vcenterKey, attribute('Name', nameValue('one'))] };
    expect(await harness.refusal('Create', { ...template, templateAttribute: named })).toStrictEqual({
      reason: 'InvalidField',
      code: 'create_name_taken',
    });
    expect(harness.keyManager.storedKeys()).toHaveLength(1);
    expect(store.intents()).toHaveLength(0);
  });

  it.each(['deleteKey', 'abandonIntent'] as const)('leaves the rest to the reconciler when %s fails', async (step) => {
    const { store, keyManager } = harness;
    const completeIntent = store.completeIntent.bind(store);
    store.completeIntent = async (object, audit) => {
      store.completeIntent = completeIntent;
      await store.claimIntent(object.uniqueIdentifier);
      return completeIntent(object, audit);
    };
    if (step === 'deleteKey') keyManager.failNext('deleteKey', 'permission_denied');
    else store.failNext('abandonIntent');
    expect(await harness.refusal('Create', template)).toMatchObject({ code: 'internal' });
    expect(store.intents()).toHaveLength(1);
    harness.clock.advance(TEN_MINUTES + 1);
    expect((await harness.settle()).abandoned).toHaveLength(1);
    expect(keyManager.storedKeys()).toHaveLength(0);
  });

  it('is refused when its commit failed and a reconciler took it over before the repetition', async () => {
    const { store } = harness;
    const completeIntent = store.completeIntent.bind(store);
    store.completeIntent = async (object) => {
      store.completeIntent = completeIntent;
      await store.claimIntent(object.uniqueIdentifier);
      throw new Error('the connection broke');
    };
    expect(await harness.refusal('Create', template)).toMatchObject({ code: 'internal' });
    expect(harness.keyManager.storedKeys()).toHaveLength(0);
    expect(store.objects()).toHaveLength(0);
    expect(store.intents()).toHaveLength(0);
  });

  it('does not look for a stored key once its time is up; the reconciler does', async () => {
    harness.keyManager.failNext('storeKey', 'timeout', { afterEffect: true });
    const stopping = new AbortController();
    const store = harness.keyManager.storeKey.bind(harness.keyManager);
    harness.keyManager.storeKey = (...args) => {
      const answer = store(...args);
      stopping.abort();
      return answer;
    };
    const scope = { signal: stopping.signal };
    expect(await harness.refusal('Create', template, { scope })).toMatchObject({ code: 'key_manager_timeout' });
    expect(harness.keyManager.callsOf('findKeysByName')).toHaveLength(0);
    expect(harness.store.intents()).toHaveLength(1);
    harness.clock.advance(TEN_MINUTES + 1);
    expect((await harness.reconcile()).adopted).toHaveLength(1);
    expect(harness.keyManager.storedKeys()).toHaveLength(1);
  });

  it('begins nothing at the key manager in a process that is stopping', async () => {
    const scope = { signal: AbortSignal.abort() };
    expect(await harness.refusal('Create', template, { scope })).toMatchObject({ code: 'key_manager_timeout' });
    expect(harness.keyManager.storedKeys()).toHaveLength(0);
    expect(harness.store.intents()).toHaveLength(0);
  });

  it('serves no key the key manager did not make', async () => {
    const wrap = harness.keyManager.wrap.bind(harness.keyManager);
    harness.keyManager.wrap = async (...args) => {
      const { ciphertext, rootKeyVersion } = await wrap(...args);
      return { ciphertext, rootKeyVersion };
    };
    const scope = { keyGeneration: 'key_manager' } as const;
    expect(await harness.refusal('Create', template, { scope })).toMatchObject({ code: 'internal' });
    expect(harness.store.intents()).toHaveLength(0);
    expect(harness.keyManager.storedKeys()).toHaveLength(0);
  });

  it('makes the key here, unless the instance wants the key manager to make it', async () => {
    const made: (Buffer | undefined)[] = [];
    const wrap = harness.keyManager.wrap.bind(harness.keyManager);
    harness.keyManager.wrap = (call, aad, plaintext) => {
      made.push(plaintext && Buffer.from(plaintext.expose()));
      return wrap(call, aad, plaintext);
    };
    const id = await harness.createKey();
    expect(made).toStrictEqual([await harness.fetch(id)]);
    const scope = { keyGeneration: 'key_manager' } as const;
    const other = await harness.perform('Create', template, { scope });
    expect(made[1]).toBeUndefined();
    await expect(harness.fetch(other.uniqueIdentifier)).resolves.toHaveLength(32);
  });

  describe('is acknowledged only when it is whole', () => {
    const alarms = () => harness.logs.filter(({ level }) => level === 'error').map(({ fields }) => fields['alarm']);
    const later = async () => {
      harness.keyManager.recover();
      harness.clock.advance(TEN_MINUTES + 1);
      const first = await harness.reconcile();
      await harness.settle();
      return first;
    };

    it('unwraps while it stores', async () => {
      const release = harness.keyManager.hang('storeKey');
      const creating = harness.createKey();
      while (harness.keyManager.callsOf('unwrap').length === 0) await new Promise((resolve) => setImmediate(resolve));
      expect(harness.store.objects()).toHaveLength(0);
      release();
      await creating;
    });

    it('refuses a wrap that gives another key, with an alarm, and keeps what is not ours to judge', async () => {
      const { keyManager } = harness;
      keyManager.wrap = (_, aad) =>
        Promise.resolve({
          ciphertext: keyManager.rootKey.wrap(Buffer.alloc(32, 7), aad),
          rootKeyVersion: keyManager.rootKey.version,
        });
      expect(await harness.refusal('Create', template)).toMatchObject({ code: 'create_not_confirmed' });
      expect(alarms()).toEqual(['birth_not_confirmed']);
      expect(harness.store.objects()).toHaveLength(0);
      await later();
      expect(harness.store.objects()).toHaveLength(0);
    });

    it('refuses a stored key that reads back as something else', async () => {
      const store = harness.keyManager.storeKey.bind(harness.keyManager);
      harness.keyManager.storeKey = (call, name, payload) =>
        store(call, name, Buffer.from(payload.toString('utf8').replace('"usageMask":12', '"usageMask":13')));
      expect(await harness.refusal('Create', template)).toMatchObject({ code: 'create_not_confirmed' });
      expect(alarms()).toEqual(['birth_not_confirmed']);
      await later();
      expect(harness.store.objects()).toHaveLength(0);
    });

    it('waits for a payload that lags behind the store', async () => {
      harness.keyManager.failNext('fetchKey', 'stored_key_absent', { times: 3 });
      await expect(harness.fetch(await harness.createKey())).resolves.toHaveLength(32);
    });

    it.each(['unwrap', 'fetchKey'] as const)(
      'is never taken over once %s failed and the client was told',
      async (method) => {
        harness.keyManager.failNext(method, 'unavailable', { times: 99 });
        expect(await harness.refusal('Create', template)).toMatchObject({ code: 'key_manager_unavailable' });
        await later();
        expect(harness.store.objects()).toHaveLength(0);
        expect(harness.keyManager.storedKeys()).toHaveLength(0);
        expect(harness.store.intents()).toHaveLength(0);
      },
    );

    it('refuses key material that is there already, with an alarm', async () => {
      harness = new EngineHarness({ dependencies: { randomBytes: (length) => Buffer.alloc(length, 9) } });
      const first = await harness.createKey();
      expect(await harness.refusal('Create', template)).toMatchObject({ code: 'key_repeated' });
      expect(harness.store.objects()).toHaveLength(1);
      expect(harness.keyManager.storedKeys()).toHaveLength(1);
      await expect(harness.fetch(first)).resolves.toHaveLength(32);
    });
  });

  describe('when the store is cut off', () => {
    it('stores once more when nothing is there, and has the reconciler look for a second one', async () => {
      harness.keyManager.failNext('storeKey', 'unavailable', { uncertain: true });
      const id = await harness.createKey();
      expect(harness.keyManager.callsOf('storeKey')).toHaveLength(2);
      expect(harness.keyManager.storedKeys()).toHaveLength(1);
      // The first one comes to be after all.
      const [stored] = harness.keyManager.storedKeys();
      const payload = await harness.keyManager.fetchKey({ correlationId: 'c' as never }, stored!.id);
      await harness.keyManager.storeKey({ correlationId: 'c' as never }, stored!.name, payload);
      harness.clock.advance(TEN_MINUTES + 1);
      await harness.reconcile();
      expect(harness.keyManager.storedKeys().map((key) => key.id)).toStrictEqual([stored!.id]);
      await expect(harness.fetch(id)).resolves.toHaveLength(32);
    });

    it('looks for a second one as well when the Create is refused in the end', async () => {
      const { keyManager, store } = harness;
      keyManager.failNext('storeKey', 'unavailable', { uncertain: true });
      const storeKey = keyManager.storeKey.bind(keyManager);
      const tried: { name: string; payload: Buffer }[] = [];
      keyManager.storeKey = (call, name, payload) => {
        tried.push({ name, payload: Buffer.from(payload) });
        return storeKey(call, name, payload);
      };
      keyManager.failNext('fetchKey', 'unavailable');
      expect(await harness.refusal('Create', template)).toMatchObject({ code: 'key_manager_unavailable' });
      expect(keyManager.storedKeys()).toHaveLength(0);
      expect(store.intents()).toMatchObject([{ refused: true }]);
      keyManager.storeKey = storeKey;
      harness.clock.advance(TEN_MINUTES + 1);
      expect(await harness.reconcile()).toMatchObject({ abandoned: [] });
      // The first one comes to be after all.
      await keyManager.storeKey({ correlationId: 'c' as never }, tried[0]!.name, tried[0]!.payload);
      harness.clock.advance(TEN_MINUTES + 1);
      await harness.reconcile();
      expect(keyManager.storedKeys()).toHaveLength(0);
      harness.clock.advance(TEN_MINUTES + 1);
      await harness.settle();
      expect(store.intents()).toHaveLength(0);
      expect(store.objects()).toHaveLength(0);
    });

    it('stores no third time, and not at all when it does not know what is there', async () => {
      harness.keyManager.failNext('storeKey', 'unavailable', { uncertain: true, times: 9 });
      expect(await harness.refusal('Create', template)).toMatchObject({ code: 'key_manager_unavailable' });
      expect(harness.keyManager.callsOf('storeKey')).toHaveLength(2);
      harness.keyManager.failNext('findKeysByName', 'unavailable');
      await harness.refusal('Create', template);
      expect(harness.keyManager.callsOf('storeKey')).toHaveLength(3);
      expect(harness.store.intents()).toHaveLength(2);
    });

    it('does not repeat where the key manager may be at work still', async () => {
      harness.keyManager.failNext('storeKey', 'timeout', { uncertain: true });
      expect(await harness.refusal('Create', template)).toMatchObject({ code: 'key_manager_timeout' });
      expect(harness.keyManager.callsOf('storeKey')).toHaveLength(1);
    });
  });

  describe('a creator that slept through its deadline', () => {
    it('acknowledges the very key that the reconciler took over meanwhile', async () => {
      const slow = new SleepingStore();
      harness = new EngineHarness({ store: slow, clock: harness.clock });
      const creating = harness.createKey();
      await slow.asleep;
      harness.clock.advance(TEN_MINUTES + 1);
      await harness.reconcile();
      slow.wake();
      const [adopted] = slow.objects();
      expect(await creating).toBe(adopted?.uniqueIdentifier);
      expect(harness.keyManager.storedKeys().map(({ id }) => id)).toStrictEqual([adopted?.custody?.storedKeyId]);
      await expect(harness.fetch(await creating)).resolves.toHaveLength(32);
    });
  });
});

/** Holds the first completeIntent until told to go on. */
class SleepingStore extends InMemoryManagedObjectStore {
  wake = (): void => undefined;
  #fallAsleep = (): void => undefined;
  readonly asleep = new Promise<void>((resolve) => (this.#fallAsleep = resolve));

  override async completeIntent(...args: Parameters<ManagedObjectStore['completeIntent']>): Promise<void> {
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      this.#fallAsleep();
    });
    return super.completeIntent(...args);
  }
}

type Step =
  | { readonly at: 'catalog'; readonly method: 'openIntent' | 'completeIntent' | 'abandonIntent' }
  | { readonly at: 'key manager'; readonly method: KeyManagerMethod; readonly fault: KeyManagerFault };

const steps: readonly Step[] = [
  { at: 'catalog', method: 'openIntent' },
  { at: 'key manager', method: 'wrap', fault: 'timeout' },
  { at: 'key manager', method: 'wrap', fault: 'root_key_disabled' },
  { at: 'key manager', method: 'storeKey', fault: 'timeout' },
  { at: 'key manager', method: 'storeKey', fault: 'unavailable' },
  { at: 'key manager', method: 'storeKey', fault: 'permission_denied' },
  { at: 'key manager', method: 'unwrap', fault: 'unavailable' },
  { at: 'key manager', method: 'unwrap', fault: 'ciphertext_rejected' },
  { at: 'key manager', method: 'fetchKey', fault: 'unavailable' },
  { at: 'key manager', method: 'fetchKey', fault: 'stored_key_absent' },
  { at: 'catalog', method: 'completeIntent' },
];

const cases = steps.flatMap((step) =>
  [false, true].flatMap((afterEffect) => [1, 2].map((times) => ({ ...step, afterEffect, times }))),
);

/** Each step of Create fails before or after its effect, once or with its repetition (reliability: one INSERT fails). */
describe.each(cases)('Create with $method failing (after effect: $afterEffect, $times times)', (step) => {
  it('ends in a state without lost keys or lasting orphans', async () => {
    const harness = new EngineHarness();
    if (step.at === 'catalog') harness.store.failNext(step.method, step);
    else harness.keyManager.failNext(step.method, step.fault, step);
    const answer = await harness.attempt('Create', template);
    const created = answer.response?.name === 'Create' ? answer.response.payload.uniqueIdentifier : undefined;
    harness.store.recover();
    harness.keyManager.recover();

    if (created !== undefined) await expect(harness.fetch(created)).resolves.toHaveLength(32);
    harness.clock.advance(TEN_MINUTES + 1);
    expect((await harness.reconcile()).failed).toHaveLength(0);
    await harness.settle();

    const named = harness.store.objects().map(({ custody }) => custody?.storedKeyId);
    expect(harness.keyManager.storedKeys().map(({ id }) => id)).toStrictEqual(named);
    expect(harness.store.intents()).toHaveLength(0);
    if (created !== undefined) await expect(harness.fetch(created)).resolves.toHaveLength(32);
    for (const { uniqueIdentifier } of harness.store.objects()) {
      await expect(harness.fetch(uniqueIdentifier)).resolves.toHaveLength(32);
    }
    const births = harness.store.audits.filter(isBirth);
    const takenOver = harness.store.audits.filter(
      ({ details }) => details?.['step'] === 'restored from the key manager',
    );
    expect([...births, ...takenOver].map(({ target }) => target?.id)).toStrictEqual(
      harness.store.objects().map(({ uniqueIdentifier }) => uniqueIdentifier),
    );
  });
});

const isBirth = ({ action, outcome }: AuditEvent): boolean =>
  action === 'vmware-solutions.kmip-key.create' && outcome === 'success';
