import { KeyManagerError, type KeyManagerFault } from './key-manager.error';
import { type DeletedKeys, keepsDeletedKeys, type KeyManager } from './key-manager.port';

/** What serving and making keys rests on. Deleting is none of it: a credential that may not delete serves as well. */
export const WATCHED_CALLS = ['describe', 'wrap', 'unwrap', 'store', 'fetch'] as const;
export type WatchedCall = (typeof WATCHED_CALLS)[number];

/** Told of each call's end. */
export type CallListener = (call: WatchedCall, error: KeyManagerError | undefined) => void;

/** The key manager answered as it should: these faults are of one stored key. */
const OF_ONE_KEY: ReadonlySet<KeyManagerFault> = new Set([
  'stored_key_missing',
  'stored_key_absent',
  'ciphertext_rejected',
]);

/** A key manager whose calls tell how it is, whoever makes them. */
export function observedKeyManager(inner: KeyManager, told: CallListener): KeyManager {
  const watch = async <T>(call: WatchedCall, promise: Promise<T>): Promise<T> => {
    try {
      const result = await promise;
      told(call, undefined);
      return result;
    } catch (error) {
      if (error instanceof KeyManagerError) tell(call, error, told);
      throw error;
    }
  };
  const deleted: DeletedKeys | undefined = keepsDeletedKeys(inner)
    ? {
        findDeletedKeys: (context, name, ids) => inner.findDeletedKeys(context, name, ids),
        purgeKey: (context, id) => inner.purgeKey(context, id),
      }
    : undefined;
  return {
    wrap: (context, aad, plaintext) => watch('wrap', inner.wrap(context, aad, plaintext)),
    unwrap: (context, aad, ciphertext) => watch('unwrap', inner.unwrap(context, aad, ciphertext)),
    rewrap: (context, aad, ciphertext) => inner.rewrap(context, aad, ciphertext),
    describeRootKey: (context) => watch('describe', inner.describeRootKey(context)),
    storeKey: (context, name, payload) => watch('store', inner.storeKey(context, name, payload)),
    fetchKey: (context, id, storedAt) => watch('fetch', inner.fetchKey(context, id, storedAt)),
    deleteKey: (context, id, storedAt) => inner.deleteKey(context, id, storedAt),
    findKeysByName: (context, name) => inner.findKeysByName(context, name),
    listKeys: (context, prefix) => inner.listKeys(context, prefix),
    ...deleted,
  };
}

function tell(call: WatchedCall, error: KeyManagerError, told: CallListener): void {
  // Nothing was asked, so nothing was learnt; what opened the breaker was told.
  if (error.fault === 'overloaded') return;
  told(call, OF_ONE_KEY.has(error.fault) ? undefined : error);
}
