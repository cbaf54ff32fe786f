import { randomBytes } from 'node:crypto';

import { type AuditEvent } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { type KeyCustody, type CommonFields, type ManagedObject, type ManagedObjectStore } from '@lib/kmip-engine';

import { describeCustodyMoves } from './custody-moves.contract';
import { describeLaterLooks } from './later-looks.contract';
import { describeLostKeys } from './lost-keys.contract';
import { describeKeyNotes } from './key-notes.contract';
import { describeLocate } from './locate.contract';
import { aManagedObject, aName, aText, anAuditEvent, anIntent, nameValue, putObject } from './managed-object.fixture';
import { describeRestoring } from './restore.contract';

/** One instance's catalog under test, and a second instance in the same place that must never be seen. */
export interface ManagedObjectStoreHarness {
  readonly store: ManagedObjectStore;
  readonly instanceId: InstanceId;
  readonly otherStore: ManagedObjectStore;
  readonly otherInstanceId: InstanceId;
  /** Committed audit events of the first instance, oldest first. */
  recorded(): Promise<readonly AuditEvent[]>;
  /** Makes the next commit of an audit event fail. Absent when it cannot be done to this implementation. */
  failNextAudit?(): Promise<void> | void;
  close(): Promise<void>;
}

const MAXIMUM = 1000;

/** What every catalog must do: run by the in-memory fake and by Postgres. */
export function describeManagedObjectStoreContract(
  name: string,
  make: () => Promise<ManagedObjectStoreHarness> | ManagedObjectStoreHarness,
): void {
  describe(`${name} is a ManagedObjectStore`, () => {
    let harness: ManagedObjectStoreHarness;
    beforeEach(async () => {
      harness = await make();
    });
    afterEach(() => harness.close());

    describeIntents(() => harness);
    describeNames(() => harness);
    describeDigests(() => harness);
    describeMutation(() => harness);
    describeServing(() => harness);
    describeIsolation(() => harness);
    describeRestoring(() => harness);
    describeCustodyMoves(() => harness);
    describeLaterLooks(() => harness);
    describeLostKeys(() => harness);
    describeKeyNotes(() => harness);
    describeLocate(() => harness);
  });
}

