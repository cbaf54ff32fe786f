import { type UniqueIdentifier } from '@lib/kernel';
import {
  type CallContext,
  type DeletionCase,
  type KeyManager,
  ROLL_BACK_WINDOW_MS,
  judgeDeletion,
} from '@lib/key-manager';

import { reportKept } from '../custody/kept-key';
import { mayNotDelete } from '../custody/key-manager-failure';
import { boundKeyManager } from '../custody/root-key-binding';
import { storedKeyName } from '../custody/stored-envelope';
import { causeOf, examineStoredKey } from '../custody/stored-key-examination';
import { isDestroyedByOrder, notePurge } from '../lifecycle';
import { type LaterLook } from '../ports/later-looks.port';
import {
  type BackgroundDependencies,
  type ReconcileScope,
  backgroundCall,
  backgroundEvent,
  keyManagersOf,
} from './background';
import { DestroyedKeyPurge, type Purge } from './destroyed-key-purge';

const HOUR_MS = 3_600_000;
/**
 * After a look that found nothing, until the next one: 10 minutes, 1 hour and 10 hours after the deletion. The first two
 * are for a search that lags and a roll-back in place. Key Protect promises to lose at most the hour before a disaster
 * and to be back 9 hours later (`ha-dr`), so a deletion that was undone shows after 10 hours at the latest.
 */
const UNTIL_NEXT_LOOK_MS = [HOUR_MS * (5 / 6), 9 * HOUR_MS] as const;
/** After a look that could not be taken, or could not delete: a failed-over region refuses writes for up to 6 hours. */
const UNTIL_RETRY_MS = HOUR_MS;
/** After a purge that was refused: the right may be given within the week. */
const UNTIL_NEXT_PURGE_MS = 24 * HOUR_MS;
/** However often a key comes back or the key manager does not answer, it ends: at most 168 looks, and a few. */
const GIVEN_UP_AFTER_MS = 7 * 24 * HOUR_MS;

type Look = 'nothing' | 'deleted' | 'hindered';
type Found = Look | Purge;
type OrderedDeletion = Extract<DeletionCase, { why: 'named_by_order' | 'copy_under_order' }>;

interface SearchedPlace {
  readonly uniqueIdentifier: UniqueIdentifier;
  readonly digest: Buffer;
  readonly keyManager: KeyManager;
  /** The stored key that the order named, where it lay in this key manager. */
  readonly named: string | undefined;
}

/**
 * Looks again, a bounded number of times, for keys that were destroyed. Their order is committed and final, so what came
 * back is deleted again: by the id that the order named, and by name what is the key for certain (docs/adr/0060).
 * The last look purges what it lay in, where the instance wants that (docs/adr/0067).
 */
export class DestructionReview {
  readonly #purge: DestroyedKeyPurge;

  constructor(private readonly dependencies: BackgroundDependencies) {
    this.#purge = new DestroyedKeyPurge(dependencies);
  }

  /** @returns what was done: a key that had come back was deleted again, or purged @throws when it could not look */
  async run(scope: ReconcileScope, look: LaterLook): Promise<'returned' | 'purged' | undefined> {
    let found: Found = 'hindered';
    try {
      found = await this.#look(scope, look);
      const last = found === 'nothing' && UNTIL_NEXT_LOOK_MS[look.looks] === undefined;
      if (last && scope.purgeDestroyedKeys === true) {
        found = 'hindered';
        found = await this.#purge.run(scope, look, look.looks === UNTIL_NEXT_LOOK_MS.length);
      }
    } finally {
      await this.#plan(scope, look, found);
    }
    if (found === 'deleted') return 'returned';
    return found === 'purged' ? 'purged' : undefined;
  }

