import { type KeyManager } from '@lib/key-manager';

/** The same keys, reached in another way: with another credential, or bound anew. */
export const anotherAdapter = (keyManager: KeyManager): KeyManager => ({
  wrap: (...args) => keyManager.wrap(...args),
  unwrap: (...args) => keyManager.unwrap(...args),
  rewrap: (...args) => keyManager.rewrap(...args),
  describeRootKey: (...args) => keyManager.describeRootKey(...args),
  storeKey: (...args) => keyManager.storeKey(...args),
  fetchKey: (...args) => keyManager.fetchKey(...args),
  deleteKey: (...args) => keyManager.deleteKey(...args),
  findKeysByName: (...args) => keyManager.findKeysByName(...args),
  listKeys: (...args) => keyManager.listKeys(...args),
});
