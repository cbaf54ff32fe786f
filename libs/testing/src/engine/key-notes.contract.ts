import { type InstanceId } from '@lib/kernel';
import {
  type KeyNote,
  type CommonFields,
  type ManagedObject,
  type ManagedObjectStore,
  type NotedFact,
} from '@lib/kmip-engine';

import { aManagedObject, anAuditEvent, putObject } from './managed-object.fixture';

/** The part of {@link ManagedObjectStoreHarness} that notes need. */
interface Harness {
  readonly store: ManagedObjectStore;
  readonly instanceId: InstanceId;
  readonly otherStore: ManagedObjectStore;
  failNextAudit?(): Promise<void> | void;
}

const AT = new Date('2026-01-02T03:04:05.678Z');
const EARLIER = new Date('2026-01-01T00:00:00.000Z');
const LATER = new Date('2026-01-03T00:00:00.000Z');
const ROOT_KEY = 'root-1';

type Change = Partial<CommonFields>;

/** What a catalog promises about what must not come back. */
export function describeKeyNotes(harness: () => Harness): void {
  const change = async (object: ManagedObject, changes: Change, at = AT): Promise<void> => {
    const { store, instanceId } = harness();
    await store.mutate(object.uniqueIdentifier, (current) => ({
      object: { ...current, ...changes },
      audit: anAuditEvent(instanceId, { occurredAt: at }),
      result: undefined,
    }));
  };
  const factsOf = async (object: ManagedObject): Promise<readonly string[]> =>
    (await harness().store.notes.of(object.uniqueIdentifier)).map(({ fact }) => fact);
  const put = async (changes: Change = {}): Promise<ManagedObject> => {
    const { store, instanceId } = harness();
    return putObject(store, instanceId, aManagedObject(changes));
  };

  describe('notes of what must not come back', () => {
    const cases: readonly (readonly [string, Change, readonly NotedFact[]])[] = [
      ['a deactivation', { state: 'Deactivated', deactivationDate: EARLIER }, ['deactivated']],
      ['a Deactivation Date to come', { deactivationDate: LATER }, ['deactivated']],
      ['a compromise', { state: 'Compromised', compromiseDate: EARLIER }, ['compromised']],
      ['a suspension', { suspended: true }, ['suspended']],
      ['a destruction', { state: 'Destroyed', destroyDate: EARLIER }, ['destroyed']],
      ['several at once', { suspended: true, state: 'Destroyed', destroyDate: EARLIER }, ['suspended', 'destroyed']],
      ['an activation', { state: 'Active', activationDate: EARLIER }, []],
      ['an order of destruction', { destroyRequestedAt: EARLIER }, []],
    ];
    it.each(cases)('are entered with %s', async (_what, changes, expected) => {
      const object = await put({ state: 'PreActive' });
      await change(object, changes);
      expect(await factsOf(object)).toStrictEqual(expected);
      // What is not news is not entered twice.
      await change(object, { lastChangeDate: LATER });
      expect(await factsOf(object)).toStrictEqual(expected);
    });

    it('are numbered by the time, and in order where the clock stands or goes back', async () => {
      const object = await put();
      const number = AT.getTime();
      await change(object, { suspended: true });
      await change(object, { suspended: false });
      await change(object, { suspended: true }, EARLIER);
      const facts = (await harness().store.notes.of(object.uniqueIdentifier)).map(({ uniqueIdentifier, ...rest }) => {
        expect(uniqueIdentifier).toBe(object.uniqueIdentifier);
        return rest;
      });
      expect(facts).toStrictEqual([
        { number, fact: 'suspended', effectiveAt: AT },
        { number: number + 1, previous: number, fact: 'resumed', effectiveAt: AT },
        { number: number + 2, previous: number + 1, fact: 'suspended', effectiveAt: EARLIER },
      ]);
    });

    it('are left until they lie under the root key that is bound, and again after a change of it', async () => {
      const { store, otherStore } = harness();
      const [one, other] = [await put(), await put()];
      await change(one, { suspended: true }, LATER);
      await change(other, { suspended: true });
      const numbers = (notes: readonly KeyNote[]): readonly number[] => notes.map(({ number }) => number);
      expect(numbers(await store.notes.unwritten(ROOT_KEY, 10))).toStrictEqual([AT.getTime(), LATER.getTime()]);
      expect(numbers(await store.notes.unwritten(ROOT_KEY, 1))).toStrictEqual([AT.getTime()]);
      expect(await store.notes.countUnwritten()).toBe(2);
      for (const note of await store.notes.unwritten(ROOT_KEY, 10)) {
        await otherStore.notes.markWritten(note, ROOT_KEY);
        expect(await store.notes.countUnwritten(ROOT_KEY)).toBeGreaterThan(0);
        await store.notes.markWritten(note, ROOT_KEY);
      }
      expect(await store.notes.unwritten(ROOT_KEY, 10)).toStrictEqual([]);
      expect(await store.notes.countUnwritten(ROOT_KEY)).toBe(0);
      expect(await store.notes.countUnwritten()).toBe(0);
      expect(await store.notes.unwritten('root-2', 10)).toHaveLength(2);
      expect(await store.notes.countUnwritten('root-2')).toBe(2);
    });

    it('are nothing to another instance', async () => {
      const { otherStore } = harness();
      const object = await put();
      await change(object, { suspended: true });
      expect(await otherStore.notes.of(object.uniqueIdentifier)).toStrictEqual([]);
      expect(await otherStore.notes.unwritten(ROOT_KEY, 10)).toStrictEqual([]);
    });

    it('that were found in the key manager are entered as written, and no other is made', async () => {
      const { store, instanceId } = harness();
      const [there, restored] = [await put(), aManagedObject({ suspended: true })];
      const noteOf = ({ uniqueIdentifier }: ManagedObject): KeyNote => ({
        uniqueIdentifier,
        number: 7,
        previous: 3,
        fact: 'suspended',
        effectiveAt: EARLIER,
      });
      for (let times = 0; times < 2; times += 1) {
        await store.mutate(there.uniqueIdentifier, (current) => ({
          object: { ...current, suspended: true },
          audit: anAuditEvent(instanceId),
          result: undefined,
          adopted: [{ ...noteOf(there), rootKeyId: ROOT_KEY }],
        }));
      }
      const adopted = [{ ...noteOf(restored), rootKeyId: ROOT_KEY }];
      expect(await store.restore(restored, anAuditEvent(instanceId), LATER, adopted)).toBe('restored');
      for (const object of [there, restored]) {
        expect(await store.notes.of(object.uniqueIdentifier)).toStrictEqual([noteOf(object)]);
      }
      expect(await store.notes.countUnwritten(ROOT_KEY)).toBe(0);
    });

    it('are not entered where the change was not', async () => {
      const { failNextAudit } = harness();
      if (failNextAudit === undefined) return;
      const object = await put();
      await failNextAudit();
      await expect(change(object, { suspended: true })).rejects.toThrow();
      expect(await factsOf(object)).toStrictEqual([]);
    });
  });
}
