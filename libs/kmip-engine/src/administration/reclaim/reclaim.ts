import { type AuditEvent } from '@lib/audit';
import { DomainError, type InstanceId, type UniqueIdentifier } from '@lib/kernel';

import { isDestroyed } from '../../lifecycle';
import { type ManagedObject } from '../../ports/managed-object';

/** What an administrator found to be in use, such as by PowerCLI in all of his vCenters. */
export interface KeyInventory {
  /** When it was taken: what happened to a key since is not in it. */
  readonly takenAt: Date;
  readonly uploadedAt: Date;
  /** IAM identity. */
  readonly uploadedBy: string;
  /** For people: where it is from. */
  readonly source: string;
  readonly keyIds: readonly string[];
}

export interface QuarantinedKey {
  readonly id: UniqueIdentifier;
  readonly since: Date;
  readonly putBy: string;
  /** By somebody else's wish: it stays so when it leaves the quarantine. */
  readonly suspendedBefore: boolean;
}

/** The inventory and the quarantine of one instance. */
export interface ReclaimStore {
  inventory(): Promise<KeyInventory | undefined>;
  setInventory(inventory: KeyInventory, audit: AuditEvent): Promise<void>;
  quarantined(): Promise<readonly QuarantinedKey[]>;
  /**
   * Harmless when it is there: the first date counts, unless `anew`.
   * @returns what is noted now
   */
  quarantine(key: QuarantinedKey, anew: boolean): Promise<QuarantinedKey>;
  release(id: UniqueIdentifier): Promise<void>;
}

export interface AllReclaimStores {
  forInstance(instanceId: InstanceId): ReclaimStore;
}

const DAY_MS = 24 * 3_600_000;
/** So long an inventory says what is in use; machines are made and moved meanwhile. */
export const INVENTORY_COUNTS_FOR_MS = DAY_MS;
/** A month's end and a week of holidays should lie in it: what nobody asks for until then is hardly needed. */
export const QUARANTINE_MS = 30 * DAY_MS;
/** Clocks differ. */
const AHEAD_MS = 300_000;

export type ReclaimErrorCode = 'inventory_missing' | 'inventory_outdated' | 'key_referenced' | 'key_not_quarantined';

export class ReclaimError extends DomainError {
  constructor(
    readonly code: ReclaimErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** @throws ReclaimError for one by which nothing may be decided */
export function requireFresh(inventory: KeyInventory | undefined, now: Date): KeyInventory {
  if (inventory === undefined) {
    throw new ReclaimError(
      'inventory_missing',
      'Upload an inventory first: when keys were fetched says nothing of use.',
    );
  }
  const age = now.getTime() - inventory.takenAt.getTime();
  if (age <= INVENTORY_COUNTS_FOR_MS && age >= -AHEAD_MS) return inventory;
  const taken = inventory.takenAt.toISOString();
  throw new ReclaimError(
    'inventory_outdated',
    `The inventory was taken at ${taken}: one of the last 24 hours is needed.`,
  );
}

/**
 * Whether nothing speaks for the key: the inventory does not have it, and was taken after it was made and last fetched.
 * Whoever lists machines may miss one that is being made, and a key that is fetched is somebody's.
 */
export function isUnreferenced(
  key: Pick<ManagedObject, 'uniqueIdentifier' | 'state' | 'initialDate' | 'lastFetchedAt' | 'destroyRequestedAt'>,
  { takenAt }: Pick<KeyInventory, 'takenAt'>,
  referenced: ReadonlySet<string>,
): boolean {
  if (isDestroyed(key.state) || key.destroyRequestedAt !== undefined) return false;
  if (referenced.has(key.uniqueIdentifier)) return false;
  return key.initialDate < takenAt && (key.lastFetchedAt === undefined || key.lastFetchedAt < takenAt);
}

export const referencesOf = ({ keyIds }: KeyInventory): ReadonlySet<string> =>
  new Set(keyIds.map((id) => id.toLowerCase()));
