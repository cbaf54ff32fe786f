import { type KeyListing, type Period } from '@lib/kmip-engine';
import { type InstanceId } from '@lib/kernel';
import { Tag, type TtlvValue } from '@lib/kmip-protocol';

import { type AttributeMatch, type Bind, hasAttribute } from './attribute-search';
import { stateAt } from './locate-query';
import { OBJECT_COLUMNS } from './managed-object.mapper';
import { IS_LOST } from './postgres-lost-keys';

/** Of a key that was never fetched it is '-infinity'. */
const LAST_FETCHED = 'f.fetched_at';

/** The place of a key in each order, the last column its identifier. */
const SORT_COLUMNS = {
  created: ['o.initial_date', 'o.id'],
  lastFetched: [LAST_FETCHED, 'f.object_id'],
  name: ['o.sort_name', 'o.id'],
} as const;

const OBJECTS = 'managed_objects o';
const WITH_FETCHES = `${OBJECTS} JOIN key_fetches f ON f.instance_id = o.instance_id AND f.object_id = o.id`;

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
  const direction = listing.order.descending ? 'DESC' : 'ASC';
  const order = SORT_COLUMNS[listing.order.by].map((column) => `${column} ${direction}`);
  const from = listing.order.by === 'lastFetched' || isBounded(listing.lastFetched) ? WITH_FETCHES : OBJECTS;
  const text = `SELECT ${OBJECT_COLUMNS} FROM ${from} WHERE ${conditions.join(' AND ')}
    ORDER BY ${order.join(', ')} LIMIT ${bind(listing.limit)}`;
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
  const { suspended, createdBy } = listing;
  return [
    ...inStates(listing, bind),
    ...servable(listing, bind),
    ...(suspended === undefined ? [] : [`o.suspended = ${bind(suspended)}`]),
    ...(createdBy === undefined ? [] : [`o.created_by = ${bind(createdBy)}`]),
    ...within('o.initial_date', listing.created, bind),
    ...(isBounded(listing.lastFetched) ? [`${LAST_FETCHED} > '-infinity'`] : []),
    ...within(LAST_FETCHED, listing.lastFetched, bind),
  ];
}

/** A key whose stored key is gone is in none of KMIP's states: it is shredded. */
function inStates({ states, lost = false, asOf }: KeyListing, bind: Bind): string[] {
  if (states === undefined) return [];
  const inState = `${stateAt(`${bind(asOf)}::timestamptz`)} = ANY (${bind(states)}::text[])`;
  return [lost ? `(${inState} OR ${IS_LOST})` : `(${inState} AND NOT ${IS_LOST})`];
}

/** A destroyed key is in neither list: there is nothing to serve, and nothing to do. */
function servable({ servable: wanted }: KeyListing, bind: Bind): string[] {
  if (wanted === undefined) return [];
  const isServed = `(NOT o.suspended AND o.destroy_requested_at IS NULL
    AND COALESCE(o.root_key_id = ANY (${bind(wanted.rootKeys)}::text[]), false) AND NOT ${IS_LOST})`;
  return [`o.state NOT IN ('Destroyed', 'DestroyedCompromised')`, wanted.is ? isServed : `NOT ${isServed}`];
}

/** A period without an end or a beginning is no condition: keys that were never fetched are in it too. */
const isBounded = (period: Period | undefined): boolean => period?.from !== undefined || period?.before !== undefined;

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
  return [`(${SORT_COLUMNS[order.by].join(', ')}) ${order.descending ? '<' : '>'} (${place}, ${bind(after.id)}::uuid)`];
}
