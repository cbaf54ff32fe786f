import { newCorrelationId, newUniqueIdentifier, toUniqueIdentifier, type UniqueIdentifier } from '@lib/kernel';
import { RevocationReasonCode } from '@lib/kmip-protocol';
import { EngineHarness, FakeKeyManager, FakeRootKey } from '@lib/testing';

import { type ManagedObject } from '../ports/managed-object';
import { NoteApplication } from './note-application';
import { NOTE_PREFIX, noteName } from './stored-note';

const call = { correlationId: newCorrelationId() };

describe('notes of what must not come back', () => {
  let harness: EngineHarness;
  beforeEach(() => {
    harness = new EngineHarness();
  });

  const notesThere = (): readonly string[] =>
    harness.keyManager
      .storedKeys()
      .map(({ name }) => name)
      .filter((name) => name.startsWith(NOTE_PREFIX));

  async function suspend(id: string, suspended = true): Promise<void> {
    const { store, instanceId, clock } = harness;
    clock.advance(1_000);
    await store.mutate(toUniqueIdentifier(id), (current) => ({
      object: { ...current, suspended },
      audit: {
        instanceId,
        action: suspended ? 'vmware-solutions.kmip-key.suspend' : 'vmware-solutions.kmip-key.resume',
        occurredAt: clock.now(),
        initiator: { kind: 'system', component: 'test' },
        outcome: 'success',
        target: { kind: 'key', id },
        correlationId: call.correlationId,
        observer: 'test',
      },
      result: undefined,
    }));
  }

  function revoke(uniqueIdentifier: string, why: 'lost' | 'compromised' = 'lost'): Promise<unknown> {
    harness.clock.advance(1_000);
    const revocationReasonCode =
      why === 'compromised' ? RevocationReasonCode.KeyCompromise : RevocationReasonCode.CessationOfOperation;
    return harness.perform('Revoke', { uniqueIdentifier, revocationReason: { revocationReasonCode } });
  }

  const find = (id: string) => harness.store.find(toUniqueIdentifier(id));

  /** The catalog is gone as a whole; the key manager is all there is. */
  async function loseAndRebuild(...ids: string[]) {
    for (const id of ids) harness.store.forget(id as UniqueIdentifier);
    return harness.rebuild();
  }

  it('are written after the change, once, by a Writer', async () => {
    const id = await harness.createKey();
    harness.keyManager.role = 'writer';
    await revoke(id);
    expect(notesThere()).toHaveLength(0);
    expect(await harness.writeNotes()).toStrictEqual({ written: 1, unwritten: 0 });
    expect(await harness.writeNotes()).toStrictEqual({ written: 0, unwritten: 0 });
    expect(notesThere()).toStrictEqual([
      noteName({ uniqueIdentifier: id as UniqueIdentifier, number: harness.clock.now().getTime() }),
    ]);
  });

  it('delay no revocation: they are counted until the key manager takes them', async () => {
    const id = await harness.createKey();
    harness.keyManager.failNext('storeKey', 'unavailable');
    await revoke(id);
    expect(await find(id)).toMatchObject({ state: 'Deactivated' });
    expect(await harness.writeNotes()).toStrictEqual({ written: 0, unwritten: 1, hindrance: 'unavailable' });
    expect(await harness.writeNotes()).toStrictEqual({ written: 1, unwritten: 0 });
  });

  it('lie there once when the answer was lost, and when the catalog failed after it', async () => {
    const id = await harness.createKey();
    await revoke(id);
    harness.keyManager.failNext('storeKey', 'timeout', { afterEffect: true });
    expect(await harness.writeNotes()).toMatchObject({ unwritten: 1, hindrance: 'timeout' });
    harness.store.notes.failNext('markWritten');
    await expect(harness.writeNotes()).rejects.toThrow();
    expect(await harness.writeNotes()).toStrictEqual({ written: 1, unwritten: 0 });
    expect(notesThere()).toHaveLength(1);
  });

  it('of a name that somebody else took are written all the same', async () => {
    const id = await harness.createKey();
    await revoke(id);
    const [note] = await harness.store.notes.of(id as UniqueIdentifier);
    await harness.keyManager.storeKey(call, noteName(note!), Buffer.from('{"v":1}'));
    expect(await harness.writeNotes()).toMatchObject({ written: 1 });
    const report = await loseAndRebuild(id);
    expect(report.notes?.refused).toMatchObject([{ reason: 'damaged' }]);
    expect(await find(id)).toMatchObject({ state: 'Deactivated' });
  });

  it('take a key out of service, and delete nothing: whoever may wrap can write one', async () => {
    const id = await harness.createKey();
    const uniqueIdentifier = toUniqueIdentifier(id);
    const stored = harness.keyManager.storedKeys().map((key) => key.id);
    harness.clock.advance(1_000);
    const before = harness.clock.now();
    const restoreCatalog = harness.store.backup();
    harness.clock.advance(1_000);
    await harness.perform('Destroy', { uniqueIdentifier: id });
    await harness.writeNotes();
    // From here on there is the note alone, as if it were forged: catalog and stored key are from before the order.
    const note = harness.keyManager.storedKeys().find(({ name }) => name.startsWith(NOTE_PREFIX))!;
    const payload = await harness.keyManager.fetchKey(call, note.id);
    restoreCatalog();
    harness.keyManager.rollBack(before);
    await harness.keyManager.storeKey(call, note.name, payload);
    const { rootKey } = harness.keyManager;
    const move = { uniqueIdentifier, moveId: newUniqueIdentifier(), startedAt: harness.clock.now() };
    await harness.store.moves.open({ ...move, fromRootKeyId: rootKey.id, toRootKeyId: rootKey.id }, 10);
    await new NoteApplication(harness.background).readAndRun(harness.reconcileScope());
    expect(await find(id)).toMatchObject({ state: 'Destroyed' });
    for (let round = 0; round < 12; round += 1) {
      harness.clock.advance(3_600_000);
      expect(await harness.reconcile()).toMatchObject({ returned: [], settled: [], failed: [] });
    }
    expect(harness.keyManager.storedKeys().map((key) => key.id)).toEqual(expect.arrayContaining(stored));
  });

  it('bring lost keys back as they were', async () => {
    const ids = {
      plain: await harness.createKey(),
      deactivated: await harness.createKey(),
      compromised: await harness.createKey(),
      suspended: await harness.createKey(),
      resumed: await harness.createKey(),
    };
    await revoke(ids.deactivated);
    await revoke(ids.compromised, 'compromised');
    await suspend(ids.suspended);
    await suspend(ids.resumed);
    await suspend(ids.resumed, false);
    await harness.writeNotes();
    const report = await loseAndRebuild(...Object.values(ids));
    expect(report).toMatchObject({ restored: 5, notes: { read: 5, refused: [], gaps: [], absent: [] } });
    expect(report.notes?.applied.toSorted()).toStrictEqual(
      [ids.deactivated, ids.compromised, ids.suspended].toSorted(),
    );
    expect(await find(ids.plain)).toMatchObject({ state: 'PreActive', suspended: false });
    expect(await find(ids.deactivated)).toMatchObject({ state: 'Deactivated', suspended: false });
    expect(await find(ids.compromised)).toMatchObject({ state: 'Compromised' });
    expect(await find(ids.suspended)).toMatchObject({ state: 'PreActive', suspended: true });
    expect(await find(ids.resumed)).toMatchObject({ state: 'PreActive', suspended: false });
    // They are entered as written: nothing is stored again, and a second run finds nothing to do.
    expect(await harness.writeNotes()).toStrictEqual({ written: 0, unwritten: 0 });
    expect((await harness.rebuild()).notes?.applied).toStrictEqual([]);
  });

  it('bring a destroyed key back as Destroyed, without custody, when its stored key is restored', async () => {
    const id = await harness.createKey();
    const [stored] = harness.keyManager.storedKeys();
    const payload = await harness.keyManager.fetchKey(call, stored!.id);
    await harness.perform('Destroy', { uniqueIdentifier: id });
    await harness.writeNotes();
    await harness.keyManager.storeKey(call, stored!.name, payload);
    await loseAndRebuild(id);
    const object = await find(id);
    expect(object?.state).toBe('Destroyed');
    expect(object?.custody).toBeUndefined();
    expect((await harness.refusal('Get', { uniqueIdentifier: id })).code).toBe('key_destroyed');
  });

  it('withdraw again what a restored catalog has given back, and leave alone what it knows', async () => {
    const [lost, known] = [await harness.createKey(), await harness.createKey()];
    await revoke(known);
    await harness.writeNotes();
    // The way out for a locked machine: the catalog knows that it came after the note.
    await harness.store.mutate(known as UniqueIdentifier, (current) => {
      const object: ManagedObject = { ...current, state: 'Active' };
      Reflect.deleteProperty(object, 'deactivationDate');
      return { object, audit: harness.store.audits[0]!, result: undefined };
    });
    const restore = harness.store.backup();
    await suspend(lost);
    await revoke(lost);
    await harness.writeNotes();
    restore();
    expect(await find(lost)).toMatchObject({ state: 'PreActive', suspended: false });
    const dry = await harness.rebuild({ dryRun: true });
    expect(dry.notes?.applied).toStrictEqual([lost]);
    expect(await find(lost)).toMatchObject({ state: 'PreActive', suspended: false });
    expect((await harness.rebuild()).notes?.applied).toStrictEqual([lost]);
    expect(await find(lost)).toMatchObject({ state: 'Deactivated', suspended: true });
    expect(await find(known)).toMatchObject({ state: 'Active' });
    expect((await harness.rebuild()).notes?.applied).toStrictEqual([]);
  });

  it('take a suspension back only where somebody says so', async () => {
    const id = await harness.createKey();
    await suspend(id);
    const restore = harness.store.backup();
    await suspend(id, false);
    await harness.writeNotes();
    restore();
    const application = new NoteApplication(harness.background);
    for (let times = 0; times < 2; times += 1) {
      expect((await application.readAndRun(harness.reconcileScope())).applied).toStrictEqual([]);
      expect(await find(id)).toMatchObject({ suspended: true });
    }
    expect((await harness.rebuild()).notes?.applied).toStrictEqual([id]);
    expect(await find(id)).toMatchObject({ suspended: false });
  });

  it('say nothing against what the restored catalog was told since', async () => {
    const id = await harness.createKey();
    const restore = harness.store.backup();
    await suspend(id);
    await harness.writeNotes();
    restore();
    await suspend(id);
    await suspend(id, false);
    await harness.rebuild();
    expect(await find(id)).toMatchObject({ suspended: false });
  });

  it('are with a key that an interrupted Create left to a restored catalog', async () => {
    const { store, clock } = harness;
    let restore: (() => void) | undefined;
    const open = store.openIntent.bind(store);
    store.openIntent = async (...args) => {
      await open(...args);
      restore = store.backup();
    };
    const id = await harness.createKey();
    await suspend(id);
    await harness.writeNotes();
    restore?.();
    clock.advance(3_600_000);
    expect((await harness.reconcile()).adopted).toStrictEqual([id]);
    expect(await find(id)).toMatchObject({ suspended: true });
  });

  it('stop a rebuild that cannot read them before any key is back', async () => {
    const id = await harness.createKey();
    await suspend(id);
    await harness.writeNotes();
    harness.keyManager.failNext('listKeys', 'unavailable');
    expect(await loseAndRebuild(id)).toMatchObject({ restored: 0, stoppedBy: 'unavailable' });
    expect(await find(id)).toBeUndefined();
  });

  describe('that somebody else wrote or changed', () => {
    async function suspendedKey() {
      const id = await harness.createKey();
      await suspend(id);
      await suspend(id, false);
      await suspend(id);
      await harness.writeNotes();
      const stored = harness.keyManager.storedKeys().filter(({ name }) => name.startsWith(NOTE_PREFIX));
      const payloads = await Promise.all(stored.map((one) => harness.keyManager.fetchKey(call, one.id)));
      return { id, stored, payloads: payloads.map((payload) => payload.toString('utf8')) };
    }
    const later = (id: string): string =>
      noteName({ uniqueIdentifier: id as UniqueIdentifier, number: harness.clock.now().getTime() + 60_000 });

    it.each([
      ['copied under a higher number', 'replayed', (resumed: string) => resumed],
      [
        'copied with another number in it',
        'forged',
        (resumed: string, number: number) => JSON.stringify({ ...(JSON.parse(resumed) as object), number }),
      ],
      ['cut off', 'damaged', (resumed: string) => resumed.slice(0, -1)],
      ['of a later release', 'damaged', (resumed: string) => resumed.replace('"v":1', '"v":2')],
      ['of no such fact', 'damaged', (resumed: string) => resumed.replace('"resumed"', '"reborn"')],
    ])('resume nothing: %s', async (_what, reason, make) => {
      const { id, payloads } = await suspendedKey();
      const name = later(id);
      const payload = make(payloads[1]!, Number(name.split('_').at(-1)));
      await harness.keyManager.storeKey(call, name, Buffer.from(payload));
      const report = await loseAndRebuild(id);
      expect(report.notes?.refused).toMatchObject([{ storedKeyName: name, reason }]);
      expect(await find(id)).toMatchObject({ suspended: true });
    });

    it('are reported when their root key does not unwrap them, or is not bound', async () => {
      const { id, stored, payloads } = await suspendedKey();
      const fields = JSON.parse(payloads[0]!) as Record<string, string>;
      const other = await harness.createKey();
      const envelope = harness.keyManager.storedKeys().find(({ name }) => name.endsWith(other));
      const key = JSON.parse((await harness.keyManager.fetchKey(call, envelope!.id)).toString()) as {
        ciphertext: string;
      };
      harness.keyManager.replacePayload(
        stored[0]!.id,
        Buffer.from(JSON.stringify({ ...fields, ciphertext: key.ciphertext })),
      );
      harness.keyManager.replacePayload(
        stored[1]!.id,
        Buffer.from(JSON.stringify({ ...(JSON.parse(payloads[1]!) as object), rootKeyId: 'unknown' })),
      );
      const report = await loseAndRebuild(id);
      expect(report.notes?.refused.map(({ reason }) => reason)).toStrictEqual(['not_unwrapped', 'root_key_not_bound']);
      expect(report.notes?.gaps).toMatchObject([{ uniqueIdentifier: id }]);
      expect(await find(id)).toMatchObject({ suspended: true });
    });

    it('or deleted in the middle are a gap', async () => {
      const { id, stored } = await suspendedKey();
      harness.keyManager.deleteStoredKey(stored[1]!.id);
      const report = await loseAndRebuild(id);
      const missing = Number(stored[1]!.name.split('_').at(-1));
      expect(report.notes).toMatchObject({ refused: [], gaps: [{ uniqueIdentifier: id, missing }] });
      expect(await find(id)).toMatchObject({ suspended: true });
    });

    it('of another instance in the same key manager are no concern', async () => {
      const { clock, keyManager } = harness;
      const neighbour = new EngineHarness({ clock, keyManager });
      const { id } = await suspendedKey();
      neighbour.store.overwrite((await find(id))!);
      expect((await neighbour.rebuild()).notes).toMatchObject({ read: 0, refused: [], gaps: [] });
    });

    it('cannot be taken for a key, nor a key for one', async () => {
      const { id, stored, payloads } = await suspendedKey();
      const name = `vmware_kmip_${newUniqueIdentifier()}`;
      await harness.keyManager.storeKey(call, name, Buffer.from(payloads[0]!));
      const report = await harness.rebuild();
      expect(report.refused).toMatchObject([{ storedKeyName: name, reason: 'damaged' }]);
      expect(stored).toHaveLength(3);
      expect(await find(id)).toMatchObject({ suspended: true });
    });
  });

  it('follow a change of the root key, and need nothing at a rotation', async () => {
    const id = await harness.createKey();
    await suspend(id);
    await harness.writeNotes();
    harness.keyManager.rotate();
    expect(await harness.writeNotes()).toStrictEqual({ written: 0, unwritten: 0 });
    const present = new FakeKeyManager({ clock: harness.clock, rootKey: new FakeRootKey() });
    const { instanceId, store, clock } = harness;
    const bound = { keyManager: present, rootKeyId: present.rootKey.id };
    const rebound = new EngineHarness({ clock, store, keyManager: present, instanceId, bound });
    expect(await store.notes.countUnwritten(present.rootKey.id)).toBe(1);
    expect(await rebound.writeNotes()).toStrictEqual({ written: 1, unwritten: 0 });
    expect(present.storedKeys().filter(({ name }) => name.startsWith(NOTE_PREFIX))).toHaveLength(1);
  });

  it('hold nothing of names', async () => {
    const id = await harness.createKey([
      { attributeName: 'x-vm', attributeValue: { type: 'TextString', value: 'a secret machine' } },
    ]);
    await suspend(id);
    await harness.writeNotes();
    for (const stored of harness.keyManager.storedKeys()) {
      const payload = (await harness.keyManager.fetchKey(call, stored.id)).toString('utf8');
      expect(`${stored.name} ${payload}`).not.toContain('secret machine');
    }
  });
});
