import { type AuditEvent } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { type ManagedObjectStore } from '@lib/kmip-engine';

import { aManagedObject, aName, anAuditEvent, anIntent, aText, putObject } from './managed-object.fixture';

const STARTED = new Date('2026-01-02T00:00:00.000Z');
const LATER = new Date('2026-01-03T00:00:00.000Z');
const MAXIMUM = 1000;

interface Harness {
  readonly store: ManagedObjectStore;
  readonly instanceId: InstanceId;
  readonly otherStore: ManagedObjectStore;
  recorded(): Promise<readonly AuditEvent[]>;
  failNextAudit?(): Promise<void> | void;
}

/** What comes back from the key manager into a catalog that lost it. */
export function describeRestoring(harness: () => Harness): void {
  describe('restoring', () => {
    it('puts a missing key back once, with its record, and counts it', async () => {
      const { store, instanceId, otherStore, recorded } = harness();
      await putObject(store, instanceId, aManagedObject());
      const object = aManagedObject({ fresh: false, attributes: [aText('x-text', 'kept')] });
      const audit = anAuditEvent(instanceId, { action: 'vmware-solutions.kmip-key.reconcile' });
      expect(await store.restore(object, audit, LATER)).toBe('restored');
      expect(await store.restore({ ...object, state: 'Active' }, anAuditEvent(instanceId), LATER)).toBe('present');
      expect(await store.find(object.uniqueIdentifier)).toStrictEqual(object);
      expect(await otherStore.find(object.uniqueIdentifier)).toBeUndefined();
      expect((await recorded()).slice(1)).toMatchObject([{ action: audit.action, correlationId: audit.correlationId }]);
      expect(await store.countLive()).toBe(2);
    });

    it('counts the first key of a catalog that knew of none', async () => {
      const { store, instanceId } = harness();
      await store.restore(aManagedObject(), anAuditEvent(instanceId), LATER);
      expect(await store.countLive()).toBe(1);
    });

    it.each(['Destroyed', 'Compromised'] as const)('leaves a key alone that is %s', async (state) => {
      const { store, instanceId, recorded } = harness();
      const object = await putObject(store, instanceId, aManagedObject({ state }));
      expect(await store.restore({ ...object, state: 'PreActive' }, anAuditEvent(instanceId), LATER)).toBe('present');
      expect(await store.find(object.uniqueIdentifier)).toStrictEqual(object);
      expect(await recorded()).toHaveLength(1);
    });

    it('takes the place of the intent of an interrupted Create', async () => {
      const { store, instanceId } = harness();
      const object = aManagedObject();
      await store.openIntent(anIntent(object, STARTED), MAXIMUM);
      expect(await store.restore(object, anAuditEvent(instanceId), LATER)).toBe('restored');
      expect(await store.staleIntents(new Date('2100-01-01'), 10)).toEqual([]);
      expect(await store.countLive()).toBe(1);
    });

    it('takes the place of an interrupted Create that is being settled: what is there is never removed', async () => {
      const { store, instanceId } = harness();
      const object = aManagedObject();
      await store.openIntent(anIntent(object, STARTED), MAXIMUM);
      await store.claimIntent(object.uniqueIdentifier);
      expect(await store.restore(object, anAuditEvent(instanceId), LATER)).toBe('restored');
    });

    it.each(['under way', 'refused'] as const)('keeps its hands off a Create that is %s', async (what) => {
      const { store, instanceId, recorded } = harness();
      const object = aManagedObject();
      await store.openIntent(anIntent(object, STARTED), MAXIMUM);
      if (what === 'refused') expect(await store.refuseIntent(object.uniqueIdentifier)).toBe(true);
      const interruptedBefore = what === 'refused' ? LATER : STARTED;
      expect(await store.restore(object, anAuditEvent(instanceId), interruptedBefore)).toBe('busy');
      expect(await store.find(object.uniqueIdentifier)).toBeUndefined();
      const [intent] = await store.staleIntents(LATER, 10);
      expect(intent?.refused).toBe(what === 'refused' ? true : undefined);
      expect(await recorded()).toHaveLength(0);
    });

    it('refuses a Create for good, and none whose key is in the catalog', async () => {
      const { store, instanceId, otherStore } = harness();
      const object = aManagedObject();
      await store.openIntent(anIntent(object, STARTED), MAXIMUM);
      expect(await otherStore.refuseIntent(object.uniqueIdentifier)).toBe(false);
      expect(await store.refuseIntent(object.uniqueIdentifier)).toBe(true);
      expect(await store.refuseIntent(object.uniqueIdentifier)).toBe(true);
      await expect(store.completeIntent(object, anAuditEvent(instanceId))).rejects.toMatchObject({
        fault: 'intent_closed',
      });
      const taken = await putObject(store, instanceId, aManagedObject());
      expect(await store.refuseIntent(taken.uniqueIdentifier)).toBe(false);
    });

    it('refuses a key whose Name another one has been given since', async () => {
      const { store, instanceId } = harness();
      const attributes = [aName('web01')];
      await putObject(store, instanceId, aManagedObject({ attributes }));
      const object = aManagedObject({ attributes });
      await store.openIntent(anIntent(object, STARTED), MAXIMUM);
      await expect(store.restore(object, anAuditEvent(instanceId), LATER)).rejects.toMatchObject({
        fault: 'name_taken',
      });
      expect(await store.find(object.uniqueIdentifier)).toBeUndefined();
      expect(await store.staleIntents(LATER, 10)).toHaveLength(1);
      expect(await store.restore({ ...object, attributes: [] }, anAuditEvent(instanceId), LATER)).toBe('restored');
    });

    it('restores a key once when several try', async () => {
      const { store, instanceId, recorded } = harness();
      const object = aManagedObject();
      const tries = Array.from({ length: 5 }, () => store.restore(object, anAuditEvent(instanceId), LATER));
      expect((await Promise.all(tries)).toSorted()).toEqual([...Array<string>(4).fill('present'), 'restored']);
      expect(await recorded()).toHaveLength(1);
      expect(await store.countLive()).toBe(1);
    });

    it('changes nothing without its audit record', async () => {
      const { store, instanceId, failNextAudit } = harness();
      if (failNextAudit === undefined) return;
      const object = aManagedObject();
      await failNextAudit();
      await expect(store.restore(object, anAuditEvent(instanceId), LATER)).rejects.toThrow();
      expect(await store.find(object.uniqueIdentifier)).toBeUndefined();
      expect(await store.countLive()).toBe(0);
    });
  });
}
