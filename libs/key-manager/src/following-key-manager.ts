import { KeyManagerError, type KeyManagerFault } from './key-manager.error';
import { type DeletedKeys, keepsDeletedKeys, type KeyManager, type StoredKey } from './key-manager.port';

/**
 * @param why the adapter was closed, so that a change is known; or its credential refused, for a change perhaps
 * @returns the adapter that reaches the same root key as of now
 * @throws when there is none any more
 */
export type Successor = (why: 'closed' | 'refused') => Promise<KeyManager>;

/** What a credential that was taken back meanwhile is told, before we hear of the one in its place. */
const OF_THE_CREDENTIAL: ReadonlySet<KeyManagerFault> = new Set(['credential_rejected', 'permission_denied']);

/**
 * An adapter whose calls outlive it: one that was not carried out because binding or credential were replaced meanwhile is
 * made at the adapter in its place. A call on the wire ends where it began.
 */
export function followingKeyManager(adapter: KeyManager, successor: Successor): KeyManager {
  const nextAfter = async (error: unknown): Promise<KeyManager | undefined> => {
    if (!(error instanceof KeyManagerError)) return undefined;
    if (error.details.closed === true) return existing(successor, error);
    if (!OF_THE_CREDENTIAL.has(error.fault) || error.details.certainlyNotDone !== true) return undefined;
    const next = await successor('refused').catch(() => undefined);
    return next === following ? undefined : next;
  };
  const follow = async <T>(call: (keyManager: KeyManager) => Promise<T>): Promise<T> => {
    try {
      return await call(adapter);
    } catch (error) {
      const next = await nextAfter(error);
      if (next === undefined) throw error;
      return call(next);
    }
  };
  const deleted: DeletedKeys | undefined = keepsDeletedKeys(adapter)
    ? {
        findDeletedKeys: (context, name, ids) => follow((to) => withDeleted(to).findDeletedKeys(context, name, ids)),
        purgeKey: (context, id) => follow((to) => withDeleted(to).purgeKey(context, id)),
      }
    : undefined;
  const following: KeyManager = {
    wrap: (context, aad, plaintext) => follow((to) => to.wrap(context, aad, plaintext)),
    unwrap: (context, aad, ciphertext) => follow((to) => to.unwrap(context, aad, ciphertext)),
    rewrap: (context, aad, ciphertext) => follow((to) => to.rewrap(context, aad, ciphertext)),
    describeRootKey: (context) => follow((to) => to.describeRootKey(context)),
    storeKey: (context, name, payload) => follow((to) => to.storeKey(context, name, payload)),
    fetchKey: (context, id, storedAt) => follow((to) => to.fetchKey(context, id, storedAt)),
    deleteKey: (context, id, storedAt) => follow((to) => to.deleteKey(context, id, storedAt)),
    findKeysByName: (context, name) => follow((to) => to.findKeysByName(context, name)),
    listKeys: (context, prefix) => listing(adapter, nextAfter, (to) => to.listKeys(context, prefix)),
    ...deleted,
  };
  return following;
}

/** Begins anew at the next adapter, without what was listed. */
async function* listing(
  adapter: KeyManager,
  nextAfter: (error: unknown) => Promise<KeyManager | undefined>,
  list: (keyManager: KeyManager) => AsyncIterable<StoredKey>,
): AsyncIterable<StoredKey> {
  const listed = new Set<string>();
  let next: KeyManager | undefined;
  try {
    for await (const key of list(adapter)) {
      listed.add(key.id);
      yield key;
    }
    return;
  } catch (error) {
    next = await nextAfter(error);
    if (next === undefined) throw error;
  }
  for await (const key of list(next)) if (!listed.has(key.id)) yield key;
}

async function existing(successor: Successor, closed: KeyManagerError): Promise<KeyManager> {
  try {
    return await successor('closed');
  } catch (cause) {
    if (cause instanceof KeyManagerError) throw cause;
    throw new KeyManagerError('unavailable', 'the binding to the key manager was replaced, and cannot be read', {
      certainlyNotDone: closed.details.certainlyNotDone === true,
      cause,
    });
  }
}

/** A root key stays with its kind of key manager. */
function withDeleted(keyManager: KeyManager): DeletedKeys {
  if (keepsDeletedKeys(keyManager)) return keyManager;
  throw new KeyManagerError('refused', 'the key manager does not keep what was deleted', { certainlyNotDone: true });
}
