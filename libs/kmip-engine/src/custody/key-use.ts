import { type Secret, type UniqueIdentifier } from '@lib/kernel';
import { type CallContext, KeyManagerError, type KeyManager, type UnwrapResult } from '@lib/key-manager';

import { digestOf } from '../crypto/digest';
import { startDeadline } from '../deadline';
import { type EngineLimits, type EngineScope } from '../engine-scope';
import { OperationFailure, fail } from '../failures/operation-failure';
import { kindOf } from '../kinds';
import { type ObjectKind } from '../kinds/object-kind';
import { isDestroyed, stateAt } from '../lifecycle';
import { type OperationContext, auditEvent } from '../operation-context';
import { type ManagedObject, storedSince } from '../ports/managed-object';
import { envelopeOf, requireAuthentic } from './authentic-envelope';
import { type RotationMove } from './rotation-move';
import { type CachePlace, type EnvelopeCache, placeKey } from './envelope-cache';
import { explainKeyManager } from './key-manager-failure';
import { aadOf, keyManagerFor } from './root-key-binding';
import { SingleFlight } from './single-flight';
import { type StoredEnvelope, parseEnvelope } from './stored-envelope';

/** Times a key is read again when others change it while it is fetched. */
const ATTEMPTS = 5;

export const DEFAULT_OPERATION_TIMEOUT_MS = 8000;

export interface ServedKey {
  readonly object: ManagedObject;
  readonly kind: ObjectKind;
  /** The caller wipes it. */
  readonly secret: Secret;
}

function requireServable(object: ManagedObject, now: Date, limits: EngineLimits): ObjectKind {
  const state = stateAt(object, now);
  if (isDestroyed(state)) fail('key_destroyed');
  if (object.destroyRequestedAt !== undefined) fail('key_being_destroyed');
  if (object.suspended) fail('key_suspended');
  if (state === 'Compromised' && limits.serveCompromisedKeys === false) fail('key_compromised');
  return kindOf(object.objectType) ?? fail('object_type_not_supported');
}

/** What lay at a place: the key, or nothing. */
interface Fetched {
  readonly place: string;
  readonly secret?: Secret;
  readonly missing?: OperationFailure;
}

/**
 * Get: catalog row, stored key and unwrap, then the audit record, then the answer. No clear key is kept, so whatever
 * the tenant withdraws in the catalog or the key manager takes effect with the next Get.
 */
export class KeyUse {
  readonly #flights = new SingleFlight();

  constructor(
    private readonly cache: EnvelopeCache,
    private readonly move: RotationMove,
  ) {}

