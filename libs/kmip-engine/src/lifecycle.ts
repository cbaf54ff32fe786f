import { RevocationReasonCode, type State } from '@lib/kmip-protocol';

import { fail } from './failures/operation-failure';
import { type ManagedObject, type StoredState } from './ports/managed-object';

/** State enumeration values (KMIP 1.4 §9.1.3.2.18) of the states we store. */
export const stateNumbers = {
  PreActive: 1,
  Active: 2,
  Deactivated: 3,
  Compromised: 4,
  Destroyed: 5,
  DestroyedCompromised: 6,
} as const satisfies Record<StoredState, State>;

export const LIVE_STATES = ['PreActive', 'Active', 'Deactivated', 'Compromised'] as const satisfies StoredState[];

export const isDestroyed = (state: StoredState): boolean => state === 'Destroyed' || state === 'DestroyedCompromised';

export type LifecycleEvent = 'activate' | 'deactivate' | 'compromise' | 'destroy';

/**
 * The transitions of KMIP 1.4 §3.22; what is not here does not exist. Pre-Active to Deactivated is our one addition:
 * clients revoke keys they never activated, and the alternative is a key nobody can retire (docs/divergences.md).
 */
export const transitions: Readonly<Record<StoredState, Partial<Record<LifecycleEvent, StoredState>>>> = {
  PreActive: { activate: 'Active', deactivate: 'Deactivated', compromise: 'Compromised', destroy: 'Destroyed' },
  Active: { deactivate: 'Deactivated', compromise: 'Compromised' },
  Deactivated: { compromise: 'Compromised', destroy: 'Destroyed' },
  Compromised: { destroy: 'DestroyedCompromised' },
  Destroyed: { compromise: 'DestroyedCompromised' },
  DestroyedCompromised: {},
};

/** Dates that clients set or compare have whole seconds, as on the wire. */
export const wholeSeconds = (date: Date): Date => new Date(Math.floor(date.getTime() / 1000) * 1000);

const reached = (date: Date | undefined, now: Date): date is Date =>
  date !== undefined && date.getTime() <= now.getTime();

const later = (a: Date, b: Date): Date => (a.getTime() >= b.getTime() ? a : b);

type Dated = Pick<ManagedObject, 'state' | 'lastChangeDate' | 'activationDate' | 'deactivationDate'>;

/**
 * The object as it is at `now`: Activation and Deactivation Dates that have passed take effect by being read, because
 * no timer could be trusted to have run.
 */
export function settleDates<T extends Dated>(object: T, now: Date): T {
  let { state, lastChangeDate } = object;
  if (state === 'PreActive' && reached(object.activationDate, now)) {
    state = 'Active';
    lastChangeDate = later(lastChangeDate, object.activationDate);
  }
  if (state === 'Active' && reached(object.deactivationDate, now)) {
    state = 'Deactivated';
    lastChangeDate = later(lastChangeDate, object.deactivationDate);
  }
  return state === object.state ? object : { ...object, state, lastChangeDate };
}

/** The state a client sees at `now` (KMIP 1.4 §3.22). */
export const stateAt = (object: Dated, now: Date): StoredState => settleDates(object, now).state;

export function activate(object: ManagedObject, now: Date): ManagedObject {
  const current = settleDates(object, now);
  const next = transitions[current.state].activate ?? fail('activate_wrong_state');
  // A Pre-Active key whose destruction waits for the key manager would end as an Active key without material.
  if (current.destroyRequestedAt !== undefined) fail('key_being_destroyed');
  return { ...current, state: next, activationDate: wholeSeconds(now), lastChangeDate: wholeSeconds(now) };
}

export interface Revocation {
  readonly code: number;
  readonly message?: string;
  readonly compromiseOccurrenceDate?: Date;
}

const knownReasons: ReadonlySet<number> = new Set(Object.values(RevocationReasonCode));
const compromiseReasons: ReadonlySet<number> = new Set([
  RevocationReasonCode.KeyCompromise,
  RevocationReasonCode.CACompromise,
]);

