import {
  type CallContext,
  type DeletionCase,
  type KeyManager,
  type ObjectClaim,
  WAITS_FOR,
  judgeDeletion,
} from '@lib/key-manager';

import { reportKept } from '../custody/kept-key';
import { mayNotDelete } from '../custody/key-manager-failure';
import { storedKeyName } from '../custody/stored-envelope';
import { causeOf, type Examination, examineStoredKey } from '../custody/stored-key-examination';
import { type StayReason } from '../ports/engine-ports';
import { type BackgroundDependencies, type ReconcileScope } from './background';

export interface Removal {
  readonly removed: number;
  /** Some were left for which the note has to wait. Each that was left is reported. */
  readonly waits: boolean;
}

/** Of which object, under whose claim, and what the catalog has committed about it. */
export interface RemovalTask {
  readonly claim: ObjectClaim;
  readonly digest?: Buffer;
  /** The one the committed row names; looked at under the same claim. Absent where the object's destruction is ordered. */
  readonly named?: Examination;
}

/** Removes stored keys no object needs, found by the name that holds their object's identifier. */
export class StoredKeyRemoval {
  constructor(
    private readonly dependencies: Pick<BackgroundDependencies, 'clock' | 'logger' | 'metrics' | 'deletionRights'>,
  ) {}

  /** @throws KeyManagerError when one of them could not be looked at; the next run decides */
  async run(
    scope: ReconcileScope,
    keyManager: KeyManager,
    { claim, digest, named }: RemovalTask,
    call: CallContext,
  ): Promise<Removal> {
    const found = await keyManager.findKeysByName(call, storedKeyName(claim.uniqueIdentifier));
    const { uniqueIdentifier } = claim;
    let removed = 0;
    let waits = false;
    for (const { id: storedKeyId, createdAt: storedAt } of found) {
      if (storedKeyId === named?.storedKeyId) continue;
      if (await this.dependencies.deletionRights.isRefused(this.dependencies, keyManager)) {
        reportKept(this.dependencies, { uniqueIdentifier, storedKeyId, why: 'may_not_delete' });
        waits = true;
        continue;
      }
      const place = { claim, storedKeyId, storedAt, keyManager, ...(digest && { digest }) };
      const key = await examineStoredKey(scope, place, call);
      if (key.finding === 'error') throw causeOf(key);
      const deletion: DeletionCase = named ? { why: 'superseded', key, named } : { why: 'copy_under_order', key };
      const why = await this.#delete(keyManager, deletion, storedAt, call);
      if (why === undefined) {
        removed += 1;
        continue;
      }
      reportKept(this.dependencies, { uniqueIdentifier, storedKeyId, why });
      waits ||= WAITS_FOR[key.finding] !== 'nothing';
    }
    return { removed, waits };
  }

  /** @returns why it stays, or undefined when it is gone */
  async #delete(
    keyManager: KeyManager,
    deletion: DeletionCase,
    storedAt: Date,
    call: CallContext,
  ): Promise<StayReason | undefined> {
    const judged = judgeDeletion(deletion);
    if (judged.verdict === 'keep') return judged.why;
    try {
      await keyManager.deleteKey(call, judged.proof, storedAt);
      return undefined;
    } catch (error) {
      if (!mayNotDelete(error)) throw error;
      this.dependencies.deletionRights.refused(this.dependencies, keyManager);
      return 'may_not_delete';
    }
  }
}
