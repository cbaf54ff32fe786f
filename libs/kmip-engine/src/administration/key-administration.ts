import { type AuditAction, type AuditEvent, type AuditInitiator } from '@lib/audit';
import { type Clock, type CorrelationId, DomainError, type InstanceId, type UniqueIdentifier } from '@lib/kernel';

import { type DestructionAttempt, type KeyDestruction } from '../custody/key-destruction';
import { keyManagerFor } from '../custody/root-key-binding';
import {
  isDestroyed,
  type OrderOfDestruction,
  requestDestruction,
  type Revocation,
  revoke,
  settleDates,
  wholeSeconds,
} from '../lifecycle';
import { type ManagedObject } from '../ports/managed-object';
import { type ManagedObjectStore } from '../ports/managed-object-store.port';

export class KeyAdministrationError extends DomainError {
  constructor(
    readonly code: 'key_unknown' | 'key_state_conflict',
    message: string,
  ) {
    super(message);
  }
}

/** Who administers, and how it is found again in the audit trail. */
export interface Administrator {
  readonly instanceId: InstanceId;
  readonly initiator: AuditInitiator;
  readonly correlationId: CorrelationId;
  readonly observer: string;
}

export interface KeyChange {
  readonly suspended?: boolean;
  /** Makes a deactivated key active again: the way out for a virtual machine that is locked by a revoked key. */
  readonly reactivate?: boolean;
}

/** Looks at the key as it is in the transaction; throws to leave it unchanged. */
export type KeyGuard = (current: ManagedObject) => void;

type Scope = DestructionAttempt['scope'];

/** What administrators may do to keys beside the protocol. Every change commits its audit record with it. */
export class KeyAdministration {
  constructor(
    private readonly destruction: KeyDestruction,
    private readonly clock: Clock,
  ) {}

  /** @throws KeyAdministrationError, or what `guard` throws */
  async change(
    store: ManagedObjectStore,
    uniqueIdentifier: UniqueIdentifier,
    change: KeyChange,
    administrator: Administrator,
    guard: KeyGuard,
  ): Promise<ManagedObject> {
    return this.#mutate(store, uniqueIdentifier, guard, (current, now) => {
      const object = changed(current, change, now);
      const record = recordOf(administrator, actionOf(change), object, now);
      return { object, audit: { ...record, details: detailsOf(change, object) } };
    });
  }

  /** As KMIP Revoke, by an administrator. @throws OperationFailure, KeyAdministrationError, or what `guard` throws */
  async revoke(
    store: ManagedObjectStore,
    uniqueIdentifier: UniqueIdentifier,
    revocation: Revocation,
    administrator: Administrator,
    guard: KeyGuard,
  ): Promise<ManagedObject> {
    return this.#mutate(store, uniqueIdentifier, guard, (current, now) => {
      const object = revoke(current, revocation, now);
      const record = recordOf(administrator, 'vmware-solutions.kmip-key.revoke', object, now);
      return { object, audit: { ...record, details: { reasonCode: revocation.code, state: object.state } } };
    });
  }

  /** All that {@link revoke} would refuse, without doing it. */
  async checkRevocation(
    store: ManagedObjectStore,
    uniqueIdentifier: UniqueIdentifier,
    revocation: Revocation,
    guard: KeyGuard,
  ): Promise<void> {
    const current = (await store.find(uniqueIdentifier)) ?? unknown();
    guard(current);
    revoke(current, revocation, this.clock.now());
  }

  /** All that {@link destroy} would refuse before it asks the key manager, without doing it. */
  async checkDestruction(
    scope: Scope,
    uniqueIdentifier: UniqueIdentifier,
    guard: KeyGuard,
    order?: OrderOfDestruction,
  ): Promise<void> {
    const current = await destroyable(scope.store, uniqueIdentifier, guard);
    const { custody } = requestDestruction(current, this.clock.now(), order);
    if (custody !== undefined) keyManagerFor(scope, custody.rootKeyId);
  }

  /** As KMIP Destroy, by an administrator. @throws OperationFailure, KeyAdministrationError, or what `guard` throws */
  async destroy(
    scope: Scope,
    uniqueIdentifier: UniqueIdentifier,
    administrator: Administrator,
    guard: KeyGuard,
    { signal, order = {} }: { readonly signal: AbortSignal; readonly order?: OrderOfDestruction },
  ): Promise<void> {
    const now = this.clock.now();
    const current = await destroyable(scope.store, uniqueIdentifier, guard);
    await this.destruction.destroy({
      order,
      guard,
      scope,
      uniqueIdentifier,
      now,
      correlationId: administrator.correlationId,
      signal,
      audit: (step, reason) => ({
        ...recordOf(administrator, 'vmware-solutions.kmip-key.destroy', current, now),
        ...(reason === undefined ? {} : { outcome: 'failure', reason }),
        details: { step, ...(order.revoking === true && { revoking: true }) },
      }),
    });
  }

  async #mutate(
    store: ManagedObjectStore,
    uniqueIdentifier: UniqueIdentifier,
    guard: KeyGuard,
    change: (current: ManagedObject, now: Date) => { readonly object: ManagedObject; readonly audit: AuditEvent },
  ): Promise<ManagedObject> {
    const now = this.clock.now();
    const done = await store.mutate(uniqueIdentifier, (current) => {
      guard(current);
      const { object, audit } = change(current, now);
      return { object, audit, result: object };
    });
    return done?.result ?? unknown();
  }
}

