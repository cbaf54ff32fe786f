import { type AuditEvent } from '@lib/audit';
import { Secret, type UniqueIdentifier } from '@lib/kernel';
import { type WrapResult, judgeDeletion } from '@lib/key-manager';

import { type KeyDraft } from '../attributes/key-draft';
import { recordedAttributes } from '../attributes/recorded-attributes';
import { digestOf } from '../crypto/digest';
import { fail } from '../failures/operation-failure';
import { type KindFields, creationOf } from '../kinds';
import { type Creation } from '../kinds/object-kind';
import { settleDates, wholeSeconds } from '../lifecycle';
import { type OperationContext, auditEvent, callContext } from '../operation-context';
import { type CustodyAlarm } from '../ports/engine-ports';
import { type KeyCustody, type ManagedObject, storedSince } from '../ports/managed-object';
import { AccessWithdrawn, ObjectStoreError } from '../ports/managed-object-store.port';
import { type EnvelopeFacts, envelopeOf } from './authentic-envelope';
import { NotStored, isStoredAs, storeBirth } from './birth-storage';
import { MAXIMUM_OPEN_MOVES } from './custody-transfer';
import { type EnvelopeCache } from './envelope-cache';
import { explainKeyManager } from './key-manager-failure';
import { type BoundRootKey, aadOf, currentBinding } from './root-key-binding';
import { type StoredEnvelope, storedKeyName } from './stored-envelope';
import { causeOf, examineStoredKey } from './stored-key-examination';

interface Wrapped extends Pick<WrapResult, 'ciphertext' | 'rootKeyVersion'> {
  /** Whoever asked for it wipes it. */
  readonly material: Secret;
}

/** A key that is stored and not in the catalog yet. */
interface Birth {
  readonly binding: BoundRootKey;
  readonly object: ManagedObject;
  /** A second stored key may come to be: see {@link storeBirth}. */
  readonly repeated: boolean;
}

/**
 * Create, in an order in which a crash at any point loses no key that was answered for and leaves at most one trace a
 * reconciler finds: intent, wrap, store, a look at what was wrapped and stored, catalog row with audit record, answer.
 */
export class KeyBirth {
  constructor(private readonly cache: EnvelopeCache) {}

