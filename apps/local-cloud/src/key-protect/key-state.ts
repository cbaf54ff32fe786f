import { type KeyRow } from '../journal/rows';
import { KmsError } from './kms.errors';

const SECOND_MS = 1000;
export const HOUR_MS = 3600 * SECOND_MS;
const DAY_MS = 24 * HOUR_MS;

/** Between disable and enable, and between delete and restore. */
const SETTLING_MS = 30 * SECOND_MS;
export const RESTORABLE_MS = 30 * DAY_MS;
export const PURGEABLE_AFTER_MS = 4 * HOUR_MS;
export const PURGED_AFTER_MS = 90 * DAY_MS;
export const DELETION_AUTHORIZED_MS = 7 * DAY_MS;

export const ACTIVE = 1;
export const SUSPENDED = 2;
export const DEACTIVATED = 3;
export const DESTROYED = 5;
export type KeyState = typeof ACTIVE | typeof SUSPENDED | typeof DEACTIVATED | typeof DESTROYED;

export const isExpired = (key: KeyRow, now: Date): boolean =>
  key.expirationDate !== undefined && Date.parse(key.expirationDate) <= now.getTime();

/** The service says "within one hour" of the expiration date; here it is at once. */
export function stateOf(key: KeyRow, now: Date): KeyState {
  return key.state !== DESTROYED && isExpired(key, now) ? DEACTIVATED : key.state;
}

export const elapsedMs = (since: string, now: Date): number => now.getTime() - Date.parse(since);

/** Deleted keys vanish for good after 90 days. */
export const isPurged = (key: KeyRow, now: Date): boolean =>
  key.deletedAt !== undefined && elapsedMs(key.deletedAt, now) >= PURGED_AFTER_MS;

/** @throws KmsError 410 for a deleted key, 409 for one in another state. */
export function requireState(key: KeyRow, now: Date, allowed: readonly KeyState[], preface?: string): void {
  const state = stateOf(key, now);
  if (allowed.includes(state)) return;
  if (state === DESTROYED) throw new KmsError('KEY_DELETED_ERR');
  throw new KmsError('KEY_ACTION_INVALID_STATE_ERR', preface === undefined ? {} : { preface });
}

export function requireSettled(key: KeyRow, now: Date): void {
  if (elapsedMs(key.updatedAt, now) < SETTLING_MS) throw new KmsError('REQ_TOO_EARLY_ERR');
}
