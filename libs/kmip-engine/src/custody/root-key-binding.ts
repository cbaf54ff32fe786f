import { type InstanceId, type UniqueIdentifier } from '@lib/kernel';
import { type Aad, type KeyManager } from '@lib/key-manager';

import { type EngineScope } from '../engine-scope';
import { fail } from '../failures/operation-failure';

export interface BoundRootKey {
  readonly keyManager: KeyManager;
  readonly rootKeyId: string;
}

/** What is bound now: new keys go under it. */
export function currentBinding({ keyManager, rootKeyId }: Pick<EngineScope, 'keyManager' | 'rootKeyId'>): BoundRootKey {
  if (keyManager === undefined || rootKeyId === undefined) return fail('root_key_not_bound');
  return { keyManager, rootKeyId };
}

type Bindings = Pick<EngineScope, 'keyManager' | 'rootKeyId' | 'keyManagerOf'>;

/** The key manager of a root key that is, or was, bound. */
export function boundKeyManager(scope: Bindings, rootKeyId: string): KeyManager | undefined {
  return scope.rootKeyId === rootKeyId ? scope.keyManager : scope.keyManagerOf?.(rootKeyId);
}

/** The key manager that can unwrap a key, which may still lie under an earlier root key. */
export const keyManagerFor = (scope: Bindings, rootKeyId: string): KeyManager =>
  boundKeyManager(scope, rootKeyId) ?? fail('root_key_not_bound');

/** Binds a ciphertext to its tenant and its object: moved elsewhere it does not unwrap. */
export const aadOf = (instanceId: InstanceId, uniqueIdentifier: UniqueIdentifier): Aad => [
  instanceId,
  uniqueIdentifier,
];