function describeIntents(harness: () => ManagedObjectStoreHarness): void {
  describe('intents', () => {
    it('returns what was put in, every field and every type of value', async () => {
      const { store, instanceId } = harness();
      const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
      const custody: Required<KeyCustody> = {
        storedKeyId: 'stored',
        rootKeyId: 'root',
        rootKeyVersion: '1',
        authenticated: true,
        storedAt: at(9),
      };
      const object: Required<ManagedObject> = {
        ...aManagedObject(),
        state: 'Compromised',
        suspended: true,
        custody,
        initialDate: new Date('2026-01-01T00:00:00.123Z'),
        activationDate: at(1),
        processStartDate: at(2),
        protectStopDate: at(3),
        deactivationDate: at(4),
        destroyRequestedAt: at(5),
        destroyDate: at(10),
        recoverableUntil: at(11),
        purgedAt: at(12),
        compromiseDate: at(6),
        compromiseOccurrenceDate: at(0),
        revocationReason: { code: 2, message: 'lost: ä€😀' },
        fresh: false,
        lastFetchedAt: at(8),
        attributes: [
          aName('a name'),
          { name: 'x-big', index: 0, value: { type: 'BigInteger', value: -(2n ** 90n) } },
          { name: 'x-bool', index: 0, value: { type: 'Boolean', value: true } },
          { name: 'x-bytes', index: 0, value: { type: 'ByteString', value: Buffer.from([0, 255, 1]) } },
          { name: 'x-date', index: 0, value: { type: 'DateTime', value: 253_402_300_799n } },
          { name: 'x-enum', index: 0, value: { type: 'Enumeration', value: 0x8000_0001 } },
          { name: 'x-int', index: 0, value: { type: 'Integer', value: -2_147_483_648 } },
          { name: 'x-interval', index: 0, value: { type: 'Interval', value: 4_294_967_295 } },
          { name: 'x-long', index: 0, value: { type: 'LongInteger', value: -(2n ** 63n) } },
          {
            name: 'x-struct',
            index: 0,
            value: { type: 'Structure', value: [{ tag: 0x540001, type: 'ByteString', value: Buffer.from('b') }] },
          },
          aText('x-text', '', 0),
          aText('x-text', 'ÄÖ \u{1F511} "quoted" \\', 1),
        ],
      };
      await putObject(store, instanceId, object);
      expect(await store.find(object.uniqueIdentifier)).toStrictEqual(object);
    });

    it('does not show a key before its intent is completed', async () => {
      const { store } = harness();
      const object = aManagedObject();
      await store.openIntent(anIntent(object), MAXIMUM);
      expect(await store.find(object.uniqueIdentifier)).toBeUndefined();
      expect((await store.locate({ asOf: new Date(), limit: 10, offset: 0, count: true })).total).toBe(0);
    });

    it('completes an intent once, however often it is asked to', async () => {
      const { store, instanceId, recorded } = harness();
      const object = await putObject(store, instanceId, aManagedObject());
      await store.completeIntent({ ...object, fresh: false }, anAuditEvent(instanceId));
      expect(await store.find(object.uniqueIdentifier)).toStrictEqual(object);
      expect(await recorded()).toHaveLength(1);
      expect(await store.staleIntents(new Date('2100-01-01'), 10)).toHaveLength(0);
    });

    it.each(['never opened', 'claimed', 'abandoned'] as const)('completes no intent that was %s', async (fate) => {
      const { store, instanceId, recorded } = harness();
      const object = aManagedObject();
      if (fate !== 'never opened') await store.openIntent(anIntent(object), MAXIMUM);
      if (fate === 'claimed') expect(await store.claimIntent(object.uniqueIdentifier)).toBe(true);
      if (fate === 'abandoned') await store.abandonIntent(object.uniqueIdentifier);
      await expect(store.completeIntent(object, anAuditEvent(instanceId))).rejects.toMatchObject({
        fault: 'intent_closed',
      });
      expect(await store.find(object.uniqueIdentifier)).toBeUndefined();
      expect(await recorded()).toHaveLength(0);
    });

    it('claims an intent again and again, and none that is gone', async () => {
      const { store, instanceId } = harness();
      const open = aManagedObject();
      await store.openIntent(anIntent(open), MAXIMUM);
      expect(await store.claimIntent(open.uniqueIdentifier)).toBe(true);
      expect(await store.claimIntent(open.uniqueIdentifier)).toBe(true);
      const done = await putObject(store, instanceId, aManagedObject());
      expect(await store.claimIntent(done.uniqueIdentifier)).toBe(false);
      await store.abandonIntent(open.uniqueIdentifier);
      expect(await store.claimIntent(open.uniqueIdentifier)).toBe(false);
    });

    it('lists stale intents oldest first, claimed ones included', async () => {
      const { store } = harness();
      const [young, old, older] = [aManagedObject(), aManagedObject(), aManagedObject()];
      await store.openIntent(anIntent(young, new Date('2026-01-03')), MAXIMUM);
      await store.openIntent(anIntent(old, new Date('2026-01-02')), MAXIMUM);
      await store.openIntent(anIntent(older, new Date('2026-01-01')), MAXIMUM);
      await store.claimIntent(older.uniqueIdentifier);
      const stale = await store.staleIntents(new Date('2026-01-02T12:00:00Z'), 10);
      expect(stale).toStrictEqual([anIntent(older, new Date('2026-01-01')), anIntent(old, new Date('2026-01-02'))]);
      expect(await store.staleIntents(new Date('2026-01-04'), 1)).toHaveLength(1);
    });

    it('lists one that was found clear again when that is long ago, and from the beginning when it is forgotten', async () => {
      const { store } = harness();
      const intent = anIntent(aManagedObject(), new Date('2026-01-01'));
      await store.openIntent(intent, MAXIMUM);
      const clearSince = new Date('2026-01-02');
      await store.noteClear(intent.uniqueIdentifier, clearSince);
      expect(await store.staleIntents(clearSince, 10)).toStrictEqual([]);
      expect(await store.staleIntents(new Date('2026-01-03'), 10)).toStrictEqual([{ ...intent, clearSince }]);
      await store.noteClear(intent.uniqueIdentifier, undefined);
      expect(await store.staleIntents(clearSince, 10)).toStrictEqual([intent]);
    });

    it('holds the quota when many ask at once, and counts intents and live keys but no destroyed ones', async () => {
      const { store, instanceId } = harness();
      await putObject(store, instanceId, aManagedObject());
      await putObject(store, instanceId, aManagedObject({ state: 'Destroyed' }));
      const asked = Array.from({ length: 10 }, () => store.openIntent(anIntent(aManagedObject()), 4));
      const outcomes = await Promise.allSettled(asked);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ fault: 'quota_exceeded' });
      }
      expect(await store.countLive()).toBe(4);
    });

    it('gives a place in the quota back when an intent is abandoned or a key destroyed', async () => {
      const { store, instanceId } = harness();
      const object = await putObject(store, instanceId, aManagedObject());
      const intent = anIntent(aManagedObject());
      await store.openIntent(intent, 2);
      await store.abandonIntent(intent.uniqueIdentifier);
      await store.abandonIntent(intent.uniqueIdentifier);
      expect(await store.countLive()).toBe(1);
      await store.mutate(object.uniqueIdentifier, (current) => ({
        object: { ...current, state: 'Destroyed' },
        audit: anAuditEvent(instanceId),
        result: undefined,
      }));
      expect(await store.countLive()).toBe(0);
    });
  });
}

