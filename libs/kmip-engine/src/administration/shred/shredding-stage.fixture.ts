import { randomUUID } from 'node:crypto';

import { newCorrelationId } from '@lib/kernel';
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
export class Killed extends Error {}

/** Keys and a plan of them, with people and processes that come between. */
export class Stage {
  readonly harness = new EngineHarness();
  readonly plans = new InMemoryShredPlans();
  secondPerson = false;
  /** Effects that come through until the process is killed: before the next one, or after it and unheard of. */
  #left = Infinity;
  #late = false;
  /** What somebody else does before the catalog, or whatever is shared with him, is asked for so many times. */
  #meanwhile = { calls: Infinity, everywhere: false, act: (): Promise<unknown> => Promise.resolve() };

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
    const plans = this.#shared(mortal(this.plans, ['change']), true);
    const { secondPerson } = this;
    return { instanceId, scope, store: scope.store, catalog: this.#shared(catalog, true), plans, secondPerson };
  }

  person(person: string): Person {
    const initiator = { kind: 'user', iamId: person } as const;
    const { instanceId } = this.harness;
    return { instanceId, initiator, correlationId: newCorrelationId(), observer: 'test', person };
  }

  plan(scope: ShredScope = { kind: 'instance' }): Promise<WholeShredPlan> {
    return this.shredding.plan(this.access, scope, this.person('one'));
  }

  execute({ id, hash }: WholeShredPlan, person = 'one'): Promise<WholeShredPlan> {
    const until = new Date(this.harness.clock.now().getTime() + 1_000);
    const patience = { until, signal: new AbortController().signal };
    return this.shredding.execute(this.access, id, hash, this.person(person), patience);
  }

  killAfter(effects: number, late = false): void {
    this.#left = effects;
    this.#late = late;
  }

  meanwhile(calls: number, act: () => Promise<unknown>, everywhere = false): void {
    this.#meanwhile = { calls, act, everywhere };
  }

  /** Somebody else's turn has not come. */
  get isAlone(): boolean {
    return this.#meanwhile.calls >= 0;
  }

  get wasKilled(): boolean {
    return this.#left < 0;
  }

  #shared<T extends object>(of: T, isWide = false): T {
    return new Proxy(of, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (!['find', 'mutate', 'change', 'list'].includes(String(name))) return value;
        const method = value as (...given: unknown[]) => Promise<unknown>;
        return async (...given: unknown[]) => {
          if (!isWide || this.#meanwhile.everywhere) this.#meanwhile.calls -= 1;
          if (this.#meanwhile.calls === -1) await this.#meanwhile.act();
          return method.apply(target, given);
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
