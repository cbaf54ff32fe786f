import { type InstanceId, type UniqueIdentifier } from '@lib/kernel';
import { type Aad, type CallContext } from '@lib/key-manager';

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
  ): Promise<TransferResult['outcome']> {
    const object = await scope.store.find(uniqueIdentifier);
    if (object === undefined || !liesUnder(object, source)) return 'overtaken';
    const call = backgroundCall(this.dependencies, scope);
    const deadline = startDeadline(TIMEOUT_MS, scope.signal);
    try {
      return await this.#move(scope, object, source, target, { ...call, signal: deadline.signal });
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
    source: BoundRootKey,
    target: BoundRootKey,
    call: CallContext,
  ): Promise<TransferResult['outcome']> {
    const { uniqueIdentifier, custody: from, digest } = object;
    const within = source.rootKeyId === target.rootKeyId;
    const aad = aadOf(scope.instanceId, uniqueIdentifier);
    const { outcome } = await this.#transfer.run(
      this.dependencies,
      {
        store: scope.store,
        instanceId: scope.instanceId,
        uniqueIdentifier,
        digest,
        from,
        source: source.keyManager,
        target,
        wrap: async () => {
          const place = { instanceId: scope.instanceId, aad };
          return within ? rewrap(object, place, source, call) : wrapAnew(object, place, source, target, call);
        },
        audit: (to) =>
          backgroundEvent(this.dependencies, scope, 'vmware-solutions.kmip-key.rewrap', uniqueIdentifier, {
            correlationId: call.correlationId,
            details: {
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

interface Owned {
  readonly instanceId: InstanceId;
  readonly aad: Aad;
}

/** The key manager wraps it anew by itself; the key is in clear here only to authenticate the new envelope. */
async function rewrap(
  object: Placed,
  { instanceId, aad }: Owned,
  { keyManager, rootKeyId }: BoundRootKey,
  call: CallContext,
): Promise<StoredEnvelope> {
  const { custody, digest } = object;
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
  { instanceId, aad }: Owned,
  source: BoundRootKey,
  { keyManager, rootKeyId }: BoundRootKey,
  call: CallContext,
): Promise<StoredEnvelope> {
  const { storedKeyId } = object.custody;
  const place = { storedKeyId, storedAt: storedSince(object), aad, digest: object.digest };
  const { secret } = await openStoredKey(source.keyManager, place, call);
  try {
    const { ciphertext, rootKeyVersion } = await keyManager.wrap(call, aad, secret);
    return envelopeOf(instanceId, object, { rootKeyId, rootKeyVersion, ciphertext }, secret);
  } finally {
    secret.wipe();
  }
}
