import { ObjectType, type OperationName, type OperationRequests } from '@lib/kmip-protocol';
import {
  EngineHarness,
  type InMemoryManagedObjectStore,
  type KeyManagerMethod,
  nameValue,
  vcenterKey,
  attribute,
} from '@lib/testing';

const CREATE = { objectType: ObjectType.SymmetricKey, templateAttribute: { attributes: vcenterKey } };
const NAME = attribute('Name', nameValue('a name'));
const LATER_MS = 600_001;
/** Whatever hangs hangs for good: these decide nothing but how long a test lasts. */
const LIMITS = { maximumLiveKeys: 1000, operationTimeoutMs: 20, operationGraceMs: 20 };

type StoreMethod = 'locate' | 'openIntent' | 'completeIntent' | 'find' | 'recordFetch' | 'mutate' | 'record';

/** Calls of a method of the store wait; before it has an effect, or after. @returns lets them go on */
function hang(store: InMemoryManagedObjectStore, method: StoreMethod, when: 'before' | 'after'): () => void {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const original = store[method].bind(store) as (...args: unknown[]) => Promise<unknown>;
  Object.assign(store, {
    [method]: async (...args: unknown[]) => {
      if (when === 'before') await released;
      const result = await original(...args);
      if (when === 'after') await released;
      return result;
    },
  });
  return () => {
    Object.assign(store, { [method]: original });
    release();
  };
}

describe('an operation of which one step hangs', () => {
  let harness: EngineHarness;
  beforeEach(() => {
    harness = new EngineHarness();
  });
  const refusal = async <N extends OperationName>(
    name: N,
    payload: OperationRequests[N],
  ): Promise<string | undefined> => (await harness.refusal(name, payload, { scope: { limits: LIMITS } })).code;
  /** Everything that was begun and is still there settles: no key that nobody knows of, no open intent. */
  const settled = async (): Promise<void> => {
    await harness.engine.drain();
    harness.clock.advance(LATER_MS);
    await harness.settle();
    await harness.settle();
    expect(harness.store.intents()).toEqual([]);
    const named = harness.store.objects().map(({ custody }) => custody?.storedKeyId);
    expect(
      harness.keyManager
        .storedKeys()
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(named.toSorted());
  };

  it.each<[StoreMethod, 'before' | 'after']>([
    ['locate', 'before'],
    ['openIntent', 'before'],
    ['openIntent', 'after'],
    ['completeIntent', 'before'],
    ['completeIntent', 'after'],
  ])('Create is answered when the catalog hangs at %s, %s its effect', async (method, when) => {
    const named = { ...CREATE, templateAttribute: { attributes: [...vcenterKey, NAME] } };
    const release = hang(harness.store, method, when);
    expect(await refusal('Create', named)).toBe('operation_timeout');
    release();
    await settled();
  });

  it.each<KeyManagerMethod>(['wrap', 'unwrap', 'storeKey', 'fetchKey'])(
    'Create is answered when the key manager hangs at %s',
    async (method) => {
      harness.keyManager.hang(method);
      expect(await refusal('Create', CREATE)).toBe('key_manager_timeout');
      expect(harness.store.objects()).toEqual([]);
      harness.keyManager.recover();
      await settled();
    },
  );

  it('Create is answered when its store was cut off and the repetition hangs', async () => {
    const { keyManager } = harness;
    keyManager.failNext('storeKey', 'unavailable', { uncertain: true });
    const search = keyManager.findKeysByName.bind(keyManager);
    keyManager.findKeysByName = (...args) => {
      keyManager.hang('storeKey');
      return search(...args);
    };
    expect(await refusal('Create', CREATE)).toBe('key_manager_timeout');
    expect(harness.store.objects()).toEqual([]);
    keyManager.findKeysByName = search;
    keyManager.recover();
    await settled();
  });

  it('Create begins no commit once its time is up', async () => {
    const fetch = harness.keyManager.fetchKey.bind(harness.keyManager);
    const stopping = new AbortController();
    harness.keyManager.fetchKey = async (...args) => {
      const payload = await fetch(...args);
      stopping.abort();
      return payload;
    };
    const scope = { signal: stopping.signal };
    expect((await harness.refusal('Create', CREATE, { scope })).code).toBe('operation_timeout');
    expect(harness.store.objects()).toEqual([]);
    harness.keyManager.fetchKey = fetch;
    await settled();
  });

  it.each<[StoreMethod, 'before' | 'after']>([
    ['find', 'before'],
    ['recordFetch', 'before'],
    ['recordFetch', 'after'],
  ])('Get is answered when the catalog hangs at %s, %s its effect', async (method, when) => {
    const uniqueIdentifier = await harness.createKey();
    const release = hang(harness.store, method, when);
    expect(await refusal('Get', { uniqueIdentifier })).toBe('operation_timeout');
    release();
    await harness.engine.drain();
    await expect(harness.fetch(uniqueIdentifier)).resolves.toHaveLength(32);
  });

  it.each<KeyManagerMethod>(['fetchKey', 'unwrap'])(
    'Get is answered when the key manager hangs at %s',
    async (method) => {
      const uniqueIdentifier = await harness.createKey();
      harness.keyManager.hang(method);
      expect(await refusal('Get', { uniqueIdentifier })).toBe('key_manager_timeout');
    },
  );

  it.each<['before' | 'after']>([['before'], ['after']])(
    'Destroy is answered when the catalog hangs, %s its effect, and repeating it is safe',
    async (when) => {
      const uniqueIdentifier = await harness.createKey();
      const release = hang(harness.store, 'mutate', when);
      expect(await refusal('Destroy', { uniqueIdentifier })).toBe('operation_timeout');
      release();
      await harness.engine.drain();
      await harness.attempt('Destroy', { uniqueIdentifier });
      expect(harness.store.objects()[0]?.state).toBe('Destroyed');
      expect(harness.keyManager.storedKeys()).toEqual([]);
    },
  );

  it.each<KeyManagerMethod>(['deleteKey', 'findKeysByName'])(
    'Destroy is answered when the key manager hangs at %s',
    async (method) => {
      const uniqueIdentifier = await harness.createKey();
      harness.keyManager.hang(method);
      expect(await refusal('Destroy', { uniqueIdentifier })).not.toBe('operation_timeout');
      harness.keyManager.recover();
      await harness.attempt('Destroy', { uniqueIdentifier });
      expect(harness.store.objects()[0]?.state).toBe('Destroyed');
    },
  );

  it('is answered when not even its failure can be recorded, and says in the log how it ended', async () => {
    const [find, record] = [hang(harness.store, 'find', 'before'), hang(harness.store, 'record', 'before')];
    const uniqueIdentifier = '11111111-2222-4333-8444-555555555555';
    expect(await refusal('Get', { uniqueIdentifier })).toBe('operation_timeout');
    find();
    record();
    await harness.engine.drain();
    expect(harness.logs.map(({ message }) => message)).toContain('an operation ended after its client was answered');
  });
});
