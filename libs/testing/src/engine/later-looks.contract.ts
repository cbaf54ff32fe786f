import { randomUUID } from 'node:crypto';

import { type InstanceId, type UniqueIdentifier } from '@lib/kernel';
import { FIRST_LOOK_AFTER_MS, type ManagedObject, type ManagedObjectStore } from '@lib/kmip-engine';

import { aManagedObject, anAuditEvent, putObject } from './managed-object.fixture';

/** The part of {@link ManagedObjectStoreHarness} that later looks need. */
interface Harness {
  readonly store: ManagedObjectStore;
  readonly instanceId: InstanceId;
  readonly otherStore: ManagedObjectStore;
}

const DESTROYED_AT = new Date('2026-11-25T00:00:00.000Z');
const LATER = new Date('2100-01-01');
const after = (ms: number): Date => new Date(DESTROYED_AT.getTime() + ms);

/** What a catalog promises about destroyed keys that are looked for again. */
export function describeLaterLooks(harness: () => Harness): void {
  async function destroyed(): Promise<ManagedObject> {
    const { store, instanceId } = harness();
    const object = await putObject(store, instanceId, aManagedObject());
    await destroy(object.uniqueIdentifier);
    return object;
  }

  async function destroy(uniqueIdentifier: UniqueIdentifier): Promise<void> {
    const { store, instanceId } = harness();
    await store.mutate(uniqueIdentifier, ({ custody, ...rest }) => ({
      object: { ...rest, state: 'Destroyed', destroyDate: DESTROYED_AT },
      audit: anAuditEvent(instanceId),
      result: custody,
    }));
  }

  describe('later looks', () => {
    it('are owed for a key from the commit that destroys it, and for no other', async () => {
      const { store, instanceId } = harness();
      await putObject(store, instanceId, aManagedObject());
      const { uniqueIdentifier, custody } = await destroyed();
      expect(await store.laterLooks.due(after(FIRST_LOOK_AFTER_MS - 1), 10)).toStrictEqual([]);
      const { storedKeyId, rootKeyId } = custody!;
      expect(await store.laterLooks.find(uniqueIdentifier)).toStrictEqual({ storedKeyId, rootKeyId });
      expect(await harness().otherStore.laterLooks.find(uniqueIdentifier)).toBeUndefined();
      expect(await store.laterLooks.due(after(FIRST_LOOK_AFTER_MS), 10)).toStrictEqual([
        { uniqueIdentifier, storedKeyId, rootKeyId, destroyedAt: DESTROYED_AT, looks: 0 },
      ]);
    });

    it('tell each stored key that moves of the key have left, until they end', async () => {
      const { store, otherStore, instanceId } = harness();
      const before = await putObject(store, instanceId, aManagedObject());
      const { uniqueIdentifier } = before;
      let from = before.custody!;
      for (const storedKeyId of ['second', 'third']) {
        const to = { ...from, storedKeyId };
        const roots = { fromRootKeyId: from.rootKeyId, toRootKeyId: to.rootKeyId };
        const move = { uniqueIdentifier, moveId: randomUUID(), ...roots, startedAt: DESTROYED_AT };
        await store.moves.open(move, 10);
        const audit = anAuditEvent(instanceId, { occurredAt: DESTROYED_AT });
        // One that is refused leaves nothing.
        expect(await store.moves.commit(move, { ...from, storedKeyId: 'other' }, to, audit)).toBe(false);
        expect(await store.moves.commit(move, from, to, audit)).toBe(true);
        await store.moves.close(move);
        from = to;
      }
      await destroy(uniqueIdentifier);
      const [look] = await store.laterLooks.due(LATER, 10);
      const left = { rootKeyId: from.rootKeyId, leftAt: DESTROYED_AT };
      const formerly = [before.custody!.storedKeyId, 'second'].map((storedKeyId) => ({ storedKeyId, ...left }));
      expect(look).toMatchObject({ uniqueIdentifier, storedKeyId: 'third' });
      expect(new Set(look?.formerly)).toEqual(new Set(formerly));
      await otherStore.laterLooks.end(uniqueIdentifier);
      expect((await store.laterLooks.due(LATER, 10))[0]?.formerly).toHaveLength(2);
      await store.laterLooks.end(uniqueIdentifier);
      expect(await store.laterLooks.due(LATER, 10)).toStrictEqual([]);
    });

    it('are owed once: what changes a destroyed key adds none', async () => {
      const { store, instanceId } = harness();
      const { uniqueIdentifier } = await destroyed();
      await store.laterLooks.end(uniqueIdentifier);
      await store.mutate(uniqueIdentifier, (object) => ({
        object: { ...object, state: 'DestroyedCompromised' },
        audit: anAuditEvent(instanceId),
        result: undefined,
      }));
      expect(await store.laterLooks.due(LATER, 10)).toStrictEqual([]);
    });

    it('are put off and ended, the longest due first', async () => {
      const { store } = harness();
      const [one, other] = [await destroyed(), await destroyed()];
      await store.laterLooks.postpone(one.uniqueIdentifier, 2, after(3 * FIRST_LOOK_AFTER_MS));
      const due = async (ms: number) =>
        (await store.laterLooks.due(after(ms), 10)).map(({ uniqueIdentifier, looks }) => [uniqueIdentifier, looks]);
      expect(await due(2 * FIRST_LOOK_AFTER_MS)).toStrictEqual([[other.uniqueIdentifier, 0]]);
      expect(await due(3 * FIRST_LOOK_AFTER_MS)).toStrictEqual([
        [other.uniqueIdentifier, 0],
        [one.uniqueIdentifier, 2],
      ]);
      expect(await store.laterLooks.due(LATER, 1)).toHaveLength(1);
      await store.laterLooks.end(one.uniqueIdentifier);
      await store.laterLooks.end(one.uniqueIdentifier);
      await store.laterLooks.postpone(one.uniqueIdentifier, 1, DESTROYED_AT);
      expect(await due(3 * FIRST_LOOK_AFTER_MS)).toStrictEqual([[other.uniqueIdentifier, 0]]);
    });

    it('are nobody else’s', async () => {
      const { otherStore, store } = harness();
      const { uniqueIdentifier } = await destroyed();
      expect(await otherStore.laterLooks.due(LATER, 10)).toStrictEqual([]);
      await otherStore.laterLooks.end(uniqueIdentifier);
      expect(await store.laterLooks.due(LATER, 10)).toHaveLength(1);
    });
  });
}
