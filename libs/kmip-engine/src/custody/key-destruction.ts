import { type CorrelationId, type UniqueIdentifier } from '@lib/kernel';
import { type CallContext, type KeyManager } from '@lib/key-manager';
import { type AuditEvent } from '@lib/audit';

import { type EngineScope } from '../engine-scope';
import { type FailureCode } from '../failures/failure-catalog';
import { OperationFailure, fail } from '../failures/operation-failure';
import { completeDestruction, isDestroyed, requestDestruction, withdrawDestruction } from '../lifecycle';
import { type ManagedObject } from '../ports/managed-object';
import { type ManagedObjectStore } from '../ports/managed-object-store.port';
import { certainlyNotDone, explainKeyManager, isFault } from './key-manager-failure';
import { keyManagerFor } from './root-key-binding';
import { storedKeyName } from './stored-envelope';

/** One attempt to destroy one key, by a client or by the reconciler. */
export interface DestructionAttempt {
  readonly scope: Pick<EngineScope, 'store' | 'keyManager' | 'rootKeyId' | 'keyManagerOf'>;
  readonly uniqueIdentifier: UniqueIdentifier;
  readonly now: Date;
  readonly correlationId: CorrelationId;
  readonly signal?: AbortSignal;
  /** Makes the record of one step, in the name of whoever attempts it. */
  readonly audit: (step: 'requested' | 'completed' | 'withdrawn', reason?: FailureCode) => AuditEvent;
}

/**
 * Destroy in three commits' worth of certainty (docs/adr, destroy order): the request is committed, and from then on
 * no gateway serves the key; the stored key is deleted; the destroyed state is committed. A key manager that refuses
 * gives the key back. So no object claims to be destroyed whose key could still be fetched, and no key is deleted
 * without a record from before.
 */
export class KeyDestruction {
  async destroy(attempt: DestructionAttempt): Promise<void> {
    const current = await this.#request(attempt);
    await this.settle(attempt, current);
  }

  /** Second half, also for requests that were left behind. Repeatable. */
  async settle(attempt: DestructionAttempt, object: ManagedObject): Promise<void> {
    try {
      await deleteStoredKeys(attempt, object);
    } catch (error) {
      if (!certainlyNotDone(error)) throw explainKeyManager(error, 'destroy_unsettled');
      const failure = isFault(error, 'permission_denied') ? 'destroy_needs_manager' : refusal(error);
      await withdraw(attempt, failure);
      const explained = explainKeyManager(error, failure);
      throw explained instanceof OperationFailure ? recorded(explained) : explained;
    }
    await complete(attempt);
  }

  async #request(attempt: DestructionAttempt): Promise<ManagedObject> {
    const { scope, uniqueIdentifier, now } = attempt;
    const decided = await scope.store.mutate(uniqueIdentifier, (current) => {
      const object = requestDestruction(current, now);
      // Nothing is committed for a key no key manager is there for.
      if (object.custody !== undefined) keyManagerFor(scope, object.custody.rootKeyId);
      return { object, audit: attempt.audit('requested'), result: object };
    });
    return decided?.result ?? fail('unknown_object');
  }
}

/** Refusals that name their own cause keep it; the rest is told as a refused deletion. */
function refusal(error: unknown): FailureCode {
  const explained = explainKeyManager(error);
  if (!(explained instanceof OperationFailure)) return 'destroy_refused';
  return explained.failure === 'key_manager_refused' ? 'destroy_refused' : explained.failure;
}

const recorded = (failure: OperationFailure): OperationFailure =>
  new OperationFailure(failure.failure, { cause: failure.cause, recorded: true });

/**
 * All stored keys of the object go, not only the one the catalog names: an interrupted move may have left a second one,
 * and one that stays would keep the key recoverable. The named one goes last, so that a refusal before leaves the key
 * usable.
 */
async function deleteStoredKeys(attempt: DestructionAttempt, object: ManagedObject): Promise<void> {
  const { custody, uniqueIdentifier } = object;
  if (custody === undefined) return;
  const call: CallContext = {
    correlationId: attempt.correlationId,
    ...(attempt.signal === undefined ? {} : { signal: attempt.signal }),
  };
  const move = await attempt.scope.store.moves.find(uniqueIdentifier);
  const rootKeyIds = new Set([custody.rootKeyId, ...(move ? [move.fromRootKeyId, move.toRootKeyId] : [])]);
  for (const rootKeyId of rootKeyIds) {
    const keyManager = keyManagerFor(attempt.scope, rootKeyId);
    const found = await keyManager.findKeysByName(call, storedKeyName(uniqueIdentifier));
    for (const { id } of found) if (id !== custody.storedKeyId) await deleteOne(keyManager, call, id);
  }
  await deleteOne(keyManagerFor(attempt.scope, custody.rootKeyId), call, custody.storedKeyId);
}

/** A key the tenant deleted needs no permission to be deleted again. */
async function deleteOne(keyManager: KeyManager, call: CallContext, id: string): Promise<void> {
  try {
    await keyManager.deleteKey(call, id);
  } catch (error) {
    if (!isFault(error, 'permission_denied') || !(await isGone(keyManager, call, id))) throw error;
  }
}

async function isGone(keyManager: KeyManager, call: CallContext, id: string): Promise<boolean> {
  try {
    (await keyManager.fetchKey(call, id)).fill(0);
    return false;
  } catch (error) {
    return isFault(error, 'stored_key_missing');
  }
}

function withdraw({ scope, uniqueIdentifier, audit }: DestructionAttempt, failure: FailureCode): Promise<unknown> {
  return scope.store.mutate(uniqueIdentifier, (current) => ({
    ...(current.destroyRequestedAt === undefined ? {} : { object: withdrawDestruction(current) }),
    audit: audit('withdrawn', failure),
    result: undefined,
  }));
}

/** The stored key is gone: this must succeed, or be found by the reconciler. */
async function complete(attempt: DestructionAttempt): Promise<void> {
  const { scope, uniqueIdentifier } = attempt;
  try {
    await commitDestroyed(attempt);
  } catch (error) {
    // The commit may have happened without its answer; only what is read decides.
    if (await isCommitted(scope.store, uniqueIdentifier)) return;
    throw error;
  }
}

async function isCommitted(store: ManagedObjectStore, uniqueIdentifier: UniqueIdentifier): Promise<boolean> {
  const object = await store.find(uniqueIdentifier);
  return object !== undefined && isDestroyed(object.state);
}

async function commitDestroyed({ scope, uniqueIdentifier, now, audit }: DestructionAttempt): Promise<void> {
  await scope.store.mutate(uniqueIdentifier, (current) => ({
    ...(isDestroyed(current.state) ? {} : { object: completeDestruction(current, now) }),
    audit: audit('completed'),
    result: undefined,
  }));
}
