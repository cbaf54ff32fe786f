import {
  type ClientAttribute,
  FIRST_LOOK_AFTER_MS,
  isDestroyed,
  type KeyCustody,
  type ManagedObject,
  toText,
} from '@lib/kmip-engine';
import { type InstanceId, type UniqueIdentifier } from '@lib/kernel';
import { Tag, type TtlvValue } from '@lib/kmip-protocol';

import { type PreparedCall, type PreparedStatement } from '../database/prepared';
import { type Transaction } from '../database/transactions';
import { CHANGED_COLUMNS, COLUMN_NAMES, COLUMNS, type WrittenColumn } from './managed-object.columns';
import { OBJECT_COLUMNS } from './managed-object.mapper';
import { hashOf, itemHashesOf } from './value-hashes';

/** Statements for up to so many attributes stay prepared. */
const NAMED_ATTRIBUTE_COUNT = 4;

const READ_OBJECT: PreparedStatement = {
  name: 'object_read',
  types: 'uuid, uuid',
  text: `SELECT ${OBJECT_COLUMNS} FROM managed_objects o WHERE o.instance_id = $1 AND o.id = $2`,
};

const LOCK_OBJECT: PreparedStatement = {
  name: 'object_lock',
  types: 'uuid, uuid',
  text: 'SELECT 1 FROM managed_objects WHERE instance_id = $1 AND id = $2 FOR NO KEY UPDATE',
};

/** The object and its attributes, in one snapshot. */
export const readObject = (instanceId: InstanceId, id: UniqueIdentifier): PreparedCall => ({
  statement: READ_OBJECT,
  values: [instanceId, id],
});

/**
 * Locks the object against other changes. A statement of its own: what is read in the statement that waited for a lock
 * shows the attributes of before the wait.
 */
export const lockObject = (instanceId: InstanceId, id: UniqueIdentifier): PreparedCall => ({
  statement: LOCK_OBJECT,
  values: [instanceId, id],
});

/** The object takes the place of its intent. */
const INSERT_OBJECT = `WITH intent AS (DELETE FROM creation_intents WHERE instance_id = $1 AND id = $2)
  INSERT INTO managed_objects (instance_id, id, ${COLUMN_NAMES.join(', ')})
  VALUES ($1, $2, ${COLUMN_NAMES.map((_, index) => `$${String(index + 3)}`).join(', ')})`;

const UPDATE_OBJECT = `UPDATE managed_objects
  SET ${CHANGED_COLUMNS.map(({ name }, index) => `${name} = $${String(index + 3)}`).join(', ')}
  WHERE instance_id = $1 AND id = $2`;

export async function insertObject(transaction: Transaction, object: ManagedObject): Promise<void> {
  await writeObject(transaction, { name: 'object_insert', text: INSERT_OBJECT, columns: COLUMNS }, object);
  await writeAttributes(transaction, object, object.attributes);
}

/** Brings the stored object from `before` to `after`; attributes are compared, so that tagging writes one row. */
export async function updateObject(
  transaction: Transaction,
  before: ManagedObject,
  after: ManagedObject,
): Promise<void> {
  await writeObject(transaction, { name: 'object_update', text: UPDATE_OBJECT, columns: CHANGED_COLUMNS }, after);
  const old = new Map(before.attributes.map((attribute) => [keyOf(attribute), toText(attribute.value)]));
  const changed = after.attributes.filter((attribute) => old.get(keyOf(attribute)) !== toText(attribute.value));
  const kept = new Set(after.attributes.map(keyOf));
  const gone = before.attributes.filter((attribute) => !kept.has(keyOf(attribute)));
  // Removing first lets one change hand a Name from one attribute index to another.
  if (gone.length > 0) await removeAttributes(transaction, after, gone);
  if (changed.length > 0) await writeAttributes(transaction, after, changed);
  if (isDestroyed(after.state) && !isDestroyed(before.state)) {
    await release(transaction, after);
    await planLaterLook(transaction, after, before.custody);
  }
}

interface Write {
  readonly name: string;
  readonly text: string;
  readonly columns: readonly WrittenColumn[];
}

async function writeObject(
  transaction: Transaction,
  { name, text, columns }: Write,
  object: ManagedObject,
): Promise<void> {
  const values = columns.map((column) => column.of(object));
  await transaction.client.query({ name, text, values: [transaction.instanceId, object.uniqueIdentifier, ...values] });
}

