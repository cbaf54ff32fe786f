import { type Secret } from '@lib/kernel';
import { type Aad, type CallContext, type KeyManager } from '@lib/key-manager';

import { digestOf } from '../crypto/digest';
import { fail } from '../failures/operation-failure';
import { type StoredEnvelope, parseEnvelope } from './stored-envelope';

/** Where a key lies and how it is known to be the right one. */
export interface StoredKeyPlace {
  readonly storedKeyId: string;
  /** As far as it is known: a young one that is not there is not gone. */
  readonly storedAt?: Date;
  readonly aad: Aad;
  /** SHA-256 of the key material. */
  readonly digest: Buffer;
}

export interface OpenedKey {
  readonly envelope: StoredEnvelope;
  /** The caller wipes it. */
  readonly secret: Secret;
}

/** Reads a stored key and unwraps it. @throws KeyManagerError, OperationFailure `stored_key_altered` */
export async function openStoredKey(
  keyManager: KeyManager,
  { storedKeyId, storedAt, aad, digest }: StoredKeyPlace,
  call: CallContext,
): Promise<OpenedKey> {
  const envelope = parseEnvelope(await keyManager.fetchKey(call, storedKeyId, storedAt));
  const { plaintext: secret } = await keyManager.unwrap(call, aad, envelope.ciphertext);
  if (digestOf(secret.expose()).equals(digest)) return { envelope, secret };
  secret.wipe();
  return fail('stored_key_altered');
}
