import { type AuditAction, type AuditEvent } from '@lib/audit';
import { type Clock, DomainError, inParallel } from '@lib/kernel';
import { type CallContext } from '@lib/key-manager';

import { type DestructionAttempt } from '../../custody/key-destruction';
import { isDestroyed } from '../../lifecycle';
import { type ManagedObject } from '../../ports/managed-object';
import { type Administrator, type KeyAdministration } from '../key-administration';
import { keyVersion } from '../key-description';
import { type ShredCatalog, shredFacts } from './shred-facts';
import {
  type KeyPlace,
  type PlannedKey,
  ShredError,
  type ShredErrorCode,
  type ShredFailure,
  type ShownKey,
  type ShredPlan,
  type ShredRecord,
  type ShredScope,
  type ShredState,
  type WholeShredPlan,
} from './shred-plan';
import { type ShredPlanChange, type ShredPlans } from './shred-plans.port';
import { ENDED, ShredProof } from './shred-proof';
import { shredRecordContent } from './shred-record';

/** Who leaves more plans lying about has lost sight of them; what was executed can be removed with its record kept. */
const MAX_PLANS = 50;
const AT_ONCE = 8;
/** Progress is committed so often: what was shown before is not asked for again. */
const BATCH = 64;
const FAILURES_SHOWN = 10;
/** A key manager that refuses eight keys refuses the next ones too. */
const FAILURES_ENOUGH = 8;

/** Identities of IAM that the very person may have made who wants to be two. */
const MADE_BY_OTHERS = /^(?:iam-(?:ServiceId|Profile)-|crn-)/;

/** What an instance is to whoever shreds in it. */
export interface ShredAccess extends ShredCatalog {
  readonly scope: DestructionAttempt['scope'];
  readonly plans: ShredPlans;
  /** Of the instance, at this moment. */
  readonly secondPerson: boolean;
}

export interface ShredDependencies {
  readonly administration: Pick<KeyAdministration, 'destroy'>;
  readonly clock: Clock;
  readonly newId: () => string;
  /** @returns no `jws` where nothing signs */
  readonly sign: (content: string) => Promise<ShredRecord>;
}

/** How long an execution may take: it is carried on by repeating it. */
export interface Patience {
  /** No key is begun after it. */
  readonly until: Date;
  readonly signal: AbortSignal;
}

/** The key was changed since the plan was made. */
class Spared extends Error {}

/** Somebody else changed the plan meanwhile. */
class Overtaken extends ShredError {
  constructor() {
    super('shred_plan_state_conflict', 'The plan was changed by somebody else meanwhile: look again.');
  }
}

type Person = Administrator & { readonly person: string };

/**
 * Plans what is to be destroyed, has it confirmed, does it, and shows what was done. Every step is committed before the
 * next one, and may be repeated: who is killed in between repeats the request.
 */
export class Shredding {
  constructor(private readonly dependencies: ShredDependencies) {}

  /** @throws ShredError */
  async plan(access: ShredAccess, scope: ShredScope, creator: Person): Promise<WholeShredPlan> {
    const now = this.dependencies.clock.now();
    const facts = await shredFacts(access, scope, now);
    if (facts.keys.length === 0) refuse('shred_plan_empty', 'There is no key to shred.');
    const plan: WholeShredPlan = {
      id: this.dependencies.newId(),
      state: 'draft',
      scope,
      ...facts,
      secondPerson: access.secondPerson,
      createdBy: creator.person,
      createdAt: now.toISOString(),
      probes: [],
      rootKeys: [],
      failures: [],
      shown: {},
    };
    const audit = this.#event(creator, 'vmware-solutions.shred-plan.create', plan);
    if (!(await access.plans.add(plan, MAX_PLANS, audit))) {
      refuse('shred_plan_quota_exceeded', `There are ${MAX_PLANS} shred plans already: delete those that are done.`);
    }
    return plan;
  }

