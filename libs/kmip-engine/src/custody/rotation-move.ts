import { BoundedMap } from '@lib/kernel';
import { type CallContext, type KeyManager } from '@lib/key-manager';

import { startDeadline } from '../deadline';
import { type OperationContext, auditEvent } from '../operation-context';
import { type ManagedObject } from '../ports/managed-object';
import { type BackgroundTasks } from './background-tasks';
import { CustodyTransfer } from './custody-transfer';
import { KEYS_STAY } from './deletion-rights';
import { type EnvelopeCache } from './envelope-cache';
import { type StoredEnvelope } from './stored-envelope';

const TIMEOUT_MS = 30_000;
/** After a failure the same key is left alone for so long. */
const PAUSE_MS = 3_600_000;

export interface Rewrapped {
  /** Wrapped by the newest version. */
  readonly envelope: StoredEnvelope;
  readonly keyManager: KeyManager;
}

/** Of the adapter it was met with: with another binding or credential there is another one, which may fare better. */
interface Pause {
  readonly keyManager: KeyManager;
  readonly untilMs: number;
}

/**
 * After a root key rotation: puts the newest wrapping of a key in the place of the old one when the key is served.
 * Nobody waits for it, and the key is served from where it lies whether it succeeds or not.
 */
export class RotationMove {
  readonly #paused = new BoundedMap<string, Pause>(10_000);
  readonly #transfer = new CustodyTransfer();

  constructor(
    private readonly cache: EnvelopeCache,
    private readonly tasks: BackgroundTasks,
  ) {}

  later(context: OperationContext, object: ManagedObject, next: Rewrapped): void {
    const { clock } = context.dependencies;
    const { keyManager } = next;
    const paused = this.#paused.get(object.uniqueIdentifier);
    if (paused?.keyManager === keyManager && paused.untilMs > clock.monotonicMs()) return;
    // Set beforehand, so that Gets meanwhile start no second move; taken back once it went well.
    this.#paused.set(object.uniqueIdentifier, { keyManager, untilMs: clock.monotonicMs() + PAUSE_MS });
    const started = this.tasks.start('custody-move', async () => {
      const deadline = startDeadline(TIMEOUT_MS, context.scope.signal);
      try {
        const call = { correlationId: context.correlationId, givesWay: true, signal: deadline.signal } as const;
        if ((await this.#worthIt(context, next, call)) && !(await this.#move(context, object, next, call))) return;
      } finally {
        deadline.end();
      }
      this.#paused.delete(object.uniqueIdentifier);
    });
    if (!started) this.#paused.delete(object.uniqueIdentifier);
  }

  /** Where the old stored key would have to stay, moving only fills the tenant's key manager with duplicates. */
  #worthIt({ scope, dependencies }: OperationContext, { keyManager }: Rewrapped, call: CallContext): Promise<boolean> {
    return dependencies.deletionRights.allowed(dependencies, keyManager, call, () => {
      dependencies.logger.warn({ instanceId: scope.instanceId }, KEYS_STAY);
    });
  }

  /** @returns false while an earlier move of the key, or of too many keys, waits to be settled */
  async #move(context: OperationContext, object: ManagedObject, next: Rewrapped, call: CallContext): Promise<boolean> {
    const { scope, dependencies } = context;
    const { uniqueIdentifier, custody: from } = object;
    if (from === undefined) return true;
    const { keyManager, envelope } = next;
    const result = await this.#transfer.run(
      dependencies,
      {
        store: scope.store,
        instanceId: scope.instanceId,
        uniqueIdentifier,
        digest: object.digest,
        from,
        source: keyManager,
        target: { keyManager, rootKeyId: from.rootKeyId },
        wrap: () => Promise.resolve(envelope),
        audit: (to) =>
          auditEvent(context, 'vmware-solutions.kmip-key.rewrap', {
            key: uniqueIdentifier,
            details: { fromVersion: from.rootKeyVersion, toVersion: to.rootKeyVersion },
          }),
      },
      call,
    );
    if (result.outcome !== 'moved') return result.outcome === 'overtaken';
    dependencies.metrics.keyMoved?.();
    const place = { instanceId: scope.instanceId, uniqueIdentifier };
    this.cache.set({ ...place, custody: result.custody }, envelope.ciphertext);
    this.cache.delete({ ...place, custody: from });
    return true;
  }
}
