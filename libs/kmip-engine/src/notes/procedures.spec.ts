import { type AuditAction } from '@lib/audit';
import { newCorrelationId, type UniqueIdentifier } from '@lib/kernel';
import { ObjectType } from '@lib/kmip-protocol';
import { EngineHarness, FakeKeyManager, vcenterKey } from '@lib/testing';

import { type MessageRoute } from '../engine-scope';
import { type CommonFields } from '../ports/managed-object';
import { type ReconcileScope } from '../reconcile/background';
import { CatalogRebuild } from '../reconcile/catalog-rebuild';
import { CustodySweep } from '../reconcile/custody-sweep';
import { NoteApplication } from './note-application';
import { NoteWriter } from './note-writer';

/** A key that was withdrawn after the backup, and what the operator did then by docs/operations.md. */
interface Case {
  readonly harness: EngineHarness;
  readonly id: UniqueIdentifier;
  /** Puts the catalog back to before the withdrawal. */
  readonly restore: () => void;
}

const rebuildWith = async ({ harness }: Case, scope: ReconcileScope): Promise<void> => {
  expect((await new CatalogRebuild(harness.background).run(scope)).stoppedBy).toBeUndefined();
};

async function rebind({ harness }: Case): Promise<ReconcileScope> {
  const { keyManager: former, clock } = harness;
  const present = new FakeKeyManager({ clock });
  const bound = { ...harness.reconcileScope(), keyManager: present, rootKeyId: present.rootKey.id };
  const source = { keyManager: former, rootKeyId: former.rootKey.id };
  const both: ReconcileScope = {
    ...bound,
    keyManagerOf: (id) => (id === source.rootKeyId ? former : undefined),
    former: [source],
  };
  expect(await new CustodySweep(harness.background).leave(both, source)).toMatchObject({ moved: 1 });
  expect(await new NoteWriter(harness.background).run(both)).toMatchObject({ unwritten: 0 });
  return bound;
}

const procedures: Readonly<Record<string, (given: Case) => Promise<void>>> = {
  'nothing at all': () => Promise.resolve(),
  'a rebuild of a catalog that was lost': async (given) => {
    given.harness.store.forget(given.id);
    await rebuildWith(given, given.harness.reconcileScope());
  },
  'a restore and a rebuild': async (given) => {
    given.restore();
    await rebuildWith(given, given.harness.reconcileScope());
  },
  'a restore and the notes of housekeeping or release': async (given) => {
    given.restore();
    await new NoteApplication(given.harness.background).readAndRun(given.harness.reconcileScope());
  },
  'a re-binding': async (given) => {
    await rebind(given);
  },
  'a re-binding, and a rebuild when the former binding is gone': async (given) => {
    const scope = await rebind(given);
    given.harness.store.forget(given.id);
    await rebuildWith(given, scope);
  },
  'a restore to before a re-binding, and a rebuild': async (given) => {
    const scope = await rebind(given);
    given.restore();
    await rebuildWith(given, scope);
  },
  'a hand-over of its certificate to another instance, and a rebuild there': async ({ harness, id }) => {
    const { keyManager, clock, engine } = harness;
    const other = new EngineHarness({ keyManager, clock, engine });
    const route: MessageRoute = {
      judge: () => Promise.resolve(),
      births: () => Promise.resolve(other.scope()),
      holding: () => Promise.resolve(harness.scope()),
    };
    const template = { objectType: ObjectType.SymmetricKey, templateAttribute: { attributes: [...vcenterKey] } };
    await harness.perform('Create', template, { scope: { route } });
    expect(other.store.objects()).toHaveLength(1);
    const report = await new CatalogRebuild(other.background).run(other.reconcileScope());
    expect(report).toMatchObject({ restored: 0, foreign: 1, notes: { applied: [], absent: [] } });
    expect(await other.store.find(id)).toBeUndefined();
  },
  'a rotation, the move to the newest version, and a rebuild': async (given) => {
    const { harness, id } = given;
    harness.keyManager.rotate();
    const sweep = new CustodySweep(harness.background);
    expect(await sweep.refresh(harness.reconcileScope())).toMatchObject({ moved: 1 });
    harness.store.forget(id);
    await rebuildWith(given, harness.reconcileScope());
  },
};

const withdrawals: readonly (readonly [string, AuditAction, (now: Date) => Partial<CommonFields>])[] = [
  ['suspended', 'vmware-solutions.kmip-key.suspend', () => ({ suspended: true })],
  ['deactivated', 'vmware-solutions.kmip-key.revoke', (now) => ({ state: 'Deactivated', deactivationDate: now })],
  ['compromised', 'vmware-solutions.kmip-key.revoke', (now) => ({ state: 'Compromised', compromiseDate: now })],
];

describe.each(withdrawals)('a key that is %s', (_what, action, change) => {
  it.each(Object.keys(procedures))('stays so after %s', async (name) => {
    const harness = new EngineHarness();
    const id = (await harness.createKey()) as UniqueIdentifier;
    const { store, instanceId, clock } = harness;
    const restore = store.backup();
    clock.advance(60_000);
    const changes = change(clock.now());
    await store.mutate(id, (current) => ({
      object: { ...current, ...changes },
      audit: {
        instanceId,
        action,
        occurredAt: clock.now(),
        initiator: { kind: 'system', component: 'test' },
        outcome: 'success',
        target: { kind: 'key', id },
        correlationId: newCorrelationId(),
        observer: 'test',
      },
      result: undefined,
    }));
    expect(await harness.writeNotes()).toMatchObject({ written: 1, unwritten: 0 });
    await procedures[name]?.({ harness, id, restore });
    const { suspended, state } = changes;
    const expected = { ...(suspended === undefined ? {} : { suspended }), ...(state === undefined ? {} : { state }) };
    expect(await store.find(id)).toMatchObject(expected);
  });
});
