import { newCorrelationId, type UniqueIdentifier } from '@lib/kernel';
import { NOTE_PREFIX, NoteApplication, NoteWriter } from '@lib/kmip-engine';
import { EngineHarness } from '@lib/testing';

import { InstanceNotes } from './instance-notes';

describe('InstanceNotes', () => {
  let harness: EngineHarness;
  let heldSince: Date | undefined;
  let logged: string[];
  let notes: InstanceNotes;
  beforeEach(() => {
    harness = new EngineHarness();
    heldSince = undefined;
    logged = [];
    notes = new InstanceNotes({
      writer: new NoteWriter(harness.background, { notesPerTurn: 2 }),
      application: new NoteApplication(harness.background),
      scopeFor: () => Promise.resolve({ ...harness.reconcileScope(), destructionsWait: heldSince !== undefined }),
      heldSince: () => heldSince,
      clock: harness.clock,
      log: (_fields, message) => logged.push(message),
    });
  });

  const visit = (): Promise<boolean> => notes.visit(harness.instanceId, new AbortController().signal);

  async function suspend(id: string, suspended = true): Promise<void> {
    const { store, instanceId, clock } = harness;
    clock.advance(1_000);
    await store.mutate(id as UniqueIdentifier, (current) => ({
      object: { ...current, suspended },
      audit: {
        instanceId,
        action: 'vmware-solutions.kmip-key.suspend',
        occurredAt: clock.now(),
        initiator: { kind: 'system', component: 'test' },
        outcome: 'success',
        correlationId: newCorrelationId(),
        observer: 'test',
      },
      result: undefined,
    }));
  }

  it('writes in turns, and counts what is left', async () => {
    const ids = [await harness.createKey(), await harness.createKey(), await harness.createKey()];
    for (const id of ids) await suspend(id);
    expect(await visit()).toBe(true);
    expect(notes.unwritten).toBe(1);
    expect(await visit()).toBe(false);
    expect(notes.unwritten).toBe(0);
    const written = harness.keyManager.storedKeys().filter(({ name }) => name.startsWith(NOTE_PREFIX));
    expect(written).toHaveLength(3);
  });

  it('comes back later to a key manager that is away, and forgets what another process counts', async () => {
    await suspend(await harness.createKey());
    harness.keyManager.failNext('storeKey', 'unavailable');
    expect(await visit()).toBe(false);
    expect(notes.unwritten).toBe(1);
    harness.keyManager.failNext('storeKey', 'unavailable');
    expect(await visit()).toBe(false);
    expect(logged).toHaveLength(1);
    harness.clock.advance(3_600_001);
    expect(notes.unwritten).toBe(0);
  });

  it('suspends again what a restored database gave back, once, and gives nothing back', async () => {
    const [suspended, resumed] = [await harness.createKey(), await harness.createKey()];
    await suspend(resumed);
    const restore = harness.store.backup();
    await suspend(suspended);
    await suspend(resumed, false);
    await visit();
    restore();
    await visit();
    expect(logged).toStrictEqual([]);
    heldSince = harness.clock.now();
    harness.keyManager.failNext('listKeys', 'unavailable');
    await expect(visit()).rejects.toThrow();
    await visit();
    const find = (id: string) => harness.store.find(id as UniqueIdentifier);
    expect(await find(suspended)).toMatchObject({ suspended: true });
    expect(await find(resumed)).toMatchObject({ suspended: true });
    expect(logged).toHaveLength(1);
    const lists = harness.keyManager.callsOf('listKeys').length;
    await visit();
    expect(harness.keyManager.callsOf('listKeys')).toHaveLength(lists);
  });

  it('suspends again after the next restore as well, although nobody was there between the two', async () => {
    const id = await harness.createKey();
    const restore = harness.store.backup();
    await suspend(id);
    await visit();
    for (let round = 0; round < 2; round += 1) {
      restore();
      harness.clock.advance(1_000);
      heldSince = harness.clock.now();
      await visit();
      expect(await harness.store.find(id as UniqueIdentifier)).toMatchObject({ suspended: true });
    }
  });
});