function describeDigests(harness: () => ManagedObjectStoreHarness): void {
  describe('digests', () => {
    it('take one of several keys with the same digest, created at the same moment or after', async () => {
      const { store, instanceId } = harness();
      const digest = randomBytes(32);
      const objects = Array.from({ length: 4 }, () => aManagedObject({ digest }));
      for (const object of objects) await store.openIntent(anIntent(object), MAXIMUM);
      const outcomes = await Promise.allSettled(
        objects.map((object) => store.completeIntent(object, anAuditEvent(instanceId))),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ fault: 'digest_repeated' });
      }
      expect(await store.staleIntents(new Date('2100-01-01'), 10)).toHaveLength(3);
    });
  });
}

function describeNames(harness: () => ManagedObjectStoreHarness): void {
  describe('Names', () => {
    it('lets one of many have a Name, and keeps the intents of the others', async () => {
      const { store, instanceId, recorded } = harness();
      const objects = Array.from({ length: 5 }, () => aManagedObject({ attributes: [aName('wanted')] }));
      for (const object of objects) await store.openIntent(anIntent(object), MAXIMUM);
      const outcomes = await Promise.allSettled(
        objects.map((object) => store.completeIntent(object, anAuditEvent(instanceId))),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ fault: 'name_taken' });
      }
      expect(await store.staleIntents(new Date('2100-01-01'), 10)).toHaveLength(4);
      expect(await recorded()).toHaveLength(1);
    });

    it('tells Names of another type or another case apart', async () => {
      const { store, instanceId } = harness();
      await putObject(store, instanceId, aManagedObject({ attributes: [aName('name')] }));
      await putObject(store, instanceId, aManagedObject({ attributes: [aName('Name')] }));
      const uri = { name: 'Name', index: 0, value: nameValue('name', 2) };
      await expect(putObject(store, instanceId, aManagedObject({ attributes: [uri] }))).resolves.toBeDefined();
    });

    it('refuses a taken Name in a mutation and changes nothing', async () => {
      const { store, instanceId, recorded } = harness();
      await putObject(store, instanceId, aManagedObject({ attributes: [aName('taken')] }));
      const object = await putObject(store, instanceId, aManagedObject());
      const renamed = store.mutate(object.uniqueIdentifier, (current) => ({
        object: { ...current, attributes: [aName('taken')] },
        audit: anAuditEvent(instanceId),
        result: undefined,
      }));
      await expect(renamed).rejects.toMatchObject({ fault: 'name_taken' });
      expect(await store.find(object.uniqueIdentifier)).toStrictEqual(object);
      expect(await recorded()).toHaveLength(2);
    });

    it('gives the Names of a destroyed key free, which still shows them', async () => {
      const { store, instanceId } = harness();
      const object = await putObject(store, instanceId, aManagedObject({ attributes: [aName('again')] }));
      await store.mutate(object.uniqueIdentifier, (current) => ({
        object: { ...current, state: 'Destroyed' },
        audit: anAuditEvent(instanceId),
        result: undefined,
      }));
      await putObject(store, instanceId, aManagedObject({ attributes: [aName('again')] }));
      expect((await store.find(object.uniqueIdentifier))?.attributes).toStrictEqual([aName('again')]);
    });
  });
}

