import { type CallContext, type KeyManager, type RewrapResult } from '@lib/key-manager';

import { startDeadline } from '../deadline';
import { type OperationContext, auditEvent } from '../operation-context';
import { type KeyCustody, type ManagedObject } from '../ports/managed-object';
import { type BackgroundTasks } from './background-tasks';
import { BoundedMap } from './bounded-map';
import { DeletionRights } from './deletion-rights';
import { type EnvelopeCache } from './envelope-cache';
import { isFault } from './key-manager-failure';
import { type StoredEnvelope, serializeEnvelope, storedKeyName } from './stored-envelope';

const TIMEOUT_MS = 30_000;
/** After a failure the same key is left alone: each try may leave one more stored key behind. */
const PAUSE_MS = 3_600_000;

export interface Rewrapped {
  readonly envelope: StoredEnvelope;
  readonly keyManager: KeyManager;
  readonly rewrapped: RewrapResult;
}

/**
 * After a root key rotation: puts the newest wrapping of a key in the place of the old one. Nobody waits for it and
 * every failure is harmless, because the old stored key is deleted last, and only after the catalog names the new one.
 */
export class CustodyMove {
  readonly #paused = new BoundedMap<string, number>(10_000);
  readonly #rights = new DeletionRights();

  constructor(
    private readonly cache: EnvelopeCache,
    private readonly tasks: BackgroundTasks,
  ) {}

  later(context: OperationContext, object: ManagedObject, next: Rewrapped): void {
    const { clock } = context.dependencies;
    const until = this.#paused.get(object.uniqueIdentifier);
    if (until !== undefined && until > clock.monotonicMs()) return;
    // Set beforehand, so that Gets meanwhile start no second move; taken back once it went well.
    this.#paused.set(object.uniqueIdentifier, clock.monotonicMs() + PAUSE_MS);
    const started = this.tasks.start('custody-move', async () => {
      const deadline = startDeadline(TIMEOUT_MS, context.scope.signal);
      try {
        const call = { correlationId: context.correlationId, signal: deadline.signal };
        if (await this.#worthIt(context, next, call)) await this.#move(context, object, next, call);
      } finally {
        deadline.end();
      }
      this.#paused.delete(object.uniqueIdentifier);
    });
    if (!started) this.#paused.delete(object.uniqueIdentifier);
  }

  /** Where the old stored key would have to stay, moving only fills the tenant's key manager with duplicates. */
  #worthIt({ scope, dependencies }: OperationContext, { keyManager }: Rewrapped, call: CallContext): Promise<boolean> {
    return this.#rights.allowed(dependencies, keyManager, call, () => {
      const { instanceId } = scope;
      dependencies.logger.warn(
        { instanceId },
        'keys stay under older versions of the root key, which serve them as well: the service ID may not delete stored keys',
      );
    });
  }

  async #move(context: OperationContext, object: ManagedObject, next: Rewrapped, call: CallContext): Promise<void> {
    const { scope } = context;
    const { uniqueIdentifier, custody: from } = object;
    if (from === undefined) return;
    const { keyManager, rewrapped } = next;
    const envelope = { ...next.envelope, ...rewrapped };
    const stored = await keyManager.storeKey(call, storedKeyName(uniqueIdentifier), serializeEnvelope(envelope));
    const to: KeyCustody = {
      storedKeyId: stored.id,
      rootKeyId: from.rootKeyId,
      rootKeyVersion: rewrapped.rootKeyVersion,
    };
    const audit = auditEvent(context, 'vmware-solutions.kmip-key.rewrap', {
      key: uniqueIdentifier,
      details: { fromVersion: from.rootKeyVersion, toVersion: to.rootKeyVersion },
    });
    const moved = await scope.store.replaceCustody(uniqueIdentifier, from, to, audit);
    if (moved) this.cache.set({ instanceId: scope.instanceId, uniqueIdentifier, custody: to }, envelope.ciphertext);
    this.cache.delete({ instanceId: scope.instanceId, uniqueIdentifier, custody: from });
    try {
      await keyManager.deleteKey(call, moved ? from.storedKeyId : stored.id);
    } catch (error) {
      if (isFault(error, 'permission_denied')) this.#rights.refused(context.dependencies, keyManager);
      throw error;
    }
  }
}