  async serve(context: OperationContext, uniqueIdentifier: UniqueIdentifier): Promise<ServedKey> {
    let held: Fetched | undefined;
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const object = (await context.scope.store.find(uniqueIdentifier)) ?? fail('unknown_object');
        const kind = requireServable(object, context.now, context.scope.limits);
        const place = placeOf(context.scope, object);
        if (held?.place !== placeKey(place)) {
          held?.secret?.wipe();
          held = undefined;
          held = await this.#take(context, object, place);
        } else if (held.missing !== undefined) {
          throw held.missing;
        }
        if (held.secret !== undefined && (await this.#record(context, object))) {
          const served = { object, kind, secret: held.secret };
          held = undefined;
          return served;
        }
      }
      return fail('key_busy');
    } finally {
      held?.secret?.wipe();
    }
  }

  /** A stored key that is gone may have been moved since the catalog was read; so that is looked at again first. */
  async #take(context: OperationContext, object: ManagedObject, place: CachePlace): Promise<Fetched> {
    try {
      return { place: placeKey(place), secret: await this.#fetch(context, object, place) };
    } catch (error) {
      if (!(error instanceof OperationFailure) || error.failure !== 'stored_key_deleted') throw error;
      return { place: placeKey(place), missing: error };
    }
  }

  /** False when the object changed since it was read; then it is read and judged again. */
  #record(context: OperationContext, object: ManagedObject): Promise<boolean> {
    const audit = auditEvent(context, 'vmware-solutions.kmip-key.read', {
      key: object.uniqueIdentifier,
      details: { state: stateAt(object, context.now), rootKeyVersion: object.custody?.rootKeyVersion ?? '' },
    });
    return context.scope.store.recordFetch(object, audit);
  }

  #fetch(context: OperationContext, object: ManagedObject, place: CachePlace): Promise<Secret> {
    return this.#flights.run(placeKey(place), async () => {
      // The flight has a deadline of its own: it must not end because the Get that happened to start it ran out of time.
      const timeoutMs = context.scope.limits.operationTimeoutMs ?? DEFAULT_OPERATION_TIMEOUT_MS;
      const deadline = startDeadline(timeoutMs, context.scope.signal);
      try {
        return await this.#unwrap(context, object, place, {
          correlationId: context.correlationId,
          signal: deadline.signal,
        });
      } catch (error) {
        if (error instanceof KeyManagerError && error.authoritative) this.cache.delete(place);
        if (isForgery(error)) raiseAlarm(context, object, error);
        throw explainKeyManager(error);
      } finally {
        deadline.end();
      }
    });
  }

  async #unwrap(
    context: OperationContext,
    object: ManagedObject,
    place: CachePlace,
    call: CallContext,
  ): Promise<Secret> {
    const keyManager = keyManagerFor(context.scope, place.custody.rootKeyId);
    const aad = aadOf(place.instanceId, place.uniqueIdentifier);
    const cached = this.cache.get(place);
    const [fetched, early] = await Promise.allSettled([
      keyManager.fetchKey(call, place.custody.storedKeyId, storedSince(object)),
      cached === undefined ? Promise.resolve(undefined) : keyManager.unwrap(call, aad, cached),
    ]);
    let result = early.status === 'fulfilled' ? early.value : undefined;
    try {
      // The stored key decides: while it cannot be fetched, an unwrap that went well counts for nothing.
      if (fetched.status === 'rejected') throw fetched.reason;
      const envelope = parseEnvelope(fetched.value);
      if (envelope.ciphertext === cached) {
        if (early.status === 'rejected') throw early.reason;
      } else {
        result?.plaintext.wipe();
        result = await keyManager.unwrap(call, aad, envelope.ciphertext);
        this.cache.set(place, envelope.ciphertext);
      }
      return this.#accept(context, object, envelope, keyManager, result);
    } catch (error) {
      result?.plaintext.wipe();
      throw error;
    }
  }

  #accept(
    context: OperationContext,
    object: ManagedObject,
    envelope: StoredEnvelope,
    keyManager: KeyManager,
    result: UnwrapResult | undefined,
  ): Secret {
    if (result === undefined) throw new Error('an unwrap was awaited that never started');
    // AAD binds the ciphertext to this object; the digest also catches a key manager that answers with another key.
    if (!digestOf(result.plaintext.expose()).equals(object.digest)) fail('stored_key_altered');
    requireAuthentic(object, envelope, result.plaintext);
    if (result.rewrapped !== undefined) {
      const wrapping = { rootKeyId: envelope.rootKeyId, ...result.rewrapped };
      // Here, where the key is: the move comes later, and keys are not kept for it.
      const renewed = envelopeOf(context.scope.instanceId, object, wrapping, result.plaintext);
      this.move.later(context, object, { envelope: renewed, keyManager });
    }
    return result.plaintext;
  }
}

const isForgery = (error: unknown): error is OperationFailure =>
  error instanceof OperationFailure && error.failure === 'stored_key_forged';

/** Somebody with rights in the tenant's key manager wrote there in our name: the operator has to hear of it. */
function raiseAlarm({ dependencies, correlationId }: OperationContext, object: ManagedObject, error: Error): void {
  const { uniqueIdentifier, custody } = object;
  dependencies.metrics.custodyAlarm?.('stored_key_forged');
  dependencies.logger.error(
    { err: error, correlationId, uniqueIdentifier, storedKeyId: custody?.storedKeyId },
    'a stored key was changed by somebody else; it is not served',
  );
}

function placeOf({ instanceId }: EngineScope, { uniqueIdentifier, custody }: ManagedObject): CachePlace {
  if (custody === undefined) return fail('stored_key_deleted');
  return { instanceId, uniqueIdentifier, custody };
}