async function destroyable(
  store: ManagedObjectStore,
  uniqueIdentifier: UniqueIdentifier,
  guard: KeyGuard,
): Promise<ManagedObject> {
  const current = (await store.find(uniqueIdentifier)) ?? unknown();
  guard(current);
  if (isDestroyed(current.state)) conflict('The key is destroyed already.');
  return current;
}

function changed(stored: ManagedObject, change: KeyChange, now: Date): ManagedObject {
  const current = settleDates(stored, now);
  if (isDestroyed(current.state)) conflict('The key is destroyed.');
  if (current.destroyRequestedAt !== undefined) conflict('Destruction of the key has begun.');
  const object = change.reactivate === true ? reactivated(current, now) : current;
  return change.suspended === undefined ? object : { ...object, suspended: change.suspended };
}

/** Outside KMIP's transitions (docs/divergences.md): dates that would end the key again at once are taken away. */
function reactivated(current: ManagedObject, now: Date): ManagedObject {
  if (current.state === 'Active') return current;
  if (current.state !== 'Deactivated') conflict('Only a deactivated key can be made active again.');
  const object = { ...current, state: 'Active' as const, lastChangeDate: wholeSeconds(now) };
  delete object.deactivationDate;
  delete object.revocationReason;
  if (object.protectStopDate && object.protectStopDate <= now) delete object.protectStopDate;
  return { ...object, activationDate: object.activationDate ?? wholeSeconds(now) };
}

function actionOf({ reactivate, suspended }: KeyChange): AuditAction {
  if (reactivate === true) return 'vmware-solutions.kmip-key.reactivate';
  return suspended === true ? 'vmware-solutions.kmip-key.suspend' : 'vmware-solutions.kmip-key.resume';
}

/**
 * Of the suspension only what was asked for: a restored catalog may have forgotten one, and who makes the key active must
 * not seem to have resumed it (docs/adr/0061).
 */
const detailsOf = ({ suspended }: KeyChange, { state }: ManagedObject): NonNullable<AuditEvent['details']> =>
  suspended === undefined ? { state } : { state, suspended };

function recordOf(
  { instanceId, initiator, correlationId, observer }: Administrator,
  action: AuditAction,
  object: ManagedObject,
  now: Date,
): AuditEvent {
  return {
    instanceId,
    action,
    occurredAt: now,
    initiator,
    outcome: 'success',
    target: { kind: 'key', id: object.uniqueIdentifier },
    correlationId,
    observer,
  };
}

function unknown(): never {
  throw new KeyAdministrationError('key_unknown', 'There is no key with this identifier.');
}

function conflict(message: string): never {
  throw new KeyAdministrationError('key_state_conflict', message);
}
