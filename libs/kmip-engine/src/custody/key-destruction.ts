import { type AuditEvent } from '@lib/audit';
import { type CorrelationId, type UniqueIdentifier } from '@lib/kernel';
import {
  type CallContext,
  type DeletionCase,
  WAITS_FOR,
  judgeDeletion,
  restorableUntil,
  type StoredKeys,
} from '@lib/key-manager';

import { type EngineScope } from '../engine-scope';
import { type FailureCode } from '../failures/failure-catalog';
import { OperationFailure, fail } from '../failures/operation-failure';
import {
  completeDestruction,
  isDestroyed,
  type OrderOfDestruction,
  requestDestruction,
  withdrawDestruction,
} from '../lifecycle';
import { type StayReason } from '../ports/engine-ports';
import { type KeyCustody, type ManagedObject, storedSince } from '../ports/managed-object';
import { type CustodyMove } from '../ports/custody-moves.port';
import { type ManagedObjectStore } from '../ports/managed-object-store.port';
import { type KeptKeyReports, reportKept } from './kept-key';
import { certainlyNotDone, explainKeyManager, isFault } from './key-manager-failure';
import { keyManagerFor } from './root-key-binding';
import { storedKeyName } from './stored-envelope';
import { type Examination, examineStoredKey } from './stored-key-examination';

/** One attempt to destroy one key, by a client or by the reconciler. */
export interface DestructionAttempt {
  readonly scope: Pick<
    EngineScope,
    'instanceId' | 'store' | 'keyManager' | 'rootKeyId' | 'keyManagerOf' | 'destructionsWait'
  >;
  readonly uniqueIdentifier: UniqueIdentifier;
  readonly now: Date;
  readonly correlationId: CorrelationId;
  readonly signal?: AbortSignal;
  /** Of an administrator. */
  readonly order?: OrderOfDestruction;
  /** Looks at the key in the transaction that orders its destruction; throws to leave it. */
  readonly guard?: (current: ManagedObject) => void;
  /** The order was found in the catalog, and not given by the client that waits for the answer. */
  readonly leftBehind?: boolean;
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
  constructor(private readonly reports: KeptKeyReports) {}

  async destroy(attempt: DestructionAttempt): Promise<void> {
    const current = await this.#request(attempt);
    await this.settle(attempt, current);
  }

  /** Second half, also for requests that were left behind. Repeatable. */
  async settle(attempt: DestructionAttempt, object: ManagedObject): Promise<void> {
    if (attempt.scope.destructionsWait === true) fail('destroy_waits');
    let until: Date;
    try {
      until = await deleteStoredKeys(attempt, object, this.reports);
    } catch (error) {
      if (!certainlyNotDone(error)) throw explainKeyManager(error, attempt.scope, 'destroy_unsettled');
      const failure = isFault(error, 'permission_denied') ? 'destroy_needs_manager' : refusal(error);
      await withdraw(attempt, failure);
      const explained = explainKeyManager(error, attempt.scope, failure);
      throw explained instanceof OperationFailure ? recorded(explained) : explained;
    }
    await complete(attempt, until);
  }