  /** Another person says yes to this very plan. @throws ShredError */
  async confirm(access: ShredAccess, id: string, hash: string, confirmer: Person): Promise<WholeShredPlan> {
    const plan = await found(access.plans, id, hash);
    // Whose a service ID is nobody knows: one that made the plan may be of the one who confirms it.
    const people = [plan.createdBy, confirmer.person];
    if (plan.createdBy === confirmer.person || people.some((person) => MADE_BY_OTHERS.test(person))) {
      const message = 'A person makes the plan and another one confirms it: no service ID or trusted profile does.';
      refuse('shred_plan_same_person', message);
    }
    if (plan.state !== 'draft') refuse('shred_plan_state_conflict', 'The plan is confirmed, or executed, already.');
    await this.#requireFacts(access, plan);
    const confirmedAt = this.dependencies.clock.now().toISOString();
    const confirmed = { ...plan, state: 'confirmed' as const, confirmedBy: confirmer.person, confirmedAt };
    const audit = this.#event(confirmer, 'vmware-solutions.shred-plan.confirm', plan);
    return committed(access.plans, ['draft'], confirmed, { audit });
  }

  /** @throws ShredError */
  async remove(access: ShredAccess, id: string, hash: string, remover: Person): Promise<void> {
    const plan = await found(access.plans, id, hash);
    const audit = this.#event(remover, 'vmware-solutions.shred-plan.delete', plan);
    if (await access.plans.remove(id, ['draft', 'confirmed', 'keys_destroyed', 'completed'], audit)) return;
    refuse('shred_plan_state_conflict', 'The plan is being executed: it can only be carried on.');
  }

  /**
   * All that {@link execute} would refuse before it begins.
   * @returns the plan; until it is begun, with its keys where they lie by now
   * @throws ShredError
   */
  async check(access: ShredAccess, id: string, hash: string): Promise<WholeShredPlan> {
    const plan = await found(access.plans, id, hash);
    if (plan.state !== 'draft' && plan.state !== 'confirmed') return plan;
    if ((plan.secondPerson || access.secondPerson) && plan.state !== 'confirmed') {
      refuse('shred_plan_not_confirmed', 'A second person has to confirm the plan.');
    }
    if (access.scope.destructionsWait === true) {
      refuse('shred_plan_state_conflict', 'The service was restored from a backup: destructions wait.');
    }
    try {
      return { ...plan, keys: await this.#requireFacts(access, plan) };
    } catch (error) {
      // Whoever executes the plan at the same time changes the very keys.
      const now = await found(access.plans, id, hash);
      if (now.state === 'draft' || now.state === 'confirmed') throw error;
      return now;
    }
  }

  /** Begins, or carries on; who is overtaken by somebody who executes it too is told the same. @throws ShredError, KeyManagerError */
  async execute(
    access: ShredAccess,
    id: string,
    hash: string,
    executor: Person,
    patience: Patience,
  ): Promise<WholeShredPlan> {
    // Each time it is further: there are few states.
    for (;;) {
      const plan = await this.check(access, id, hash);
      try {
        return await this.#carryOn(access, plan, executor, patience);
      } catch (error) {
        if (!(error instanceof Overtaken)) throw error;
        const now = await found(access.plans, id, hash);
        if (now.state === 'keys_destroyed' || now.state === 'completed') return now;
      }
    }
  }

  async #carryOn(
    access: ShredAccess,
    plan: WholeShredPlan,
    executor: Person,
    patience: Patience,
  ): Promise<WholeShredPlan> {
    const call: CallContext = { correlationId: executor.correlationId, signal: patience.signal };
    const proof = new ShredProof(access.scope, call, this.dependencies.clock);
    const begun = await this.#begin(access, plan, executor, proof);
    if (begun.state === 'completed') return begun;
    const done =
      begun.state === 'executing' ? await this.#destroy(access, begun, executor, { proof, patience }) : begun;
    if (Object.keys(done.shown).length < done.keys.length) return done;
    return this.#finish(access, done, executor, proof);
  }