function describeMutation(harness: () => ManagedObjectStoreHarness): void {
  describe('mutate', () => {
    it('loses none of many changes to one object at once', async () => {
      const { store, instanceId, recorded } = harness();
      const { uniqueIdentifier } = await putObject(store, instanceId, aManagedObject());
      const numbers = Array.from({ length: 20 }, (_, index) => index);
      const results = await Promise.all(
        numbers.map((number) =>
          store.mutate(uniqueIdentifier, (current) => ({
            object: {
              ...current,
              attributes: [...current.attributes, aText('x-n', String(number), current.attributes.length)],
            },
            audit: anAuditEvent(instanceId),
            result: number,
          })),
        ),
      );
      expect(results.map((outcome) => outcome?.result)).toStrictEqual(numbers);
      expect((await store.find(uniqueIdentifier))?.attributes).toHaveLength(20);
      expect(await recorded()).toHaveLength(21);
    });

    it('passes on what the decision throws and changes nothing', async () => {
      const { store, instanceId, recorded } = harness();
      const object = await putObject(store, instanceId, aManagedObject());
      const refusal = new Error('no');
      await expect(
        store.mutate(object.uniqueIdentifier, () => {
          throw refusal;
        }),
      ).rejects.toBe(refusal);
      expect(await store.find(object.uniqueIdentifier)).toStrictEqual(object);
      expect(await recorded()).toHaveLength(1);
    });

    it('takes fields and attributes away as well as adding them', async () => {
      const { store, instanceId } = harness();
      const object = await putObject(
        store,
        instanceId,
        aManagedObject({
          destroyRequestedAt: new Date(0),
          attributes: [aName('n'), aText('x-a', '1'), aText('x-b', '2')],
        }),
      );
      const after = { ...object, state: 'Destroyed' as const, attributes: [aName('n'), aText('x-b', '3')] };
      delete (after as { destroyRequestedAt?: Date }).destroyRequestedAt;
      delete (after as { custody?: unknown }).custody;
      await store.mutate(object.uniqueIdentifier, () => ({
        object: after,
        audit: anAuditEvent(instanceId),
        result: undefined,
      }));
      expect(await store.find(object.uniqueIdentifier)).toStrictEqual(after);
    });

    it('records without changing when the decision returns no object', async () => {
      const { store, instanceId, recorded } = harness();
      const object = await putObject(store, instanceId, aManagedObject());
      await store.mutate(object.uniqueIdentifier, () => ({ audit: anAuditEvent(instanceId), result: 1 }));
      expect(await store.find(object.uniqueIdentifier)).toStrictEqual(object);
      expect(await recorded()).toHaveLength(2);
    });

    it('changes nothing when the record cannot be committed', async () => {
      const { store, instanceId, failNextAudit } = harness();
      if (failNextAudit === undefined) return;
      const object = await putObject(store, instanceId, aManagedObject());
      await failNextAudit();
      const change = store.mutate(object.uniqueIdentifier, (current) => ({
        object: { ...current, state: 'Active' },
        audit: anAuditEvent(instanceId),
        result: undefined,
      }));
      await expect(change).rejects.toThrow();
      expect(await store.find(object.uniqueIdentifier)).toStrictEqual(object);
    });
  });
}

