import { type UniqueIdentifier } from '@lib/kernel';
import { EngineHarness, type FakeKeyManager, FakeRootKey, ManualClock } from '@lib/testing';
import { StoredKeyWatch } from '@lib/kmip-engine';
import { type DueBinding, type KeyedBinding, type RootKeyBinding, type TestNote } from '@lib/tenancy';

import { type SweepScope } from './instance-sweep';
import { RootKeyTests } from './root-key-tests';

describe('RootKeyTests', () => {
  const clock = new ManualClock();
  let harness: EngineHarness;
  let former: FakeKeyManager;
  let due: DueBinding[];
  let watched: [string, number][];
  let noted: Map<string, TestNote>;

  const bound = (id: string, rootKeyId: string): DueBinding => ({
    binding: { id, rootKeyId } as RootKeyBinding,
    keys: 1,
    test: true,
    watch: false,
  });

  beforeEach(() => {
    harness = new EngineHarness({ clock });
    former = harness.keyManager.withRootKey(new FakeRootKey());
    due = [bound('present', harness.keyManager.rootKey.id), bound('former', former.rootKey.id)];
    noted = new Map();
    watched = [];
  });

  const scope = (signal: AbortSignal): SweepScope => ({
    ...harness.reconcileScope(),
    bindingId: 'present',
    kind: 'key_protect',
    version: 'p1',
    signal,
    former: [
      {
        bindingId: 'former',
        kind: 'key_protect',
        version: 'f1',
        rootKeyId: former.rootKey.id,
        keyManager: former,
        retiredAt: clock.now(),
        paused: false,
      },
    ],
  });
  const visit = (signal = new AbortController().signal): Promise<boolean> => {
    const health = {
      due: () => Promise.resolve(due),
      noteTest: (_id: unknown, { binding }: KeyedBinding, test: TestNote) => {
        noted.set(binding.id, test);
        return Promise.resolve();
      },
      noteWatch: (_id: unknown, { binding }: KeyedBinding, { listed }: { listed: number }) => {
        watched.push([binding.id, listed]);
        return Promise.resolve();
      },
    };
    const scopeFor = (_id: unknown, given: AbortSignal) => Promise.resolve(scope(given));
    const watch = new StoredKeyWatch(harness.background);
    return new RootKeyTests({ health, watch, scopeFor, component: 'kmip-1' }).visit(harness.instanceId, signal);
  };
  const outcomesOf = (id: string): object => Object.fromEntries(noted.get(id)?.outcomes ?? []);

  it('tests each root key that it is due for, behind what clients ask for', async () => {
    await harness.createKey();
    harness.keyManager.calls.length = 0;
    await visit();
    expect(noted.get('present')).toMatchObject({ version: 'p1' });
    expect(outcomesOf('present')).toEqual({ describe: 'ok', wrap: 'ok', unwrap: 'ok', fetch: 'ok' });
    expect(outcomesOf('former')).toEqual({ describe: 'ok', wrap: 'ok', unwrap: 'ok' });
    expect(harness.keyManager.calls.every(({ givesWay }) => givesWay)).toBe(true);
  });

  it('asks nobody while no test is due', async () => {
    due = [];
    await visit();
    expect(harness.keyManager.calls).toEqual([]);
  });

  it('says nothing of a binding that is not in force in this process yet', async () => {
    due = [bound('new', 'crk')];
    await visit();
    expect(noted.size).toBe(0);
  });

  it('does not take its own end for one of the key manager', async () => {
    const stopping = new AbortController();
    harness.keyManager.hang('describeRootKey');
    const visited = visit(stopping.signal);
    stopping.abort();
    await visited;
    expect(noted.size).toBe(0);
  });

  it('says nothing of a test that found no room among what clients ask for', async () => {
    await harness.createKey();
    due = [bound('present', harness.keyManager.rootKey.id)];
    for (const method of ['describeRootKey', 'wrap', 'fetchKey'] as const) {
      harness.keyManager.failNext(method, 'overloaded');
    }
    await visit();
    expect(noted.size).toBe(0);
    await visit();
    expect(noted.size).toBe(1);
  });

  it('compares the keys of a root key when that is due, or when the test met one that is gone', async () => {
    const key = (await harness.createKey()) as UniqueIdentifier;
    due = [{ ...bound('present', harness.keyManager.rootKey.id), test: false, watch: true }];
    await visit();
    expect([noted.size, watched]).toEqual([0, [['present', 1]]]);
    harness.keyManager.deleteStoredKey((await harness.store.find(key))?.custody?.storedKeyId ?? '');
    due = [bound('present', harness.keyManager.rootKey.id)];
    await visit();
    expect(watched).toHaveLength(2);
    expect(await harness.store.lost.among([key])).toHaveLength(1);
    // What is known to be lost is no reason to list all stored keys with every test.
    await visit();
    expect(watched).toHaveLength(2);
  });
});
