import { type UniqueIdentifier } from '@lib/kernel';
import { type WholeShredPlan } from '@lib/kmip-engine';

import { Killed, Stage } from './shredding-stage.fixture';

const contentOf = ({ record }: WholeShredPlan) =>
  JSON.parse(record?.content ?? '{}') as {
    readonly keys: readonly {
      readonly id: string;
      readonly catalog: string;
      readonly stored_key_id: string;
      readonly stored_key: string;
    }[];
    readonly root_keys: readonly { readonly unwrap: string; readonly because?: string }[];
  };

describe('a shred plan', () => {
  it('is written down and destroys nothing', async () => {
    const stage = await Stage.withKeys(3);
    const plan = await stage.plan();
    expect(plan).toMatchObject({ state: 'draft', secondPerson: false, createdBy: 'one' });
    expect(plan.keys.map(({ owner }) => owner?.name).sort()).toEqual(['web-0', 'web-1', 'web-2']);
    expect(stage.harness.keyManager.storedKeys()).toHaveLength(3);
    expect(stage.plans.audits.map(({ action }) => action)).toEqual(['vmware-solutions.shred-plan.create']);
  });

  it('destroys what it says, shows it and issues a record that says so', async () => {
    const stage = await Stage.withKeys(3);
    const plan = await stage.plan();
    const done = await stage.execute(plan);
    expect(done.state).toBe('completed');
    expect(stage.harness.keyManager.storedKeys()).toEqual([]);
    expect(stage.harness.store.objects().map(({ state }) => state)).toEqual(Array(3).fill('Destroyed'));
    const record = contentOf(done);
    expect(record.keys.map(({ stored_key: found }) => found)).toEqual(['deleted', 'deleted', 'deleted']);
    expect(record.root_keys).toMatchObject([{ unwrap: 'succeeded' }]);
    expect(await stage.execute(plan)).toMatchObject({ state: 'completed', record: done.record });
  });

  it('shows the stored key that was there, and not the one of before a rotation', async () => {
    const stage = await Stage.withKeys(1);
    const { harness } = stage;
    const plan = await stage.plan();
    harness.keyManager.rootKey.rotate();
    await harness.moveToNewest();
    const moved = harness.store.objects()[0]?.custody?.storedKeyId;
    expect(moved).not.toBe(plan.keys[0]?.storedKeyId);
    const done = await stage.execute(plan);
    expect(contentOf(done).keys).toMatchObject([{ stored_key_id: moved, stored_key: 'deleted' }]);
  });

  it('of keys alone leaves the others, whatever their state', async () => {
    const stage = await Stage.withKeys(3);
    const [first] = stage.harness.store.objects();
    stage.harness.store.overwrite({ ...first!, suspended: true, state: 'Compromised' });
    const done = await stage.execute(await stage.plan({ kind: 'keys', keyIds: [first!.uniqueIdentifier] }));
    expect(done.state).toBe('completed');
    expect(stage.harness.keyManager.storedKeys()).toHaveLength(2);
  });

  it('of a root key waits for its owner, and shows that it unwraps no more', async () => {
    const stage = await Stage.withKeys(2);
    const { keyManager } = stage.harness;
    const plan = await stage.plan({ kind: 'root_key', rootKeyId: keyManager.rootKey.id });
    expect(await stage.execute(plan)).toMatchObject({ state: 'keys_destroyed', rootKeys: [{ unwrap: 'succeeded' }] });
    keyManager.failNext('unwrap', 'unavailable');
    expect(await stage.execute(plan)).toMatchObject({ state: 'keys_destroyed', rootKeys: [{ unwrap: 'not_asked' }] });
    keyManager.deleteRootKey();
    const ended = await stage.execute(plan);
    expect(ended.state).toBe('completed');
    expect(contentOf(ended).root_keys).toMatchObject([{ unwrap: 'refused', because: 'root_key_deleted' }]);
  });

  describe('is refused', () => {
    const changes: readonly (readonly [string, (stage: Stage, id: UniqueIdentifier) => Promise<unknown>])[] = [
      ['after a key was fetched', (stage, id) => stage.harness.fetch(id)],
      ['after a key was born', (stage) => stage.harness.createKey()],
      ['after a key was revoked', (stage, id) => revoked(stage, id)],
    ];
    it.each(changes)('%s', async (_when, change) => {
      const stage = await Stage.withKeys(2);
      const plan = await stage.plan();
      await change(stage, plan.keys[0]!.id);
      await expect(stage.execute(plan)).rejects.toMatchObject({ code: 'shred_plan_outdated' });
      expect(stage.harness.keyManager.storedKeys().length).toBeGreaterThanOrEqual(2);
    });

    it('by another hash, while a restore is held, and without keys', async () => {
      const stage = await Stage.withKeys(1);
      const plan = await stage.plan();
      const other = stage.execute({ ...plan, hash: 'other' });
      await expect(other).rejects.toMatchObject({ code: 'shred_plan_other_hash' });
      const { access } = stage;
      const held = { ...access, scope: { ...access.scope, destructionsWait: true } };
      const check = stage.shredding.check(held, plan.id, plan.hash);
      await expect(check).rejects.toMatchObject({ code: 'shred_plan_state_conflict' });
      await stage.execute(plan);
      await expect(stage.plan()).rejects.toMatchObject({ code: 'shred_plan_empty' });
    });

    it('when there are too many of them', async () => {
      const stage = await Stage.withKeys(1);
      for (let made = 0; made < 50; made += 1) await stage.plan();
      await expect(stage.plan()).rejects.toMatchObject({ code: 'shred_plan_quota_exceeded' });
    });
  });

  it('demands a second person where the instance does, then or now', async () => {
    const stage = await Stage.withKeys(1);
    const before = await stage.plan();
    stage.secondPerson = true;
    const plan = await stage.plan();
    for (const each of [before, plan]) {
      await expect(stage.execute(each)).rejects.toMatchObject({ code: 'shred_plan_not_confirmed' });
    }
    stage.secondPerson = false;
    await expect(stage.execute(plan)).rejects.toMatchObject({ code: 'shred_plan_not_confirmed' });
    const confirm = (person: string, hash = plan.hash): Promise<WholeShredPlan> =>
      stage.shredding.confirm(stage.access, plan.id, hash, stage.person(person));
    await expect(confirm('one')).rejects.toMatchObject({ code: 'shred_plan_same_person' });
    await expect(confirm('iam-ServiceId-1')).rejects.toMatchObject({ code: 'shred_plan_same_person' });
    await expect(confirm('two', 'other')).rejects.toMatchObject({ code: 'shred_plan_other_hash' });
    expect(await confirm('two')).toMatchObject({ state: 'confirmed', confirmedBy: 'two' });
    await expect(confirm('three')).rejects.toMatchObject({ code: 'shred_plan_state_conflict' });
    expect(await stage.execute(plan)).toMatchObject({ state: 'completed' });
  });

  it('is confirmed by nobody when a service ID made it, which may be of the one who confirms', async () => {
    const stage = await Stage.withKeys(1);
    stage.secondPerson = true;
    const { shredding, access } = stage;
    const plan = await shredding.plan(access, { kind: 'instance' }, stage.person('iam-ServiceId-1'));
    const confirmed = shredding.confirm(access, plan.id, plan.hash, stage.person('one'));
    await expect(confirmed).rejects.toMatchObject({ code: 'shred_plan_same_person' });
  });

  it('says what it could not do, and does it when it may', async () => {
    const stage = await Stage.withKeys(3);
    const plan = await stage.plan();
    stage.harness.keyManager.role = 'writer';
    const refused = await stage.execute(plan);
    expect(refused).toMatchObject({ state: 'executing', shown: {} });
    expect(refused.failures.map(({ code }) => code)).toEqual(Array(3).fill('kmip_destroy_needs_manager'));
    expect(stage.harness.store.objects().map(({ state }) => state)).toEqual(Array(3).fill('Active'));
    const remove = stage.shredding.remove(stage.access, plan.id, plan.hash, stage.person('one'));
    await expect(remove).rejects.toMatchObject({ code: 'shred_plan_state_conflict' });
    stage.harness.keyManager.role = 'manager';
    expect(await stage.execute(plan)).toMatchObject({ state: 'completed', failures: [] });
  });

  it('says so where its root key could not wrap when it began, and ends when that is deleted', async () => {
    const stage = await Stage.withKeys(1);
    const { keyManager } = stage.harness;
    const plan = await stage.plan({ kind: 'root_key', rootKeyId: keyManager.rootKey.id });
    keyManager.failNext('wrap', 'unavailable');
    await expect(stage.execute(plan)).rejects.toMatchObject({ fault: 'unavailable' });
    expect(keyManager.storedKeys()).toHaveLength(1);
    keyManager.failNext('wrap', 'root_key_disabled');
    const left = await stage.execute(plan);
    expect(left).toMatchObject({ state: 'keys_destroyed', rootKeys: [{ unwrap: 'not_asked' }] });
    keyManager.deleteRootKey();
    const ended = await stage.execute(plan);
    expect(ended.state).toBe('completed');
    expect(contentOf(ended).root_keys).toMatchObject([{ unwrap: 'not_asked', because: 'root_key_deleted' }]);
  });

  it('ends with words for a key whose row is gone, unless its stored key is there', async () => {
    const stage = await Stage.withKeys(3);
    const { store, keyManager } = stage.harness;
    const plan = await stage.plan();
    const [purged, lost] = plan.keys as [(typeof plan.keys)[0], (typeof plan.keys)[0]];
    keyManager.role = 'writer';
    await stage.execute(plan);
    keyManager.role = 'manager';
    for (const { id } of [purged, lost]) store.forget(id);
    keyManager.deleteStoredKey(purged.storedKeyId ?? '');
    const left = await stage.execute(plan);
    expect(left.failures).toMatchObject([{ keyId: lost.id, code: 'shred_key_missing' }]);
    expect(left.failures[0]?.message).toMatch(/have the catalog rebuilt/);
    await stage.harness.rebuild();
    const done = await stage.execute(plan);
    expect(done).toMatchObject({ state: 'completed', failures: [] });
    // What comes back by a rebuild has lost the dates that the plan was made by.
    const ends = { [purged.id]: ['gone', 'deleted'], [lost.id]: ['spared', undefined] };
    const recorded = contentOf(done).keys.map(({ id, catalog, stored_key: found }) => [id, [catalog, found]]);
    expect(recorded).toEqual(plan.keys.map(({ id }) => [id, ends[id] ?? ['destroyed', 'deleted']]));
  });

  it('names the stored key that went, though its process was killed before it noted that', async () => {
    const stage = await Stage.withKeys(2);
    const { harness } = stage;
    const plan = await stage.plan();
    harness.keyManager.rootKey.rotate();
    await harness.moveToNewest();
    const moved = harness.store.objects().map(({ custody }) => custody?.storedKeyId);
    for (let steps = 0; harness.keyManager.storedKeys().length > 0; steps += 1) {
      stage.killAfter(steps);
      await stage.execute(plan).catch(() => undefined);
    }
    stage.killAfter(Infinity);
    const named = contentOf(await stage.execute(plan)).keys.map(({ stored_key_id: id }) => id);
    expect(named.toSorted()).toEqual(moved.toSorted());
  });

  it('spares a key that was changed after the execution began', async () => {
    const stage = await Stage.withKeys(2);
    const plan = await stage.plan();
    stage.harness.keyManager.role = 'writer';
    await stage.execute(plan);
    stage.harness.keyManager.role = 'manager';
    await revoked(stage, plan.keys[0]!.id);
    // Nothing makes it the key of the plan again: the record says so, and the plan has its end.
    const done = await stage.execute(plan);
    expect(done).toMatchObject({ state: 'completed', failures: [] });
    expect(stage.harness.keyManager.storedKeys()).toHaveLength(1);
    expect(contentOf(done).keys.map(({ catalog }) => catalog)).toEqual(['spared', 'destroyed']);
    expect(contentOf(done).keys[0]).not.toHaveProperty('stored_key');
  });

  it('says of a key that somebody else destroys meanwhile, at each step, that it is destroyed', async () => {
    let steps = 0;
    for (let alone = false; !alone; steps += 1) {
      const stage = await Stage.withKeys(1);
      const plan = await stage.plan();
      const { id: uniqueIdentifier } = plan.keys[0]!;
      stage.meanwhile(steps, async () => {
        // Refused where the plan has ordered it already.
        await revoked(stage, uniqueIdentifier).catch(() => undefined);
        await stage.harness.perform('Destroy', { uniqueIdentifier }).catch(() => undefined);
      });
      const done = await stage.execute(plan);
      alone = stage.isAlone;
      expect([steps, done.state, done.failures]).toEqual([steps, 'completed', []]);
      expect(contentOf(done).keys).toMatchObject([{ catalog: 'destroyed', stored_key: 'deleted' }]);
    }
    expect(steps).toBeGreaterThan(3);
  });

  it.each(['instance', 'root_key'] as const)(
    'that two people execute at once says the same to both, of the %s, whoever is faster at each step',
    async (kind) => {
      let steps = 0;
      for (let alone = false; !alone; steps += 1) {
        const stage = await Stage.withKeys(2);
        const { keyManager } = stage.harness;
        const plan = await stage.plan(kind === 'instance' ? { kind } : { kind, rootKeyId: keyManager.rootKey.id });
        let faster: WholeShredPlan | undefined;
        const act = async () => {
          faster = await stage.execute(plan, 'two');
        };
        stage.meanwhile(steps, act, true);
        const slower = await stage.execute(plan);
        alone = stage.isAlone;
        const state = kind === 'instance' ? 'completed' : 'keys_destroyed';
        expect([steps, slower.state, slower.failures]).toEqual([steps, state, []]);
        expect([steps, keyManager.storedKeys()]).toEqual([steps, []]);
        const shown = contentOf(slower).keys.map(({ catalog, stored_key: found }) => [catalog, found]);
        expect([steps, shown]).toEqual([steps, Array(2).fill(['destroyed', 'deleted'])]);
        // A plan of a root key may be executed again for a newer record; one that is completed has one.
        if (kind === 'root_key' || faster === undefined) continue;
        expect([steps, faster.record]).toEqual([steps, slower.record]);
        const completed = stage.plans.audits.filter(({ action }) => action === 'vmware-solutions.shred-plan.complete');
        expect([steps, completed.length]).toEqual([steps, 1]);
      }
      expect(steps).toBeGreaterThan(10);
    },
  );

  it.each([false, true])('is carried on after its process was killed, at each step (late: %s)', async (late) => {
    let steps = 0;
    for (let killed = true; killed; steps += 1) {
      const stage = await Stage.withKeys(3);
      const plan = await stage.plan();
      stage.killAfter(steps, late);
      await stage.execute(plan).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      killed = stage.wasKilled;
      stage.killAfter(Infinity);
      const done = await stage.execute(plan);
      expect([steps, done.state, done.failures]).toEqual([steps, 'completed', []]);
      expect(stage.harness.keyManager.storedKeys()).toEqual([]);
      expect(contentOf(done).keys.map(({ stored_key: found }) => found)).toEqual(Array(3).fill('deleted'));
      const completed = stage.plans.audits.filter(({ action }) => action === 'vmware-solutions.shred-plan.complete');
      expect([steps, completed.length]).toEqual([steps, 1]);
    }
    expect(steps).toBeGreaterThan(15);
  });
});

const revoked = (stage: Stage, uniqueIdentifier: string): Promise<unknown> =>
  stage.harness.perform('Revoke', { uniqueIdentifier, revocationReason: { revocationReasonCode: 5 } });
