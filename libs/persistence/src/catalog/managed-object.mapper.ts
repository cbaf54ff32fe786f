import { type ClientAttribute, fromText, type ManagedObject } from '@lib/kmip-engine';
import { type UniqueIdentifier } from '@lib/kernel';

import { CHANGED_COLUMNS, custodyOf, fieldsOf, kindFieldsOf, revocationOf, type Row } from './managed-object.columns';

/** What {@link OBJECT_COLUMNS} select. */
export interface ManagedObjectRow extends Row {
  readonly id: UniqueIdentifier;
  readonly sort_name: string;
  /** [name, index, value] each. */
  readonly attributes: readonly (readonly [string, number, string])[];
}

/** The release before has it in its row; now it is in a table of its own. */
const LAST_FETCHED = `(SELECT nullif(f.fetched_at, '-infinity') FROM key_fetches f
    WHERE f.instance_id = o.instance_id AND f.object_id = o.id) AS last_fetched_at`;

/** The columns and attributes of `o`, a managed object, for a SELECT. */
export const OBJECT_COLUMNS = `o.id, ${CHANGED_COLUMNS.map(({ name }) => `o.${name}`).join(', ')}, ${LAST_FETCHED},
  (SELECT coalesce(json_agg(json_build_array(a.name, a.index, a.value)), '[]') FROM managed_object_attributes a
    WHERE a.instance_id = o.instance_id AND a.object_id = o.id) AS attributes`;

export function toManagedObject(row: ManagedObjectRow): ManagedObject {
  const revocationReason = revocationOf(row);
  const custody = custodyOf(row);
  return {
    uniqueIdentifier: row.id,
    ...fieldsOf(row),
    ...kindFieldsOf(row),
    ...(revocationReason && { revocationReason }),
    ...(custody && { custody }),
    attributes: row.attributes
      .map(([name, index, value]) => ({ name, index, value: fromText(value) }))
      .sort(byNameAndIndex),
  };
}

function byNameAndIndex(one: ClientAttribute, other: ClientAttribute): number {
  if (one.name !== other.name) return one.name < other.name ? -1 : 1;
  return one.index - other.index;
}
