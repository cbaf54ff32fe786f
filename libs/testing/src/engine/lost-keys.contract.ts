import { randomUUID } from 'node:crypto';

import { type AuditEvent } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { type LostKey, type ManagedObject, type ManagedObjectStore, storedSince } from '@lib/kmip-engine';

import { aManagedObject, anAuditEvent, putObject } from './managed-object.fixture';

/** The part of {@link ManagedObjectStoreHarness} that lost keys need. */
interface Harness {
  readonly store: ManagedObjectStore;
  readonly instanceId: InstanceId;
  readonly otherStore: ManagedObjectStore;
  recorded(): Promise<readonly AuditEvent[]>;
}

const NOTED_AT = new Date('2026-11-25T00:00:00.000Z');
const LATER = new Date('2026-11-26T00:00:00.000Z');

/** What a catalog promises about keys whose stored key is gone. */
export function describeLostKeys(harness: () => Harness): void {
  const put = (): Promise<ManagedObject> => putObject(harness().store, harness().instanceId, aManagedObject());
  const lostOf = ({ uniqueIdentifier, custody }: ManagedObject, since = NOTED_AT): LostKey => ({
    uniqueIdentifier,
    storedKeyId: custody?.storedKeyId ?? '',
    since,
  });

  describe('lost keys', () => {
    it('are noted since when they are known, with until when they can be restored, and forgotten', async () => {
      const { store } = harness();
      const [key, other] = [await put(), await put()];
      await store.lost.note(lostOf(key), anAuditEvent(harness().instanceId));
      const restorableUntil = new Date('2026-12-24T00:00:00.000Z');
      await store.lost.note({ ...lostOf(key, LATER), restorableUntil }, anAuditEvent(harness().instanceId));
      const ids = [key.uniqueIdentifier, other.uniqueIdentifier];
      expect(await store.lost.among(ids)).toStrictEqual([{ ...lostOf(key), restorableUntil }]);
      await store.lost.forget(key.uniqueIdentifier, anAuditEvent(harness().instanceId));
      expect(await store.lost.among(ids)).toStrictEqual([]);
    });

    it('are those of the stored key that the row names, and no other', async () => {
      const { store, recorded } = harness();
      const key = await put();
      const before = (await recorded()).length;
      await store.lost.note({ ...lostOf(key), storedKeyId: randomUUID() }, anAuditEvent(harness().instanceId));
      expect(await store.lost.among([key.uniqueIdentifier])).toStrictEqual([]);
      // It was moved since it was looked for: nobody has lost anything.
      expect(await recorded()).toHaveLength(before);
      await store.lost.note(lostOf(key, LATER), anAuditEvent(harness().instanceId));
      expect(await store.lost.among([key.uniqueIdentifier])).toStrictEqual([lostOf(key, LATER)]);
    });

    it('are none that are being destroyed', async () => {
      const { store, instanceId, recorded } = harness();
      const key = await put();
      await store.mutate(key.uniqueIdentifier, (current) => ({
        object: { ...current, destroyRequestedAt: NOTED_AT },
        audit: anAuditEvent(instanceId),
        result: undefined,
      }));
      const before = (await recorded()).length;
      await store.lost.note(lostOf(key), anAuditEvent(instanceId));
      expect(await recorded()).toHaveLength(before);
    });

    it('are counted by root key, without what is ordered to be destroyed', async () => {
      const { store, instanceId, otherStore } = harness();
      const keys = [await put(), await put(), await put()] as const;
      await put();
      for (const [index, key] of keys.entries()) {
        await store.lost.note(lostOf(key, index === 1 ? NOTED_AT : LATER), anAuditEvent(instanceId));
      }
      const rootKeyId = keys[0].custody?.rootKeyId;
      expect(await store.lost.byRootKey()).toStrictEqual([{ rootKeyId, keys: 3, keysUnder: 4, since: NOTED_AT }]);
      await store.mutate(keys[1].uniqueIdentifier, (current) => ({
        object: { ...current, destroyRequestedAt: NOTED_AT },
        audit: anAuditEvent(instanceId),
        result: undefined,
      }));
      expect(await store.lost.byRootKey()).toStrictEqual([{ rootKeyId, keys: 2, keysUnder: 4, since: LATER }]);
      expect(await otherStore.lost.byRootKey()).toStrictEqual([]);
    });

    it('are of the instance alone, and of keys that are there', async () => {
      const { store, otherStore } = harness();
      const key = await put();
      await otherStore.lost.note(lostOf(key), anAuditEvent(harness().instanceId));
      expect(await otherStore.lost.among([key.uniqueIdentifier])).toStrictEqual([]);
      await store.lost.note(lostOf(key), anAuditEvent(harness().instanceId));
      await otherStore.lost.forget(key.uniqueIdentifier, anAuditEvent(harness().instanceId));
      expect(await store.lost.among([key.uniqueIdentifier])).toHaveLength(1);
    });

    it('are told among all that lie under a root key, in pages; what is being destroyed is not', async () => {
      const { store, instanceId } = harness();
      const keys = [await put(), await put(), await put(), await put()].sort((a, b) =>
        a.uniqueIdentifier < b.uniqueIdentifier ? -1 : 1,
      );
      const [first, second, third, ending] = keys as [ManagedObject, ManagedObject, ManagedObject, ManagedObject];
      await store.mutate(ending.uniqueIdentifier, (current) => ({
        object: { ...current, destroyRequestedAt: NOTED_AT },
        audit: anAuditEvent(instanceId),
        result: undefined,
      }));
      await store.lost.note(lostOf(second), anAuditEvent(harness().instanceId));
      const rootKeyId = first.custody?.rootKeyId ?? '';
      const placed = ({ uniqueIdentifier, custody, initialDate }: ManagedObject, lost: boolean) => ({
        uniqueIdentifier,
        storedKeyId: custody?.storedKeyId,
        storedAt: storedSince({ initialDate, ...(custody && { custody }) }),
        lost,
      });
      expect(await store.lost.placed(rootKeyId, { limit: 2 })).toStrictEqual([
        placed(first, false),
        placed(second, true),
      ]);
      const rest = await store.lost.placed(rootKeyId, { limit: 2, after: second.uniqueIdentifier });
      expect(rest).toStrictEqual([placed(third, false)]);
      expect(await store.lost.placed('another', { limit: 2 })).toStrictEqual([]);
    });
  });
}
