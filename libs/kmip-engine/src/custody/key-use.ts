import { BoundedMap, type Secret, type UniqueIdentifier } from '@lib/kernel';
import { type CallContext, KeyManagerError, type UnwrapResult } from '@lib/key-manager';

import { digestOf } from '../crypto/digest';
import { startDeadline } from '../deadline';
import { type EngineLimits, type EngineScope } from '../engine-scope';
import { type FailureCode } from '../failures/failure-catalog';
import { OperationFailure, fail } from '../failures/operation-failure';
import { type KindFields, requireKind } from '../kinds';
import { type ObjectKind } from '../kinds/object-kind';
import { isDestroyed, stateAt } from '../lifecycle';
import { type OperationContext, auditEvent } from '../operation-context';
import { type ServableObject, storedSince } from '../ports/managed-object';
import { requireAuthentic } from './authentic-envelope';
import { type CachePlace, type EnvelopeCache, placeKey } from './envelope-cache';
import { explainKeyManager } from './key-manager-failure';
import { type LostKeyNotes } from './lost-key-notes';
import { aadOf, keyManagerFor } from './root-key-binding';
import { isServableAsSeen, toServable } from './servable';
import { SingleFlight } from './single-flight';
import { type StoredEnvelope, parseEnvelope } from './stored-envelope';

/** Objects whose catalog row is remembered. */
const REMEMBERED = 20_000;
const REMEMBERED_MS = 30_000;

/** Times a key is read again when others change it while it is fetched. */
const ATTEMPTS = 5;

export const DEFAULT_OPERATION_TIMEOUT_MS = 8000;

export interface ServedKey {
  readonly object: ServableObject;
  readonly kind: ObjectKind<KindFields>;
  /** The caller wipes it. */
  readonly secret: Secret;
}

/** What keeps an object from being served. */
function obstacleOf(object: ServableObject, now: Date, limits: EngineLimits): FailureCode | undefined {
  const state = stateAt(object, now);
  if (isDestroyed(state)) return 'key_destroyed';
  if (object.destroyRequestedAt !== undefined) return 'key_being_destroyed';
  if (object.suspended) return 'key_suspended';
  return state === 'Compromised' && limits.serveCompromisedKeys === false ? 'key_compromised' : undefined;
}

function requireServable(object: ServableObject, now: Date, limits: EngineLimits): ObjectKind<KindFields> {
  const obstacle = obstacleOf(object, now, limits);
  if (obstacle !== undefined) fail(obstacle);
  return requireKind(object.objectType);
}

const knownAs = ({ instanceId }: EngineScope, uniqueIdentifier: UniqueIdentifier): string =>
  `${instanceId} ${uniqueIdentifier}`;

/** A catalog row, with when it was last known to be so. */
interface Known {
  readonly object: ServableObject;
  readonly atMs: number;
}

/** What was fetched: the key, or nothing. */
interface Fetched {
  /** By which row: see {@link proofOf}. */
  readonly proof: string;
  readonly secret?: Secret;
  readonly missing?: OperationFailure;
}

/**
 * Get: catalog row, stored key and unwrap, then the audit record, then the answer. No clear key is kept, so whatever
 * the tenant withdraws in the catalog or the key manager takes effect with the next Get. A row that was served lately is
 * not read again to begin with: the record is committed only if the catalog still has it so, and nobody is refused by
 * what is remembered.
 */
export class KeyUse {
  readonly #flights = new SingleFlight();
  readonly #known = new BoundedMap<string, Known>(REMEMBERED);

  constructor(
    private readonly cache: EnvelopeCache,
    private readonly lost: LostKeyNotes,
  ) {}

