import { type AuditEvent } from '@lib/audit';
import { type InstanceId, type UniqueIdentifier } from '@lib/kernel';
import { type KeyCustody, type ManagedObjectStore } from '@lib/kmip-engine';

import { aManagedObject, aMove, anAuditEvent, putObject } from './managed-object.fixture';

/** The part of {@link ManagedObjectStoreHarness} that moves need. */
interface Harness {
  readonly store: ManagedObjectStore;
  readonly instanceId: InstanceId;
  readonly otherStore: ManagedObjectStore;
  readonly otherInstanceId: InstanceId;
  recorded(): Promise<readonly AuditEvent[]>;
}

const MAXIMUM = 100;

/** What a catalog promises about where keys lie. */
export function describeCustodyMoves(harness: () => Harness): void {
  describe('moves of custody', () => {
    describeOpening(harness);
    describeCommit(harness);
    describeSettling(harness);
    describeKeysUnder(harness);
  });
}

async function openMove({ store, instanceId }: Harness) {
  const object = await putObject(store, instanceId, aManagedObject());
  const from = object.custody!;
  const to: KeyCustody = { ...from, storedKeyId: 'second', rootKeyVersion: 'version-2', storedAt: new Date(1) };
  const move = aMove(object);
  expect(await store.moves.open(move, MAXIMUM)).toBe('opened');
  return { object, from, to, move };
}

function describeOpening(harness: () => Harness): void {
  it('open once for an object, however often that is asked', async () => {
    const { store } = harness();
    const { object, move } = await openMove(harness());
    expect(await store.moves.open(move, MAXIMUM)).toBe('opened');
    expect(await store.moves.open(aMove(object), MAXIMUM)).toBe('busy');
    expect(await store.moves.find(object.uniqueIdentifier)).toStrictEqual(move);
  });

  it('have one winner when many ask at once', async () => {
    const { store, instanceId } = harness();
    const object = await putObject(store, instanceId, aManagedObject());
    const asked = Array.from({ length: 8 }, () => store.moves.open(aMove(object), MAXIMUM));
    expect((await Promise.all(asked)).filter((outcome) => outcome === 'opened')).toHaveLength(1);
  });

  it('are limited in number, and again possible when one is closed', async () => {
    const { store, instanceId } = harness();
    const { move } = await openMove(harness());
    const other = aMove(await putObject(store, instanceId, aManagedObject()));
    expect(await store.moves.open(other, 1)).toBe('full');
    expect(await store.moves.find(other.uniqueIdentifier)).toBeUndefined();
    await store.moves.close(move);
    expect(await store.moves.open(other, 1)).toBe('opened');
  });

  it('are closed by themselves alone: an older move closes no younger one', async () => {
    const { store } = harness();
    const { object, move } = await openMove(harness());
    await store.moves.close(move);
    await store.moves.close(move);
    const younger = aMove(object);
    await store.moves.open(younger, MAXIMUM);
    await store.moves.close(move);
    expect(await store.moves.claim(move)).toBe(false);
    expect(await store.moves.find(object.uniqueIdentifier)).toStrictEqual(younger);
  });
}

function describeCommit(harness: () => Harness): void {
  it('swap custody from what it is, once, with a record', async () => {
    const { store, instanceId, recorded } = harness();
    const { object, from, to, move } = await openMove(harness());
    const late = { ...to, storedKeyId: 'third' };
    expect(await store.moves.commit(move, from, to, anAuditEvent(instanceId))).toBe(true);
    expect(await store.moves.commit(move, from, late, anAuditEvent(instanceId))).toBe(false);
    expect(await store.find(object.uniqueIdentifier)).toStrictEqual({ ...object, custody: to });
    expect(await recorded()).toHaveLength(2);
  });

  const hindrances: readonly (readonly [string, (part: Awaited<ReturnType<typeof openMove>>) => Promise<unknown>])[] = [
    ['was claimed by a reconciler', ({ move }) => harness().store.moves.claim(move)],
    ['was closed', ({ move }) => harness().store.moves.close(move)],
    [
      'is of an object that is being destroyed',
      ({ object }) =>
        harness().store.mutate(object.uniqueIdentifier, (current) => ({
          object: { ...current, destroyRequestedAt: new Date(0) },
          audit: anAuditEvent(harness().instanceId),
          result: undefined,
        })),
    ],
  ];
  it.each(hindrances)('change nothing when the move %s', async (_, hinder) => {
    const { store, instanceId, recorded } = harness();
    const part = await openMove(harness());
    await hinder(part);
    const before = await recorded();
    expect(await store.moves.commit(part.move, part.from, part.to, anAuditEvent(instanceId))).toBe(false);
    expect((await store.find(part.object.uniqueIdentifier))?.custody).toStrictEqual(part.from);
    expect(await recorded()).toStrictEqual(before);
  });

  it('either swap custody or are claimed, when both are tried at once', async () => {
    const { store, instanceId } = harness();
    for (let round = 0; round < 5; round += 1) {
      const { object, from, to, move } = await openMove(harness());
      const [swapped] = await Promise.all([
        store.moves.commit(move, from, to, anAuditEvent(instanceId)),
        store.moves.claim(move),
      ]);
      expect((await store.find(object.uniqueIdentifier))?.custody).toStrictEqual(swapped ? to : from);
      expect(await store.moves.commit(move, to, from, anAuditEvent(instanceId))).toBe(false);
    }
  });
}