  async #request(attempt: DestructionAttempt): Promise<ManagedObject> {
    const { scope, uniqueIdentifier, now } = attempt;
    const decided = await scope.store.mutate(uniqueIdentifier, (current) => {
      attempt.guard?.(current);
      const object = requestDestruction(current, now, attempt.order);
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

interface Copy extends Examination {
  readonly keyManager: StoredKeys;
  readonly storedAt: Date;
}

/**
 * All stored keys of the object go, not only the one the catalog names: an interrupted move may have left a second one,
 * and one that stays would keep the key recoverable. The named one goes last, so that a refusal before leaves the key
 * usable. Of the others only those go that are the key for certain.
 * @returns until when the key can be restored: the last deletion is of now, so none of before lasts longer
 */
async function deleteStoredKeys(
  attempt: DestructionAttempt,
  object: ManagedObject,
  reports: KeptKeyReports,
): Promise<Date> {
  const { custody, uniqueIdentifier } = object;
  if (custody === undefined) return restorableUntil(attempt.now);
  const call: CallContext = {
    correlationId: attempt.correlationId,
    ...(attempt.signal === undefined ? {} : { signal: attempt.signal }),
  };
  const copies = await findCopies(attempt, object, custody, call);
  const keyManager = keyManagerFor(attempt.scope, custody.rootKeyId);
  const stays = ({ storedKeyId, cause }: Copy, why: StayReason): void =>
    reportKept(reports, { uniqueIdentifier, storedKeyId, why, cause });
  const untils: Date[] = [];
  const deleteCopies = async (found: readonly Copy[]): Promise<void> => {
    for (const copy of found) {
      const deletion = { why: 'copy_under_order', key: copy } as const;
      const deleted = await deleteOne(attempt, { ...copy, deletion }, call);
      if (deleted instanceof Date) untils.push(deleted);
      else stays(copy, deleted);
    }
  };
  const named = { keyManager, storedKeyId: custody.storedKeyId, storedAt: storedSince(object) };
  if (attempt.leftBehind === true && (await isDoubtful(copies, named, call))) {
    for (const copy of copies) stays(copy, 'doubtful_order');
    fail('destroy_unsettled');
  }
  await deleteCopies(copies);
  const order = { why: 'named_by_order', storedKeyId: named.storedKeyId } as const;
  const deleted = await deleteOne(attempt, { ...named, deletion: order }, call);
  if (deleted instanceof Date) untils.push(deleted);
  const late = await settled(() => findLateCopies(attempt, object, custody, call, copies));
  await settled(() => deleteCopies(late));
  const left = [...copies, ...late].some(({ finding }) => finding !== 'whole' && WAITS_FOR[finding] === 'order');
  if (left) fail('destroy_unsettled');
  return new Date(Math.max(...untils.map((until) => until.getTime())));
}

/** A search may lag: a copy of a moment ago shows only now. */
async function findLateCopies(
  attempt: DestructionAttempt,
  object: ManagedObject,
  custody: KeyCustody,
  call: CallContext,
  known: readonly Copy[],
): Promise<readonly Copy[]> {
  const found = await findCopies(attempt, object, custody, call);
  return found.filter(({ storedKeyId }) => !known.some((copy) => copy.storedKeyId === storedKeyId));
}

/** The key that the catalog names is deleted: whatever hinders the rest, the key cannot be given back any more. */
async function settled<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainKeyManager(error, {}, 'destroy_unsettled');
  }
}

/**
 * Where a copy may lie: under the root key that the catalog names, at both ends of a move, and under the one that is bound
 * now: a catalog of before a move knows neither the move nor its end.
 */
const placesOf = (
  { rootKeyId: bound }: Pick<EngineScope, 'rootKeyId'>,
  { rootKeyId }: KeyCustody,
  move: Pick<CustodyMove, 'fromRootKeyId' | 'toRootKeyId'> | undefined,
): ReadonlySet<string> =>
  new Set([
    rootKeyId,
    ...(move ? [move.fromRootKeyId, move.toRootKeyId] : []),
    ...(bound === undefined ? [] : [bound]),
  ]);

async function findCopies(
  { scope }: DestructionAttempt,
  { uniqueIdentifier, digest }: ManagedObject,
  custody: KeyCustody,
  call: CallContext,
): Promise<readonly Copy[]> {
  const claim = { uniqueIdentifier };
  const move = await scope.store.moves.find(uniqueIdentifier);
  const copies: Copy[] = [];
  for (const rootKeyId of placesOf(scope, custody, move)) {
    const keyManager = keyManagerFor(scope, rootKeyId);
    for (const { id: storedKeyId, createdAt: storedAt } of await keyManager.findKeysByName(
      call,
      storedKeyName(uniqueIdentifier),
    )) {
      if (storedKeyId === custody.storedKeyId || copies.some((copy) => copy.storedKeyId === storedKeyId)) continue;
      const place = { claim, storedKeyId, storedAt, keyManager, digest };
      copies.push({ ...(await examineStoredKey(scope, place, call)), keyManager, storedAt });
    }
  }
  return copies;
}

/**
 * A catalog that was restored from a backup may hold an order that was withdrawn later. One that also names a stored key
 * that is gone, while the key lies elsewhere, is certainly not the newest: then an order needs its client's repetition.
 */
async function isDoubtful(
  copies: readonly Copy[],
  { keyManager, storedKeyId, storedAt }: Pick<Copy, 'keyManager' | 'storedKeyId' | 'storedAt'>,
  call: CallContext,
): Promise<boolean> {
  return copies.some(({ finding }) => finding === 'whole') && (await isGone(keyManager, call, storedKeyId, storedAt));
}

/**
 * A key the tenant deleted needs no permission to be deleted again.
 * @returns until when it can be restored, or why it stays
 */
async function deleteOne(
  { now }: DestructionAttempt,
  { keyManager, storedAt, deletion }: Pick<Copy, 'keyManager' | 'storedAt'> & { readonly deletion: DeletionCase },
  call: CallContext,
): Promise<Date | StayReason> {
  const judged = judgeDeletion(deletion);
  if (judged.verdict === 'keep') return judged.why;
  try {
    return await keyManager.deleteKey(call, judged.proof, storedAt);
  } catch (error) {
    if (!isFault(error, 'permission_denied') || !(await isGone(keyManager, call, judged.proof, storedAt))) throw error;
    return restorableUntil(now);
  }
}

async function isGone(keyManager: StoredKeys, call: CallContext, id: string, storedAt: Date): Promise<boolean> {
  try {
    (await keyManager.fetchKey(call, id, storedAt)).fill(0);
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
async function complete(attempt: DestructionAttempt, recoverableUntil: Date): Promise<void> {
  const { scope, uniqueIdentifier } = attempt;
  try {
    await commitDestroyed(attempt, recoverableUntil);
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

async function commitDestroyed(
  { scope, uniqueIdentifier, now, audit }: DestructionAttempt,
  recoverableUntil: Date,
): Promise<void> {
  const completed = audit('completed');
  const details = { ...completed.details, recoverableUntil: recoverableUntil.toISOString() };
  await scope.store.mutate(uniqueIdentifier, (current) => ({
    ...(isDestroyed(current.state) ? {} : { object: completeDestruction(current, now, recoverableUntil) }),
    audit: { ...completed, details },
    result: undefined,
  }));
}