  async #begin(
    access: ShredAccess,
    plan: WholeShredPlan,
    executor: Person,
    proof: ShredProof,
  ): Promise<WholeShredPlan> {
    if (plan.state !== 'draft' && plan.state !== 'confirmed') return plan;
    const probes = await proof.probes(access.instanceId, plan.id, rootKeysOf(plan));
    const executedAt = this.dependencies.clock.now().toISOString();
    const begun = { ...plan, state: 'executing' as const, executedBy: executor.person, executedAt, probes };
    const audit = this.#event(executor, 'vmware-solutions.shred-plan.execute', plan);
    return committed(access.plans, [plan.state], begun, { audit });
  }

  async #destroy(
    access: ShredAccess,
    plan: WholeShredPlan,
    executor: Person,
    { proof, patience }: { readonly proof: ShredProof; readonly patience: Patience },
  ): Promise<WholeShredPlan> {
    let current = { ...plan, failures: [] as ShredFailure[] };
    const left = plan.keys.filter(({ id }) => plan.shown[id] === undefined);
    for (let from = 0; from < left.length && this.#goesOn(current, patience); from += BATCH) {
      const shown: Record<string, ShownKey> = {};
      await inParallel(left.slice(from, from + BATCH), AT_ONCE, async (key) => {
        const seen = await this.#destroyOne(access, key, executor, { proof, patience });
        if ('code' in seen) current.failures.push(seen);
        else shown[key.id] = seen;
        return this.#goesOn(current, patience) ? 'next' : 'stop';
      });
      const failures = current.failures.slice(0, FAILURES_SHOWN);
      const next = await committed(access.plans, ['executing'], { ...current, failures }, { shown });
      current = { ...next, failures: [...current.failures] };
    }
    return { ...current, failures: current.failures.slice(0, FAILURES_SHOWN) };
  }

  #goesOn({ failures }: Pick<ShredPlan, 'failures'>, { until, signal }: Patience): boolean {
    return failures.length < FAILURES_ENOUGH && !signal.aborted && this.dependencies.clock.now() < until;
  }

  /** Also of a key whose destruction was begun, or done, before whoever did it was stopped. */
  async #destroyOne(
    { scope }: ShredAccess,
    key: PlannedKey,
    executor: Person,
    { proof, patience }: { readonly proof: ShredProof; readonly patience: Patience },
  ): Promise<ShownKey | ShredFailure> {
    try {
      const before = await scope.store.find(key.id);
      if (before === undefined) {
        return (
          (await proof.gone(key.id, key)) ??
          failure(
            key,
            'shred_key_missing',
            'The key is not in the catalog any more, and its stored key is there: have the catalog rebuilt, and carry the plan on.',
          )
        );
      }
      const noted = (await scope.store.laterLooks.find(key.id)) ?? before.custody ?? key;
      const place = isDestroyed(before.state) ? noted : await this.#order(scope, key, executor, { noted, patience });
      const after = (await scope.store.find(key.id)) ?? before;
      return (
        (await proof.destroyed(key.id, place, after)) ??
        failure(key, 'shred_key_returned', 'The key is destroyed, and its stored key is there in the key manager.')
      );
    } catch (error) {
      // Nothing makes it the key of the plan again.
      if (error instanceof Spared) return { catalog: 'spared', checkedAt: this.dependencies.clock.now().toISOString() };
      // What is ours to explain concerns this key; the rest is a bug or an outage, and ends the attempt.
      if (!(error instanceof DomainError)) throw error;
      return failure(key, error.code, error.message);
    }
  }

  /** @returns where its stored key was. @throws Spared, DomainError */
  async #order(
    scope: ShredAccess['scope'],
    key: PlannedKey,
    executor: Person,
    { noted, patience: { signal } }: { readonly noted: KeyPlace; readonly patience: Patience },
  ): Promise<KeyPlace> {
    const order = { revoking: true, suspended: true };
    let place = noted;
    // The last that is seen is the one in the transaction of the order: after it nobody moves the key.
    const guard = (current: ManagedObject): void => {
      requireAsPlanned(key, current);
      place = current.custody ?? place;
    };
    try {
      await this.dependencies.administration.destroy(scope, key.id, executor, guard, { signal, order });
    } catch (error) {
      // Two may execute the plan at once, or its client destroys the key meanwhile: that is its end, and no other one.
      const now = await scope.store.find(key.id);
      if (now === undefined || !isDestroyed(now.state)) throw error;
    }
    return place;
  }

  async #finish(
    access: ShredAccess,
    plan: WholeShredPlan,
    executor: Person,
    proof: ShredProof,
  ): Promise<WholeShredPlan> {
    const rootKeys = await proof.rootKeys(access.instanceId, plan.id, plan.probes);
    const finishedAt = this.dependencies.clock.now().toISOString();
    const state = isEnded(plan, rootKeys) ? ('completed' as const) : ('keys_destroyed' as const);
    const content = JSON.stringify(shredRecordContent(access.instanceId, plan, rootKeys, finishedAt));
    const record = await this.dependencies.sign(content);
    const audit = this.#event(executor, 'vmware-solutions.shred-plan.complete', { ...plan, state });
    const from: readonly ShredState[] = ['executing', 'keys_destroyed'];
    return committed(access.plans, from, { ...plan, state, rootKeys, finishedAt, failures: [] }, { record, audit });
  }

  /** @throws ShredError */
  async #requireFacts(access: ShredAccess, plan: WholeShredPlan): Promise<readonly PlannedKey[]> {
    const facts = await shredFacts(access, plan.scope, this.dependencies.clock.now());
    if (facts.hash === plan.hash) return facts.keys;
    const versions = new Map(plan.keys.map((key) => [key.id, `${key.version} ${key.lastFetchedAt ?? ''}`]));
    const others = facts.keys.filter((key) => versions.get(key.id) !== `${key.version} ${key.lastFetchedAt ?? ''}`);
    const names = others.slice(0, 3).map(({ id, owner, name }) => `${id} (${owner?.name ?? name})`);
    const which = names.length > 0 ? `Not as planned: ${names.join(', ')}. ` : 'Keys are gone. ';
    refuse('shred_plan_outdated', `The keys are not what the plan says any more. ${which}Make another plan.`);
  }

  #event(
    { instanceId, initiator, correlationId, observer }: Person,
    action: AuditAction,
    { id, hash, scope, state, keys }: WholeShredPlan,
  ): AuditEvent {
    return {
      instanceId,
      action,
      occurredAt: this.dependencies.clock.now(),
      initiator,
      outcome: 'success',
      target: { kind: 'instance', id: instanceId },
      correlationId,
      observer,
      details: { plan: id, hash, scope: scope.kind, state, keys: keys.length },
    };
  }
}