  async #look(scope: ReconcileScope, look: LaterLook): Promise<Look> {
    const { uniqueIdentifier } = look;
    const object = await scope.store.find(uniqueIdentifier);
    if (object === undefined || !isDestroyedByOrder(object)) return 'nothing';
    const call = backgroundCall(this.dependencies, scope);
    const its = look.rootKeyId === undefined ? scope.keyManager : boundKeyManager(scope, look.rootKeyId);
    // Without the key manager it lay in, nothing can be said.
    if (its === undefined) return 'hindered';
    const tally = { kept: 0, refused: 0 };
    const deleted: Date[] = [];
    for (const keyManager of new Set([its, ...keyManagersOf(scope)])) {
      const place = { uniqueIdentifier, digest: object.digest, keyManager };
      const named = keyManager === its ? look.storedKeyId : undefined;
      for (const deletion of await this.#thereAgain(scope, { ...place, named }, call)) {
        const outcome = await this.#delete(keyManager, uniqueIdentifier, deletion, call);
        if (outcome instanceof Date) deleted.push(outcome);
        else tally[outcome] += 1;
      }
    }
    if (deleted.length > 0) await this.#tell(scope, uniqueIdentifier, deleted, call);
    if (tally.refused > 0) return 'hindered';
    return deleted.length > 0 ? 'deleted' : 'nothing';
  }

  /** What is there of the key, by id as a search may lag, and by name as there may have been a copy. */
  async #thereAgain(
    scope: ReconcileScope,
    { uniqueIdentifier, named, keyManager, digest }: SearchedPlace,
    call: CallContext,
  ): Promise<readonly OrderedDeletion[]> {
    const found = await keyManager.findKeysByName(call, storedKeyName(uniqueIdentifier));
    const ids = new Set([...(named === undefined ? [] : [named]), ...found.map(({ id }) => id)]);
    const there: OrderedDeletion[] = [];
    for (const storedKeyId of ids) {
      const place = { claim: { uniqueIdentifier }, storedKeyId, keyManager, digest };
      const key = await examineStoredKey(scope, place, call);
      if (key.finding === 'error') throw causeOf(key);
      if (key.finding === 'gone') continue;
      there.push(storedKeyId === named ? { why: 'named_by_order', storedKeyId } : { why: 'copy_under_order', key });
    }
    return there;
  }

  /** @returns until when it can be restored, or why it was not deleted */
  async #delete(
    keyManager: KeyManager,
    uniqueIdentifier: UniqueIdentifier,
    deletion: OrderedDeletion,
    call: CallContext,
  ): Promise<Date | 'kept' | 'refused'> {
    const judged = judgeDeletion(deletion);
    if (judged.verdict === 'keep') {
      const { storedKeyId } = deletion.why === 'named_by_order' ? deletion : deletion.key;
      reportKept(this.dependencies, { uniqueIdentifier, storedKeyId, why: judged.why });
      return 'kept';
    }
    try {
      return await keyManager.deleteKey(call, judged.proof);
    } catch (error) {
      if (!mayNotDelete(error)) throw error;
      const why = 'may_not_delete';
      reportKept(this.dependencies, { uniqueIdentifier, storedKeyId: judged.proof, why, cause: error });
      return 'refused';
    }
  }

  async #tell(
    scope: ReconcileScope,
    uniqueIdentifier: UniqueIdentifier,
    deleted: readonly Date[],
    { correlationId }: CallContext,
  ): Promise<void> {
    const storedKeys = deleted.length;
    const recoverableUntil = new Date(Math.max(...deleted.map((until) => until.getTime())));
    this.dependencies.metrics?.custodyAlarm?.('destroyed_key_returned');
    this.dependencies.logger.error(
      { alarm: 'destroyed_key_returned', correlationId, uniqueIdentifier, storedKeys },
      'a destroyed key had come back in the key manager; it was deleted again',
    );
    const step = 'destroyed key had come back, deleted again';
    const facts = { correlationId, details: { step, storedKeys, recoverableUntil: recoverableUntil.toISOString() } };
    const action = 'vmware-solutions.kmip-key.reconcile';
    const audit = backgroundEvent(this.dependencies, scope, action, uniqueIdentifier, facts);
    await scope.store.mutate(uniqueIdentifier, (current) => ({
      object: notePurge(current, current.lastChangeDate, recoverableUntil),
      audit,
      result: undefined,
    }));
  }

  async #plan(scope: ReconcileScope, { uniqueIdentifier, looks, destroyedAt }: LaterLook, found: Found): Promise<void> {
    const { laterLooks } = scope.store;
    const now = this.dependencies.clock.now().getTime();
    const untilNext = {
      nothing: UNTIL_NEXT_LOOK_MS[looks],
      hindered: UNTIL_RETRY_MS,
      deleted: UNTIL_RETRY_MS,
      refused: UNTIL_NEXT_PURGE_MS,
      // A roll-back undoes a purge, too.
      purged: ROLL_BACK_WINDOW_MS,
    }[found];
    if (untilNext === undefined) return laterLooks.end(uniqueIdentifier);
    if (now - destroyedAt.getTime() >= GIVEN_UP_AFTER_MS) {
      this.dependencies.logger.error(
        { uniqueIdentifier, found },
        'a destroyed key is looked for no more, and may still be in the key manager',
      );
      return laterLooks.end(uniqueIdentifier);
    }
    // What was deleted again may come back once more: it is looked for from the beginning.
    const next = { nothing: looks + 1, hindered: looks, refused: looks + 1, purged: looks, deleted: 0 }[found];
    return laterLooks.postpone(uniqueIdentifier, next, new Date(now + untilNext));
  }
}
