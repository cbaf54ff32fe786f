import { randomUUID } from 'node:crypto';

import { newCorrelationId, type UniqueIdentifier } from '@lib/kernel';
import {
  type Administrator,
  KeyAdministration,
  KeyDestruction,
  type KeyCatalog,
  type ShredAccess,
  Shredding,
  type ShredScope,
  type WholeShredPlan,
} from '@lib/kmip-engine';
import { attribute, EngineHarness, InMemoryShredPlans } from '@lib/testing';

type Person = Administrator & { readonly person: string };

/** What ends a process: no answer of anybody, and nothing that could be caught and told. */
class Killed extends Error {}

class Stage {
  readonly harness = new EngineHarness();
  readonly plans = new InMemoryShredPlans();
  secondPerson = false;
  /** Effects that come through until the process is killed: before the next one, or after it and unheard of. */
  #left = Infinity;
  #late = false;
  /** What somebody else does before the catalog is asked for so many times. */
  #meanwhile = { calls: Infinity, act: (): Promise<unknown> => Promise.resolve() };

  static async withKeys(count: number): Promise<Stage> {
    const stage = new Stage();
    for (let index = 0; index < count; index += 1) {
      const name = attribute('x-Name', { type: 'TextString', value: `web-${index}` });
      const id = await stage.harness.createKey([name]);
      await stage.harness.perform('Activate', { uniqueIdentifier: id });
    }
    return stage;
  }

  /** As a new process has it. */
  get shredding(): Shredding {
    const { clock } = this.harness;
    const administration = new KeyAdministration(
      new KeyDestruction({ logger: { warn: () => undefined, error: () => undefined } }),
      clock,
    );
    const sign = (content: string) => Promise.resolve({ content, jws: 'signed', keyId: 'key' });
    return new Shredding({ administration, clock, newId: randomUUID, sign });
  }

  get access(): ShredAccess {
    const { instanceId, store } = this.harness;
    const mortal = <T extends object>(of: T, names: readonly string[]): T => this.#mortal(of, names);
    const scope = {
      ...this.harness.reconcileScope(),
      store: this.#shared(mortal(store, ['mutate'])),
      keyManager: mortal(this.harness.keyManager, ['wrap', 'unwrap', 'fetchKey', 'deleteKey', 'findKeysByName']),
    };
    const catalog: KeyCatalog = {
      list: ({ after }) =>
        Promise.resolve(
          after === undefined
            ? store
                .objects()
                .filter(({ custody }) => custody !== undefined)
                .map((object) => ({ ...object, sortName: '' }))
            : [],
        ),
    };
    const plans = mortal(this.plans, ['change']);
    return { instanceId, scope, store: scope.store, catalog, plans, secondPerson: this.secondPerson };
  }

  person(person: string): Person {
    const initiator = { kind: 'user', iamId: person } as const;
    const { instanceId } = this.harness;
    return { instanceId, initiator, correlationId: newCorrelationId(), observer: 'test', person };
  }

  plan(scope: ShredScope = { kind: 'instance' }): Promise<WholeShredPlan> {
    return this.shredding.plan(this.access, scope, this.person('one'));
  }

  execute({ id, hash }: WholeShredPlan): Promise<WholeShredPlan> {
    const until = new Date(this.harness.clock.now().getTime() + 1_000);
    const patience = { until, signal: new AbortController().signal };
    return this.shredding.execute(this.access, id, hash, this.person('one'), patience);
  }

  killAfter(effects: number, late = false): void {
    this.#left = effects;
    this.#late = late;
  }

  meanwhile(calls: number, act: () => Promise<unknown>): void {
    this.#meanwhile = { calls, act };
  }

  /** Somebody else's turn has not come. */
  get isAlone(): boolean {
    return this.#meanwhile.calls >= 0;
  }

  get wasKilled(): boolean {
    return this.#left < 0;
  }

  #shared(store: ShredAccess['scope']['store']): ShredAccess['scope']['store'] {
    return new Proxy(store, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (name !== 'find' && name !== 'mutate') return value;
        return async (...given: unknown[]) => {
          this.#meanwhile.calls -= 1;
          if (this.#meanwhile.calls === -1) await this.#meanwhile.act();
          return (value as (...given: unknown[]) => Promise<unknown>)(...given);
        };
      },
    });
  }

  #mortal<T extends object>(of: T, names: readonly string[]): T {
    return new Proxy(of, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        const method = value.bind(target) as (...given: unknown[]) => Promise<unknown>;
        if (!names.includes(String(name))) return method;
        return async (...given: unknown[]) => {
          if (this.#left <= 0) {
            const late = this.#left === 0 && this.#late;
            this.#left = -1;
            if (late) await method(...given);
            throw new Killed('killed');
          }
          this.#left -= 1;
          return method(...given);
        };
      },
    });
  }
}

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