function describeServing(harness: () => ManagedObjectStoreHarness): void {
  describe('recordFetch and destructions', () => {
    it('records each fetch, and the first makes the key no longer fresh', async () => {
      const { store, instanceId, recorded } = harness();
      const object = await putObject(store, instanceId, aManagedObject());
      const occurredAt = new Date('2026-11-24T13:00:00.000Z');
      expect(await store.recordFetch(object, anAuditEvent(instanceId, { occurredAt }))).toBe(true);
      expect(await store.recordFetch(object, anAuditEvent(instanceId, { occurredAt }))).toBe(true);
      expect(await store.find(object.uniqueIdentifier)).toMatchObject({ fresh: false, lastFetchedAt: occurredAt });
      expect(await recorded()).toHaveLength(3);
    });

    const changes: readonly (readonly [string, Partial<CommonFields>])[] = [
      ['its state changed', { state: 'Active' }],
      ['it was destroyed', { state: 'Destroyed' }],
      ['it was suspended', { suspended: true }],
      ['its destruction was requested', { destroyRequestedAt: new Date(0) }],
      ['its stored key was authenticated', { custody: { ...aManagedObject().custody!, authenticated: true } }],
      ['it was given a date on which it became active', { activationDate: new Date(0) }],
      ['it was given a date on which it ends', { deactivationDate: new Date(0) }],
      ['its digest is another', { digest: Buffer.alloc(32, 7) }],
      ['its custody moved', { custody: { storedKeyId: 'moved', rootKeyId: 'root-key', rootKeyVersion: 'version-2' } }],
    ];
    it.each(changes)('records no fetch when %s since it was read', async (_, change) => {
      const { store, instanceId, recorded } = harness();
      const object = await putObject(store, instanceId, aManagedObject());
      await store.mutate(object.uniqueIdentifier, (current) => ({
        object: { ...current, ...change },
        audit: anAuditEvent(instanceId),
        result: undefined,
      }));
      expect(await store.recordFetch(object, anAuditEvent(instanceId))).toBe(false);
      expect(await recorded()).toHaveLength(2);
      expect((await store.find(object.uniqueIdentifier))?.fresh).toBe(true);
    });

    it('lists requested destructions oldest first, and none that is done', async () => {
      const { store, instanceId } = harness();
      const young = await putObject(store, instanceId, aManagedObject({ destroyRequestedAt: new Date('2026-01-02') }));
      const old = await putObject(store, instanceId, aManagedObject({ destroyRequestedAt: new Date('2026-01-01') }));
      await putObject(store, instanceId, aManagedObject({ state: 'Destroyed' }));
      await putObject(store, instanceId, aManagedObject());
      expect(await store.pendingDeletions(10)).toStrictEqual(
        [old, young].map(({ uniqueIdentifier, custody }) => ({ uniqueIdentifier, storedKeyId: custody!.storedKeyId })),
      );
      expect(await store.pendingDeletions(1)).toHaveLength(1);
    });
  });
}

function describeIsolation(harness: () => ManagedObjectStoreHarness): void {
  describe('another instance', () => {
    it('is not there, whatever method is asked', async () => {
      const { store, otherStore, otherInstanceId, instanceId, recorded } = harness();
      const foreign = await putObject(
        otherStore,
        otherInstanceId,
        aManagedObject({ attributes: [aName('foreign')], destroyRequestedAt: new Date(0) }),
      );
      const foreignIntent = anIntent(aManagedObject(), new Date(0));
      await otherStore.openIntent(foreignIntent, MAXIMUM);
      const { uniqueIdentifier } = foreign;
      const audit = anAuditEvent(instanceId);

      expect(await store.find(uniqueIdentifier)).toBeUndefined();
      expect(await store.mutate(uniqueIdentifier, (object) => ({ object, audit, result: 1 }))).toBeUndefined();
      expect(await store.recordFetch(foreign, audit)).toBe(false);
      expect(await store.claimIntent(foreignIntent.uniqueIdentifier)).toBe(false);
      await store.abandonIntent(foreignIntent.uniqueIdentifier);
      expect(await store.staleIntents(new Date(), 10)).toHaveLength(0);
      expect(await store.pendingDeletions(10)).toHaveLength(0);
      expect(await store.countLive()).toBe(0);
      expect((await store.locate({ asOf: new Date(), limit: 10, offset: 0, count: true })).total).toBe(0);
      expect(await recorded()).toHaveLength(0);

      expect(await otherStore.find(uniqueIdentifier)).toStrictEqual(foreign);
      expect(await otherStore.staleIntents(new Date(), 10)).toStrictEqual([foreignIntent]);
    });

    it('may use the same Names', async () => {
      const { store, otherStore, instanceId, otherInstanceId } = harness();
      await putObject(store, instanceId, aManagedObject({ attributes: [aName('both')] }));
      await expect(
        putObject(otherStore, otherInstanceId, aManagedObject({ attributes: [aName('both')] })),
      ).resolves.toBeDefined();
    });
  });
}