function describeSettling(harness: () => Harness): void {
  it('are found oldest first when they were left behind, claimed ones too', async () => {
    const { store, instanceId } = harness();
    const [young, old, older] = await Promise.all(
      ['2026-01-03', '2026-01-02', '2026-01-01'].map(async (day) =>
        aMove(await putObject(store, instanceId, aManagedObject()), { startedAt: new Date(day) }),
      ),
    );
    for (const move of [young!, old!, older!]) await store.moves.open(move, MAXIMUM);
    expect(await store.moves.claim(older!)).toBe(true);
    expect(await store.moves.claim(older!)).toBe(true);
    expect(await store.moves.stale(new Date('2026-01-02T12:00:00Z'), 10)).toStrictEqual([older, old]);
    expect(await store.moves.stale(new Date('2026-02-01'), 1)).toStrictEqual([older]);
  });

  it('that were found clear are shown again when that is long ago, and from the beginning when it is forgotten', async () => {
    const { store, instanceId } = harness();
    const move = aMove(await putObject(store, instanceId, aManagedObject()), { startedAt: new Date('2026-01-01') });
    await store.moves.open(move, MAXIMUM);
    const clearSince = new Date('2026-01-02');
    await store.moves.noteClear(aMove(await putObject(store, instanceId, aManagedObject())), clearSince);
    await store.moves.noteClear(move, clearSince);
    expect(await store.moves.stale(clearSince, 10)).toStrictEqual([]);
    expect(await store.moves.stale(new Date('2026-01-03'), 10)).toStrictEqual([{ ...move, clearSince }]);
    await store.moves.noteClear(move, undefined);
    expect(await store.moves.stale(clearSince, 10)).toStrictEqual([move]);
  });

  it('are nobody else’s', async () => {
    const { store, otherStore, otherInstanceId } = harness();
    const { move, from, to } = await openMove(harness());
    const { uniqueIdentifier } = move;
    expect(await otherStore.moves.find(uniqueIdentifier)).toBeUndefined();
    expect(await otherStore.moves.claim(move)).toBe(false);
    expect(await otherStore.moves.commit(move, from, to, anAuditEvent(otherInstanceId))).toBe(false);
    await otherStore.moves.close(move);
    expect(await otherStore.moves.stale(new Date('2100-01-01'), 10)).toStrictEqual([]);
    expect(await otherStore.moves.keysUnder(from.rootKeyId, { limit: 10 })).toStrictEqual([]);
    expect(await store.moves.find(uniqueIdentifier)).toStrictEqual(move);
  });
}

function describeKeysUnder(harness: () => Harness): void {
  it('find the keys under a root key page by page, without those that are destroyed or being so', async () => {
    const { store, instanceId } = harness();
    const under = (rootKeyId: string, rootKeyVersion: string): KeyCustody => ({
      storedKeyId: 's',
      rootKeyId,
      rootKeyVersion,
    });
    const put = async (custody: KeyCustody, changes = {}): Promise<UniqueIdentifier> =>
      (await putObject(store, instanceId, aManagedObject({ custody, ...changes }))).uniqueIdentifier;
    const wanted: UniqueIdentifier[] = [];
    for (let count = 0; count < 5; count += 1) wanted.push(await put(under('former', 'v1')));
    const newest = await put(under('former', 'v2'));
    await put(under('another', 'v1'));
    await put(under('former', 'v1'), { destroyRequestedAt: new Date(0) });
    const { custody: none, ...destroyed } = aManagedObject({ state: 'Destroyed' });
    await putObject(store, instanceId, destroyed);
    expect(none).toBeDefined();

    const { moves } = store;
    const old = [...wanted].sort();
    expect(await moves.keysUnder('former', { limit: 100 })).toStrictEqual([...wanted, newest].sort());
    const first = await moves.keysUnder('former', { exceptVersion: 'v2', limit: 2 });
    expect(first).toStrictEqual(old.slice(0, 2));
    const after = first.at(-1)!;
    expect(await moves.keysUnder('former', { exceptVersion: 'v2', after, limit: 100 })).toStrictEqual(old.slice(2));
  });
}
