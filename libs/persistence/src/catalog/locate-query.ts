import { KIND_FIELDS, type LocateFilter } from '@lib/kmip-engine';
import { type InstanceId, isUuid } from '@lib/kernel';

import { type AttributeMatch, hasAttribute } from './attribute-search';
import { columnOf } from './managed-object.columns';

/** States follow from dates that have passed, as in the engine's `settleDates`: first activation, then deactivation. */
export const stateAt = (asOf: string): string => `CASE
  WHEN o.deactivation_date <= ${asOf}
    AND (o.state = 'Active' OR (o.state = 'PreActive' AND o.activation_date <= ${asOf})) THEN 'Deactivated'
  WHEN o.state = 'PreActive' AND o.activation_date <= ${asOf} THEN 'Active'
  ELSE o.state END`;

/** Collects conditions and their parameters; every value of a client goes through {@link bind}. */
class Conditions {
  readonly values: unknown[] = [];
  readonly parts: string[] = [];

  readonly bind = (value: unknown): string => `$${this.values.push(value)}`;

  add(part: string): void {
    this.parts.push(part);
  }

  equal(column: string, value: unknown): void {
    if (value !== undefined) this.add(`${column} = ${this.bind(value)}`);
  }
}

/**
 * One row: the wanted page of the identifiers of objects that match, newest first, and their number if it is asked for.
 * Hits that are few by a criterion are collected and sorted. Otherwise the index by Initial Date is followed until the
 * page is full: the planner is left no choice, since a wrong one costs seconds.
 */
export function locateQuery(
  instanceId: InstanceId,
  filter: Omit<LocateFilter, 'attributes'>,
  attributes: readonly AttributeMatch[],
): { text: string; values: unknown[] } {
  const conditions = new Conditions();
  conditions.equal('o.instance_id', instanceId);
  addColumnConditions(conditions, filter);
  for (const { attribute, from, to } of filter.dates ?? []) {
    conditions.add(`o.${columnOf(attribute)} BETWEEN ${conditions.bind(from)} AND ${conditions.bind(to)}`);
  }
  for (const match of attributes) conditions.add(hasAttribute(match, conditions.bind));
  const limit = conditions.bind(filter.limit);
  const offset = conditions.bind(filter.offset);
  const hits = `SELECT o.id, o.initial_date FROM managed_objects o WHERE ${conditions.parts.join(' AND ')}`;
  const page = `ORDER BY initial_date DESC, id DESC LIMIT ${limit} OFFSET ${offset}`;
  const areFew = filter.uniqueIdentifier !== undefined || attributes.some(({ few }) => few !== undefined);
  const text =
    filter.count === true || areFew
      ? `WITH hits AS MATERIALIZED (${hits})
          SELECT ${filter.count === true ? '(SELECT count(*)::int FROM hits)' : 'NULL'} AS total,
            ARRAY(SELECT id FROM hits ${page})::text[] AS ids`
      : `SELECT NULL AS total, ARRAY(SELECT id FROM (${hits} ${page}) hits)::text[] AS ids`;
  return { text, values: conditions.values };
}

function addColumnConditions(conditions: Conditions, filter: LocateFilter): void {
  if (filter.states !== undefined) {
    const asOf = `${conditions.bind(filter.asOf)}::timestamptz`;
    conditions.add(`${stateAt(asOf)} = ANY (${conditions.bind(filter.states)})`);
  }
  conditions.equal('o.object_type', filter.objectType);
  for (const field of KIND_FIELDS) {
    if (field !== 'cryptographicUsageMask') conditions.equal(`o.${columnOf(field)}`, filter[field]);
  }
  conditions.equal('o.fresh', filter.fresh);
  if (filter.cryptographicUsageMask !== undefined) {
    const mask = `${conditions.bind(filter.cryptographicUsageMask)}::bigint`;
    conditions.add(`o.${columnOf('cryptographicUsageMask')} & ${mask} = ${mask}`);
  }
  if (filter.uniqueIdentifier !== undefined) {
    if (isUuid(filter.uniqueIdentifier)) conditions.equal('o.id', filter.uniqueIdentifier);
    else conditions.add('false');
  }
}
