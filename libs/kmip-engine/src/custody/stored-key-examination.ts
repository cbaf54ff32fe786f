import { type InstanceId } from '@lib/kernel';
import {
  type CallContext,
  type ExaminedKey,
  type KeyManager,
  KeyManagerError,
  type KeyManagerFault,
  type ObjectClaim,
  type StoredKeyFinding,
} from '@lib/key-manager';

import { digestOf } from '../crypto/digest';
import { type EngineScope } from '../engine-scope';
import { OperationFailure } from '../failures/operation-failure';
import { authenticityOf } from './authentic-envelope';
import { aadOf, boundKeyManager } from './root-key-binding';
import { type StoredEnvelope, readStoredEnvelope } from './stored-envelope';

/** Which root keys may unwrap what is found. */
export interface ExaminationScope extends Pick<EngineScope, 'keyManager' | 'rootKeyId' | 'keyManagerOf'> {
  readonly instanceId: InstanceId;
}

export interface ExaminedPlace {
  readonly claim: ObjectClaim;
  readonly storedKeyId: string;
  /** As far as it is known: what is not there may come back, if it is young. */
  readonly storedAt?: Date;
  /** Where it lies; what unwraps it follows from its envelope. */
  readonly keyManager: KeyManager;
  /** SHA-256 of the key material by the catalog. Where there is no row, the envelope has to agree with itself. */
  readonly digest?: Buffer;
  /** The catalog knows that it was authenticated: without proof it would not be served. */
  readonly authenticated?: boolean | undefined;
}

export interface Examination extends ExaminedKey {
  /** What the key manager answered instead of the key. */
  readonly cause?: Error;
}

/** What is thrown where a stored key that is not whole ends the work. */
export const causeOf = ({ cause }: Examination): Error => cause ?? new OperationFailure('stored_key_altered');

/** Looks at one stored key as closely as a deletion needs it. Never rejects: what cannot be looked at is a finding. */
export async function examineStoredKey(
  scope: ExaminationScope,
  place: ExaminedPlace,
  call: CallContext,
): Promise<Examination> {
  const { storedKeyId, storedAt, claim, keyManager } = place;
  try {
    const read = readStoredEnvelope(await keyManager.fetchKey(call, storedKeyId, storedAt), {
      instanceId: scope.instanceId,
      uniqueIdentifier: claim.uniqueIdentifier,
    });
    const finding = typeof read === 'string' ? read : await unwraps(scope, place, read, call);
    return { storedKeyId, claim, finding };
  } catch (error) {
    const cause = error instanceof Error ? error : new Error('it could not be looked at', { cause: error });
    return { storedKeyId, claim, finding: findingOf(error), cause };
  }
}

async function unwraps(
  scope: ExaminationScope,
  { claim, digest, authenticated = false }: ExaminedPlace,
  envelope: StoredEnvelope,
  call: CallContext,
): Promise<StoredKeyFinding> {
  const { rootKeyId, ciphertext, digest: ownDigest } = envelope;
  const keyManager = boundKeyManager(scope, rootKeyId);
  if (keyManager === undefined) return 'root_key_not_bound';
  const { plaintext } = await keyManager.unwrap(call, aadOf(scope.instanceId, claim.uniqueIdentifier), ciphertext);
  try {
    const expected = digest ?? Buffer.from(ownDigest, 'hex');
    if (!digestOf(plaintext.expose()).equals(expected)) return 'other_key';
    const found = authenticityOf(envelope, plaintext);
    return found === 'forged' || (found === 'none' && authenticated) ? 'forged' : 'whole';
  } finally {
    plaintext.wipe();
  }
}

const FINDING_OF: Readonly<Partial<Record<KeyManagerFault, StoredKeyFinding>>> = {
  stored_key_missing: 'gone',
  stored_key_absent: 'absent',
  ciphertext_rejected: 'not_unwrapped',
};

/** One rejected ciphertext may be the key manager's own trouble; it is no word about the stored key. */
function findingOf(error: unknown): StoredKeyFinding {
  if (!(error instanceof KeyManagerError)) return 'error';
  return FINDING_OF[error.fault] ?? 'error';
}
