import { type KeyListing, type Period } from '@lib/kmip-engine';
import { type InstanceId } from '@lib/kernel';
import { Tag, type TtlvValue } from '@lib/kmip-protocol';

import { type AttributeMatch, type Bind, hasAttribute } from './attribute-search';
import { stateAt } from './locate-query';
import { OBJECT_COLUMNS } from './managed-object.mapper';

/** Keys that were never fetched come before all others. */
const SORT_COLUMNS = {
  created: 'o.initial_date',
  lastFetched: `COALESCE(o.last_fetched_at, '-infinity')`,
  name: 'o.sort_name',
} as const;

/**
 * One page of an instance's keys in a fixed order, by keyset: a page costs the same wherever it is. Attributes are read
 * for the keys of the page only.
 */
export function keyListQuery(
  instanceId: InstanceId,
  listing: KeyListing,
  attributes: readonly AttributeMatch[],
): { text: string; values: unknown[] } {
  const values: unknown[] = [instanceId];
  const bind: Bind = (value) => `$${values.push(value)}`;
  const conditions = ['o.instance_id = $1', ...filters(listing, bind), ...keyset(listing, bind)];
  for (const match of attributes) conditions.push(hasAttribute(match, bind));
  const column = SORT_COLUMNS[listing.order.by];
  const direction = listing.order.descending ? 'DESC' : 'ASC';
  const text = `SELECT ${OBJECT_COLUMNS}
    FROM managed_objects o WHERE ${conditions.join(' AND ')}
    ORDER BY ${column} ${direction}, o.id ${direction} LIMIT ${bind(listing.limit)}`;
  return { text, values };
}

/** The attributes that the keys of a list must have. A name is a Name Value, whatever its Name Type. */
export function wantedAttributes({ name, attribute }: KeyListing): { name: string; value: TtlvValue }[] {
  return [
    ...(name === undefined ? [] : [{ name: 'Name', value: nameValue(name) }]),
    ...(attribute === undefined
      ? []
      : [{ name: attribute.name, value: { type: 'TextString', value: attribute.value } as const }]),
  ];
}

const nameValue = (value: string): TtlvValue => ({
  type: 'Structure',
  value: [{ tag: Tag.NameValue, type: 'TextString', value }],
});

function filters(listing: KeyListing, bind: Bind): string[] {
  const { states, suspended, createdBy } = listing;
  return [
    ...(states === undefined
      ? []
      : [`${stateAt(`${bind(listing.asOf)}::timestamptz`)} = ANY (${bind(states)}::text[])`]),
    ...(suspended === undefined ? [] : [`o.suspended = ${bind(suspended)}`]),
    ...(createdBy === undefined ? [] : [`o.created_by = ${bind(createdBy)}`]),
    ...within('o.initial_date', listing.created, bind),
    ...within('o.last_fetched_at', listing.lastFetched, bind),
  ];
}

function within(column: string, period: Period | undefined, bind: Bind): string[] {
  return [
    ...(period?.from === undefined ? [] : [`${column} >= ${bind(period.from)}`]),
    ...(period?.before === undefined ? [] : [`${column} < ${bind(period.before)}`]),
  ];
}

const instant = (at: Date | undefined, bind: Bind): string =>
  at === undefined ? `'-infinity'` : `${bind(at)}::timestamptz`;

function keyset({ after, order }: KeyListing, bind: Bind): string[] {
  if (after === undefined) return [];
  const place = order.by === 'name' ? bind(after.name ?? '') : instant(after.at, bind);
  return [`(${SORT_COLUMNS[order.by]}, o.id) ${order.descending ? '<' : '>'} (${place}, ${bind(after.id)}::uuid)`];
}
