import { type UniqueIdentifier } from '@lib/kernel';
import { type CallContext, type KeyManager, type StoredKey } from '@lib/key-manager';

import { type DeletionRights } from '../custody/deletion-rights';
import { isFault, mayNotDelete } from '../custody/key-manager-failure';
import { storedKeyName } from '../custody/stored-envelope';
import { type BackgroundDependencies } from './background';

export interface Removal {
  readonly removed: number;
  /** False when some may not be deleted, or must not. */
  readonly complete: boolean;
}

/** Removes stored keys no object needs, found by the name that holds their object's identifier. */
export class StoredKeyRemoval {
  constructor(
    private readonly dependencies: Pick<BackgroundDependencies, 'clock' | 'logger'>,
    private readonly rights: DeletionRights,
  ) {}

  /** @param keep the one the catalog names, wherever it lies */
  async run(
    keyManager: KeyManager,
    call: CallContext,
    uniqueIdentifier: UniqueIdentifier,
    keep?: { readonly keyManager: KeyManager; readonly storedKeyId: string },
  ): Promise<Removal> {
    const found = await keyManager.findKeysByName(call, storedKeyName(uniqueIdentifier));
    const unneeded = found.filter(({ id }) => id !== keep?.storedKeyId);
    if (unneeded.length === 0) return { removed: 0, complete: true };
    // A catalog that was restored from a backup may name what a later move deleted; then the other is the only one.
    if (keep !== undefined && !(await isThere(keep.keyManager, call, keep.storedKeyId))) {
      this.#stays(uniqueIdentifier, unneeded, 'the one that the catalog names is missing, so this may be the only one');
      return { removed: 0, complete: false };
    }
    return this.#delete(keyManager, call, uniqueIdentifier, unneeded);
  }

  async #delete(
    keyManager: KeyManager,
    call: CallContext,
    uniqueIdentifier: UniqueIdentifier,
    unneeded: readonly StoredKey[],
  ): Promise<Removal> {
    let removed = 0;
    for (const { id } of unneeded) {
      if (await this.rights.isRefused(this.dependencies, keyManager)) return { removed, complete: false };
      try {
        await keyManager.deleteKey(call, id);
      } catch (error) {
        if (!mayNotDelete(error)) throw error;
        this.rights.refused(this.dependencies, keyManager);
        this.#stays(uniqueIdentifier, unneeded, 'the service ID may not delete it');
        return { removed, complete: false };
      }
      removed += 1;
    }
    return { removed, complete: true };
  }

  #stays(uniqueIdentifier: UniqueIdentifier, stored: readonly StoredKey[], why: string): void {
    const storedKeyIds = stored.map(({ id }) => id);
    this.dependencies.logger.warn({ uniqueIdentifier, storedKeyIds }, `a stored key nobody needs stays: ${why}`);
  }
}

async function isThere(keyManager: KeyManager, call: CallContext, id: string): Promise<boolean> {
  try {
    (await keyManager.fetchKey(call, id)).fill(0);
    return true;
  } catch (error) {
    if (isFault(error, 'stored_key_missing')) return false;
    throw error;
  }
}