/** Its own columns, in the order in which they are written. */
export const attributeRow = ({ name, index, value }: ClientAttribute) => ({
  name,
  index,
  value: toText(value),
  value_hash: matchHashOf(name, value),
  item_hashes: itemHashesOf(value),
  name_hash: name === 'Name' ? hashOf(value) : null,
});

async function writeAttributes(
  { client, instanceId }: Transaction,
  object: ManagedObject,
  attributes: readonly ClientAttribute[],
): Promise<void> {
  if (attributes.length === 0) return;
  const released = isDestroyed(object.state);
  const values: unknown[] = [instanceId, object.uniqueIdentifier, released];
  const rows = attributes.map((attribute) => {
    const first = values.length + 1;
    const row = Object.values(attributeRow(attribute));
    values.push(...row);
    const places = row.map((_, offset) => `$${String(first + offset)}`);
    return `($1, $2, $3, ${places.join(', ')})`;
  });
  await client.query({
    // One text for each number of attributes; clients write one or a few at a time.
    ...(attributes.length <= NAMED_ATTRIBUTE_COUNT ? { name: `attributes_write_${attributes.length}` } : {}),
    text: `INSERT INTO managed_object_attributes
        (instance_id, object_id, released, name, index, value, value_hash, item_hashes, name_hash)
      VALUES ${rows.join(', ')}
      ON CONFLICT (instance_id, object_id, name, index) DO UPDATE
        SET value = EXCLUDED.value, value_hash = EXCLUDED.value_hash, item_hashes = EXCLUDED.item_hashes,
          name_hash = EXCLUDED.name_hash`,
    values,
  });
}

async function removeAttributes(
  { client, instanceId }: Transaction,
  { uniqueIdentifier }: ManagedObject,
  gone: readonly ClientAttribute[],
): Promise<void> {
  await client.query(
    `DELETE FROM managed_object_attributes
      WHERE instance_id = $1 AND object_id = $2
        AND (name, index) IN (SELECT * FROM unnest($3::text[], $4::bigint[]))`,
    [instanceId, uniqueIdentifier, gone.map(({ name }) => name), gone.map(({ index }) => index)],
  );
}

/** A destroyed key no longer counts, and its Names may be used again. */
async function release({ client, instanceId }: Transaction, { uniqueIdentifier }: ManagedObject): Promise<void> {
  await client.query(
    'UPDATE managed_object_attributes SET released = true WHERE instance_id = $1 AND object_id = $2 AND NOT released',
    [instanceId, uniqueIdentifier],
  );
  await giveBackPlace({ client, instanceId });
}

async function planLaterLook(
  { client, instanceId }: Transaction,
  { uniqueIdentifier, destroyDate, lastChangeDate }: ManagedObject,
  custody: KeyCustody | undefined,
): Promise<void> {
  const destroyedAt = destroyDate ?? lastChangeDate;
  const dueAt = new Date(destroyedAt.getTime() + FIRST_LOOK_AFTER_MS);
  await client.query(
    `INSERT INTO later_looks (instance_id, id, stored_key_id, root_key_id, destroyed_at, due_at)
      VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
    [instanceId, uniqueIdentifier, custody?.storedKeyId, custody?.rootKeyId, destroyedAt, dueAt],
  );
}

/** One place in the quota becomes free. */
export async function giveBackPlace({ client, instanceId }: Pick<Transaction, 'client' | 'instanceId'>): Promise<void> {
  await client.query('UPDATE instance_usage SET live_keys = live_keys - 1 WHERE instance_id = $1', [instanceId]);
}

/** For a key that comes without an intent; it is there already, so no maximum can refuse it. */
export async function takePlace({ client, instanceId }: Pick<Transaction, 'client' | 'instanceId'>): Promise<void> {
  await client.query(
    `INSERT INTO instance_usage (instance_id, live_keys) VALUES ($1, 1)
      ON CONFLICT (instance_id) DO UPDATE SET live_keys = instance_usage.live_keys + 1`,
    [instanceId],
  );
}

/** What a value is looked up by: of a Name its Name Value alone, since clients ask without Name Type. */
export function matchHashOf(name: string, value: TtlvValue): Buffer {
  const nameValue = nameValueOf(name, value);
  return nameValue === undefined ? hashOf(value) : hashOf(nameValue, Tag.NameValue);
}

export function nameValueOf(name: string, value: TtlvValue): TtlvValue | undefined {
  if (name !== 'Name' || value.type !== 'Structure') return undefined;
  return value.value.find(({ tag }) => tag === Tag.NameValue);
}

const keyOf = ({ name, index }: ClientAttribute): string => `${String(index)} ${name}`;
