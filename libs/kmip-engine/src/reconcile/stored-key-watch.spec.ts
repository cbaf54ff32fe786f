import { type UniqueIdentifier } from '@lib/kernel';
import { restorableUntil } from '@lib/key-manager';
import { EngineHarness } from '@lib/testing';

import { type LostKey } from '../ports/lost-keys.port';
import { StoredKeyWatch, type WatchReport } from './stored-key-watch';

const HOUR_MS = 3_600_000;

describe('StoredKeyWatch', () => {
  let harness: EngineHarness;
  let watch: StoredKeyWatch;
  let keys: UniqueIdentifier[];
  beforeEach(async () => {
    harness = new EngineHarness();
    watch = new StoredKeyWatch(harness.background);
    keys = [];
    for (let times = 0; times < 3; times += 1) keys.push((await harness.createKey()) as UniqueIdentifier);
    harness.clock.advance(11 * HOUR_MS);
    harness.keyManager.calls.length = 0;
  });

  const run = (): Promise<WatchReport> => {
    const { keyManager } = harness;
    return watch.run(harness.reconcileScope(), { keyManager, rootKeyId: keyManager.rootKey.id });
  };
  const storedKeyOf = async (key: UniqueIdentifier): Promise<string> =>
    (await harness.store.find(key))?.custody?.storedKeyId ?? '';
  const lost = (): Promise<readonly LostKey[]> => harness.store.lost.among(keys);
  const hideFromList = (): void => {
    harness.keyManager.listKeys = async function* () {
      // A policy on single keys: they can be fetched, and are not listed.
    };
  };

  it('asks for one list while every key is in it', async () => {
    expect(await run()).toEqual({ listed: 3, lost: 0, found: 0, complete: true });
    expect(harness.keyManager.calls.map(({ method }) => method)).toEqual(['listKeys']);
  });

  it('notes a key whose stored key was deleted, with until when it can be restored; and that it was', async () => {
    const storedKeyId = await storedKeyOf(keys[1]!);
    harness.keyManager.deleteStoredKey(storedKeyId);
    const since = harness.clock.now();
    expect(await run()).toMatchObject({ lost: 1, complete: true });
    const noted = { uniqueIdentifier: keys[1], storedKeyId, since, restorableUntil: restorableUntil(since) };
    expect(await lost()).toEqual([noted]);
    harness.clock.advance(HOUR_MS);
    expect(await run()).toMatchObject({ lost: 0 });
    expect(await lost()).toEqual([noted]);
    harness.keyManager.restoreStoredKey(storedKeyId);
    expect(await run()).toMatchObject({ found: 1 });
    expect(await lost()).toEqual([]);
    expect(harness.store.audits.slice(-2)).toMatchObject([
      { action: 'vmware-solutions.kmip-key.lose', target: { id: keys[1] }, details: { storedKeyId } },
      { action: 'vmware-solutions.kmip-key.regain', target: { id: keys[1] }, details: { storedKeyId } },
    ]);
  });

  it('believes no list alone: it can be narrowed by a policy', async () => {
    hideFromList();
    expect(await run()).toEqual({ listed: 0, lost: 0, found: 0, complete: true });
    expect(await lost()).toEqual([]);
    const storedKeyId = await storedKeyOf(keys[0]!);
    harness.keyManager.deleteStoredKey(storedKeyId);
    await run();
    expect(await lost()).toHaveLength(1);
    harness.keyManager.restoreStoredKey(storedKeyId);
    expect(await run()).toMatchObject({ found: 1 });
  });

  it('does not call a key lost that a failed-over region does not know', async () => {
    const young = (await harness.createKey()) as UniqueIdentifier;
    keys.push(young);
    harness.keyManager.failOver(new Date(harness.clock.now().getTime() - HOUR_MS));
    expect(await run()).toMatchObject({ lost: 0 });
    expect(await lost()).toEqual([]);
  });

  it.each(['listKeys', 'fetchKey'] as const)(
    'notes nothing when %s fails, and goes on in the next turn',
    async (method) => {
      harness.keyManager.deleteStoredKey(await storedKeyOf(keys[2]!));
      harness.keyManager.failNext(method, 'permission_denied');
      expect(await run()).toMatchObject({ lost: 0, complete: false });
      expect(await run()).toMatchObject({ lost: 1, complete: true });
    },
  );

  it('notes a loss also where until when it can be restored is not told', async () => {
    harness.keyManager.deleteStoredKey(await storedKeyOf(keys[0]!));
    harness.keyManager.failNext('findDeletedKeys', 'permission_denied');
    await run();
    expect((await lost())[0]).not.toHaveProperty('restorableUntil');
  });

  it('asks for so many keys in a turn, and for the others in the next ones', async () => {
    const more = Array.from({ length: 398 }, () => harness.createKey());
    keys.push(...((await Promise.all(more)) as UniqueIdentifier[]));
    hideFromList();
    harness.clock.advance(11 * HOUR_MS);
    const last = keys.toSorted().at(-1)!;
    harness.keyManager.deleteStoredKey(await storedKeyOf(last));
    const turns = [await run(), await run(), await run()];
    expect(turns.map(({ complete }) => complete)).toEqual([false, false, true]);
    expect(harness.keyManager.callsOf('fetchKey').length).toBeGreaterThanOrEqual(401);
    expect(await lost()).toMatchObject([{ uniqueIdentifier: last }]);
  });

  it('is told by Gets too: of a key that is gone, and of one that is back', async () => {
    const [key] = keys as [UniqueIdentifier];
    const storedKeyId = await storedKeyOf(key);
    harness.keyManager.deleteStoredKey(storedKeyId);
    await harness.refusal('Get', { uniqueIdentifier: key });
    await harness.engine.drain();
    expect(await lost()).toMatchObject([{ uniqueIdentifier: key, restorableUntil: expect.any(Date) as Date }]);
    harness.keyManager.restoreStoredKey(storedKeyId);
    await harness.fetch(key);
    await harness.engine.drain();
    expect(await lost()).toEqual([]);
  });
});
