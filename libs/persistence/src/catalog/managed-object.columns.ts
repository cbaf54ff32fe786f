import {
  type CommonFields,
  type KeyCustody,
  KIND_FIELDS,
  type KindFields,
  type KindNumbers,
  keyName,
  type ManagedObject,
  SORTED_NAME_CHARACTERS,
} from '@lib/kmip-engine';

/** A column and its field: `T` in the domain, what `pg` takes and gives in a row. */
interface Column<T> {
  readonly name: string;
  /** As `format_type` of Postgres names it. */
  readonly type: string;
  /** @returns undefined for NULL */
  toRow(value: T | undefined): unknown;
  /** @returns undefined where the object has no such field */
  fromRow(value: unknown): T | undefined;
}

type ColumnsOf<T> = { readonly [Field in keyof T]-?: Column<Exclude<T[Field], undefined>> };
type RevocationReason = NonNullable<CommonFields['revocationReason']>;
type OwnFields = Omit<CommonFields, 'uniqueIdentifier' | 'attributes' | 'revocationReason' | 'custody'>;
type OfAnyKind = KindNumbers & { readonly objectType: number };

/** What objects have by their kind. A kind says which columns it fills; the others are NULL. */
const KIND = {
  objectType: bigint('object_type'),
  ...Object.fromEntries(KIND_FIELDS.map((field) => [field, bigint(snakeCase(field))])),
} as ColumnsOf<OfAnyKind>;

/** Fields of every object. The compiler asks for the column of a new one. */
const OBJECT: ColumnsOf<OwnFields> = {
  state: plain('state', 'text'),
  suspended: plain('suspended', 'boolean'),
  initialDate: instant('initial_date'),
  lastChangeDate: instant('last_change_date'),
  activationDate: instant('activation_date'),
  processStartDate: instant('process_start_date'),
  protectStopDate: instant('protect_stop_date'),
  deactivationDate: instant('deactivation_date'),
  destroyDate: instant('destroy_date'),
  destroyRequestedAt: instant('destroy_requested_at'),
  recoverableUntil: instant('recoverable_until'),
  purgedAt: instant('purged_at'),
  compromiseDate: instant('compromise_date'),
  compromiseOccurrenceDate: instant('compromise_occurrence_date'),
  digest: plain('digest', 'bytea'),
  fresh: plain('fresh', 'boolean'),
  lastFetchedAt: instant('last_fetched_at'),
  createdBy: plain('created_by', 'text'),
};

/** A part is there when its first column is not NULL. */
const REVOCATION: ColumnsOf<RevocationReason> = {
  code: bigint('revocation_reason_code'),
  // A text column cannot hold NUL; nobody means one in a message.
  message: { ...plain('revocation_message', 'text'), toRow: (message) => message?.replaceAll('\0', '\uFFFD') },
};

const CUSTODY: ColumnsOf<KeyCustody> = {
  storedKeyId: plain('stored_key_id', 'text'),
  rootKeyId: plain('root_key_id', 'text'),
  rootKeyVersion: plain('root_key_version', 'text'),
  authenticated: {
    ...plain('stored_key_authenticated', 'boolean'),
    toRow: (authenticated) => authenticated === true,
    fromRow: (authenticated) => (authenticated === true ? true : undefined),
  },
  storedAt: instant('stored_at'),
};

/** What the table orders by; the object has it in its attributes. */
const SORT_NAME: WrittenColumn = { name: 'sort_name', type: 'text', of: (object) => sortName(keyName(object)) };

export interface WrittenColumn {
  readonly name: string;
  readonly type: string;
  /** Its value in the row of an object. */
  of(object: ManagedObject): unknown;
}

/** All columns that a change may touch. Instance and identifier lead each statement themselves. */
export const COLUMNS: readonly WrittenColumn[] = [
  ...written(KIND, (object) => object),
  ...written(OBJECT, (object) => object),
  ...written(REVOCATION, ({ revocationReason }) => revocationReason),
  ...written(CUSTODY, ({ custody }) => custody),
  SORT_NAME,
];

export const COLUMN_NAMES = COLUMNS.map(({ name }) => name);
export const CUSTODY_COLUMN_NAMES = Object.values(CUSTODY).map(({ name }) => name);

/** What a change writes: not when the key was last fetched, which is in `key_fetches` and noted by fetches alone. */
export const CHANGED_COLUMNS = COLUMNS.filter(({ name }) => name !== OBJECT.lastFetchedAt.name);

/** For hand-made conditions. */
export const columnOf = (field: keyof OwnFields | keyof OfAnyKind): string => ({ ...KIND, ...OBJECT })[field].name;

export const custodyValues = (custody: KeyCustody): unknown[] =>
  entriesOf(CUSTODY).map(([field, column]) => column.toRow(custody[field]));

/** A row as `pg` gives it: {@link COLUMN_NAMES} by name. */
export type Row = Readonly<Record<string, unknown>>;

export const fieldsOf: (row: Row) => OwnFields = reader(OBJECT);
/** What a kind requires is in its rows; an Object Type that is not listed is of a later release. */
export const kindFieldsOf = reader(KIND) as (row: Row) => KindFields;
export const custodyOf: (row: Row) => KeyCustody | undefined = partReader(CUSTODY);
export const revocationOf: (row: Row) => RevocationReason | undefined = partReader(REVOCATION);

function written<T>(columns: ColumnsOf<T>, partOf: (object: ManagedObject) => T | undefined): WrittenColumn[] {
  return entriesOf(columns).map(([field, column]) => ({
    name: column.name,
    type: column.type,
    of: (object) => column.toRow(partOf(object)?.[field]),
  }));
}

/** Made once: a row is read on the way of every Get. */
function reader<T>(columns: ColumnsOf<T>): (row: Row) => T {
  const entries = entriesOf(columns);
  return (row) => {
    const fields: Partial<T> = {};
    for (const [field, column] of entries) {
      const value = column.fromRow(row[column.name]);
      // The types say "absent", not "undefined".
      if (value !== undefined) fields[field] = value;
    }
    // NOT NULL stands in the database for what is required here.
    return fields as T;
  };
}

function partReader<T>(columns: ColumnsOf<T>): (row: Row) => T | undefined {
  const read = reader(columns);
  const [first] = entriesOf(columns);
  return (row) => (first === undefined || row[first[1].name] === null ? undefined : read(row));
}

function entriesOf<T>(columns: ColumnsOf<T>) {
  return Object.entries(columns) as [keyof T, Column<T[keyof T]>][];
}

function snakeCase(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What `pg` takes and gives as the domain has it. */
function plain<T>(name: string, type: string): Column<T> {
  return { name, type, toRow: (value) => value, fromRow: (value) => (value === null ? undefined : (value as T)) };
}

function instant(name: string): Column<Date> {
  return plain(name, 'timestamp(3) with time zone');
}

/** A KMIP enumeration fills 32 bits without a sign. `pg` gives a bigint as text. */
function bigint(name: string): Column<number> {
  return { ...plain(name, 'bigint'), fromRow: (value) => (value === null ? undefined : Number(value)) };
}

/** As it is stored: cut, and without what a text column cannot hold. The same as `managed_object_sort_name` in SQL. */
function sortName(name: string): string {
  return Array.from(name.replaceAll(/[\0\ud800-\udfff]/gu, '\uFFFD'))
    .slice(0, SORTED_NAME_CHARACTERS)
    .join('');
}
