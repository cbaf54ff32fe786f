import { type InstanceId, type UniqueIdentifier } from '@lib/kernel';
import { type CallContext } from '@lib/key-manager';

import { digestOf } from '../crypto/digest';
import { envelopeOf } from '../custody/authentic-envelope';
import { CustodyTransfer, type TransferResult } from '../custody/custody-transfer';
import { type BoundRootKey, aadOf } from '../custody/root-key-binding';
import { openStoredKey } from '../custody/stored-key';
import { type StoredEnvelope, parseEnvelope } from '../custody/stored-envelope';
import { startDeadline } from '../deadline';
import { fail } from '../failures/operation-failure';
import { type KeyCustody, type ManagedObject, storedSince } from '../ports/managed-object';
import { type BackgroundDependencies, type ReconcileScope, backgroundCall, backgroundEvent } from './background';

/** One key with all its calls. */
const TIMEOUT_MS = 30_000;

/** The key manager wraps with the version the key is wrapped with already: there is nothing to gain. */
class NewestAlready extends Error {}

type Placed = ManagedObject & { readonly custody: KeyCustody };

/** Moves one key in the background, between root keys or to the newest version of one. */
export class KeyMove {
  readonly #transfer = new CustodyTransfer();

  constructor(private readonly dependencies: BackgroundDependencies) {}

  /** @throws KeyManagerError, OperationFailure, or what the catalog throws */
  async run(
    scope: ReconcileScope,
    uniqueIdentifier: UniqueIdentifier,
    source: BoundRootKey,
    target: BoundRootKey,
    formerInstanceId = scope.instanceId,
  ): Promise<TransferResult['outcome']> {
    const object = await scope.store.find(uniqueIdentifier);
    if (object === undefined || !liesUnder(object, source)) return 'overtaken';
    const call = backgroundCall(this.dependencies, scope);
    const deadline = startDeadline(TIMEOUT_MS, scope.signal);
    try {
      const ends = { source, target, formerInstanceId };
      return await this.#move(scope, object, ends, { ...call, signal: deadline.signal });
    } catch (error) {
      if (error instanceof NewestAlready) return 'overtaken';
      throw error;
    } finally {
      deadline.end();
    }
  }

  async #move(
    scope: ReconcileScope,
    object: Placed,
    ends: Ends,
    call: CallContext,
  ): Promise<TransferResult['outcome']> {
    const { source, target, formerInstanceId } = ends;
    const { instanceId } = scope;
    const { uniqueIdentifier, custody: from, digest } = object;
    const isSameOwner = formerInstanceId === instanceId;
    const within = isSameOwner && source.rootKeyId === target.rootKeyId;
    const { outcome } = await this.#transfer.run(
      this.dependencies,
      {
        store: scope.store,
        instanceId,
        formerInstanceId,
        uniqueIdentifier,
        digest,
        from,
        source: source.keyManager,
        target,
        wrap: async () =>
          within ? rewrap(object, instanceId, source, call) : wrapAnew(object, instanceId, ends, call),
        audit: (to) =>
          backgroundEvent(this.dependencies, scope, 'vmware-solutions.kmip-key.rewrap', uniqueIdentifier, {
            correlationId: call.correlationId,
            details: {
              ...(isSameOwner ? {} : { fromInstance: formerInstanceId }),
              ...(within ? {} : { fromRootKeyId: from.rootKeyId, toRootKeyId: to.rootKeyId }),
              fromVersion: from.rootKeyVersion,
              toVersion: to.rootKeyVersion,
            },
          }),
      },
      call,
    );
    return outcome;
  }
}

function liesUnder(object: ManagedObject, { rootKeyId }: BoundRootKey): object is Placed {
  return object.custody?.rootKeyId === rootKeyId && object.destroyRequestedAt === undefined;
}

/** Between which a key moves. */
interface Ends {
  readonly source: BoundRootKey;
  readonly target: BoundRootKey;
  /** Another one than the instance that has the key now, where it takes over keys of one that is gone. */
  readonly formerInstanceId: InstanceId;
}

/** The key manager wraps it anew by itself; the key is in clear here only to authenticate the new envelope. */
async function rewrap(
  object: Placed,
  instanceId: InstanceId,
  { keyManager, rootKeyId }: BoundRootKey,
  call: CallContext,
): Promise<StoredEnvelope> {
  const { custody, digest, uniqueIdentifier } = object;
  const aad = aadOf(instanceId, uniqueIdentifier);
  const { ciphertext } = parseEnvelope(await keyManager.fetchKey(call, custody.storedKeyId, storedSince(object)));
  const rewrapped = await keyManager.rewrap(call, aad, ciphertext);
  if (rewrapped.rootKeyVersion === custody.rootKeyVersion) throw new NewestAlready();
  const { plaintext } = await keyManager.unwrap(call, aad, rewrapped.ciphertext);
  try {
    if (!digestOf(plaintext.expose()).equals(digest)) fail('stored_key_altered');
    return envelopeOf(instanceId, object, { rootKeyId, ...rewrapped }, plaintext);
  } finally {
    plaintext.wipe();
  }
}

/** The key is in clear here for as long as the other key manager takes to wrap it. */
async function wrapAnew(
  object: Placed,
  instanceId: InstanceId,
  { source, target: { keyManager, rootKeyId }, formerInstanceId }: Ends,
  call: CallContext,
): Promise<StoredEnvelope> {
  const { uniqueIdentifier, digest } = object;
  const { storedKeyId } = object.custody;
  const aad = aadOf(formerInstanceId, uniqueIdentifier);
  const { secret } = await openStoredKey(
    source.keyManager,
    { storedKeyId, storedAt: storedSince(object), aad, digest },
    call,
  );
  try {
    const { ciphertext, rootKeyVersion } = await keyManager.wrap(call, aadOf(instanceId, uniqueIdentifier), secret);
    return envelopeOf(instanceId, object, { rootKeyId, rootKeyVersion, ciphertext }, secret);
  } finally {
    secret.wipe();
  }
}