/** Those of its keys, and the one that it is about. */
function rootKeysOf({ scope, keys }: WholeShredPlan): readonly string[] {
  const ids = keys.flatMap(({ rootKeyId }) => rootKeyId ?? []);
  return [...new Set(scope.kind === 'root_key' ? [scope.rootKeyId, ...ids] : ids)];
}

const isEnded = ({ scope }: ShredPlan, rootKeys: WholeShredPlan['rootKeys']): boolean =>
  scope.kind !== 'root_key' ||
  rootKeys.some(({ rootKeyId, because = '' }) => rootKeyId === scope.rootKeyId && ENDED.includes(because));

/** Its order may have been committed by an attempt before. @throws Spared */
function requireAsPlanned(key: PlannedKey, current: ManagedObject): void {
  if (current.destroyRequestedAt !== undefined || keyVersion(current) === key.version) return;
  throw new Spared();
}

const failure = ({ id }: PlannedKey, code: string, message: string): ShredFailure => ({ keyId: id, code, message });

/** @throws ShredError */
async function found(plans: ShredPlans, id: string, hash: string): Promise<WholeShredPlan> {
  const plan = await plans.find(id);
  if (plan === undefined) refuse('shred_plan_not_found', 'There is no such plan.');
  if (plan.hash !== hash) refuse('shred_plan_other_hash', 'The plan has another hash: read what it says.');
  return plan;
}

/** @throws Overtaken when somebody else was faster */
async function committed(
  plans: ShredPlans,
  from: readonly ShredState[],
  plan: WholeShredPlan,
  change: Omit<ShredPlanChange, 'plan'>,
): Promise<WholeShredPlan> {
  if (!(await plans.change(from, { plan, ...change }))) throw new Overtaken();
  const { shown = {}, record } = change;
  return { ...plan, shown: { ...plan.shown, ...shown }, ...(record && { record }) };
}

function refuse(code: ShredErrorCode, message: string): never {
  throw new ShredError(code, message);
}
