import {
  type ClientAttribute,
  fromText,
  keyName,
  type ManagedObject,
  SORTED_NAME_CHARACTERS,
  type StoredState,
} from '@lib/kmip-engine';
import { type UniqueIdentifier } from '@lib/kernel';

/** A row as `pg` returns it. bigint columns come as text; [name, index, value] is an attribute. */
export interface ManagedObjectRow {
  readonly id: string;
  readonly object_type: string;
  readonly state: StoredState;
  readonly suspended: boolean;
  readonly cryptographic_algorithm: string;
  readonly cryptographic_length: string;
  readonly cryptographic_usage_mask: string;
  readonly initial_date: Date;
  readonly last_change_date: Date;
  readonly activation_date: Date | null;
  readonly process_start_date: Date | null;
  readonly protect_stop_date: Date | null;
  readonly deactivation_date: Date | null;
  readonly destroy_date: Date | null;
  readonly destroy_requested_at: Date | null;
  readonly recoverable_until: Date | null;
  readonly purged_at: Date | null;
  readonly compromise_date: Date | null;
  readonly compromise_occurrence_date: Date | null;
  readonly revocation_reason_code: string | null;
  readonly revocation_message: string | null;
  readonly digest: Buffer;
  readonly fresh: boolean;
  readonly last_fetched_at: Date | null;
  readonly stored_key_id: string | null;
  readonly root_key_id: string | null;
  readonly root_key_version: string | null;
  readonly stored_key_authenticated: boolean;
  readonly stored_at: Date | null;
  readonly created_by: string;
  readonly sort_name: string;
  readonly attributes: readonly (readonly [string, number, string])[];
}

/** As it is stored: cut, and without what a text column cannot hold. The same as `managed_object_sort_name` in SQL. */
export const sortName = (name: string): string =>
  Array.from(name.replaceAll(/[\0\ud800-\udfff]/gu, '\uFFFD'))
    .slice(0, SORTED_NAME_CHARACTERS)
    .join('');

/** Columns that a change may touch, with their value; the order is that of the statements. */
export const CHANGING_COLUMNS: readonly (readonly [column: string, value: (object: ManagedObject) => unknown])[] = [
  ['object_type', (object) => object.objectType],
  ['state', (object) => object.state],
  ['suspended', (object) => object.suspended],
  ['cryptographic_algorithm', (object) => object.cryptographicAlgorithm],
  ['cryptographic_length', (object) => object.cryptographicLength],
  ['cryptographic_usage_mask', (object) => object.cryptographicUsageMask],
  ['initial_date', (object) => object.initialDate],
  ['last_change_date', (object) => object.lastChangeDate],
  ['activation_date', (object) => object.activationDate],
  ['process_start_date', (object) => object.processStartDate],
  ['protect_stop_date', (object) => object.protectStopDate],
  ['deactivation_date', (object) => object.deactivationDate],
  ['destroy_date', (object) => object.destroyDate],
  ['destroy_requested_at', (object) => object.destroyRequestedAt],
  ['recoverable_until', (object) => object.recoverableUntil],
  ['purged_at', (object) => object.purgedAt],
  ['compromise_date', (object) => object.compromiseDate],
  ['compromise_occurrence_date', (object) => object.compromiseOccurrenceDate],
  ['revocation_reason_code', (object) => object.revocationReason?.code],
  // A text column cannot hold NUL; nobody means one in a message.
  ['revocation_message', (object) => object.revocationReason?.message?.replaceAll('\0', '\uFFFD')],
  ['digest', (object) => object.digest],
  ['fresh', (object) => object.fresh],
  ['last_fetched_at', (object) => object.lastFetchedAt],
  ['stored_key_id', (object) => object.custody?.storedKeyId],
  ['root_key_id', (object) => object.custody?.rootKeyId],
  ['root_key_version', (object) => object.custody?.rootKeyVersion],
  ['stored_key_authenticated', (object) => object.custody?.authenticated === true],
  ['stored_at', (object) => object.custody?.storedAt],
  ['created_by', (object) => object.createdBy],
  ['sort_name', (object) => sortName(keyName(object))],
];

export function toManagedObject(row: ManagedObjectRow): ManagedObject {
  return {
    uniqueIdentifier: row.id as UniqueIdentifier,
    objectType: Number(row.object_type),
    state: row.state,
    suspended: row.suspended,
    cryptographicAlgorithm: Number(row.cryptographic_algorithm),
    cryptographicLength: Number(row.cryptographic_length),
    cryptographicUsageMask: Number(row.cryptographic_usage_mask),
    initialDate: row.initial_date,
    lastChangeDate: row.last_change_date,
    ...present({
      activationDate: row.activation_date,
      processStartDate: row.process_start_date,
      protectStopDate: row.protect_stop_date,
      deactivationDate: row.deactivation_date,
      destroyDate: row.destroy_date,
      destroyRequestedAt: row.destroy_requested_at,
      recoverableUntil: row.recoverable_until,
      purgedAt: row.purged_at,
      compromiseDate: row.compromise_date,
      compromiseOccurrenceDate: row.compromise_occurrence_date,
      lastFetchedAt: row.last_fetched_at,
    }),
    ...revocationOf(row),
    ...custodyOf(row),
    digest: row.digest,
    fresh: row.fresh,
    createdBy: row.created_by,
    attributes: row.attributes
      .map(([name, index, value]) => ({ name, index, value: fromText(value) }))
      .sort(byNameAndIndex),
  };
}

/** Without the fields that are null: the types say "absent", not "undefined". */
function present<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

function revocationOf({ revocation_reason_code: code, revocation_message: message }: ManagedObjectRow) {
  if (code === null) return {};
  return { revocationReason: { code: Number(code), ...(message === null ? {} : { message }) } };
}

function custodyOf({
  stored_key_id: storedKeyId,
  root_key_id: rootKeyId,
  root_key_version: version,
  stored_key_authenticated: authenticated,
  stored_at: storedAt,
}: ManagedObjectRow) {
  if (storedKeyId === null || rootKeyId === null || version === null) return {};
  const custody = { storedKeyId, rootKeyId, rootKeyVersion: version, ...(storedAt !== null && { storedAt }) };
  return { custody: authenticated ? { ...custody, authenticated } : custody };
}

function byNameAndIndex(one: ClientAttribute, other: ClientAttribute): number {
  if (one.name !== other.name) return one.name < other.name ? -1 : 1;
  return one.index - other.index;
}