  async create(context: OperationContext, draft: KeyDraft): Promise<ManagedObject> {
    const binding = currentBinding(context.scope);
    const uniqueIdentifier = context.dependencies.newUniqueIdentifier();
    await this.#openIntent(context, uniqueIdentifier);
    const wrapped = await this.#wrap(context, binding, uniqueIdentifier, draft);
    try {
      return await this.#bring(
        context,
        binding,
        newObject(context, uniqueIdentifier, draft, wrapped.material),
        wrapped,
      );
    } finally {
      wrapped.material.wipe();
    }
  }

  async #bring(
    context: OperationContext,
    binding: BoundRootKey,
    unplaced: EnvelopeFacts,
    { material, ...wrapped }: Wrapped,
  ): Promise<ManagedObject> {
    const { instanceId } = context.scope;
    const { uniqueIdentifier } = unplaced;
    const wrapping = { rootKeyId: binding.rootKeyId, ...wrapped };
    const envelope = envelopeOf(instanceId, unplaced, wrapping, material);
    // Together, as neither needs the other: the key is acknowledged when both went well.
    const [unwrapped, storing] = await Promise.allSettled([
      unwrapsTo(context, binding, envelope),
      storeBirth(context, binding.keyManager, envelope),
    ]);
    if (storing.status === 'rejected') return this.#notStored(context, uniqueIdentifier, storing.reason);
    const { stored, repeated } = storing.value;
    const { rootKeyId, rootKeyVersion } = envelope;
    const { id: storedKeyId, createdAt: storedAt } = stored;
    const custody = { storedKeyId, rootKeyId, rootKeyVersion, authenticated: true, storedAt } as const;
    const object = { ...unplaced, custody };
    const birth = { binding, object, repeated };
    await this.#requireWhole(context, birth, async () => {
      if (unwrapped.status === 'rejected') throw unwrapped.reason;
      return unwrapped.value && isStoredAs(context, binding.keyManager, stored, envelope);
    });
    await this.#complete(context, birth);
    if (repeated) await this.#watchForSecond(context, object, custody);
    this.cache.set({ instanceId, uniqueIdentifier, custody }, envelope.ciphertext);
    return object;
  }

  async #notStored(context: OperationContext, uniqueIdentifier: UniqueIdentifier, error: unknown): Promise<never> {
    if (!(error instanceof NotStored)) throw error;
    if (error.certain) await this.#abandon(context, uniqueIdentifier);
    throw error.cause;
  }

  /** What is not whole is not acknowledged: it is removed again, or left to the reconciler, which may not take it over. */
  async #requireWhole(context: OperationContext, birth: Birth, isWhole: () => Promise<boolean>): Promise<void> {
    try {
      if (await isWhole()) return;
    } catch (error) {
      await this.#undo(context, birth);
      throw explainKeyManager(error, context.scope);
    }
    raiseAlarm(context, birth.object, 'birth_not_confirmed');
    await this.#undo(context, birth);
    fail('create_not_confirmed');
  }

  /** A note of a move makes the reconciler look for a second stored key, when it must have come to be if it ever does. */
  async #watchForSecond(
    { scope, dependencies, now, correlationId }: OperationContext,
    { uniqueIdentifier }: ManagedObject,
    { rootKeyId }: KeyCustody,
  ): Promise<void> {
    const move = {
      uniqueIdentifier,
      moveId: dependencies.newUniqueIdentifier(),
      fromRootKeyId: rootKeyId,
      toRootKeyId: rootKeyId,
      startedAt: now,
    };
    try {
      await scope.store.moves.open(move, MAXIMUM_OPEN_MOVES);
    } catch (error) {
      dependencies.logger.warn(
        { err: error, correlationId, uniqueIdentifier },
        'a store was repeated, and no note could be left to look for a second stored key',
      );
    }
  }

  async #openIntent({ scope, now }: OperationContext, uniqueIdentifier: UniqueIdentifier): Promise<void> {
    const intent = {
      uniqueIdentifier,
      storedKeyName: storedKeyName(uniqueIdentifier),
      startedAt: now,
      createdBy: scope.certificateFingerprint,
    };
    try {
      await scope.store.openIntent(intent, scope.limits.maximumLiveKeys);
    } catch (error) {
      if (error instanceof ObjectStoreError && error.fault === 'quota_exceeded') {
        fail('quota_exceeded', { cause: error, detail: `maximum ${scope.limits.maximumLiveKeys}` });
      }
      throw error;
    }
  }

  async #wrap(
    context: OperationContext,
    { keyManager }: BoundRootKey,
    uniqueIdentifier: UniqueIdentifier,
    draft: KeyDraft,
  ): Promise<Wrapped> {
    const aad = aadOf(context.scope.instanceId, uniqueIdentifier);
    const creation = creationOf(draft.objectType);
    const own =
      context.scope.keyGeneration === 'key_manager' && creation.canBeMadeByKeyManager(draft)
        ? undefined
        : newMaterial(context, creation, draft);
    try {
      const result = await keyManager.wrap(callContext(context), aad, own);
      const { plaintext, ciphertext, rootKeyVersion } = result;
      const material = own ?? plaintext;
      if (material === undefined || material.length !== creation.materialLength(draft)) {
        plaintext?.wipe();
        throw new Error('the key manager made no key of the size asked for');
      }
      return { ciphertext, rootKeyVersion, material };
    } catch (error) {
      own?.wipe();
      // A wrap leaves nothing behind in the key manager, whether it was carried out or not.
      await this.#abandon(context, uniqueIdentifier);
      throw explainKeyManager(error, context.scope);
    }
  }

  async #complete(context: OperationContext, birth: Birth): Promise<void> {
    const { object } = birth;
    const { store } = context.scope;
    // Its client is being told so: the intent is settled later, by the reconciler.
    if (isOver(context)) fail('operation_timeout');
    const audit = auditEvent(context, 'vmware-solutions.kmip-key.create', {
      key: object.uniqueIdentifier,
      details: {
        ...creationOf(object.objectType).recorded(object),
        rootKeyVersion: object.custody?.rootKeyVersion ?? '',
        ...recordedAttributes(object.attributes),
      },
    });
    try {
      await store.completeIntent(object, audit);
    } catch (error) {
      if (error instanceof ObjectStoreError) return this.#refuse(context, birth, error);
      // Nothing more is done in the name of a client that lost its access: the reconciler settles the intent.
      if (error instanceof AccessWithdrawn || isOver(context)) throw error;
      // The commit may have happened. Repeating it is harmless and, unlike reading back, waits for one still under way.
      await this.#completeAgain(context, birth, audit);
    }
  }

  async #completeAgain(context: OperationContext, birth: Birth, audit: AuditEvent): Promise<void> {
    try {
      await context.scope.store.completeIntent(birth.object, audit);
    } catch (error) {
      if (error instanceof ObjectStoreError) return this.#refuse(context, birth, error);
      // Still unknown: the stored key must stay, because the catalog may name it. The reconciler settles it.
      throw error;
    }
  }

  async #refuse(context: OperationContext, birth: Birth, error: ObjectStoreError): Promise<never> {
    await this.#undo(context, birth);
    if (error.fault === 'name_taken') fail('create_name_taken', { cause: error });
    if (error.fault === 'digest_repeated') {
      raiseAlarm(context, birth.object, 'key_repeated');
      fail('key_repeated', { cause: error });
    }
    throw error;
  }

  /**
   * Removes a stored key whose object certainly is not in the catalog, nor ever will be: that is committed first. What
   * cannot be removed stays an intent, and so does what was stored twice, as the other one may show late.
   */
  async #undo(context: OperationContext, { binding, object, repeated }: Birth): Promise<void> {
    const { scope, dependencies, correlationId } = context;
    const { keyManager } = binding;
    const { uniqueIdentifier, digest, custody } = object;
    try {
      if (custody === undefined || !(await scope.store.refuseIntent(uniqueIdentifier))) return;
      const { storedKeyId } = custody;
      const storedAt = storedSince(object);
      const place = { claim: { uniqueIdentifier }, storedKeyId, storedAt, keyManager, digest };
      const key = await examineStoredKey(scope, place, callContext(context));
      const judged = judgeDeletion({ why: 'copy_under_order', key });
      if (judged.verdict === 'keep') throw causeOf(key);
      await keyManager.deleteKey(callContext(context), judged.proof, storedAt);
    } catch (error) {
      dependencies.logger.warn(
        { err: error, correlationId, uniqueIdentifier },
        'the stored key of a failed Create could not be deleted; its intent stays for the reconciler',
      );
      return;
    }
    if (!repeated) await this.#abandon(context, uniqueIdentifier);
  }

  async #abandon(
    { scope, dependencies, correlationId }: OperationContext,
    uniqueIdentifier: UniqueIdentifier,
  ): Promise<void> {
    try {
      await scope.store.abandonIntent(uniqueIdentifier);
    } catch (error) {
      dependencies.logger.warn(
        { err: error, correlationId, uniqueIdentifier },
        'an intent could not be dropped; it stays for the reconciler',
      );
    }
  }
}

