import { type UniqueIdentifier } from '@lib/kernel';
import { type CallContext } from '@lib/key-manager';

import { CustodyTransfer, type TransferResult } from '../custody/custody-transfer';
import { type DeletionRights } from '../custody/deletion-rights';
import { type RootKeyBinding, aadOf } from '../custody/root-key-binding';
import { openStoredKey } from '../custody/stored-key';
import { type StoredEnvelope, parseEnvelope } from '../custody/stored-envelope';
import { startDeadline } from '../deadline';
import { type KeyCustody, type ManagedObject } from '../ports/managed-object';
import { type BackgroundDependencies, type ReconcileScope, backgroundCall, backgroundEvent } from './background';

/** One key with all its calls. */
const TIMEOUT_MS = 30_000;

/** The key manager wraps with the version the key is wrapped with already: there is nothing to gain. */
class NewestAlready extends Error {}

interface Placed extends ManagedObject {
  readonly custody: KeyCustody;
}

/** Moves one key in the background, between root keys or to the newest version of one. */
export class KeyMove {
  readonly #transfer: CustodyTransfer;

  constructor(
    private readonly dependencies: BackgroundDependencies,
    rights: DeletionRights,
  ) {
    this.#transfer = new CustodyTransfer(rights);
  }

  /** @throws KeyManagerError, OperationFailure, or what the catalog throws */
  async run(
    scope: ReconcileScope,
    uniqueIdentifier: UniqueIdentifier,
    source: RootKeyBinding,
    target: RootKeyBinding,
  ): Promise<TransferResult['outcome']> {
    const object = await scope.store.find(uniqueIdentifier);
    if (object === undefined || !liesUnder(object, source)) return 'overtaken';
    const { correlationId } = backgroundCall(this.dependencies, scope);
    const deadline = startDeadline(TIMEOUT_MS, scope.signal);
    try {
      return await this.#move(scope, object, source, target, { correlationId, signal: deadline.signal });
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
    source: RootKeyBinding,
    target: RootKeyBinding,
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
        wrap: () => (within ? rewrap(object, aad, source, call) : wrapAnew(object, aad, source, target, call)),
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

function liesUnder(object: ManagedObject, { rootKeyId }: RootKeyBinding): object is Placed {
  return object.custody?.rootKeyId === rootKeyId && object.destroyRequestedAt === undefined;
}

/** The key stays inside the key manager. */
async function rewrap(
  { custody }: Placed,
  aad: readonly string[],
  { keyManager }: RootKeyBinding,
  call: CallContext,
): Promise<StoredEnvelope> {
  const envelope = parseEnvelope(await keyManager.fetchKey(call, custody.storedKeyId));
  const rewrapped = await keyManager.rewrap(call, aad, envelope.ciphertext);
  if (rewrapped.rootKeyVersion === custody.rootKeyVersion) throw new NewestAlready();
  return { ...envelope, ...rewrapped };
}

/** The key is in clear here for as long as the other key manager takes to wrap it. */
async function wrapAnew(
  { custody, digest }: Placed,
  aad: readonly string[],
  source: RootKeyBinding,
  { keyManager, rootKeyId }: RootKeyBinding,
  call: CallContext,
): Promise<StoredEnvelope> {
  const place = { storedKeyId: custody.storedKeyId, aad, digest };
  const { envelope, secret } = await openStoredKey(source.keyManager, place, call);
  try {
    const { ciphertext, rootKeyVersion } = await keyManager.wrap(call, aad, secret);
    return { ...envelope, rootKeyId, rootKeyVersion, ciphertext };
  } finally {
    secret.wipe();
  }
}