  async serve(context: OperationContext, uniqueIdentifier: UniqueIdentifier): Promise<ServedKey> {
    let held: Fetched | undefined;
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const recalled = attempt === 0 ? this.#recall(context, uniqueIdentifier) : undefined;
        const object = recalled ?? (await this.#read(context, uniqueIdentifier)) ?? fail('unknown_object');
        const kind = requireServable(object, context.now, context.scope.limits);
        held = await this.#hold(context, object, held, recalled);
        if (held?.secret !== undefined && (await this.#record(context, object))) {
          this.lost.served(context, object);
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

  async #read({ scope }: OperationContext, id: UniqueIdentifier): Promise<ServableObject | undefined> {
    const object = await scope.store.find(id);
    return object && toServable(object);
  }

  /** What was fetched before, if it is what this row would be proven by too. */
  async #hold(
    context: OperationContext,
    object: ServableObject,
    held: Fetched | undefined,
    recalled: ServableObject | undefined,
  ): Promise<Fetched | undefined> {
    if (held?.proof !== proofOf(context.scope, object)) {
      held?.secret?.wipe();
      return this.#take(context, object, recalled);
    }
    if (held.missing === undefined) return held;
    this.lost.missing(context, object);
    throw held.missing;
  }

  /**
   * A stored key that is gone may have been moved since the catalog was read; so that is looked at again first.
   * @returns undefined when nothing is known of the object but what is not so any more
   */
  async #take(
    context: OperationContext,
    object: ServableObject,
    recalled: ServableObject | undefined,
  ): Promise<Fetched | undefined> {
    const proof = proofOf(context.scope, object);
    try {
      return { proof, secret: await this.#fetch(context, object, proof) };
    } catch (error) {
      if (recalled !== undefined && (await this.#hasChanged(context, recalled))) return undefined;
      if (!(error instanceof OperationFailure) || error.failure !== 'stored_key_deleted') throw error;
      return { proof, missing: error };
    }
  }

  async #hasChanged(context: OperationContext, recalled: ServableObject): Promise<boolean> {
    const { uniqueIdentifier } = recalled;
    this.#known.delete(knownAs(context.scope, uniqueIdentifier));
    return !isServableAsSeen(recalled, await this.#read(context, uniqueIdentifier));
  }

  /** Only what can be served: whatever stood in the way may have been lifted since. */
  #recall({ scope, now, dependencies }: OperationContext, id: UniqueIdentifier): ServableObject | undefined {
    const known = this.#known.get(knownAs(scope, id));
    if (known === undefined || dependencies.clock.monotonicMs() - known.atMs > REMEMBERED_MS) return undefined;
    return obstacleOf(known.object, now, scope.limits) === undefined ? known.object : undefined;
  }

  /** False when the object changed since it was read; then it is read and judged again. */
  async #record(context: OperationContext, object: ServableObject): Promise<boolean> {
    const { scope, dependencies } = context;
    const atMs = dependencies.clock.monotonicMs();
    const name = knownAs(scope, object.uniqueIdentifier);
    // Until the answer is known it is not known to be so, whatever becomes of the question.
    this.#known.delete(name);
    const audit = auditEvent(context, 'vmware-solutions.kmip-key.read', {
      key: object.uniqueIdentifier,
      details: { state: stateAt(object, context.now), rootKeyVersion: object.custody?.rootKeyVersion ?? '' },
    });
    const isAsGiven = await scope.store.recordFetch(object, audit);
    if (isAsGiven) this.#known.set(name, { object, atMs });
    return isAsGiven;
  }

  #fetch(context: OperationContext, object: ServableObject, proof: string): Promise<Secret> {
    const place = placeOf(context.scope, object);
    return this.#flights.run(proof, async () => {
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
        throw explainKeyManager(error, context.scope);
      } finally {
        deadline.end();
      }
    });
  }

  async #unwrap(
    context: OperationContext,
    object: ServableObject,
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
      return accept(object, envelope, result);
    } catch (error) {
      result?.plaintext.wipe();
      throw error;
    }
  }
}

function accept(object: ServableObject, envelope: StoredEnvelope, result: UnwrapResult | undefined): Secret {
  if (result === undefined) throw new Error('an unwrap was awaited that never started');
  // AAD binds the ciphertext to this object; the digest also catches a key manager that answers with another key.
  if (!digestOf(result.plaintext.expose()).equals(object.digest)) fail('stored_key_altered');
  requireAuthentic(object, envelope, result.plaintext);
  return result.plaintext;
}

const isForgery = (error: unknown): error is OperationFailure =>
  error instanceof OperationFailure && error.failure === 'stored_key_forged';

/** Somebody with rights in the tenant's key manager wrote there in our name: the operator has to hear of it. */
function raiseAlarm({ dependencies, correlationId }: OperationContext, object: ServableObject, error: Error): void {
  const { uniqueIdentifier, custody } = object;
  dependencies.metrics.custodyAlarm?.('stored_key_forged');
  dependencies.logger.error(
    { err: error, correlationId, uniqueIdentifier, storedKeyId: custody?.storedKeyId },
    'a stored key was changed by somebody else; it is not served',
  );
}

/**
 * All that a fetched key is held against, where it lies included. Of two rows that are one in this either may have been
 * read when it was; what was fetched for another row proves nothing.
 */
function proofOf(scope: EngineScope, object: ServableObject): string {
  const place = placeOf(scope, object);
  return `${placeKey(place)} ${object.digest.toString('hex')} ${String(place.custody.authenticated === true)}`;
}

function placeOf({ instanceId }: EngineScope, { uniqueIdentifier, custody }: ServableObject): CachePlace {
  if (custody === undefined) return fail('stored_key_deleted');
  return { instanceId, uniqueIdentifier, custody };
}