/** Its deadline has passed, which may come between any two steps. */
const isOver = ({ signal }: OperationContext): boolean => signal.aborted;

/** Whether the key manager unwraps what it wrapped to the very key. */
async function unwrapsTo(
  context: OperationContext,
  { keyManager }: BoundRootKey,
  { instanceId, uniqueIdentifier, ciphertext, digest }: StoredEnvelope,
): Promise<boolean> {
  const { plaintext } = await keyManager.unwrap(callContext(context), aadOf(instanceId, uniqueIdentifier), ciphertext);
  try {
    return digestOf(plaintext.expose()).toString('hex') === digest;
  } finally {
    plaintext.wipe();
  }
}

function raiseAlarm(
  { dependencies, correlationId }: OperationContext,
  object: ManagedObject,
  alarm: CustodyAlarm,
): void {
  const { uniqueIdentifier, custody } = object;
  dependencies.metrics.custodyAlarm?.(alarm);
  dependencies.logger.error(
    { alarm, correlationId, uniqueIdentifier, storedKeyId: custody?.storedKeyId },
    'a new key is not what it has to be; it was not acknowledged',
  );
}

function newMaterial({ dependencies }: OperationContext, creation: Creation<KindFields>, draft: KeyDraft): Secret {
  const bytes = dependencies.randomBytes(creation.materialLength(draft));
  creation.finish(draft, bytes);
  return Secret.of(bytes);
}

function newObject(
  { scope, now }: OperationContext,
  uniqueIdentifier: UniqueIdentifier,
  draft: KeyDraft,
  material: Secret,
): EnvelopeFacts {
  const date = wholeSeconds(now);
  const object: ManagedObject = {
    ...draft,
    uniqueIdentifier,
    state: 'PreActive',
    suspended: false,
    // Finer than the wire shows, so that keys of one second keep their order in Locate.
    initialDate: now,
    lastChangeDate: date,
    digest: digestOf(material.expose()),
    fresh: true,
    createdBy: scope.certificateFingerprint,
  };
  // An Activation Date that has passed makes the key Active from the start (KMIP 1.4 §3.22, transition 1).
  return { ...settleDates(object, now), lastChangeDate: date };
}