export function revoke(object: ManagedObject, revocation: Revocation, now: Date): ManagedObject {
  const { code, message } = revocation;
  if (!knownReasons.has(code)) fail('revocation_reason_unknown');
  const current = settleDates(object, now);
  const date = wholeSeconds(now);
  const revocationReason = { code, ...(message === undefined ? {} : { message }) };
  if (!compromiseReasons.has(code)) {
    const next = transitions[current.state].deactivate ?? fail('revoke_wrong_state');
    return { ...current, state: next, deactivationDate: date, revocationReason, lastChangeDate: date };
  }
  const next = transitions[current.state].compromise ?? fail('revoke_wrong_state');
  return {
    ...current,
    state: next,
    compromiseDate: date,
    compromiseOccurrenceDate: wholeSeconds(revocation.compromiseOccurrenceDate ?? current.initialDate),
    revocationReason,
    lastChangeDate: date,
  };
}

/**
 * Whether a stored key was deleted for it by a committed order. Notes and exported trails tell of a destruction too, and
 * whoever may wrap can write a note: by their word a key is not served, and nothing is deleted.
 */
export const isDestroyedByOrder = ({ state, recoverableUntil }: ManagedObject): boolean =>
  isDestroyed(state) && recoverableUntil !== undefined;

/** What is left of a destroyed key in the key manager: nothing, or what can be restored until then at the latest. */
export function notePurge(object: ManagedObject, now: Date, leftUntil: Date | undefined): ManagedObject {
  if (leftUntil === undefined) return { ...object, purgedAt: now };
  const rest = { ...object };
  delete rest.purgedAt;
  return { ...rest, recoverableUntil: leftUntil };
}

/** What an order of destruction passes over, that stops a client's. */
export interface OrderOfDestruction {
  /** Revokes an active key with the same commit. */
  readonly revoking?: boolean;
  /** Who suspended it wants it destroyed. */
  readonly suspended?: boolean;
}

/**
 * First half of Destroy: from here on the key is not served. An active key that is revoked with it stays Active until the
 * end is committed: what is withdrawn leaves a key that is used as it was, and not one that locks its machine.
 */
export function requestDestruction(object: ManagedObject, now: Date, order: OrderOfDestruction = {}): ManagedObject {
  const current = settleDates(object, now);
  if (isDestroyed(current.state)) fail('already_destroyed');
  if (current.suspended && order.suspended !== true) fail('key_suspended');
  // A destruction that was begun is carried on, whatever a date did to the state meanwhile.
  if (current.destroyRequestedAt !== undefined) return object;
  if (transitions[current.state].destroy !== undefined) return { ...current, destroyRequestedAt: now };
  if (order.revoking !== true) fail('destroy_active');
  const revocationReason = { code: RevocationReasonCode.CessationOfOperation };
  return { ...current, destroyRequestedAt: now, revocationReason };
}

/** The key manager certainly kept the stored key: the key is as it was. */
export function withdrawDestruction(object: ManagedObject): ManagedObject {
  const rest = { ...object };
  delete rest.destroyRequestedAt;
  // No active key has one, but of an order that revoked it.
  if (rest.state === 'Active') delete rest.revocationReason;
  return rest;
}

/** Second half of Destroy: the stored key is gone, whatever the state has become meanwhile. */
export function completeDestruction(object: ManagedObject, now: Date, recoverableUntil: Date): ManagedObject {
  const date = wholeSeconds(now);
  const settled = settleDates(object, now);
  const revoked = settled.state === 'Active' && settled.revocationReason !== undefined;
  const rest = { ...settled, ...(revoked && { deactivationDate: date }) };
  delete rest.destroyRequestedAt;
  delete rest.custody;
  const state = rest.state === 'Compromised' ? 'DestroyedCompromised' : 'Destroyed';
  return { ...rest, state, destroyDate: date, recoverableUntil, lastChangeDate: date };
}
