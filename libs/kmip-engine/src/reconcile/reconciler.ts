import { type AuditEvent } from '@lib/audit';
import { type Clock, type CorrelationId, type InstanceId, type UniqueIdentifier } from '@lib/kernel';
import { type CallContext, type KeyManager } from '@lib/key-manager';

import { KeyDestruction } from '../custody/key-destruction';
import { isFault } from '../custody/key-manager-failure';
import { type EngineScope } from '../engine-scope';
import { OperationFailure } from '../failures/operation-failure';
import { type EngineLogger } from '../ports/engine-ports';
import { type CreationIntent } from '../ports/managed-object-store.port';

/** One instance, seen by the reconciler instead of a client. */
export interface ReconcileScope extends Pick<EngineScope, 'store' | 'keyManager' | 'rootKeyId' | 'keyManagerOf'> {
  readonly instanceId: InstanceId;
  readonly signal?: AbortSignal;
}

export interface ReconcilerDependencies {
  readonly clock: Clock;
  newCorrelationId(): CorrelationId;
  readonly logger: EngineLogger;
  /** Named in audit records. */
  readonly component: string;
}

export interface ReconcilerOptions {
  /** Age at which nobody works on an intent any more. Default 10 minutes, far beyond any operation's deadline. */
  readonly staleAfterMs?: number;
  /** Intents and deletions taken in one run, each. Default 100. */
  readonly batchSize?: number;
}

export interface ReconcileReport {
  /** Intents whose key never came to be, or whose stored key was removed. */
  readonly abandoned: readonly UniqueIdentifier[];
  /** Intents whose stored key may not be deleted with this credential: the tenant sees them, the quota counts them. */
  readonly kept: readonly UniqueIdentifier[];
  /** Destructions that were completed. */
  readonly destroyed: readonly UniqueIdentifier[];
  /** Destructions the key manager refused; the key is served again. */
  readonly withdrawn: readonly UniqueIdentifier[];
  /** Left for the next run: the key manager or the catalog failed. */
  readonly failed: readonly UniqueIdentifier[];
}

type Outcome = keyof ReconcileReport;

/**
 * Settles what an interrupted Create or Destroy left behind. Each step can be cut off and repeated: an intent is claimed
 * before its stored key is touched, and given up only after that key is gone.
 */
export class Reconciler {
  readonly #destruction = new KeyDestruction();
  readonly #staleAfterMs: number;
  readonly #batchSize: number;

  constructor(
    private readonly dependencies: ReconcilerDependencies,
    options: ReconcilerOptions = {},
  ) {
    this.#staleAfterMs = options.staleAfterMs ?? 600_000;
    this.#batchSize = options.batchSize ?? 100;
  }

  async run(scope: ReconcileScope): Promise<ReconcileReport> {
    const report = { abandoned: [], kept: [], destroyed: [], withdrawn: [], failed: [] } as Record<
      Outcome,
      UniqueIdentifier[]
    >;
    const before = new Date(this.dependencies.clock.now().getTime() - this.#staleAfterMs);
    for (const intent of await scope.store.staleIntents(before, this.#batchSize)) {
      const outcome = await this.#guarded(intent.uniqueIdentifier, () => this.#settleIntent(scope, intent));
      if (outcome !== undefined) report[outcome].push(intent.uniqueIdentifier);
    }
    for (const { uniqueIdentifier } of await scope.store.pendingDeletions(this.#batchSize)) {
      const outcome = await this.#guarded(uniqueIdentifier, () => this.#settleDestruction(scope, uniqueIdentifier));
      if (outcome !== undefined) report[outcome].push(uniqueIdentifier);
    }
    return report;
  }

  async #guarded(
    uniqueIdentifier: UniqueIdentifier,
    work: () => Promise<Outcome | undefined>,
  ): Promise<Outcome | undefined> {
    try {
      return await work();
    } catch (error) {
      this.dependencies.logger.warn({ err: error, uniqueIdentifier }, 'reconciling was put off to the next run');
      return 'failed';
    }
  }

  async #settleIntent(scope: ReconcileScope, intent: CreationIntent): Promise<Outcome | undefined> {
    const { uniqueIdentifier } = intent;
    if (!(await scope.store.claimIntent(uniqueIdentifier))) return undefined;
    // A row beside an intent would mean the key was acknowledged: only the intent may go then.
    const object = await scope.store.find(uniqueIdentifier);
    if (object === undefined && scope.keyManager !== undefined) {
      const call = this.#call(scope);
      const removed = await this.#removeStoredKeys(scope.keyManager, call, intent);
      if (!removed) return 'kept';
      await scope.store.record(this.#audit(scope, call.correlationId, uniqueIdentifier, 'intent abandoned'));
    }
    // Without a key manager nothing can be looked up; the intent waits until one is bound again.
    if (object === undefined && scope.keyManager === undefined) return 'kept';
    await scope.store.abandonIntent(uniqueIdentifier);
    return 'abandoned';
  }

  /** @returns false when the credential may not delete. */
  async #removeStoredKeys(keyManager: KeyManager, call: CallContext, intent: CreationIntent): Promise<boolean> {
    for (const { id } of await keyManager.findKeysByName(call, intent.storedKeyName)) {
      try {
        await keyManager.deleteKey(call, id);
      } catch (error) {
        if (!isFault(error, 'permission_denied')) throw error;
        this.dependencies.logger.warn(
          { uniqueIdentifier: intent.uniqueIdentifier, storedKeyId: id },
          'a stored key without an object stays: the service ID may not delete it',
        );
        return false;
      }
    }
    return true;
  }

  async #settleDestruction(scope: ReconcileScope, uniqueIdentifier: UniqueIdentifier): Promise<Outcome | undefined> {
    const object = await scope.store.find(uniqueIdentifier);
    const now = this.dependencies.clock.now();
    const requestedAt = object?.destroyRequestedAt;
    if (object === undefined || requestedAt === undefined) return undefined;
    // A younger request still has its client waiting.
    if (now.getTime() - requestedAt.getTime() < Math.min(this.#staleAfterMs, 60_000)) return undefined;
    const call = this.#call(scope);
    try {
      await this.#destruction.settle(
        {
          scope,
          uniqueIdentifier,
          now,
          ...call,
          audit: (step, reason) =>
            this.#audit(scope, call.correlationId, uniqueIdentifier, `destruction ${step}`, reason),
        },
        object,
      );
      return 'destroyed';
    } catch (error) {
      if (error instanceof OperationFailure && error.recorded) return 'withdrawn';
      throw error;
    }
  }

  #call({ signal }: ReconcileScope): CallContext {
    return { correlationId: this.dependencies.newCorrelationId(), ...(signal === undefined ? {} : { signal }) };
  }

  #audit(
    { instanceId }: ReconcileScope,
    correlationId: CorrelationId,
    key: UniqueIdentifier,
    step: string,
    reason?: string,
  ): AuditEvent {
    return {
      instanceId,
      action: 'vmware-solutions.kmip-key.reconcile',
      occurredAt: this.dependencies.clock.now(),
      initiator: { kind: 'system', component: this.dependencies.component },
      outcome: reason === undefined ? 'success' : 'failure',
      ...(reason === undefined ? {} : { reason }),
      target: { kind: 'key', id: key },
      correlationId,
      observer: this.dependencies.component,
      details: { step },
    };
  }
}
