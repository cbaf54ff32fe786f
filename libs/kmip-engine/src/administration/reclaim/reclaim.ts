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
  /** SHA-256 of client certificates whose users were looked at: in all that they have, the inventory has each key. */
  readonly coveredCertificates: readonly string[];
  /** SHA-256 of those whose users need no key, by the word of who uploaded it. */
  readonly certificatesWithoutKeys: readonly string[];
}

/** A client certificate with which keys are fetched, or were lately. */
export interface InventoriedClient {
  /** SHA-256. */
  readonly fingerprint: string;
  /** Absent of one that is registered no more. */
  readonly name?: string;
  readonly lastSeen?: { readonly at: Date; readonly address: string };
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

/** Named in a refusal; of more their number is told. */
const CLIENTS_NAMED = 5;

export type ReclaimErrorCode =
  'inventory_missing' | 'inventory_outdated' | 'inventory_incomplete' | 'key_referenced' | 'key_not_quarantined';

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

/** Those of which the inventory says nothing: what they need may be missing in it. */
export function uncoveredBy<Client extends InventoriedClient>(
  {
    coveredCertificates,
    certificatesWithoutKeys,
  }: Pick<KeyInventory, 'coveredCertificates' | 'certificatesWithoutKeys'>,
  clients: readonly Client[],
): readonly Client[] {
  const known = new Set([...coveredCertificates, ...certificatesWithoutKeys]);
  return clients.filter(({ fingerprint }) => !known.has(fingerprint));
}

/**
 * What is not in an inventory may be destroyed in the end: so it says of each client of the instance that it was looked
 * at, or that it needs no key. Asked when it is uploaded, and by what is proposed of it: a client that came meanwhile
 * may use keys that were there before.
 * @throws ReclaimError that names those of which it says nothing
 */
export function requireCoverage(
  inventory: Pick<KeyInventory, 'coveredCertificates' | 'certificatesWithoutKeys'>,
  clients: readonly InventoriedClient[],
): void {
  const left = uncoveredBy(inventory, clients);
  if (left.length === 0) return;
  const named = left.slice(0, CLIENTS_NAMED).map(called).join(', ');
  const more = left.length > CLIENTS_NAMED ? `, and ${left.length - CLIENTS_NAMED} more` : '';
  throw new ReclaimError(
    'inventory_incomplete',
    `The inventory says nothing of these client certificates: ${named}${more}. Nothing was changed. Upload one that has every key of ` +
      'what uses them too and names them in `covered_certificates`, or name those that need no key in `certificates_without_keys`.',
  );
}

function called({ fingerprint, name, lastSeen }: InventoriedClient): string {
  const seen = lastSeen && `last seen at ${lastSeen.at.toISOString()} from ${lastSeen.address}`;
  if (name !== undefined) return seen === undefined ? `\`${name}\`` : `\`${name}\` (${seen})`;
  return `SHA-256 ${fingerprint} (removed; ${seen ?? 'never seen'})`;
}

/**
 * Whether nothing speaks for the key: the inventory does not have it, and was taken after it was made and last fetched.
 * Whoever lists machines may miss one that is being made, and a key that is fetched is somebody's.
 */
export function isUnreferenced(
  key: Pick<ManagedObject, 'uniqueIdentifier' | 'state' | 'initialDate' | 'lastFetchedAt' | 'destroyRequestedAt'>,
  { takenAt, uploadedAt }: Pick<KeyInventory, 'takenAt' | 'uploadedAt'>,
  referenced: ReadonlySet<string>,
): boolean {
  if (isDestroyed(key.state) || key.destroyRequestedAt !== undefined) return false;
  if (referenced.has(key.uniqueIdentifier)) return false;
  // By a clock that is ahead it was taken tomorrow, and would have had keys that are made then.
  const until = takenAt < uploadedAt ? takenAt : uploadedAt;
  return key.initialDate < until && (key.lastFetchedAt === undefined || key.lastFetchedAt < until);
}

export const referencesOf = ({ keyIds }: KeyInventory): ReadonlySet<string> =>
  new Set(keyIds.map((id) => id.toLowerCase()));
