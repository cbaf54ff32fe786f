import {
  type CallContext,
  type DeletedKey,
  type DeletedKeys,
  type KeyManager,
  judgePurge,
  keepsDeletedKeys,
  restorableUntil,
} from '@lib/key-manager';

import { DeletionRights } from '../custody/deletion-rights';
import { reportKept } from '../custody/kept-key';
import { mayNotDelete } from '../custody/key-manager-failure';
import { boundKeyManager } from '../custody/root-key-binding';
import { storedKeyName } from '../custody/stored-envelope';
import { isDestroyedByOrder, notePurge } from '../lifecycle';
import { type LaterLook } from '../ports/later-looks.port';
import { type ManagedObject } from '../ports/managed-object';
import {
  type BackgroundDependencies,
  type ReconcileScope,
  backgroundCall,
  backgroundEvent,
  keyManagersOf,
} from './background';

/** A move left it so long ago that the key manager has purged it by itself (Key Protect, `delete-purge-keys`). */
const PURGED_BY_ITSELF_MS = 90 * 24 * 3_600_000;

const ACTION = 'vmware-solutions.kmip-key.purge';
const REMEDY = 'give the service ID the service role KeyPurge on the key manager, or turn off purge_destroyed_keys';

/**
 * - `nothing`: there was nothing to purge, or nothing that is proven to be the key
 * - `hindered`: the key manager asks for more time
 * - `refused`: the service ID may not purge
 */
export type Purge = 'purged' | 'nothing' | 'hindered' | 'refused';

interface Tally {
  purged: number;
  early: number;
  refused: number;
  /** Until when each that is left can be restored. */
  readonly left: Date[];
}

/** Purges what a destroyed key lay in, so that nobody can restore it in the key manager (docs/adr/0067). */
export class DestroyedKeyPurge {
  /** By key manager: without the role each attempt shows as a refusal in the tenant's own audit trail. */
  readonly #rights = new DeletionRights();

  constructor(private readonly dependencies: BackgroundDependencies) {}

  /**
   * @param first a refusal is recorded once, and not with each attempt
   * @throws KeyManagerError when it could not be found out what is left
   */
  async run(scope: ReconcileScope, look: LaterLook, first: boolean): Promise<Purge> {
    const { uniqueIdentifier } = look;
    const object = await scope.store.find(uniqueIdentifier);
    if (object === undefined || !isDestroyedByOrder(object)) return 'nothing';
    const call = backgroundCall(this.dependencies, scope);
    const tally: Tally = { purged: 0, early: 0, refused: 0, left: this.#outOfReach(scope, look) };
    const its = look.rootKeyId === undefined ? undefined : boundKeyManager(scope, look.rootKeyId);
    for (const keyManager of new Set([...(its === undefined ? [] : [its]), ...keyManagersOf(scope)])) {
      if (keepsDeletedKeys(keyManager)) await this.#purgeIn(keyManager, look, tally, call);
    }
    await this.#tell(scope, object, tally, first, call);
    if (tally.early > 0) return 'hindered';
    if (tally.refused > 0) return 'refused';
    return tally.purged > 0 ? 'purged' : 'nothing';
  }

  /** What may still be restored in a key manager that is bound no more: nobody can look there. */
  #outOfReach(scope: ReconcileScope, { formerly = [] }: LaterLook): Date[] {
    const now = this.dependencies.clock.now();
    return formerly
      .filter(({ leftAt }) => now.getTime() - leftAt.getTime() < PURGED_BY_ITSELF_MS)
      .filter(({ rootKeyId }) => boundKeyManager(scope, rootKeyId) === undefined)
      .map(() => restorableUntil(now));
  }

  async #purgeIn(
    keyManager: KeyManager & DeletedKeys,
    look: LaterLook,
    tally: Tally,
    call: CallContext,
  ): Promise<void> {
    const { uniqueIdentifier, storedKeyId, formerly = [] } = look;
    const name = storedKeyName(uniqueIdentifier);
    const named = new Set(formerly.map((former) => former.storedKeyId));
    if (storedKeyId !== undefined) named.add(storedKeyId);
    for (const deleted of await keyManager.findDeletedKeys(call, name, [...named])) {
      const outcome = await this.#purge(keyManager, { deleted, name, named }, look, call);
      if (outcome === 'kept') tally.left.push(deleted.restorableUntil);
      else tally[outcome] += 1;
      if (outcome === 'early' || outcome === 'refused') tally.left.push(deleted.restorableUntil);
    }
  }

  async #purge(
    keyManager: KeyManager & DeletedKeys,
    found: { readonly deleted: DeletedKey; readonly name: string; readonly named: ReadonlySet<string> },
    { uniqueIdentifier }: LaterLook,
    call: CallContext,
  ): Promise<'purged' | 'early' | 'refused' | 'kept'> {
    const kept = { uniqueIdentifier, storedKeyId: found.deleted.id };
    const judged = judgePurge(found);
    if (judged.verdict === 'keep') {
      reportKept(this.dependencies, { ...kept, why: judged.why });
      return 'kept';
    }
    if (await this.#rights.isRefused(this.dependencies, keyManager)) {
      reportKept(this.dependencies, { ...kept, why: 'may_not_purge', remedy: REMEDY });
      return 'refused';
    }
    try {
      return (await keyManager.purgeKey(call, judged.proof)) === 'purged' ? 'purged' : 'early';
    } catch (error) {
      if (!mayNotDelete(error)) throw error;
      this.#rights.refused(this.dependencies, keyManager);
      reportKept(this.dependencies, { ...kept, why: 'may_not_purge', remedy: REMEDY, cause: error });
      return 'refused';
    }
  }

  async #tell(
    scope: ReconcileScope,
    object: ManagedObject,
    { purged, refused, left }: Tally,
    first: boolean,
    { correlationId }: CallContext,
  ): Promise<void> {
    const { uniqueIdentifier } = object;
    const event = (details: Readonly<Record<string, string | number>>, reason?: string) =>
      backgroundEvent(this.dependencies, scope, ACTION, uniqueIdentifier, {
        correlationId,
        ...(reason === undefined ? {} : { reason }),
        details,
      });
    const until = leftUntil(object, left);
    const news = purged > 0 || (until === undefined && object.purgedAt === undefined);
    if (news) {
      const now = this.dependencies.clock.now();
      const facts = { storedKeys: purged, left: left.length };
      const audit = event(until === undefined ? facts : { ...facts, recoverableUntil: until.toISOString() });
      await scope.store.mutate(uniqueIdentifier, (current) => ({
        object: notePurge(current, now, until),
        audit,
        result: undefined,
      }));
    }
    if (refused > 0 && first) {
      await scope.store.record(event({ storedKeys: refused, remedy: REMEDY }, 'may_not_purge'));
    }
  }
}

/** What was deleted after the key was destroyed is not the key: it never lasts longer than what Destroy deleted. */
function leftUntil({ recoverableUntil }: ManagedObject, left: readonly Date[]): Date | undefined {
  if (left.length === 0) return undefined;
  const until = Math.max(...left.map((each) => each.getTime()));
  return new Date(Math.min(until, recoverableUntil?.getTime() ?? until));
}
