import { isDestroyed, type LostKey, type ManagedObject } from '@lib/kmip-engine';
import { type RootKeyBinding } from '@lib/tenancy';

import { type Obstacle } from '../root-key/root-key-health.response';

/** What beside its row decides whether a key is served. */
export interface Serving {
  /** Those of the keys in question whose stored key is gone, by their identifiers. */
  readonly lost: ReadonlyMap<string, LostKey>;
  /** By the id of each root key that is or was bound; see `servingUnder`. */
  readonly rootKeys: ReadonlyMap<string, Obstacle | undefined>;
  /** Of those root keys. */
  readonly bindings: readonly RootKeyBinding[];
}

const DESTROYED: Obstacle = {
  code: 'key_destroyed',
  message: 'The key is destroyed.',
  remedy: 'Nothing to do: a destroyed key does not come back.',
};
const BEING_DESTROYED: Obstacle = {
  code: 'key_being_destroyed',
  message: 'The destruction of the key was ordered, and is being carried out.',
  remedy: 'Nothing to do: it is tried until it is settled.',
};
const SUSPENDED: Obstacle = {
  code: 'key_suspended',
  message: 'The key is suspended by an administrator of the instance.',
  remedy: 'End the suspension.',
};
const NOT_BOUND: Obstacle = {
  code: 'root_key_not_bound',
  message: 'The key lies under a root key that is not bound to the instance.',
  remedy: 'Bind that root key.',
};

/** @returns undefined for a key that is served, as far as is known */
export function obstacleOf(key: ManagedObject, { lost, rootKeys }: Serving): Obstacle | undefined {
  if (isDestroyed(key.state)) return DESTROYED;
  if (key.destroyRequestedAt !== undefined) return BEING_DESTROYED;
  if (key.suspended) return SUSPENDED;
  const gone = lost.get(key.uniqueIdentifier);
  if (gone !== undefined) return shredded(gone);
  const rootKeyId = key.custody?.rootKeyId;
  return rootKeyId !== undefined && rootKeys.has(rootKeyId) ? rootKeys.get(rootKeyId) : NOT_BOUND;
}

function shredded({ storedKeyId, restorableUntil }: LostKey): Obstacle {
  const until = restorableUntil === undefined ? '' : ` until ${restorableUntil.toISOString()}`;
  return {
    code: 'stored_key_deleted',
    message: `The stored key ${storedKeyId} of the key was deleted in the key manager: the key is shredded.`,
    remedy: `Restore the stored key there${until} if that was a mistake; one that was purged does not come back.`,
  };
}
